"""The fast way to a photo's kernel: z of k = G(z), by gradient from several starts.

The picture is Wiener's, and is needed only once the kernel is known. Levac et al. name the second
training, of a kernel prior, as the drawback of their method; here it is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from lenscal.deblur.evidence import Evidence, refined

N_DRAWN, N_JUDGED, N_STARTS = 512, 48, 8
"""Drawn from the generator, those whose spectrum fits best, and the best of these, which are led
downhill."""
STEPS, RATE = 40, 0.05
UNUSUAL = 2e-4
"""Weight of |z|^2, beside costs that differ by some hundredths."""

Draw = Callable[[Tensor], Tensor]
"""Kernels [b, c, k, k] of z [b, latent]."""


def search_latents(
    evidence: Evidence, draw: Draw, latent: int, seed: int
) -> Iterator[tuple[Tensor, Tensor] | None]:
    """None while it works, at last kernels [n, c, k, k] and their costs [n]."""
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(N_DRAWN, latent, generator=generator)
    with torch.no_grad():
        kernels = draw(z)
    scenes = evidence.fitted_scenes(kernels)
    yield None
    with torch.no_grad():
        near = evidence.deviance(kernels, scenes).argsort()[:N_JUDGED]
        costs = evidence.cost(kernels[near], scenes.of(near).detached())
    starts = z[near[costs.argsort()[:N_STARTS]]]
    steps = refined(
        evidence,
        starts,
        draw,
        lambda numbers, _kernels: UNUSUAL * numbers.square().sum(1),
        steps=STEPS,
        rate=RATE,
    )
    for found in steps:
        if found is not None:
            with torch.no_grad():
                yield draw(found[0]), found[1]
            return
        yield None
