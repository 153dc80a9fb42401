"""Stages G and T with kernels that rays can make (`ray_field`): what a lens cannot do is left to
the scenes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from lenscal.calibrate.pairs.field_solver import CENTROID_DEVIATION_PX
from lenscal.calibrate.rays.ray_field import RayField
from lenscal.calibrate.statistics.pieces import (
    cell_pieces,
    even_pieces,
    team_for,
    value_and_gradients,
)
from lenscal.calibrate.statistics.spectral_fit import (
    Objective,
    SecondOrder,
    ThirdOrder,
    lbfgs,
    likeliest_gains,
    minimise,
    no_penalty,
)
from lenscal.system.threads import Team

SECOND_ORDER_WEIGHT = 0.02
THIRD_ORDER_WEIGHT = 1.0
PAIRS_WEIGHT = 0.1
"""Of the pairs' normal equations, whose sites are not independent either."""
GROUP_WEIGHT = 40.0
"""Of the prior, against statistics that are weighed as above: lenses it was found on are in
docs/experiments/."""
GROUP_OFFSET = 4.0
"""Degrees of freedom of a group's t distribution; its scale is a half."""
SOFTNESS_WEIGHT = 300.0
STEPS_A_ROUND = 15
START_STEPS, START_ROUNDS = 60, 6
"""L-BFGS steps of each start, and in how many parts they are done: a calibration can be stopped in
between."""
START_WEIGHT, START_SPREAD = 1e-3, 0.1
"""Of theta's squares against the kernels' relative squared error, and the deviation it is drawn
with."""
START_SEEDS = (0, 1)
SCALE_STEPS, SCALE_ROUNDS = 30, 3
SCALE_WEIGHT = 400.0
"""Of the groups' factors against the same one for all, in the units of the likelihood."""


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What of theta holds for photos that it was not found on.

    scales : [n], what to multiply theta with
    gain : how much likelier kernels make what was held out than a lens without aberrations does,
    log per patch (weighed
        as the second order is)
    """

    scales: Tensor
    gain: float


def rays_like(field: RayField, positions: np.ndarray, kernels: Tensor) -> Iterator[Tensor]:
    """Theta [n] whose kernels come nearest to kernels [m, 3, k * k] at field positions [m, 2]:
    where a fit begins.

    The best of a few starts: what two signs of an aberration explain alike is decided there. Yields
    the best so far every now and then; the last one is the best of all.
    """
    basis = field.basis(positions)
    size = kernels.square().sum()
    best, least = torch.zeros(field.count, device=kernels.device), np.inf
    pieces = cell_pieces(len(kernels), kernels.device)

    def off(theta: Tensor, piece: slice) -> Tensor:
        return (field.kernels(theta, basis.part(piece)) - kernels[piece]).square().sum()

    def misfit(shared: Sequence[Tensor], _: Tensor, number: int) -> Tensor:
        return off(shared[0], pieces[number]) / size

    with team_for(pieces) as team:
        for seed in START_SEEDS:
            generator = torch.Generator().manual_seed(seed)
            drawn = torch.randn(field.count, generator=generator) * START_SPREAD
            theta = drawn.to(kernels.device).requires_grad_()
            optimiser = lbfgs([theta], START_STEPS // START_ROUNDS)

            def loss(theta: Tensor = theta, optimiser: torch.optim.LBFGS = optimiser) -> Tensor:
                optimiser.zero_grad()
                value = value_and_gradients(team, pieces, [theta], None, misfit)
                prior = START_WEIGHT * theta.square().sum()
                prior.backward()
                return value + prior.detach()

            for _ in range(START_ROUNDS):
                optimiser.step(loss)
                with torch.no_grad():
                    reached = float(off(theta, slice(None)))
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

    The prior is that of coefficients whose groups have sizes of their own, which are not known
    (normal with an inverse gamma variance: Student's t for each group, Gelman 2006,
    doi:10.1214/06-BA117A): a group that is not needed shrinks, one that is stays as it is.

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
    penalty = _prior(field)
    with torch.no_grad():
        begin = field.kernels(start, basis)
    objective = Objective(
        kernels_of=lambda theta, piece: field.kernels(theta, basis.part(piece)),
        prior=penalty,
        penalty=no_penalty,
        second=second,
        third=third,
        weights=(SECOND_ORDER_WEIGHT, THIRD_ORDER_WEIGHT),
        taps=field.taps,
        lateral=lateral,
    )
    gains = likeliest_gains(second, begin)
    return minimise(start, gains, objective, steps=STEPS_A_ROUND, rounds=rounds)


def _prior(field: RayField) -> Callable[[Tensor], Tensor]:
    """What theta costs beforehand (`fit_rays`), in the units of the likelihood."""
    group, members = field.groups()

    def penalty(theta: Tensor) -> Tensor:
        squares = torch.zeros_like(members).index_add(0, group, theta[: len(group)].square())
        groups = GROUP_WEIGHT * ((members + GROUP_OFFSET) * squares.log1p()).sum()
        return 0.5 * (groups + SOFTNESS_WEIGHT * theta[len(group) :].square().sum())

    return penalty


def fit_rays_to_pairs(
    field: RayField,
    positions: tuple[np.ndarray, np.ndarray],
    gram: Tensor,
    cross: Tensor,
    near: Tensor,
    centroids: Tensor,
    *,
    rounds: int,
    start: Tensor,
) -> Iterator[Tensor]:
    """Minimise PAIRS_WEIGHT sum_cells (k^T H k / 2 - b^T k) + prior by L-BFGS, with the kernels'
    centroids drawn to given places; yields theta [n] after each round of `STEPS_A_ROUND` steps.

    Parameters
    ----------
    positions : ndarray [cells, 2], [nodes, 2]
        Field positions of the cells of the normal equations, and of the nodes.
    gram, cross : Tensor [cells, 3, k * k, k * k], [cells, 3, k * k]
        H and b (`NormalEquations`, both halves together); k is the field's kernel size.
    near : Tensor [cells, 3, k * k]
        Kernels near the minimum: differences from them are summed, as single precision would lose
        what matters.
    centroids : Tensor [nodes, 3, 2]
        (y, x) px.
    start : Tensor [n]
        Of `rays_like`.
    """
    cells, nodes = (field.basis(at) for at in positions)
    penalty = _prior(field)
    pull = (gram @ near[..., None])[..., 0] - cross
    at_cells = cell_pieces(len(near), near.device)
    at_nodes = even_pieces(len(centroids), len(at_cells))

    def of_cells(kernels: Tensor, piece: slice) -> Tensor:
        off = kernels - near[piece]
        bent = 0.5 * (gram[piece] @ off[..., None])[..., 0] + pull[piece]
        return PAIRS_WEIGHT * (bent * off).sum()

    with torch.no_grad():
        point = torch.zeros_like(near)
        point[..., near.shape[-1] // 2] = 1
        total = of_cells(point, slice(None)).abs().clamp(min=1.0)

    def misfit(shared: Sequence[Tensor], _: Tensor, number: int) -> Tensor:
        piece, own = at_cells[number], at_nodes[number]
        data = of_cells(field.kernels(shared[0], cells.part(piece)), piece)
        middle = field.kernels(shared[0], nodes.part(own)) @ field.taps
        off = (middle - centroids[own]).square().sum() / (2 * CENTROID_DEVIATION_PX**2)
        return (data + off) / total

    theta = start.clone().requires_grad_()
    optimiser = lbfgs([theta], STEPS_A_ROUND)
    with team_for(at_cells) as team:

        def loss() -> Tensor:
            optimiser.zero_grad()
            value = value_and_gradients(team, at_cells, [theta], None, misfit)
            prior = penalty(theta) / total
            prior.backward()
            return value + prior.detach()

        for _ in range(rounds):
            optimiser.step(loss)
            yield theta.detach().clone()


def cross_validate(
    field: RayField,
    at_cells: np.ndarray,
    halves: tuple[tuple[SecondOrder, ThirdOrder], tuple[SecondOrder, ThirdOrder]],
    found: tuple[Tensor, Tensor],
    whole: Tensor,
) -> Iterator[HeldOut]:
    """Factors of theta, one for all and one for each group, with which each half of the photos
    predicts the other best.

    Stacked regression (Breiman 1996, doi:10.1007/BF00117832): what scenes did to one half does not
    help the other. Yields after each part of the work; the last one is the result.

    Parameters
    ----------
    halves : second and third order of the two halves
    found : Tensor [n] each
        Theta of the halves.
    whole : Tensor [n]
        Theta of all photos, which phases are weighed by.
    """
    basis = field.basis(at_cells)
    group, members = field.groups()
    soft = field.count - len(group)
    index = torch.cat(
        [group, len(members) + torch.arange(soft, device=group.device) // (soft // 2)]
    )
    common = torch.ones((), device=whole.device, requires_grad=True)
    own = torch.ones(len(members) + 2, device=whole.device, requires_grad=True)
    others = halves[::-1]
    total = sum(second.patches.sum() for second, _ in halves)
    with torch.no_grad():
        now = field.kernels(whole, basis)
        weights = [third.weights(now) for _, third in others]
        first = [field.kernels(theta, basis) for theta in found]
    gains = [
        likeliest_gains(second, k).requires_grad_()
        for (second, _), k in zip(others, first, strict=True)
    ]
    optimiser = lbfgs([common, own, *gains], SCALE_STEPS // SCALE_ROUNDS)
    pieces = cell_pieces(len(at_cells), whole.device)
    parts = [
        [(second.part(piece), third.part(piece)) for piece in pieces] for second, third in others
    ]

    def misfit(half: int, shared: Sequence[Tensor], gain: Tensor, number: int) -> Tensor:
        piece, (second, third) = pieces[number], parts[half][number]
        theta = found[half] * (shared[0] * shared[1])[index]
        kernels = field.kernels(theta, basis.part(piece))
        data = SECOND_ORDER_WEIGHT * second.misfit(kernels, gain)
        data = data + THIRD_ORDER_WEIGHT * third.misfit(kernels, weights[half][piece])
        return data / total

    def loss(team: Team) -> Tensor:
        optimiser.zero_grad()
        prior = 0.5 * SCALE_WEIGHT * (own - 1).square().sum() / total
        prior.backward()
        value = prior.detach()
        for half, gain in enumerate(gains):
            of_half = partial(misfit, half)
            value = value + value_and_gradients(team, pieces, [common, own], gain, of_half)
        return value

    def unlikely(scale: Tensor, gains: list[Tensor]) -> float:
        misfit = 0.0
        with torch.no_grad():
            for (second, _), theta, gain in zip(others, found, gains, strict=True):
                kernels = field.kernels(theta * scale, basis)
                misfit += SECOND_ORDER_WEIGHT * float(second.misfit(kernels, gain) / total)
        return misfit

    nothing = torch.zeros_like(whole)
    with torch.no_grad():
        points = field.kernels(nothing, basis)
    without = unlikely(nothing, [likeliest_gains(second, points) for second, _ in others])
    with team_for(pieces) as team:
        for _ in range(SCALE_ROUNDS):
            optimiser.step(partial(loss, team))
            scales = (common * own)[index].detach()
            yield HeldOut(scales, without - unlikely(scales, gains))
