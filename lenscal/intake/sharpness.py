"""How sharp a photo is by itself: the width of its sharpest edges, which needs no other photo."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.optics.edges import edge_mtf50, find_edges
from lenscal.raw.frame import Frame

_BLOCK_PX = 512
"""Side of the parts in which edges are looked for."""
_MOST_BLOCKS = 24
"""Evenly spread: a sharp subject is larger than what lies between them."""
_MOST_EDGES, _EDGES_A_BLOCK = 300, (12, 60)
"""Of a photo, and of a part of it (least and most)."""
_LEAST_EDGES = 6
"""Fewer may all be soft by themselves: shadows, things out of focus."""
_SHARPEST = 0.75
"""Quantile over the edges: those are in focus, and one odd edge does not decide."""
ZONES = 3
"""A side: lenses blur differently from place to place, so photos are compared zone by zone."""
_DIRECTIONS = 4
_LEAST_OF_DIRECTION = 4
"""Edges, for a direction to count."""
_WIDTH_AT_MTF50 = 0.48
"""px times cycles/px: 10 to 90 % of a Gaussian edge, times where its transfer is one half."""
_CLIPS_FROM = 0.9
"""Of the range: an edge of clipped light looks sharper than it is."""


@dataclass(frozen=True, slots=True)
class EdgeWidths:
    """Widths (10 to 90 % of the step) in px of a photo's sharpest edges.

    Attributes
    ----------
    sharpest : all together
    best_direction, worst_direction : by the direction in which they are crossed; equal to
        `sharpest` where a photo has too few
    count : how many edges were found
    by_zone : of `ZONES` x `ZONES` parts of the picture, row by row; NaN where there are too few
    """

    sharpest: float
    best_direction: float
    worst_direction: float
    count: int
    by_zone: tuple[float, ...] = (math.nan,) * ZONES**2


def edge_widths(frame: Frame) -> EdgeWidths | None:
    """Of a decoded photo; None where it has too few clear, straight edges."""
    mtf50, angle, zone = _all_edges(frame)
    if len(mtf50) < _LEAST_EDGES:
        return None
    overall = _width(mtf50)
    sector = np.rint(angle / np.pi * _DIRECTIONS).astype(int) % _DIRECTIONS
    widths = [
        _width(mtf50[sector == d])
        for d in range(_DIRECTIONS)
        if (sector == d).sum() >= _LEAST_OF_DIRECTION
    ]
    best, worst = min(widths, default=overall), max(widths, default=overall)
    by_zone = tuple(
        _width(mtf50[zone == z]) if (zone == z).sum() >= _LEAST_EDGES else math.nan
        for z in range(ZONES**2)
    )
    return EdgeWidths(overall, best, worst, len(mtf50), by_zone)


def _width(mtf50: NDArray[np.float64]) -> float:
    return _WIDTH_AT_MTF50 / max(float(np.quantile(mtf50, _SHARPEST)), 1e-3)


def _all_edges(
    frame: Frame,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """MTF50 (cycles/px), direction (radians) and zone of the edges of evenly spread parts."""
    height, width = frame.size
    tops, lefts = (np.arange(0, max(n - _BLOCK_PX // 2, 1), _BLOCK_PX) for n in (height, width))
    corners = [(int(y), int(x)) for y in tops for x in lefts]
    chosen = np.unique(np.linspace(0, len(corners) - 1, _MOST_BLOCKS).round().astype(int))
    most = int(np.clip(_MOST_EDGES // len(chosen), *_EDGES_A_BLOCK))
    mtf50, angle, zone = [], [], []
    for y, x in (corners[number] for number in chosen):
        tile = frame.rgb_tile(slice(y, y + _BLOCK_PX), slice(x, x + _BLOCK_PX))
        green = np.ascontiguousarray(tile[..., 1])
        edges, curves = find_edges(green, most)
        clear = curves.max(1, initial=0) < _CLIPS_FROM
        mtf50.append(edge_mtf50(curves[clear]))
        normal = edges.normal[clear]
        angle.append(np.arctan2(normal[:, 0], normal[:, 1]))
        place = (edges.place[clear] + [y, x]) / frame.size
        zone.append((place * ZONES).astype(int).clip(0, ZONES - 1) @ [ZONES, 1])
    return np.concatenate(mtf50), np.concatenate(angle), np.concatenate(zone)
