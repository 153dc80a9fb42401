"""The six pages in the middle of the window, one of which is to be seen."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QWidget

from lenscal.gui.pages.calibrate_page import CalibratePage
from lenscal.gui.pages.check_page import CheckPage
from lenscal.gui.pages.correct_page import CorrectPage
from lenscal.gui.pages.export_page import ExportPage
from lenscal.gui.pages.import_page import ImportPage
from lenscal.gui.pages.inspect_page import InspectPage
from lenscal.gui.pages.page import Page
from lenscal.gui.pages.page_room import PageRoom
from lenscal.session import Session, Step


class StepPages(QStackedWidget):
    """A page for every step."""

    step_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.import_page, self.check_page = ImportPage(), CheckPage()
        self.calibrate_page, self.inspect_page = CalibratePage(), InspectPage()
        self.correct_page, self.export_page = CorrectPage(), ExportPage()
        self.by_step: dict[Step, Page] = {
            Step.IMPORT: self.import_page,
            Step.CHECK: self.check_page,
            Step.CALIBRATE: self.calibrate_page,
            Step.INSPECT: self.inspect_page,
            Step.CORRECT: self.correct_page,
            Step.EXPORT: self.export_page,
        }
        self._rooms = {step: PageRoom(page, self) for step, page in self.by_step.items()}
        for room in self._rooms.values():
            self.addWidget(room)
        # Only now: adding the first page is no step of the user.
        self.currentChanged.connect(lambda _index: self.step_changed.emit())

    @property
    def step(self) -> Step:
        """The one whose page is to be seen."""
        current = self.currentWidget()
        return next(step for step, room in self._rooms.items() if room is current)

    @property
    def current(self) -> Page:
        """The page that is to be seen."""
        return self.by_step[self.step]

    def show_step(self, step: Step) -> None:
        """Bring its page to the front."""
        self.setCurrentWidget(self._rooms[step])

    def show_session(self, session: Session) -> None:
        """On every page, what has changed."""
        for page in self.by_step.values():
            page.show_session(session)

    def set_busy(self, busy: bool) -> None:
        """A job runs: no page can start another."""
        for page in self.by_step.values():
            page.set_busy(busy)
