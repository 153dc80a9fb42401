"""Distribution matching of one blur (Meanti et al. 2025, section 4.1): begun by the kernel of the
closed form, and kept only as far as photos like it that were kept out.

Patches of the grey tiles go through the matching loop of grids (`PublishedMatcher`), as four planes
of half the size, which the velocity network that ships knows.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.budget import PublishedBudget
from lenscal.calibration.families.family import BlurFamily
from lenscal.calibration.families.free import FreeTaps
from lenscal.calibration.families.linear_network import linear_network_like
from lenscal.calibration.matching.patches import PatchPool
from lenscal.calibration.matching.published import PublishedMatcher
from lenscal.calibration.matching.reblur import Reblur
from lenscal.calibration.packing import Packing, pack_mosaic
from lenscal.calibration.settings import CalibrationSettings, Family, Quality
from lenscal.calibration.stages.learnt.flow_stage import expected_seconds, time_in_words
from lenscal.calibration.uniform.edges import edge_projections
from lenscal.calibration.uniform.material import Material
from lenscal.calibration.uniform.search import DEVIANCE_WEIGHT, EDGES_WEIGHT
from lenscal.calibration.uniform.sparsity import Plausibility
from lenscal.calibration.uniform.spectrum_fit import SpectrumFit
from lenscal.calibration.uniform.tiles import GreyTiles
from lenscal.calibration.uniform.watch import Watch
from lenscal.flow.network import NetworkSettings
from lenscal.stepping import Job
from lenscal.system.device import pick_device
from lenscal.translation import Translatable, translatable

GREY = Packing((0, 0, 0, 0))
"""Every second pixel of one colour."""
FLOW_BEGINS, FLOW_ENDS = 0.3, 0.97
"""Fractions of the job."""
PIECES = 48
"""Of photos that were kept out, that are deconvolved at each look."""
SCENE_STEPS, SCENE_RATE = 60, 0.1
SHARES = (0.5, 1.0)
"""Of what was changed, that photos that were kept out are asked about: the closed form and matching
are wrong in different ways."""
PATIENCE = 5
"""Looks after the best one, until it ends."""
SMALLEST_PATCH_PX = 32
Costs = Callable[[Tensor], Tensor]
"""Of kernels [b, k, k]: how badly each explains photos that were kept out, [b]."""


@dataclass(frozen=True, slots=True)
class PolishBudget(PublishedBudget):
    """What may be spent; patches are of more than two kernels' side where tiles have room.

    Attributes
    ----------
    look_steps : of M, between two looks at photos that were kept out
    """

    patches: int = 6_000
    patch_px: int = 48
    flow_steps: int = 150
    matching_steps: int = 150
    # At 0.005 kernels follow the noise of a half-learnt network after 40 steps.
    kernel_rate: float = 0.002
    look_steps: int = 15


BUDGETS = {
    Quality.QUICK: PolishBudget(),
    Quality.STANDARD: PolishBudget(12_000, flow_steps=600, matching_steps=400, look_steps=25),
    # The paper's counts: 4.2 M and 1 M patches.
    Quality.FULL: PolishBudget(
        40_000,
        64,
        flow_steps=4_100,
        matching_steps=7_800,
        batch=128,
        flow_factor=8,
        flow_rate=2e-3,
        auxiliary_rate=1e-4,
        kernel_rate=1e-3,
        look_steps=100,
        network=NetworkSettings(width=64, depth=1, levels=4, attention=True),
        compile=True,
    ),
}


@dataclass(frozen=True, slots=True, eq=False)
class Polish:
    """What matching left.

    Attributes
    ----------
    kernel : Tensor [k, k]
        That photos that were kept out like best: the one it began with, or one that they like
        better.
    costs : (of the one it began with, of this one), or None where nothing could be kept out
    patches : that stages F and M saw
    """

    kernel: Tensor
    costs: tuple[float, float] | None
    patches: tuple[int, int]
    seconds: float
    device: str
    notes: tuple[Translatable, ...] = ()


def matched(
    what: Material, kernel: Tensor, settings: CalibrationSettings, watch: Watch
) -> Job[Polish]:
    """Go on from a kernel [k, k]; where the time is up, with what there is."""
    began = time.monotonic()
    device = pick_device(settings.device)
    budget = _budget_for(what, BUDGETS[settings.quality])
    pool = _pool(what, kernel.shape[-1], budget, settings.seed)
    judge = held_out_costs(what, kernel.shape[-1], settings.seed)
    if judge is None or pool is None:
        note = translatable(
            "flow matching was left out: there are too few photos to learn from and to check it on"
        )
        return Polish(kernel, None, (0, 0), 0.0, device.type, (note,))
    matcher = _matcher(pool, kernel, what, budget, settings, device)
    search = _Looks(judge, kernel)
    yield from _tell_time(matcher, search, watch)
    while matcher.step_number < matcher.total and not watch.over:
        state = matcher.step()
        found = matcher.matched()
        done = matcher.step_number - matcher.flow_steps
        points = {"flow_loss": state.flow_loss}
        if found is not None and (
            done % budget.look_steps == 0 or matcher.step_number == matcher.total
        ):
            taps = found[0, 0].view_as(kernel).cpu()
            points["held-out cost"] = search.look(taps / taps.sum())
        yield from watch.tell(
            _words(state.stage, matcher),
            FLOW_BEGINS + (FLOW_ENDS - FLOW_BEGINS) * matcher.step_number / matcher.total,
            matcher.step_number,
            search.best,
            **points,
        )
        if search.since_best >= PATIENCE:
            break
    return Polish(
        search.best,
        (search.first, search.least),
        (matcher.patches[0], matcher.patches[1]),
        time.monotonic() - began,
        device.type,
        () if search.least < search.first else (_unchanged(),),
    )


class _Looks:
    """The best kernel so far, and how many looks ago it was found."""

    def __init__(self, judge: Costs, start: Tensor) -> None:
        self.judge, self.start = judge, start
        self.first = float(judge(start[None])[0])
        self.best, self.least, self.since_best = start, self.first, 0

    def look(self, kernel: Tensor) -> float:
        """Compare a kernel and what lies between the start and it; its cost."""
        tried = torch.stack([self.start + share * (kernel - self.start) for share in SHARES])
        costs = self.judge(tried)
        number = int(costs.argmin())
        self.since_best += 1
        if float(costs[number]) < self.least:
            self.best, self.least, self.since_best = tried[number], float(costs[number]), 0
        return float(costs[-1])


def held_out_costs(what: Material, size: int, seed: int) -> Costs | None:
    """What candidates of the closed form are judged by, on photos that were kept out; None where
    there are none."""
    if what.held_out is None:
        return None
    problem = what.problem(size, what.held_out)
    small = seed % 2**32
    plausibility = Plausibility(problem, what.sharp, what.held_out, n=PIECES, seed=small)
    projections = edge_projections(what.held_out, size)

    def costs(kernels: Tensor) -> Tensor:
        fit = SpectrumFit(problem, lambda numbers: numbers, kernels)
        # Scenes differ in contrast and fineness: that is no fault of a kernel.
        for _ in fit.run(SCENE_STEPS, SCENE_RATE, kernels_too=False):
            pass
        found = plausibility.excess(kernels) + DEVIANCE_WEIGHT * fit.deviance()
        if projections is not None:
            found = found + EDGES_WEIGHT * projections.error(kernels)
        return found.detach()

    return costs


def _budget_for(what: Material, budget: PolishBudget) -> PolishBudget:
    """With patches that tiles have room for; a network of several levels needs multiples of 16."""
    side = what.degraded.values.shape[-1]
    return replace(budget, patch_px=min(budget.patch_px, side // 16 * 16))


def _pool(what: Material, size: int, budget: PolishBudget, seed: int) -> PatchPool | None:
    """Patches of the tiles, degraded ones as planes; None where tiles are too small for them."""
    side, rng = budget.patch_px, np.random.default_rng(seed)
    wide = side + size - 1
    if side < SMALLEST_PATCH_PX or wide > what.sharp.values.shape[-1]:
        return None
    real, noise = _crops(what.degraded, side, budget.patches, rng)
    sharp, sharp_noise = _crops(what.sharp, wide, budget.patches, rng)
    planes = GREY.n
    return PatchPool(
        np.ascontiguousarray(pack_mosaic(real.transpose(1, 2, 0)).transpose(3, 0, 1, 2)),
        noise[:, None].repeat(planes, 1),
        sharp[:, None].astype(np.float16),
        sharp_noise[:, None].repeat(planes, 1),
        # One kernel everywhere: a network need not be told where.
        np.full((len(real), 2), 0.5, np.float32),
        False,
    )


def _crops(
    tiles: GreyTiles, side: int, n: int, rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """n pieces [n, side, side] of tiles, anywhere, and the variance of their noise [n]."""
    values, variance = tiles.values.numpy(), tiles.variance.numpy()
    which = rng.integers(0, len(tiles), n)
    corners = rng.integers(0, values.shape[-1] - side + 1, (n, 2))
    pieces = [
        values[i, y : y + side, x : x + side] for i, (y, x) in zip(which, corners, strict=True)
    ]
    return np.stack(pieces), variance[which]


def _matcher(
    pool: PatchPool,
    kernel: Tensor,
    what: Material,
    budget: PolishBudget,
    settings: CalibrationSettings,
    device: torch.device,
) -> PublishedMatcher:
    n = kernel.numel()
    reblur = Reblur(pool, GREY, (1, 1), torch.eye(n, device=device)[None], device)
    start = kernel.reshape(1, 1, n).to(device)
    family: BlurFamily = FreeTaps(start, (1, 1))
    if settings.family is Family.LINEAR:
        family = linear_network_like(kernel, seed=settings.seed % 2**32).to(device)
    chosen = budget.settings(GREY.n, train_noise=not what.noise_is_known)
    return PublishedMatcher(reblur, family, chosen, seed=settings.seed, device=device)


def _tell_time(matcher: PublishedMatcher, search: _Looks, watch: Watch) -> Job[None]:
    """Say how long it will take: at full quality days, on a processor."""
    message = translatable(
        "Flow matching takes about {time} on this machine ({device}); it can be stopped at any "
        "time",
        time=time_in_words(expected_seconds(matcher)),
        device=matcher.device.type,
    )
    yield from watch.tell(message, FLOW_BEGINS, kernel=search.best)


def _words(stage: str, matcher: PublishedMatcher) -> Translatable:
    step, total = matcher.step_number, matcher.total
    if stage == "F":
        return translatable(
            "Learning the degraded photos, step {step} of {total}", step=step, total=total
        )
    return translatable("Matching distributions, step {step} of {total}", step=step, total=total)


def _unchanged() -> Translatable:
    return translatable(
        "flow matching found no kernel that photos that were kept out like better: that of the "
        "closed form is kept"
    )
