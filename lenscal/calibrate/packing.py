"""Bayer patches as four half-size planes: what second-order statistics and the flow model read of a
degraded photo.

A packed patch [4, m, m] holds the sites of a CFA period in row-major order. Nothing is
interpolated, so noise is white.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.raw.frame import Frame, NoiseModel, require_bayer

CLIPPED = 0.95
"""Share of the clipping level from which on a site is not trusted: sensors bend before
they clip."""
MOST_CLIPPED = 0.002
"""Share of clipped sites above which a patch is left out: below, they are hot pixels."""


Scalar = TypeVar("Scalar", bound=np.generic)
Level = TypeVar("Level", NDArray[np.float32], NDArray[np.float64], NDArray[np.floating], Tensor)


@dataclass(frozen=True, slots=True, eq=False)
class Packing:
    """Which colour (0 R, 1 G, 2 B) stands at which of the four sites (y, x) of the period."""

    channels: tuple[int, int, int, int]
    offsets: tuple[tuple[int, int], ...] = ((0, 0), (0, 1), (1, 0), (1, 1))


def packing_of(frame: Frame) -> Packing:
    """The packing of a Bayer photo. Raises InputError where the sensor has no 2 x 2 pattern."""
    require_bayer(frame)
    a, b, c, d = (int(v) for v in frame.cfa.ravel())
    return Packing((a, b, c, d))


def clipping_limit(level: Level) -> Level:
    """Value above which a site is not trusted, where light clips at this level."""
    return CLIPPED * level


def clips(values: NDArray[np.floating], level: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Where values are not trusted, as light clips at the level (broadcast to values)."""
    return np.asarray(values > clipping_limit(level))


def hardly_clips(clipped: NDArray[np.bool_]) -> bool:
    """Whether a patch can be used, for where in it light clips."""
    return bool(clipped.mean() <= MOST_CLIPPED)


def pack_mosaic(mosaic: NDArray[Scalar]) -> NDArray[Scalar]:
    """[h, w] with even sides to [4, h / 2, w / 2]."""
    return np.stack(
        [mosaic[0::2, 0::2], mosaic[0::2, 1::2], mosaic[1::2, 0::2], mosaic[1::2, 1::2]]
    )


def pack_rgb(rgb: Tensor, packing: Packing) -> Tensor:
    """What the sensor would sample of rgb [..., 3, h, w] (even sides, starting on a period): [...,
    4, h / 2, w / 2]."""
    # Every site samples its own colour only.
    planes = [
        rgb[..., c, oy::2, ox::2]
        for c, (oy, ox) in zip(packing.channels, packing.offsets, strict=True)
    ]
    return torch.stack(planes, dim=-3)


def read_packed(
    frame: Frame, noise: NoiseModel, top: int, left: int, size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """A packed patch of size x size px and its noise variance per plane [4]; None where light
    clips.

    The variance is that of the patch's mean brightness.
    """
    value, _, multiplier = frame.mosaic_tile(slice(top, top + size), slice(left, left + size))
    if not hardly_clips(clips(value, multiplier)):
        return None
    # Vignetting correction raises noise with the light: by the mean gain of the patch.
    planes, gain = pack_mosaic(value), pack_mosaic(multiplier).mean((1, 2))
    # One value a plane: white noise of a patch's mean brightness is what both domains are given.
    variance = noise.variance(planes.mean((1, 2)), gain, frame.cfa.ravel())
    return planes, variance.astype(np.float32)
