"""Kernels at the nodes of other programs, brought to the nodes of a `PsfGrid`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.optics.nodes import linear_weights, rectangular_order
from lenscal.optics.psf_grid import PsfGrid, axis_positions
from lenscal.translation import translatable

# Nodes so near to those of a `PsfGrid` are taken for them: other programs write positions with a
# few decimals only.
SAME_NODE_PX = 0.01
# Positions are compared at so many decimals of a pixel, or rounding would make nodes of one row
# two rows.
POSITION_DECIMALS = 3


def pixel_positions(grid: PsfGrid) -> NDArray[np.float64]:
    """[rows, cols, 2]: node positions (y, x), 0-based px of the visible area in sensor
    orientation."""
    positions: NDArray[np.float64] = grid.positions * (np.array(grid.image_size) - 1)
    return positions


def on_grid_nodes(
    name: Path | str,
    kernels: NDArray[np.floating],
    confidence: NDArray[np.float32] | None,
    positions: NDArray[np.float64],
    image_size: tuple[int, int],
) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Kernels and their confidence at the nodes that a `PsfGrid` of as many rows and columns has.

    Parameters
    ----------
    name : Path or str
        What messages call the file.
    kernels : ndarray [N, 3, k, k]
    confidence : ndarray [N, 3] or None
    positions : ndarray [N, 2]
        (y, x) px, in any order; they must form a rectangular grid.
    image_size : (height, width)

    Returns
    -------
    kernels : float32 ndarray [rows, cols, 3, k, k]
    confidence : float32 ndarray [rows, cols, 3] or None
        None where kernels had to be resampled, too.

    Raises
    ------
    InputError
        The nodes are not a rectangular grid.
    """
    rounded = positions.round(POSITION_DECIMALS)
    order = rectangular_order(rounded)
    if order is None:
        raise InputError(
            translatable("{name}: the node positions do not form a rectangular grid", name=name)
        )
    ys, xs, row_major = order
    grid = kernels[row_major].reshape(len(ys), len(xs), *kernels.shape[1:])
    height, width = image_size
    grid_ys = axis_positions(len(ys)) * (height - 1)
    grid_xs = axis_positions(len(xs)) * (width - 1)
    same_rows = np.allclose(ys, grid_ys, atol=SAME_NODE_PX)
    if same_rows and np.allclose(xs, grid_xs, atol=SAME_NODE_PX):
        if confidence is not None:
            confidence = confidence[row_major].reshape(grid.shape[:3])
        return grid.astype(np.float32), confidence
    weights_y, weights_x = linear_weights(ys, grid_ys), linear_weights(xs, grid_xs)
    grid = np.einsum("ar,bs,rsckl->abckl", weights_y, weights_x, grid, optimize=True)
    return grid.astype(np.float32), None
