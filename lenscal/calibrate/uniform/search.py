"""Search for the kernel: many starts, then variations of the best ones.

A candidate counts by how badly it explains the power spectrum (`SpectrumProblem`) and how much it
lets the deconvolved photos lack in sparsity (`Plausibility`); the second is no smooth road from one
phase to another, so that kernels are varied at random, fitted anew, and kept where they are better.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from lenscal.calibrate.field.kernels import centroids
from lenscal.calibrate.uniform.sparsity import Plausibility
from lenscal.calibrate.uniform.spectrum_fit import (
    SpectrumFit,
    SpectrumProblem,
    fitted,
    smooth_noise,
    smooth_starts,
    taps,
)

DEVIANCE_WEIGHT = 5.0
"""Of the spectrum's deviance beside the excess of sparsity (docs/experiments/pictures.md)."""
N_STARTS, START_STEPS = 32, 150
N_KEPT, N_VARIED, VARIED_STEPS = 6, 12, 60
FIRST_VARIATION, LAST_VARIATION = 3.0, 0.5
"""How much logarithms of taps are varied at first, and at last."""
VARIATION_SCALES_PX = (1.0, 1.5, 2.5)
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
    """What candidates are judged by, and the chance that varies them."""

    problem: SpectrumProblem
    plausibility: Plausibility
    generator: torch.Generator

    def first(self, size: int, n: int = N_STARTS) -> Iterator[Candidates | None]:
        """None while it works, then the best of many starts and of their mirror images."""
        fit = SpectrumFit(self.problem, taps, smooth_starts(size, n, self.generator))
        for _ in fit.run(START_STEPS):
            yield None
        logs, deviance = fit.numbers.detach(), fit.deviance()
        # Mirrored at the middle, a kernel has the same power spectrum.
        both = torch.cat([logs, logs.flip(1, 2)])
        yield self._best(self._judged(both, torch.cat([deviance, deviance])))

    def varied(self, candidates: Candidates, rounds: int) -> Iterator[Candidates]:
        """The candidates after each round of variations."""
        for number in range(rounds):
            part = number / max(rounds - 1, 1)
            amount = FIRST_VARIATION + part * (LAST_VARIATION - FIRST_VARIATION)
            scale = VARIATION_SCALES_PX[number % len(VARIATION_SCALES_PX)]
            parents = candidates.logs[torch.arange(N_VARIED) % len(candidates.logs)]
            size = parents.shape[-1]
            change = smooth_noise(N_VARIED, size, scale, self.generator)
            fit = SpectrumFit(self.problem, taps, parents + amount * change)
            fitted(fit, VARIED_STEPS)
            new = self._judged(fit.numbers.detach(), fit.deviance())
            candidates = self._best(
                Candidates(
                    torch.cat([candidates.logs, new.logs]), torch.cat([candidates.costs, new.costs])
                )
            )
            yield candidates

    def _judged(self, logs: Tensor, deviance: Tensor) -> Candidates:
        logs = centred(logs)
        excess = self.plausibility.excess(taps(logs))
        return Candidates(logs, excess + DEVIANCE_WEIGHT * deviance)

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
