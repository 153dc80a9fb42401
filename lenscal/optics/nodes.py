"""Nodes on rectangular grids: their positions, their order, and interpolation between them."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)


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
