"""Stepping a job on the command line: progress on standard error, Ctrl+C, and the one place that
prints results."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

from lenscal.errors import LenscalError
from lenscal.reports import Report
from lenscal.stepping import STOP, Job, Reply, finish
from lenscal.system.streams.standard_streams import write_err, write_out

T = TypeVar("T")
_LIVE_INTERVAL_S = 0.1
_PLAIN_INTERVAL_S = 1.0
_LONG_S = 90
"""From here on the time that remains is told in minutes."""
CANCELLED = 130
"""What shells return for a program that Ctrl+C has ended."""


class Speaker:
    """What a command says: results on standard output, everything else on standard error."""

    def __init__(self, *, as_json: bool, quiet: bool, verbose: bool) -> None:
        self.as_json = as_json
        self.verbose = verbose
        self._quiet = quiet
        # Into a file or a pipe go whole lines, without control characters.
        self._live = sys.stderr.isatty()
        self._shown_at = 0.0
        self._shown = ""

    def progress(self, report: Report) -> None:
        """Show a report: a live line on a terminal, otherwise at most a line a second."""
        if self._quiet:
            return
        now = time.monotonic()
        # A terminal can take more than a log file, which keeps every line.
        if now - self._shown_at < (_LIVE_INTERVAL_S if self._live else _PLAIN_INTERVAL_S):
            return
        line = self._line(report)
        # The same line twice says nothing new.
        if not self._live and line == self._shown:
            return
        self._shown_at, self._shown = now, line
        if self._live:
            width = shutil.get_terminal_size().columns
            # Back to the start and clear: a shorter line leaves nothing of a longer one.
            write_err(line[: width - 1], clear_line=True)
        else:
            write_err(f"{line}\n")

    def _line(self, report: Report) -> str:
        # Of one width, so that messages do not jump.
        part = "    " if report.fraction is None else f"{100 * report.fraction:3.0f}%"
        remaining = f" ({_duration(report.seconds_left)} left)" if report.seconds_left else ""
        figures = (
            "".join(f"  {name} {value:.4g}" for name, value in report.curves.items())
            if self.verbose
            else ""
        )
        return f"{part} {report.message}{remaining}{figures}"

    def note(self, text: str) -> None:
        """Say something on standard error, on a line of its own."""
        self.end_line()
        write_err(f"{text}\n")

    def end_line(self) -> None:
        """Leave the live line behind."""
        if self._live and self._shown:
            write_err("", clear_line=True)
            self._shown = ""

    def result(self, text: str, values: Mapping[str, Any]) -> None:
        """Print the result: words, or the one JSON object."""
        self.end_line()
        # NaN is no JSON: whoever forgot `without_nan` hears of it here.
        write_out(f"{json.dumps(values, allow_nan=False) if self.as_json else text}\n")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < _LONG_S else f"{seconds / 60:.0f} min"


def run_job(job: Job[T], speaker: Speaker, *, keeps: bool = False) -> T:
    """Step a job to its end. Where it `keeps` what it has, the first Ctrl+C asks it to stop early.

    Raises
    ------
    KeyboardInterrupt
        At the second Ctrl+C, or the first if nothing is kept or there is nothing to keep yet; the
        job is closed.
    """
    with _stop_at_interrupt(speaker, active=keeps) as stopping:
        stop_sent = False

        def on_report(report: Report) -> Reply | None:
            nonlocal stop_sent
            speaker.progress(report)
            if stop_sent or not stopping.is_set():
                return None
            # Once: a job that is stopping already need not hear it again.
            stop_sent = True
            return STOP

        try:
            return finish(job, on_report)
        except LenscalError as error:
            if not stop_sent:
                raise
            # There was nothing to keep yet: that is what the user asked for, and no failure.
            speaker.note(str(error))
            raise KeyboardInterrupt from error
        finally:
            job.close()
            speaker.end_line()


@contextmanager
def _stop_at_interrupt(speaker: Speaker, *, active: bool) -> Iterator[threading.Event]:
    stopping = threading.Event()
    # Signal handlers can be set in the main thread only.
    if not active or threading.current_thread() is not threading.main_thread():
        yield stopping
        return

    def interrupted(number: int, frame: FrameType | None) -> None:
        # The second time: now, and once.
        if stopping.is_set():
            if callable(before):
                before(number, frame)
            raise KeyboardInterrupt
        stopping.set()
        speaker.note("Stopping, what was reached is kept (Ctrl+C again: throw it away)")

    # Whatever handled it before does so again afterwards: jobs can follow each other.
    before = signal.signal(signal.SIGINT, interrupted)
    try:
        yield stopping
    finally:
        signal.signal(signal.SIGINT, before)
