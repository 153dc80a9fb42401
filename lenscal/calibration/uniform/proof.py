"""Whether one blur explains photos that were kept out, and whether something simpler does as
well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import nan, pi

import torch
from torch import Tensor

from lenscal.calibration.uniform.material import Material
from lenscal.calibration.uniform.spectrum_fit import (
    Shaping,
    SpectrumFit,
    SpectrumProblem,
    fitted,
    gaussians,
)
from lenscal.translation import Translatable, translatable

AS_GOOD = 1.03
"""How much further from the kept-out photos a Gaussian may be and still be taken: it has three
numbers, taps have hundreds."""
NO_BETTER = 1.1
"""Distance of no blur over that of kernels, below which hardly anything was found."""
_STEPS, _RATE = 80, 0.1
_WIDTHS_PX = (0.6, 1.5, 3.0)
"""That Gaussians begin with."""


@dataclass(frozen=True, slots=True, eq=False)
class Gaussian:
    """The Gaussian that explains the spectrum best.

    kernel : Tensor [k, k]
    axes_px : standard deviations, the larger one first
    """

    kernel: Tensor
    axes_px: tuple[float, float]


def best_gaussian(problem: SpectrumProblem, size: int) -> Gaussian:
    """Fit its two axes and its angle."""
    starts = torch.tensor(
        [
            [width, ratio * width, angle]
            for width in _WIDTHS_PX
            for ratio in (1.0, 0.5)
            for angle in (0.4, 0.4 + pi / 2)
        ]
    )
    starts[:, :2].log_()
    shaping: Shaping = gaussians(size)
    fit = fitted(SpectrumFit(problem, shaping, starts), 2 * _STEPS, _RATE)
    best = int(fit.losses().argmin())
    first, second = fit.numbers[best, :2].detach().exp().tolist()
    kernel = fit.kernels()[best].detach()
    return Gaussian(kernel, (max(first, second), min(first, second)))


def delta(size: int) -> Tensor:
    """No blur, [size, size]."""
    kernel = torch.zeros(size, size)
    kernel[size // 2, size // 2] = 1
    return kernel


def distances(material: Material, kernels: Mapping[str, Tensor]) -> dict[str, float]:
    """Of kernels [k, k] by name, and of the learnt photos themselves ("floor"): rms difference of
    the kept-out photos' log power from what is expected; NaN without such photos."""
    if material.held_out is None:
        return dict.fromkeys((*kernels, "floor"), nan)
    size = next(iter(kernels.values())).shape[-1]
    stacked = torch.stack(list(kernels.values()))
    of_kernels = _distance(material.problem(size, material.held_out), stacked)
    itself = material.problem(size, material.held_out, material.degraded)
    floor = _distance(itself, delta(size)[None])
    return {**dict(zip(kernels, of_kernels, strict=True)), "floor": floor[0]}


def _distance(problem: SpectrumProblem, kernels: Tensor) -> list[float]:
    fit = SpectrumFit(problem, lambda numbers: numbers, kernels)
    # Scenes differ in contrast and fineness: that is no fault of a kernel.
    for _ in fit.run(_STEPS, _RATE, kernels_too=False):
        pass
    return [float(d) for d in (2 * fit.deviance()).sqrt()]


def doubts(distance: Mapping[str, float]) -> Iterator[Translatable]:
    """What the kept-out photos say against the kernel."""
    best = min(distance["estimate"], distance["gaussian"])
    if distance["delta"] < NO_BETTER * best:
        yield translatable(
            "the photos look hardly more blurred than the sharp ones: no blur explains those that "
            "were kept out nearly as well (distance {delta:.3g} instead of {estimate:.3g})",
            delta=distance["delta"],
            estimate=best,
        )


def is_gaussian(distance: Mapping[str, float]) -> bool:
    """Whether a Gaussian explains the kept-out photos as well as free taps."""
    return distance["gaussian"] < AS_GOOD * distance["estimate"]


def gaussian_in_words(gaussian: Gaussian) -> Translatable:
    """That it was taken."""
    return translatable(
        "a Gaussian of {first:.2f} x {second:.2f} px explains the photos that were kept out as "
        "well as a free kernel: it is taken",
        first=gaussian.axes_px[0],
        second=gaussian.axes_px[1],
    )
