"""Kernels drawn from what a photo and a kernel prior say together.

Each particle goes from noise to a kernel: at a falling level the flow tells the kernel to be
expected, some steps downhill on the photo's spectrum bring that nearer to the photo, and fresh
noise of the next level is added (as in DiffPIR, here for kernels). Then phases are told: every
particle and its mirror image are judged with sparsity, and the best are led on with it, held near
what the flow expects.

In Levac et al. 2024, eq. 5 and 6 (BlindDPS), the picture is sampled beside the kernel (`joint`).
Here it is integrated out while the kernel is sampled, and restored once with what was found
(GibbsDDRM, Murata et al. 2023, arXiv:2301.12686, collapses likewise).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from lenscal.deblur.evidence import Evidence, Scenes, refined
from lenscal.deblur.kernel_prior import KernelPrior

N_PARTICLES, N_LEVELS, N_STEPS = 16, 24, 8
FIRST_LEVEL, LAST_LEVEL = 5.0, 0.05
"""Of the noise on kernels, in units of the prior's scale."""
SPECTRUM_WEIGHT = 3000.0
"""How many independent frequencies a photo counts for: more would silence the prior."""
ZETA = 0.3
"""Share of fresh noise, as in DiffPIR."""
RATE, SCENE_RATE = 0.15, 0.1
REFINE_STEPS, REFINE_RATE = 40, 0.1
HELD_LEVEL, HELD_WEIGHT = 0.3, 0.03
"""Noise at which the flow is asked while candidates are led on, and the weight of what it says
where a kernel is one such level away in every tap."""
_FAINT = 1e-5


def draw_kernels(
    evidence: Evidence, prior: KernelPrior, n: int, seed: int
) -> Iterator[tuple[Tensor, Tensor] | None]:
    """None while it works, at last n kernels [n, c, k, k], best first, and their costs [n]."""
    generator = torch.Generator().manual_seed(seed)
    kernels, scenes = None, None
    for found in _annealed(evidence, prior, generator):
        if found is not None:
            kernels, scenes = found
        yield None
    assert kernels is not None and scenes is not None
    # Mirrored at its middle, a kernel has the same power spectrum.
    both = torch.cat([kernels, kernels.flip(2, 3)])
    twice = torch.arange(len(kernels)).repeat(2)
    with torch.no_grad():
        costs = evidence.cost(both, scenes.of(twice).detached())
    yield None
    starts = both[costs.argsort()[: max(n, N_PARTICLES // 2)]]

    def held(_numbers: Tensor, now: Tensor) -> Tensor:
        with torch.no_grad():
            noise = torch.randn(now.shape, generator=generator)
            noisy = now + HELD_LEVEL * prior.scale * noise
            expected = prior.posterior_mean(noisy, HELD_LEVEL)
        away = ((now - expected) / (HELD_LEVEL * prior.scale)).square().mean((1, 2, 3))
        return 0.5 * HELD_WEIGHT * away

    steps = refined(
        evidence, (starts + 1e-4).log(), taps, held, steps=REFINE_STEPS, rate=REFINE_RATE
    )
    for end in steps:
        if end is None:
            yield None
            continue
        order = end[1].argsort()[:n]
        yield taps(end[0])[order], end[1][order]


def _annealed(
    evidence: Evidence, prior: KernelPrior, generator: torch.Generator
) -> Iterator[tuple[Tensor, Scenes] | None]:
    """None after each level, at last particles and their scenes."""
    shape = (N_PARTICLES, prior.channels, prior.size, prior.size)

    def noise() -> Tensor:
        return torch.randn(shape, generator=generator)

    levels = np.geomspace(FIRST_LEVEL, LAST_LEVEL, N_LEVELS)
    scenes = Scenes.usual(N_PARTICLES)
    noisy = prior.mean + float(levels[0]) * prior.scale * noise()
    kernels = noisy
    for number, level in enumerate(levels):
        with torch.no_grad():
            expected = prior.posterior_mean(noisy, float(level))
        kernels = _nearer(evidence, expected, scenes, float(level) * prior.scale)
        yield None
        if number + 1 < N_LEVELS:
            old = (noisy - kernels) / (float(level) * prior.scale)
            fresh = (1 - ZETA) ** 0.5 * old + ZETA**0.5 * noise()
            noisy = kernels + float(levels[number + 1]) * prior.scale * fresh
    yield kernels, scenes


def _nearer(evidence: Evidence, expected: Tensor, scenes: Scenes, spread: float) -> Tensor:
    """Kernels near those that are expected, which explain the photo's spectrum better."""
    start = expected.clamp(min=0) + _FAINT
    logs = (start / start.sum((-1, -2), keepdim=True)).log().requires_grad_()
    optimiser = torch.optim.Adam(
        [
            {"params": [logs], "lr": RATE},
            {"params": [scenes.shape, scenes.noise], "lr": SCENE_RATE},
        ]
    )
    for _ in range(N_STEPS):
        kernels = taps(logs)
        away = ((kernels - expected) / spread).square().sum((1, 2, 3))
        loss = SPECTRUM_WEIGHT * evidence.deviance(kernels, scenes) + 0.5 * away
        optimiser.zero_grad()
        loss.sum().backward()
        optimiser.step()
    return taps(logs).detach()


def taps(logs: Tensor) -> Tensor:
    """Kernels [b, c, k, k] of sum 1 of their logarithms."""
    return torch.softmax(logs.flatten(2), 2).view_as(logs)
