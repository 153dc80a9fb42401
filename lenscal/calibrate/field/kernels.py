"""Small operations on kernels and fields of kernels, in torch."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lenscal.optics.psf_grid import axis_positions, bilinear_nodes

MOST_AT_BORDER = 0.025
"""Light on the outermost taps, at the tenth of the nodes that have most, above which kernels are
made larger."""


def centroids(kernels: Tensor) -> Tensor:
    """[..., 2]: (y, x) px from the central pixel of kernels [..., k, k] that sum to 1."""
    k = kernels.shape[-1]
    axis = torch.arange(k, device=kernels.device, dtype=kernels.dtype) - (k - 1) / 2
    return torch.stack([(kernels.sum(-1) * axis).sum(-1), (kernels.sum(-2) * axis).sum(-1)], -1)


def framed(kernels: Tensor, size: int) -> Tensor:
    """Kernels [..., k * k] as [..., size * size] around the same middle: with more border, of
    zeros, or with less."""
    k = round(kernels.shape[-1] ** 0.5)
    margin = (size - k) // 2
    squares = F.pad(kernels.unflatten(-1, (k, k)), (margin, margin, margin, margin))
    return squares.flatten(-2)


def border_light(kernels: Tensor) -> Tensor:
    """[...]: light on the outermost taps of kernels [..., k * k] of sum 1."""
    k = round(kernels.shape[-1] ** 0.5)
    return 1 - kernels.unflatten(-1, (k, k))[..., 1:-1, 1:-1].sum((-1, -2))


def reaches_border(kernels: Tensor) -> bool:
    """Whether kernels [nodes, 3, k * k] of sum 1 are cut off: too much light on the outermost
    taps."""
    return float(border_light(kernels).mean(1).quantile(0.9)) > MOST_AT_BORDER


def shift_kernels(kernels: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """Kernels [..., k, k] moved by (dy, dx) px [..., 2] (Fourier shift on a padded array),
    non-negative, sum 1."""
    k = kernels.shape[-1]
    n = 4 * k
    f = np.fft.fftfreq(n)
    dy, dx = shift[..., 0, None, None], shift[..., 1, None, None]
    phase = np.exp(-2j * np.pi * (f[:, None] * dy + f[None, :] * dx))
    padded = np.zeros((*kernels.shape[:-2], n, n))
    o = (n - k) // 2
    padded[..., o : o + k, o : o + k] = kernels
    moved = np.fft.ifft2(np.fft.fft2(padded) * phase).real[..., o : o + k, o : o + k]
    moved = np.maximum(moved, 0)
    return np.asarray(moved / moved.sum(axis=(-1, -2), keepdims=True), np.float32)


def interpolation_matrix(positions: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """[n, rows * cols] bilinear weights of the grid's nodes at positions [n, 2] in 0..1."""
    index, weight = bilinear_nodes(positions, shape)
    matrix = np.zeros((len(positions), shape[0] * shape[1]))
    np.add.at(matrix, (np.arange(len(positions))[:, None], index), weight)
    return matrix


def degrees(most: int) -> list[tuple[int, int]]:
    """Degrees (y, x) of the polynomials over the field up to a total degree, in the order of
    `polynomials`."""
    return [(i, j) for i in range(most + 1) for j in range(most + 1 - i)]


def polynomials(positions: np.ndarray, degree: int) -> np.ndarray:
    """[n, terms]: products of Legendre polynomials in y and x at field positions [n, 2] in 0..1,
    total degree at most `degree`."""
    py, px = (np.polynomial.legendre.legvander(2 * axis - 1, degree) for axis in positions.T)
    return np.stack([py[:, i] * px[:, j] for i, j in degrees(degree)], axis=-1)


def field_polynomials(shape: tuple[int, int], degree: int) -> np.ndarray:
    """[rows * cols, terms]: `polynomials` at the nodes of a grid."""
    y, x = (axis_positions(n) for n in shape)
    return polynomials(np.stack(np.meshgrid(y, x, indexing="ij"), -1).reshape(-1, 2), degree)


def second_differences(shape: tuple[int, int]) -> np.ndarray:
    """[m, rows * cols]: second differences over rows and columns of nodes (zero for a linear
    field)."""
    rows, cols = shape
    number = np.arange(rows * cols).reshape(shape)
    triples = (
        [number[:-2], number[1:-1], number[2:]],
        [number[:, :-2], number[:, 1:-1], number[:, 2:]],
    )
    lines = []
    for a, b, c in triples:
        for i, j, k in zip(a.ravel(), b.ravel(), c.ravel(), strict=True):
            line = np.zeros(rows * cols)
            line[[i, j, k]] = 1, -2, 1
            lines.append(line)
    return np.array(lines).reshape(-1, rows * cols)


def tilts(
    kernel_size: int, *, degree: int = 3, scale_px: float = 2.0, reach_px: float = 4.0
) -> np.ndarray:
    """[m, k * k]: Hermite polynomials of degree 1..`degree` in the taps' places, fading out at
    `reach_px`, of norm 1.

    Added to a kernel's logarithm they move (degree 1), widen (2) and skew (3) it.
    """
    u = (np.arange(kernel_size) - kernel_size // 2) / scale_px
    hermite = [
        np.polynomial.hermite_e.hermeval(u, np.eye(degree + 1)[i]) for i in range(degree + 1)
    ]
    envelope = np.exp(-(u**2) * scale_px**2 / 2 / reach_px**2)
    rows = [
        np.outer(hermite[i] * envelope, hermite[total - i] * envelope).ravel()
        for total in range(1, degree + 1)
        for i in range(total + 1)
    ]
    return np.stack([row / np.linalg.norm(row) for row in rows])
