"""Reads and changes the library of lenses in a thread of its own."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import QObject, Signal, Slot

from lenscal.gui.background.worker import Ending, MakeJob, Outcome, Worker


class LibraryKeeper(QObject):
    """Does what it is asked for, one after the other."""

    changed = Signal(object)
    """`Library`: what it holds now."""
    problem = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: deque[MakeJob] = deque()
        self._worker = Worker(self)
        self._worker.finished.connect(self._finished)

    def do(self, job: MakeJob) -> None:
        """Do a job of `lenscal.jobs.window.library` once those before it are done."""
        self._waiting.append(job)
        self._begin()

    def close(self) -> None:
        """The end of the window; waits for what is being written."""
        self._waiting.clear()
        self._worker.wait()

    def _begin(self) -> None:
        if self._waiting and not self._worker.running:
            self._worker.start(self.tr("Library"), self._waiting.popleft())

    @Slot(str, object)
    def _finished(self, _: str, outcome: Outcome) -> None:
        if outcome.ending is Ending.DONE:
            self.changed.emit(outcome.value)
        elif outcome.ending is Ending.FAILED:
            self.problem.emit(outcome.message)
        self._begin()
