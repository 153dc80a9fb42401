"""No rings around strong light: lamps, stars, glints, clipped edges.

A Wiener filter, and what is built on it, leaves ripples around a step that grow with the step. Next
to ordinary edges nobody sees them; around a lamp, a hundred times brighter than the ground, they
are dark and bright rings, all the more as clipping has cut off what the filter would need to know.
Ripples are what an estimate has beyond the values that the photo itself shows there: near strong
light, the estimate is kept between the least and the largest value of the pixel and its four
neighbours, and what lies far beyond them is given back to the photo. Edges stay as sharp as the
filter makes them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

STRONG_FROM, STRONG_FULL = 10.0, 20.0
"""Between these ratios of light to the ground around it, the estimate is held more and more. Lower
ones cost more correction than the ripples matter (docs/experiments/correction.md)."""
CLIPPED_IS = 8.0
"""How many times brighter than it shows clipped light is taken to be: nobody knows."""
RETURN, LEAST_ROOM = 12.0, 1e-6
"""How many times the room for change a ripple is beyond it when half of the room is left to it."""
SIGMAS = 3.0
"""Of noise: darker ground counts as so bright, or noise would make all light strong."""


def strong_light(grey: Floats, clipped: Floats, noise: Floats, square_px: int, n: int) -> Floats:
    """How far squares are near light that is strong for them, 0..1 [h, w].

    Parameters
    ----------
    grey : [H, W]
        The photo's light; whole squares.
    clipped : [H, W]
        How far pixels clip, 0..1.
    noise : [h, w]
        Noise variance of `grey` in squares of square_px.
    n : int
        How many squares light reaches.
    """
    height, width = noise.shape
    by_square = (height, square_px, width, square_px)
    # Whole rows of squares first: several times faster.
    bright = grey * (1 + (CLIPPED_IS - 1) * clipped) if clipped.any() else grey
    largest = np.ascontiguousarray(bright.reshape(by_square).max(axis=1)).max(axis=-1)
    mean = np.asarray(cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA), np.float32)
    reach = np.ones((2 * n + 1, 2 * n + 1), np.uint8)
    light = cv2.dilate(largest, reach)
    # The darkest square beside it is the ground: a lamp's own square is none.
    ground = np.maximum(cv2.erode(mean, np.ones((3, 3), np.uint8)), SIGMAS * np.sqrt(noise))
    ratio = np.log(np.maximum(light / np.maximum(ground, 1e-6), 1e-6) / STRONG_FROM)
    held = np.clip(ratio / np.log(STRONG_FULL / STRONG_FROM), 0, 1)
    return np.asarray(held * held * (3 - 2 * held), np.float32)


def hold(estimate: Floats, rgb: Floats, top: int, strength: Floats, square_px: int) -> None:
    """Keep an estimate [h, W, 3] in place between the values of the photo around each pixel, as far
    as `strength` says.

    Parameters
    ----------
    estimate : [h, W, 3]
    rgb : [H, W, 3]
        The photo with rows above and below.
    top : int
        Of the estimate's first row in it.
    strength : [H / square_px, W / square_px]
        By squares.
    """
    height, width = estimate.shape[:2]
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    first, last = top // square_px, -(-(top + height) // square_px)
    # One more square around: between squares the strength is interpolated.
    rows = strength[max(first - 1, 0) : last + 1].max(axis=0, initial=0)
    touched = np.flatnonzero(cv2.dilate(rows[None], np.ones((1, 3), np.uint8))[0] > 0)
    for run in np.split(touched, np.flatnonzero(np.diff(touched) > 1) + 1):
        if not run.size:
            continue
        x0, x1 = run[0] * square_px, min((run[-1] + 1) * square_px, width)
        y0, y1 = max(top - 1, 0), min(top + height + 1, len(rgb))
        beside = slice(max(x0 - 1, 0), min(x1 + 1, width))
        around = np.ascontiguousarray(rgb[y0:y1, beside])
        inner = (slice(top - y0, top - y0 + height), slice(x0 - beside.start, x1 - beside.start))
        least, most = (
            np.asarray(extreme(around, cross)[inner], np.float32)
            for extreme in (cv2.erode, cv2.dilate)
        )
        here = estimate[:, x0:x1]
        held = _within(here, around[inner], least, most)
        weight = _between_squares(strength, (top, x0), (height, x1 - x0), square_px)
        here += weight[..., None] * (held - here)


def _within(estimate: Floats, photo: Floats, least: Floats, most: Floats) -> Floats:
    """The estimate where it lies between two values; beyond, the farther it lies the nearer to the
    photo: noise alone would let a ripple be as large as itself."""
    change = estimate - photo
    room = np.where(change > 0, most - photo, photo - least)
    beyond = np.maximum(np.abs(change) - room, 0)
    kept = np.minimum(np.abs(change), room) / (1 + beyond / (RETURN * room + LEAST_ROOM))
    return np.asarray(photo + np.copysign(kept, change), np.float32)


def _between_squares(
    values: Floats, corner: tuple[int, int], size: tuple[int, int], square_px: int
) -> Floats:
    """Values of squares at the pixels [h, w] from a corner (y, x) on, bilinear between their
    middles."""
    (top, left), (height, width) = corner, size
    y = (np.arange(top, top + height, dtype=np.float32) + 0.5) / square_px - 0.5
    x = (np.arange(left, left + width, dtype=np.float32) + 0.5) / square_px - 0.5
    y, x = (np.clip(at, 0, n - 1) for at, n in zip((y, x), values.shape, strict=True))
    y0, x0 = np.minimum(y.astype(int), len(values) - 1), x.astype(int)
    y1, x1 = np.minimum(y0 + 1, len(values) - 1), np.minimum(x0 + 1, values.shape[1] - 1)
    fy, fx = (y - y0)[:, None], (x - x0)[None]
    # Few rows of squares: along x first.
    across = values[:, x0] * (1 - fx) + values[:, x1] * fx
    return np.asarray(across[y0] * (1 - fy) + across[y1] * fy, np.float32)
