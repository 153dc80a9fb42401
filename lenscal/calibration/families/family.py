"""What matching needs to know of the kernels that it moves.

A family is a torch module whose parameters are what is learnt: `parameters()`, `state_dict()` and
`to(device)` are a module's. Calling it gives kernels:

    family = FreeTaps(start, shape)       # start [nodes, channels, n], n = k * k taps
    kernels = family()                    # [nodes, channels, n], differentiable
    family.penalty(kernels)               # what is added to the matching loss

Kernels of a family with `latent_size` above 0 are drawn: `family(latent)` gives one kernel for each
row of latent [n, latent_size], standard normal, and so for each patch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lenscal.calibration.field.kernels import squares_of


@dataclass(frozen=True, slots=True)
class Regularisers:
    """Weights of what is added to the matching loss (a mean over pixels) of free kernels.

    Defaults are those of the lens calibration (Meanti et al. 2025, 4.3 and B.3; the weight of
    `centre`, which the text does not tell, from the public code, revision 7804d02).

    Attributes
    ----------
    centre : of the squared distance px^2 of the kernels' centre of mass from the middle
    sparsity : of the mean absolute value of a tap; constant where no tap is negative
    spread : of the mean over taps of the light times its squared distance from the centre of
        mass, the kernel's half side being 1
    sum_to_one : of the mean distance of a kernel's sum from 1
    """

    centre: float = 0.01
    sparsity: float = 0.01
    spread: float = 0.1
    sum_to_one: float = 0.0

    def penalty(self, kernels: Tensor) -> Tensor:
        """Of kernels [nodes, channels, n]."""
        k = squares_of(kernels)
        half = (k.shape[-1] - 1) / 2
        axis = torch.arange(k.shape[-1], device=k.device, dtype=k.dtype) - half
        total = k.sum((-1, -2))
        y, x = (k.sum(-1) * axis).sum(-1), (k.sum(-2) * axis).sum(-1)
        # All colours have one centre: where they lie apart is lateral colour.
        light = total.sum(-1) + 1e-5
        drift = (y.sum(-1) / light).square() + (x.sum(-1) / light).square()
        away = (axis[:, None] - y[..., None, None]).square() + (axis - x[..., None, None]).square()
        spread = (away / half**2 * k).mean()
        penalty = self.centre * drift.mean() + self.spread * spread
        penalty = penalty + self.sparsity * k.abs().mean()
        return penalty + self.sum_to_one * (total - 1).abs().mean()


class BlurFamily(nn.Module, ABC):
    """Kernels as a function of parameters.

    Attributes
    ----------
    size : side of a kernel, px
    latent_size : numbers that a kernel is drawn from; 0: kernels stand at nodes
    """

    size: int
    latent_size: int = 0

    @abstractmethod
    def forward(self, latent: Tensor | None = None) -> Tensor:
        """Kernels [nodes, channels, n], or one for each row of latent [n, latent_size]."""

    @abstractmethod
    def penalty(self, kernels: Tensor) -> Tensor:
        """What the loss grows by for kernels that this family gave."""

    def __call__(self, latent: Tensor | None = None) -> Tensor:
        kernels: Tensor = super().__call__(latent)
        return kernels


def gaussian_kernel(size: int, sigma_px: float) -> Tensor:
    """[n]: taps of an isotropic Gaussian, of sum 1."""
    u = torch.arange(size) - size // 2
    profile = torch.exp(-(u**2) / 2 / sigma_px**2)
    kernel = torch.outer(profile, profile).reshape(-1)
    return kernel / kernel.sum()
