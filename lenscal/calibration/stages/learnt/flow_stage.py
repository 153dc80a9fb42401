"""Flow matching as published (Meanti et al. 2025): stages F and M by two networks, from patches of
unrelated photos, with free kernels."""

from __future__ import annotations

import copy
import time
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.budget import PublishedBudget
from lenscal.calibration.checkpoint import Checkpointer
from lenscal.calibration.families.family import BlurFamily
from lenscal.calibration.matching.loop import MatchingState, random_normal
from lenscal.calibration.matching.patches import unpaired_pool
from lenscal.calibration.matching.published import PublishedMatcher
from lenscal.calibration.matching.reblur import Reblur
from lenscal.calibration.settings import CalibrationSettings
from lenscal.calibration.stages.estimate import Estimate
from lenscal.calibration.stages.held_out import HeldOutPhotos, reblur_of
from lenscal.calibration.stages.journal import Journal, Stopped
from lenscal.calibration.stages.learnt.kernel_family import grid_family
from lenscal.calibration.stages.learnt.lesson import GATHERING, Lesson, gathered, with_network
from lenscal.calibration.stages.learnt.matching_stage import (
    LEAST_PATCHES,
    gaussian_start,
    left_out,
    taken,
)
from lenscal.calibration.stages.photos import Photos
from lenscal.calibration.stages.stage import Span, StageName
from lenscal.flow.normalise import by_contrast
from lenscal.flow.sampling import sample
from lenscal.stepping import Job
from lenscal.translation import translatable

POLISH = 0.3
"""Of the kernels' rate, where they begin with what other stages found."""
FLOW_SHARE = 0.4
"""Of the time that a calibration may take, after which stage F ends, however far it is."""
PATIENCE = 6
"""Looks at photos that were kept out, after the best one, until stage M ends."""
LOOK_STEPS = 50
"""Between two such looks; a multiple of CURVE_STEPS."""
SAMPLE_STEPS = 100
"""Between two looks at what the network generates."""
SHOWN = 8
"""Patches of photos, and as many generated ones."""
TRIED = 32
"""Patches that the time of a step is measured with."""


@dataclass(frozen=True, slots=True)
class FlowStage:
    """Stages F and M as published, starting from a Gaussian, or from the kernels of other stages.

    Alone, all that it finds is taken; after other stages, what photos bear out that were kept out.
    """

    span: Span
    budget: PublishedBudget
    settings: CalibrationSettings
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
        pools = unpaired_pool(
            photos.sharp,
            photos.degraded,
            kernel_size=estimate.layout.kernel_size,
            n_patches=self.budget.patches,
            rng=np.random.default_rng(self.settings.seed),
            patch_px=self.budget.patch_px,
        )
        pool = yield from gathered(pools, self, estimate, journal)
        if pool is None or len(pool.real) < LEAST_PATCHES or len(pool.sharp) < LEAST_PATCHES:
            return left_out(estimate, journal)
        start = gaussian_start(estimate.layout) if prior is None else prior
        reblur = reblur_of(pool, photos, estimate.layout)
        family = yield from grid_family(
            self.settings.family,
            start,
            photos,
            replace(estimate, kernels=prior),
            journal,
            fraction=self.span.low + GATHERING,
            field_reach=self.budget.field_reach,
        )
        matcher = self._matcher(reblur, photos, estimate, family, polish=prior is not None)
        if learning is not None:
            matcher.restore(learning.snapshot)
        yield from self._tell_time(matcher, estimate, journal)
        lesson = FlowLesson(self, matcher, prior, began, journal)
        stop, estimate = yield from lesson.learn(estimate)
        estimate = self._result(matcher, prior, began, estimate, journal)
        if stop is not None:
            raise Stopped(estimate) from stop
        return estimate

    def _matcher(
        self,
        reblur: Reblur,
        photos: Photos,
        estimate: Estimate,
        family: BlurFamily,
        *,
        polish: bool,
    ) -> PublishedMatcher:
        """What learns, at its first step."""
        settings = self.budget.settings(
            reblur.packing.n,
            # Else it was estimated, from the photos themselves.
            train_noise=not all(frame.info.noise_profile for frame in photos.degraded),
            batch=estimate.batch,
            kernel_rate=self.budget.kernel_rate * (POLISH if polish else 1),
        )
        return PublishedMatcher(
            reblur, family, settings, seed=self.settings.seed, device=estimate.layout.device
        )

    def _tell_time(
        self, matcher: PublishedMatcher, estimate: Estimate, journal: Journal
    ) -> Job[None]:
        """Say how long it will take: at full quality weeks, on a processor."""
        message = translatable(
            "Flow matching takes about {time} on this machine ({device}); it can be stopped at any "
            "time",
            time=time_in_words(expected_seconds(matcher)),
            device=matcher.device.type,
        )
        yield from journal.tell(StageName.FLOW, message, self.span.low + GATHERING, estimate)

    def _result(
        self,
        matcher: PublishedMatcher,
        prior: Tensor | None,
        began: float,
        estimate: Estimate,
        journal: Journal,
    ) -> Estimate:
        """The estimate with what was learnt."""
        estimate = with_network(estimate, matcher.trained, matcher)
        matched = matcher.matched()
        if matched is None:
            return replace(estimate, kernels=prior)
        # A stop is a wish for what is there now.
        if journal.finished != "stopped" and bool(matcher.best_distance.isfinite()):
            matched = matcher.best_kernels
        matched = matcher.reblur.packing.spread(matched)
        estimate = replace(estimate, kernels=matched)
        journal.note_stage(StageName.MATCHING, began, estimate)
        if prior is None:
            return estimate
        return replace(estimate, kernels=taken(self.held_out, prior, matched, estimate, journal))


