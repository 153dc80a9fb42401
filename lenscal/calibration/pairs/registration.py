"""Finding photos of the same scene in both folders, and how the camera moved between them.

A displacement d at a field position means: the degraded photo at pixel s shows what the sharp photo
shows at s + d.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from lenscal.raw.frame import Frame
from lenscal.system.threads import in_order

THUMBNAIL_PX = 320
"""The longer side: enough to tell scenes apart, so little that all pairs can be compared."""
SAME_SCENE_NCC = 0.8
"""Two shots of one scene from a tripod correlate above 0.95 as thumbnails, different scenes below
0.6."""
LEAST_TOLERANCE_PX = 0.15
"""That a tile may always lie off the common motion: phase correlation is good to a tenth."""
LEAST_PEAK, LEAST_CONTRAST = 0.05, 1e-3
"""Of phase correlation, and of a tile: below, there is nothing to compare."""
LEAST_TILES = 6
"""That must agree: an affine motion has six unknowns, a tile tells two of them."""
LARGEST_ERROR_PX = 1.0
"""Median misfit of the tiles, above which the photos do not show the same from the same place."""


@dataclass(frozen=True, slots=True, eq=False)
class Pair:
    """One scene in both folders.

    Attributes
    ----------
    sharp, degraded : int
        Places of the photos in their folders.
    motion : float64 ndarray [3, 2]
        (dy, dx) in px = [1, y, x] @ motion, (y, x) field position in -1..1 (0 the centre).
    """

    sharp: int
    degraded: int
    motion: NDArray[np.float64]

    def displacement(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """(dy, dx) px [..., 2] at field positions [..., 2] in 0..1."""
        return np.asarray(motion_basis(positions) @ self.motion)


def motion_basis(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """[..., 3] = (1, y, x) with the field position mapped from 0..1 to -1..1."""
    p = 2 * np.asarray(positions, np.float64) - 1
    return np.concatenate([np.ones_like(p[..., :1]), p], axis=-1)


def find_pairs(sharp: Sequence[Frame], degraded: Sequence[Frame]) -> list[Pair]:
    """Photos of the same scene, each used at most once, registered to about a tenth of a pixel.

    Thumbnails are compared after phase correlation; the assignment that maximises the summed
    correlation is kept where it passes `SAME_SCENE_NCC`. Photos whose size differs are never
    paired.
    """
    thumbs_s, thumbs_d = (list(in_order(_thumbnail, frames)) for frames in (sharp, degraded))
    # What cannot be compared must never be assigned.
    ncc = np.full((len(sharp), len(degraded)), -1.0)
    shifts = np.zeros((len(sharp), len(degraded), 2))
    candidates = [
        (i, j)
        for i in range(len(sharp))
        for j in range(len(degraded))
        if sharp[i].size == degraded[j].size
    ]
    compared = in_order(lambda ij: _aligned_ncc(thumbs_d[ij[1]], thumbs_s[ij[0]]), candidates)
    for (i, j), (correlation, shift) in zip(candidates, compared, strict=True):
        ncc[i, j], shifts[i, j] = correlation, shift
    matches = [
        (int(i), int(j))
        for i, j in zip(*linear_sum_assignment(-ncc), strict=True)
        if ncc[i, j] >= SAME_SCENE_NCC
    ]

    def motion_of(match: tuple[int, int]) -> NDArray[np.float64] | None:
        i, j = match
        # From thumbnail to photo.
        scale = max(sharp[i].size) / THUMBNAIL_PX
        return _fit_motion(sharp[i], degraded[j], shifts[i, j] * scale)

    motions = in_order(motion_of, matches)
    return [
        Pair(i, j, motion)
        for (i, j), motion in zip(matches, motions, strict=True)
        if motion is not None
    ]


def _luminance(frame: Frame, rows: slice, cols: slice) -> NDArray[np.float32]:
    """Mean of the channels in a roughly even-noise scale (square root), float32."""
    return np.asarray(np.sqrt(np.maximum(frame.rgb_tile(rows, cols).mean(axis=-1), 0)), np.float32)


def _thumbnail(frame: Frame) -> NDArray[np.float32]:
    height, width = frame.size
    factor = max(height, width) / THUMBNAIL_PX
    # Thinned first: averaging whole photos would take most of the time.
    step = max(int(factor // 4), 1)
    light = frame.linear(frame.rgb[::step, ::step]).mean(axis=-1)
    small = np.sqrt(np.maximum(light, 0))
    size = (max(round(width / factor), 16), max(round(height / factor), 16))
    # Areas, not points: aliases differ between sharp and degraded photos.
    out = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
    return np.asarray((out - out.mean()) / (out.std() + 1e-6), np.float32)


def _aligned_ncc(
    a: NDArray[np.float32], b: NDArray[np.float32]
) -> tuple[float, NDArray[np.float64]]:
    """NCC of a with b after the whole-pixel shift that phase correlation finds, and that shift (dy,
    dx) of b to a."""
    if a.shape != b.shape:
        return -1.0, np.zeros(2)
    window = cv2.createHanningWindow(a.shape[::-1], cv2.CV_32F)
    # Copies: where a size needs no padding (320 x 240, say) OpenCV windows the arrays themselves.
    (dx, dy), _ = cv2.phaseCorrelate(a.copy(), b.copy(), window)
    best, shift = float((a * b).mean()), np.zeros(2)
    iy, ix = round(dy), round(dx)
    # A shift of more leaves too little to compare.
    if max(abs(iy), abs(ix)) < min(a.shape) // 4 and (iy or ix):
        h, w = a.shape
        # Only what both show: the rest of either would be compared with nothing.
        u = a[max(-iy, 0) : h - max(iy, 0), max(-ix, 0) : w - max(ix, 0)]
        v = b[max(iy, 0) : h - max(-iy, 0), max(ix, 0) : w - max(-ix, 0)]
        shifted_ncc = float(((u - u.mean()) * (v - v.mean())).mean() / (u.std() * v.std() + 1e-9))
        if shifted_ncc > best:
            best, shift = shifted_ncc, np.array([dy, dx])
    return best, shift


def _fit_motion(
    sharp: Frame, degraded: Frame, start: NDArray[np.float64], *, tile: int = 192
) -> NDArray[np.float64] | None:
    """Affine motion from phase correlation of tiles, by least squares without outliers; None if
    they disagree."""
    height, width = degraded.size
    tile = min(tile, height // 3 // 2 * 2, width // 3 // 2 * 2)
    window = cv2.createHanningWindow((tile, tile), cv2.CV_32F)
    # Tiles are compared where the thumbnails say, so that they show the same.
    offset = np.round(start).astype(int)
    displacements, positions = [], []
    for cy in np.linspace(tile // 2, height - tile // 2, 7):
        for cx in np.linspace(tile // 2, width - tile // 2, 9):
            y, x = int(cy) - tile // 2, int(cx) - tile // 2
            # The tile's place in the sharp photo.
            v, u = y + offset[0], x + offset[1]
            if min(v, u) < 0 or v + tile > height or u + tile > width:
                continue
            a = _luminance(degraded, slice(y, y + tile), slice(x, x + tile))
            b = _luminance(sharp, slice(v, v + tile), slice(u, u + tile))
            if a.std() < LEAST_CONTRAST or b.std() < LEAST_CONTRAST:
                continue
            (dx, dy), peak = cv2.phaseCorrelate(a - a.mean(), b - b.mean(), window)
            if peak > LEAST_PEAK and max(abs(dx), abs(dy)) < tile / 4:
                displacements.append(offset + np.array([dy, dx]))
                positions.append([cy / (height - 1), cx / (width - 1)])
    if len(displacements) < LEAST_TILES:
        return None
    basis, shift = motion_basis(np.array(positions)), np.array(displacements)
    inliers = np.ones(len(shift), bool)
    motion = np.zeros((3, 2))
    # Things that moved between the shots do not follow the camera.
    for _ in range(4):
        motion = np.linalg.lstsq(basis[inliers], shift[inliers], rcond=None)[0]
        error = np.linalg.norm(shift - basis @ motion, axis=-1)
        inliers = error < max(3 * float(np.median(error)), LEAST_TOLERANCE_PX)
        if inliers.sum() < LEAST_TILES:
            return None
    return motion if np.median(error) < LARGEST_ERROR_PX else None
