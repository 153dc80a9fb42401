"""What the window does when something is clicked or a job ends. Knows no widgets."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import platformdirs
from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QUndoCommand, QUndoStack

from lenscal.calibrate.settings import CalibrationSettings, Quality, Stages
from lenscal.files.photos.export_settings import ExportSettings
from lenscal.gui.background.previewer import Previewer
from lenscal.gui.background.worker import Ending, Outcome, Worker
from lenscal.gui.tasks import Tasks
from lenscal.jobs.cache import remove_stale
from lenscal.jobs.window.calibration import Calibrated
from lenscal.jobs.window.photos import ReadPhotos
from lenscal.jobs.window.psf import OpenedPsf
from lenscal.jobs.window.virtual_lens import VirtualPhotos
from lenscal.restore.settings import RestoreSettings
from lenscal.session import (
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
from lenscal.stepping import Job

DEMO_SIZE = (1200, 1800)
DEMO_PHOTOS = 8
TOLD = 3
"""Problems that a message names; all are beside their photos."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the window keeps things."""

    cache: Path
    """Decoded photos and the virtual lens's files; emptied at the end."""
    kept: Path
    """Every calibration is kept here at once."""

    @property
    def projects(self) -> Path:
        """Projects that have no name yet."""
        return self.kept.parent / "projects"


def user_folders(cache: str = "") -> Folders:
    """The usual folders; decoded photos go to `cache` where that is given and can be written."""
    base = Path(cache) if cache else platformdirs.user_cache_path("lenscal")
    try:
        base.mkdir(parents=True, exist_ok=True)
        if not cache:  # a folder of the user's own choice may hold anything
            remove_stale(base)
        folder = Path(tempfile.mkdtemp(prefix="window-", dir=base))
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="lenscal-window-"))
    return Folders(folder, platformdirs.user_data_path("lenscal") / "calibrations")


class Decision(QUndoCommand):
    """Photos that were taken or left out by hand."""

    def __init__(self, controller: Controller, after: Session, text: str) -> None:
        super().__init__(text)
        self._controller, self._before, self._after = controller, controller.session, after

    def undo(self) -> None:
        self._show(self._before)

    def redo(self) -> None:
        self._show(self._after)

    def _show(self, session: Session) -> None:
        now = self._controller.session
        self._controller.change(replace(now, inputs=session.inputs, decisions=session.decisions))


