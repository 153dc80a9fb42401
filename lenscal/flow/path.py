"""The straight path of conditional flow matching (Lipman et al. 2023, arXiv:2210.02747; Meanti et
al. 2025, 3.1)."""

from __future__ import annotations

import torch
from torch import Tensor

T_LOW, T_HIGH = 0.02, 0.985
"""Times that are learnt: at 0 there is nothing but noise, near 1 the velocities of two domains
differ by the noise of single pixels."""
HIGHEST_WEIGHT = 10.0
"""Of a difference of velocities: towards t = 1 the exact weight grows without bound, and with it
what the network gets wrong there."""


def sample_t(
    n: int, generator: torch.Generator, *, centre: float = 1.5, spread: float = 1.0
) -> Tensor:
    """[n]: logit-normal times in T_LOW..T_HIGH; fine detail, where blur shows, lives at large t."""
    # By torch's CPU generator, whatever the device: the same times everywhere.
    t = torch.sigmoid(centre + spread * torch.randn(n, generator=generator))
    return t.clamp(T_LOW, T_HIGH)


def interpolate(x_0: Tensor, x_1: Tensor, t: Tensor) -> Tensor:
    """x_t = (1 - t) x_0 + t x_1 for x [n, c, h, w], t [n]."""
    # One time for each patch of the batch.
    t = t.view(-1, 1, 1, 1)
    return (1 - t) * x_0 + t * x_1


def target_velocity(x_0: Tensor, x_1: Tensor) -> Tensor:
    """x_1 - x_0, the velocity of the straight path."""
    return x_1 - x_0


def matching_weight(t: Tensor) -> Tensor:
    """[n]: t^2 / (1 - t), capped: turns a difference of velocities into the KL divergence's
    gradient at t."""
    # Towards t = 1 it grows without bound.
    return (t.square() / (1 - t)).clamp(max=HIGHEST_WEIGHT)
