"""Black levels in every form in which files have them: by site, by row and column, measured where
the sensor is masked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LEAST_MASKED = 256
"""Masked sites of one place in the pattern: fewer have no mean to rely on."""
_PLAUSIBLE = 0.03
"""Of the range: masked sites that differ by more from the level that the file gives see light, or
are not what they seem."""
_LARGEST_SCALE = 16
"""RAW values are multiplied by up to so much, where black levels with fractions differ from row to
row: rounding them would leave stripes."""
_MASK_BORDER_PX = 2
"""Beside the visible area, where light still spills over."""


@dataclass(frozen=True, slots=True)
class BlackTags:
    """A DNG's own words on black (DNG specification 1.4, chapter 4).

    Attributes
    ----------
    pattern : tuple of rows
        BlackLevel, which repeats from the active area's first site; empty where there is none.
    by_column, by_row : tuple
        BlackLevelDeltaH and BlackLevelDeltaV; empty where there are none.
    masked : tuple of (top, left, bottom, right)
        MaskedAreas, in the whole RAW image.
    """

    pattern: tuple[tuple[float, ...], ...] = ()
    by_column: tuple[float, ...] = ()
    by_row: tuple[float, ...] = ()
    masked: tuple[tuple[int, int, int, int], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class RawArea:
    """A RAW image with its borders, and where the visible area lies in it.

    Attributes
    ----------
    whole : uint16 ndarray [H, W]
    origin : (y, x)
        Of the visible area.
    size : (height, width)
        Of the visible area.
    """

    whole: NDArray[np.uint16]
    origin: tuple[int, int]
    size: tuple[int, int]


def masked_means(
    area: RawArea, rectangles: tuple[tuple[int, int, int, int], ...], period: tuple[int, int]
) -> NDArray[np.float64] | None:
    """Mean of the masked sites of each place in the pattern [p, q], which counts from the visible
    area; None where they are too few."""
    p, q = period
    if area.whole.ndim != 2:
        return None
    sums, counts = np.zeros((2, p, q))
    for top, left, bottom, right in rectangles:
        part = area.whole[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
        if not part.size:
            continue
        middle = float(np.median(part))
        spread = 10 * max(1.4826 * float(np.median(np.abs(part - middle))), 1.0)
        # Warm sites are masked as well.
        sound = np.abs(part.astype(np.float64) - middle) <= spread
        for y in range(p):
            for x in range(q):
                # The first row and column of the rectangle that belong to this place.
                rows = (y - (max(top, 0) - area.origin[0])) % p
                cols = (x - (max(left, 0) - area.origin[1])) % q
                here = sound[rows::p, cols::q]
                sums[y, x] += part[rows::p, cols::q][here].sum(dtype=np.float64)
                counts[y, x] += here.sum()
    if counts.min() < _LEAST_MASKED:
        return None
    means: NDArray[np.float64] = sums / counts
    return means


def side_masks(area: RawArea) -> tuple[tuple[int, int, int, int], ...]:
    """The strips to the left and right of the visible area in which LibRaw measures the black of
    cameras that mask them."""
    top, left = area.origin
    bottom, right = top + area.size[0], left + area.size[1]
    strips = (
        (top, _MASK_BORDER_PX, bottom, left - _MASK_BORDER_PX),
        (top, right + _MASK_BORDER_PX, bottom, area.whole.shape[1]),
    )
    return tuple(strip for strip in strips if strip[3] > strip[1])


def black_of_sites(
    libraw: NDArray[np.float64], tags: BlackTags | None, area: RawArea, white: float
) -> NDArray[np.float64]:
    """The black level of each place in the pattern [p, q], to the fraction.

    Parameters
    ----------
    libraw : float64 [p, q]
        What LibRaw takes, in whole numbers.
    tags : BlackTags or None
        None for files that are no DNG.
    area : RawArea
    white : float
    """
    period = libraw.shape[0], libraw.shape[1]
    if tags is None:
        # The means that LibRaw has cut to whole numbers, if it is they that it took.
        means = masked_means(area, side_masks(area), period)
        same = means is not None and (np.floor(means) == libraw).all() and libraw.any()
        return means if means is not None and same else libraw
    black = libraw if not tags.pattern else _tiled(tags.pattern, period)
    # Of rows with a black of their own, the masked part of which rows would be asked?
    means = None
    if not (tags.by_row or tags.by_column):
        means = masked_means(area, tags.masked, period)
    if means is None:
        return black
    plausible = not tags.pattern or np.abs(means - black).max() < _PLAUSIBLE * white
    return means if plausible else black


def _tiled(pattern: tuple[tuple[float, ...], ...], period: tuple[int, int]) -> NDArray[np.float64]:
    """The pattern's means by the places of another period [p, q]."""
    levels = _over(np.array(pattern, np.float64), _common(pattern, period))
    p, q = period
    return np.array([[levels[y::p, x::q].mean() for x in range(q)] for y in range(p)])


def _common(pattern: tuple[tuple[float, ...], ...], period: tuple[int, int]) -> tuple[int, int]:
    rows, cols = (int(np.lcm(n, m)) for n, m in zip(np.shape(pattern), period, strict=True))
    return rows, cols


def _over(levels: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.float64]:
    reps = [-(-n // m) for n, m in zip(size, levels.shape, strict=True)]
    return np.tile(levels, reps)[: size[0], : size[1]]


def uneven_black(
    tags: BlackTags | None, size: tuple[int, int], period: tuple[int, int]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """What black adds to the level of the sites: by row and column [height, 1] and [1, width], or
    by a larger pattern [height, width]; None where it adds nothing.

    The second array is 0 in the latter case.
    """
    if tags is None:
        return None
    height, width = size
    rows, cols = np.zeros((height, 1)), np.zeros((1, width))
    for target, deltas in ((rows[:, 0], tags.by_row), (cols[0], tags.by_column)):
        if deltas:
            n = min(len(deltas), len(target))
            target[:n] = deltas[:n]
    if tags.pattern and _common(tags.pattern, period) != period:
        pattern = np.array(tags.pattern, np.float64)
        rest = _over(pattern, size) - _over(_tiled(tags.pattern, period), size)
        return (rows + rest, cols) if rest.any() or rows.any() or cols.any() else None
    return (rows, cols) if rows.any() or cols.any() else None


def without_uneven_black(
    mosaic: NDArray[np.uint16],
    uneven: tuple[NDArray[np.float64], NDArray[np.float64]],
    white: float,
) -> tuple[NDArray[np.uint16], int]:
    """The mosaic without what `uneven_black` adds to black, multiplied by a whole number where
    there is room, so that fractions are kept; and that number."""
    rows, cols = uneven
    # Rows darker than the level of their site would end below 0.
    largest = max(white, float(mosaic.max())) - float(rows.min()) - float(cols.min())
    scale = int(np.clip(65535 // max(largest, 1.0), 1, _LARGEST_SCALE))
    out = np.empty_like(mosaic)
    for y in range(len(mosaic)):
        row = rows[y] if len(rows) > 1 else rows[0]
        even = (mosaic[y] - row - cols[0]) * scale
        out[y] = np.clip(np.rint(even), 0, 65535)
    return out, scale
