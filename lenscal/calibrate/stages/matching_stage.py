"""The learnt stages as steps of a run (F and M), and the held-out check that decides what is kept
of them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from lenscal.calibrate.checkpoint import save
from lenscal.calibrate.matching.matcher import Matcher, MatchingSettings, Reblur
from lenscal.calibrate.matching.patches import PatchPool, paired_pool, unpaired_pool
from lenscal.calibrate.matching.reblur import ReblurCheck
from lenscal.calibrate.packing import packing_of
from lenscal.calibrate.pairs.registration import Pair
from lenscal.calibrate.settings import Stages
from lenscal.calibrate.stages.run import Learning, Run, Steps, Stopped
from lenscal.errors import LenscalError
from lenscal.raw.frame import Frame
from lenscal.translation import translatable

LEAST_PATCHES = 200
MATCHING_SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""How much of what stage M changed is tried on held-out photos."""
MOST_OF_IT = 0.5
"""Of that, what is taken at most where M began at other stages' kernels: these and M's are wrong in
different ways, and their mean is better than either (docs/experiments/)."""
LEAST_GAIN = 0.01
"""Matching must take this share of what held-out photos leave unexplained, above the floor or the
noise: smaller changes are the scenes' or the registration's. On tuning lenses with unrelated scenes
it took 2 % where it made kernels better, less than 1 % elsewhere."""

CURVE_STEPS = 10
REBLUR_STEPS = 100
"""Steps of stage M between two looks at the photos that were kept out; a multiple of
CURVE_STEPS."""
SILENCE_S = 1.0
"""Reports, where a calibration can be stopped, come at least as often as this, or after every
step."""
SAVE_S = 20.0
"""A checkpoint is kept as often as this."""


def learnt_stages(run: Run, low: float, high: float) -> Steps:
    """Stages F and M, starting from the closed-form kernels where there are any, or where
    `run.learning` is."""
    before = run.learning
    given = run.kernels if before is None else before.given
    began = time.monotonic() - (0.0 if before is None else before.seconds)
    pool: PatchPool | None = None
    for number, filled in enumerate(_pools(run, run.pairs, run.degraded, run.budget.patches)):
        pool = filled
        run.check(
            (
                yield run.say(
                    "F",
                    translatable("Gathering patches, photo {number}", number=number + 1),
                    low + 0.02,
                    number,
                )
            )
        )
    if pool is None or len(pool.real) < LEAST_PATCHES:
        if run.kernels is None:
            raise LenscalError(
                translatable(
                    "too few textured patches for stages F and M (below {least_patches}): add photos with "
                    "texture, or use --stages auto",
                    least_patches=LEAST_PATCHES,
                )
            )
        run.warnings.append(
            translatable("too few textured patches for distribution matching: it was left out")
        )
        return
    start = _gaussian_start(run) if given is None else given
    b = run.budget
    reblur = Reblur(pool, packing_of(run.degraded[0]), run.shape, run.correlation, run.device)
    settings = MatchingSettings(
        b.flow_steps,
        b.matching_steps,
        batch=run.batch,
        network=b.network,
        hold_lateral_colour=given is not None,
    )
    matcher = Matcher(reblur, start, settings, seed=run.settings.seed, device=run.device)
    if before is not None:
        matcher.restore(before.snapshot)
    stop: Stopped | None = None
    said_at = 0.0
    while matcher.step_number < matcher.total and stop is None:
        state = matcher.step()
        drawn = state.step % CURVE_STEPS == CURVE_STEPS - 1 or matcher.step_number == matcher.total
        if drawn or time.monotonic() - said_at > SILENCE_S:
            said_at = time.monotonic()
            if state.stage == "M":
                run.kernels = matcher.matched()
            fraction = low + 0.04 + (high - low - 0.04) * state.step / matcher.total
            curves = {"flow_loss": state.flow_loss} | (
                {"velocity_gap": state.gap} if state.stage == "M" else {}
            )
            name = (
                "Learning the degraded photos" if state.stage == "F" else "Matching distributions"
            )
            message = translatable(
                "{name}, step {step_number} of {total}",
                name=name,
                step_number=matcher.step_number,
                total=matcher.total,
            )
            try:
                run.check(
                    (
                        yield run.say(
                            state.stage, message, fraction, state.step, **(curves if drawn else {})
                        )
                    )
                )
                if state.stage == "M" and state.step % REBLUR_STEPS == REBLUR_STEPS - 1:
                    yield from look_at_unseen(run, state.stage, fraction)
            except Stopped as stopped:
                stop = stopped
        if stop is not None or time.monotonic() - run.saved_at > SAVE_S:
            run.learning = Learning(given, time.monotonic() - began, matcher.snapshot())
            save(run)
    run.patches_flow, run.patches_matching = matcher.patches
    run.weights = {k: v.detach().cpu().numpy() for k, v in matcher.network.state_dict().items()}
    matched = matcher.matched()
    if matched is None:
        run.kernels = start
    else:
        run.kernels = matched
        run.keep_stage("M", began)
        run.kernels = _kept_share(run, start, matched)
    if stop is not None:
        raise stop


