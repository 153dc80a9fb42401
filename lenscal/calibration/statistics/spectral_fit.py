"""Stages G and T: kernels from second- and third-order statistics, by one smooth objective over a
field of kernels (docs/method.md, sections 3 and 4).

Second order: the Whittle likelihood of packed mosaics, with the aliases of the colour filter array
in the model. Third order: the phase of the bispectrum only, since its modulus depends on the
scenes. Both know nothing of a shift common to the channels, so centroids are held; lateral colour
is measured beforehand, by phases at low frequencies, and held too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.statistics.kernel_field import KernelField
from lenscal.calibration.statistics.likelihood_terms import SecondOrder, ThirdOrder
from lenscal.calibration.statistics.pieces import cell_pieces, team_for, value_and_gradients

TAPS_SECOND_ORDER_WEIGHT = 0.1
TAPS_THIRD_ORDER_WEIGHT = 5.0
"""Patches are not independent, nor scenes Gaussian: a likelihood taken at its word would drown all
else."""
CENTROID_WEIGHT = 60.0
"""Of the centroids' squared distance from their places, px^2 a kernel, against the misfit a patch:
the data say nothing of a common shift, so it only has to be held."""
NEGATIVE_WEIGHT = 1e3
"""Of negative light as a pixel sees it, squared, against the misfit a patch."""
TAPS_STEPS_A_ROUND, GAIN_STEPS = 10, 20
"""L-BFGS steps between two reports, and of gains alone."""
MIXTURE_STEPS = 60
"""L-BFGS steps of the mixtures' weights, 30 numbers a channel."""


BEYOND_NUMBERS = 1e30
"""The loss where there is none: above any that a fit meets, yet finite, for the line search."""


def likeliest_mixture(
    field: KernelField, at_cells: NDArray[np.float64], second: SecondOrder
) -> Tensor:
    """Log weights of the mixtures of Gaussians that the second order finds likeliest
    (`KernelField.log_weights`).

    What the prior expects is learnt first (empirical Bayes): around one fixed width, lenses that
    blur less came out twice too wide.
    """
    basis = field.basis(at_cells)
    # Drawn to where it began, so that cells without texture stay sensible.
    first = field.log_weights
    log_weights, gains = first.clone().requires_grad_(), second.first_gains().requires_grad_()
    optimiser = lbfgs([log_weights, gains], MIXTURE_STEPS)
    # A misfit a patch: the same tolerances do for few photos and many.
    total = second.patches.sum().clamp(min=1)
    pieces = cell_pieces(len(gains), gains.device)
    parts = [second.part(piece) for piece in pieces]

    def misfit(shared: Sequence[Tensor], gains: Tensor, number: int) -> Tensor:
        mixtures = replace(field, log_weights=shared[0])
        kernels = mixtures.expected(basis[pieces[number]])
        return TAPS_SECOND_ORDER_WEIGHT * parts[number].misfit(kernels, gains) / total

    with team_for(pieces) as team:

        def loss() -> Tensor:
            optimiser.zero_grad()
            value = value_and_gradients(team, pieces, [log_weights], gains, misfit)
            prior = 0.5 * (log_weights - first).square().sum() / total
            prior.backward()
            return value + prior.detach()

        optimise(optimiser, loss)
    return log_weights.detach()


def lbfgs(parameters: list[Tensor], steps: int) -> torch.optim.LBFGS:
    """An optimiser that does so many steps a call; tolerances are too small to end it earlier."""
    # In the prior's own coordinates 12 s, where Adam took 40 (docs/experiments/
    # scene-statistics.md, 2026-11-22).
    return torch.optim.LBFGS(
        parameters,
        max_iter=steps,
        history_size=15,
        line_search_fn="strong_wolfe",
        tolerance_grad=1e-9,
        tolerance_change=1e-12,
    )


def optimise(optimiser: torch.optim.LBFGS, loss: Callable[[], Tensor]) -> None:
    """One call of the optimiser, whose line search may try places where `loss` is no number."""
    parameters = optimiser.param_groups[0]["params"]

    def bounded() -> Tensor:
        try:
            value = loss()
            if bool(torch.isfinite(value)):
                return value
        except torch.linalg.LinAlgError:  # type: ignore[attr-defined]
            pass
        # Too long a step: gains overflow, and with them the model. The search comes back from it.
        for parameter in parameters:
            parameter.grad = torch.zeros_like(parameter)
        return torch.tensor(BEYOND_NUMBERS)

    optimiser.step(bounded)


def likeliest_gains(second: SecondOrder, kernels: Tensor) -> Tensor:
    """Log gains [cells, 3] for kernels [cells, 3, n]: with others, a fit's first steps would spoil
    its start."""
    gains = second.first_gains().requires_grad_()
    optimiser = lbfgs([gains], GAIN_STEPS)
    total = second.patches.sum().clamp(min=1)
    pieces = cell_pieces(len(gains), gains.device)
    parts = [second.part(piece) for piece in pieces]

    def misfit(_: Sequence[Tensor], gains: Tensor, number: int) -> Tensor:
        return parts[number].misfit(kernels[pieces[number]], gains) / total

    with team_for(pieces) as team:

        def loss() -> Tensor:
            optimiser.zero_grad()
            return value_and_gradients(team, pieces, [], gains, misfit)

        optimise(optimiser, loss)
    return gains.detach()


