"""How much correction each pixel gets: none at clipped highlights, less where there is nothing to correct."""

from __future__ import annotations

import cv2
import numpy as np

from lenscal.optics.psf_grid import PsfGrid
from lenscal.restore.tiles import LinearPhoto

CLIP_FROM, CLIP_FULL = 0.94, 0.985
"""Between these parts of the clipping level the correction fades out."""
STRUCTURE_PX = 9
"""Size of the squares in which structure is looked for."""
CHANCE = 1.3
"""Local power over the noise's that noise alone often shows; what is above it is structure."""


def clipped(rgb: np.ndarray, limit: np.ndarray, reach: int) -> np.ndarray:
    """How far each pixel is spoilt by clipping, 0..1 [H, W]: 1 within `reach` px of a clipped one, then fading.

    rgb, limit : [H, W, 3], the photo and the value at which each channel clips.
    """
    level = np.clip((rgb / limit - CLIP_FROM) / (CLIP_FULL - CLIP_FROM), 0, 1).max(axis=-1).astype(np.float32)
    if not level.any():
        return level
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    return np.asarray(cv2.blur(cv2.dilate(level, disc), (2 * reach + 1,) * 2), np.float32)


def structure(rgb: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """How far each pixel lies in something to be corrected, 0 (nothing but noise around it) to 1, float32 [H, W].

    e / (e + 1), where e is the power of the detail in the square around it over that of the noise.

    rgb, noise : [H, W, 3], the photo and its noise variance.
    """
    size = (STRUCTURE_PX, STRUCTURE_PX)
    mean = cv2.blur(rgb, size, borderType=cv2.BORDER_REFLECT)
    power = (cv2.sqrBoxFilter(rgb, -1, size, borderType=cv2.BORDER_REFLECT) - mean * mean).sum(axis=-1)
    known = cv2.blur(noise.astype(np.float32).sum(axis=-1), size, borderType=cv2.BORDER_REFLECT)
    detail = np.maximum(power - CHANCE * known, 0)
    return np.asarray(detail / np.maximum(detail + known, 1e-20), np.float32)


def reach_px(psf: PsfGrid, energy: float = 0.5) -> int:
    """Radius in px of the circle that holds this part of the light of the channel with the widest average kernel.

    Half of the light: the wider a mask around clipped pixels, the less comes back near them; at 0.8 virtual photos
    lost 0.3 dB to it, without one 0.04 dB.
    """
    radius = psf.kernel_size // 2
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    order = np.argsort(np.hypot(y, x), axis=None)
    light = np.abs(psf.kernels).mean(axis=(0, 1)).reshape(3, -1)[:, order].cumsum(axis=-1)
    index = int((light / light[:, -1:] < energy).sum(axis=-1).max())
    return max(1, int(np.ceil(np.hypot(y, x).ravel()[order][index])))


def mask_rows(photo: LinearPhoto, rows: range, reach: int, smooth: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """The photo [h, W, 3] and the correction's weight 0..1 [h, W] of some rows, before `amount`.

    smooth : [h, W] or None
        Weight where there is no structure; None: 1, no matter what is there.
    """
    height, width = photo.size
    margin = max(3 * reach, STRUCTURE_PX)
    y0, y1 = max(rows.start - margin, 0), min(rows.stop + margin, height)
    part = slice(y0, y1), slice(0, width)
    rgb, multiplier = photo.rgb_tile(*part), photo.gain_tile(*part) * photo.white_balance
    inner = slice(rows.start - y0, rows.stop - y0)
    weight = 1 - clipped(rgb, multiplier, reach)[inner]
    if smooth is not None:
        a, b = (np.array(n, np.float32) for n in (photo.noise.a, photo.noise.b))
        noise = multiplier * a * np.maximum(rgb, 0) + multiplier**2 * b
        weight *= smooth + (1 - smooth) * structure(rgb, noise)[inner]
    return rgb[inner], np.clip(weight, 0, 1)
