"""What a photo says of its kernel once the picture is integrated out.

A kernel counts by how badly it explains the photo's power spectrum, the scene's being free within
what scenes are (`SpectrumProblem`), and by how much the photo, deconvolved by it, lacks in
sparsity beside sharp pictures that went the same way. Spectra know |K| well and no phase; sparsity
tells one phase from another. Kernel and picture sought together, each made to fit the other, end
at no blur instead, or stay where they began (docs/experiments/deblurring.md).

Levin, Weiss, Durand, Freeman 2011, DOI 10.1109/CVPR.2011.5995308, for why the picture has to be
integrated out; Krishnan, Tay, Fergus 2011, DOI 10.1109/CVPR.2011.5995521, for sparsity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lenscal.blur.power_spectra import mean_power
from lenscal.calibration.uniform.sparsity import Deconvolution
from lenscal.calibration.uniform.spectrum_fit import SHAPE_SPREAD, SpectrumProblem, spectrum_problem
from lenscal.calibration.uniform.tiles import LUMINANCE, GreyTiles

DEVIANCE_WEIGHT = 5.0
"""Of the spectrum's deviance beside the excess of sparsity, as where one blur is learnt from many
photos."""
SMALL_WINDOW_PX, LARGE_WINDOW_PX, WIDE_KERNEL_PX = 64, 128, 25
"""Of the spectra; kernels above the last one need the large one."""
LEAST_NOISE_SHARE = 0.005
"""Variance of noise over that of the pieces, at least: what no kernel explains is there, too."""
N_SHARP, N_DECONVOLVED = 8, 16
"""Sharp pieces that go the candidates' way, and pieces of the photo that are deconvolved: most of
the time that a candidate takes."""
_SCENE_STEPS, _SCENE_RATE = 40, 0.1

Shaping = Callable[[Tensor], Tensor]
"""Kernels [b, c, k, k] of sum 1, of their numbers [b, ...]."""


@dataclass(frozen=True, slots=True, eq=False)
class Scenes:
    """What of the spectrum is the scene's, for each candidate: shape [b, 5], log noise [b]."""

    shape: Tensor
    noise: Tensor

    @classmethod
    def usual(cls, n: int) -> Scenes:
        """As scenes are on average."""
        return cls(
            torch.zeros(n, len(SHAPE_SPREAD), requires_grad=True),
            torch.zeros(n, requires_grad=True),
        )

    def of(self, chosen: Tensor) -> Scenes:
        """Those of some candidates."""
        return Scenes(
            self.shape.detach()[chosen].clone().requires_grad_(),
            self.noise.detach()[chosen].clone().requires_grad_(),
        )

    def detached(self) -> Scenes:
        """Without gradients."""
        return Scenes(self.shape.detach(), self.noise.detach())


