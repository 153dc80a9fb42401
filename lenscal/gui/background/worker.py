"""One worker that steps any job in a thread and always says how it ended.

By hand, as superqt's GeneratorWorker does neither close a generator that is cancelled nor thin out
its reports, measures no pauses, and changes Python's warnings for all threads.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from PySide6.QtCore import QObject, QThread, Signal, Slot

from lenscal.errors import LenscalError
from lenscal.gui.translate import error_in_words, in_this_language
from lenscal.reports import Report
from lenscal.stepping import STOP, Job, Paused, Reply
from lenscal.system.memory import NOT_ENOUGH_MEMORY, is_out_of_memory
from lenscal.translation import translatable

logger = logging.getLogger(__name__)

MakeJob = Callable[[], Job[Any]]

REPORTS_PER_S = 10
"""More would not be seen, and every one redraws curves and kernels in the window's thread."""
NICENESS = 5
"""Of the job's thread on Linux: the window's goes first where both want the processor."""


class Ending(StrEnum):
    """How a job ended."""

    DONE = "done"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """How a job ended. `value` is what it returned (DONE, STOPPED); `details` a traceback where it
    is a bug."""

    ending: Ending
    value: Any = None
    message: str = ""
    details: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """The latest report, and every curve point (name, step, value) since the last one that was
    forwarded."""

    report: Report
    points: tuple[tuple[str, int, float], ...]


