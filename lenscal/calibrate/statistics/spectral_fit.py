"""Stages G and T: kernels from second- and third-order statistics, by one smooth objective over a
field of kernels.

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
from torch import Tensor

from lenscal.calibrate.packing import Packing
from lenscal.calibrate.statistics.bispectra import WINDOW_PX as TRIAD_PX
from lenscal.calibrate.statistics.bispectra import Bispectra
from lenscal.calibrate.statistics.kernel_field import KernelField
from lenscal.calibrate.statistics.pieces import cell_pieces, team_for, value_and_gradients
from lenscal.calibrate.statistics.spectra import WINDOW_PX, MosaicSpectra

SECOND_ORDER_WEIGHT = 0.1
THIRD_ORDER_WEIGHT = 5.0
"""Patches are not independent, nor scenes Gaussian: a likelihood taken at its word would drown all
else."""
CENTROID_WEIGHT = 60.0
NEGATIVE_WEIGHT = 1e3
STEPS_A_ROUND, GAIN_STEPS = 10, 20
MIXTURE_STEPS = 60
RIDGE = 3e-6
"""Of the modelled matrices, relative: the two greens are all but equal at low frequencies, and
numbers have 24 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class SecondOrder:
    """Measured matrices [cells, f, 4, 4] of mosaics and what the model needs: per alias, the
    scene's matrices [cells or 1, f, 4, 4] at the sites and the taps' phases [n, f]; noise [cells,
    1, 4, 4]; patches [cells]."""

    measured: Tensor
    scenes: tuple[Tensor, ...]
    phases: tuple[Tensor, ...]
    noise: Tensor
    patches: Tensor
    channels: tuple[int, ...]

    def part(self, cells: slice) -> SecondOrder:
        """Of these cells."""
        scenes = tuple(scene if len(scene) == 1 else scene[cells] for scene in self.scenes)
        return replace(
            self,
            measured=self.measured[cells],
            scenes=scenes,
            noise=self.noise[cells],
            patches=self.patches[cells],
        )

    def first_gains(self) -> Tensor:
        """Log gains [cells, 3] to begin with: as strong as the photos are."""
        power = self.measured.diagonal(dim1=-2, dim2=-1).real.mean((1, 2))
        return power.sqrt().log()[:, None].repeat(1, 3)

    def misfit(self, kernels: Tensor, gains: Tensor) -> Tensor:
        """Negative log-likelihood, summed; kernels [cells, 3, n], log gains [cells, 3]."""
        scaled = (kernels * gains.exp()[..., None]).to(torch.complex64)
        model = self.noise
        for scene, phase in zip(self.scenes, self.phases, strict=True):
            d = (scaled @ phase).transpose(1, 2)[..., list(self.channels)]
            model = model + d[..., :, None] * scene * d[..., None, :].conj()
        level = model.diagonal(dim1=-2, dim2=-1).real.mean(-1)[..., None, None].detach()
        factor = torch.linalg.cholesky(
            model + (1e-6 + RIDGE * level) * torch.eye(4, device=model.device)
        )
        half = torch.linalg.solve_triangular(factor, self.measured, upper=False)
        whitened = torch.linalg.solve_triangular(factor, half.mH, upper=False)
        trace = whitened.diagonal(dim1=-2, dim2=-1).real.sum(-1)
        logdet = 2 * factor.diagonal(dim1=-2, dim2=-1).real.log().sum(-1)
        misfit: Tensor = ((trace + logdet).sum(1) * self.patches).sum()
        return misfit


@dataclass(frozen=True, slots=True, eq=False)
class ThirdOrder:
    """Mean bispectra of degraded [cells, t] and sharp patches [cells or 1, t], their variances, and
    for each of the three frequencies of a triad the taps' (cosine, sine) [n, t]."""

    degraded: Tensor
    sharp: Tensor
    variance: Tensor
    sharp_variance: Tensor
    phases: tuple[tuple[Tensor, Tensor], ...]

    def part(self, cells: slice) -> ThirdOrder:
        """Of these cells."""
        one = len(self.sharp) == 1
        return replace(
            self,
            degraded=self.degraded[cells],
            variance=self.variance[cells],
            sharp=self.sharp if one else self.sharp[cells],
            sharp_variance=self.sharp_variance if one else self.sharp_variance[cells],
        )

    def _kernels(self, kernels: Tensor) -> Tensor:
        a, b, c = (torch.complex(kernels[:, 1] @ re, kernels[:, 1] @ im) for re, im in self.phases)
        return a * b * c.conj()

    @torch.no_grad()
    def weights(self, kernels: Tensor) -> Tensor:
        """[cells, t]: how much each phase tells, for kernels near these."""
        product = self._kernels(kernels)
        size = (product * self.sharp).abs()
        certainty = 1 / (self.variance + product.abs().square() * self.sharp_variance)
        gain = (certainty * self.degraded.abs() * size).sum(1, keepdim=True)
        gain = gain / (certainty * size.square()).sum(1, keepdim=True).clamp(min=1e-20)
        return 2 * certainty * gain * size * self.degraded.abs()

    def misfit(self, kernels: Tensor, weights: Tensor) -> Tensor:
        product = self._kernels(kernels)
        phase = product / (product.abs() + 1e-9)
        wanted = self.degraded * self.sharp.conj()
        wanted = wanted / (wanted.abs() + 1e-20)
        return (weights * (1 - (wanted * phase.conj()).real)).sum()


