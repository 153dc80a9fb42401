"""Parts of photos that are kept out where there are too few photos to keep out a whole one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.raw.frame import Frame, Sampling

BLOCK_PX = 192
"""Side of what is kept out at least: windows of 64 px that touch it are lost for learning, too."""
MOST_BLOCKS_A_SIDE = 12
ONE_IN = 6
"""Blocks of which one is kept out, as of whole photos."""
BEYOND_LIGHT = 1e6
"""Times white: clips on every sensor, so that everything that reads patches leaves them out."""


def held_out_blocks(size: tuple[int, int]) -> NDArray[np.bool_]:
    """Which pixels of a photo (height, width) are kept out: blocks spread evenly over it."""
    side = max(BLOCK_PX, max(size) // MOST_BLOCKS_A_SIDE // 2 * 2)
    rows, cols = (np.arange(n) // side for n in size)
    # A knight's move from row to row: no two kept-out blocks touch.
    return np.asarray((rows[:, None] * 2 + cols) % ONE_IN == ONE_IN // 2)


def split_by_blocks(frames: Sequence[Frame]) -> tuple[tuple[Frame, ...], tuple[Frame, ...]]:
    """Photos that only show what is learnt from, and the same that only show what is kept out; the
    rest of each seems clipped."""
    out = held_out_blocks(frames[0].size)
    return (
        tuple(_hidden(frame, out) for frame in frames),
        tuple(_hidden(frame, ~out) for frame in frames),
    )


def _hidden(frame: Frame, where: NDArray[np.bool_]) -> Frame:
    if frame.sampling is Sampling.BAYER:
        return replace(frame, mosaic=np.where(where, _largest(frame.mosaic), frame.mosaic))
    frame = replace(frame, rgb=np.where(where[..., None], _largest(frame.rgb), frame.rgb))
    # Pairs read other mosaics on their sites.
    if frame.mosaic.size:
        frame = replace(frame, mosaic=np.where(where, _largest(frame.mosaic), frame.mosaic))
    return frame


def _largest(values: NDArray[Any]) -> Any:
    """A value of an array's type that clips."""
    integers = np.issubdtype(values.dtype, np.integer)
    return values.dtype.type(np.iinfo(values.dtype).max if integers else BEYOND_LIGHT)
