"""Patches as planes: what second-order statistics and the flow model read of a degraded photo.

A packed patch [p, m, m] holds, of a Bayer photo, the sites of a CFA period in row-major order as
four half-size planes: nothing is interpolated, so noise is white. Photos that know all their
colours everywhere have a plane for each at full size.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.raw.frame import Frame, Sampling

CLIPPED = 0.95
"""Share of the clipping level from which on a site is not trusted: sensors bend before
they clip."""
Scalar = TypeVar("Scalar", bound=np.generic)
Level = TypeVar("Level", NDArray[np.float32], NDArray[np.float64], NDArray[np.floating], Tensor)


@dataclass(frozen=True, slots=True, eq=False)
class Packing:
    """How planes sample a photo: plane p holds colour channels[p] (0 R, 1 G, 2 B) at the pixels
    offsets[p] + period * (i, j)."""

    channels: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...] = ((0, 0), (0, 1), (1, 0), (1, 1))
    period: int = 2

    @property
    def n(self) -> int:
        """Number of planes."""
        return len(self.channels)

    @property
    def steps(self) -> tuple[tuple[int, int], ...]:
        """All pixels (y, x) of a period, row-major."""
        axis = range(self.period)
        return tuple((y, x) for y in axis for x in axis)

    @property
    def aliases(self) -> tuple[tuple[float, float], ...]:
        """Frequencies (cycles/px) that every plane folds into zero."""
        return tuple((y / self.period, x / self.period) for y, x in self.steps)

    @property
    def averaging(self) -> NDArray[np.float64]:
        """[3, planes]: weights that make each channel of the planes that hold it; a monochrome
        photo's only plane stands for all."""
        weights = (np.arange(3)[:, None] == np.array(self.channels)).astype(np.float64)
        weights[~weights.any(1)] = 1
        return np.asarray(weights / weights.sum(1, keepdims=True))

    def spread(self, kernels: Tensor) -> Tensor:
        """Kernels [..., 3, n] with those of channels that no plane holds taken from the others:
        monochrome photos have one kernel at a place."""
        missing = [c not in self.channels for c in range(3)]
        if not any(missing):
            return kernels
        source = [self.channels[0] if gone else c for c, gone in enumerate(missing)]
        return kernels[..., source, :]

    def finer(self) -> Packing:
        """The same photo as planes of half the size, four times as many, where a plane is as large
        as the photo: a network sees as far with as many pixels."""
        if self.period > 1:
            return self
        offsets = ((0, 0), (0, 1), (1, 0), (1, 1))
        return Packing(tuple(c for c in self.channels for _ in offsets), offsets * self.n)


def packing_of(frame: Frame) -> Packing:
    """The packing of a photo, by what it knows at each place."""
    if frame.sampling is Sampling.BAYER:
        return Packing(tuple(int(v) for v in frame.cfa.ravel()))
    channels = frame.plane_channels
    return Packing(channels, ((0, 0),) * len(channels), 1)


def clipping_limit(level: Level) -> Level:
    """Value above which a site is not trusted, where light clips at this level."""
    return CLIPPED * level


def clips(values: NDArray[np.floating], level: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Where values are not trusted, as light clips at the level (broadcast to values)."""
    return np.asarray(values > clipping_limit(level))


def plane_levels(frame: Frame, multiplier: NDArray[np.float32]) -> NDArray[np.float32]:
    """Where light clips in what `packed_tile` gives, of its multipliers [p, m, m]."""
    channels = list(packing_of(frame).channels)
    level: NDArray[np.float32] = multiplier * frame.clipping[channels, None, None]
    return level


def pack_mosaic(mosaic: NDArray[Scalar]) -> NDArray[Scalar]:
    """[h, w] with even sides to [4, h / 2, w / 2]."""
    return np.stack(
        [mosaic[0::2, 0::2], mosaic[0::2, 1::2], mosaic[1::2, 0::2], mosaic[1::2, 1::2]]
    )


def packed_tile(
    frame: Frame, rows: slice, cols: slice
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The planes of a tile (even sides, starting on a period), and what RAW values 0..1 were
    multiplied by, [p, m, m] each."""
    if frame.sampling is Sampling.BAYER:
        value, _, multiplier = frame.mosaic_tile(rows, cols)
        return pack_mosaic(value), pack_mosaic(multiplier)
    return frame.planes_tile(rows, cols)


def pack_planes(planes: NDArray[Scalar], packing: Packing) -> NDArray[Scalar]:
    """Planes of full size [channels, h, w] (even sides), as the packing wants them."""
    if packing.period == 1:
        return planes
    numbers = sorted(set(packing.channels))
    return np.stack(
        [
            planes[numbers.index(c), oy::2, ox::2]
            for c, (oy, ox) in zip(packing.channels, packing.offsets, strict=True)
        ]
    )


def pack_rgb(rgb: Tensor, packing: Packing) -> Tensor:
    """What the sensor would sample of rgb [..., 3, h, w] (even sides, starting on a period): [...,
    p, m, m]."""
    # Every site samples its own colour only.
    step = packing.period
    planes = [
        rgb[..., c, oy::step, ox::step]
        for c, (oy, ox) in zip(packing.channels, packing.offsets, strict=True)
    ]
    return torch.stack(planes, dim=-3)


def read_packed(
    frame: Frame, packing: Packing, top: int, left: int, size: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]] | None:
    """A packed patch of size x size px and its noise variance per plane [p]; None where light
    clips.

    The variance is that of the patch's mean brightness.
    """
    planes, multiplier = packed_tile(frame, slice(top, top + size), slice(left, left + size))
    if clips(planes, plane_levels(frame, multiplier)).any():
        return None
    if frame.sampling is not Sampling.BAYER:
        planes, multiplier = (pack_planes(v, packing) for v in (planes, multiplier))
    # Vignetting correction raises noise with the light: by the mean gain of the patch.
    gain = multiplier.mean((1, 2))
    # One value a plane: white noise of a patch's mean brightness is what both domains are given.
    variance = frame.noise.variance(planes.mean((1, 2)), gain, np.array(packing.channels))
    return planes, variance.astype(np.float32)
