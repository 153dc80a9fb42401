"""Stages G and T with kernels that rays can make (`ray_field`): what a lens cannot do is left to the scenes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from lenscal.calibrate.ray_field import RayField
from lenscal.calibrate.spectral_fit import CENTROID_WEIGHT, SecondOrder, ThirdOrder, lbfgs

SECOND_ORDER_WEIGHT = 0.02
THIRD_ORDER_WEIGHT = 1.0
GROUP_WEIGHT = 40.0
"""Of the prior, against statistics that are weighed as above: lenses it was found on are in docs/experiments.md."""
GROUP_OFFSET = 4.0
SOFTNESS_WEIGHT = 300.0
STEPS_A_ROUND = 15
START_STEPS, START_ROUNDS = 60, 6
GAIN_STEPS = 20
START_WEIGHT = 1e-3
START_SEEDS = (0, 1)
START_SPREAD = 0.1


def rays_like(field: RayField, positions: np.ndarray, kernels: Tensor) -> Iterator[Tensor]:
    """Theta [n] whose kernels come nearest to kernels [m, 3, k * k] at field positions [m, 2]: where a fit begins.

    The best of a few starts: what two signs of an aberration explain alike is decided there. Yields the best so far
    every now and then; the last one is the best of all.
    """
    basis = field.basis(positions)
    size = kernels.square().sum()
    best, least = torch.zeros(field.count, device=kernels.device), np.inf
    for seed in START_SEEDS:
        drawn = torch.randn(field.count, generator=torch.Generator().manual_seed(seed)) * START_SPREAD
        theta = drawn.to(kernels.device).requires_grad_()
        optimiser = lbfgs([theta], START_STEPS // START_ROUNDS)

        def loss(theta: Tensor = theta, optimiser: torch.optim.LBFGS = optimiser) -> Tensor:
            optimiser.zero_grad()
            off = (field.kernels(theta, basis) - kernels).square().sum() / size
            value = off + START_WEIGHT * theta.square().sum()
            value.backward()
            return value

        for _ in range(START_ROUNDS):
            optimiser.step(loss)
            with torch.no_grad():
                reached = float((field.kernels(theta, basis) - kernels).square().sum())
            if reached < least:
                best, least = theta.detach().clone(), reached
            yield best


def fit_rays(
    field: RayField,
    at_cells: np.ndarray,
    second: SecondOrder,
    third: ThirdOrder,
    lateral: np.ndarray,
    *,
    rounds: int,
    start: Tensor,
) -> Iterator[Tensor]:
    """Minimise by L-BFGS; yields theta [n] after each round of `STEPS_A_ROUND` steps.

    The prior is that of coefficients whose groups have sizes of their own, which are not known (normal with an inverse
    gamma variance: Student's t for each group, Gelman 2006, doi:10.1214/06-BA117A): a group that is not needed
    shrinks, one that is stays as it is.

    Parameters
    ----------
    at_cells : ndarray [cells, 2]
        Field positions of the statistics' cells.
    lateral : ndarray [cells, 3, 2]
        Centroids (dy, dx) px that the channels shall have; their mean over the channels is zero.
    start : Tensor [n]
        Of `rays_like`, or of a fit before.
    """
    device = start.device
    basis = field.basis(at_cells)
    wanted = torch.from_numpy(lateral).to(device, torch.float32)
    theta = start.clone().requires_grad_()
    with torch.no_grad():
        gains = _likeliest_gains(second, field.kernels(theta, basis)).requires_grad_()
    optimiser = lbfgs([theta, gains], STEPS_A_ROUND)
    total = second.patches.sum().clamp(min=1)
    group, members = field.groups()
    taps = field.taps
    weights = torch.zeros(0)

    def loss() -> Tensor:
        optimiser.zero_grad()
        kernels = field.kernels(theta, basis)
        data = SECOND_ORDER_WEIGHT * second.misfit(kernels, gains) + THIRD_ORDER_WEIGHT * third.misfit(kernels, weights)
        squares = torch.zeros_like(members).index_add(0, group, theta[: len(group)].square())
        prior = 0.5 * GROUP_WEIGHT * ((members + GROUP_OFFSET) * squares.log1p()).sum()
        prior = prior + 0.5 * SOFTNESS_WEIGHT * theta[len(group) :].square().sum()
        moved = (kernels @ taps - wanted).square().sum(-1).mean()
        value = (data + prior) / total + CENTROID_WEIGHT * moved
        value.backward()
        return value

    for number in range(rounds):
        if number % 2 == 0:
            weights = third.weights(field.kernels(theta, basis))
        optimiser.step(loss)
        yield theta.detach().clone()


@torch.enable_grad()
def _likeliest_gains(second: SecondOrder, kernels: Tensor) -> Tensor:
    """Log gains [cells, 3] for kernels [cells, 3, n]: with others, a fit's first steps would spoil its start."""
    gains = second.first_gains().requires_grad_()
    optimiser = lbfgs([gains], GAIN_STEPS)
    total = second.patches.sum().clamp(min=1)

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = second.misfit(kernels, gains) / total
        value.backward()
        return value

    optimiser.step(loss)
    return gains.detach()
