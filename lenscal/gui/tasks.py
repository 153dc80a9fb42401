"""The jobs that the window can start, with what only Qt can draw put in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.jobs.window import calibration, correction, photos, psf, virtual_lens
from lenscal.stepping import Job

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile
    from lenscal.intake.inputs import Inputs
    from lenscal.jobs import PhotoResult
    from lenscal.jobs.window.calibration import Calibrated
    from lenscal.jobs.window.photos import ReadPhotos
    from lenscal.jobs.window.psf import OpenedPsf
    from lenscal.jobs.window.virtual_lens import VirtualPhotos
    from lenscal.session import Comparison, Unfinished


def write_report(profile: Profile, name: str, path: Path) -> Job[Path]:
    """An HTML or, by the suffix, a PDF file, which Qt draws."""
    from lenscal.gui.drawing.pdf import write_pdf

    return (yield from psf.write_report(profile, name, path, write_pdf))


@dataclass(frozen=True, slots=True)
class Tasks:
    """The work that the window can start; each makes a job. Tests put others in their place."""

    read_photos: Callable[..., Job[ReadPhotos]] = photos.read_photos
    calibrate: Callable[..., Job[Calibrated]] = calibration.calibrate
    unfinished: Callable[[Inputs, Path], Unfinished | None] = calibration.unfinished_calibration
    open_psf: Callable[[Path], Job[OpenedPsf]] = psf.open_psf
    compare: Callable[..., Job[tuple[Comparison, tuple[str, ...]]]] = correction.compare
    export_photos: Callable[..., Job[list[PhotoResult]]] = correction.export_photos
    save_profile: Callable[[Profile, Path], Job[Path]] = psf.save_profile
    write_report: Callable[..., Job[Path]] = write_report
    export_psf: Callable[..., Job[list[Path]]] = psf.export_psf
    virtual_photos: Callable[..., Job[VirtualPhotos]] = virtual_lens.virtual_photos
