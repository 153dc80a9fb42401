"""Stages G and T with kernels that rays can make (`ray_field`): what a lens cannot do is left to
the scenes (docs/method.md, section 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.pairs.field_solver import CENTROID_DEVIATION_PX
from lenscal.calibration.rays.ray_field import RayField
from lenscal.calibration.statistics.likelihood_terms import SecondOrder, ThirdOrder
from lenscal.calibration.statistics.pieces import (
    cell_pieces,
    even_pieces,
    team_for,
    value_and_gradients,
)
from lenscal.calibration.statistics.spectral_fit import (
    Objective,
    lbfgs,
    likeliest_gains,
    minimise,
    no_penalty,
    optimise,
)
from lenscal.system.threads import Team

RAYS_SECOND_ORDER_WEIGHT = 0.02
RAYS_THIRD_ORDER_WEIGHT = 1.0
"""Less than with taps: at the likelihood's word scenes are fitted, 0.104 after 4 rounds and 0.129
after 8 (docs/experiments/rays.md, 2026-11-23)."""
PAIRS_WEIGHT = 0.1
"""Of the pairs' normal equations, whose sites are not independent either. 1 does as well, 0.01 less
(0.083 instead of 0.079; docs/experiments/rays.md, 2026-11-24, later)."""
GROUP_WEIGHT = 40.0
"""Of the prior, against statistics that are weighed as above: found on the tuning lenses
(docs/experiments/rays.md, 2026-11-23)."""
GROUP_OFFSET = 4.0
"""Degrees of freedom of a group's t distribution; its scale is a half."""
SOFTNESS_WEIGHT = 300.0
"""Of the softness squared: held fixed, the wide-open lens gets 0.135 instead of 0.101
(docs/experiments/rays.md, 2026-11-23)."""
RAYS_STEPS_A_ROUND = 15
"""L-BFGS steps between two reports."""
START_STEPS, START_ROUNDS = 60, 6
"""L-BFGS steps of each start, and in how many parts they are done: a calibration can be stopped in
between."""
START_WEIGHT, START_SPREAD = 1e-3, 0.1
"""Of theta's squares against the kernels' relative squared error, and the deviation it is drawn
with."""
START_SEEDS = (0, 1)
"""Six seeds end at the same objective within 15 (docs/experiments/rays.md, 2026-11-24, later)."""
SCALE_STEPS, SCALE_ROUNDS = 30, 3
SCALE_WEIGHT = 400.0
"""Of the groups' factors against the same one for all, in the units of the likelihood. A tenth
makes the traced lens better, the weak and the wide-open one worse (docs/experiments/rays.md,
2026-11-24)."""


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


