"""The kernel of one picture by distribution matching, as published (Meanti et al. 2025, section
4.4): patches of the picture, made smaller by the kernel, shall look like its patches.

The kernel is a deep linear network (7-5-5-1 for twice the size). What it finds is narrower than the
true one: the picture that is made smaller has been through the true one already
(docs/experiments/pictures.md), so that `find_kernel` is the default.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from lenscal.calibration.budget import PublishedBudget
from lenscal.calibration.families.linear_network import LinearNetwork, sides_of
from lenscal.calibration.field.kernels import squares_of
from lenscal.calibration.matching.loop import MatchingState
from lenscal.calibration.matching.patches import PatchPool
from lenscal.calibration.matching.published import PublishedMatcher
from lenscal.calibration.matching.reblur import Reblur
from lenscal.calibration.packing import Packing
from lenscal.enlarge.scale_kernel import ScaleKernel, axes_of
from lenscal.errors import InputError
from lenscal.translation import translatable

PATCH_PX = 32
"""Of the picture: four planes of half the side, which the network that ships knows."""
START_WIDTH = 0.6
"""Standard deviation of the Gaussian it begins with, px of the picture."""


ONE_PICTURE = PublishedBudget(4_000, PATCH_PX, flow_steps=200, matching_steps=400, kernel_rate=1e-3)
"""Patches are of the picture and of what is made smaller, each."""


def least_px(factor: int) -> int:
    """The side that a picture needs."""
    return factor * PATCH_PX + _size(factor) - 1


def one_picture_pool(
    grey: NDArray[np.float32], variance: float, factor: int, size: int, n: int, seed: int
) -> tuple[PatchPool, Packing]:
    """Patches of a picture [H, W], and larger ones that kernels of `size` px make as small; the
    packing makes them smaller.

    Raises
    ------
    InputError
        The picture is too small.
    """
    wide = factor * PATCH_PX + size - 1
    if min(grey.shape) < wide:
        raise InputError(
            translatable(
                "the picture is smaller than {least} px: its patches do not tell its kernel; leave "
                "--kernel flow out, or give one with --kernel FILE",
                least=wide,
            )
        )
    rng = np.random.default_rng(seed)
    steps = ((0, 0), (0, 1), (1, 0), (1, 1))
    small = _crops(grey, PATCH_PX, n, rng)
    planes = np.stack([small[:, y::2, x::2] for y, x in steps], 1)
    noise = np.full((n, len(steps)), variance, np.float32)
    pool = PatchPool(
        planes,
        noise,
        _crops(grey, wide, n, rng)[:, None].astype(np.float16),
        noise,
        np.full((n, 2), 0.5, np.float32),
        False,
    )
    # Every factor-th pixel of what is blurred, as four planes, too.
    offsets = tuple((factor * y, factor * x) for y, x in steps)
    return pool, Packing((0,) * len(steps), offsets, 2 * factor)


def match_kernel(
    grey: NDArray[np.float32],
    variance: float,
    factor: int,
    *,
    seed: int,
    device: torch.device,
    budget: PublishedBudget = ONE_PICTURE,
) -> Iterator[MatchingState | ScaleKernel]:
    """States while it works, at last the kernel; parameters as `find_kernel`'s.

    Raises
    ------
    InputError
        The picture is too small.
    """
    size = _size(factor)
    pool, packing = one_picture_pool(grey, variance, factor, size, budget.patches, seed)
    reblur = Reblur(pool, packing, (1, 1), torch.eye(size**2, device=device)[None], device)
    sigma = START_WIDTH * factor
    family = LinearNetwork(sides=sides_of(size), sigma_px=sigma, seed=seed % 2**32).to(device)
    settings = budget.settings(packing.n, train_noise=False)
    matcher = PublishedMatcher(reblur, family, settings, seed=seed, device=device)
    while matcher.step_number < matcher.total:
        yield matcher.step()
    found = matcher.matched()
    assert found is not None
    kernel = squares_of(found)[0, 0].cpu().numpy().astype(np.float64)
    # A picture keeps its brightness.
    kernel = (kernel / kernel.sum()).astype(np.float32)
    yield ScaleKernel(kernel, axes_of(kernel))


def _size(factor: int) -> int:
    """Side of the kernel: 15 px for twice the size, as published."""
    return (7 * factor + 1) | 1


def _crops(
    grey: NDArray[np.float32], side: int, n: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """[n, side, side], from anywhere."""
    corners = rng.integers(0, np.array(grey.shape) - side + 1, (n, 2))
    return np.stack([grey[y : y + side, x : x + side] for y, x in corners])
