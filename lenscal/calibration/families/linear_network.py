"""A kernel as a deep linear network: convolutions one after the other, with nothing in between."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lenscal.calibration.families.family import BlurFamily, Regularisers, gaussian_kernel

SIDES_PX = (7, 5, 5, 1)
"""Of the layers' kernels: together 15 px (Meanti et al. 2025, B.4)."""
WIDTH = 64
SINGLE_IMAGE = Regularisers(centre=0.1, sparsity=0.1, spread=0.0, sum_to_one=0.1)
"""As the public code has them (revision 7804d02); the text says 0.01 for the centre."""
START_SIGMA_PX = 1.5
_LIKE_STEPS, _LIKE_RATE = 300, 0.01
GAIN = 0.1
"""Of the random weights: small beside the path that gives the start."""


class LinearNetwork(BlurFamily):
    """One kernel for all places and channels, not made to sum to 1: a regulariser asks for that.

    After KernelGAN's (Bell-Kligler et al. 2019); it is easier to train than free taps (B.4). It
    begins at a Gaussian, where published code begins at random.

    Parameters
    ----------
    channels : copies of the kernel that are given
    sides, width : of the layers
    sigma_px : standard deviation of the Gaussian it begins at
    seed : of the random weights
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        sides: Sequence[int] = SIDES_PX,
        width: int = WIDTH,
        sigma_px: float = START_SIGMA_PX,
        seed: int = 0,
        regularisers: Regularisers = SINGLE_IMAGE,
    ) -> None:
        super().__init__()
        self.size = sum(sides) - len(sides) + 1
        self.channels, self.regularisers = channels, regularisers
        generator = torch.Generator().manual_seed(seed)
        widths = (1, *[width] * (len(sides) - 1), 1)
        self.layers = nn.ParameterList()
        # Variances of Gaussians add up where they follow each other.
        blurring = sum(side > 1 for side in sides)
        sigma = sigma_px / blurring**0.5
        for (before, after), side in zip(pairwise(widths), sides, strict=True):
            deviation = GAIN * (2 / (side**2 * (before + after))) ** 0.5
            layer = deviation * torch.randn(after, before, side, side, generator=generator)
            # One path through the first feature of each layer.
            layer[0, 0] += gaussian_kernel(side, sigma).view(side, side)
            self.layers.append(nn.Parameter(layer))

    def forward(self, latent: Tensor | None = None) -> Tensor:
        """[1, channels, n]."""
        first = self.layers[0]
        # The kernel is what the network makes of one bright pixel.
        kernel = torch.zeros(1, 1, 2 * self.size - 1, 2 * self.size - 1, device=first.device)
        kernel[..., self.size - 1, self.size - 1] = 1
        for layer in self.layers:
            # conv2d correlates, which turns what a pixel becomes about: so is each layer.
            kernel = F.conv2d(kernel, layer.flip(-1, -2))
        return kernel.reshape(1, 1, -1).expand(1, self.channels, -1)

    def penalty(self, kernels: Tensor) -> Tensor:
        """The paper's for single images."""
        return self.regularisers.penalty(kernels)


def linear_network_like(kernel: Tensor, *, seed: int = 0) -> LinearNetwork:
    """One whose kernel is nearly `kernel` [k, k], of sum 1: where matching goes on from another
    way's."""
    n = kernel.shape[-1]
    network = LinearNetwork(sides=sides_of(n), seed=seed)
    optimiser = torch.optim.Adam(network.parameters(), _LIKE_RATE)
    wanted = kernel.reshape(1, 1, -1)
    for step in range(_LIKE_STEPS):
        for group in optimiser.param_groups:
            group["lr"] = _LIKE_RATE * (1 - step / _LIKE_STEPS)
        optimiser.zero_grad()
        ((network() - wanted).square().sum() / wanted.square().sum()).backward()
        optimiser.step()
    return network


def sides_of(size: int) -> tuple[int, ...]:
    """Of layers that make kernels of an odd size, the first one widest: 7, 5, 5, 1 for 15."""
    steps = (size - 1) // 2
    parts = [steps // 3 + (steps % 3 > i) for i in range(3)]
    return (*(2 * part + 1 for part in parts), 1)
