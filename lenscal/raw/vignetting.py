"""What undoes vignetting, from lensfun's measurements of the lens."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np

from lenscal.raw.frame import PhotoInfo

_GRID = (33, 49)
_COARSE_WIDTH_PX = 769
_USUAL_DISTANCE_M = 10.0
_CLOSEST_M = 0.1


def vignetting_gain(info: PhotoInfo, size: tuple[int, ...]) -> tuple[np.ndarray, str]:
    """Gain that undoes vignetting, and in words where it comes from.

    Parameters
    ----------
    info : PhotoInfo
        Camera, lens, focal length, aperture and focus distance (10 m where unknown) decide.
    size : (height, width)
        Of the visible area, px.

    Returns
    -------
    gain : float32 ndarray [33, 49, 3]
        Corners on the corners of the visible area, about 1 in the middle; ones where nothing is
        known.
    source : str
    """
    none = np.ones((*_GRID, 3), np.float32)
    camera = _camera(info.make, info.model)
    if camera is None:
        return (
            none,
            f"no vignetting profile for the camera {info.camera or '(unnamed)'}: not removed",
        )
    lens = _lens(info.make, info.model, info.lens)
    if lens is None or info.focal_mm is None or info.aperture is None:
        what = info.lens or "an unnamed lens"
        return none, f"no vignetting profile for {what}: not removed"
    if not lens.min_focal * 0.97 <= info.focal_mm <= lens.max_focal * 1.03:
        return (
            none,
            f"no vignetting profile for {info.lens or lens.model} at {info.focal_mm:g} mm: not removed",
        )
    coarse = _coarse_gain(camera, lens, info, size)
    if coarse is None or not np.isfinite(coarse).all() or coarse.min() < 0.5 or coarse.max() > 30:
        return none, f"no vignetting profile for {lens.model}: not removed"
    return _sample(coarse), f"lensfun: {lens.model}"


@lru_cache(maxsize=1)
def _database() -> Any:
    import lensfunpy

    return lensfunpy.Database()


@lru_cache(maxsize=64)
def _camera(make: str, model: str) -> Any:
    found = _database().find_cameras(make, model) if make and model else []
    return next(
        (
            c
            for c in found
            if plain_name(c.model) == plain_name(model)
            or plain_name(model).endswith(plain_name(c.model))
        ),
        None,
    )


@lru_cache(maxsize=64)
def _lens(make: str, model: str, name: str) -> Any:
    camera = _camera(make, model)
    # lensfun's mounts of fixed lenses begin with a small letter.
    if camera.mount[:1].islower():
        found = _database().find_lenses(camera, None, None)
        fixed = [lens for lens in found if "converter" not in lens.model.lower()]
        return fixed[0] if len(fixed) == 1 else None
    if not name:
        return None
    numbers = _numbers(name)
    return next(
        (c for c in _database().find_lenses(camera, None, name) if _numbers(c.model) <= numbers),
        None,
    )


def plain_name(text: str) -> str:
    """Letters and digits alone, small: names that differ in blanks and signs only are equal."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _numbers(text: str) -> set[float]:
    return {float(n) for n in re.findall(r"\d+(?:\.\d+)?", text)}


def _coarse_gain(
    camera: Any, lens: Any, info: PhotoInfo, size: tuple[int, ...]
) -> np.ndarray | None:
    import lensfunpy

    height = max(2, round((_COARSE_WIDTH_PX - 1) * (size[0] - 1) / (size[1] - 1)) + 1)
    modifier = lensfunpy.Modifier(lens, camera.crop_factor, _COARSE_WIDTH_PX, height)
    distance = max(info.focus_distance_m or _USUAL_DISTANCE_M, _CLOSEST_M)
    modifier.initialize(
        info.focal_mm,
        info.aperture,
        distance,
        pixel_format=np.float32,
        flags=lensfunpy.ModifyFlags.VIGNETTING,
    )
    image = np.ones((height, _COARSE_WIDTH_PX, 3), np.float32)
    return image if modifier.apply_color_modification(image) else None


def _sample(image: np.ndarray) -> np.ndarray:
    y = np.linspace(0, image.shape[0] - 1, _GRID[0]).round().astype(int)
    x = np.linspace(0, image.shape[1] - 1, _GRID[1]).round().astype(int)
    return np.ascontiguousarray(image[np.ix_(y, x)])
