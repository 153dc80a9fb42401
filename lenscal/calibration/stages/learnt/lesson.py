"""Steps of the learnt stages, with their reports and checkpoints."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from torch import Tensor, nn

from lenscal.calibration.checkpoint import Checkpointer
from lenscal.calibration.matching.loop import MatchingLoop, MatchingState
from lenscal.calibration.matching.patches import PatchPool
from lenscal.calibration.stages.estimate import Estimate, Learning
from lenscal.calibration.stages.held_out import HeldOutPhotos
from lenscal.calibration.stages.journal import Journal, Stopped
from lenscal.calibration.stages.stage import Span, StageName
from lenscal.stepping import Job
from lenscal.translation import translatable

CURVE_STEPS = 10
REBLUR_STEPS = 100
"""Steps of stage M between two looks at the photos that were kept out; a multiple of
CURVE_STEPS."""
SILENCE_S = 1.0
"""Reports, where a calibration can be stopped, come at least as often as this, or after every
step."""
SAVE_S = 20.0
"""A checkpoint is kept as often as this."""
GATHERING = 0.04
"""Fraction of the whole job that gathering patches takes."""


class LearntStage(Protocol):
    """A stage that learns in steps."""

    @property
    def span(self) -> Span: ...

    @property
    def held_out(self) -> HeldOutPhotos: ...

    @property
    def checkpoints(self) -> Checkpointer: ...


def gathered(
    pools: Iterable[PatchPool | None], stage: LearntStage, estimate: Estimate, journal: Journal
) -> Job[PatchPool | None]:
    """The last of some pools, which are filled photo by photo; reports each."""
    pool: PatchPool | None = None
    fraction = stage.span.low + GATHERING / 2
    for number, filled in enumerate(pools):
        pool = filled
        message = translatable("Gathering patches, photo {number}", number=number + 1)
        yield from journal.tell(StageName.FLOW, message, fraction, estimate, number)
    return pool


def with_network(estimate: Estimate, network: nn.Module, matcher: MatchingLoop) -> Estimate:
    """The estimate with a network's weights, and how many patches were seen."""
    state = network.state_dict()
    weights = {name: tensor.detach().cpu().numpy() for name, tensor in state.items()}
    flow, matching = matcher.patches
    return replace(estimate, patches=(flow, matching), weights=weights)


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Steps of the matcher, with their reports and checkpoints."""

    stage: LearntStage
    matcher: MatchingLoop
    prior: Tensor | None
    began: float
    journal: Journal

    def learn(self, estimate: Estimate) -> Job[tuple[Stopped | None, Estimate]]:
        """Step to the end, or until a stop is asked for; the estimate with the kernels shown
        last."""
        matcher, checkpoints = self.matcher, self.stage.checkpoints
        reported_at = 0.0
        while not self._is_over():
            stop: Stopped | None = None
            state = matcher.step()
            # Ten steps a point: more would be noise on a plot.
            drawn = self._is_drawn(state)
            if drawn or time.monotonic() - reported_at > SILENCE_S:
                reported_at = time.monotonic()
                if state.stage == StageName.MATCHING:
                    estimate = replace(estimate, kernels=matcher.matched())
                try:
                    yield from self._tell(state, estimate, drawn=drawn)
                except Stopped as asked:
                    stop = asked
            # Also at a stop, which may be meant as a pause until tomorrow.
            if stop is not None or time.monotonic() - checkpoints.saved_at > SAVE_S:
                seconds = time.monotonic() - self.began
                learning = Learning(self.prior, seconds, matcher.snapshot())
                estimate = replace(estimate, learning=learning)
                checkpoints.save(estimate, self.journal)
            if stop is not None:
                return stop, estimate
        return None, estimate

    @property
    def _look_steps(self) -> int:
        return REBLUR_STEPS

    def _is_over(self) -> bool:
        return self.matcher.step_number >= self.matcher.total

    def _is_drawn(self, state: MatchingState) -> bool:
        """Whether a step gives a point of the curves."""
        last = self.matcher.step_number == self.matcher.total
        return last or state.step % CURVE_STEPS == CURVE_STEPS - 1

    def _tell(self, state: MatchingState, estimate: Estimate, *, drawn: bool) -> Job[None]:
        """Report a step, and from time to time the held-out photos."""
        matcher, stage, span = self.matcher, self.stage, self.stage.span
        step, total = matcher.step_number, matcher.total
        curves = {"flow_loss": state.flow_loss}
        if state.stage == StageName.FLOW:
            message = translatable(
                "Learning the degraded photos, step {step} of {total}", step=step, total=total
            )
        else:
            message = translatable(
                "Matching distributions, step {step} of {total}", step=step, total=total
            )
            curves["velocity_gap"] = state.gap
        fraction = span.low + GATHERING
        fraction += (span.high - fraction) * state.step / total
        points = curves if drawn else {}
        yield from self.journal.tell(state.stage, message, fraction, estimate, state.step, **points)
        if (
            state.stage == StageName.MATCHING
            and state.step % self._look_steps == self._look_steps - 1
        ):
            yield from stage.held_out.look(state.stage, fraction, estimate, self.journal)