class Worker(QObject):
    """Steps one generator at a time in its own thread.

    `cancel` closes the generator at its next yield; `stop_and_keep` sends it `STOP`, so that it
    returns what it has; `pause` holds it at its next yield until `go_on`, and then sends it
    `Paused`.
    """

    started = Signal(str)
    progressed = Signal(object)
    paused_changed = Signal(bool)
    finished = Signal(str, object)
    """Name of the job, Outcome. The thread has ended when this arrives."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread: _Stepper | None = None
        self.name = ""
        self.idle = threading.Event()
        """Set while no thread steps a job; another thread may wait for it."""
        self.idle.set()

    @property
    def running(self) -> bool:
        """Whether a job has been started whose end was not announced yet."""
        return self._thread is not None

    @property
    def paused(self) -> bool:
        """Whether the job was asked to pause."""
        return self._thread is not None and not self._thread.may_run.is_set()

    def start(self, name: str, job: MakeJob) -> None:
        """Run a job.

        Raises
        ------
        LenscalError
            Another one is running.
        """
        if self._thread is not None:
            raise LenscalError(
                translatable(
                    "{job} is still running: wait for it or cancel it first", job=self.name
                )
            )
        self.name = name
        self._thread = _Stepper(job, self.idle, self)
        self.idle.clear()
        self._thread.progressed.connect(self.progressed)
        self._thread.finished.connect(self._ended)
        self.started.emit(name)
        self._thread.start()

    def cancel(self) -> None:
        """Close the job at its next report; also wakes a paused one."""
        if self._thread is not None:
            self._thread.cancel.set()
            # A paused job has to wake to end.
            self._thread.may_run.set()

    def stop_and_keep(self) -> None:
        """Ask the job to return what it has; also wakes a paused one."""
        if self._thread is not None:
            self._thread.stop.set()
            self._thread.may_run.set()

    def pause(self) -> None:
        """Hold the job at its next report, unless it is ending already."""
        if self._thread is not None and not (
            self._thread.cancel.is_set() or self._thread.stop.is_set()
        ):
            self._thread.may_run.clear()
            self.paused_changed.emit(True)

    def go_on(self) -> None:
        """End the pause."""
        if self._thread is not None:
            self._thread.may_run.set()
            self.paused_changed.emit(False)

    def wait(self) -> None:
        """Cancel and wait for the thread: only for the end of the program, where no event loop is
        left."""
        if self._thread is not None:
            self.cancel()
            # A job that waits for the window's thread has to give up: that thread waits here.
            self._thread.requestInterruption()
            self._thread.wait()

    @Slot()
    def _ended(self) -> None:
        thread = self._thread
        if thread is None:
            return
        # Qt says "finished" a moment before the thread is gone.
        thread.wait()
        self._thread = None
        outcome = thread.outcome
        # Not by Python: its last reference may go in another thread.
        thread.deleteLater()
        self.finished.emit(self.name, outcome)


class _Stepper(QThread):
    """Steps one job to its end."""

    progressed = Signal(object)

    def __init__(self, job: MakeJob, idle: threading.Event, parent: QObject) -> None:
        super().__init__(parent)
        self._job = job
        self._idle = idle
        self.cancel = threading.Event()
        self.stop = threading.Event()
        self.may_run = threading.Event()
        self.may_run.set()
        self.outcome = Outcome(Ending.FAILED, message=translatable("The job did not start"))

    def run(self) -> None:
        _give_way_to_the_window()
        try:
            self.outcome = self._step()
        except BaseException as error:
            # Whatever it is, the window has to hear that the job has ended.
            self.outcome = _outcome_of(error)
        finally:
            # The job holds photos of some hundred megabytes.
            del self._job
            self._idle.set()

    def _step(self) -> Outcome:
        generator = self._job()
        forward = _Throttle(self.progressed.emit)
        answer: Reply | None = None
        stopped = False
        while True:
            if self.cancel.is_set():
                # Its `finally` parts run in this thread, and free what they hold.
                generator.close()
                return Outcome(Ending.CANCELLED)
            try:
                report = generator.send(answer)
            except StopIteration as end:
                forward.flush()
                return Outcome(Ending.STOPPED if stopped else Ending.DONE, value=end.value)
            forward(report)
            answer = None
            if not self.may_run.is_set():
                # What was done up to the pause is to be seen while it lasts.
                forward.flush()
                began = time.monotonic()
                self.may_run.wait()
                answer = Paused(time.monotonic() - began)
            # Said at every report from then on: some parts of a job take no notice of it.
            if self.stop.is_set():
                answer, stopped = STOP, True


def _give_way_to_the_window() -> None:
    """On Linux, niceness is the thread's own (its OpenMP threads inherit it)."""
    if hasattr(os, "setpriority") and hasattr(threading, "get_native_id"):
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _outcome_of(error: BaseException) -> Outcome:
    """A failure in words; with a traceback where the program or the computer is at fault."""
    if isinstance(error, LenscalError):
        return Outcome(Ending.FAILED, message=error_in_words(error))
    details = traceback.format_exc()
    if isinstance(error, OSError):
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        message = translatable(
            (
                "{what}: check that it exists, is writable and has free space, or choose "
                "another place"
            ),
            what=what,
        )
    elif is_out_of_memory(error):
        message = NOT_ENOUGH_MEMORY
    else:
        logger.exception("job failed")
        text = str(error).strip().split("\n")[0] or type(error).__name__
        message = translatable("Unexpected: {problem}", problem=text)
    return Outcome(Ending.FAILED, message=in_this_language(message), details=details)


class _Throttle:
    """Passes on at most REPORTS_PER_S reports of a stage; its last one and the curve points in
    between are kept."""

    def __init__(self, emit: Callable[[Progress], None]) -> None:
        self._emit = emit
        self._last_s = 0.0
        self._report: Report | None = None
        self._points: list[tuple[str, int, float]] = []

    def __call__(self, report: Report) -> None:
        if self._report is not None and report.stage != self._report.stage:
            self.flush()
        # Kernels that were not shown yet outlive reports without any.
        if self._report is not None and report.kernels is None and self._report.kernels is not None:
            report = replace(report, kernels=self._report.kernels)
        if self._report is not None and report.samples is None:
            report = replace(report, samples=self._report.samples)
        self._report = report
        self._points.extend(
            (name, report.step, float(value)) for name, value in report.curves.items()
        )
        if time.monotonic() - self._last_s >= 1 / REPORTS_PER_S:
            self.flush()

    def flush(self) -> None:
        if self._report is not None:
            self._emit(Progress(self._report, tuple(self._points)))
        self._report, self._points = None, []
        self._last_s = time.monotonic()
