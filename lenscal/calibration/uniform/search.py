"""Search for the kernel: many starts, guided by edges.

A candidate counts by how badly it explains the power spectrum (`SpectrumProblem`), how much it lets
the deconvolved photos lack in sparsity (`Plausibility`), and how far its projections are from those
of edges (`Projections`). The first two know the right phase from a wrong one but are no road from
there: a fit that begins with the wrong one stays with it. So starts are led by projections, each
round more or less strictly, and then fitted to the spectrum alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from lenscal.calibration.field.kernels import centroids
from lenscal.calibration.uniform.edges import Projections
from lenscal.calibration.uniform.sparsity import Plausibility
from lenscal.calibration.uniform.spectrum_fit import (
    SpectrumFit,
    SpectrumProblem,
    fitted,
    smooth_starts,
    taps,
)

DEVIANCE_WEIGHT, EDGES_WEIGHT = 5.0, 0.1
"""Of the spectrum's deviance, and of the projections' error, beside the excess of sparsity."""
GUIDANCE = (0.6, 0.2, 0.05)
"""Weights of the projections' error beside the deviance that starts are led by, round by round."""
N_STARTS, GUIDED_STEPS, FREE_STEPS, FREE_RATE = 16, 150, 60, 0.05
N_KEPT = 12
CONSENSUS_COST, CONSENSUS_STEPS = 0.002, 40
"""By how much a candidate may be worse and still count a third of the best one, and steps with
which their mean is fitted to the spectrum (docs/experiments/pictures.md)."""
_FAINT = 1e-5
"""Added to taps that have a logarithm."""
ALIKE = 0.97
"""Correlation of two kernels from which on one of them is enough."""
_DARK = -12.0
"""Logarithm of a tap that moves in from beyond the border, beside the largest one's."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Kernels, best first.

    logs : Tensor [n, k, k]
    costs : Tensor [n]
    """

    logs: Tensor
    costs: Tensor

    @property
    def kernels(self) -> Tensor:
        """[n, k, k], of sum 1."""
        return taps(self.logs)


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """What candidates are judged by, and the chance that they begin with.

    projections : of edges; None where there are too few
    """

    problem: SpectrumProblem
    plausibility: Plausibility
    projections: Projections | None
    generator: torch.Generator

    def round(self, size: int, number: int) -> Iterator[Candidates | None]:
        """None while it works, then the candidates of some more starts."""
        fit = SpectrumFit(self.problem, taps, smooth_starts(size, N_STARTS, self.generator))
        projections, weight = self.projections, GUIDANCE[number % len(GUIDANCE)]
        if projections is None:
            steps = fit.run(GUIDED_STEPS)
        else:
            steps = fit.run(GUIDED_STEPS, extra=lambda k: weight * projections.error(k))
        for _ in steps:
            yield None
        logs = fit.numbers.detach()
        if projections is None:
            # Mirrored at its middle, a kernel has the same power spectrum.
            logs = torch.cat([logs, logs.flip(1, 2)])
        free = fitted(SpectrumFit(self.problem, taps, logs), FREE_STEPS, FREE_RATE)
        yield self._best(self._judged(free.numbers.detach(), free.deviance()))

    def best_of(self, first: Candidates, second: Candidates) -> Candidates:
        """The best ones of two rounds."""
        logs, costs = torch.cat([first.logs, second.logs]), torch.cat([first.costs, second.costs])
        return self._best(Candidates(logs, costs))

    def consensus(self, candidates: Candidates) -> Tensor:
        """One kernel [k, k] of the best candidates: what is wrong in them differs, what is right
        does not."""
        weights = torch.exp((candidates.costs[0] - candidates.costs) / CONSENSUS_COST)
        centred_ones = torch.stack([subpixel_centred(kernel) for kernel in candidates.kernels])
        mean = (weights[:, None, None] * centred_ones).sum(0) / weights.sum()
        logs = (mean + _FAINT).log()[None]
        fit = fitted(SpectrumFit(self.problem, taps, logs), CONSENSUS_STEPS, FREE_RATE)
        return fit.kernels()[0].detach()

    def _judged(self, logs: Tensor, deviance: Tensor) -> Candidates:
        logs = centred(logs)
        kernels = taps(logs)
        costs = self.plausibility.excess(kernels) + DEVIANCE_WEIGHT * deviance
        if self.projections is not None:
            costs = costs + EDGES_WEIGHT * self.projections.error(kernels)
        return Candidates(logs, costs)

    def _best(self, candidates: Candidates) -> Candidates:
        """The best ones, no two of them alike."""
        kernels = candidates.kernels.flatten(1)
        kernels = kernels / kernels.norm(dim=1, keepdim=True)
        chosen: list[int] = []
        for i in candidates.costs.argsort().tolist():
            if all(float(kernels[i] @ kernels[j]) < ALIKE for j in chosen):
                chosen.append(i)
            if len(chosen) == N_KEPT:
                break
        return Candidates(candidates.logs[chosen], candidates.costs[chosen])


def centred(logs: Tensor) -> Tensor:
    """Logarithms [n, k, k] moved by whole pixels, so that kernels' centroids are near their
    middle."""
    moved = []
    for kernel, log in zip(taps(logs), logs, strict=True):
        dy, dx = (round(float(d)) for d in centroids(kernel))
        rolled = torch.roll(log, (-dy, -dx), (0, 1))
        # What came in on the other side is dark.
        for axis, shift in ((0, -dy), (1, -dx)):
            size = rolled.shape[axis]
            new = range(shift) if shift > 0 else range(size + shift, size)
            rolled.index_fill_(
                axis, torch.tensor(list(new), dtype=torch.long), _DARK + float(log.max())
            )
        moved.append(rolled)
    return torch.stack(moved)


def subpixel_centred(kernel: Tensor) -> Tensor:
    """A kernel [k, k] of sum 1, moved so that its centroid is its middle."""
    for _ in range(3):
        dy, dx = (float(d) for d in centroids(kernel))
        size = kernel.shape[-1]
        # In a wider frame, or what leaves on one side would come in on the other.
        wide = functional.pad(kernel, (size,) * 4)
        f = torch.fft.fftfreq(3 * size)
        ramp = torch.exp(2j * torch.pi * (f[:, None] * dy + f * dx))
        moved = torch.fft.ifft2(torch.fft.fft2(wide) * ramp).real
        kernel = moved[size:-size, size:-size].clamp(min=0)
        kernel = kernel / kernel.sum()
    return kernel
