"""One calibration from beginning to end: which stages run, in which order, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.budget import BUDGETS, Budget
from lenscal.calibration.checkpoint import Checkpointer, Keeper, made_from
from lenscal.calibration.confidence import UNRELATED_SHARE, confidence, confidence_of_few
from lenscal.calibration.field.kernels import border_light
from lenscal.calibration.packing import packing_of
from lenscal.calibration.proof.trial import Trial, simpler_in_words, simplest_that_passes
from lenscal.calibration.result import Calibration
from lenscal.calibration.settings import KERNEL_PX, PUBLISHED, CalibrationSettings, Stages
from lenscal.calibration.stages.colour_stage import LateralColourStage
from lenscal.calibration.stages.estimate import Estimate, first_estimate
from lenscal.calibration.stages.held_out import HeldOutPhotos
from lenscal.calibration.stages.journal import Journal, Stopped
from lenscal.calibration.stages.layout import Layout, lay_out
from lenscal.calibration.stages.learnt.flow_stage import FlowStage
from lenscal.calibration.stages.learnt.matching_stage import MatchingStage
from lenscal.calibration.stages.pair_search import PairSearch
from lenscal.calibration.stages.paired_ray_stage import PairedRayStage
from lenscal.calibration.stages.paired_stage import PairedStage
from lenscal.calibration.stages.photos import Photos, checked_photos
from lenscal.calibration.stages.ray_stage import RayStage
from lenscal.calibration.stages.stage import Chain, Span, Stage, StageName
from lenscal.calibration.stages.statistics_stage import (
    SecondOrderStage,
    ThirdOrderStage,
)
from lenscal.calibration.statistics.noise_spectra import autocorrelation
from lenscal.errors import LenscalError
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import Frame
from lenscal.stepping import Job
from lenscal.system.device import free_memory, pick_device
from lenscal.system.memory import is_out_of_memory
from lenscal.translation import Translatable, translatable

LEAST_BATCH = 8
"""Below so many patches a step, a GPU is no help: the CPU takes over."""
CPU = torch.device("cpu")
MOST_BORDER_LIGHT = 0.03
"""Of a kernel's light on its border, from which on the user is told; above `MOST_AT_BORDER`, at
which kernels are made larger unless the user chose their size."""


def calibrate(
    sharp: Sequence[Frame],
    degraded: Sequence[Frame],
    settings: CalibrationSettings,
    *,
    keeper: Keeper | None = None,
) -> Job[Calibration]:
    """Learn the PSF of the degraded photos relative to the sharp ones.

    Send `STOP` to finish early with what is there. A `keeper` is given checkpoints, and asked at
    the beginning for one to go on from; what comes out is the same to the bit as without the
    interruption (same device, same threads).

    Raises
    ------
    InputError
        Photos that cannot be calibrated (kinds or sizes that differ, too small); a
        checkpoint of other ones.
    LenscalError
        Stopped before anything was learnt; no usable patches.
    """
    photos, budget = checked_photos(sharp, degraded), BUDGETS[settings.quality]
    device = pick_device(settings.device)
    size, noise = settings.kernel_size or KERNEL_PX, autocorrelation(photos.sharp)
    layout = lay_out(settings.grid, size, device, noise)
    estimate = first_estimate(layout, budget.batch_of(settings.stages))
    journal = Journal(settings.max_minutes)
    # Before photos are kept out: a checkpoint is of all photos that were given, in their order.
    origin = made_from(settings, budget, sharp, degraded)
    # The first state is kept at once: a GPU may be full before any stage has ended.
    checkpoints = Checkpointer(keeper, origin, estimate, journal)
    # Before any work: a checkpoint of other photos is refused while nothing has been spent.
    resumed = checkpoints.resumed(layout, journal)
    engine = _Engine(photos, settings, budget, journal, checkpoints)
    try:
        if resumed is not None:
            estimate = resumed
            # Work of minutes has been skipped: say where this one goes on.
            yield from journal.tell("resume", _whence(estimate), 0.0, estimate)
        estimate = yield from engine.run(estimate)
    except Stopped as stopped:
        # Not what the last stage returned: what it had reached when it was stopped.
        estimate = stopped.estimate
    # A stop in the first seconds: there is nothing that a profile could hold.
    if estimate.kernels is None:
        raise LenscalError(
            translatable("stopped before any kernel was learnt: there is nothing to keep")
        )
    return engine.result(estimate, estimate.kernels)


def _whence(estimate: Estimate) -> Translatable:
    """Where a calibration goes on."""
    stages = ", ".join(estimate.completed)
    if estimate.learning is not None:
        return translatable(
            "Continuing after {stages}, step {step} of stages F and M",
            stages=stages,
            step=estimate.learning.snapshot.step,
        )
    if estimate.passes:
        return translatable(
            "Continuing after {stages}, pass {number} of stage P",
            stages=stages,
            number=estimate.passes,
        )
    return translatable("Continuing after {stages}", stages=stages)


def plan(
    settings: CalibrationSettings,
    budget: Budget,
    estimate: Estimate,
    held_out: HeldOutPhotos,
    checkpoints: Checkpointer,
) -> list[Stage]:
    """The stages after the search for pairs, in order.

    Matching has never found what pairs did not tell (docs/experiments/): with pairs, F and M run
    only if asked for.
    """
    wanted, same = settings.stages, estimate.same_scenes
    # With pairs every pixel is compared, which no statistics can match.
    paired = same and wanted in (Stages.AUTO, Stages.P, Stages.ALL)
    statistics_alone = wanted is Stages.AUTO and not same
    stages: list[Stage] = [LateralColourStage(Span(0.02, 0.05))]
    # G alone is for measuring what second order tells: GT reads its spectra as well.
    if wanted in (Stages.G, Stages.ALL):
        only = wanted is Stages.G
        # Fractions are shares of the time that stages took on the virtual lens; they are shown
        # only.
        span = Span(0.05, 0.4 if only else 0.1)
        stages.append(SecondOrderStage(span, budget.statistics_rounds, halves=only))
    if wanted in (Stages.GT, Stages.GTFM, Stages.ALL) or statistics_alone:
        # Asked for by its name, a stage shows what it does.
        trial = Trial(held_out) if judged(wanted) else None
        stages.append(_third_order(settings, budget, trial, with_rays=not paired))
    # What cannot be checked is not kept: without photos to check on, M is not worth its time.
    checked = held_out.whole_photos_for(estimate)
    if wanted in PUBLISHED:
        span = Span(0.05 if wanted is Stages.FM else 0.4, 0.98)
        stages.append(FlowStage(span, budget.published, settings, held_out, checkpoints))
    elif wanted is Stages.ALL or (statistics_alone and checked):
        span = Span(0.2 if paired else 0.4, 0.6 if paired else 0.98)
        stages.append(MatchingStage(span, budget, settings.seed, held_out, checkpoints))
    if paired:
        span = Span(0.6 if wanted is Stages.ALL else 0.05, 0.98)
        stages.append(_paired(settings, budget, span, checkpoints))
    return stages


def judged(wanted: Stages) -> bool:
    """Whether what photos that were kept out do not like is replaced."""
    return wanted in (Stages.AUTO, Stages.GTFM, Stages.ALL)


def _third_order(
    settings: CalibrationSettings, budget: Budget, trial: Trial | None, *, with_rays: bool
) -> Stage:
    """Stage GT, and R after it; where pairs follow, they tell more in less time than rays do."""
    if not with_rays:
        # Kernels to begin M with; P solves anew.
        return ThirdOrderStage(Span(0.1, 0.2), budget.statistics_rounds)
    return Chain(
        ThirdOrderStage(Span(0.1, 0.28), budget.statistics_rounds, trial),
        RayStage(Span(0.28, 0.4), budget.ray_rounds, settings.kernel_size, trial),
    )


def _paired(
    settings: CalibrationSettings, budget: Budget, span: Span, checkpoints: Checkpointer
) -> Stage:
    """Stage P, and R after it, unless P alone is asked for."""
    # Who chose a size gets it, and a warning where it is too small.
    may_enlarge = settings.kernel_size is None
    # Asked for by its name, P shows what pairs tell without a model of the lens.
    if settings.stages is Stages.P:
        return PairedStage(span, budget.sites, may_enlarge, checkpoints)
    first, second = span.between(0, 0.8), span.between(0.8, 1)
    return Chain(PairedStage(first, budget.sites, may_enlarge, checkpoints), PairedRayStage(second))


@dataclass(slots=True)
class _Engine:
    """Runs the stages on one set of photos."""

    photos: Photos
    settings: CalibrationSettings
    budget: Budget
    journal: Journal
    checkpoints: Checkpointer
    held_out: HeldOutPhotos | None = None
    """Patches are drawn once, for the stages and for the result."""

    def run(self, estimate: Estimate) -> Job[Estimate]:
        """All stages that are not completed."""
        search = PairSearch(Span(0.0, 0.02), required=self.settings.stages is Stages.P)
        if StageName.PAIRS not in estimate.completed:
            # As published, photos are taken as unrelated even where they are not.
            if self.settings.stages not in PUBLISHED:
                estimate = yield from search.run(self.photos, estimate, self.journal)
            estimate = self._completed(search, estimate)
        if not estimate.same_scenes:
            # With pairs the search has kept some out; without, degraded photos are, since the sharp
            # ones only say what scenes are like.
            self.photos = self.photos.with_some_held_out()
        held_out = self.held_out = HeldOutPhotos(self.photos, seed=self.settings.seed)
        stages = plan(self.settings, self.budget, estimate, held_out, self.checkpoints)
        names = [name for stage in stages for name in stage.names]
        yield from self.journal.announce(
            (name for name in names if name not in estimate.completed), estimate
        )
        for stage in stages:
            # Of a chain both are completed, or none is.
            if stage.names[-1] in estimate.completed:
                continue
            estimate = yield from self._with_enough_memory(stage, estimate)
            # Before the checkpoint, so that a calibration that is continued has this point of the
            # curves.
            estimate = yield from self._look(stage, held_out, estimate)
            estimate = self._completed(stage, estimate)
        return estimate

    def _completed(self, stage: Stage, estimate: Estimate) -> Estimate:
        """Note that a stage is done, and keep what it gave."""
        completed = (*estimate.completed, *stage.names)
        estimate = replace(estimate, completed=completed, learning=None, passes=0)
        return self.checkpoints.keep(estimate, self.journal)

    def _with_enough_memory(self, stage: Stage, estimate: Estimate) -> Job[Estimate]:
        """A stage; where a GPU's memory does not suffice, again from its last checkpoint in a way
        that needs less."""
        while True:
            try:
                return (yield from stage.run(self.photos, estimate, self.journal))
            except RuntimeError as error:
                if not _full(estimate.layout, error):
                    raise
            # Outside the except clause, whose error holds the tensors that filled the memory.
            free_memory()
            estimate = yield from self._with_less_memory(stage, estimate)

    def _with_less_memory(self, stage: Stage, estimate: Estimate) -> Job[Estimate]:
        """The last checkpoint, with half the batch or on the CPU."""
        # Only learning has a batch to halve; its result depends on the batch, so half is tried
        # before the slower CPU.
        batch = estimate.batch // 2 if StageName.FLOW in stage.names else 0
        if batch < LEAST_BATCH:
            # There is memory enough now: the batch that the budget wants.
            layout, batch = estimate.layout.on(CPU), self.budget.batch_of(self.settings.stages)
            warning = _on_the_cpu()
            message = translatable("The GPU's memory was full: continuing on the CPU")
        else:
            layout = estimate.layout
            warning = translatable(
                (
                    "the GPU's memory was full: learning continued with {batch} patches a "
                    "step instead of {before}"
                ),
                batch=batch,
                before=2 * batch,
            )
            message = translatable(
                "The GPU's memory was full: continuing with {batch} patches a step", batch=batch
            )
        estimate = replace(self.checkpoints.restored(layout, self.journal), batch=batch)
        self.journal.warnings.append(warning)
        # In memory only: a file made on this GPU may be continued on a larger one.
        self.checkpoints.note(estimate, self.journal)
        yield from self.journal.tell(stage.names[0], message, stage.span.low, estimate)
        return estimate

    def _look(self, stage: Stage, held_out: HeldOutPhotos, estimate: Estimate) -> Job[Estimate]:
        """A look at the photos that were kept out, which a full GPU must not end."""
        name, fraction = stage.names[-1], stage.span.high
        try:
            yield from held_out.look(name, fraction, estimate, self.journal)
            return estimate
        except RuntimeError as error:
            if not _full(estimate.layout, error):
                raise
        estimate = self._on_the_cpu(estimate)
        yield from held_out.look(name, fraction, estimate, self.journal)
        return estimate

    def _on_the_cpu(self, estimate: Estimate) -> Estimate:
        free_memory()
        self.journal.warnings.append(_on_the_cpu())
        return estimate.on(CPU)

    def result(self, estimate: Estimate, kernels: Tensor) -> Calibration:
        """What comes out, compared with the photos that were kept out."""
        # A stop may have come before they were chosen.
        held_out = self.held_out or HeldOutPhotos(self.photos, seed=self.settings.seed)
        weak = self.photos.by_blocks
        if judged(self.settings.stages):
            choice, estimate = self._proved(estimate, held_out)
            weak = weak or bool(choice)
            kernels = estimate.kernels if estimate.kernels is not None else kernels
        try:
            return self._result(estimate, kernels, held_out, weak=weak)
        except RuntimeError as error:
            if not _full(estimate.layout, error):
                raise
        estimate = self._on_the_cpu(estimate)
        return self._result(estimate, kernels.to(CPU), held_out, weak=weak)

    def _proved(self, estimate: Estimate, held_out: HeldOutPhotos) -> tuple[str, Estimate]:
        """The estimate, or what is simpler where photos that were kept out like that better, and
        which that is."""
        try:
            choice, estimate = simplest_that_passes(Trial(held_out), estimate)
        except RuntimeError as error:
            if not _full(estimate.layout, error):
                raise
            estimate = self._on_the_cpu(estimate)
            choice, estimate = simplest_that_passes(Trial(held_out), estimate)
        self.journal.warnings += simpler_in_words(choice, by_blocks=self.photos.by_blocks)
        return choice, estimate

    def _result(
        self, estimate: Estimate, kernels: Tensor, held_out: HeldOutPhotos, *, weak: bool
    ) -> Calibration:
        layout, journal, degraded = estimate.layout, self.journal, self.photos.degraded[0]
        # Stage P has three kernels a place, alike but for rounding, where photos have one colour.
        kernels = packing_of(degraded).spread(kernels)
        trial, stages = Trial(held_out), tuple(journal.stages)
        distances = [trial.distance(estimate, _on_nodes(s.kernels, layout)) for s in stages]
        pairs = zip(stages, distances, strict=True)
        stages = tuple(replace(stage, reblur=distance) for stage, distance in pairs)
        # Of every kernel, since one that is cut off shows at its place in the photo.
        border = float(border_light(kernels).max())
        if border > MOST_BORDER_LIGHT:
            journal.warnings.append(
                translatable(
                    "up to {share} of a kernel's light falls on its border: use a larger "
                    "--kernel-size",
                    share=f"{border:.0%}",
                )
            )
        sure = _confidence(estimate, kernels)
        n_photos = min(len(self.photos.sharp), len(self.photos.degraded))
        sure = confidence_of_few(sure, layout.grid, n_photos, weak=weak)
        return Calibration(
            PsfGrid(layout.on_grid(kernels), degraded.size, self.photos.reference, sure),
            degraded.noise,
            stages,
            estimate.same_scenes,
            journal.curves,
            trial.distances(estimate, kernels),
            tuple(journal.warnings),
            journal.finished,
            str(layout.device),
            journal.seconds,
            *estimate.patches,
            weights=estimate.weights,
        )


def _full(layout: Layout, error: RuntimeError) -> bool:
    """Whether a GPU's memory was full: the CPU may have more."""
    return layout.device != CPU and is_out_of_memory(error)


def _on_the_cpu() -> str:
    return translatable(
        "the GPU's memory was full: the rest was computed on the CPU, which takes longer"
    )


def _on_nodes(kernels: NDArray[np.float32], layout: Layout) -> Tensor:
    """Kernels [rows, cols, 3, k, k] of a stage as [nodes, 3, n], of their own size: what came after
    it may have made them larger, or gone back to smaller ones."""
    return torch.from_numpy(kernels).flatten(-2).flatten(0, 1).to(layout.device)


def _confidence(estimate: Estimate, kernels: Tensor) -> NDArray[np.float32] | None:
    """[rows, cols, 3] in 0..1 from two fits on disjoint halves of the photos; None without them."""
    if estimate.halves is None:
        return None
    layout = estimate.layout
    first, second = (layout.on_grid(half) for half in estimate.halves)
    share = 1.0 if estimate.same_scenes else UNRELATED_SHARE
    sure = confidence(layout.on_grid(kernels), (first, second), share)
    # Half of a few photos may be too little for any fit.
    return sure if np.isfinite(sure).all() else None
