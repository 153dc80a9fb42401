"""Priors over kernels that are known exactly: tests of deblurring share them."""

from __future__ import annotations

from typing import Any

import torch


class KnownKernels:
    """A prior that knows all kernels [n, k, k] there are: exactly what a flow would learn of
    them."""

    channels = 1

    def __init__(self, kernels: Any) -> None:
        self.kernels = torch.from_numpy(kernels)
        self.size = self.kernels.shape[-1]
        self.mean = 1 / self.size**2
        self.scale = float(self.kernels.std())

    def posterior_mean(self, noisy: torch.Tensor, level: float) -> torch.Tensor:
        """Of equally probable kernels."""
        away = (noisy - self.kernels[None]).square().sum((2, 3))
        weights = torch.softmax(-away / 2 / (level * self.scale) ** 2, 1)
        return torch.einsum("bn,nhw->bhw", weights, self.kernels)[:, None]


class GaussianKernels:
    """A prior that knows mean and covariance of kernels [n, k, k], and nothing else."""

    channels = 1

    def __init__(self, kernels: Any) -> None:
        known = torch.from_numpy(kernels)
        flat = known.flatten(1).double()
        self.size = known.shape[-1]
        self.mean, self.scale = 1 / self.size**2, float(known.std())
        self._middle = flat.mean(0)
        self._variances, self._axes = torch.linalg.eigh(torch.cov(flat.T))

    def posterior_mean(self, noisy: torch.Tensor, level: float) -> torch.Tensor:
        """Of Gaussian kernels, in closed form."""
        along = (noisy.flatten(1).double() - self._middle) @ self._axes
        kept = self._variances / (self._variances + (level * self.scale) ** 2)
        expected: torch.Tensor = self._middle + (along * kept) @ self._axes.T
        return expected.float().view_as(noisy)
