"""Progress for those who call from Python: a function that gets reports, or a bar as tqdm's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeAlias, TypeVar

from lenscal.reports import Report
from lenscal.stepping import STOP, Job, Reply, finish
from lenscal.system.isolation.calls import in_workers

T = TypeVar("T")
_WHOLE = 100
"""What a bar counts to where it does not say it."""


class ProgressBar(Protocol):
    """What is used of a bar: tqdm's convention."""

    def update(self, n: float = 1, /) -> Any:
        """Go on by n of its `total`."""


Progress: TypeAlias = "Callable[..., Any] | ProgressBar | None"
"""A function of a `Report`, which may return True to stop and keep what there is; a bar, or its
class (`progress=tqdm`); None: silence."""


def run(job: Job[T], progress: Progress) -> T:
    """Step a job to its end, and tell of it. Whatever is raised meanwhile, Ctrl+C among it, closes
    the job first."""
    # A file that crashes LibRaw must not take the notebook with it.
    with in_workers(), _shown(progress) as show:

        def on_report(report: Report) -> Reply | None:
            return STOP if show(report) is True else None

        try:
            return finish(job, on_report)
        finally:
            job.close()


@contextmanager
def _shown(progress: Progress) -> Iterator[Callable[[Report], Any]]:
    if progress is None:
        yield lambda report: None
    elif isinstance(progress, type) and hasattr(progress, "update"):
        # tqdm itself: the bar is ours to close.
        bar: Any = progress(total=_WHOLE)
        try:
            yield _Steps(bar)
        finally:
            bar.close()
    elif hasattr(progress, "update"):
        yield _Steps(progress)
    elif callable(progress):
        yield progress
    else:
        raise TypeError(f"progress: a function or a bar with update(), not {progress!r}")


class _Steps:
    """Reports as the steps of a bar."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._whole = getattr(bar, "total", None) or _WHOLE
        self._done = 0
        self._said = ""

    def __call__(self, report: Report) -> None:
        message = str(report.message)
        if message != self._said and hasattr(self._bar, "set_description_str"):
            self._said = message
            self._bar.set_description_str(message, refresh=False)
        # Whole steps only, and never back: fractions of stages are estimates.
        reached = int(self._whole * (report.fraction or 0))
        if reached > self._done:
            self._bar.update(reached - self._done)
            self._done = reached
