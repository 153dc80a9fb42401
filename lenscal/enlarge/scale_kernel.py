"""The kernel that a picture went through when it was made smaller, from that picture alone.

    E |Y(f)|^2 = exp(a + b log|F|) / s^2 . sum over folds of |K(F)|^2 S(F), + N,    F = (f + j) / s

S is the mean spectrum of sharp photos: a picture's own spectrum at its next scale, which Meanti et
al. 2025 (section 4.4) and KernelGAN (Bell-Kligler, Shocher, Irani 2019) compare with, has been
through the kernel already and makes it 15 % too narrow. The fit is Whittle's: a Gaussian of three
numbers first, then symmetric taps near it, as far as the spectrum asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.blur.power_spectra import mean_power
from lenscal.enlarge.sharp_spectrum import SharpSpectrum
from lenscal.errors import InputError
from lenscal.translation import Translatable, translatable

WINDOW_PX = 64
LEAST_SIDE_PX = WINDOW_PX
MOST_TILES, TILE_PX = 200, 128
SLOPE_SPREAD = 0.3
"""How much finer or coarser scenes may be than the mean one, in log power an octave, about."""
NOISE_SPREAD = 0.7
WIDTH_SPREAD, USUAL_WIDTH = 0.7, 0.6
"""Of the logarithm of the Gaussian's axes, and their usual size in pixels of the picture: weak, but
pictures without detail tell nothing."""
PRIOR_WEIGHT = 1e-3
TELLING_CY_PER_PX = (0.2, 0.4)
"""Of the picture: where usual kernels take away a third to nine tenths. What lies lower, scenes
explain as well."""
OVER_NOISE = 2.0
"""Power over the noise's, from which on a frequency tells something."""
ENOUGH = 0.5
"""Share of these frequencies that do, from which on the picture is believed; below, its kernel is
drawn to the usual one in proportion: too wide a kernel sharpens what was smooth."""
WORTH_A_NOTE = 0.05
"""Of the logarithm of a width, by which it was drawn."""
_GAUSSIAN_STEPS, _TAP_STEPS, _RATE = 200, 120, 0.06
_SMOOTH_WEIGHT, _SIZE_WEIGHT = 2e-3, 2e-4
"""Of second differences, and of the size, of what the logarithms of taps are changed by."""


@dataclass(frozen=True, slots=True, eq=False)
class ScaleKernel:
    """What was found.

    Attributes
    ----------
    kernel : float32 ndarray [k, k]
        In pixels of the enlarged picture; sums to 1, its middle on a pixel of the picture.
    axes_px : (larger, smaller)
        Standard deviations of the Gaussian nearest to it.
    notes : texts
        What the user has to know of it.
    """

    kernel: NDArray[np.float32]
    axes_px: tuple[float, float]
    notes: tuple[Translatable, ...] = ()


class FoldedModel:
    """Expected power of a picture for kernels of its enlargement."""

    def __init__(self, power: Tensor, noise: float, sharp: SharpSpectrum, factor: int) -> None:
        self.power, self.noise, self.factor = power, max(noise, 1e-9), factor
        size = power.shape[0]
        # On the transform of a window of the enlarged picture, whose folds are strides apart.
        self.full = factor * size
        f = torch.fft.fftfreq(self.full)
        radius = torch.hypot(f[:, None], f)
        self.scene = sharp.at(f[:, None], f)
        self.log_radius = torch.log(radius.clamp(min=1 / self.full) * 2 * factor)
        columns = torch.fft.fftfreq(size)
        picture_radius = torch.hypot(columns[:, None], columns)
        weight = (picture_radius > 1.5 / size).float()
        self.weight = weight / weight.sum()
        low, high = TELLING_CY_PER_PX
        self._detail = (picture_radius >= low) & (picture_radius < high)

    def telling(self, noise: Tensor) -> float:
        """Share of the frequencies that tell a kernel from a scene where the picture is more than
        noise, whose logarithm over what it was taken for is given."""
        over = self.power[self._detail] / (self.noise * float(noise.exp()))
        return float((over > OVER_NOISE).float().mean())

    def deviance(self, kernels: Tensor, scene: Tensor, noise: Tensor) -> Tensor:
        """[b] of kernels [b, k, k], (a, b) [b, 2] and log noise over what it was taken for [b]."""
        transfer = torch.fft.fft2(kernels, s=(self.full, self.full)).abs().square()
        gain = (scene[:, :1, None] + scene[:, 1:, None] * self.log_radius).exp()
        whole = transfer * gain * self.scene
        n, size = len(kernels), self.power.shape[0]
        folded = whole.view(n, self.factor, size, self.factor, size).mean((1, 3))
        ratio = self.power / (folded + self.noise * noise.exp()[:, None, None])
        deviance: Tensor = ((ratio - ratio.log() - 1) * self.weight).sum((1, 2))
        return deviance


