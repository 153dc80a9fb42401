"""Whether kernels can be a lens's: what comes from a file may be anything that sums to 1."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.optics.psf_grid import PsfGrid
from lenscal.translation import Translatable, join_translatable, translatable

MOST_ABSOLUTE_LIGHT = 20.0
"""Sum of absolute values of a kernel that sums to 1. Light is not negative, but kernels relative to
a sharper lens swing below zero: 1.5 in calibrations, 5.2 in the truth of a wide-open virtual
lens."""
MOST_OFFSET_PX = 4.0
"""Distance of the light's centroid, mean over the colours, from the kernel's middle: a photo that
is corrected moves by as much. Calibrations keep it below 0.2 px."""
MOST_JUMP = 1.0
"""Of a node from the mean of its neighbours, relative to that mean: about as different as two
kernels of no common light."""
JUMP_OVER_MEDIAN = 6.0
"""How many times more than most nodes of the grid a node has to jump to be named."""
LEAST_NODES = 5
"""Along a side: on coarser grids neighbours lie far apart, and may differ by anything."""


def check_possible(grid: PsfGrid) -> None:
    """Refuse kernels that no lens has: what is made of them misleads whoever gets it.

    Raises
    ------
    InputError
        They are no lens's.
    """
    reasons = list(impossibilities(grid))
    if reasons:
        raise InputError(
            translatable(
                "this PSF is no lens's: {reasons}; calibrate again, or choose another file",
                reasons=join_translatable("; ", reasons),
            )
        )


def is_possible(kernels: NDArray[np.floating]) -> bool:
    """Whether kernels [n, 3, k, k] can be a lens's."""
    light = np.abs(kernels).sum((-1, -2))
    offset = np.linalg.norm(_centroids(kernels.astype(np.float64)), axis=-1)
    return bool((light <= MOST_ABSOLUTE_LIGHT).all() and (offset <= MOST_OFFSET_PX).all())


def impossibilities(grid: PsfGrid) -> Iterator[Translatable]:
    """Why no photo can have been taken with such kernels; nothing where they are a lens's."""
    kernels = grid.kernels.astype(np.float64)
    light = np.abs(kernels).sum((-1, -2))
    if (light > MOST_ABSOLUTE_LIGHT).any():
        yield translatable(
            "its kernels have values far above and below zero (up to {most:.3g} times the light "
            "in all), as no lens has",
            most=light.max(),
        )
        # Centroids of such kernels mean nothing.
        return
    offset = np.linalg.norm(_centroids(kernels), axis=-1)
    if (offset > MOST_OFFSET_PX).any():
        row, col = np.unravel_index(int(offset.argmax()), offset.shape)
        yield translatable(
            "the light of its kernels lies up to {px:.1f} px from their middle (row {row}, column "
            "{column}): photos would be moved, not sharpened",
            px=offset.max(),
            row=int(row) + 1,
            column=int(col) + 1,
        )


def irregularities(grid: PsfGrid) -> Iterator[Translatable]:
    """What of the kernels is hard to believe, but may be."""
    if min(grid.shape) < LEAST_NODES:
        return
    jump = _jumps(grid.kernels.astype(np.float64).mean(2))
    usual = float(np.median(jump))
    jumping = (jump > MOST_JUMP) & (jump > JUMP_OVER_MEDIAN * usual)
    if jumping.any():
        row, col = np.unravel_index(int(jump.argmax()), jump.shape)
        yield translatable(
            "kernels of neighbouring places differ as those of a lens do not ({n} of {nodes} "
            "nodes, most at row {row}, column {column}): look at the corrected photos there",
            n=int(jumping.sum()),
            nodes=jump.size,
            row=int(row) + 1,
            column=int(col) + 1,
        )


def _centroids(kernels: NDArray[np.float64]) -> NDArray[np.float64]:
    """[..., 2] of [..., 3, k, k]: (y, x) px from the middle, mean over the colours."""
    k = kernels.shape[-1]
    tap = np.arange(k) - k // 2
    y, x = kernels.sum(-1) @ tap, kernels.sum(-2) @ tap
    return np.asarray(np.stack([y, x], -1).mean(-2))


def _jumps(kernels: NDArray[np.float64]) -> NDArray[np.float64]:
    """[rows, cols]: relative distance of each node's kernel [k, k] from its neighbours' mean."""
    rows, cols = kernels.shape[:2]
    total, count = np.zeros_like(kernels), np.zeros((rows, cols))
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        there = np.roll(kernels, step, axis)
        # What has come around the border is no neighbour.
        inside = np.ones((rows, cols), bool)
        edge = 0 if step > 0 else -1
        inside[(edge, slice(None)) if axis == 0 else (slice(None), edge)] = False
        total += there * inside[..., None, None]
        count += inside
    mean = total / count[..., None, None]
    distance = np.linalg.norm((kernels - mean).reshape(rows, cols, -1), axis=-1)
    return np.asarray(distance / np.linalg.norm(mean.reshape(rows, cols, -1), axis=-1))
