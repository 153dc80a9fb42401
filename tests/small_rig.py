"""A small rig whose blurs are known: tests of deblurring share it."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from lenscal.files.population.description import GeneratorDescription
from lenscal.files.population.population_file import Population
from lenscal.population.generator import fresh_generator, weights_of
from lenscal.raw.pictures.kinds import Light
from lenscal.virtual.shakes import ShakeFamily, drawn_kernels

SIZE = 15
STEPS, COUNT = 400, 96


@cache
def small_rig(light: Light | None = Light.LINEAR) -> Population:
    """A population whose generator was shown the kernels of a hand: each z has its own."""
    description = GeneratorDescription(kernel_size=SIZE, latent=8, width=64, depth=2)
    generator = fresh_generator(description, 0)
    kernels = torch.from_numpy(drawn_kernels(COUNT, SIZE, 7, ShakeFamily.MOTION))[:, None]
    latents = torch.from_numpy(np.random.default_rng(0).standard_normal((COUNT, 8))).float()
    optimiser = torch.optim.Adam(generator.parameters(), 3e-3)
    for _ in range(STEPS):
        loss = (generator(latents) - kernels).square().sum((1, 2, 3)).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return Population(description, weights_of(generator), light=light)
