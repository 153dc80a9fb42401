"""Runs the window's jobs, one at a time, and does with their results what was asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from lenscal.gui.background.previewer import Previewer
from lenscal.gui.background.worker import Ending, Outcome, Worker
from lenscal.stepping import Job

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class RunningJob:
    """What is to be done when the running job has ended."""

    then: Callable[[Any], None]
    """With what it returned."""
    calibrates: bool
    otherwise: Callable[[], str] | None
    """Where it is cancelled or fails: what is kept of it, in words."""
    learns: bool = False


class JobRunner(QObject):
    """Starts jobs in the worker, without the preview at work beside them."""

    started = Signal(str, bool)
    """Text, whether it can be stopped and kept."""
    ended = Signal(object)
    """Outcome; before its value is used."""
    message = Signal(object, str, str)
    """Text, kind (info, warning, error), details."""
    calibration_ended = Signal()
    """However it ended; after its value was used."""

    def __init__(self, previewer: Previewer, parent: QObject) -> None:
        super().__init__(parent)
        self.worker = Worker(self)
        self.worker.finished.connect(self._finished)
        self.follow_up: Callable[[], None] | None = None
        """What is done after the running job, if that comes to its end."""
        self._previewer = previewer
        self._job: RunningJob | None = None

    @property
    def busy(self) -> bool:
        """Whether a job runs."""
        return self.worker.running

    @property
    def calibrating(self) -> bool:
        """Whether the running job is a calibration."""
        return self.busy and self._job is not None and self._job.calibrates

    @property
    def learning(self) -> bool:
        """Whether the running job learns something, and is no calibration."""
        return self.busy and self._job is not None and self._job.learns

    def refuse_while_busy(self) -> bool:
        """Whether a job runs, which is then said: no other can start."""
        if self.busy:
            text = self.tr("{job} is still running: wait for it or cancel it first.")
            self.message.emit(text.format(job=self.worker.name), "warning", "")
        return self.busy

    def start(
        self,
        name: str,
        job: Callable[[], Job[T]],
        then: Callable[[T], None],
        *,
        can_stop: bool = False,
        calibrates: bool = False,
        learns: bool = False,
        otherwise: Callable[[], str] | None = None,
    ) -> None:
        """Start a job, unless another one runs, which is then said.

        Parameters
        ----------
        name : what it does, for the user
        job : makes it, in its thread
        then : takes what it returns, also where it was stopped
        can_stop : whether there is something to keep in the middle
        calibrates : whether it is a calibration
        learns : whether what was learnt so far can be kept
        otherwise : says what is kept where it is cancelled or fails
        """
        if self.refuse_while_busy():
            return
        self._job = RunningJob(then, calibrates, otherwise, learns)
        # Asks the preview to end, and does not wait: its piece may take a second.
        self._previewer.hold(True)
        preview_over = self._previewer.idle

        def begin() -> Job[T]:
            # In the job's thread: the preview and the job must not share the cores, and the
            # window must not wait for either.
            preview_over.wait()
            return job()

        self.worker.start(name, begin)
        self.started.emit(name, can_stop)

    @Slot(str, object)
    def _finished(self, name: str, outcome: Outcome) -> None:
        job, follow_up = self._job, self.follow_up
        # Before anybody hears of the end, as they may start the next job.
        self._job = self.follow_up = None
        self._previewer.hold(False)
        self.ended.emit(outcome)
        if job is None:
            return
        match outcome.ending:
            case Ending.DONE | Ending.STOPPED:
                job.then(outcome.value)
                # Who has stopped the first job does not want the second one.
                if follow_up is not None and outcome.ending is Ending.DONE:
                    follow_up()
            case Ending.CANCELLED:
                text = self.tr("{job}: cancelled.").format(job=name)
                self.message.emit(_with_rest(text, " ", job), "info", "")
            case Ending.FAILED:
                text = _with_rest(outcome.message, "\n", job)
                self.message.emit(text, "error", outcome.details)
        if job.calibrates:
            self.calibration_ended.emit()


def _with_rest(text: str, separator: str, job: RunningJob) -> str:
    return text if job.otherwise is None else f"{text}{separator}{job.otherwise()}"
