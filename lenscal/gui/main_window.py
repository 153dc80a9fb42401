"""The window: steps on the left, the step's page, messages above it and the running job below
it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMessageBox,
    QPushButton,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lenscal.files.photos.export_settings import ExportSettings
from lenscal.gui import theme
from lenscal.gui.background.worker import Ending, Outcome, Progress
from lenscal.gui.commands import Commands
from lenscal.gui.controller import Controller
from lenscal.gui.last_folder import last_folder, remember
from lenscal.gui.menus import make_menus
from lenscal.gui.pages.calibrate_page import CalibratePage
from lenscal.gui.pages.check_page import CheckPage
from lenscal.gui.pages.correct_page import CorrectPage
from lenscal.gui.pages.export_page import ExportPage
from lenscal.gui.pages.import_page import ImportPage
from lenscal.gui.pages.inspect_page import InspectPage
from lenscal.gui.pages.page import Page
from lenscal.gui.projects import Projects
from lenscal.gui.widgets.bars import JobBar, MessageBar
from lenscal.jobs.window.calibration import DEVICE
from lenscal.preferences import PreferencesFile, Units
from lenscal.session import Session, Step, done, lacks


class MainWindow(QMainWindow):
    def __init__(
        self,
        controller: Controller,
        preferences: PreferencesFile | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.controller = controller
        controller.setParent(self)
        self.preferences = preferences or PreferencesFile()
        self.projects = Projects(controller, self.preferences, self)
        self.setAcceptDrops(True)
        self.setWindowIcon(theme.icon("app", size=64))
        self.setMinimumSize(1000, 680)
        self.import_page, self.check_page = ImportPage(), CheckPage()
        self.calibrate_page, self.inspect_page = CalibratePage(), InspectPage()
        self.correct_page, self.export_page = CorrectPage(), ExportPage()
        self.pages: dict[Step, Page] = {
            Step.IMPORT: self.import_page,
            Step.CHECK: self.check_page,
            Step.CALIBRATE: self.calibrate_page,
            Step.INSPECT: self.inspect_page,
            Step.CORRECT: self.correct_page,
            Step.EXPORT: self.export_page,
        }
        self.titles = {
            Step.IMPORT: self.tr("Import"),
            Step.CHECK: self.tr("Check"),
            Step.CALIBRATE: self.tr("Calibrate"),
            Step.INSPECT: self.tr("Inspect"),
            Step.CORRECT: self.tr("Correct"),
            Step.EXPORT: self.tr("Export"),
        }
        self.stack = QStackedWidget()
        for page in self.pages.values():
            self.stack.addWidget(page)
        self.step_buttons: dict[Step, QToolButton] = {}
        self.message_bar, self.job_bar = MessageBar(), JobBar()
        self.question: QMessageBox | None = None
        self._leaving = self._was_calibrating = False
        self.commands = Commands(self)
        self._lay_out()
        self.actions_by_name = make_menus(self)
        self._connect()
        _application().installEventFilter(self)
        self.inspect_page.known_pitches.update(self.preferences.values.pitches)
        self.commands.apply(self.preferences.values)
        remember(self.preferences.values.last_folder)
        self._show_session(controller.session)
        self._show_title()
        self._show_actions()
        self.go_to(Step.IMPORT)
        if self.preferences.problem:
            self.message_bar.show_message(self.preferences.problem, kind="warning")

    @property
    def step(self) -> Step:
        return next(step for step, page in self.pages.items() if page is self.stack.currentWidget())

    def go_to(self, step: Step) -> None:
        if step is not self.step:
            self.message_bar.leave_behind()
        self.stack.setCurrentWidget(self.pages[step])
        self.step_buttons[step].setChecked(True)
        self.step_buttons[step].setFocus()

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.controller.busy:
            _application().removeEventFilter(self)
            self.projects.save()
            self.preferences.change(last_folder=last_folder())
            self.import_page.close_down()
            self.controller.close()
            event.accept()
            return
        event.ignore()
        if not self._leaving:
            self._ask(leaving=True)

    def ask_before_cancelling(self) -> None:
        if self.controller.busy and self.job_bar.cancel_button.isEnabled():
            self._ask(leaving=False)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            event.acceptProposedAction()
            self.commands.open_files(paths)

    def _show_preview(self) -> None:
        """Correct what is visible while somebody looks at it and the whole photo is not corrected
        yet."""
        session = self.controller.session
        lacking = lacks(session)[Step.CORRECT] is not None or session.comparison is not None
        self.controller.previewer.set_active(self.step is Step.CORRECT and not lacking)

    def _show_title(self) -> None:
        self.setWindowTitle(
            f"{self.projects.title} – lenscal" if self.projects.title else "lenscal"
        )

    def _show_actions(self, can_stop: bool = False) -> None:
        """What a running job allows."""
        busy = self.controller.busy or can_stop
        for name, on in (("pause", can_stop), ("stop", can_stop), ("cancel", busy)):
            self.actions_by_name[name].setEnabled(on)
        for name in ("new", "sharp", "degraded", "demo", "export", "read", "calibrate"):
            self.actions_by_name[name].setEnabled(not busy)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The space bar held down on the Correct page shows the original, whatever has the focus
        there."""
        if event.type() in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease) and isinstance(
            event, QKeyEvent
        ):
            hold = event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Backslash) and self.isActiveWindow()
            if hold and self.step is Step.CORRECT and QApplication.activeModalWidget() is None:
                focus = QApplication.focusWidget()
                if not isinstance(focus, QLineEdit | QAbstractSpinBox | QPushButton):
                    if not event.isAutoRepeat():
                        self.correct_page.compare.hold_original(
                            event.type() == QEvent.Type.KeyPress
                        )
                    return True
        return super().eventFilter(watched, event)

    def _lay_out(self) -> None:
        steps = QFrame()
        steps.setObjectName("steps")
        steps.setFixedWidth(244)
        column = QVBoxLayout(steps)
        column.setContentsMargins(10, 14, 10, 12)
        column.setSpacing(4)
        name = QLabel("lenscal")
        name.setObjectName("title")
        name.setContentsMargins(8, 0, 0, 8)
        column.addWidget(name)
        group = QButtonGroup(self)
        for step, title in self.titles.items():
            button = QToolButton()
            button.setCheckable(True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.setIconSize(QSize(22, 22))
            button.setFixedSize(222, 54)
            button.setAccessibleName(title)
            button.clicked.connect(lambda _checked=False, step=step: self.go_to(step))
            button.toggled.connect(lambda _on, step=step: self.show_step(step))
            group.addButton(button)
            self.step_buttons[step] = button
            column.addWidget(button)
        column.addStretch()
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        message = QVBoxLayout()
        message.setContentsMargins(20, 10, 20, 0)
        message.addWidget(self.message_bar)
        right.addLayout(message)
        right.addWidget(self.stack, 1)
        right.addWidget(self.job_bar)
        centre = QWidget()
        row = QHBoxLayout(centre)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(steps)
        row.addLayout(right, 1)
        self.setCentralWidget(centre)

    def _connect(self) -> None:
        c = self.controller
        c.session_changed.connect(self._show_session)
        c.message.connect(
            lambda text, kind, details: self.message_bar.show_message(
                text, kind=kind, details=details
            )
        )
        c.step_wanted.connect(self.go_to)
        c.job_started.connect(self._job_started)
        c.job_ended.connect(self._job_ended)
        c.exported.connect(self.export_page.show_done)
        c.photos_written.connect(self.export_page.show_results)
        c.worker.progressed.connect(self._show_progress)
        self.projects.changed.connect(self._show_title)
        self.job_bar.stop_clicked.connect(c.worker.stop_and_keep)
        self.job_bar.pause_clicked.connect(self.commands.pause_or_go_on)
        self.job_bar.cancel_clicked.connect(self._cancel)
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
        self.inspect_page.next_clicked.connect(lambda: self.go_to(Step.CORRECT))
        self.inspect_page.compare_wanted.connect(c.open_other)
        self.inspect_page.pitch_typed.connect(self._keep_pitch)
        self.inspect_page.units_chosen.connect(
            lambda units: self.preferences.change(units=Units(units))
        )
        for page in (self.check_page, self.calibrate_page, self.inspect_page):
            page.problem.connect(lambda text: self.message_bar.show_message(text, kind="warning"))
        self.correct_page.photo_chosen.connect(c.set_photo)
        self.correct_page.settings_changed.connect(c.set_restore)
        self.correct_page.correct_clicked.connect(c.compare)
        self.correct_page.part_visible.connect(c.previewer.show_part)
        c.previewer.opened.connect(self.correct_page.show_developed)
        c.previewer.painted.connect(self.correct_page.show_painted)
        c.previewer.state.connect(self.correct_page.show_preview_state)
        c.previewer.fraction.connect(self.correct_page.show_preview_fraction)
        self.stack.currentChanged.connect(lambda _: self._show_preview())
        self.correct_page.next_clicked.connect(lambda: self.go_to(Step.EXPORT))
        self.export_page.photos_clicked.connect(self._export_photos)
        self.export_page.profile_clicked.connect(c.save_profile)
        self.export_page.report_clicked.connect(c.write_report)
        self.export_page.psf_clicked.connect(c.export_psf)
        self.export_page.problem.connect(
            lambda text: self.message_bar.show_message(text, kind="warning")
        )

    def _show_session(self, session: Session) -> None:
        for page in self.pages.values():
            page.show_session(session)
        for step in self.step_buttons:
            self.show_step(step)
        self._show_preview()

    def show_step(self, step: Step) -> None:
        session, button = self.controller.session, self.step_buttons[step]
        lack = lacks(session)[step]
        number = list(Step).index(step) + 1
        second = (
            self.tr(lack.value)
            if lack
            else self.tr("done")
            if step in done(session)
            else self.tr("ready")
        )
        if step is Step.CALIBRATE and self.controller.calibrating:
            second = self.tr("running")
        button.setText(f"  {number}  {self.titles[step]}\n  {second}")
        words = self.tr("{title}: {state} (key {n})")
        button.setToolTip(words.format(title=self.titles[step], state=second, n=number))
        colour = theme.theme().on_accent if button.isChecked() else theme.theme().text
        if button.property("tint") != colour:
            button.setProperty("tint", colour)
            button.setIcon(theme.icon(step.value, size=22, colour=colour))

    def _show_progress(self, progress: Progress) -> None:
        if progress.report.stage != DEVICE:
            self.job_bar.update_progress(progress)
        if self.controller.calibrating:
            self.calibrate_page.show_progress(progress)
        self.export_page.show_progress(progress.report.message)

    def _job_started(self, name: str, can_stop: bool) -> None:
        self.message_bar.hide()
        self.job_bar.begin(name, can_stop=can_stop)
        self._show_actions(can_stop)
        self.job_bar.pause_button.setVisible(self.controller.calibrating)
        if not self.controller.calibrating:
            self.job_bar.stop_button.setText(self.tr("&Stop after this photo"))
            self.job_bar.stop_button.setToolTip(
                self.tr("Write the present photo, and leave out the others")
            )
        self._was_calibrating = self.controller.calibrating
        if self._was_calibrating:
            self.calibrate_page.begin()
            self.show_step(Step.CALIBRATE)
        for page in self.pages.values():
            page.set_busy(True)

    def _job_ended(self, outcome: Outcome) -> None:
        self.job_bar.hide()
        self.show_step(Step.CALIBRATE)
        self._show_actions()
        if self.question is not None:
            self.question.done(0)
        for page in self.pages.values():
            page.set_busy(False)
        if self._was_calibrating and outcome.ending in (Ending.CANCELLED, Ending.FAILED):
            words = (
                self.tr("Cancelled") if outcome.ending is Ending.CANCELLED else self.tr("Failed")
            )
            self.calibrate_page.show_problem(words)
        if self._leaving:
            # After the results were taken over, so that a calibration that was stopped is kept
            # first.
            self.controller.session_changed.disconnect(self._show_session)
            QTimer.singleShot(0, self.close)

    def _keep_pitch(self, camera: str, um: float) -> None:
        self.preferences.change(pitches=self.preferences.values.with_pitch(camera, um).pitches)

    def _cancel(self) -> None:
        self.job_bar.cancelling()
        self.controller.worker.cancel()

    def _ask(self, *, leaving: bool) -> None:
        """Asks without blocking: the job goes on while the question stands, and its end takes the
        question away."""
        if self.question is not None:
            return
        box = QMessageBox(self)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("lenscal")
        box.setText(self.tr("{job} is still running.").format(job=self.controller.worker.name))
        box.setInformativeText(self.tr("What shall become of it?"))
        role = QMessageBox.ButtonRole
        if self.job_bar.stop_button.isVisible():
            keep = box.addButton(self.job_bar.stop_button.text(), role.AcceptRole)
            keep.clicked.connect(lambda: self._end(leaving, self.controller.worker.stop_and_keep))
        cancel = box.addButton(self.tr("&Cancel the job"), role.DestructiveRole)
        cancel.clicked.connect(lambda: self._end(leaving, self._cancel))
        go_on = box.addButton(self.tr("&Go on"), role.RejectRole)
        box.setDefaultButton(go_on)
        box.setEscapeButton(go_on)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.finished.connect(self._answered)
        self.question = box
        box.open()

    def _answered(self) -> None:
        self.question = None

    def _end(self, leaving: bool, how: Callable[[], None]) -> None:
        self._leaving = leaving
        how()

    def _export_photos(
        self, photos: tuple[Path, ...], settings: ExportSettings, save_mask: bool, strangers: bool
    ) -> None:
        self.export_page.begin_writing()
        self.controller.export_photos(photos, settings, save_mask, strangers)


def _application() -> QCoreApplication:
    application = QApplication.instance()
    if application is None:
        raise RuntimeError("make a QApplication before a window")
    return application