class Evidence:
    """What pieces of one photo say of kernels [b, c, k, k].

    Parameters
    ----------
    pieces, sharp : GreyTiles
        Of the photo, and of sharp pictures whose values mean the same.
    noise_spread : float
        By how much the logarithm of the noise may be off.
    """

    def __init__(
        self,
        pieces: GreyTiles,
        sharp: GreyTiles,
        kernel_size: int,
        *,
        noise_spread: float,
        seed: int = 0,
    ) -> None:
        window = SMALL_WINDOW_PX if kernel_size <= WIDE_KERNEL_PX else LARGE_WINDOW_PX
        window = min(window, pieces.values.shape[-1], sharp.values.shape[-1])
        noisy = with_least_noise(pieces)
        self.problem: SpectrumProblem = spectrum_problem(
            mean_power(sharp.values, sharp.variance, window),
            mean_power(noisy.values, noisy.variance, window),
            noise_spread,
        )
        rng = np.random.default_rng(seed)
        chosen = rng.permutation(len(sharp))[:N_SHARP]
        looked_at = rng.permutation(len(noisy))[:N_DECONVOLVED]
        self._photo = Deconvolution(self.problem, noisy.values[torch.from_numpy(looked_at)], seed)
        self._sharp = Deconvolution(self.problem, sharp.values[torch.from_numpy(chosen)], seed)
        side = self._sharp.side
        generator = torch.Generator().manual_seed(seed)
        noise = torch.randn(len(chosen), side, side, generator=generator)
        self._noise = torch.fft.rfft2(self.problem.noise**0.5 * noise)

    def deviance(self, kernels: Tensor, scenes: Scenes) -> Tensor:
        """[b]: of the power spectrum, and how unusual its scene would have to be."""
        explained = self.problem.deviance(grey(kernels), scenes.shape, scenes.noise)
        return explained + self.problem.prior(scenes.shape, scenes.noise)

    def excess(self, kernels: Tensor) -> Tensor:
        """[b]: about 0 for the right kernel, above it for others of the same power spectrum."""
        values = []
        single = grey(kernels)
        for photo, sharp in zip(
            self._photo.transfer(single), self._sharp.transfer(single), strict=True
        ):
            again = sharp * self._sharp.spectra + self._noise
            expected = self._sharp.sparsity(sharp, again)
            values.append(self._photo.sparsity(photo) - expected)
        return torch.stack(values)

    def cost(self, kernels: Tensor, scenes: Scenes) -> Tensor:
        """[b]: both; the lower, the better."""
        return self.excess(kernels) + DEVIANCE_WEIGHT * self.deviance(kernels, scenes)

    def judged(self, kernels: Tensor) -> Tensor:
        """[b]: the cost of kernels whose scenes are fitted here."""
        scenes = self.fitted_scenes(kernels)
        with torch.no_grad():
            return self.cost(kernels, scenes)

    def fitted_scenes(self, kernels: Tensor) -> Scenes:
        """The scenes that suit kernels best."""
        scenes = Scenes.usual(len(kernels))
        optimiser = torch.optim.Adam([scenes.shape, scenes.noise], _SCENE_RATE)
        for _ in range(_SCENE_STEPS):
            optimiser.zero_grad()
            self.deviance(kernels.detach(), scenes).sum().backward()
            optimiser.step()
        return scenes.detached()


def grey(kernels: Tensor) -> Tensor:
    """What kernels [b, c, k, k] do to a photo in shades of grey, [b, k, k]."""
    if kernels.shape[1] == 1:
        return kernels[:, 0]
    weights = torch.from_numpy(LUMINANCE / LUMINANCE.sum())
    return torch.einsum("bchw,c->bhw", kernels, weights)


def with_least_noise(pieces: GreyTiles) -> GreyTiles:
    """Pieces with so much noise that it covers what no kernel explains."""
    contrast = float(pieces.values.var((1, 2)).median())
    missing = (LEAST_NOISE_SHARE * contrast - pieces.variance).clamp(min=0)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(pieces.values.shape, generator=generator)
    values = pieces.values + missing.sqrt()[:, None, None] * noise
    return GreyTiles(values, pieces.variance + missing, pieces.photo)


def refined(
    evidence: Evidence,
    numbers: Tensor,
    shaping: Shaping,
    unusual: Callable[[Tensor, Tensor], Tensor],
    *,
    steps: int,
    rate: float,
) -> Iterator[tuple[Tensor, Tensor] | None]:
    """Lead candidates downhill by Adam; None after each step, at last (numbers, costs).

    unusual : of (numbers, kernels), [b]: how improbable they are beforehand
    """
    leaf = numbers.detach().clone().requires_grad_()
    scenes = evidence.fitted_scenes(shaping(leaf)).of(torch.arange(len(leaf)))
    optimiser = torch.optim.Adam(
        [{"params": [leaf], "lr": rate}, {"params": [scenes.shape, scenes.noise], "lr": rate / 2}]
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, rate / 20)
    for _ in range(steps):
        kernels = shaping(leaf)
        loss = evidence.cost(kernels, scenes) + unusual(leaf, kernels)
        optimiser.zero_grad()
        loss.sum().backward()
        optimiser.step()
        schedule.step()
        yield None
    with torch.no_grad():
        yield leaf.detach(), evidence.cost(shaping(leaf), scenes.detached())
