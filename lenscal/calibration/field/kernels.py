"""Small operations on kernels, in torch: kernels [..., k, k], or [..., n] with n = k * k taps."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import affine_transform
from torch import Tensor
from torch.nn import functional as F

MOST_AT_BORDER = 0.025
"""Light on the outermost taps, at the tenth of the nodes that have most, above which kernels are
made larger: what falls outside is lost, and a wider frame costs time (docs/experiments/)."""


def centroids(kernels: Tensor) -> Tensor:
    """[..., 2]: (y, x) px from the central pixel of kernels [..., k, k] that sum to 1."""
    k = kernels.shape[-1]
    # From the middle of the kernel, where its origin is.
    axis = torch.arange(k, device=kernels.device, dtype=kernels.dtype) - (k - 1) / 2
    return torch.stack([(kernels.sum(-1) * axis).sum(-1), (kernels.sum(-2) * axis).sum(-1)], -1)


def framed(kernels: Tensor, size: int) -> Tensor:
    """Kernels [..., k * k] as [..., size * size] around the same middle: with more border, of
    zeros, or with less."""
    k = round(kernels.shape[-1] ** 0.5)
    # Both are odd: the middle stays the middle; a negative margin cuts.
    margin = (size - k) // 2
    squares: Tensor = F.pad(squares_of(kernels), (margin, margin, margin, margin))
    return squares.flatten(-2)


def squares_of(kernels: Tensor) -> Tensor:
    """Kernels [..., k * k] as [..., k, k]."""
    k = round(kernels.shape[-1] ** 0.5)
    return kernels.reshape(*kernels.shape[:-1], k, k)


def border_light(kernels: Tensor) -> Tensor:
    """[...]: light on the outermost taps of kernels [..., k * k] of sum 1."""
    inner: Tensor = squares_of(kernels)[..., 1:-1, 1:-1].sum((-1, -2))
    return 1 - inner


def reaches_border(kernels: Tensor) -> bool:
    """Whether kernels [nodes, 3, k * k] of sum 1 are cut off: too much light on the outermost
    taps."""
    # Not the largest: one corner that is off must not make all kernels larger.
    return float(border_light(kernels).mean(1).quantile(0.9)) > MOST_AT_BORDER


def stretched(kernels: Tensor, factor: float) -> Tensor:
    """Kernels [..., k * k] of sum 1, `factor` times as wide about their own centroids (lateral
    colour stays), in the same frame: what leaves it is lost."""
    if factor == 1:
        return kernels
    k = round(kernels.shape[-1] ** 0.5)
    squares = squares_of(kernels).reshape(-1, k, k).cpu().double()
    # A spline's interpolation narrows nothing, as a linear one would.
    middle = centroids(squares).numpy() + (k - 1) / 2
    wider = np.stack(
        [
            affine_transform(kernel, [1 / factor] * 2, c - c / factor, order=3)
            for kernel, c in zip(squares.numpy(), middle, strict=True)
        ]
    )
    wider /= wider.sum((1, 2), keepdims=True)
    return torch.from_numpy(wider).to(kernels).reshape(kernels.shape)


def tilts(
    kernel_size: int, *, degree: int = 3, scale_px: float = 2.0, reach_px: float = 4.0
) -> NDArray[np.float64]:
    """[m, k * k]: Hermite polynomials of degree 1..`degree` in the taps' places, fading out at
    `reach_px`, of norm 1.

    Added to a kernel's logarithm they move (degree 1), widen (2) and skew (3) it.
    """
    # Hermite polynomials are orthogonal under a Gaussian: a shift does not widen, and so on.
    u = (np.arange(kernel_size) - kernel_size // 2) / scale_px
    hermite = [
        np.polynomial.hermite_e.hermeval(u, np.eye(degree + 1)[i]) for i in range(degree + 1)
    ]
    # Far taps would grow most: what they hold is noise, or the scene's.
    envelope = np.exp(-(u**2) * scale_px**2 / 2 / reach_px**2)
    rows = [
        np.outer(hermite[i] * envelope, hermite[total - i] * envelope).ravel()
        for total in range(1, degree + 1)
        for i in range(total + 1)
    ]
    return np.stack([row / np.linalg.norm(row) for row in rows])
