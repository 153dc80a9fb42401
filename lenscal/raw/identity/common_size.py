"""Photos of one sensor whose margins differ by a few pixels, cut to what all of them show."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lenscal.raw.frame import Frame
from lenscal.raw.identity.place import SensorArea, within_margins

Corner = tuple[int, int]
"""(top, left) px."""


def with_common_size(frames: Sequence[Frame]) -> list[Frame]:
    """The frames, cut to one size where their sizes differ by no more than margins; as they are
    where they are one already, or differ by more."""
    sizes = {frame.size for frame in frames}
    first = frames[0].size
    if len(sizes) < 2 or not all(within_margins(first, size) for size in sizes):
        return list(frames)
    corners = _corners(frames)
    height = min(f.size[0] - top for f, (top, _) in zip(frames, corners, strict=True))
    width = min(f.size[1] - left for f, (_, left) in zip(frames, corners, strict=True))
    return [cut(f, corner, (height, width)) for f, corner in zip(frames, corners, strict=True)]


def _corners(frames: Sequence[Frame]) -> list[Corner]:
    """Where in each frame the common part begins; in whole periods of its pattern, so that all
    patterns stay what they are."""
    areas = [frame.info.area for frame in frames]
    starts: list[Corner]
    if len({(a.raw_height, a.raw_width) if a else None for a in areas}) == 1 and areas[0]:
        # The same sites in all files: where they begin is known.
        tops, lefts = zip(*((a.top, a.left) for a in areas if a), strict=True)
        starts = [
            (max(tops) - top, max(lefts) - left) for top, left in zip(tops, lefts, strict=True)
        ]
    else:
        smallest = [min(frame.size[axis] for frame in frames) for axis in (0, 1)]
        starts = [((f.size[0] - smallest[0]) // 2, (f.size[1] - smallest[1]) // 2) for f in frames]
    return [_in_periods(frame, start) for frame, start in zip(frames, starts, strict=True)]


def _in_periods(frame: Frame, start: Corner) -> Corner:
    periods = (math.lcm(a, b) for a, b in zip(frame.cfa.shape, frame.black.shape, strict=True))
    top, left = (at // period * period for at, period in zip(start, periods, strict=True))
    return top, left


def cut(frame: Frame, corner: Corner, size: tuple[int, int]) -> Frame:
    """A part of a frame that begins at whole periods of its pattern."""
    (top, left), (height, width) = corner, size
    part = slice(top, top + height), slice(left, left + width)
    area = frame.info.area
    if area is not None:
        area = SensorArea(area.raw_height, area.raw_width, area.top + top, area.left + left)
    return replace(
        frame,
        info=replace(frame.info, height=height, width=width, area=area),
        mosaic=frame.mosaic[part] if frame.mosaic.size else frame.mosaic,
        rgb=frame.rgb[part],
        gain=_gain_of_part(frame, corner, size),
    )


def _gain_of_part(frame: Frame, corner: Corner, size: tuple[int, int]) -> NDArray[np.float32]:
    """The gain's grid over a part, from corner to corner of it."""
    across = frame.gain
    for axis in (0, 1):
        n, whole = frame.gain.shape[axis], frame.size[axis]
        nodes = np.linspace(corner[axis], corner[axis] + size[axis] - 1, n)
        at = nodes / max(whole - 1, 1) * (n - 1)
        before = np.minimum(at.astype(int), max(n - 2, 0))
        share = (at - before).astype(np.float32)
        share = share[:, None, None] if axis == 0 else share[None, :, None]
        first = np.take(across, before, axis)
        across = first + (np.take(across, np.minimum(before + 1, n - 1), axis) - first) * share
    return across
