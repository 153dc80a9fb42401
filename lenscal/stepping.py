"""How long work is stepped and chained: generators that yield reports and take replies. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from typing import TypeVar

from lenscal.reports import Report
from lenscal.translation import join_translatable

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stop:
    """Finish early, and return what there is."""


@dataclass(frozen=True, slots=True)
class Paused:
    """The job stood still for so long, which counts for no limit of time."""

    seconds: float


STOP = Stop()
Reply = Stop | Paused
"""What a job can be told at a `yield`; to cancel it, close it there."""
Job = Generator[Report, Reply | None, T]


def finish(job: Job[T], on_report: Callable[[Report], Reply | None] = lambda report: None) -> T:
    """Step a job to its end and return its result; `on_report` sees each report and may reply."""
    reply: Reply | None = None
    while True:
        try:
            report = job.send(reply)
        except StopIteration as end:
            result: T = end.value
            return result
        reply = on_report(report)


def relay(
    work: Job[T],
    on_report: Callable[[Report], Report],
    on_reply: Callable[[Reply | None], Reply | None] = lambda reply: reply,
) -> Job[T]:
    """Step `work` as a part of another job: its reports go through `on_report`, the replies to them
    through `on_reply`.

    However that ends, closed or by an error, `work` is closed with it.
    """
    reply: Reply | None = None
    try:
        while True:
            try:
                report = work.send(reply)
            except StopIteration as end:
                result: T = end.value
                return result
            reply = on_reply((yield on_report(report)))
    finally:
        work.close()


def follow(
    work: Job[T],
    low: float = 0.0,
    high: float = 1.0,
    *,
    forward_stop: bool = True,
    prefix: str = "",
) -> Job[tuple[T, bool]]:
    """`relay` a part (fractions low..high) of a longer job; also return whether `STOP` was asked
    for.

    `prefix` is put before its messages. Without `forward_stop` the part goes on to its end.
    """
    stopped = False

    def placed(report: Report) -> Report:
        fraction = None if report.fraction is None else low + (high - low) * report.fraction
        message = join_translatable("", (prefix, report.message)) if prefix else report.message
        return replace(report, fraction=fraction, message=message)

    def noted(reply: Reply | None) -> Reply | None:
        nonlocal stopped
        stopped |= reply == STOP
        return reply if forward_stop else None

    result = yield from relay(work, placed, noted)
    return result, stopped
