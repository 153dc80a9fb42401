"""What the window does when something is clicked or a job ends. Knows no widgets."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoStack

from lenscal.calibration.settings import CalibrationSettings, Quality, Stages
from lenscal.files.photos.export_settings import ExportSettings
from lenscal.gui.background.decision import Decision
from lenscal.gui.background.job_runner import JobRunner
from lenscal.gui.background.previewer import Previewer
from lenscal.gui.tasks import Tasks
from lenscal.gui.translate import in_this_language
from lenscal.jobs.window.calibration import SavedCalibration
from lenscal.jobs.window.export_summary import partial_summary_of, summary_of
from lenscal.jobs.window.folders import Folders
from lenscal.jobs.window.photos import ReadPhotos
from lenscal.jobs.window.psf import OpenedPsf
from lenscal.jobs.window.virtual_lens import VirtualPhotos
from lenscal.restore.settings import RestoreSettings
from lenscal.session import (
    Comparison,
    Session,
    Source,
    Step,
    with_decision,
    with_inputs,
    with_photo,
    with_psf,
    with_restore,
    with_sources,
)

if TYPE_CHECKING:
    from lenscal.jobs import PhotoResult

DEMO_SIZE = (1200, 1800)
DEMO_PHOTOS = 8


class Controller(QObject):
    """Owns the session and the worker; the only one who changes them."""

    session_changed = Signal(object)
    # As an object, the text stays translatable.
    message = Signal(object, str, str)
    """Text, kind (info, warning, error), details."""
    step_wanted = Signal(object)
    job_started = Signal(str, bool)
    """Text, whether it can be stopped and kept."""
    job_ended = Signal(object)
    """Outcome."""
    exported = Signal(str)
    photos_written = Signal(object)
    """list[PhotoResult]."""

    def __init__(self, tasks: Tasks, folders: Folders, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = Session()
        self.tasks, self.folders = tasks, folders
        self.undo_stack = QUndoStack(self)
        self.previewer = Previewer(folders.cache, self)
        self.jobs = JobRunner(self.previewer, self)
        self.jobs.started.connect(self.job_started)
        self.jobs.ended.connect(self.job_ended)
        self.jobs.message.connect(self.message)
        self.jobs.calibration_ended.connect(self._renew_unfinished)
        self.worker = self.jobs.worker
        self._reads = 0
        self.demo_size, self.demo_photos = DEMO_SIZE, DEMO_PHOTOS

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return self.jobs.busy

    @property
    def calibrating(self) -> bool:
        """Whether the running job is a calibration."""
        return self.jobs.calibrating

    def close(self) -> None:
        """The end of the window: no thread and no temporary file is left."""
        self.worker.wait()
        self.previewer.close()
        # Last, as threads read from it.
        self.folders.remove_cache()

    def change(self, session: Session) -> None:
        """Go on with another session, and tell all who show it."""
        if session is not self.session:
            # Looked for only then: it reads files.
            if session.inputs is not self.session.inputs:
                session = self._with_unfinished(session)
            self.session = session
            if session.inputs is None:
                # Decisions about photos that are gone cannot be undone.
                self.undo_stack.clear()
            self.previewer.show_photo(session.photo)
            self.previewer.correct_with(session.profile, session.restore)
            self.session_changed.emit(session)

    def _with_unfinished(self, session: Session) -> Session:
        inputs = session.inputs
        unfinished = None if inputs is None else self.tasks.unfinished(inputs, self.folders.kept)
        return replace(session, unfinished=unfinished)

    def _renew_unfinished(self) -> None:
        """A calibration has left a checkpoint, or has removed it."""
        self.change(self._with_unfinished(self.session))

    # What the user decides

    def set_sources(self, sharp: Source, degraded: Source) -> None:
        """Other photos than before."""
        self.change(with_sources(self.session, sharp, degraded))

    def set_settings(self, settings: CalibrationSettings) -> None:
        """Of the next calibration."""
        self.change(replace(self.session, settings=settings))

    def set_restore(self, settings: RestoreSettings) -> None:
        """How photos are corrected."""
        self.change(with_restore(self.session, settings))

    def set_photo(self, photo: Path) -> None:
        """The one to correct."""
        self.change(with_photo(self.session, photo))

    def decide(self, photos: Iterable[Path], keep: bool) -> None:
        """The user takes photos that were left out, or leaves some out; can be undone."""
        session, names = self.session, []
        for photo in photos:
            session = with_decision(session, photo, keep=keep)
            names.append(photo.name)
        if session is not self.session:
            template = self.tr("keeping {photos}") if keep else self.tr("leaving out {photos}")
            # Three, as the menu would grow as wide as the screen.
            text = template.format(photos=", ".join(names[:3]))
            self.undo_stack.push(Decision(self._show_decisions, self.session, session, text))

    def _show_decisions(self, session: Session) -> None:
        inputs, decisions = session.inputs, session.decisions
        self.change(replace(self.session, inputs=inputs, decisions=decisions))

    def set_device(self, device: str) -> None:
        """What computes calibrations and corrections from now on."""
        settings = replace(self.session.settings, device=device)
        restore = replace(self.session.restore, device=device)
        self.change(replace(self.session, settings=settings, restore=restore))

    def pause_or_go_on(self) -> None:
        """Hold the calibration at its next step, or let it go on; other jobs are not held."""
        if self.calibrating:
            if self.worker.paused:
                self.worker.go_on()
            else:
                self.worker.pause()

    def refuse_while_busy(self) -> bool:
        """Whether a job runs, which is then said: no other can start."""
        return self.jobs.refuse_while_busy()

    def read_photos(self) -> None:
        """Read both sets."""
        self._reads += 1
        # A folder of its own: what the session holds still lies in the one before.
        cache = self.folders.cache / f"photos-{self._reads}"
        cache.mkdir(parents=True, exist_ok=True)
        sharp, degraded = self.session.sharp, self.session.degraded
        self.jobs.start(
            self.tr("Reading photos"),
            lambda: self.tasks.read_photos(sharp, degraded, cache),
            self._read,
        )

    def calibrate(self, *, resume: bool = False) -> None:
        """Calibrate the present photos; `resume`: go on with the interrupted calibration, with its
        settings."""
        inputs, settings, folder = self.session.inputs, self.session.settings, self.folders.kept
        if inputs is None or self.busy:
            return
        unfinished = self.session.unfinished if resume else None
        if unfinished is not None:
            # Device and patience are of today; all else must be as it was when it began.
            settings = replace(
                unfinished.settings, device=settings.device, max_minutes=settings.max_minutes
            )
            self.set_settings(settings)
        goes_on = unfinished is not None
        self.jobs.start(
            self.tr("Calibrating"),
            lambda: self.tasks.calibrate(inputs, settings, folder, resume=goes_on),
            self._calibrated,
            can_stop=True,
            calibrates=True,
        )

    def open_psf(self, path: Path) -> None:
        """Go on with a PSF that was calibrated before."""
        self.jobs.start(
            self.tr("Opening {name}").format(name=path.name),
            lambda: self.tasks.open_psf(path),
            self._opened,
        )

    def open_other(self, path: Path) -> None:
        """A profile to look at beside the present one."""
        self.jobs.start(
            self.tr("Opening {name}").format(name=path.name),
            lambda: self.tasks.open_psf(path),
            self._opened_other,
        )

    def compare(self) -> None:
        """Correct the whole photo for the screen."""
        profile, photo, settings = self.session.profile, self.session.photo, self.session.restore
        if profile is not None and photo is not None:
            developed = self.previewer.developed_of(photo)
            self.jobs.start(
                self.tr("Correcting"),
                lambda: self.tasks.compare(profile, photo, settings, developed),
                self._compared,
            )

    def export_photos(
        self,
        photos: tuple[Path, ...],
        export: ExportSettings,
        save_mask: bool = False,
        force: bool = False,
        library: bool = False,
    ) -> None:
        """Write corrected photos; with `force`, also those that do not fit the profile; from the
        `library`, each with its own."""
        profile, settings = self.session.profile, self.session.restore
        if profile is None:
            return
        results: list[PhotoResult] = []
        job = partial(
            self.tasks.export_photos, profile, photos, settings, export, from_library=library
        )
        self.jobs.start(
            self.tr("Writing photos"),
            lambda: job(save_mask=save_mask, force=force, results_so_far=results),
            lambda all_results: self._exported_photos(all_results, len(photos), export.out),
            can_stop=len(photos) > 1,
            otherwise=lambda: self._exported_partly(results, len(photos), export.out),
        )

    def save_profile(self, path: Path, private: bool = False) -> None:
        """Write the profile to where the user wants it; `private`: not of whom and which photos."""
        profile = self.session.profile
        if profile is not None:
            self.jobs.start(
                self.tr("Writing the profile"),
                lambda: self.tasks.save_profile(profile, path, private),
                self._saved_profile,
            )

    def write_report(
        self, path: Path, private: bool = False, pitch_um: float | None = None
    ) -> None:
        """Write the report as HTML or PDF, by the suffix; pitch_um: as the user sees it."""
        session = self.session
        if session.profile is None:
            return
        message = self.tr("Report written to {path}")
        self.jobs.start(
            self.tr("Writing the report"),
            lambda: self.tasks.write_report(session, path, private, pitch_um),
            lambda report: self.exported.emit(message.format(path=report)),
        )

    def export_psf(self, folder: Path, formats: tuple[str, ...]) -> None:
        """Write the kernels as files of other programs' formats."""
        profile = self.session.profile
        if profile is None:
            return
        self.jobs.start(
            self.tr("Writing PSF files"),
            lambda: self.tasks.export_psf(profile, folder, formats),
            lambda files: self.exported.emit(
                self.tr("{n} PSF files in {folder}").format(n=len(files), folder=folder)
            ),
        )

    def demo(self) -> None:
        """The virtual lens: take its photos, read them, calibrate."""
        text = self.tr("Taking photos with the virtual lens")
        out, size, n = self.folders.cache / "virtual lens", self.demo_size, self.demo_photos
        make = partial(self.tasks.virtual_photos, out, size=size, n_photos=n)
        self.jobs.start(text, make, self._virtual)

    # What a job has brought

    def _read(self, photos: ReadPhotos) -> None:
        self.undo_stack.clear()
        self.change(with_inputs(self.session, photos.inputs, photos.thumbnails, photos.pitch_um))
        # Gigabytes of decoded photos that the session refers to no longer.
        for old in self.folders.cache.glob("photos-*"):
            if old.name != f"photos-{self._reads}":
                shutil.rmtree(old, ignore_errors=True)
        self.step_wanted.emit(Step.CHECK)
        if photos.inputs.swapped:
            text = self.tr(
                "The photos to correct show more fine detail than the sharp ones: were the two "
                "sets swapped? Step 1 can swap them back."
            )
            self.message.emit(text, "warning", "")

    def _calibrated(self, result: SavedCalibration) -> None:
        name = result.profile.lens or result.profile.camera or self.tr("This lens")
        session = with_psf(
            self.session,
            result.calibration.psf,
            name,
            path=result.path,
            profile=result.profile,
            calibration=result.calibration,
        )
        self.change(session)
        if result.path is not None:
            text = self.tr("Calibrated. The profile was saved as {path}")
            self.message.emit(text.format(path=result.path), "info", "")
        else:
            text = self.tr(
                "Calibrated, but the profile could not be saved: {why} Save it in step 6."
            )
            why = in_this_language(result.problem)
            self.message.emit(text.format(why=why), "warning", "")

    def _opened(self, psf: OpenedPsf) -> None:
        profile, path = psf.profile, psf.path
        name = profile.lens or path.name
        self.change(
            with_psf(self.session, profile.psf, name, path=path, profile=profile, saved=True)
        )
        self.step_wanted.emit(Step.INSPECT)
        self._warn_of(psf.doubts)

    def _opened_other(self, psf: OpenedPsf) -> None:
        self.change(replace(self.session, other=psf.profile.psf, other_name=psf.path.stem))
        self._warn_of(psf.doubts)

    def _compared(self, result: tuple[Comparison, tuple[str, ...]]) -> None:
        comparison, doubts = result
        self.change(replace(self.session, comparison=comparison))
        self._warn_of(doubts)

    def _warn_of(self, doubts: Iterable[str]) -> None:
        words = "; ".join(in_this_language(doubt) for doubt in doubts)
        if words:
            self.message.emit(self.tr("Warning: {doubts}.").format(doubts=words), "warning", "")

    def _exported_photos(self, results: list[PhotoResult], count: int, out: Path) -> None:
        self.photos_written.emit(results)
        summary = summary_of(results, count, out)
        self.exported.emit(in_this_language(summary.count))
        if summary.problems or summary.warnings:
            kind = "error" if summary.problems else "warning"
            self.message.emit(summary.message, kind, "")

    def _exported_partly(self, results: list[PhotoResult], count: int, out: Path) -> str:
        self.photos_written.emit(results)
        return in_this_language(partial_summary_of(results, count, out))

    def _saved_profile(self, path: Path) -> None:
        self.change(replace(self.session, psf_saved=True))
        self.exported.emit(self.tr("Profile written to {path}").format(path=path))

    def _virtual(self, photos: VirtualPhotos) -> None:
        session = with_sources(self.session, Source((photos.sharp,)), Source((photos.degraded,)))
        # Who tries it wants to see the end of it, and, as of `lenscal demo`, all that there is,
        # also what pairs make needless.
        settings = replace(session.settings, quality=Quality.QUICK, stages=Stages.ALL)
        session = replace(session, settings=settings, comparison=None, truth=photos.truth)
        self.change(replace(session, photo=photos.evaluation))
        self.read_photos()
        self.jobs.follow_up = self._demo_calibrate

    def _demo_calibrate(self) -> None:
        self.step_wanted.emit(Step.CALIBRATE)
        self.calibrate()
