"""What a velocity network is pre-trained on: patches of photos, blurred and noised at random."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lenscal.blur.patches import blur_patches
from lenscal.flow.normalise import by_contrast
from lenscal.prior.training_photos import Patches

KERNEL_PX = 25
POINTS = 16
"""Spots of light that a kernel is made of."""
MOTION, BLOB, SPOT = 0.3, 0.3, 0.4
"""Shares of kernels: a path, as of a hand or a lens's coma; a heap of spots; a single spot."""
GREY_SHARE = 0.3
"""Of patches of one colour, as monochrome sensors and pictures in grey give them."""
NOISE = (2e-3, 0.3)
"""Standard deviation over the patch's contrast, drawn evenly by its logarithm: ISO 100 in bright
light to ISO 6400 in shadow."""


def random_kernels(n: int, generator: torch.Generator) -> Tensor:
    """[n, 3, k, k] of sum 1: paths, heaps of spots and single ones, a little different in each
    colour."""

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(*shape, generator=generator)

    kind = torch.rand(n, 1, 1, generator=generator)
    # A path turns slowly: its direction is a random walk.
    turn = uniform(0.0, 0.5, n, 1) * normal(n, POINTS)
    direction = uniform(0, 2 * math.pi, n, 1) + turn.cumsum(1)
    step = uniform(0.02, 1.0, n, 1)
    path = torch.stack([direction.sin(), direction.cos()], -1) * step[..., None]
    path = path.cumsum(1)
    heap = normal(n, POINTS, 2) * uniform(0.2, 2.5, n, 1, 1) * uniform(0.4, 1, n, 1, 2)
    places = torch.where(kind < MOTION, path, heap)
    places = torch.where(kind > MOTION + BLOB, torch.zeros_like(places), places)
    weights = uniform(0.05, 1, n, POINTS)
    weights = weights / weights.sum(1, keepdim=True)
    places = places - (weights[..., None] * places).sum(1, keepdim=True)
    # Spots have widths of their own down and across; those of a path are small.
    most = torch.where(kind > MOTION + BLOB, 3.0, 0.8)[..., 0]
    sigma = 0.3 * (most / 0.3) ** torch.rand(n, 2, generator=generator)
    colour = 1 + 0.15 * normal(n, 3, 1).clamp(-2, 2)
    shift = normal(n, 3, 1, 2) * uniform(0, 0.5, n, 1, 1, 1)
    return _splatted(places[:, None] + shift, weights, sigma[:, None] * colour)


def _splatted(places: Tensor, weights: Tensor, sigma: Tensor) -> Tensor:
    """Kernels [n, 3, k, k] of Gaussian spots at places [n, 3, points, 2] px, sigma [n, 3, 2] px."""
    axis = torch.arange(KERNEL_PX) - KERNEL_PX // 2
    distance = (axis - places[..., None]) / sigma[:, :, None, :, None]
    profile = torch.exp(-distance.square() / 2)
    kernels = torch.einsum("np,ncpy,ncpx->ncyx", weights, profile[..., 0, :], profile[..., 1, :])
    return kernels / kernels.sum((-1, -2), keepdim=True)


def linear_light(stored: Tensor) -> Tensor:
    """What sRGB values 0..1 mean (IEC 61966-2-1): blur adds light."""
    return torch.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)


def packed(rgb: Tensor, grey: Tensor, phase: Tensor) -> Tensor:
    """[n, 4, h / 2, w / 2] of rgb [n, 3, h, w]: the sites of a Bayer period in one of four phases,
    or of green alone where grey [n]."""
    n = len(rgb)
    # Row-major colours of a period that begins at each of the four sites of R G / G B.
    colours = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1], [1, 2, 0, 1], [2, 1, 1, 0]])[phase]
    colours = torch.where(grey[:, None], torch.ones_like(colours), colours)
    sites = F.pixel_unshuffle(rgb, 2).view(n, 3, 4, *(side // 2 for side in rgb.shape[-2:]))
    number = torch.arange(n)[:, None]
    return sites[number, colours, torch.arange(4)]


def draw_patches(
    photos: Patches, n: int, rng: np.random.Generator, generator: torch.Generator
) -> Tensor:
    """n normalised patches [n, 4, m, m], as a mosaic shows them."""
    sharp = linear_light(photos.draw(n, rng))
    blurred = blur_patches(sharp, random_kernels(n, generator))
    grey = torch.rand(n, generator=generator) < GREY_SHARE
    phase = torch.randint(4, (n,), generator=generator)
    clean = packed(blurred, grey, phase)
    centred = clean - clean.mean((-1, -2), keepdim=True)
    contrast = centred.square().mean((1, 2, 3), keepdim=True).sqrt().clamp(min=1e-4)
    low, high = NOISE
    level = low * (high / low) ** torch.rand(n, 1, 1, 1, generator=generator)
    # Photon noise: brighter planes have more of it.
    bright = clean.mean((-1, -2), keepdim=True)
    bright = (bright / bright.mean(1, keepdim=True).clamp(min=1e-4)).clamp(0.1, 4).sqrt()
    noise = torch.randn(clean.shape, generator=generator)
    return by_contrast(clean + contrast * level * bright * noise)
