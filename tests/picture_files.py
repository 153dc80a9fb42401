"""Pictures as programs write them, for tests: one scene as PNG, JPEG or TIFF of any depth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import tifffile
from scipy.ndimage import gaussian_filter


def scene(size: tuple[int, int] = (128, 192), seed: int = 0, channels: int = 3) -> np.ndarray:
    """Textured light 0..1, float64 [h, w, channels]."""
    rng = np.random.default_rng(seed)
    shape = (*size, channels)
    light = sum(gaussian_filter(rng.normal(size=shape), (px, px, 0)) * px for px in (1, 3, 9))
    return np.clip(0.3 + 0.12 * light / light.std(), 0.01, 0.99)


def srgb(light: np.ndarray) -> np.ndarray:
    """Values 0..1 that sRGB stores for light (IEC 61966-2-1)."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def stored(values: np.ndarray, dtype: Any) -> np.ndarray:
    """Values 0..1 as numbers of a type."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return values.astype(dtype)
    return np.rint(values * np.iinfo(dtype).max).astype(dtype)


def write_picture(path: Path, pixels: np.ndarray, icc: bytes | None = None) -> Path:
    """Write [h, w] or [h, w, n] by the suffix."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.ascontiguousarray(pixels)
    match path.suffix.lower():
        case ".png":
            path.write_bytes(imagecodecs.png_encode(pixels))
        case ".jpg" | ".jpeg":
            path.write_bytes(imagecodecs.jpeg8_encode(pixels, level=95))
        case _:
            kind = "rgb" if pixels.ndim == 3 and pixels.shape[2] >= 3 else "minisblack"
            tifffile.imwrite(path, pixels, photometric=kind, iccprofile=icc, metadata=None)
    return path
