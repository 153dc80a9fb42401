"""Places in the field: nodes that kernels stand at, cells that photos are summed over, tiles of
cells, and the way from one to another.

Field positions are (y, x) in 0..1 from the first to the last row and column of the photo.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lenscal.optics.nodes import grid_positions
from lenscal.optics.psf_grid import axis_positions, bilinear_nodes

Positions: TypeAlias = NDArray[np.float64]
"""[n, 2], (y, x) in 0..1."""

TILE_PX = 112
"""Side that tiles have at most: their demosaiced pixels, unfolded by the kernel, fit the
processor's cache."""


def node_positions(shape: tuple[int, int]) -> Positions:
    """[rows * cols, 2]: a grid's nodes, row-major; the outer ones lie on the photo's borders."""
    return _lattice(*(axis_positions(n) for n in shape))


def cell_positions(cells: tuple[int, int]) -> Positions:
    """[n, 2]: the centres of a grid of cells, row-major."""
    return _lattice(*((np.arange(n) + 0.5) / n for n in cells))


def _lattice(y: NDArray[np.float64], x: NDArray[np.float64]) -> Positions:
    return grid_positions(y, x).reshape(-1, 2)


def tiles_of(size: tuple[int, int], cells: tuple[int, int]) -> list[tuple[int, slice, slice]]:
    """Tiles that fill the cells of a photo of size (height, width) px.

    Returns
    -------
    list of (cell number, rows, cols), each side at most `TILE_PX`, starts even: they begin on a
    period of the colour filter array.
    """
    return [
        (cy * cells[1] + cx, slice(y0, y1), slice(x0, x1))
        for cy, y0, y1 in _edges(size[0], cells[0])
        for cx, x0, x1 in _edges(size[1], cells[1])
    ]


def _edges(length: int, n_cells: int) -> list[tuple[int, int, int]]:
    """(cell, start, stop) of the tiles along one axis."""
    # Even starts and stops: tiles begin on a period of the colour filter array.
    edges = []
    for cell in range(n_cells):
        start, stop = (round(length * j / n_cells) // 2 * 2 for j in (cell, cell + 1))
        n_tiles = -(-(stop - start) // TILE_PX)
        cuts = [start + round((stop - start) * p / n_tiles) // 2 * 2 for p in range(n_tiles + 1)]
        edges += [(cell, a, b) for a, b in pairwise(cuts)]
    return edges


def tile_centre(rows: slice, cols: slice, size: tuple[int, int]) -> Positions:
    """[2]: field position of a tile's centre, in a photo of size (height, width) px."""
    # The middle between its first and last pixel; positions end at the last pixel, too.
    return np.array(
        [(s.start + s.stop - 1) / 2 / (n - 1) for s, n in zip((rows, cols), size, strict=True)]
    )


def shifted_window(
    tile: tuple[slice, slice], shift: NDArray[np.int64], margin: int
) -> tuple[slice, slice]:
    """The tile's rows and columns, moved by shift [2] px and wider by the margin on all sides."""
    # Integers only: what is left of a pixel is interpolated.
    rows, cols = (
        slice(s.start + int(d) - margin, s.stop + int(d) + margin)
        for s, d in zip(tile, shift, strict=True)
    )
    return rows, cols


def span_with_room(span: slice, shift: int, margin: int, length: int) -> slice:
    """The part of a span (even start) whose neighbourhood, shifted, lies inside 0..length px."""
    start = max(span.start, margin - shift)
    # Still on a period of the colour filter array.
    start += (start - span.start) % 2
    return slice(start, min(span.stop, length - margin - shift))


def interpolation_matrix(positions: Positions, shape: tuple[int, int]) -> NDArray[np.float64]:
    """[n, rows * cols]: bilinear weights of a grid's nodes at positions [n, 2]."""
    index, weight = bilinear_nodes(positions, shape)
    matrix = np.zeros((len(positions), shape[0] * shape[1]))
    # At the border two of the four nodes are one: their weights add up.
    np.add.at(matrix, (np.arange(len(positions))[:, None], index), weight)
    return matrix


def values_at_cells(
    field: NDArray[np.float64], cells: tuple[int, int], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Values [nodes, ...] of a grid carried to the cells' centres [cells, ...], bilinearly."""
    return np.tensordot(interpolation_matrix(cell_positions(cells), shape), field, axes=1)
