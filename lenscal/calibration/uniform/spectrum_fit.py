"""Kernels whose power spectrum turns that of the sharp photos into that of the degraded ones.

    E |Y|^2 = exp(c . phi) |K|^2 S + N

with S and the left side measured (`mean_power`), and c, N and K fitted by Whittle's likelihood.
|K|^2 says nothing of the phase: many kernels explain it alike, so that many are begun with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from lenscal.blur.power_spectra import MeanPower, frequencies

SHAPE_SPREAD = (2.0, 0.15, 0.1, 0.1, 0.1)
"""How far the scenes of two sets are expected to differ in each of the shape functions, in log
power: contrast freely, the others as halves of a few hundred photos do."""
PRIOR_WEIGHT = 1e-4
"""Of these expectations, beside a deviance that is a mean over frequencies."""
_LEAST_SCENE = 1e-3
"""Of the median power: what is left of the sharp photos' spectrum where it is all noise."""
_LEAST_NOISE = 1e-9
_MIDDLE, _FINE = 0.12, 0.15
"""cycles/px: where a slope turns, and from where directions differ fully."""


@dataclass(frozen=True, slots=True, eq=False)
class SpectrumProblem:
    """What kernels have to explain; see the module.

    Attributes
    ----------
    degraded, sharp : Tensor [w, w // 2 + 1]
        Mean powers; the sharp photos' without their noise.
    noise : float
        Power of the degraded photos' noise.
    noise_spread : float
        By how much its logarithm may be off.
    shape_functions : Tensor [m, w, w // 2 + 1]
        phi: contrast, fineness, and directions.
    weight : Tensor [w, w // 2 + 1]
        Of the frequencies; sums to 1.
    """

    degraded: Tensor
    sharp: Tensor
    noise: float
    noise_spread: float
    shape_functions: Tensor = field(init=False)
    weight: Tensor = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape_functions", _shape_functions(self.window_px))
        object.__setattr__(self, "weight", _weight(self.window_px))

    @property
    def window_px(self) -> int:
        """Side of the windows that powers are of."""
        return self.degraded.shape[0]

    def model(self, kernels: Tensor, shape: Tensor, noise: Tensor) -> Tensor:
        """Expected powers [b, w, w // 2 + 1] for kernels [b, k, k], c [b, m] and logarithms [b] of
        the noise over what it was taken for."""
        transfer = torch.fft.rfft2(kernels, s=(self.window_px,) * 2).abs().square()
        scene = torch.einsum("bm,mij->bij", shape, self.shape_functions).exp() * self.sharp
        expected: Tensor = transfer * scene + (self.noise * noise.exp())[:, None, None]
        return expected

    def deviance(self, kernels: Tensor, shape: Tensor, noise: Tensor) -> Tensor:
        """[b]: half the mean squared log ratio, nearly; 0 for powers that are explained."""
        ratio = self.degraded / self.model(kernels, shape, noise)
        return ((ratio - ratio.log() - 1) * self.weight).sum((1, 2))

    def prior(self, shape: Tensor, noise: Tensor) -> Tensor:
        """[b]: how unusual scenes and noise would have to be."""
        spread = torch.tensor(SHAPE_SPREAD)
        unusual = (shape / spread).square().sum(1) + (noise / self.noise_spread).square()
        return PRIOR_WEIGHT * unusual


def spectrum_problem(sharp: MeanPower, degraded: MeanPower, noise_spread: float) -> SpectrumProblem:
    """From the mean powers of both sets."""
    least = _LEAST_SCENE * float(sharp.power.median())
    clean = (sharp.power - sharp.noise).clamp(min=least)
    return SpectrumProblem(degraded.power, clean, max(degraded.noise, _LEAST_NOISE), noise_spread)


def _shape_functions(window_px: int) -> Tensor:
    f = frequencies(window_px)
    fy, fx = torch.fft.fftfreq(window_px)[:, None], torch.fft.rfftfreq(window_px)[None]
    slope = torch.log(f.clamp(min=1 / window_px) / _MIDDLE)
    angle, rise = torch.atan2(fy, fx), (f / _FINE).clamp(max=1)
    waves = [torch.cos(2 * angle), torch.sin(2 * angle), torch.cos(4 * angle)]
    return torch.stack([torch.ones_like(f), slope, *(rise * wave for wave in waves)])


def _weight(window_px: int) -> Tensor:
    f = frequencies(window_px)
    columns = torch.full_like(f, 2.0)
    # rfft2 leaves out the mirrored half of all columns but these.
    columns[:, 0] = columns[:, -1] = 1
    # The lowest ones hold what the window leaks from the mean.
    weight = columns * (f > 1.5 / window_px)
    return weight / weight.sum()


