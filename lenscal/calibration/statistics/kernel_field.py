"""Kernels as polynomials over the field, taps with a prior: few numbers, each resting on all
photos."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.field.geometry import node_positions
from lenscal.calibration.field.polynomials import degrees
from lenscal.calibration.pairs.field_solver import prior_precision

TAP_FIELD_DEGREE = 4
"""True kernels' taps are polynomials of degree 4 within 1.7 %, of 3 within 3.8 %; 6 is no better
(docs/experiments/scene-statistics.md)."""
TAP_SHRINK = (1.0, 0.4, 0.2, 0.07, 0.03)
"""Expected size of the coefficients by total degree, relative to the constant's. Fields that may
bend more (0.8, 0.6, 0.4, 0.2) follow unrelated scenes: 0.165 -> 0.178 (docs/experiments/
scene-statistics.md, 2026-11-23)."""
REFERENCE_SIGMA = 0.5
"""px: what a pixel of a good lens sees of a relative kernel cannot be negative; the kernel itself
can."""
SIGMAS = (0.3, 0.7, 1.2, 2.0, 3.2)
"""px: the Gaussians that the expected kernel is mixed of, from a sharp core to a halo."""
START_LOG_WEIGHTS = (0.0, 0.0, 0.0, -1.0, -2.0)
"""Of the mixture before it is fitted: halos are rarer than cores."""
LEAST_REACH_PX = 0.4
"""Of the taps' fall: an expected kernel that is nearly a point would allow no others."""
DEVIATION = 0.64
"""How far taps are expected to be off in the middle, relative to the expected kernel's peak."""
LARGEST_DEVIATION, TAIL_DEVIATION = 0.5, 7e-5
"""Of a tap in the middle, and of all taps far out, where it keeps the covariance invertible."""
_MEAN_DEGREE = 2
"""Of the mixtures' log weights over the field; 4 is no better (docs/experiments/
scene-statistics.md, 2026-11-23)."""


@dataclass(frozen=True, slots=True, eq=False)
class KernelField:
    """Kernels K(position) = E(position) + sum_p basis_p(position) L theta_p of sum 1; theta is
    standard normal.

    E, the expected kernel, is a mixture of the Gaussians of `SIGMAS` whose log weights are
    quadratic over the field.

    chol [n, n] : L, from the taps' covariance; n = k * k
    log_weights [6, 3, len(SIGMAS)] : of the mixture, by polynomial and channel
    gaussians [len(SIGMAS), n] : each of sum 1
    pixel_response [n, n] : convolution with a Gaussian of `REFERENCE_SIGMA`
    taps [n, 2] : (y, x) px of the taps from the middle
    """

    kernel_size: int
    chol: Tensor
    log_weights: Tensor
    gaussians: Tensor
    pixel_response: Tensor
    taps: Tensor

    def basis(self, positions: NDArray[np.float64]) -> Tensor:
        """[n, terms] at field positions [n, 2]: normalised Legendre products times the prior's
        deviations."""
        y, x = (2 * positions - 1).T
        py, px = (np.polynomial.legendre.legvander(v, TAP_FIELD_DEGREE) for v in (y, x))
        columns = [
            np.sqrt((2 * i + 1) * (2 * j + 1)) * TAP_SHRINK[i + j] * py[:, i] * px[:, j]
            for i, j in degrees(TAP_FIELD_DEGREE)
        ]
        return torch.from_numpy(np.stack(columns, -1)).to(self.chol)

    @property
    def terms(self) -> int:
        return len(degrees(TAP_FIELD_DEGREE))

    def expected(self, basis: Tensor) -> Tensor:
        """[m, 3, n] for basis [m, terms]."""
        at = degrees(TAP_FIELD_DEGREE)
        mean_terms = [p for p, (i, j) in enumerate(at) if i + j <= _MEAN_DEGREE]
        # Without the prior's deviations, which are the taps'.
        plain = basis[:, mean_terms] / basis.new_tensor(
            [TAP_SHRINK[sum(at[p])] for p in mean_terms]
        )
        return torch.einsum("mp,pcs->mcs", plain, self.log_weights).softmax(-1) @ self.gaussians

    def kernels(self, theta: Tensor, basis: Tensor) -> Tensor:
        """[m, 3, n] for theta [terms, 3, n] and basis [m, terms]."""
        # Coefficients are independent in the prior's own coordinates, which L leads out of.
        mean = self.expected(basis)
        k = torch.einsum("mp,pcu->mcu", basis, theta @ self.chol.T) + mean
        # Sums are made one by the expected kernel: a plain factor would change signs.
        return k + (1 - k.sum(-1, keepdim=True)) * mean


def kernel_field(kernel_size: int, device: torch.device) -> KernelField:
    """A field of kernels before anything is known of them."""
    # Taps count from the middle: a Gaussian is centred there.
    taps = np.arange(kernel_size) - kernel_size // 2
    y, x = (v.ravel() for v in np.meshgrid(taps, taps, indexing="ij"))
    mixed = np.exp(-(y**2 + x**2) / 2 / np.square(SIGMAS)[:, None])
    distance = (y[:, None] - y[None]) ** 2 + (x[:, None] - x[None]) ** 2
    response = np.exp(-distance / 2 / REFERENCE_SIGMA**2) / (2 * np.pi * REFERENCE_SIGMA**2)
    arrays = mixed / mixed.sum(1, keepdims=True), response, np.stack([y, x], -1)
    gaussians, pixel_response, offsets = (torch.from_numpy(a).float().to(device) for a in arrays)
    log_weights = torch.zeros(len(degrees(_MEAN_DEGREE)), 3, len(SIGMAS), device=device)
    log_weights[0] = torch.tensor(START_LOG_WEIGHTS, device=device)
    field = KernelField(
        kernel_size, torch.empty(0, device=device), log_weights, gaussians, pixel_response, offsets
    )
    return expecting(field, log_weights)


def expecting(field: KernelField, log_weights: Tensor) -> KernelField:
    """The field with these mixtures expected; taps may deviate from them by so much, less and less
    further out."""
    # The factor is only a place holder: `basis` asks it for its device and type.
    field = replace(field, log_weights=log_weights, chol=field.pixel_response)
    mean = (
        field.expected(field.basis(node_positions((8, 8))))
        .mean((0, 1))
        .cpu()
        .numpy()
        .astype(np.float64)
    )
    # As far as the expected light reaches, kernels may deviate.
    radius = np.linalg.norm(field.taps.cpu().numpy(), axis=1)
    # Taps fall by e over the mean distance of the light: looser, scenes' spectra end up in the
    # tails.
    reach = max(float(mean @ radius), LEAST_REACH_PX)
    spread = (
        min(DEVIATION * mean.max(), LARGEST_DEVIATION) * np.exp(-radius / reach) + TAIL_DEVIATION
    )
    k = field.kernel_size
    # The same correlations as in stage P, so that taps mean the same in both.
    precision = prior_precision(spread.reshape(1, k, k))[0]
    return replace(
        field, chol=torch.from_numpy(np.linalg.cholesky(np.linalg.inv(precision))).to(log_weights)
    )
