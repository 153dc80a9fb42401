"""Kernels as other programs keep them: oversampled, of even or unequal sides, one alone."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.translation import translatable

MOST_OVERSAMPLING = 32
"""Samples a pixel; other programs write 1 to 10."""
_SPLINE_ORDER = 3
"""As photutils' GriddedPSFModel interpolates."""


def oversampling_of(path: Path, value: Any) -> tuple[float, float]:
    """Samples a pixel along y and x, as the card OVERSAMP tells: a number, or "(y, x)".

    Raises
    ------
    InputError
        It is none.
    """
    try:
        numbers = [float(part) for part in str(value).strip(" ()[]").split(",")]
        y, x = (numbers * 2)[:2]
    except ValueError:
        y = x = math.nan
    if not (1 <= y <= MOST_OVERSAMPLING and 1 <= x <= MOST_OVERSAMPLING):
        raise InputError(
            translatable(
                "{path}: OVERSAMP is {oversampling!r}, want a number from 1 to {most}",
                path=path,
                oversampling=str(value),
                most=MOST_OVERSAMPLING,
            )
        )
    return y, x


def at_sensor_pixels(
    cube: NDArray[np.float64], oversampling: tuple[float, float] = (1, 1)
) -> NDArray[np.float64]:
    """Kernels [N, y, x] of any sides as [N, k, k] with k odd, sampled at the sensor's pixels.

    The kernel's origin is the middle of its array, between two samples where a side is even: then,
    and where it is oversampled, values between samples are interpolated (cubic splines). Samples
    hold what a pixel there would see, as those of effective PSFs do (Anderson & King 2000,
    doi:10.1086/316632).
    """
    sides = cube.shape[1:]
    size = max(odd_side(n, s) for n, s in zip(sides, oversampling, strict=True))
    if sides == (size, size) and oversampling == (1, 1):
        return cube
    if all(n % 2 for n in sides) and oversampling == (1, 1):
        # Zeros change nothing.
        margins = [(size - n) // 2 for n in sides]
        return np.pad(cube, ((0, 0), *((m, m) for m in margins)))
    return _interpolated(cube, size, oversampling)


def odd_side(length: int, samples: float) -> int:
    """Pixels, an odd number of them, that hold `length` values of so many samples a pixel."""
    pixels = math.ceil(length / samples - 1e-9)
    return pixels + (pixels % 2 == 0)


def _interpolated(
    cube: NDArray[np.float64], size: int, oversampling: tuple[float, float]
) -> NDArray[np.float64]:
    # scipy takes a while to import, and few files need it.
    from scipy.ndimage import map_coordinates

    offsets = np.arange(size) - size // 2
    y, x = ((n - 1) / 2 + offsets * s for n, s in zip(cube.shape[1:], oversampling, strict=True))
    # Outside there is no light, and splines swing: zeros all around first.
    border = _SPLINE_ORDER
    padded = np.pad(cube, ((0, 0), (border, border), (border, border)))
    where = np.stack(np.meshgrid(y + border, x + border, indexing="ij"))
    return np.stack(
        [map_coordinates(kernel, where, order=_SPLINE_ORDER, mode="constant") for kernel in padded]
    )
