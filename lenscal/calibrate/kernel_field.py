"""Kernels as polynomials over the field, taps with a prior: few numbers, each resting on all photos."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lenscal.calibrate.field_solver import prior_precision
from lenscal.optics.psf_grid import axis_positions

DEGREE = 4
SHRINK = (1.0, 0.4, 0.2, 0.07, 0.03)
"""Expected size of the coefficients by total degree, relative to the constant's."""
REFERENCE_SIGMA = 0.5
"""px: what a pixel of a good lens sees of a relative kernel cannot be negative; the kernel itself can."""
START_SIGMA = 1.2
REACH_PX = 1.5
"""Taps are expected to fall by e over this distance: looser, scenes' spectra end up in the tails."""


@dataclass(frozen=True, slots=True, eq=False)
class KernelField:
    """Kernels K(position) = mean + sum_p basis_p(position) L theta_p, each summing to 1; theta is standard normal.

    chol [n, n] : L, from the taps' covariance; mean [n]; n = k * k
    seen [n, n] : convolution with a Gaussian of `REFERENCE_SIGMA`
    taps [n, 2] : (y, x) px of the taps from the middle
    """

    kernel_size: int
    chol: Tensor
    mean: Tensor
    seen: Tensor
    taps: Tensor

    def basis(self, positions: np.ndarray) -> Tensor:
        """[n, terms] at field positions [n, 2]: normalised Legendre products times the prior's deviations."""
        y, x = (2 * positions - 1).T
        py, px = (np.polynomial.legendre.legvander(v, DEGREE) for v in (y, x))
        columns = [
            np.sqrt((2 * i + 1) * (2 * j + 1)) * SHRINK[i + j] * py[:, i] * px[:, j]
            for i in range(DEGREE + 1)
            for j in range(DEGREE + 1 - i)
        ]
        return torch.from_numpy(np.stack(columns, -1)).to(self.chol)

    @property
    def terms(self) -> int:
        return (DEGREE + 1) * (DEGREE + 2) // 2

    def kernels(self, theta: Tensor, basis: Tensor) -> Tensor:
        """[m, 3, n] for theta [terms, 3, n] and basis [m, terms]."""
        k = torch.einsum("mp,pcu->mcu", basis, theta @ self.chol.T) + self.mean
        return k + (1 - k.sum(-1, keepdim=True)) * self.mean


def kernel_field(kernel_size: int, device: torch.device, *, deviation: float = 0.07) -> KernelField:
    """A field of kernels whose taps deviate by about `deviation` in the middle, less and less further out."""
    k = kernel_size
    taps = np.arange(k) - k // 2
    y, x = (v.ravel() for v in np.meshgrid(taps, taps, indexing="ij"))
    radius = np.hypot(y, x)
    spread = (deviation * np.exp(-radius / REACH_PX) + 0.001 * deviation).reshape(k, k)
    precision = prior_precision(np.broadcast_to(spread, (1, k, k)))[0]
    mean = np.exp(-(radius**2) / 2 / START_SIGMA**2)
    distance = (y[:, None] - y[None]) ** 2 + (x[:, None] - x[None]) ** 2
    seen = np.exp(-distance / 2 / REFERENCE_SIGMA**2) / (2 * np.pi * REFERENCE_SIGMA**2)
    arrays = np.linalg.cholesky(np.linalg.inv(precision)), mean / mean.sum(), seen, np.stack([y, x], -1)
    chol, mean_, seen_, taps_ = (torch.from_numpy(a).float().to(device) for a in arrays)
    return KernelField(k, chol, mean_, seen_, taps_)


def node_positions(shape: tuple[int, int]) -> np.ndarray:
    """[rows * cols, 2] field positions of a grid's nodes."""
    y, x = (axis_positions(n) for n in shape)
    return np.stack(np.meshgrid(y, x, indexing="ij"), -1).reshape(-1, 2)
