"""How much correction each pixel gets: none at clipped highlights, less where there is nothing to
correct."""

from __future__ import annotations

import cv2
import numpy as np

from lenscal.optics.psf_grid import PsfGrid
from lenscal.restore.tiles import LinearPhoto

CLIP_FROM, CLIP_FULL = 0.94, 0.985
"""Between these parts of the clipping level the correction fades out."""
STRUCTURE_PX = 9
"""Size of the squares in which structure is looked for."""
COARSE_PX, BLOCK_PX, NEARLY = 8, 512, 0.98
"""Where the noise is worked out; in what parts highlights are looked for; what may be between two
such places."""
CHANCE = 1.3
"""Local power over the noise's that noise alone often shows; what is above it is structure."""


def clipped(rgb: np.ndarray, limit: np.ndarray, reach: int) -> np.ndarray:
    """How far each pixel is spoilt by clipping, 0..1 [H, W]: 1 within `reach` px of a clipped one,
    then fading.

    rgb, limit : [H, W, 3], the photo and the value at which each channel clips.
    """
    level = (
        np.clip((rgb / limit - CLIP_FROM) / (CLIP_FULL - CLIP_FROM), 0, 1)
        .max(axis=-1)
        .astype(np.float32)
    )
    if not level.any():
        return level
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1,) * 2)
    return np.asarray(cv2.blur(cv2.dilate(level, disc), (2 * reach + 1,) * 2), np.float32)


def structure(rgb: np.ndarray, noise: np.ndarray) -> np.ndarray:
    """How far each pixel lies in something to be corrected, 0 (nothing but noise around it) to 1,
    float32 [H, W].

    e / (e + 1), e: power of the detail in the square around it over that of the noise, in the
    channels' sum.

    rgb : [H, W, 3]
    noise : [h, w], noise variance of the channels' sum in every square of COARSE_PX px.
    """
    box = (STRUCTURE_PX, STRUCTURE_PX)
    grey = cv2.transform(rgb, np.ones((1, 3), np.float32))
    mean = cv2.blur(grey, box, borderType=cv2.BORDER_REFLECT)
    power = np.asarray(
        cv2.sqrBoxFilter(grey, cv2.CV_32F, box, borderType=cv2.BORDER_REFLECT), np.float32
    )
    power -= mean * mean
    known = cv2.resize(
        np.maximum(noise, 1e-20).astype(np.float32),
        None,
        fx=COARSE_PX,
        fy=COARSE_PX,
        interpolation=cv2.INTER_LINEAR,
    )[: grey.shape[0], : grey.shape[1]]
    power -= CHANCE * known
    detail = np.maximum(power, 0, out=power)
    known += detail
    return np.asarray(cv2.divide(detail, known), np.float32)


def reach_px(psf: PsfGrid, energy: float = 0.5) -> int:
    """Radius in px of the circle that holds this part of the light of the channel with the widest
    average kernel.

    Half of the light: the wider a mask around clipped pixels, the less comes back near them; at 0.8
    virtual photos lost 0.3 dB to it, without one 0.04 dB.
    """
    radius = psf.kernel_size // 2
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    order = np.argsort(np.hypot(y, x), axis=None)
    light = np.abs(psf.kernels).mean(axis=(0, 1)).reshape(3, -1)[:, order].cumsum(axis=-1)
    index = int((light / light[:, -1:] < energy).sum(axis=-1).max())
    return max(1, int(np.ceil(np.hypot(y, x).ravel()[order][index])))


def coarse(rgb: np.ndarray) -> np.ndarray:
    """Means over squares of COARSE_PX px; what is missing of the last ones is repeated from the
    border."""
    below, right = (-n % COARSE_PX for n in rgb.shape[:2])
    if below or right:
        rgb = cv2.copyMakeBorder(rgb, 0, below, 0, right, cv2.BORDER_REPLICATE)
    return cv2.resize(
        rgb, (rgb.shape[1] // COARSE_PX, rgb.shape[0] // COARSE_PX), interpolation=cv2.INTER_AREA
    )


def mask_rows(
    photo: LinearPhoto, rows: range, reach: int, smooth: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """The photo [h, W, 3] and the correction's weight 0..1 [h, W] of some rows, before `amount`.

    smooth : [h, W] or None
        Weight where there is no structure; None: 1, no matter what is there.
    """
    height, width = photo.size
    margin = max(3 * reach, STRUCTURE_PX) + 2 * COARSE_PX
    y0 = max((rows.start - margin) // COARSE_PX * COARSE_PX, 0)
    y1 = min(-(-(rows.stop + margin) // COARSE_PX) * COARSE_PX, height)
    rgb = photo.rgb_tile(slice(y0, y1), slice(0, width))
    sparse = (
        photo.gain_tile(slice(y0, y1, COARSE_PX), slice(0, width, COARSE_PX)) * photo.white_balance
    )
    inner = slice(rows.start - y0, rows.stop - y0)
    weight = np.ones((len(rows), width), np.float32)
    if smooth is not None:
        a, b = (np.array(n, np.float32) for n in (photo.noise.a, photo.noise.b))
        small = coarse(rgb)
        noise = sparse * a * np.maximum(small, 0) + sparse**2 * b
        weight = structure(rgb, noise.sum(axis=-1))[inner]
        weight *= 1 - smooth
        weight += smooth
    for x in range(0, width, BLOCK_PX):
        x0, x1 = max(x - margin, 0), min(x + BLOCK_PX + margin, width)
        block, limits = (
            rgb[:, x0:x1],
            NEARLY * CLIP_FROM * sparse[:, x0 // COARSE_PX : -(-x1 // COARSE_PX)].min((0, 1)),
        )
        if block.max() > limits.min() and any(block[..., c].max() > limits[c] for c in range(3)):
            limit = photo.gain_tile(slice(y0, y1), slice(x0, x1)) * photo.white_balance
            part = slice(x - x0, min(x + BLOCK_PX, width) - x0)
            weight[:, x : x + BLOCK_PX] *= 1 - clipped(block, limit, reach)[inner, part]
    return rgb[inner], np.clip(weight, 0, 1, out=weight)
