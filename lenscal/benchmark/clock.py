"""What work costs on a machine that has other work, too."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.translation import translatable


def processor_seconds() -> float:
    """Seconds of all processors that this process and the programs it ran have used; wall time on
    Windows."""
    # Windows does not tell what child processes have used.
    if os.name == "nt":
        return time.perf_counter()
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


@dataclass(frozen=True, slots=True)
class Pace:
    """Median seconds of ours and of the yardstick; `ratio` is ours over the yardstick's."""

    ours: float
    yardstick: float

    @property
    def ratio(self) -> float:
        """Independent of the machine, roughly: both sides ran on it."""
        return self.ours / self.yardstick


def in_turns(
    ours: Callable[[], object], yardstick: Callable[[], object], repeats: int
) -> Job[Pace]:
    """Time both in turns, after one round that does not count."""
    seconds: tuple[list[float], list[float]] = [], []
    # In turns, so that a machine that slows down (heat, other work) slows both.
    for number in range(repeats + 1):
        for call, times in zip((ours, yardstick), seconds, strict=True):
            message = translatable("round {number} of {repeats}", number=number, repeats=repeats)
            yield Report("speed", message, number / (repeats + 1), number)
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
    # The first round loads and compiles; the median forgives one interruption.
    return Pace(*(statistics.median(times[1:]) for times in seconds))
