"""Flow-matching steps and the averages that are kept of noisy iterates."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from lenscal.flow.network import VelocityNetwork
from lenscal.flow.path import interpolate, target_velocity

NETWORK_GAMMA = 16.97
"""Of the average that is kept of a network's weights: a relative width of 0.05, as published."""


def flow_loss(
    network: VelocityNetwork, x_0: Tensor, x_1: Tensor, t: Tensor, position: Tensor, domain: Tensor
) -> Tensor:
    """Mean squared error of the velocity (Meanti et al. 2025, section 3.1) for patches x_1 of the
    given domains."""
    # The straight path's velocity is the same at every t: only x_t changes.
    v: Tensor = network(interpolate(x_0, x_1, t), t, position, domain)
    # In single precision, whatever the network computes in: small errors are squared here.
    return (v.float() - target_velocity(x_0, x_1)).square().mean()


class PowerAverage:
    """Power-function average of parameters: weight n^gamma on iterate n (Karras et al. 2024,
    arXiv:2312.02696, 3.1).

    gamma = 16.97 has a relative width of 0.05.
    """

    def __init__(self, tensors: Iterable[Tensor], *, gamma: float = NETWORK_GAMMA) -> None:
        self.gamma, self.count = gamma, 0
        self.values = [t.detach().clone() for t in tensors]

    @torch.no_grad()
    def update(self, tensors: Iterable[Tensor]) -> None:
        """Take in the next iterates."""
        self.count += 1
        # The first iterate counts whole, as there is nothing to average it with.
        beta = (1 - 1 / self.count) ** (self.gamma + 1)
        for mean, now in zip(self.values, tensors, strict=True):
            mean.lerp_(now.detach(), 1 - beta)
