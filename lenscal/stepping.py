"""How long work is stepped and chained."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TypeVar

from lenscal.reports import Report
from lenscal.translation import join_translatable

T = TypeVar("T")
Job = Generator[Report, str | None, T]


def follow(
    work: Job[T],
    low: float = 0.0,
    high: float = 1.0,
    *,
    forward_stop: bool = True,
    prefix: str = "",
) -> Job[tuple[T, bool]]:
    """Step `work` as a part (fractions low..high) of a longer job; also return whether "stop" was
    asked for.

    `prefix` is put before its messages.
    """
    reply, stopped = None, False
    try:
        while True:
            try:
                report = work.send(reply)
            except StopIteration as end:
                return end.value, stopped
            fraction = None if report.fraction is None else low + (high - low) * report.fraction
            message = join_translatable("", (prefix, report.message)) if prefix else report.message
            reply = yield replace(report, fraction=fraction, message=message)
            stopped |= reply == "stop"
            if not forward_stop:
                reply = None
    finally:
        work.close()
