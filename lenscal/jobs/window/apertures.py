"""Kernels of other apertures for the window: what step 4 shows, and what photos of step 5 need."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lenscal.errors import InputError
from lenscal.lens.coverage import Setting
from lenscal.lens.plans import require_photographed
from lenscal.lens.prediction import Chosen, Lens, Prediction, setting_of
from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.translation import join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile
    from lenscal.optics.field import FieldFigures
    from lenscal.optics.psf_grid import PsfGrid
    from lenscal.raw.frame import Frame


@dataclass(frozen=True, slots=True, eq=False)
class ApertureKernels:
    """What step 4 shows of an aperture.

    prediction : None where it was photographed
    """

    f_number: float
    psf: PsfGrid
    figures: FieldFigures
    prediction: Prediction | None


class _LastLens:
    """The lens that was asked for last, with the models that were fitted to it: the preview asks
    for every piece of a photo."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lens: Lens | None = None

    def of(self, profile: Profile) -> Lens:
        with self._lock:
            if self._lens is None or self._lens.profile is not profile:
                self._lens = Lens(profile, keeps_models=True)
            return self._lens


_last = _LastLens()


def lens_of(profile: Profile) -> Lens:
    """A lens's file with the models that were fitted to it; the one that was asked for last is
    kept."""
    return _last.of(profile)


def chosen_for(profile: Profile, photo: Frame, *, for_network: bool) -> Job[Chosen]:
    """What to correct a photo with.

    Raises
    ------
    InputError
        It would be predicted, and a restoration network is needed.
    """
    lens = lens_of(profile)
    plan = lens.plan(setting_of(photo.info))
    if for_network:
        require_photographed(plan)
    return (yield from lens.made(plan))


def kernels_at(profile: Profile, f_number: float) -> Job[ApertureKernels]:
    """Kernels of an aperture with their figures.

    Raises
    ------
    InputError
        They cannot be known.
    """
    from lenscal.optics.field import field_figures

    yield Report("apertures", translatable("Stopping down the lens"))
    chosen = yield from _last.of(profile).at(Setting(f_number, profile.focal_mm))
    if chosen.refusals:
        raise InputError(join_translatable("; ", chosen.refusals))
    psf = chosen.profile.psf
    return ApertureKernels(f_number, psf, field_figures(psf), chosen.prediction)
