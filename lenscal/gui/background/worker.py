"""One worker that steps any job in a thread and always says how it ended."""

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
from lenscal.gui.translate import error_in_words
from lenscal.reports import Report
from lenscal.stepping import STOP, Job, Paused, Reply

logger = logging.getLogger(__name__)

MakeJob = Callable[[], Job[Any]]

REPORTS_PER_S = 10
NICENESS = 5


class Ending(StrEnum):
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
    returns what it has; `pause` holds it at its next yield until `go_on`, and then sends it `Paused`.
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

    @property
    def running(self) -> bool:
        return self._thread is not None

    @property
    def paused(self) -> bool:
        """Whether the job was asked to pause."""
        return self._thread is not None and not self._thread.may_run.is_set()

    def start(self, name: str, job: MakeJob) -> None:
        """Run a job; one at a time."""
        if self._thread is not None:
            raise LenscalError(f"{self.name} is still running: wait for it or cancel it first")
        self.name = name
        self._thread = _Stepper(job, self)
        self._thread.progressed.connect(self.progressed)
        self._thread.finished.connect(self._ended)
        self.started.emit(name)
        self._thread.start()

    def cancel(self) -> None:
        if self._thread is not None:
            self._thread.cancel.set()
            self._thread.may_run.set()

    def stop_and_keep(self) -> None:
        if self._thread is not None:
            self._thread.stop.set()
            self._thread.may_run.set()

    def pause(self) -> None:
        if self._thread is not None and not (
            self._thread.cancel.is_set() or self._thread.stop.is_set()
        ):
            self._thread.may_run.clear()
            self.paused_changed.emit(True)

    def go_on(self) -> None:
        if self._thread is not None:
            self._thread.may_run.set()
            self.paused_changed.emit(False)

    def wait(self) -> None:
        """Cancel and wait for the thread: only for the end of the program, where no event loop is
        left."""
        if self._thread is not None:
            self.cancel()
            self._thread.wait()

    @Slot()
    def _ended(self) -> None:
        thread = self._thread
        if thread is None:
            return
        thread.wait()
        self._thread = None
        outcome = thread.outcome
        thread.deleteLater()
        self.finished.emit(self.name, outcome)


class _Stepper(QThread):
    progressed = Signal(object)

    def __init__(self, job: MakeJob, parent: QObject) -> None:
        super().__init__(parent)
        self._job = job
        self.cancel = threading.Event()
        self.stop = threading.Event()
        self.may_run = threading.Event()
        self.may_run.set()
        self.outcome = Outcome(Ending.FAILED, message="The job did not start")

    def run(self) -> None:
        if hasattr(os, "setpriority") and hasattr(threading, "get_native_id"):
            # On Linux this is the thread's own niceness (its OpenMP threads inherit it): the window
            # goes first.
            with suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        try:
            self.outcome = self._step()
        except LenscalError as error:
            self.outcome = Outcome(Ending.FAILED, message=error_in_words(error))
        except OSError as error:
            what = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            self.outcome = Outcome(
                Ending.FAILED,
                message=f"{what}: look whether it is there, can be written to and has room, or choose another place",
                details=traceback.format_exc(),
            )
        except MemoryError:
            self.outcome = Outcome(
                Ending.FAILED,
                message="Not enough memory: close other programs or use fewer photos",
                details=traceback.format_exc(),
            )
        except BaseException as error:
            logger.exception("job failed")
            text = str(error).strip().split("\n")[0] or type(error).__name__
            self.outcome = Outcome(
                Ending.FAILED, message=f"Unexpected: {text}", details=traceback.format_exc()
            )
        finally:
            del self._job

    def _step(self) -> Outcome:
        generator = self._job()
        forward = _Throttle(self.progressed.emit)
        answer: Reply | None = None
        stopped = False
        while True:
            if self.cancel.is_set():
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
                forward.flush()
                began = time.monotonic()
                self.may_run.wait()
                answer = Paused(time.monotonic() - began)
            if self.stop.is_set():
                answer, stopped = STOP, True


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
        if self._report is not None and report.kernels is None and self._report.kernels is not None:
            report = replace(report, kernels=self._report.kernels)
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
