"""Kernels as pictures: one, or a grid of them side by side."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LOG_DECADES = 3.0
"""Shown below the peak, in the logarithmic view."""
SCREEN_GAMMA = 2.2
CHANNELS = {"R": 0, "G": 1, "B": 2}
ALL_CHANNELS = "all"
"""In place of a channel: all together."""


def kernel_pixels(
    kernels: NDArray[np.float32],
    *,
    channel: str = ALL_CHANNELS,
    log: bool = False,
    per_cell: bool = True,
    peak: float | None = None,
) -> NDArray[np.uint8]:
    """Kernels as pictures.

    Parameters
    ----------
    kernels : ndarray [..., 3, k, k]
    channel : "all" for colour, or "R", "G", "B" in grey
    log : show LOG_DECADES decades below the peak instead of light as it is (encoded for the
        screen's gamma)
    per_cell : each kernel's peak is white; otherwise the highest peak of all
    peak : what is white instead of the highest peak of all, so that two grids share one scale

    Returns
    -------
    uint8 ndarray [..., k, k, 3]
    """
    # Light is not negative; estimates can be, a little.
    values = np.clip(np.asarray(kernels, np.float32), 0, None)
    if channel != ALL_CHANNELS:
        values = np.repeat(values[..., CHANNELS[channel], None, :, :], 3, axis=-3)
    if per_cell:
        # One white for the three channels, so that the colour of a fringe stays.
        white: Any = values.max(axis=(-1, -2, -3), keepdims=True)
    else:
        white = values.max() if peak is None else peak
    values = np.minimum(values / np.maximum(white, 1e-12), 1)
    if log:
        values = 1 + np.log10(np.maximum(values, 10**-LOG_DECADES)) / LOG_DECADES
    else:
        values = values ** (1 / SCREEN_GAMMA)
    pixels: NDArray[np.uint8] = (np.moveaxis(values, -3, -1) * 255 + 0.5).astype(np.uint8)
    return pixels


def mosaic_pixels(
    cells: NDArray[np.uint8], *, gap: int = 1, background: int = 70
) -> NDArray[np.uint8]:
    """Pictures [rows, cols, k, k, 3] side by side with a gap of so many pixels, uint8 [rows * (k +
    gap) + gap, ..., 3]."""
    rows, cols, k = cells.shape[:3]
    pitch = k + gap
    out = np.full((rows * pitch + gap, cols * pitch + gap, 3), background, np.uint8)
    for r in range(rows):
        for c in range(cols):
            out[gap + r * pitch :, gap + c * pitch :][:k, :k] = cells[r, c]
    return out


def common_size(*grids: NDArray[np.float32], energy: float = 0.99) -> int:
    """Least side (odd) of the middle that holds this share of all grids' power; not below the
    smallest grid's.

    Grids from other programs have wide borders of zeros, in which a kernel is hard to see.
    """
    sizes = [grid.shape[-1] for grid in grids]
    smallest, largest = int(min(sizes)), int(max(sizes))
    for size in range(smallest, largest, 2):
        if all((resized(g, size) ** 2).sum() >= energy * (g**2).sum() for g in grids):
            return size
    return largest


def resized(kernels: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """The middle [..., size, size] of kernels [..., k, k], or with a border of zeros; both odd."""
    border = (size - kernels.shape[-1]) // 2
    if border >= 0:
        return np.pad(kernels, [(0, 0)] * (kernels.ndim - 2) + [(border, border)] * 2)
    return kernels[..., -border:border, -border:border]