class FlowLesson(Lesson):
    """Steps with what the network generates, and an end where photos that were kept out ask for
    it."""

    matcher: PublishedMatcher

    @property
    def _look_steps(self) -> int:
        return LOOK_STEPS

    def _is_over(self) -> bool:
        distances = [d for _, d in self.journal.curves.get("re-blur distance", ())]
        best = float(self.matcher.best_distance)
        # None of the last looks was as good as one before.
        if best in distances and best not in distances[-PATIENCE:]:
            return True
        return Lesson._is_over(self)

    def _tell(self, state: MatchingState, estimate: Estimate, *, drawn: bool) -> Job[None]:
        matcher, journal = self.matcher, self.journal
        # A network that is learnt until the time is up leaves none for kernels.
        if state.stage == StageName.FLOW and journal.time_share > FLOW_SHARE:
            matcher.end_flow()
        if state.step % SAMPLE_STEPS == SAMPLE_STEPS - 1:
            journal.samples = shown_samples(matcher, seed=state.step)
        looks = len(journal.curves.get("re-blur distance", ()))
        yield from Lesson._tell(self, state, estimate, drawn=drawn)
        points = journal.curves.get("re-blur distance", [])
        if len(points) > looks and estimate.kernels is not None:
            distance = torch.tensor(points[-1][1], dtype=torch.float64)
            if distance < matcher.best_distance:
                matcher.best_distance.copy_(distance)
                matcher.best_kernels.copy_(estimate.kernels)


def expected_seconds(matcher: PublishedMatcher) -> float:
    """How long all steps that are left will take, by a few small ones of a copy."""
    s = matcher.settings
    # As few patches as still keep all threads, or a GPU, busy.
    n = matcher.batch if matcher.device.type == "cuda" else min(matcher.batch, TRIED)
    small = replace(
        s, flow_steps=1, matching_steps=2, batch=n, flow_factor=1, pretrained=False, compile=False
    )
    twin = PublishedMatcher(
        matcher.reblur, copy.deepcopy(matcher.family), small, seed=0, device=matcher.device
    )
    seconds = []
    for _ in range(twin.total):
        began = time.perf_counter()
        # Its losses are numbers on the processor: a GPU has finished then.
        twin.step()
        seconds.append((time.perf_counter() - began) * matcher.batch / n)
    # The second step of M: the first one copies the network.
    flow, _, matching = seconds
    left = max(matcher.flow_steps - matcher.step_number, 0)
    after = matcher.total - max(matcher.step_number, matcher.flow_steps)
    return flow * s.flow_factor * left + matching * after


def time_in_words(seconds: float) -> str:
    """In the unit that suits it."""
    minutes, hours, days = seconds / 60, seconds / 3600, seconds / 86400
    if hours < 2:
        return f"{max(minutes, 1):.0f} min"
    return f"{hours:.0f} h" if days < 2 else f"{days:.0f} d"


def shown_samples(matcher: PublishedMatcher, *, seed: int) -> NDArray[np.float32]:
    """[2, n, h, w, 3] in 0..1: patches of photos, and what the network generates at their
    places."""
    reblur, device = matcher.reblur, matcher.device
    # Numbers of its own: what is shown must not change what is learnt.
    generator = torch.Generator().manual_seed(seed)
    patches = reblur.draw(SHOWN, generator)
    noise = random_normal(patches.real.shape, generator, device)
    both = torch.stack(
        [by_contrast(patches.real), sample(matcher.target, noise, patches.positions)]
    )
    colours = torch.from_numpy(reblur.packing.averaging).float()
    rgb = torch.einsum("cp,knpyx->knyxc", colours, both.cpu())
    # Contrast is 1: three times it to either side of grey.
    return (0.5 + rgb / 6).clamp(0, 1).numpy()
