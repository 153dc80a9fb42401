"""The window: steps on the left, the step's page, messages over its title and the running job below
it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QRect, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QHBoxLayout,
    QLineEdit,
    QMainWindow,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lenscal.files.photos.export_settings import ExportSettings
from lenscal.gui import theme
from lenscal.gui.background.attention import Attention
from lenscal.gui.background.worker import Ending, Outcome, Progress
from lenscal.gui.commands import Commands
from lenscal.gui.controller import Controller
from lenscal.gui.dialogs.job_question import JobQuestion
from lenscal.gui.last_folder import last_folder, remember
from lenscal.gui.menus import Menus
from lenscal.gui.presentation.presenter_mode import PresenterMode
from lenscal.gui.projects import Projects
from lenscal.gui.step_list import StepList
from lenscal.gui.step_pages import StepPages
from lenscal.gui.widgets.bars import JobBar, MessageBar
from lenscal.gui.widgets.elements import tip_text
from lenscal.jobs.window.calibration import DEVICE
from lenscal.preferences import PreferencesFile, Units
from lenscal.session import Session, Step, lacks

SMALLEST_PX = 1000, 680
"""Below it, columns of the check and the plots of the inspection are cut."""


class MainWindow(QMainWindow):
    """Puts the parts together: what is asked for goes to the controller, what it says is shown."""

    def __init__(
        self,
        controller: Controller,
        preferences: PreferencesFile | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """preferences: None for the usual ones, which are then not kept."""
        super().__init__(parent)
        self.controller = controller
        # As a child it is deleted with the window, and in the window's thread.
        controller.setParent(self)
        self.preferences = preferences or PreferencesFile()
        self.projects = Projects(controller, self.preferences, self)
        self._make_parts()
        self.attention = Attention(self)
        self.setAcceptDrops(True)
        self.setWindowIcon(theme.icon("app", size=64))
        self.setMinimumSize(*SMALLEST_PX)
        self._lay_out()
        self._connect_controller()
        self._connect_photo_pages()
        self._connect_psf_pages()
        # The application's, as a space bar goes to whatever has the focus.
        _application().installEventFilter(self)
        self.inspect_page.kept_in = self.calibrate_page.kept_in = controller.folders.kept
        self.inspect_page.known_pitches.update(self.preferences.values.pitches)
        self.commands.apply(self.preferences.values)
        remember(self.preferences.values.last_folder)
        self._show_session(controller.session)
        self._show_title()
        self.menus.show_allowed(busy=controller.busy, can_stop=False)
        self.go_to(Step.IMPORT)
        if self.preferences.problem:
            self._warn(self.preferences.problem)

    @property
    def step(self) -> Step:
        """Where the user is."""
        return self.pages.step

    def go_to(self, step: Step) -> None:
        """Show the page of a step."""
        # Also called for the page that is shown already, where its message still matters.
        if step is not self.step:
            self.message_bar.leave_behind()
        self.pages.show_step(step)
        self.message_bar.place()
        self.step_list.choose(step)

    def ask_before_cancelling(self) -> None:
        """Ask what is to become of the running job, if one runs."""
        if self.controller.busy and self.job_bar.cancel_button.isEnabled():
            self._ask(leaving=False)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep everything and close; while a job runs, ask first."""
        if not self.controller.busy:
            # Qt would go on calling a window that is gone.
            _application().removeEventFilter(self)
            self.projects.close()
            geometry = self.saveGeometry().toBase64().toStdString()
            self.preferences.change(last_folder=last_folder(), geometry=geometry)
            # Its thread may be in the middle of a photo, and must not outlive the window.
            self.import_page.close_down()
            self.pages.inspect_page.close_down()
            self.commands.library_keeper.close()
            self.controller.close()
            event.accept()
            return
        event.ignore()
        # Who has answered already waits for the job's end.
        if not self._leaving:
            self._ask(leaving=True)

    def leave(self) -> None:
        """Close without a question, as nobody may be there to answer: a running job keeps what it
        can."""
        if not self.controller.busy:
            self.close()
        elif not self._leaving:
            keeps = self.job_bar.stop_button.isVisible()
            self._end(True, self.controller.worker.stop_and_keep if keeps else self._cancel)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files can be dropped anywhere; links from a browser are no files."""
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.commands.open_files(paths)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The space bar held down on the Correct page shows the original, whatever has the focus
        there."""
        presses = (QEvent.Type.KeyPress, QEvent.Type.KeyRelease)
        if event.type() not in presses or not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        if not self._holds_original(event):
            return super().eventFilter(watched, event)
        # A key that is held down repeats itself; the first press and the last release count.
        if not event.isAutoRepeat():
            self.correct_page.compare.hold_original(event.type() == QEvent.Type.KeyPress)
        return True

    def _holds_original(self, event: QKeyEvent) -> bool:
        if event.key() not in (Qt.Key.Key_Space, Qt.Key.Key_Backslash):
            return False
        if self.step is not Step.CORRECT or not self.isActiveWindow():
            return False
        if QApplication.activeModalWidget() is not None:
            return False
        # These have a use of their own for a space.
        focus = QApplication.focusWidget()
        return not isinstance(focus, QLineEdit | QAbstractSpinBox | QPushButton)

    def _make_parts(self) -> None:
        self.pages, self.step_list = StepPages(), StepList()
        self.import_page, self.check_page = self.pages.import_page, self.pages.check_page
        self.calibrate_page = self.pages.calibrate_page
        self.inspect_page = self.pages.inspect_page
        self.correct_page, self.export_page = self.pages.correct_page, self.pages.export_page
        self.message_bar, self.job_bar = MessageBar(), JobBar()
        self.question: JobQuestion | None = None
        self._leaving = self._was_calibrating = False
        self.commands = Commands(self.controller, self.projects, self.preferences, self.pages, self)
        self.menus = Menus(
            self.menuBar(), self.controller, self.commands, self.projects, self.pages
        )
        self.menus.add_steps(self.step_list.titles, self.go_to)
        panels = self.step_list, self.calibrate_page.panel, self.correct_page.panel
        self.presenter = PresenterMode(self, panels, self.menus.actions.values())
        self.menus.presenter_wanted.connect(self.presenter.toggle)

    def _lay_out(self) -> None:
        beside = QWidget()
        right = QVBoxLayout(beside)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        # The job takes its height from the page, not from the window's.
        right.addWidget(self.pages, 1)
        right.addWidget(self.job_bar)
        centre = QWidget()
        row = QHBoxLayout(centre)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.step_list)
        row.addWidget(beside, 1)
        self.setCentralWidget(centre)
        self.message_bar.setParent(beside)
        self.message_bar.lie_over(self._title_area)

    def _connect_controller(self) -> None:
        c, worker = self.controller, self.controller.worker
        c.session_changed.connect(self._show_session)
        c.message.connect(self._show_message)
        c.step_wanted.connect(self.go_to)
        c.job_started.connect(self._job_started)
        c.job_ended.connect(self._job_ended)
        c.exported.connect(self.export_page.show_done)
        c.photos_written.connect(self.export_page.show_results)
        worker.progressed.connect(self._show_progress)
        worker.paused_changed.connect(self.job_bar.show_paused)
        self.projects.changed.connect(self._show_title)
        self.projects.conflict.connect(self.commands.ask_about_conflict)
        self.step_list.chosen.connect(self.go_to)
        self.pages.step_changed.connect(self._show_preview)
        self.menus.quit_wanted.connect(self.close)
        self.menus.cancel_wanted.connect(self.ask_before_cancelling)
        self.job_bar.stop_clicked.connect(worker.stop_and_keep)
        self.job_bar.pause_clicked.connect(c.pause_or_go_on)
        self.job_bar.cancel_clicked.connect(self._cancel)

    def _connect_photo_pages(self) -> None:
        """Import, check and calibrate."""
        c = self.controller
        self.import_page.sources_changed.connect(c.set_sources)
        self.import_page.read_clicked.connect(c.read_photos)
        self.import_page.demo_clicked.connect(self.commands.try_demo)
        self.import_page.profile_chosen.connect(c.open_psf)
        self.check_page.next_clicked.connect(lambda: self.go_to(Step.CALIBRATE))
        self.check_page.decided.connect(c.decide)
        self.check_page.undo_clicked.connect(c.undo_stack.undo)
        c.undo_stack.canUndoChanged.connect(self.check_page.undo_button.setEnabled)
        self.calibrate_page.settings_changed.connect(c.set_settings)
        self.calibrate_page.calibrate_clicked.connect(c.calibrate)
        self.calibrate_page.continue_clicked.connect(lambda: c.calibrate(resume=True))
        self.calibrate_page.next_clicked.connect(lambda: self.go_to(Step.INSPECT))
        self.check_page.problem.connect(self._warn)
        self.calibrate_page.problem.connect(self._warn)

    def _connect_psf_pages(self) -> None:
        """Inspect, correct and export."""
        c, preview = self.controller, self.controller.previewer
        self.inspect_page.next_clicked.connect(lambda: self.go_to(Step.CORRECT))
        self.inspect_page.compare_wanted.connect(c.open_other)
        self.inspect_page.pitch_typed.connect(self._keep_pitch)
        self.inspect_page.units_chosen.connect(self._keep_units)
        self.inspect_page.problem.connect(self._warn)
        self.correct_page.photo_chosen.connect(c.set_photo)
        self.correct_page.settings_changed.connect(c.set_restore)
        self.correct_page.correct_clicked.connect(c.compare)
        self.correct_page.panel.train_button.clicked.connect(self.commands.train_network)
        self.correct_page.look_changed.connect(lambda look: c.change(replace(c.session, look=look)))
        self.correct_page.part_visible.connect(preview.show_part)
        preview.opened.connect(self.correct_page.show_developed)
        preview.painted.connect(self.correct_page.show_painted)
        preview.state.connect(self.correct_page.show_preview_state)
        preview.fraction.connect(self.correct_page.show_preview_fraction)
        preview.doubts.connect(self.correct_page.fit_bar.show_doubts)
        self.correct_page.fit_bar.anyway_clicked.connect(preview.correct_anyway)
        self.correct_page.next_clicked.connect(lambda: self.go_to(Step.EXPORT))
        self.export_page.photos_clicked.connect(self._export_photos)
        self.export_page.profile_clicked.connect(c.save_profile)
        self.export_page.report_clicked.connect(
            lambda path, private: c.write_report(
                path, private, self.inspect_page.bar.pitch.pitch_um
            )
        )
        self.export_page.psf_clicked.connect(c.export_psf)
        self.export_page.problem.connect(self._warn)

    def _show_session(self, session: Session) -> None:
        self.pages.show_session(session)
        self._show_steps()
        self._show_preview()

    def _show_steps(self) -> None:
        c = self.controller
        self.step_list.show_session(c.session, calibrating=c.calibrating)

    def _show_preview(self) -> None:
        """Correct what is visible while somebody looks at it and the whole photo is not corrected
        yet."""
        session = self.controller.session
        has_nothing_to_do = (
            lacks(session)[Step.CORRECT] is not None or session.comparison is not None
        )
        self.controller.previewer.set_active(self.step is Step.CORRECT and not has_nothing_to_do)

    def _title_area(self) -> QRect:
        """Of the page that is shown, in the parent of the message."""
        page = self.pages.by_step[self.step]
        # Both lie in the same widget.
        at = self.pages.mapToParent(page.mapTo(self.pages, page.title_area.topLeft()))
        return QRect(at, page.title_area.size())

    def _show_title(self) -> None:
        title = self.projects.title
        self.setWindowTitle(f"{title} – lenscal" if title else "lenscal")

    def _show_message(self, text: str, kind: str, details: str) -> None:
        self.message_bar.show_message(text, kind=kind, details=details)

    def _warn(self, text: str) -> None:
        self.message_bar.show_message(text, kind="warning")

    def _show_progress(self, progress: Progress) -> None:
        # That report names the device for the page, and is no sentence.
        if progress.report.stage != DEVICE:
            self.job_bar.update_progress(progress)
        if self.controller.calibrating:
            self.calibrate_page.show_progress(progress)
        self.export_page.show_progress(progress.report.message)

    def _job_started(self, name: str, can_stop: bool) -> None:
        # Noted, as at its end the controller knows of no job any more.
        self._was_calibrating = self.controller.calibrating
        self.message_bar.hide()
        self.attention.job_began(name)
        self.job_bar.begin(name, can_stop=can_stop)
        self.menus.show_allowed(busy=True, can_stop=can_stop)
        self.job_bar.pause_button.setVisible(self._was_calibrating)
        if self._was_calibrating:
            self.calibrate_page.begin()
            self._show_steps()
        elif self.controller.jobs.learning:
            tip = self.tr("End here, and keep what was learnt")
            self.job_bar.stop_button.setText(self.tr("&Stop and keep"))
            self.job_bar.stop_button.setToolTip(tip_text(tip))
        else:
            tip = self.tr("Finish the current photo, and skip the others")
            self.job_bar.stop_button.setText(self.tr("&Stop after this photo"))
            self.job_bar.stop_button.setToolTip(tip_text(tip))
        self.pages.set_busy(True)

    def _job_ended(self, outcome: Outcome) -> None:
        self.job_bar.hide()
        self.attention.job_ended(outcome)
        self._show_steps()
        self.menus.show_allowed(busy=False, can_stop=False)
        if self.question is not None:
            # What it asks about has ended by itself.
            self.question.done(0)
        self.pages.set_busy(False)
        if self._was_calibrating and outcome.ending is Ending.CANCELLED:
            self.calibrate_page.show_problem(self.tr("Cancelled"))
        elif self._was_calibrating and outcome.ending is Ending.FAILED:
            self.calibrate_page.show_problem(self.tr("Failed"))
        if self._leaving:
            # After the results were taken over, so that a calibration that was stopped is kept
            # first.
            self.controller.session_changed.disconnect(self._show_session)
            QTimer.singleShot(0, self.close)

    def _keep_pitch(self, camera: str, um: float) -> None:
        self.preferences.renew()
        self.preferences.change(pitches=self.preferences.values.with_pitch(camera, um).pitches)

    def _keep_units(self, units: str) -> None:
        self.preferences.change(units=Units(units))

    def _cancel(self) -> None:
        self.job_bar.cancelling()
        self.controller.worker.cancel()

    def _ask(self, *, leaving: bool) -> None:
        """The end of the job takes the question away."""
        if self.question is not None:
            return
        worker, stop = self.controller.worker, self.job_bar.stop_button
        keep_text = stop.text() if stop.isVisible() else ""
        question = JobQuestion(worker.name, keep_text, self)
        question.keep_chosen.connect(lambda: self._end(leaving, worker.stop_and_keep))
        question.cancel_chosen.connect(lambda: self._end(leaving, self._cancel))
        question.finished.connect(self._answered)
        self.question = question
        question.open()

    def _answered(self) -> None:
        self.question = None

    def _end(self, leaving: bool, how: Callable[[], None]) -> None:
        self._leaving = leaving
        how()

    def _export_photos(
        self, photos: tuple[Path, ...], settings: ExportSettings, *options: bool
    ) -> None:
        self.export_page.begin_writing()
        self.controller.export_photos(photos, settings, *options)


def _application() -> QCoreApplication:
    application = QApplication.instance()
    if application is None:
        raise RuntimeError("make a QApplication before a window")
    return application
