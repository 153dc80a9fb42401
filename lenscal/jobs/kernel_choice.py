"""Which kernels a photo gets, whether they are for such photos, and what is to be said of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from lenscal.jobs.network import require_network
from lenscal.jobs.profile_match import foreign_to, match_notes, mismatches
from lenscal.lens.place import Taken
from lenscal.lens.plans import require_photographed
from lenscal.lens.prediction import Chosen, Lens, setting_of
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
    source: ProfileSource | FrameSource,
    photo: Frame,
    *,
    anyway: bool = False,
    for_network: bool = False,
) -> Job[Match]:
    """Find a photo's kernels.

    anyway : whether they are wanted where they are not for such photos, too. Else a photo of
        another camera or lens is told at once, without the fit that a lens model can take.
    for_network : whether they need a restoration network

    Raises
    ------
    InputError
        There are none, or none with a network.
    """
    if isinstance(source, FrameSource):
        return _match((yield from source.for_frame(photo)), photo)
    if isinstance(source, Lens) and not anyway and (foreign := foreign_to(source.profile, photo)):
        return Match(Chosen(replace(source.profile, members=())), tuple(foreign))
    if isinstance(source, Lens) and for_network:
        require_photographed(source.plan(setting_of(photo.info)))
    match = yield from matched_by_metadata(source, photo)
    if for_network and (anyway or not match.differences):
        require_network(match.chosen.profile)
    return match


def matched_by_metadata(source: ProfileSource, photo: Taken) -> Job[Match]:
    """The same of a photo that need not be decoded."""
    return _match((yield from source.for_photo(photo.info)), photo)


def _match(chosen: Chosen, photo: Taken) -> Match:
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