class Controller(QObject):
    """Owns the session and the worker; the only one who changes them."""

    session_changed = Signal(object)
    message = Signal(object, str, str)
    """Text, kind (info, warning, error), details. As object, so that a translatable text stays
    one."""
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
        self.tasks = tasks
        self.folders = folders
        self.worker = Worker(self)
        self.worker.finished.connect(self._finished)
        self.undo_stack = QUndoStack(self)
        self.previewer = Previewer(folders.cache, self)
        self._then: Callable[[Any], None] | None = None
        self._after: Callable[[], None] | None = None
        self._otherwise: Callable[[], str] | None = None
        """Where a job is cancelled or fails: what is kept of it, in words."""
        self._reads = 0
        self.demo_size, self.demo_photos = DEMO_SIZE, DEMO_PHOTOS

    @property
    def busy(self) -> bool:
        return self.worker.running

    @property
    def calibrating(self) -> bool:
        return self.busy and self._then == self._calibrated

    def close(self) -> None:
        """The end of the window: no thread and no temporary file is left."""
        self.worker.wait()
        self.previewer.close()
        shutil.rmtree(self.folders.cache, ignore_errors=True)

    def change(self, session: Session) -> None:
        if session is not self.session:
            if session.inputs is not self.session.inputs:
                session = self._with_unfinished(session)
            self.session = session
            if session.inputs is None:
                self.undo_stack.clear()
            self.previewer.show_photo(session.photo)
            self.previewer.correct_with(session.profile, session.restore)
            self.session_changed.emit(session)

    def _with_unfinished(self, session: Session) -> Session:
        found = (
            None
            if session.inputs is None
            else self.tasks.unfinished(session.inputs, self.folders.kept)
        )
        return replace(session, unfinished=found)

    # What the user decides

    def set_sources(self, sharp: Source, degraded: Source) -> None:
        self.change(with_sources(self.session, sharp, degraded))

    def set_settings(self, settings: CalibrationSettings) -> None:
        self.change(replace(self.session, settings=settings))

    def set_restore(self, settings: RestoreSettings) -> None:
        self.change(with_restore(self.session, settings))

    def set_photo(self, photo: Path) -> None:
        self.change(with_photo(self.session, photo))

    def decide(self, photos: Iterable[Path], keep: bool) -> None:
        """The user takes photos that were left out, or leaves some out; can be undone."""
        session, names = self.session, []
        for photo in photos:
            session = with_decision(session, photo, keep=keep)
            names.append(photo.name)
        if session is not self.session:
            words = self.tr("keeping {photos}") if keep else self.tr("leaving out {photos}")
            self.undo_stack.push(Decision(self, session, words.format(photos=", ".join(names[:3]))))

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
        if self.busy:
            text = self.tr("{job} is still running: wait for it or cancel it first.")
            self.message.emit(text.format(job=self.worker.name), "warning", "")
        return self.busy

    def read_photos(self) -> None:
        self._reads += 1
        cache = self.folders.cache / f"photos-{self._reads}"
        cache.mkdir(parents=True, exist_ok=True)
        sharp, degraded = self.session.sharp, self.session.degraded
        self._start(
            self.tr("Reading photos"),
            lambda: self.tasks.read_photos(sharp, degraded, cache),
            self._read,
        )

    def calibrate(self, *, resume: bool = False, stages: Stages | None = None) -> None:
        """Calibrate the present photos; `resume`: go on with the interrupted calibration, with its
        settings.

        stages : this time, instead of the settings'
        """
        inputs, settings, kept = self.session.inputs, self.session.settings, self.folders.kept
        if inputs is None or self.busy:
            return
        settings = replace(settings, stages=stages or settings.stages)
        found = self.session.unfinished if resume else None
        if found is not None:
            settings = replace(
                found.settings, device=settings.device, max_minutes=settings.max_minutes
            )
            self.set_settings(settings)
        begin = lambda: self.tasks.calibrate(inputs, settings, kept, resume=found is not None)  # noqa: E731
        self._start(self.tr("Calibrating"), begin, self._calibrated, True)

    def open_psf(self, path: Path) -> None:
        self._start(
            self.tr("Opening {name}").format(name=path.name),
            lambda: self.tasks.open_psf(path),
            self._opened,
        )

    def open_other(self, path: Path) -> None:
        """A profile to look at beside the present one."""
        self._start(
            self.tr("Opening {name}").format(name=path.name),
            lambda: self.tasks.open_psf(path),
            self._opened_other,
        )

    def compare(self) -> None:
        profile, photo, settings = self.session.profile, self.session.photo, self.session.restore
        if profile is not None and photo is not None:
            known = self.previewer.developed
            developed = known if known is not None and known.photo == photo else None
            begin = lambda: self.tasks.compare(profile, photo, settings, developed)  # noqa: E731
            self._start(self.tr("Correcting"), begin, self._compared)

    def export_photos(
        self,
        photos: tuple[Path, ...],
        export: ExportSettings,
        save_mask: bool = False,
        force: bool = False,
    ) -> None:
        """`force`: also photos that do not fit the profile."""
        profile, settings = self.session.profile, self.session.restore
        if profile is None:
            return
        kept: list[Any] = []
        started = self._start(
            self.tr("Writing photos"),
            lambda: self.tasks.export_photos(
                profile, photos, settings, export, save_mask=save_mask, force=force, kept=kept
            ),
            lambda results: self._exported_photos(results, len(photos), export.out),
            can_stop=len(photos) > 1,
        )
        if started:
            self._otherwise = lambda: self._exported_partly(kept, len(photos), export.out)

    def save_profile(self, path: Path) -> None:
        profile = self.session.profile
        if profile is not None:
            self._start(
                self.tr("Writing the profile"),
                lambda: self.tasks.save_profile(profile, path),
                self._saved_profile,
            )

    def write_report(self, path: Path) -> None:
        profile, name = self.session.profile, self.session.psf_name
        if profile is None:
            return
        self._start(
            self.tr("Writing the report"),
            lambda: self.tasks.write_report(profile, name, path),
            lambda written: self._exported(
                self.tr("Report written to {path}").format(path=written)
            ),
        )

    def export_psf(self, folder: Path, formats: tuple[str, ...]) -> None:
        profile = self.session.profile
        if profile is None:
            return
        self._start(
            self.tr("Writing PSF files"),
            lambda: self.tasks.export_psf(profile, folder, formats),
            lambda files: self._exported(
                self.tr("{n} PSF files in {folder}").format(n=len(files), folder=folder)
            ),
        )

    def demo(self) -> None:
        """The virtual lens: take its photos, read them, calibrate."""
        out, size, n = self.folders.cache / "virtual lens", self.demo_size, self.demo_photos
        self._start(
            self.tr("Taking photos with the virtual lens"),
            lambda: self.tasks.virtual_photos(out, size=size, n_photos=n),
            self._virtual,
        )

    # What a job has brought

    @Slot(str, object)
    def _finished(self, name: str, outcome: Outcome) -> None:
        then, after, otherwise = self._then, self._after, self._otherwise
        calibrated = then == self._calibrated
        self._then = self._after = self._otherwise = None
        self.previewer.hold(False)
        self.job_ended.emit(outcome)
        match outcome.ending:
            case Ending.DONE | Ending.STOPPED:
                if then is not None:
                    then(outcome.value)
                if after is not None and outcome.ending is Ending.DONE:
                    after()
            case Ending.CANCELLED:
                told = f" {otherwise()}" if otherwise is not None else ""
                self.message.emit(self.tr("{job}: cancelled.").format(job=name) + told, "info", "")
            case Ending.FAILED:
                told = f"\n{otherwise()}" if otherwise is not None else ""
                self.message.emit(outcome.message + told, "error", outcome.details)
        if calibrated:
            self.change(self._with_unfinished(self.session))

    def _read(self, read: ReadPhotos) -> None:
        self.undo_stack.clear()
        self.change(with_inputs(self.session, read.inputs, read.thumbnails, read.pitch_um))
        for old in self.folders.cache.glob("photos-*"):
            if old.name != f"photos-{self._reads}":
                shutil.rmtree(old, ignore_errors=True)
        self.step_wanted.emit(Step.CHECK)
        if read.inputs.swapped:
            text = self.tr(
                "The photos to correct show more fine detail than the sharp ones: were the two sets swapped? "
                "Step 1 can swap them back."
            )
            self.message.emit(text, "warning", "")

    def _calibrated(self, result: Calibrated) -> None:
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
            text = self.tr("Calibrated. The profile was kept as {path}")
            self.message.emit(text.format(path=result.path), "info", "")
        else:
            text = self.tr(
                "Calibrated, but the profile could not be kept: {why} Save it in step 6."
            )
            self.message.emit(text.format(why=result.problem), "warning", "")

    def _opened(self, opened: OpenedPsf) -> None:
        profile, path = opened.profile, opened.path
        name = profile.lens or path.name
        self.change(
            with_psf(self.session, profile.psf, name, path=path, profile=profile, saved=True)
        )
        self.step_wanted.emit(Step.INSPECT)

    def _opened_other(self, opened: OpenedPsf) -> None:
        self.change(replace(self.session, other=opened.profile.psf, other_name=opened.path.stem))

    def _compared(self, result: tuple[Any, tuple[str, ...]]) -> None:
        comparison, doubts = result
        self.change(replace(self.session, comparison=comparison))
        if doubts:
            self.message.emit(
                self.tr("Mind: {doubts}.").format(doubts="; ".join(doubts)), "warning", ""
            )

    def _exported_photos(self, results: list[Any], count: int, out: Path) -> None:
        written = [result for result in results if result.output is not None]
        text = self.tr("{n} of {m} photos written to {out}").format(
            n=len(written), m=count, out=out
        )
        self.photos_written.emit(results)
        failed = [result for result in results if result.output is None and not result.skipped]
        problems = [
            f"{r.source.name}: {r.problem.removeprefix(f'{r.source.name}: ')}"
            for r in failed[:TOLD]
        ]
        if len(failed) > TOLD:
            problems.append(
                self.tr("and {n} more, see the list in step 6").format(n=len(failed) - TOLD)
            )
        doubtful = [result for result in written if result.warnings][:TOLD]
        warnings = [f"{result.source.name}: {'; '.join(result.warnings)}" for result in doubtful]
        self.exported.emit(text)
        if problems or warnings:
            self.message.emit(
                "\n".join([text, *problems, *warnings]), "error" if problems else "warning", ""
            )

    def _exported_partly(self, kept: list[Any], count: int, out: Path) -> str:
        self.photos_written.emit(kept)
        done = sum(result.output is not None for result in kept)
        return self.tr("{n} of {m} photos were written to {out}, the others were not.").format(
            n=done, m=count, out=out
        )

    def _saved_profile(self, path: Path) -> None:
        self.change(replace(self.session, psf_saved=True))
        self._exported(self.tr("Profile written to {path}").format(path=path))

    def _exported(self, text: str) -> None:
        self.exported.emit(text)

    def _virtual(self, photos: VirtualPhotos) -> None:
        session = with_sources(self.session, Source((photos.sharp,)), Source((photos.degraded,)))
        settings = replace(session.settings, quality=Quality.QUICK)
        self.change(
            replace(
                session,
                photo=photos.evaluation,
                settings=settings,
                comparison=None,
                truth=photos.truth,
            )
        )
        self.read_photos()
        self._after = self._demo_calibrate

    def _demo_calibrate(self) -> None:
        self.step_wanted.emit(Step.CALIBRATE)
        # As `lenscal demo`: everything is shown, also what pairs make needless.
        self.calibrate(stages=Stages.ALL)

    def _start(
        self,
        name: str,
        job: Callable[[], Job[Any]],
        then: Callable[[Any], None],
        can_stop: bool = False,
    ) -> bool:
        """Whether it could be started."""
        if self.refuse_while_busy():
            return False
        self._then = then
        self.previewer.hold(True)
        preview_over = self.previewer.idle

        def begin() -> Job[Any]:
            # In the job's thread: the preview and the job must not share the cores, and the
            # window must not wait for either.
            preview_over.wait()
            return job()

        self.worker.start(name, begin)
        self.job_started.emit(name, can_stop)
        return True
