"""One blur for whole photos, from two sets of photos of any scenes: `lenscal calibrate CLEAN
BLURRED --kernel uniform`.

Spectra (`spectrum_fit`) give |K|, edges (`edges`) and sparsity (`sparsity`) the phase; all are
searched at once (`search`). Kernels are the same for all colours: hand, focus and air blur them
alike.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from lenscal.calibration.field.kernels import MOST_AT_BORDER, border_light
from lenscal.calibration.result import Calibration, StageResult
from lenscal.calibration.settings import PUBLISHED, CalibrationSettings, Quality, Stages
from lenscal.calibration.uniform.edges import edge_projections
from lenscal.calibration.uniform.flow import FLOW_BEGINS, Polish, matched
from lenscal.calibration.uniform.material import Material, checked_side, material
from lenscal.calibration.uniform.proof import (
    best_gaussian,
    delta,
    distances,
    doubts,
    gaussian_in_words,
    is_gaussian,
)
from lenscal.calibration.uniform.search import Candidates, Search, subpixel_centred
from lenscal.calibration.uniform.sparsity import Plausibility
from lenscal.calibration.uniform.spectrum_fit import SpectrumFit, fitted, taps
from lenscal.calibration.uniform.tiles import GreyTiles, grey_tiles, joined
from lenscal.calibration.uniform.watch import Watch, one_node
from lenscal.errors import InputError, LenscalError
from lenscal.optics.psf_grid import PsfGrid, Reference
from lenscal.raw.frame import Frame
from lenscal.stepping import Job
from lenscal.system.threads import settle_torch
from lenscal.translation import translatable

SIZES_PX = (21, 31, 41)
"""Of kernels where the user says none: the next one where light reaches the border."""
ROUNDS = {Quality.QUICK: 3, Quality.STANDARD: 9, Quality.FULL: 48}
"""Of starts: every third one is led as strictly as the first (`GUIDANCE`)."""
PIECES = 48
"""That are deconvolved with each candidate."""
HALF_STEPS = 60
NEARLY_AS_GOOD = 0.004
"""Cost by which the runner-up may be worse and still be in question."""
_READ, _BEGUN, _DONE = 0.1, 0.2, 0.97
"""Fractions of the job at which photos are read, rounds begun, and over."""
_MESSAGE = translatable("Comparing spectra, edges and sparsity of both sets")


def calibrate_uniform(
    sharp: Sequence[Frame], degraded: Sequence[Frame], settings: CalibrationSettings
) -> Job[Calibration]:
    """Learn one kernel, the blur of the degraded photos relative to the sharp ones; it comes as a
    grid of one node. Send `STOP` to finish early with what is there.

    Raises
    ------
    InputError
        Photos that cannot be calibrated; stages asked for that only grids have.
    LenscalError
        Stopped before any kernel was learnt.
    """
    if settings.stages is not Stages.AUTO and settings.stages not in PUBLISHED:
        raise InputError(
            translatable(
                "--stages {stages} is for a grid of kernels: leave it out with --kernel uniform",
                stages=settings.stages.value,
            )
        )
    settle_torch()
    watch = Watch(settings.max_minutes)
    side = checked_side(sharp, degraded)
    clean = yield from _read(sharp, side, watch, 0)
    blurred = yield from _read(degraded, side, watch, 1)
    what = material(clean, blurred, degraded)
    kernel, cost_gap, stages = yield from _learn(what, settings, watch)
    polish = None
    if settings.stages in PUBLISHED and not watch.over:
        polish = yield from matched(what, kernel, settings, watch)
        kernel = polish.kernel
        stages.append(StageResult("matching", polish.seconds, one_node(kernel)))
    return _result(what, kernel, cost_gap, stages, watch, degraded, polish)


def _read(frames: Sequence[Frame], side: int, watch: Watch, number: int) -> Job[GreyTiles]:
    parts = []
    for n, part in enumerate(grey_tiles(frames, side)):
        parts.append(part)
        message = translatable("Reading pieces of {name}", name=frames[n].info.path.name)
        yield from watch.tell(message, _READ * (number + (n + 1) / len(frames)) / 2)
        _refuse_early_end(watch)
    return joined(parts)


def _refuse_early_end(watch: Watch) -> None:
    if watch.over:
        raise LenscalError(translatable("stopped before any kernel was learnt: nothing to keep"))


def _learn(
    what: Material, settings: CalibrationSettings, watch: Watch
) -> Job[tuple[Tensor, float, list[StageResult]]]:
    """The best kernel [k, k], what the runner-up differs from it by, and the stages."""
    sizes = SIZES_PX if settings.kernel_size is None else (settings.kernel_size,)
    began = time.monotonic()
    for size in sizes:
        search = _search(what, size, settings.seed)
        candidates = yield from _round(search.round(size, 0), watch, None, _READ)
        if float(border_light(candidates.kernels[0].flatten())) < MOST_AT_BORDER:
            break
    stages = [_stage("spectrum", began, candidates)]
    began = time.monotonic()
    # Matching takes the other half, or more.
    end = FLOW_BEGINS if settings.stages in PUBLISHED else _DONE
    for number in range(1, ROUNDS[settings.quality]):
        fraction = _BEGUN + (end - _BEGUN) * number / ROUNDS[settings.quality]
        steps = search.round(size, number)
        candidates = search.best_of(
            candidates, (yield from _round(steps, watch, candidates, fraction))
        )
        cost = float(candidates.costs[0])
        yield from watch.tell(_MESSAGE, fraction, number, candidates.kernels[0], cost=cost)
        if watch.over:
            break
    stages.append(_stage("more starts", began, candidates))
    return search.consensus(candidates), _alternative(candidates), stages


def _search(what: Material, size: int, seed: int) -> Search:
    problem = what.problem(size)
    # Torch's own generators take no larger seeds than these.
    small = seed % 2**32
    plausibility = Plausibility(problem, what.sharp, what.degraded, n=PIECES, seed=small)
    projections = edge_projections(what.degraded, size)
    return Search(problem, plausibility, projections, torch.Generator().manual_seed(small))


def _round(
    steps: Iterator[Candidates | None], watch: Watch, so_far: Candidates | None, fraction: float
) -> Job[Candidates]:
    """The candidates that come of it, or those that are there where it is to end."""
    best = None if so_far is None else so_far.kernels[0]
    for number, candidates in enumerate(steps):
        if candidates is not None:
            return candidates
        if number % 10 == 0:
            yield from watch.tell(_MESSAGE, fraction, kernel=best)
            if so_far is None:
                _refuse_early_end(watch)
            elif watch.over:
                return so_far
    raise AssertionError("a search always ends with candidates")


def _stage(name: str, began: float, candidates: Candidates) -> StageResult:
    return StageResult(name, time.monotonic() - began, one_node(candidates.kernels[0]))


def _alternative(candidates: Candidates) -> float:
    """Relative L2 distance of the best kernel from others that are nearly as good."""
    best, *others = candidates.kernels
    near = candidates.costs[1:] < candidates.costs[0] + NEARLY_AS_GOOD
    gaps = [
        float((other - best).norm() / best.norm())
        for other, is_near in zip(others, near, strict=True)
        if is_near
    ]
    return max(gaps, default=0.0)


def _result(
    what: Material,
    kernel: Tensor,
    gap: float,
    stages: Sequence[StageResult],
    watch: Watch,
    degraded: Sequence[Frame],
    polish: Polish | None,
) -> Calibration:
    size = kernel.shape[-1]
    gaussian = best_gaussian(what.problem(size), size)
    distance = distances(
        what, {"estimate": kernel, "delta": delta(size), "gaussian": gaussian.kernel}
    )
    warnings = [*doubts(distance), *(polish.notes if polish else ())]
    if is_gaussian(distance):
        warnings.append(gaussian_in_words(gaussian))
        kernel, gap = gaussian.kernel, 0.0
        distance = distance | {"estimate": distance["gaussian"]}
    error = _expected_error(what, kernel, gap)
    kernel = subpixel_centred(kernel)
    reblur = {name: distance[name] for name in ("estimate", "floor", "delta")}
    confidence = np.full((1, 1, 3), np.exp(-2 * error), np.float32)
    return Calibration(
        PsfGrid(one_node(kernel), degraded[0].size, Reference.SAME_POSITION, confidence),
        degraded[0].noise,
        tuple(stages),
        False,
        watch.curves,
        _without_nan(reblur | {"average": reblur["estimate"]}),
        tuple(warnings),
        watch.finished,
        polish.device if polish else "cpu",
        watch.seconds,
        *(polish.patches if polish else (0, 0)),
    )


def _without_nan(values: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if np.isfinite(value)}


def _expected_error(what: Material, kernel: Tensor, gap: float) -> float:
    """Relative L2: what fits of two halves of the photos disagree on, and other kernels that are
    nearly as good."""
    start = (kernel + 1e-6).log()[None]
    halves = []
    for sharp, degraded in what.halves():
        problem = what.problem(kernel.shape[-1], degraded, sharp)
        halves.append(fitted(SpectrumFit(problem, taps, start), HALF_STEPS, 0.05).kernels()[0])
    disagreement = float((halves[0] - halves[1]).detach().norm() / 2 / kernel.norm())
    return float(np.hypot(disagreement, gap / 2))
