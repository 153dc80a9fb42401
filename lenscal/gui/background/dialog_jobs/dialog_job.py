"""What jobs that a dialog asks for have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from PySide6.QtCore import QObject

from lenscal.gui.background.worker import Ending, Outcome, Progress
from lenscal.stepping import Job

if TYPE_CHECKING:
    from lenscal.gui.controller import Controller

T = TypeVar("T")


class JobDialog(Protocol):
    """A dialog that shows how far its job is, and how it ended."""

    def show_busy(self, busy: bool) -> None: ...

    def show_progress(self, progress: Progress) -> None: ...

    def say(self, text: str) -> None: ...


class DialogJob(QObject):
    """Runs what a dialog asks for, and shows there what comes of it."""

    def __init__(self, controller: Controller, dialog: Any) -> None:
        """dialog : a QDialog that is a `JobDialog`, too; both at once have no type."""
        super().__init__(dialog)
        self._controller = controller
        self._shown: JobDialog = dialog
        controller.worker.progressed.connect(dialog.show_progress)
        controller.jobs.ended.connect(self._ended)

    def run(
        self,
        name: str,
        make: Callable[[], Job[T]],
        done: Callable[[T], None],
        *,
        can_stop: bool = False,
        learns: bool = False,
    ) -> None:
        """Start a job, unless one runs.

        name : as the window shows it
        can_stop, learns : as `JobRunner.start` takes them
        """
        if self._controller.refuse_while_busy():
            return
        self._shown.show_busy(True)
        self._controller.jobs.start(name, make, done, can_stop=can_stop, learns=learns)

    def _ended(self, outcome: Outcome) -> None:
        self._shown.show_busy(False)
        if outcome.ending is Ending.CANCELLED:
            self._shown.say(self.tr("Cancelled."))
        elif outcome.ending is Ending.FAILED:
            # Behind the dialog the window says it, too, with the details.
            self._shown.say(outcome.message)