def second_order_terms(
    degraded: MosaicSpectra,
    scenes: np.ndarray,
    packing: Packing,
    kernel_size: int,
    device: torch.device,
) -> SecondOrder:
    """scenes : [cells or 1, 3, 3, n, n], spectral matrices of what the sharp photos show
    (`likeliest_scene`)."""
    m = WINDOW_PX // 2
    used = degraded.count > 0
    total = np.where(used, degraded.count, 1.0)
    measured = degraded.matrices / total[:, None, None, None, None]
    noise = degraded.noise / total[:, None]
    if not used.all():
        measured[~used], noise[~used] = measured[used].mean(0), noise[used].mean(0)
    half = np.zeros((m, m), bool)
    half[:, : m // 2 + 1] = True
    half[0, 0] = False
    fy, fx = (
        v[half] for v in np.meshgrid(np.fft.fftfreq(m) / 2, np.fft.fftfreq(m) / 2, indexing="ij")
    )
    scale = np.abs(scenes[:, range(3), range(3)]).mean()
    measured_scale = np.abs(measured[:, range(4), range(4)]).mean()
    channels = list(packing.channels)
    taps = np.arange(kernel_size) - kernel_size // 2
    folded, phases = [], []
    for ay in (0.0, 0.5):
        for ax in (0.0, 0.5):
            gy, gx = fy + ay, fx + ax
            iy, ix = (np.round(g * WINDOW_PX).astype(int) % WINDOW_PX for g in (gy, gx))
            sites = np.exp(
                2j * np.pi * np.stack([gy * oy + gx * ox for oy, ox in packing.offsets], -1)
            )
            block = (scenes / scale)[:, :, :, iy, ix].transpose(0, 3, 1, 2)
            block = block[:, :, channels][:, :, :, channels]
            folded.append(
                _complex(block * sites[None, :, :, None] * sites[None, :, None, :].conj(), device)
            )
            phase = np.exp(
                -2j * np.pi * (gy[:, None, None] * taps[:, None] + gx[:, None, None] * taps[None])
            )
            phases.append(_complex(phase.reshape(len(gy), -1).T, device))
    return SecondOrder(
        _complex(measured[..., half].transpose(0, 3, 1, 2) / measured_scale, device),
        tuple(folded),
        tuple(phases),
        torch.diag_embed(_complex(noise / measured_scale, device))[:, None],
        torch.from_numpy(degraded.count).to(device, torch.float32),
        packing.channels,
    )


def third_order_terms(
    degraded: Bispectra, sharp: Bispectra, triad: np.ndarray, kernel_size: int, device: torch.device
) -> ThirdOrder:
    """sharp : sums with as many cells, or one for all."""
    n = TRIAD_PX

    def mean_and_variance(sums: Bispectra) -> tuple[Tensor, Tensor]:
        count = np.maximum(sums.count, 1.0)[:, None]
        power = sums.power / count[..., None]
        product = np.prod(
            [power[:, triad[:, k, 0] % n, triad[:, k, 1] % n] for k in range(3)], axis=0
        )
        variance = np.where(sums.count[:, None] > 0, product / count, 1e6)
        return _complex(sums.values / count, device), torch.from_numpy(variance).to(
            device, torch.float32
        )

    taps = np.arange(kernel_size) - kernel_size // 2
    phases = []
    for k in range(3):
        fy, fx = (triad[:, k].T / n)[:, :, None, None]
        angle = torch.from_numpy(-2 * np.pi * (fy * taps[:, None] + fx * taps[None])).to(
            device, torch.float32
        )
        angle = angle.reshape(len(triad), -1).T
        phases.append((angle.cos().contiguous(), angle.sin().contiguous()))
    (told, variance), (known, sharp_variance) = (
        mean_and_variance(degraded),
        mean_and_variance(sharp),
    )
    return ThirdOrder(told, known, variance, sharp_variance, tuple(phases))


def likeliest_mixture(field: KernelField, at_cells: np.ndarray, second: SecondOrder) -> Tensor:
    """Log weights of the mixtures of Gaussians that the second order finds likeliest
    (`KernelField.log_weights`).

    What the prior expects is learnt first (empirical Bayes): around one fixed width, lenses that
    blur less came out twice too wide.
    """
    basis = field.basis(at_cells)
    first = field.log_weights
    log_weights, gains = first.clone().requires_grad_(), second.first_gains().requires_grad_()
    optimiser = lbfgs([log_weights, gains], MIXTURE_STEPS)
    total = second.patches.sum().clamp(min=1)
    pieces = cell_pieces(len(gains), gains.device)
    parts = [second.part(piece) for piece in pieces]

    def misfit(shared: Sequence[Tensor], gains: Tensor, number: int) -> Tensor:
        expecting = replace(field, log_weights=shared[0])
        kernels = expecting.expected(basis[pieces[number]])
        return SECOND_ORDER_WEIGHT * parts[number].misfit(kernels, gains) / total

    with team_for(pieces) as team:

        def loss() -> Tensor:
            optimiser.zero_grad()
            value = value_and_gradients(team, pieces, [log_weights], gains, misfit)
            prior = 0.5 * (log_weights - first).square().sum() / total
            prior.backward()
            return value + prior.detach()

        optimiser.step(loss)
    return log_weights.detach()


def lbfgs(parameters: list[Tensor], steps: int) -> torch.optim.LBFGS:
    return torch.optim.LBFGS(
        parameters,
        max_iter=steps,
        history_size=15,
        line_search_fn="strong_wolfe",
        tolerance_grad=1e-9,
        tolerance_change=1e-12,
    )


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

        optimiser.step(loss)
    return gains.detach()


def fit_statistics(
    field: KernelField,
    at_cells: np.ndarray,
    second: SecondOrder,
    third: ThirdOrder | None,
    lateral: np.ndarray,
    *,
    rounds: int,
    start: Tensor | None = None,
) -> Iterator[Tensor]:
    """Minimise by L-BFGS; yields theta [terms, 3, n] after each round of `STEPS_A_ROUND` steps.

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
            theta, gains = start, likeliest_gains(second, field.kernels(start, basis))

    def negative(kernels: Tensor) -> Tensor:
        light = (kernels @ field.pixel_response).clamp(max=0).square().sum() / len(basis)
        return NEGATIVE_WEIGHT * light * second.patches.sum().clamp(min=1)

    objective = Objective(
        kernels_of=lambda theta, piece: field.kernels(theta, basis[piece]),
        prior=lambda theta: 0.5 * theta.square().sum(),
        penalty=negative,
        second=second,
        third=third,
        weights=(SECOND_ORDER_WEIGHT, THIRD_ORDER_WEIGHT),
        taps=field.taps,
        lateral=lateral,
    )
    return minimise(theta, gains, objective, steps=STEPS_A_ROUND, rounds=rounds)


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
    lateral: np.ndarray


def no_penalty(kernels: Tensor) -> Tensor:
    """For models that cannot make what a penalty would keep away."""
    return kernels.new_zeros(())


def minimise(
    theta: Tensor, gains: Tensor, objective: Objective, *, steps: int, rounds: int
) -> Iterator[Tensor]:
    """Fit what kernels are made of by L-BFGS, from theta and log gains [cells, 3]; yields theta
    after each round of steps. Cells are worked out side by side (`pieces`)."""
    second, third, weights = objective.second, objective.third, objective.weights
    wanted = torch.from_numpy(objective.lateral).to(objective.taps)
    theta, gains = theta.clone().requires_grad_(), gains.clone().requires_grad_()
    optimiser = lbfgs([theta, gains], steps)
    total = second.patches.sum().clamp(min=1)
    phases = torch.zeros(0)
    pieces = cell_pieces(len(gains), gains.device)
    seconds = [second.part(piece) for piece in pieces]
    thirds = [None if third is None else third.part(piece) for piece in pieces]

    def misfit(shared: Sequence[Tensor], gains: Tensor, number: int) -> Tensor:
        piece, third = pieces[number], thirds[number]
        kernels = objective.kernels_of(shared[0], piece)
        data = weights[0] * seconds[number].misfit(kernels, gains)
        if third is not None:
            data = data + weights[1] * third.misfit(kernels, phases[piece])
        off = (kernels @ objective.taps - wanted[piece]).square().sum() / wanted[..., 0].numel()
        return (data + objective.penalty(kernels)) / total + CENTROID_WEIGHT * off

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
            optimiser.step(loss)
            yield theta.detach().clone()


def _complex(array: np.ndarray, device: torch.device) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(array)).to(device, torch.complex64)
