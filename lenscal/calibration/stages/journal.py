"""What a calibration tells while it runs, and when it has to end."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lenscal.calibration.result import StageResult
from lenscal.calibration.stages.estimate import Estimate
from lenscal.reports import Report
from lenscal.stepping import Job, Paused, Reply, Stop
from lenscal.translation import Translatable, translatable

T = TypeVar("T")

LEAST_FRACTION = 0.05
"""Before so much is done, what is left cannot be foretold."""


class Stopped(Exception):
    """The user asked to stop and keep, or the time is up.

    estimate : what was reached
    """

    def __init__(self, estimate: Estimate) -> None:
        super().__init__()
        self.estimate = estimate


class Journal:
    """Reports, curves, warnings, the results of stages, and the clock.

    Attributes
    ----------
    max_minutes : float or None
        Of this process, pauses apart; the clock ends a calibration only where it has kernels.
    curves : dict of list of (step, value), by name
    warnings : list of str
    stages : list of StageResult
    finished : str
        "done", "stopped" or "time".
    spent : float
        Seconds of earlier processes.
    samples : float32 ndarray or None
        Pictures that the next report shows (`Report.samples`).
    """

    def __init__(self, max_minutes: float | None = None) -> None:
        self.max_minutes = max_minutes
        self.curves: dict[str, list[tuple[int, float]]] = {}
        self.warnings: list[str] = []
        self.stages: list[StageResult] = []
        self.finished = "done"
        self.spent = 0.0
        self.samples: NDArray[np.float32] | None = None
        self._enlarged: list[str] = []
        self._started = time.monotonic()

    @property
    def seconds(self) -> float:
        """Spent on the calibration so far, in all processes."""
        return self.spent + time.monotonic() - self._started

    @property
    def time_share(self) -> float:
        """Of `max_minutes` that is spent; 0 without a limit."""
        if self.max_minutes is None:
            return 0.0
        return (time.monotonic() - self._started) / (60 * self.max_minutes)

    def tell(
        self,
        stage: str,
        message: Translatable,
        fraction: float,
        estimate: Estimate,
        step: int = 0,
        **curves: float,
    ) -> Job[None]:
        """Report where a stage is, with points of curves (`_` for spaces in their names), and heed
        the reply.

        Raises
        ------
        Stopped
            With this estimate.
        """
        points = {name.replace("_", " "): value for name, value in curves.items()}
        # Before the yield, so that a checkpoint made at a stop has them.
        for name, value in points.items():
            self.curves.setdefault(name, []).append((step, value))
        # A copy that the window may keep: it never sees a tensor.
        kernels = None if estimate.kernels is None else estimate.layout.on_grid(estimate.kernels)
        remaining = self.seconds * (1 - fraction) / fraction if fraction > LEAST_FRACTION else None
        samples, self.samples = self.samples, None
        reply = yield Report(
            stage, message, fraction, step, points, kernels, remaining, samples=samples
        )
        self._heed(reply, estimate)

    def announce(self, stages: Iterable[str], estimate: Estimate) -> Job[None]:
        """Report which stages are to come; `Stopped` as from `tell`."""
        names = tuple(stages)
        message = translatable("Stages to come: {stages}", stages=", ".join(names))
        reply = yield Report("plan", message, stages=names)
        self._heed(reply, estimate)

    def tell_each(
        self,
        iterates: Iterable[T],
        stage: str,
        message: Translatable,
        fraction: float,
        estimate: Estimate,
    ) -> Job[T]:
        """Report after each of some iterates; the last one.

        Raises
        ------
        ValueError
            There is none.
        """
        last: T | None = None
        for step, iterate in enumerate(iterates):
            last = iterate
            yield from self.tell(stage, message, fraction, estimate, step)
        if last is None:
            raise ValueError(f"{stage}: nothing to report")
        return last

    def _heed(self, reply: Reply | None, estimate: Estimate) -> None:
        if isinstance(reply, Paused):
            # As if it had begun so much later.
            self._started += reply.seconds
        if isinstance(reply, Stop):
            self.finished = "stopped"
            raise Stopped(estimate)
        # Without kernels there is nothing to keep: the time is exceeded rather than wasted.
        if self.max_minutes is None or estimate.kernels is None:
            return
        if time.monotonic() - self._started > 60 * self.max_minutes:
            self.finished = "time"
            raise Stopped(estimate)

    def note_stage(self, name: str, began: float, estimate: Estimate) -> None:
        """Note the kernels as what a stage made of them; what it noted before is replaced.

        began : `time.monotonic()` when it began
        """
        if estimate.kernels is None:
            return
        if self.stages and self.stages[-1].name == name:
            # R notes its kernels twice: as found, in case of a stop, and as weighed.
            self.stages.pop()
        kernels = estimate.layout.on_grid(estimate.kernels)
        self.stages.append(StageResult(name, time.monotonic() - began, kernels))

    def not_enlarged(self) -> None:
        """Take back what `enlarged` said: smaller kernels did as well."""
        self.warnings = [w for w in self.warnings if w not in self._enlarged]
        self._enlarged.clear()

    def enlarged(self, estimate: Estimate, kernel_size: int) -> Estimate:
        """The estimate with larger kernels, because light reached their border, and a warning."""
        self._enlarged.append(
            translatable(
                "light reached the border of {before} px kernels: they were made {size} px wide, "
                "which takes longer",
                before=estimate.layout.kernel_size,
                size=kernel_size,
            )
        )
        self.warnings.append(self._enlarged[-1])
        return estimate.with_kernel_size(kernel_size)
