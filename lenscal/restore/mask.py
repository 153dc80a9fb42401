"""How much correction each pixel gets: none at clipped highlights, less where there is nothing to
correct."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from lenscal.optics.psf_grid import PsfGrid
from lenscal.restore.ringing.glare import hold, strong_light
from lenscal.restore.tiles import LinearPhoto

CLIP_FROM, CLIP_FULL = 0.94, 0.985
"""Between these parts of the clipping level the correction fades out."""
STRUCTURE_PX = 9
"""Side of the squares in which structure is looked for."""
COARSE_PX = 8
"""Side of the squares for each of which the noise is worked out: vignetting changes slowly."""
CLIPPING_BLOCK_PX = 512
"""Side of the parts in which highlights are looked for: most have none and are done with."""
NEARLY = 0.98
"""The least clipping level between two places where it is known, over theirs."""
NOISE_FLUCTUATION = 1.3
"""Local power over the noise's that noise alone often shows; what is above it is structure."""


def clipping(rgb: NDArray[np.float32], limit: NDArray[np.float32]) -> NDArray[np.float32]:
    """How far each pixel clips, 0..1 [H, W].

    rgb, limit : [H, W, 3], the photo and the value at which each channel clips.
    """
    fading = np.clip((rgb / limit - CLIP_FROM) / (CLIP_FULL - CLIP_FROM), 0, 1)
    return np.asarray(fading.max(axis=-1), np.float32)


def spoilt(level: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """How far each pixel is spoilt by clipping, 0..1 [H, W]: 1 within `reach` px of a clipped one,
    then fading."""
    if not level.any():
        return level
    box = (2 * reach + 1,) * 2
    # Grown by the reach, then softened by a box of the same width.
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, box)
    return np.asarray(cv2.blur(cv2.dilate(level, disc), box), np.float32)


def structure(rgb: NDArray[np.float32], noise: NDArray[np.floating]) -> NDArray[np.float32]:
    """How far each pixel lies in something to be corrected, 0 (nothing but noise around it) to 1,
    float32 [H, W].

    e / (e + 1), e: power of the detail in the square around it over that of the noise, in the
    channels' sum.

    rgb : [H, W, 3]
    noise : [h, w], noise variance of the channels' sum in every square of COARSE_PX px.
    """
    box = (STRUCTURE_PX, STRUCTURE_PX)
    # The channels' sum: three boxes in one, and the noise of the sum is known as well.
    grey = cv2.transform(rgb, np.ones((1, 3), np.float32))
    mean = cv2.blur(grey, box, borderType=cv2.BORDER_REFLECT)
    squares = cv2.sqrBoxFilter(grey, cv2.CV_32F, box, borderType=cv2.BORDER_REFLECT)
    power = np.asarray(squares, np.float32)
    power -= mean * mean
    variance = np.maximum(noise, 1e-20).astype(np.float32)
    # From squares to pixels, and without what the last squares have beyond the photo.
    expected = cv2.resize(
        variance, None, fx=COARSE_PX, fy=COARSE_PX, interpolation=cv2.INTER_LINEAR
    )[: grey.shape[0], : grey.shape[1]]
    power -= NOISE_FLUCTUATION * expected
    detail = np.maximum(power, 0, out=power)
    expected += detail
    return np.asarray(cv2.divide(detail, expected), np.float32)


def reach_px(psf: PsfGrid, energy: float = 0.2) -> int:
    """Radius in px of the circle that holds this part of the light of the channel with the widest
    average kernel.

    A fifth of the light: the wider a mask around clipped pixels, the less comes back near them, and
    ripples farther away are held by themselves (`glare`). With half of the light, drawings with
    0.5 % of clipped pixels lost 0.2 dB, with 5 % 0.7 dB (docs/experiments/correction.md).
    """
    radius = psf.kernel_size // 2
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    # From the middle outwards.
    order = np.argsort(np.hypot(y, x), axis=None)
    light = np.abs(psf.kernels).mean(axis=(0, 1)).reshape(3, -1)[:, order].cumsum(axis=-1)
    index = int((light / light[:, -1:] < energy).sum(axis=-1).max())
    return max(1, int(np.ceil(np.hypot(y, x).ravel()[order][index])))