def rays_like(field: RayField, positions: NDArray[np.float64], kernels: Tensor) -> Iterator[Tensor]:
    """Theta [n] whose kernels come nearest to kernels [m, 3, k * k] at field positions [m, 2]:
    where a fit begins.

    The best of a few starts: what two signs of an aberration explain alike is decided there. Yields
    the best so far every now and then; the last one is the best of all.
    """
    basis = field.basis(positions)
    size = kernels.square().sum()
    best, least = torch.zeros(field.count, device=kernels.device), np.inf
    pieces = cell_pieces(len(kernels), kernels.device)

    def squared_error(theta: Tensor, piece: slice) -> Tensor:
        return (field.kernels(theta, basis.part(piece)) - kernels[piece]).square().sum()

    def misfit(shared: Sequence[Tensor], _: Tensor, number: int) -> Tensor:
        return squared_error(shared[0], pieces[number]) / size

    with team_for(pieces) as team:
        for seed in START_SEEDS:
            # Not at zero: there the gradient by both signs of an aberration is the same.
            generator = torch.Generator().manual_seed(seed)
            begin = torch.randn(field.count, generator=generator) * START_SPREAD
            theta = begin.to(kernels.device).requires_grad_()
            # A new memory for each start: curvature elsewhere misleads.
            optimiser = lbfgs([theta], START_STEPS // START_ROUNDS)

            def loss(theta: Tensor = theta, optimiser: torch.optim.LBFGS = optimiser) -> Tensor:
                optimiser.zero_grad()
                value = value_and_gradients(team, pieces, [theta], None, misfit)
                prior = START_WEIGHT * theta.square().sum()
                prior.backward()
                return value + prior.detach()

            for _ in range(START_ROUNDS):
                optimise(optimiser, loss)
                with torch.no_grad():
                    error = float(squared_error(theta, slice(None)))
                # Kept over all starts: the last one need not be the best.
                if error < least:
                    best, least = theta.detach().clone(), error
                yield best


def fit_rays(
    field: RayField,
    at_cells: NDArray[np.float64],
    second: SecondOrder,
    third: ThirdOrder,
    lateral: NDArray[np.float64],
    *,
    rounds: int,
    start: Tensor,
) -> Iterator[Tensor]:
    """Minimise by L-BFGS; yields theta [n] after each round of `RAYS_STEPS_A_ROUND` steps.

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
    # Gains that suit the start: else the first steps widen all kernels.
    with torch.no_grad():
        start_kernels = field.kernels(start, basis)
    objective = Objective(
        kernels_of=lambda theta, piece: field.kernels(theta, basis.part(piece)),
        prior=penalty,
        penalty=no_penalty,
        second=second,
        third=third,
        weights=(RAYS_SECOND_ORDER_WEIGHT, RAYS_THIRD_ORDER_WEIGHT),
        taps=field.taps,
        lateral=lateral,
    )
    gains = likeliest_gains(second, start_kernels)
    return minimise(start, gains, objective, steps=RAYS_STEPS_A_ROUND, rounds=rounds)


def _prior(field: RayField) -> Callable[[Tensor], Tensor]:
    """What theta costs beforehand (`fit_rays`), in the units of the likelihood."""
    group, members = field.groups()

    def penalty(theta: Tensor) -> Tensor:
        # One size for each group, as its members come and go together.
        squares = torch.zeros_like(members).index_add(0, group, theta[: len(group)].square())
        # (n + nu) / 2 log(1 + |theta|^2 / (nu s^2)) with nu = 4 and s = 1/2: nu s^2 is one.
        groups = GROUP_WEIGHT * ((members + GROUP_OFFSET) * squares.log1p()).sum()
        return 0.5 * (groups + SOFTNESS_WEIGHT * theta[len(group) :].square().sum())

    return penalty


def fit_rays_to_pairs(
    field: RayField,
    positions: tuple[NDArray[np.float64], NDArray[np.float64]],
    gram: Tensor,
    cross: Tensor,
    near: Tensor,
    centroids: Tensor,
    *,
    rounds: int,
    start: Tensor,
) -> Iterator[Tensor]:
    """Minimise PAIRS_WEIGHT sum_cells (k^T H k / 2 - b^T k) + prior by L-BFGS, with the kernels'
    centroids drawn to given places; yields theta [n] after each round of `RAYS_STEPS_A_ROUND`
    steps.

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
    # The gradient at `near`: the rest of the quadratic is small there.
    pull = (gram @ near[..., None])[..., 0] - cross
    at_cells = cell_pieces(len(near), near.device)
    at_nodes = even_pieces(len(centroids), len(at_cells))

    def of_cells(kernels: Tensor, piece: slice) -> Tensor:
        difference = kernels - near[piece]
        # (k - near)^T (H (k - near) / 2 + H near - b): equation 9 but for a constant.
        slope = 0.5 * (gram[piece] @ difference[..., None])[..., 0] + pull[piece]
        return PAIRS_WEIGHT * (slope * difference).sum()

    with torch.no_grad():
        # In units of what a point leaves unexplained: L-BFGS likes numbers near one.
        point = torch.zeros_like(near)
        point[..., near.shape[-1] // 2] = 1
        total = of_cells(point, slice(None)).abs().clamp(min=1.0)

    def misfit(shared: Sequence[Tensor], _: Tensor, number: int) -> Tensor:
        piece, node_piece = at_cells[number], at_nodes[number]
        data = of_cells(field.kernels(shared[0], cells.part(piece)), piece)
        middle = field.kernels(shared[0], nodes.part(node_piece)) @ field.taps
        # Pairs do know where kernels lie, but the solver of stage P held them here as well.
        drift = (middle - centroids[node_piece]).square().sum() / (2 * CENTROID_DEVIATION_PX**2)
        return (data + drift) / total

    theta = start.clone().requires_grad_()
    optimiser = lbfgs([theta], RAYS_STEPS_A_ROUND)
    with team_for(at_cells) as team:

        def loss() -> Tensor:
            optimiser.zero_grad()
            value = value_and_gradients(team, at_cells, [theta], None, misfit)
            prior = penalty(theta) / total
            prior.backward()
            return value + prior.detach()

        for _ in range(rounds):
            optimise(optimiser, loss)
            yield theta.detach().clone()


def _factor_index(field: RayField) -> Tensor:
    """[n]: number of the factor that each of theta has in `cross_validate`: its group's, and one
    for each of the two kinds of softness."""
    group, members = field.groups()
    soft = field.count - len(group)
    return torch.cat([group, len(members) + torch.arange(soft, device=group.device) // (soft // 2)])


def cross_validate(
    field: RayField,
    at_cells: NDArray[np.float64],
    halves: tuple[tuple[SecondOrder, ThirdOrder], tuple[SecondOrder, ThirdOrder]],
    thetas: tuple[Tensor, Tensor],
    whole: Tensor,
) -> Iterator[HeldOut]:
    """Factors of theta, one for all and one for each group, with which each half of the photos
    predicts the other best.

    Stacked regression (Breiman 1996, doi:10.1007/BF00117832): what scenes did to one half does not
    help the other. Yields after each part of the work; the last one is the result.

    Parameters
    ----------
    halves : second and third order of the two halves
    thetas : Tensor [n] each
        Theta of the halves.
    whole : Tensor [n]
        Theta of all photos, which phases are weighed by.
    """
    basis = field.basis(at_cells)
    index = _factor_index(field)
    common_factor = torch.ones((), device=whole.device, requires_grad=True)
    group_factors = torch.ones(int(index.max()) + 1, device=whole.device, requires_grad=True)
    # Each half's kernels are tried on the other half's photos.
    others = halves[::-1]
    total = sum(second.patches.sum() for second, _ in halves)
    with torch.no_grad():
        whole_kernels = field.kernels(whole, basis)
        weights = [third.weights(whole_kernels) for _, third in others]
        half_kernels = [field.kernels(theta, basis) for theta in thetas]
    gains = [
        likeliest_gains(second, k).requires_grad_()
        for (second, _), k in zip(others, half_kernels, strict=True)
    ]
    optimiser = lbfgs([common_factor, group_factors, *gains], SCALE_STEPS // SCALE_ROUNDS)
    pieces = cell_pieces(len(at_cells), whole.device)
    parts = [
        [(second.part(piece), third.part(piece)) for piece in pieces] for second, third in others
    ]

    def misfit(half: int, shared: Sequence[Tensor], gain: Tensor, number: int) -> Tensor:
        piece, (second, third) = pieces[number], parts[half][number]
        theta = thetas[half] * (shared[0] * shared[1])[index]
        kernels = field.kernels(theta, basis.part(piece))
        data = RAYS_SECOND_ORDER_WEIGHT * second.misfit(kernels, gain)
        data = data + RAYS_THIRD_ORDER_WEIGHT * third.misfit(kernels, weights[half][piece])
        return data / total

    def loss(team: Team) -> Tensor:
        optimiser.zero_grad()
        prior = 0.5 * SCALE_WEIGHT * (group_factors - 1).square().sum() / total
        prior.backward()
        value = prior.detach()
        for half, gain in enumerate(gains):
            of_half = partial(misfit, half)
            value = value + value_and_gradients(
                team, pieces, [common_factor, group_factors], gain, of_half
            )
        return value

    def second_order_misfit(scale: Tensor, gains: list[Tensor]) -> float:
        misfit = 0.0
        with torch.no_grad():
            for (second, _), theta, gain in zip(others, thetas, gains, strict=True):
                kernels = field.kernels(theta * scale, basis)
                misfit += RAYS_SECOND_ORDER_WEIGHT * float(second.misfit(kernels, gain) / total)
        return misfit

    no_aberrations = torch.zeros_like(whole)
    with torch.no_grad():
        points = field.kernels(no_aberrations, basis)
    point_misfit = second_order_misfit(
        no_aberrations, [likeliest_gains(second, points) for second, _ in others]
    )
    with team_for(pieces) as team:
        for _ in range(SCALE_ROUNDS):
            optimise(optimiser, partial(loss, team))
            scales = (common_factor * group_factors)[index].detach()
            yield HeldOut(scales, point_misfit - second_order_misfit(scales, gains))