Shaping = Callable[[Tensor], Tensor]
"""Kernels [b, k, k] that sum to 1, of their parameters [b, ...]."""


def taps(logs: Tensor) -> Tensor:
    """Free kernels [b, k, k] of their logarithms."""
    return torch.softmax(logs.flatten(1), 1).view_as(logs)


def gaussians(size: int) -> Shaping:
    """Gaussians of three numbers [b, 3]: logarithms of the axes, and their angle."""
    axis = torch.arange(size) - size // 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")

    def of(numbers: Tensor) -> Tensor:
        first, second, angle = (n[:, None, None] for n in numbers.unbind(1))
        u = (x * torch.cos(angle) + y * torch.sin(angle)) / first.exp()
        v = (y * torch.cos(angle) - x * torch.sin(angle)) / second.exp()
        return taps(-(u.square() + v.square()) / 2)

    return of


@dataclass(slots=True, eq=False)
class SpectrumFit:
    """Kernels on their way: parameters [b, ...], with c and N of each (`SpectrumProblem.model`)."""

    problem: SpectrumProblem
    shaping: Shaping
    numbers: Tensor
    shape: Tensor = field(init=False)
    noise: Tensor = field(init=False)

    def __post_init__(self) -> None:
        n = len(self.numbers)
        self.numbers = self.numbers.detach().clone().requires_grad_()
        self.shape = torch.zeros(n, len(SHAPE_SPREAD), requires_grad=True)
        self.noise = torch.zeros(n, requires_grad=True)

    def kernels(self) -> Tensor:
        """[b, k, k]."""
        return self.shaping(self.numbers)

    def losses(self) -> Tensor:
        """[b]: deviance and prior."""
        problem, shape, noise = self.problem, self.shape, self.noise
        return problem.deviance(self.kernels(), shape, noise) + problem.prior(shape, noise)

    def deviance(self) -> Tensor:
        """[b]."""
        with torch.no_grad():
            return self.problem.deviance(self.kernels(), self.shape, self.noise)

    def run(
        self,
        steps: int,
        rate: float = 0.15,
        *,
        kernels_too: bool = True,
        extra: Callable[[Tensor], Tensor] | None = None,
    ) -> Iterator[Tensor]:
        """Adam; the losses [b] after each step.

        kernels_too : False: scenes and noise alone are fitted
        extra : of kernels [b, k, k], what is added to the losses
        """
        groups = [{"params": [self.shape, self.noise], "lr": 0.02 if kernels_too else rate}]
        if kernels_too:
            groups.append({"params": [self.numbers], "lr": rate})
        optimiser = torch.optim.Adam(groups)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, rate / 15)
        for _ in range(steps):
            optimiser.zero_grad()
            losses = self.losses()
            if extra is not None:
                losses = losses + extra(self.kernels())
            losses.sum().backward()
            optimiser.step()
            schedule.step()
            yield losses.detach()


def fitted(fit: SpectrumFit, steps: int, rate: float = 0.15) -> SpectrumFit:
    """The fit after all its steps."""
    for _ in fit.run(steps, rate):
        pass
    return fit


def smooth_starts(size: int, n: int, generator: torch.Generator) -> Tensor:
    """Logarithms [n, size, size] of smooth random kernels of many widths; white ones end in worse
    places (docs/experiments/pictures.md)."""
    axis = torch.arange(size) - size // 2
    radius2 = (axis[:, None].square() + axis.square()).float()
    logs = []
    for i in range(n):
        # Coarse and fine ones, narrow and wide ones.
        field_ = 2 * smooth_noise(1, size, 1.5 + 2.5 * (i % 4) / 3, generator)[0]
        width = size * (0.12 + 0.2 * (i % 3) / 2)
        logs.append(field_ - radius2 / (2 * width**2))
    return torch.stack(logs)


def smooth_noise(n: int, size: int, scale_px: float, generator: torch.Generator) -> Tensor:
    """Random fields [n, size, size] of unit variance, smooth over `scale_px`."""
    f = torch.fft.fftfreq(size)
    low_pass = torch.exp(-2 * (torch.pi * scale_px * torch.hypot(f[:, None], f)).square())
    noise = torch.randn(n, size, size, generator=generator)
    smooth = torch.fft.ifft2(torch.fft.fft2(noise) * low_pass).real
    scaled: Tensor = smooth / smooth.std((1, 2), keepdim=True)
    return scaled
