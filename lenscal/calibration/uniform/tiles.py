"""Square pieces of photos in shades of grey: what one blur for all of a photo is learnt from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.packing import clips
from lenscal.raw.frame import Frame

TILE_PX, LEAST_TILE_PX = 192, 96
"""Side of a tile, and what small photos are still good for."""
MOST_TILES = 256
"""Of each set: more hardly change the mean of their spectra."""
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of the colours: what JPEG keeps whole, and where most of the light is."""
_OVER_NOISE = 2.0
"""Variance of a tile in that of its noise, from which on it shows something."""
_CLIPPED_SHARE = 0.02
"""Of its pixels: a tile with more says nothing true of blur."""


@dataclass(frozen=True, slots=True, eq=False)
class GreyTiles:
    """Tiles of a set of photos.

    Attributes
    ----------
    values : Tensor [n, s, s]
    variance : Tensor [n]
        Of their noise, as far as the photos tell.
    photo : int ndarray [n]
        Which photo each is of.
    """

    values: Tensor
    variance: Tensor
    photo: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.values)

    def where(self, chosen: NDArray[np.bool_]) -> GreyTiles:
        """Some of the tiles, [n]."""
        index = torch.from_numpy(np.flatnonzero(chosen))
        return GreyTiles(self.values[index], self.variance[index], self.photo[chosen])


def tile_side(frames: Sequence[Frame]) -> int:
    """The side of tiles that every photo has room for, px; even."""
    smallest = min(min(frame.size) for frame in frames)
    return min(TILE_PX, smallest - smallest % 2)


def grey_tiles(
    frames: Sequence[Frame], side: int, most: int = MOST_TILES, *, share: float = 1.0
) -> Iterator[GreyTiles]:
    """The tiles of photos, photo by photo: each yield holds those of one more, with its number.

    share : of photos' sides, around their middle, that tiles are taken from
    """
    each = max(1, -(-most // len(frames)))
    for number, frame in enumerate(frames):
        room = [max(side, round(share * n)) for n in frame.size]
        first = [(n - part) // 2 for n, part in zip(frame.size, room, strict=True)]
        places = _places((room[0], room[1]), side, each)
        corners = [(first[0] + top, first[1] + left) for top, left in places]
        yield tiles_at(frame, side, corners, number)[0]


def tiles_at(
    frame: Frame, side: int, corners: Sequence[tuple[int, int]], number: int = 0
) -> tuple[GreyTiles, list[tuple[int, int]]]:
    """The tiles of a photo at corners (top, left) that are neither clipped nor flat, and the
    corners of these."""
    values, variances, kept = [], [], []
    for top, left in corners:
        grey, variance, clipped = _grey(frame, top, left, side)
        if clipped <= _CLIPPED_SHARE and grey.var() > _OVER_NOISE * variance:
            values.append(grey)
            variances.append(variance)
            kept.append((top, left))
    tiles = np.stack(values) if values else np.empty((0, side, side), np.float32)
    variance_of_tiles = torch.tensor(variances, dtype=torch.float32)
    found = GreyTiles(torch.from_numpy(tiles), variance_of_tiles, np.full(len(values), number))
    return found, kept


def joined(parts: Sequence[GreyTiles]) -> GreyTiles:
    """All tiles of several photos."""
    return GreyTiles(
        torch.cat([part.values for part in parts]),
        torch.cat([part.variance for part in parts]),
        np.concatenate([part.photo for part in parts]),
    )


def _places(size: tuple[int, int], side: int, n: int) -> list[tuple[int, int]]:
    """Corners of up to n tiles, spread evenly over a photo."""
    height, width = size
    rooms = height - side, width - side
    # As square a pattern as the photo allows, and no two tiles closer than half their side.
    rows = max(1, min(round((n * height / width) ** 0.5), 1 + 2 * rooms[0] // side))
    cols = max(1, min(-(-n // rows), 1 + 2 * rooms[1] // side))
    corners = [
        np.linspace(0, room, count).round().astype(int) if count > 1 else np.array([room // 2])
        for room, count in zip(rooms, (rows, cols), strict=True)
    ]
    places = [(int(y), int(x)) for y in corners[0] for x in corners[1]]
    step = max(1.0, len(places) / n)
    return [places[int(i * step)] for i in range(min(n, len(places)))]


def _grey(frame: Frame, top: int, left: int, side: int) -> tuple[NDArray[np.float32], float, float]:
    """A tile [side, side], the variance of its noise and the share of it that clips."""
    part = slice(top, top + side), slice(left, left + side)
    rgb = frame.rgb_tile(*part)
    clipped = float(clips(rgb, frame.limit_tile(*part)).any(axis=-1).mean())
    multiplier = frame.gain_tile(*part).mean((0, 1)) * frame.white_balance
    variance = frame.noise.variance(rgb.mean((0, 1)), multiplier)
    if len(frame.plane_channels) == 1:
        # Three times the same: noise does not average out.
        return np.ascontiguousarray(rgb[..., 1]), float(variance[1]), clipped
    return rgb @ LUMINANCE, float((variance * LUMINANCE**2).sum()), clipped