def coarse(rgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """Means over squares of COARSE_PX px; what is missing of the last ones is repeated from the
    border."""
    below, right = (-n % COARSE_PX for n in rgb.shape[:2])
    if below or right:
        bordered = cv2.copyMakeBorder(rgb, 0, below, 0, right, cv2.BORDER_REPLICATE)
        rgb = np.asarray(bordered, np.float32)
    size = rgb.shape[1] // COARSE_PX, rgb.shape[0] // COARSE_PX
    return np.asarray(cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), np.float32)


def mask_rows(
    photo: LinearPhoto,
    rows: range,
    reach: int,
    smooth: NDArray[np.float32] | None,
    estimate: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The photo [h, W, 3] and the correction's weight 0..1 [h, W] of some rows, before `amount`.

    Parameters
    ----------
    photo : LinearPhoto
    rows : range
    reach : int
        How far a clipped pixel spoils its surroundings, px.
    smooth : [h, W] or None
        Weight where there is no structure; None: 1, no matter what is there.
    estimate : [h, W, 3]
        What the correction makes of the rows; near strong light its ripples are taken away, in
        place.
    """
    height, width = photo.size
    # Ripples that are seen reach four times the radius of a fifth of the light.
    squares = max(1, -(-4 * reach // COARSE_PX))
    # What a row's weight depends on: clipped pixels that reach it, strong light, the square around.
    margin = max(3 * reach, STRUCTURE_PX, squares * COARSE_PX) + 2 * COARSE_PX
    y0 = max((rows.start - margin) // COARSE_PX * COARSE_PX, 0)
    y1 = min(-(-(rows.stop + margin) // COARSE_PX) * COARSE_PX, height)
    rgb = photo.rgb_tile(slice(y0, y1), slice(0, width))
    gain = photo.gain_tile(slice(y0, y1, COARSE_PX), slice(0, width, COARSE_PX))
    multiplier = gain * photo.white_balance
    inner = slice(rows.start - y0, rows.stop - y0)
    noise = photo.noise.variance(coarse(rgb), multiplier, dtype=np.float32).sum(axis=-1)
    weight = np.ones((len(rows), width), np.float32)
    if smooth is not None:
        # All of the correction at structure, `smooth` of it elsewhere.
        weight = structure(rgb, noise)[inner]
        weight *= 1 - smooth
        weight += smooth
    level = np.zeros(rgb.shape[:2], np.float32)
    for part in _may_clip(photo, rgb, multiplier):
        limit = photo.gain_tile(slice(y0, y1), part) * photo.white_balance * photo.clipping
        level[:, part] = clipping(rgb[:, part], limit)
    if level.any():
        weight *= 1 - spoilt(level, reach)[inner]
    whole = (0, -rgb.shape[0] % COARSE_PX, 0, -width % COARSE_PX)
    grey, clips = (
        np.asarray(cv2.copyMakeBorder(v, *whole, cv2.BORDER_REPLICATE), np.float32)
        for v in (cv2.transform(rgb, np.ones((1, 3), np.float32)), level)
    )
    strength = strong_light(grey, clips, noise.astype(np.float32), COARSE_PX, squares)
    hold(estimate, rgb, inner.start, strength, COARSE_PX)
    return rgb[inner], np.clip(weight, 0, 1, out=weight)


def _may_clip(
    photo: LinearPhoto, rgb: NDArray[np.float32], multiplier: NDArray[np.float32]
) -> Iterator[slice]:
    """The columns of some rows in which something may clip; most photos have none."""
    width = rgb.shape[1]
    for x in range(0, width, CLIPPING_BLOCK_PX):
        part = slice(x, min(x + CLIPPING_BLOCK_PX, width))
        block = rgb[:, part]
        around = multiplier[:, x // COARSE_PX : -(-part.stop // COARSE_PX)]
        limits = NEARLY * CLIP_FROM * photo.clipping * around.min((0, 1))
        # The brightest value decides nearly always; gains of all pixels are worked out only where
        # something may clip.
        if block.max() > limits.min() and any(block[..., c].max() > limits[c] for c in range(3)):
            yield part
