"""A lens that tests of blurs and corrections share."""

from __future__ import annotations

import numpy as np

from lenscal.optics.psf_grid import PsfGrid, axis_positions


def lopsided_grid(
    image_size: tuple[int, int], *, nodes: tuple[int, int] = (3, 4), k: int = 9
) -> PsfGrid:
    """Kernels whose lean and width change over the field and with the colour."""
    radius = k // 2
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    kernels = np.zeros((*nodes, 3, k, k))
    for row, py in enumerate(axis_positions(nodes[0])):
        for col, px in enumerate(axis_positions(nodes[1])):
            for channel in range(3):
                for t in np.linspace(0, 1, 4):
                    cy, cx = t * 3 * (py - 0.4), t * 3 * (px - 0.6) + 0.3 * (channel - 1)
                    kernels[row, col, channel] += np.exp(
                        -((y - cy) ** 2 + (x - cx) ** 2) / (1.2 + t)
                    ) / (1 + t)
    kernels /= kernels.sum((-1, -2), keepdims=True)
    return PsfGrid(kernels.astype(np.float32), image_size)
