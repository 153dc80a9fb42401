"""What the RAW tests share: made-up photos, and DNG files of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lenscal.files.photos.dng import DngInfo, write_raw_dng

BLACK, WHITE = 256, 16383
NEUTRAL = (0.5, 1.0, 0.625)
X_TRANS = np.array(
    [
        [1, 2, 1, 1, 0, 1],
        [0, 1, 0, 2, 1, 2],
        [1, 2, 1, 1, 0, 1],
        [1, 0, 1, 1, 2, 1],
        [2, 1, 2, 0, 1, 0],
        [1, 0, 1, 1, 2, 1],
    ],
    np.uint8,
)
MATRIX = np.array([[0.9, -0.3, -0.1], [-0.5, 1.3, 0.2], [-0.1, 0.2, 0.6]])

SETTINGS: dict[str, Any] = {
    "black": BLACK,
    "white": WHITE,
    "make": "Musterwerk",
    "model": "Mark I",
    "lens": "Muster 50mm f/1.8",
    "f_number": 5.6,
    "focal_mm": 50,
    "iso": 100,
    "exposure_s": 0.01,
    "date_time": "2026:11:22 10:00:00",
    "noise_profile": [(1e-4, 1e-6)],
    "colour_matrix": MATRIX,
    "as_shot_neutral": NEUTRAL,
}
"""Of a photo's `DngInfo`, but for its colour filter."""


def scene(height: int = 160, width: int = 240, seed: int = 1) -> np.ndarray:
    """Smooth shapes and edges in camera RGB 0..1 before white balance, float64 [height, width,
    3]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    light = 0.25 + 0.12 * np.sin(x / 17 + seed) + 0.1 * np.cos(y / 13)
    for _ in range(12):
        cy, cx, r = rng.uniform(0, height), rng.uniform(0, width), rng.uniform(5, 40)
        light = np.where((y - cy) ** 2 + (x - cx) ** 2 < r**2, rng.uniform(0.05, 0.7), light)
    return light[..., None] * np.array(NEUTRAL)


def mosaic_of(image: np.ndarray, cfa: np.ndarray) -> np.ndarray:
    """The sites of an image [h, w, 3] that a colour pattern [p, q] sees."""
    p, q = cfa.shape
    out = np.empty(image.shape[:2])
    for y in range(p):
        for x in range(q):
            out[y::p, x::q] = image[y::p, x::q, cfa[y, x]]
    return out


def add_noise(mosaic: np.ndarray, a: float, b: float, rng: np.random.Generator) -> np.ndarray:
    """Poisson-Gaussian noise on values 0..1, as RAW values."""
    noisy = mosaic + np.sqrt(a * np.maximum(mosaic, 0) + b) * rng.standard_normal(mosaic.shape)
    return np.clip(np.round(noisy * (WHITE - BLACK) + BLACK), 0, WHITE).astype(np.uint16)


def write_photo(
    path: Path,
    *,
    seed: int = 1,
    pattern: str = "RGGB",
    raw: np.ndarray | None = None,
    compress: bool = False,
    **changes: Any,
) -> np.ndarray:
    """Write a DNG of a made-up scene; returns its RAW values."""
    cfa = np.array(["RGB".index(c) for c in pattern]).reshape(2, 2)
    if raw is None:
        raw = add_noise(mosaic_of(scene(seed=seed), cfa), 1e-4, 1e-6, np.random.default_rng(seed))
    write_raw_dng(path, raw, DngInfo(cfa=pattern, **(SETTINGS | changes)), compress=compress)
    return raw


def write_x_trans(path: Path, raw: np.ndarray) -> None:
    """Write a DNG with Fuji's 6 x 6 pattern."""
    import tifffile

    def ratios(values: Any) -> tuple[int, ...]:
        return tuple(n for v in np.ravel(values) for n in (round(v * 10000), 10000))

    tags = [
        (271, 2, 0, "Muster", True),
        (272, 2, 0, "X", True),
        (33421, 3, 2, (6, 6), True),
        (33422, 1, 36, tuple(X_TRANS.ravel().tolist()), True),
        (50706, 1, 4, (1, 4, 0, 0), True),
        (50708, 2, 0, "Muster X", True),
        (50710, 1, 3, (0, 1, 2), True),
        (50711, 3, 1, 1, True),
        (50714, 5, 1, (BLACK, 1), True),
        (50717, 4, 1, WHITE, True),
        (50721, 10, 9, ratios(MATRIX), True),
        (50728, 5, 3, ratios(NEUTRAL), True),
        (50778, 3, 1, 21, True),
    ]
    tifffile.imwrite(path, raw, photometric=32803, extratags=tags, metadata=None)