def find_kernel(
    grey: NDArray[np.float32],
    variance: float,
    sharp: SharpSpectrum,
    factor: int,
    size: int,
) -> Iterator[ScaleKernel | None]:
    """None while it works, at last the kernel.

    Parameters
    ----------
    grey : float32 ndarray [H, W]
    variance : float
        Of its noise.
    sharp : SharpSpectrum
        Of the same kind of values.
    size : int
        Side of the kernel, odd.

    Raises
    ------
    InputError
        The picture is too small.
    """
    if min(grey.shape) < LEAST_SIDE_PX:
        raise InputError(
            translatable(
                "the picture is smaller than {least} px: it does not tell its kernel; give one "
                "with --kernel FILE",
                least=LEAST_SIDE_PX,
            )
        )
    tiles = torch.from_numpy(_tiles(grey))
    power = mean_power(tiles, torch.full((len(tiles),), variance), WINDOW_PX)
    model = FoldedModel(_whole(power.power), power.noise, sharp, factor)
    fit = _Fit(model, _starts(factor))
    for _ in fit.run(lambda numbers: gaussian(numbers, size), _GAUSSIAN_STEPS, _unusual_width):
        yield None
    best = int(fit.losses.argmin())
    numbers = fit.numbers[best].detach()
    believed = min(1.0, model.telling(fit.noise[best].detach()) / ENOUGH)
    if believed < 1:
        # Nor is there anything that taps could be told by.
        yield _drawn(numbers, believed, factor, size)
        return
    first, second = numbers[:2].exp().tolist()
    logs = gaussian(numbers[None], size).clamp(min=1e-12).log()
    change = _Fit(model, torch.zeros(1, size, size), fit.scene[best : best + 1], fit.noise[best])
    for _ in change.run(lambda d: _near(logs, d), _TAP_STEPS, _roughness):
        yield None
    kernel = _near(logs, change.numbers.detach())[0].numpy().astype(np.float32)
    yield ScaleKernel(kernel, (max(first, second), min(first, second)))


def _drawn(numbers: Tensor, believed: float, factor: int, size: int) -> ScaleKernel:
    """A Gaussian of [3] numbers, drawn to the usual one as far as it is not believed."""
    usual = float(np.log(USUAL_WIDTH * factor))
    moved = numbers.clone()
    moved[:2] = usual + believed * (numbers[:2] - usual)
    kernel = gaussian(moved[None], size)[0].numpy().astype(np.float32)
    smaller, larger = sorted(moved[:2].exp().tolist())
    if float((moved - numbers)[:2].abs().max()) < WORTH_A_NOTE:
        return ScaleKernel(kernel, (larger, smaller))
    found = sorted(numbers[:2].exp().tolist())
    note = translatable(
        "the picture shows too little detail to tell its kernel, as it is smooth or noisy: what "
        "seemed to be {first:.2f} x {second:.2f} px was drawn towards the usual {usual:.2f} px, to "
        "{larger:.2f} x {smaller:.2f} px",
        first=found[1],
        second=found[0],
        usual=USUAL_WIDTH * factor,
        larger=larger,
        smaller=smaller,
    )
    return ScaleKernel(kernel, (larger, smaller), (note,))


Penalty = Callable[[Tensor, int], Tensor]
"""Of numbers [b, ...] and the factor: how unusual they are, [b]."""


