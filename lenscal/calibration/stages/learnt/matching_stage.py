"""The learnt stages: a network learns how the degraded photos look (F), then kernels are changed
until re-blurred sharp photos look the same (M)."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from torch import Tensor

from lenscal.calibration.budget import Budget
from lenscal.calibration.checkpoint import Checkpointer
from lenscal.calibration.families.family import gaussian_kernel
from lenscal.calibration.matching.matcher import Matcher, MatchingSettings
from lenscal.calibration.matching.patches import PatchPool
from lenscal.calibration.stages.estimate import Estimate
from lenscal.calibration.stages.held_out import HeldOutPhotos, patch_pools, reblur_of
from lenscal.calibration.stages.journal import Journal, Stopped
from lenscal.calibration.stages.layout import Layout
from lenscal.calibration.stages.learnt.lesson import Lesson, gathered, with_network
from lenscal.calibration.stages.photos import Photos
from lenscal.calibration.stages.stage import Span, StageName
from lenscal.errors import LenscalError
from lenscal.stepping import Job
from lenscal.translation import translatable

LEAST_PATCHES = 200
START_SIGMA_PX = 1.5
"""Of the Gaussian that matching begins with where no other stage made kernels."""
MATCHING_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""How much of what stage M changed is tried on held-out photos."""
MOST_OF_IT = 0.5
"""Of that, what is taken at most where M began at other stages' kernels: these and M's are wrong in
different ways, and their mean is better than either (docs/experiments/)."""
LEAST_GAIN = 0.01
"""Matching must take this share of what held-out photos leave unexplained, above the floor or the
noise: smaller changes are the scenes' or the registration's. On tuning lenses with unrelated scenes
it took 2 % where it made kernels better, less than 1 % elsewhere."""


class Misfit(Protocol):
    """How far kernels are from explaining photos (`ReblurCheck`)."""

    def distance(self, kernels: Tensor) -> float:
        """In statistics."""

    def floor(self) -> float:
        """The distance that even true kernels leave."""

    def residual(self, kernels: Tensor) -> float:
        """Of paired patches: over the noise's, so that true kernels leave 1."""


@dataclass(frozen=True, slots=True)
class MatchingStage:
    """Stages F and M, starting from the kernels of other stages where there are any.

    Attributes
    ----------
    held_out : decides how much of what M changes is taken
    checkpoints : keeps the network every `SAVE_S`
    """

    span: Span
    budget: Budget
    seed: int
    held_out: HeldOutPhotos
    checkpoints: Checkpointer

    @property
    def names(self) -> tuple[StageName, ...]:
        return StageName.FLOW, StageName.MATCHING

    def run(self, photos: Photos, estimate: Estimate, journal: Journal) -> Job[Estimate]:
        """Go on from `estimate.learning` where there is one.

        Raises
        ------
        LenscalError
            Too few patches, and no kernels of other stages.
        """
        learning = estimate.learning
        prior = estimate.kernels if learning is None else learning.start
        # As if the time before an interruption had been spent just now.
        began = time.monotonic() - (0.0 if learning is None else learning.seconds)
        pools = patch_pools(photos, estimate, n_patches=self.budget.patches, seed=self.seed)
        pool = yield from gathered(pools, self, estimate, journal)
        # A network that sees the same few patches again and again learns them by heart.
        if pool is None or len(pool.real) < LEAST_PATCHES:
            return left_out(estimate, journal)
        # Deformations multiply the start: it must have light wherever kernels may need it.
        start = gaussian_start(estimate.layout) if prior is None else prior
        matcher = self._matcher(pool, photos, estimate, start, hold_colour=prior is not None)
        if learning is not None:
            matcher.restore(learning.snapshot)
        lesson = Lesson(self, matcher, prior, began, journal)
        stop, estimate = yield from lesson.learn(estimate)
        estimate = self._result(matcher, start, began, estimate, journal)
        if stop is not None:
            raise Stopped(estimate) from stop
        return estimate

    def _matcher(
        self,
        pool: PatchPool,
        photos: Photos,
        estimate: Estimate,
        start: Tensor,
        *,
        hold_colour: bool,
    ) -> Matcher:
        """What learns, at its first step."""
        settings = MatchingSettings(
            self.budget.flow_steps,
            self.budget.matching_steps,
            batch=estimate.batch,
            network=replace(self.budget.network, planes=pool.real.shape[1]),
            hold_lateral_colour=hold_colour,
        )
        reblur = reblur_of(pool, photos, estimate.layout)
        return Matcher(reblur, start, settings, seed=self.seed, device=estimate.layout.device)

    def _result(
        self, matcher: Matcher, start: Tensor, began: float, estimate: Estimate, journal: Journal
    ) -> Estimate:
        """The estimate with what was learnt, as far as held-out photos bear it out."""
        estimate = with_network(estimate, matcher.network, matcher)
        matched = matcher.matched()
        if matched is None:
            return replace(estimate, kernels=start)
        matched = matcher.reblur.packing.spread(matched)
        estimate = replace(estimate, kernels=matched)
        journal.note_stage(StageName.MATCHING, began, estimate)
        kernels = taken(self.held_out, start, matched, estimate, journal)
        return replace(estimate, kernels=kernels)


def taken(
    held_out: HeldOutPhotos, start: Tensor, matched: Tensor, estimate: Estimate, journal: Journal
) -> Tensor:
    """Of the kernels between the start and M's, those that held-out photos bear out."""
    check = held_out.check(estimate)
    if check is None:
        journal.warnings.append(
            translatable(
                "too few photos to keep any out: what distribution matching changed cannot be "
                "checked and was dropped"
            )
        )
        return start
    share = share_to_take(start, matched, check, paired=estimate.same_scenes)
    if share == 0:
        journal.warnings.append(
            translatable(
                "distribution matching explained the held-out photos no better: its changes "
                "were dropped"
            )
        )
    return start + share * (matched - start)


def left_out(estimate: Estimate, journal: Journal) -> Estimate:
    """The estimate as it is, where there are kernels and too few patches to learn from."""
    if estimate.kernels is None:
        raise LenscalError(
            translatable(
                "too few textured patches for stages F and M (below {least_patches}): add photos "
                "with texture, or use --stages auto",
                least_patches=LEAST_PATCHES,
            )
        )
    journal.warnings.append(
        translatable("too few textured patches for distribution matching: it was left out")
    )
    return estimate


def gaussian_start(layout: Layout) -> Tensor:
    """Kernels [nodes, 3, n] to begin with where nothing is known."""
    kernel = gaussian_kernel(layout.kernel_size, START_SIGMA_PX)
    return kernel.expand(layout.n_nodes, 3, -1).clone().to(layout.device)


def share_to_take(start: Tensor, matched: Tensor, check: Misfit, *, paired: bool) -> float:
    """How far to go from the start to M's kernels: to those that explain held-out photos best, half
    way at most; 0 where none explains them clearly better."""
    # Pairs can be compared pixel by pixel; unrelated scenes in their statistics only.
    measure, least = (check.residual, 1.0) if paired else (check.distance, check.floor())
    errors = [measure(start + share * (matched - start)) for share in MATCHING_SHARES]
    best = int(np.argmin(errors))
    unexplained = errors[0] - least
    # Nothing to explain, or a gain that scenes alone can make.
    if unexplained <= 0 or errors[0] - errors[best] < LEAST_GAIN * unexplained:
        return 0.0
    return min(MATCHING_SHARES[best], MOST_OF_IT)
