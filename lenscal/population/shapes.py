"""What kernels are like, in numbers: length, width, direction. Numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.translation import Translatable, translatable

_TINY = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class KernelShapes:
    """Of n kernels, each array [n].

    Attributes
    ----------
    length_px, width_px : float64
        Extent along and across the direction: that of a straight stroke of even light with the
        same standard deviation (times the root of 12).
    rms_px : float64
        Root of the mean squared distance from the centre of mass.
    elongation : float64
        0 round, 1 a line: the difference of both principal variances over their sum.
    angle_deg : float64
        Of the direction, -90..90, from the x axis towards the top of the picture; 90 and -90: up
        and down.
    compactness : float64
        Logarithm of the sum of squared taps: the less, the further light is spread.
    tail : float64 [n, 2]
        (y, x): third moment over the third absolute one; where the thin end of a kernel points.
    """

    length_px: NDArray[np.float64]
    width_px: NDArray[np.float64]
    rms_px: NDArray[np.float64]
    elongation: NDArray[np.float64]
    angle_deg: NDArray[np.float64]
    compactness: NDArray[np.float64]
    tail: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.length_px)

    @property
    def descriptors(self) -> NDArray[np.float64]:
        """[n, 6]: what populations are compared by: rms length, elongation, compactness, direction
        as cosine and sine of twice its angle times elongation, skew."""
        twice = np.radians(2 * self.angle_deg)
        return np.stack(
            [
                self.rms_px,
                self.elongation,
                self.compactness,
                self.elongation * np.cos(twice),
                self.elongation * np.sin(twice),
                np.hypot(self.tail[:, 0], self.tail[:, 1]),
            ],
            -1,
        )


def shapes_of(kernels: NDArray[np.floating]) -> KernelShapes:
    """Of kernels [n, k, k]; taps below 0 count as 0."""
    k = np.clip(np.asarray(kernels, np.float64), 0, None)
    k = k / np.maximum(k.sum((1, 2), keepdims=True), _TINY)
    axis = np.arange(k.shape[-1]) - k.shape[-1] // 2
    rows, cols = k.sum(2), k.sum(1)
    dy = axis - (rows @ axis)[:, None]
    dx = axis - (cols @ axis)[:, None]
    yy, xx = (rows * dy**2).sum(1), (cols * dx**2).sum(1)
    xy = np.einsum("nyx,ny,nx->n", k, dy, dx)
    total, spread = yy + xx, np.hypot(yy - xx, 2 * xy)
    square = dy[:, :, None] ** 2 + dx[:, None, :] ** 2
    third = np.maximum((k * square**1.5).sum((1, 2)), _TINY)
    weighted = k * square
    tail = np.stack(
        [
            np.einsum("nyx,ny->n", weighted, dy) / third,
            np.einsum("nyx,nx->n", weighted, dx) / third,
        ],
        -1,
    )
    return KernelShapes(
        length_px=np.sqrt(6 * (total + spread)),
        width_px=np.sqrt(6 * np.maximum(total - spread, 0)),
        rms_px=np.sqrt(total),
        elongation=spread / np.maximum(total, _TINY),
        # Rows count downwards.
        angle_deg=np.degrees(np.arctan2(-2 * xy, xx - yy)) / 2,
        compactness=np.log(np.maximum(np.square(k).sum((1, 2)), _TINY)),
        tail=tail,
    )


def preferred_direction(shapes: KernelShapes) -> tuple[float, float]:
    """(angle_deg, strength) of the direction that kernels have in common; long and thin ones count
    most. Strength is 1 where all are parallel lines, 0 where none or each another is preferred."""
    twice = np.exp(2j * np.radians(shapes.angle_deg))
    square = shapes.rms_px**2
    mean = (shapes.elongation * square * twice).sum() / max(float(square.sum()), _TINY)
    return float(np.degrees(np.angle(mean)) / 2), float(abs(mean))


def direction_in_words(shapes: KernelShapes) -> Translatable:
    """ "mostly up and down", say."""
    angle, strength = preferred_direction(shapes)
    if strength < _CLEAR:
        return translatable("in all directions")
    names = (
        (0.0, translatable("mostly sideways")),
        (45.0, translatable("mostly towards the upper right or lower left")),
        (90.0, translatable("mostly up and down")),
        (-45.0, translatable("mostly towards the upper left or lower right")),
        (-90.0, translatable("mostly up and down")),
    )
    return min(names, key=lambda item: abs(item[0] - angle))[1]


_CLEAR = 0.25
"""Strength of a direction from which on it is named: of 100 kernels at random it is 0.1."""
