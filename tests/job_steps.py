"""A job stepped to its end, with the reports that it made on the way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from lenscal.reports import Report
from lenscal.stepping import Job, Reply, finish

T = TypeVar("T")


def stepped(job: Job[T], replies: Iterable[Reply | None] = ()) -> tuple[T, list[Report]]:
    """Its result and its reports; `replies` answer the reports one by one, from the first on."""
    reports: list[Report] = []
    waiting = iter(replies)

    def answer(report: Report) -> Reply | None:
        reports.append(report)
        return next(waiting, None)

    return finish(job, answer), reports
