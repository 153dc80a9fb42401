"""A chart of grey squares, as a real DNG that was blurred by a known amount."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from raw_photos import NEUTRAL, add_noise, mosaic_of, write_photo

BAYER = np.array([[0, 1], [1, 2]])


def squares(
    size: tuple[int, int], sigma: float, *, angle: float = 0.13, side: float = 45
) -> NDArray[np.float32]:
    """Light [h, w] of turned squares on dark grey, drawn three times as fine; sigma px, or (y, x)
    px."""
    fine, (height, width) = 3, size
    y, x = np.mgrid[: height * fine, : width * fine] / fine
    on = ((x + angle * y) % (2 * side) < side) & ((y - angle * x) % (2 * side) < side)
    light = np.where(on, 0.6, 0.15).astype(np.float32)
    light = cv2.GaussianBlur(light, (0, 0), sigma * fine)
    return np.asarray(cv2.resize(light, (width, height), interpolation=cv2.INTER_AREA))


def shaken(light: NDArray[np.float32], px: int) -> NDArray[np.float32]:
    """Moved along x while the shutter was open."""
    return np.asarray(cv2.blur(light, (px, 1)), np.float32)


def write_chart(
    path: Path,
    light: NDArray[np.float32],
    *,
    seed: int = 0,
    f_number: float = 5.6,
) -> None:
    """Write light [h, w] as a Bayer photo."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seen = mosaic_of(light[..., None] * np.array(NEUTRAL), BAYER)
    raw = add_noise(seen, 1e-4, 1e-6, np.random.default_rng(seed))
    write_photo(path, raw=raw, f_number=f_number)
