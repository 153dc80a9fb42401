"""Windowed patches of a photo, cell by cell of the field: what the statistics of stages G and T are
summed over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.calibration.packing import clips, packed_tile, packing_of, plane_levels
from lenscal.raw.frame import Frame

LEAST_CELL_PX = 128
"""Side below which a cell holds too few patches to average scenes."""
MOST_CELLS = 8
"""Along a side: the field is a polynomial of degree 4, which more cells would not tell better."""
LEAST_SIGNAL = 2.0
"""Variance of a patch over its noise's, below which it is left out: it would only add noise."""


@dataclass(frozen=True, slots=True, eq=False)
class MosaicPatches:
    """Patches of a photo in one cell of the field, as p planes (`Packing`).

    planes : float32 [n, p, m, m], linear, white-balanced, as the sensor sampled them
    noise : [n, p], variance of the planes at the patch's mean brightness
    third : [n, p], the noise's third moment there, of its Poisson part
    """

    cell: int
    planes: NDArray[np.float32]
    noise: NDArray[np.float64]
    third: NDArray[np.float64]


def data_cells(size: tuple[int, int]) -> tuple[int, int]:
    """Rows and columns of cells over which statistics are summed: at most 8, none much smaller than
    128 px."""
    rows, cols = (int(np.clip(n // LEAST_CELL_PX, 2, MOST_CELLS)) for n in size)
    return rows, cols


def hann(n: int) -> NDArray[np.float64]:
    """[n, n]: Hann window without its zeros."""
    # Its zeros would waste two sites a side.
    w = np.hanning(n + 2)[1:-1]
    return np.outer(w, w)


def spans(size: tuple[int, int], cells: tuple[int, int]) -> list[tuple[slice, slice]]:
    """Rows and columns of every cell, row-major; starts are even (CFA periods)."""
    rows, cols = (
        [round(n * i / k) // 2 * 2 for i in range(k + 1)] for n, k in zip(size, cells, strict=True)
    )
    return [
        (slice(rows[i], rows[i + 1]), slice(cols[j], cols[j + 1]))
        for i in range(cells[0])
        for j in range(cells[1])
    ]


def corners(height: int, width: int, size: int, most: int) -> list[tuple[int, int]]:
    """Even (top, left) of at most about `most` patches, evenly spread, overlapping by half where
    there is room."""
    if height < size or width < size:
        return []
    # By half a patch: a Hann window hardly weighs the other half.
    ny, nx = (max(1, (n - size) // (size // 2) + 1) for n in (height, width))
    # Evenly thinner in both directions, so that no part of the cell is left out.
    thin = max(1.0, (ny * nx / most) ** 0.5)
    ny, nx = max(1, round(ny / thin)), max(1, round(nx / thin))
    tops, lefts = (
        np.linspace(0, n - size, k).round().astype(int) // 2 * 2
        if k > 1
        else np.array([(n - size) // 4 * 2])
        for n, k in ((height, ny), (width, nx))
    )
    return [(int(t), int(left)) for t in tops for left in lefts]


def _unclipped(
    clipped: NDArray[np.bool_], size: int, most: int, period: int
) -> list[tuple[slice, slice]]:
    """Places in planes, of period px, of the patches in which no site of `clipped` [p, h, w] is
    set."""
    height, width = (period * n for n in clipped.shape[1:])
    places = [
        (slice(t // period, (t + size) // period), slice(left // period, (left + size) // period))
        for t, left in corners(height, width, size, most)
    ]
    return [(ys, xs) for ys, xs in places if not clipped[:, ys, xs].any()]


def mosaic_patches(
    frame: Frame, cells: tuple[int, int], size: int, most: int
) -> Iterator[MosaicPatches]:
    """Unclipped, textured patches of size x size px of every cell of a photo."""
    packing = packing_of(frame)
    channels = np.array(packing.channels)
    a = np.array(frame.noise.a)[channels]
    for cell, (rows, cols) in enumerate(spans(frame.size, cells)):
        tile, multiplier = packed_tile(frame, rows, cols)
        places = _unclipped(
            clips(tile, plane_levels(frame, multiplier)), size, most, packing.period
        )
        if not places:
            continue
        planes = np.stack([tile[:, ys, xs] for ys, xs in places])
        gain = np.stack([multiplier[:, ys, xs].copy().mean((1, 2)) for ys, xs in places])
        # Black levels that are a little off would make variances negative.
        level = np.maximum(planes.mean((2, 3)), 0)
        variance = frame.noise.variance(level, gain, channels)
        # Noise is subtracted from spectra: where there is nothing else, only its error remains.
        textured = planes.var(axis=(2, 3)).mean(1) > LEAST_SIGNAL * variance.mean(1)
        if textured.any():
            # Of a Poisson variable times a: a^2 times its mean.
            third = gain**2 * a**2 * level
            yield MosaicPatches(cell, planes[textured], variance[textured], third[textured])
