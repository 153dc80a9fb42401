"""Kernels at the nodes of other programs, brought to the nodes of a `PsfGrid`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
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
    ys, xs = np.unique(rounded[:, 0]), np.unique(rounded[:, 1])
    if len(ys) * len(xs) != len(positions):
        raise InputError(
            translatable("{name}: the node positions do not form a rectangular grid", name=name)
        )
    row_major = np.lexsort((rounded[:, 1], rounded[:, 0]))
    grid = kernels[row_major].reshape(len(ys), len(xs), *kernels.shape[1:])
    height, width = image_size
    grid_ys = axis_positions(len(ys)) * (height - 1)
    grid_xs = axis_positions(len(xs)) * (width - 1)
    same_rows = np.allclose(ys, grid_ys, atol=SAME_NODE_PX)
    if same_rows and np.allclose(xs, grid_xs, atol=SAME_NODE_PX):
        if confidence is not None:
            confidence = confidence[row_major].reshape(grid.shape[:3])
        return grid.astype(np.float32), confidence
    # Bilinear interpolation is linear along one axis, then along the other.
    grid = _resampled(grid, ys, grid_ys, axis=0)
    grid = _resampled(grid, xs, grid_xs, axis=1)
    return grid.astype(np.float32), None


def _resampled(
    values: NDArray[np.floating],
    positions: NDArray[np.float64],
    new_positions: NDArray[np.float64],
    *,
    axis: int,
) -> NDArray[np.floating]:
    """Linear interpolation along one axis, constant outside.

    By hand: numpy's interpolates scalars only, scipy's refuses an axis of one node.
    """
    if len(positions) == 1:
        return values
    inside = np.clip(new_positions, positions[0], positions[-1])
    low = np.searchsorted(positions, inside, side="right") - 1
    low = np.clip(low, 0, len(positions) - 2)
    shape = [-1 if i == axis else 1 for i in range(values.ndim)]
    weight = (inside - positions[low]) / (positions[low + 1] - positions[low])
    weight = weight.reshape(shape)
    below, above = np.take(values, low, axis), np.take(values, low + 1, axis)
    resampled: NDArray[np.floating] = below * (1 - weight) + above * weight
    return resampled