def fit_statistics(
    field: KernelField,
    at_cells: NDArray[np.float64],
    second: SecondOrder,
    third: ThirdOrder | None,
    lateral: NDArray[np.float64],
    *,
    rounds: int,
    start: Tensor | None = None,
) -> Iterator[Tensor]:
    """Minimise by L-BFGS; yields theta [terms, 3, n] after each round of `TAPS_STEPS_A_ROUND`
    steps.

    Parameters
    ----------
    at_cells : ndarray [cells, 2]
        Field positions of the statistics' cells.
    lateral : ndarray [cells, 3, 2]
        Centroids (dy, dx) px that the channels shall have; their mean over the channels is zero.
    """
    basis = field.basis(at_cells)
    if start is None:
        theta, gains = (
            torch.zeros(field.terms, 3, len(field.taps), device=field.chol.device),
            second.first_gains(),
        )
    else:
        with torch.no_grad():
            # Gains first: contrast that does not fit would widen all kernels
            # (docs/experiments/rays.md, 2026-11-23, later).
            theta, gains = start, likeliest_gains(second, field.kernels(start, basis))

    def negative(kernels: Tensor) -> Tensor:
        # Only as a pixel sees it: kernels themselves may be negative.
        light = (kernels @ field.pixel_response).clamp(max=0).square().sum() / len(basis)
        return NEGATIVE_WEIGHT * light * second.patches.sum().clamp(min=1)

    objective = Objective(
        kernels_of=lambda theta, piece: field.kernels(theta, basis[piece]),
        prior=lambda theta: 0.5 * theta.square().sum(),
        penalty=negative,
        second=second,
        third=third,
        weights=(TAPS_SECOND_ORDER_WEIGHT, TAPS_THIRD_ORDER_WEIGHT),
        taps=field.taps,
        lateral=lateral,
    )
    return minimise(theta, gains, objective, steps=TAPS_STEPS_A_ROUND, rounds=rounds)


@dataclass(frozen=True, slots=True, eq=False)
class Objective:
    """What a fit of kernels to second and third order makes small.

    kernels_of : theta, cells -> kernels [m, 3, n] at these of the statistics' cells
    prior : theta -> scalar in the units of the likelihood
    penalty : kernels [m, 3, n] -> scalar in the same units, a sum over cells
    weights : of second and third order
    taps : [n, 2], (y, x) px
    lateral : [cells, 3, 2], centroids (dy, dx) px that the channels shall have; their mean over
        the channels is zero
    """

    kernels_of: Callable[[Tensor, slice], Tensor]
    prior: Callable[[Tensor], Tensor]
    penalty: Callable[[Tensor], Tensor]
    second: SecondOrder
    third: ThirdOrder | None
    weights: tuple[float, float]
    taps: Tensor
    lateral: NDArray[np.float64]


def no_penalty(kernels: Tensor) -> Tensor:
    """For models that cannot make what a penalty would keep away."""
    return kernels.new_zeros(())


def minimise(
    theta: Tensor, gains: Tensor, objective: Objective, *, steps: int, rounds: int
) -> Iterator[Tensor]:
    """Fit what kernels are made of by L-BFGS, from theta and log gains [cells, 3]; yields theta
    after each round of steps. Cells are worked out side by side (`pieces`)."""
    second, third, weights = objective.second, objective.third, objective.weights
    target_centroids = torch.from_numpy(objective.lateral).to(objective.taps)
    # Copies: callers keep what they began with.
    theta, gains = theta.clone().requires_grad_(), gains.clone().requires_grad_()
    # Together: gains and widths pull at the same frequencies.
    optimiser = lbfgs([theta, gains], steps)
    total = second.patches.sum().clamp(min=1)
    phases = torch.zeros(0)
    pieces = cell_pieces(len(gains), gains.device)
    # Cut once: the statistics do not change from step to step.
    seconds = [second.part(piece) for piece in pieces]
    thirds = [None if third is None else third.part(piece) for piece in pieces]

    def misfit(shared: Sequence[Tensor], gains: Tensor, number: int) -> Tensor:
        piece, third = pieces[number], thirds[number]
        kernels = objective.kernels_of(shared[0], piece)
        data = weights[0] * seconds[number].misfit(kernels, gains)
        if third is not None:
            data = data + weights[1] * third.misfit(kernels, phases[piece])
        # Held, as neither order knows where kernels lie.
        drift = (kernels @ objective.taps - target_centroids[piece]).square().sum()
        drift = drift / target_centroids[..., 0].numel()
        return (data + objective.penalty(kernels)) / total + CENTROID_WEIGHT * drift

    with team_for(pieces) as team:

        def loss() -> Tensor:
            optimiser.zero_grad()
            value = value_and_gradients(team, pieces, [theta], gains, misfit)
            prior = objective.prior(theta) / total
            prior.backward()
            return value + prior.detach()

        for number in range(rounds):
            if third is not None and number % 2 == 0:
                # Weights follow the kernels, but not at every step: the objective would move.
                with torch.no_grad():
                    phases = third.weights(objective.kernels_of(theta, slice(None)))
            optimise(optimiser, loss)
            yield theta.detach().clone()