def _pools(
    run: Run, pairs: Sequence[Pair], degraded: Sequence[Frame], n_patches: int
) -> Iterator[PatchPool | None]:
    if run.pairs:
        shots = [(run.sharp[p.sharp], run.degraded[p.degraded]) for p in pairs]
        return paired_pool(
            shots,
            pairs,
            run.common,
            run.lateral,
            cells=run.cells,
            kernel_size=run.size,
            n_patches=n_patches,
        )
    rng = np.random.default_rng(run.settings.seed)
    return unpaired_pool(run.sharp, degraded, kernel_size=run.size, n_patches=n_patches, rng=rng)


def _gaussian_start(run: Run) -> Tensor:
    u = torch.arange(run.size) - run.size // 2
    g = torch.exp(-(u**2) / 2 / 1.5**2)
    kernel = torch.outer(g, g).reshape(-1)
    return (kernel / kernel.sum()).expand(run.shape[0] * run.shape[1], 3, -1).clone().to(run.device)


def look_at_unseen(run: Run, stage: str, fraction: float) -> Steps:
    """Report how far the kernels are from explaining the photos that were kept out, beside what is
    left at best."""
    check = held_out_check(run)
    if check is None or run.kernels is None:
        return
    number = len(run.curves.get("re-blur distance", ()))
    message = translatable("Comparing with photos that were kept out")
    distances = {"re-blur_distance": check.distance(run.kernels), "re-blur_floor": check.floor()}
    run.check((yield run.say(stage, message, fraction, number, **distances)))


def held_out_check(run: Run) -> ReblurCheck | None:
    """The re-blur check on the photos that were kept out; None where there were too few to keep any
    out."""
    if not (run.held_pairs if run.pairs else run.held_degraded):
        return None
    if run.unseen is None:
        run.unseen = _make_held_out_check(run)
    return run.unseen


def _make_held_out_check(run: Run) -> ReblurCheck | None:
    *_, pool = _pools(run, run.held_pairs, run.held_degraded, 2000)
    if pool is None:
        return None
    reblur = Reblur(pool, packing_of(run.degraded[0]), run.shape, run.correlation, run.device)
    return ReblurCheck(reblur, seed=run.settings.seed + 1)


def _kept_share(run: Run, start: Tensor, matched: Tensor) -> Tensor:
    """Of the kernels between the start and M's, those that explain the held-out photos best: half
    way at most."""
    if run.settings.stages is Stages.FM:
        return matched
    check = held_out_check(run)
    if check is None:
        run.warnings.append(
            translatable(
                "too few photos to keep any out: what distribution matching changed cannot be checked and was dropped"
            )
        )
        return start
    measure, least = (check.residual, 1.0) if run.pairs else (check.distance, check.floor())
    mixtures = [start + share * (matched - start) for share in MATCHING_SHARES]
    errors = [measure(m) for m in mixtures]
    best = int(np.argmin(errors))
    unexplained = errors[0] - least
    if unexplained <= 0 or errors[0] - errors[best] < LEAST_GAIN * unexplained:
        best = 0
    if best == 0:
        run.warnings.append(
            translatable(
                "distribution matching explained the held-out photos no better: its changes were dropped"
            )
        )
    return start + min(MATCHING_SHARES[best], MOST_OF_IT) * (matched - start)
