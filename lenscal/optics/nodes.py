"""Nodes on rectangular grids: their positions, their order, interpolation between them,
and photos seen through kernels that stand there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)

_LONGEST_PX = 512
"""Of a tile: its transforms and those of its four nodes are held at once."""


def grid_positions(y: NDArray[Number], x: NDArray[Number]) -> NDArray[Number]:
    """Positions [rows, cols, 2] (y, x) of a rectangular grid with the rows' y and the columns'
    x."""
    return np.stack(np.meshgrid(y, x, indexing="ij"), axis=-1)


def rectangular_order(
    positions: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]] | None:
    """Sort nodes that come in any order into rows and columns.

    Parameters
    ----------
    positions : ndarray [n, 2]
        (y, x).

    Returns
    -------
    y, x : float64 ndarray [rows], [cols]
        Of the grid, increasing.
    row_major : int ndarray [n]
        Which node stands where: `values[row_major].reshape(len(y), len(x), ...)`.
    None where the nodes do not form a rectangular grid.
    """
    y, x = np.unique(positions[:, 0]), np.unique(positions[:, 1])
    if len(y) * len(x) != len(positions):
        return None
    return y, x, np.lexsort((positions[:, 1], positions[:, 0]))


def linear_weights(
    nodes: NDArray[np.float64], positions: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Linear interpolation along one axis as a matrix [len(positions), len(nodes)]; constant
    beyond the first and the last of the increasing nodes."""
    units = np.eye(len(nodes))
    return np.stack([np.interp(positions, nodes, unit) for unit in units], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class AxisNodes:
    """Of each pixel of an axis the node before it, the one behind it, and how far it is on its way
    to that, 0..1."""

    before: NDArray[np.int_]
    behind: NDArray[np.int_]
    share: NDArray[np.float64]

    def pieces(self) -> Iterator[slice]:
        """Runs of pixels between the same two nodes, `_LONGEST_PX` long at most."""
        changes = np.flatnonzero(np.diff(self.before)) + 1
        starts = [0, *changes.tolist(), len(self.before)]
        for first, last in pairwise(starts):
            for start in range(first, last, _LONGEST_PX):
                yield slice(start, min(start + _LONGEST_PX, last))

    def weights(self, piece: slice) -> dict[int, NDArray[np.float64]]:
        """Weights [n] of the nodes around a piece, by their numbers."""
        share = self.share[piece]
        before, behind = int(self.before[piece.start]), int(self.behind[piece.start])
        if before == behind:
            return {before: np.ones_like(share)}
        return {before: 1 - share, behind: share}


def convolved(
    image: NDArray[np.float32], kernels: NDArray[np.float32], rows: AxisNodes, cols: AxisNodes
) -> NDArray[np.float32]:
    """The image [h, w, 3] through kernels [n_rows, n_cols, 3, k, k]; it goes on in its mirror image
    beyond its borders.

    The same operator as `lenscal.blur.operator.A`, which has the formula and the conventions and is
    for those who work with torch.
    """
    from scipy.signal import oaconvolve

    reach = kernels.shape[-1] // 2
    field = np.pad(image, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric")
    out = np.zeros(image.shape, np.float32)
    for y, x in product(rows.pieces(), cols.pieces()):
        part = field[y.start : y.stop + 2 * reach, x.start : x.stop + 2 * reach]
        for row, col in product(rows.weights(y).items(), cols.weights(x).items()):
            weight = np.outer(row[1], col[1])[..., None]
            kernel = np.moveaxis(kernels[row[0], col[0]], 0, -1)
            # Convolved first, interpolated then: light is gathered with the kernel of its place.
            out[y, x] += weight * oaconvolve(part, kernel, mode="valid", axes=(0, 1))
    return out