class _Fit:
    """Numbers [b, ...] of kernels, with the scene's and the noise's."""

    def __init__(
        self,
        model: FoldedModel,
        numbers: Tensor,
        scene: Tensor | None = None,
        noise: Tensor | None = None,
    ) -> None:
        n = len(numbers)
        self.model = model
        self.numbers = numbers.detach().clone().requires_grad_()
        self.scene = _leaf(torch.zeros(n, 2) if scene is None else scene)
        self.noise = _leaf(torch.zeros(n) if noise is None else noise.expand(n))
        self.losses = torch.zeros(n)

    def run(
        self, shaping: Callable[[Tensor], Tensor], steps: int, penalty: Penalty
    ) -> Iterator[None]:
        """Adam; kernels are `shaping` of the numbers."""
        optimiser = torch.optim.Adam([self.numbers, self.scene, self.noise], _RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps, _RATE / 20)
        for _ in range(steps):
            optimiser.zero_grad()
            unusual = (self.scene[:, 1] / SLOPE_SPREAD).square()
            unusual = unusual + (self.noise / NOISE_SPREAD).square()
            losses = self.model.deviance(shaping(self.numbers), self.scene, self.noise)
            losses = losses + PRIOR_WEIGHT * unusual
            losses = losses + penalty(self.numbers, self.model.factor)
            losses.sum().backward()
            optimiser.step()
            schedule.step()
            self.losses = losses.detach()
            yield


def _leaf(values: Tensor) -> Tensor:
    return values.detach().clone().requires_grad_()


def gaussian(numbers: Tensor, size: int) -> Tensor:
    """Kernels [b, size, size] of sum 1 from [b, 3]: logarithms of the axes in px, and their
    angle."""
    axis = torch.arange(size) - size // 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    first, second, angle = (n[:, None, None] for n in numbers.unbind(1))
    u = (x * torch.cos(angle) + y * torch.sin(angle)) / first.exp()
    v = (y * torch.cos(angle) - x * torch.sin(angle)) / second.exp()
    kernel = torch.exp(-(u.square() + v.square()) / 2)
    normalised: Tensor = kernel / kernel.sum((1, 2), keepdim=True)
    return normalised


def axes_of(kernel: NDArray[np.floating]) -> tuple[float, float]:
    """Standard deviations of a kernel [k, k] of sum 1 along its axes, the larger one first."""
    axis = np.arange(kernel.shape[0]) - kernel.shape[0] // 2
    y, x = np.meshgrid(axis, axis, indexing="ij")
    away = np.stack([y - (y * kernel).sum(), x - (x * kernel).sum()])
    covariance = np.einsum("iyx,jyx,yx->ij", away, away, kernel)
    # Taps that take light away may leave less than nothing of it.
    small, large = np.sqrt(np.linalg.eigvalsh(covariance).clip(min=0))
    return float(large), float(small)


def _near(logs: Tensor, change: Tensor) -> Tensor:
    """Kernels of logarithms and what they are changed by; mirrored at their middle they are the
    same, as spectra tell no phase."""
    even = (change + change.flip(1, 2)) / 2
    return torch.softmax((logs + even).flatten(1), 1).view_as(logs)


def _roughness(change: Tensor, factor: int) -> Tensor:
    second = [change.diff(n=2, dim=d).square().mean((1, 2)) for d in (1, 2)]
    return _SMOOTH_WEIGHT * (second[0] + second[1]) + _SIZE_WEIGHT * change.square().mean((1, 2))


def _unusual_width(numbers: Tensor, factor: int) -> Tensor:
    usual = np.log(USUAL_WIDTH * factor)
    unusual: Tensor = ((numbers[:, :2] - usual) / WIDTH_SPREAD).square().sum(1)
    return PRIOR_WEIGHT * unusual


def _starts(factor: int) -> Tensor:
    """[b, 3]: round and long ones."""
    starts = [
        (width * factor, width * factor * ratio, angle)
        for width in (0.35, 0.7)
        for ratio, angle in ((1.0, 0.4), (0.5, 0.4), (0.5, 1.2), (0.5, 2.0), (0.5, 2.8))
    ]
    numbers = torch.tensor(starts)
    numbers[:, :2].log_()
    return numbers


def _tiles(grey: NDArray[np.float32]) -> NDArray[np.float32]:
    """[n, t, t], spread evenly over the picture."""
    side = min(TILE_PX, *(s - s % 2 for s in grey.shape))
    counts = [max(1, min(int(MOST_TILES**0.5), 2 * s // side - 1)) for s in grey.shape]
    corners = [
        np.linspace(0, s - side, n).astype(int) for s, n in zip(grey.shape, counts, strict=True)
    ]
    return np.stack([grey[y : y + side, x : x + side] for y in corners[0] for x in corners[1]])


def _whole(power: Tensor) -> Tensor:
    """The power [w, w] of all frequencies, of its half [w, w // 2 + 1]."""
    size = power.shape[0]
    mirrored = power[:, 1 : size - power.shape[1] + 1].flip(0, 1).roll(1, 0)
    return torch.cat([power, mirrored], 1)
