"""Which kernels a photo gets, whether they are for such photos, and what is to be said of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from lenscal.jobs.profile_match import foreign_to, match_notes, mismatches
from lenscal.lens.prediction import Chosen, Lens
from lenscal.stepping import Job
from lenscal.translation import Translatable

if TYPE_CHECKING:
    from lenscal.lens.prediction import ProfileSource
    from lenscal.raw.frame import Frame
    from lenscal.restore.settings import RestoreSettings


@runtime_checkable
class FrameSource(Protocol):
    """Where photos get kernels from that they show themselves."""

    def for_frame(self, frame: Frame) -> Job[Chosen]:
        """What to correct a photo with, as `ProfileSource.for_photo`."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """What a photo gets.

    Attributes
    ----------
    chosen : what to correct it with
    differences : why that is not for such photos, in words; nothing where it is
    notes : what is to be said of it all the same
    """

    chosen: Chosen
    differences: tuple[Translatable, ...] = ()
    notes: tuple[Translatable, ...] = ()


def matched(
    source: ProfileSource | FrameSource, photo: Frame, *, anyway: bool = False
) -> Job[Match]:
    """Find a photo's kernels.

    anyway : whether they are wanted where they are not for such photos, too. Else a photo of
        another camera or lens is told at once, without the minute that a lens model can take.
    """
    if isinstance(source, Lens) and not anyway and (foreign := foreign_to(source.profile, photo)):
        return Match(Chosen(replace(source.profile, members=())), tuple(foreign))
    if isinstance(source, FrameSource):
        chosen = yield from source.for_frame(photo)
    else:
        chosen = yield from source.for_photo(photo.info)
    return Match(
        chosen,
        (*mismatches(chosen.profile, photo), *chosen.refusals),
        (*chosen.notes, *match_notes(chosen.profile, photo)),
    )


def correction_in_words(settings: RestoreSettings, chosen: Chosen) -> str:
    """How a photo is corrected: enough to make it again."""
    lens, prediction = chosen.profile.lens, chosen.prediction
    return ", ".join(
        [
            f"method {settings.method}",
            f"amount {settings.amount:g}",
            f"denoise {settings.denoise:g}",
            *([f"PSF of {lens}"] if lens else []),
            *([chosen.in_words] if chosen.in_words else []),
            *([] if prediction is None else [prediction.in_words]),
        ]
    )
