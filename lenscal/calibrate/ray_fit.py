"""Stages G and T with kernels that rays can make (`ray_field`): what a lens cannot do is left to the scenes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from lenscal.calibrate.ray_field import RayField
from lenscal.calibrate.spectral_fit import SecondOrder, ThirdOrder, lbfgs, minimise

SECOND_ORDER_WEIGHT = 0.02
THIRD_ORDER_WEIGHT = 1.0
GROUP_WEIGHT = 40.0
"""Of the prior, against statistics that are weighed as above: lenses it was found on are in docs/experiments.md."""
GROUP_OFFSET = 4.0
"""Degrees of freedom of a group's t distribution; its scale is a half."""
SOFTNESS_WEIGHT = 300.0
STEPS_A_ROUND, GAIN_STEPS = 15, 20
START_STEPS, START_ROUNDS = 60, 6
"""L-BFGS steps of each start, and in how many parts they are done: a calibration can be stopped in between."""
START_WEIGHT, START_SPREAD = 1e-3, 0.1
"""Of theta's squares against the kernels' relative squared error, and the deviation it is drawn with."""
START_SEEDS = (0, 1)


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
    basis = field.basis(at_cells)
    group, members = field.groups()

    def penalty(theta: Tensor, kernels: Tensor) -> Tensor:
        squares = torch.zeros_like(members).index_add(0, group, theta[: len(group)].square())
        groups = GROUP_WEIGHT * ((members + GROUP_OFFSET) * squares.log1p()).sum()
        return 0.5 * (groups + SOFTNESS_WEIGHT * theta[len(group) :].square().sum())

    with torch.no_grad():
        begin = field.kernels(start, basis)
    return minimise(
        start, _likeliest_gains(second, begin), lambda theta: field.kernels(theta, basis), penalty, second, third,
        field.taps, lateral, weights=(SECOND_ORDER_WEIGHT, THIRD_ORDER_WEIGHT), steps=STEPS_A_ROUND, rounds=rounds,
    )  # fmt: skip


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
