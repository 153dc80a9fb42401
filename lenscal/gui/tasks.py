"""The jobs that the window can start, with what only Qt can draw put in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.gui.background.window_thread import WindowThread
from lenscal.jobs.populations import saving
from lenscal.jobs.window import (
    calibration,
    correction,
    deblurring,
    enlarging,
    network,
    photos,
    psf,
    virtual_lens,
)
from lenscal.stepping import Job

if TYPE_CHECKING:
    from lenscal.files.report.document import Document
    from lenscal.intake.inputs import Inputs
    from lenscal.jobs import PhotoResult
    from lenscal.jobs.populations.saving import SavedPopulation
    from lenscal.jobs.window.calibration import SavedCalibration
    from lenscal.jobs.window.deblurring import Deblurred
    from lenscal.jobs.window.enlarging import Enlarged
    from lenscal.jobs.window.network import SavedNetwork
    from lenscal.jobs.window.photos import ReadPhotos
    from lenscal.jobs.window.psf import OpenedPsf
    from lenscal.jobs.window.virtual_lens import VirtualPhotos
    from lenscal.session import Comparison, Session, Unfinished


class ReportWriter:
    """Writes reports; PDF files are drawn in the thread that this was made in."""

    def __init__(self) -> None:
        self._window_thread = WindowThread()

    def __call__(
        self, session: Session, path: Path, private: bool = False, pitch_um: float | None = None
    ) -> Job[Path]:
        """An HTML or, by the suffix, a PDF file on the session's profile; `private`: not of which
        photos and devices."""
        profile = session.profile
        if profile is None:
            raise ValueError("no profile to report on")
        shown = psf.without_identity(profile) if private else profile
        document = psf.lens_report(
            shown, session.psf_name, session.comparison, pitch_um, session.look
        )
        return (yield from psf.write_report(document, path, self._write_pdf))

    def _write_pdf(self, document: Document, path: Path) -> Path:
        from lenscal.gui.drawing.pdf import write_pdf

        return self._window_thread.result_of(lambda: write_pdf(document, path))


@dataclass(frozen=True, slots=True)
class Tasks:
    """The work that the window can start; each makes a job. Tests put others in their place."""

    read_photos: Callable[..., Job[ReadPhotos]] = photos.read_photos
    calibrate: Callable[..., Job[SavedCalibration]] = calibration.calibrate
    unfinished: Callable[[Inputs, Path], Unfinished | None] = calibration.unfinished_calibration
    open_psf: Callable[[Path], Job[OpenedPsf]] = psf.open_psf
    compare: Callable[..., Job[tuple[Comparison, tuple[str, ...]]]] = correction.compare
    export_photos: Callable[..., Job[list[PhotoResult]]] = correction.export_photos
    save_profile: Callable[..., Job[Path]] = psf.save_profile
    write_report: Callable[..., Job[Path]] = field(default_factory=ReportWriter)
    export_psf: Callable[..., Job[list[Path]]] = psf.export_psf
    deblur: Callable[..., Job[Deblurred]] = deblurring.deblur_for_screen
    save_deblurred: Callable[..., Job[Path]] = deblurring.save_deblurred
    enlarge: Callable[..., Job[Enlarged]] = enlarging.enlarge_for_screen
    train_network: Callable[..., Job[SavedNetwork]] = network.train_network
    learn_population: Callable[..., Job[SavedPopulation]] = saving.learn_and_save
    virtual_photos: Callable[..., Job[VirtualPhotos]] = virtual_lens.virtual_photos
