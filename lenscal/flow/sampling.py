"""Patches that a velocity network generates: what it has learnt, to be looked at."""

from __future__ import annotations

import torch
from torch import Tensor

from lenscal.flow.network import REAL, VelocityNetwork

STEPS = 12


@torch.no_grad()
def sample(
    network: VelocityNetwork, x_0: Tensor, position: Tensor, *, steps: int = STEPS
) -> Tensor:
    """Patches [n, p, m, m] from noise x_0 at field positions [n, 2].

    dx = v(x, t) dt from t = 0 to 1 (Meanti et al. 2025, section 3.1) by the midpoint rule.
    """
    x, h = x_0, 1 / steps
    domain = torch.full((len(x),), REAL, device=x.device)

    def velocity(at: Tensor, t: float) -> Tensor:
        v: Tensor = network(at, torch.full((len(x),), t, device=x.device), position, domain)
        return v.float()

    for number in range(steps):
        t = number * h
        middle = x + h / 2 * velocity(x, t)
        x = x + h * velocity(middle, t + h / 2)
    return x
