"""What undoes vignetting, from lensfun's measurements of the lens."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.raw.dng.opcodes import shading_gain
from lenscal.raw.frame import PhotoInfo
from lenscal.raw.identity.cameras import same_camera
from lenscal.raw.identity.lenses import Likeness, compare_lenses
from lenscal.translation import translatable

_GRID = (33, 49)
"""Vignetting is smooth: between these nodes bilinear interpolation is enough."""
_COARSE_WIDTH_PX = 769
"""Of the picture that lensfun is asked about: the grid's nodes fall on its pixels."""
_USUAL_DISTANCE_M = 10.0
_CLOSEST_M = 0.1
_ZOOM_TOLERANCE = 0.03
"""How far beyond a lens's range of focal lengths its profile holds: cameras write rounded ones."""
_PLAUSIBLE_GAIN = (0.5, 30.0)
"""Outside, lensfun's polynomial was extrapolated."""


def field_gain(
    info: PhotoInfo, cfa: NDArray[np.uint8] | None, size: tuple[int, int]
) -> tuple[NDArray[np.float32], str]:
    """Gain that undoes shading, and in words where it comes from: the file's own map where it has
    one, else lensfun's profile of the lens. Never both: a camera's map holds the lens's vignetting.

    Parameters
    ----------
    info : PhotoInfo
    cfa : uint8 ndarray [p, q] or None
        Colours of the sites; None for photos with all colours at each pixel.
    size : (height, width)
        Of the visible area, px.

    Returns
    -------
    gain : float32 ndarray [gh, gw, 3]
        Corners on the corners of the visible area.
    source : str
    """
    if info.dng.shadings and (own := shading_gain(info.dng.shadings, cfa, size)) is not None:
        return own, translatable("the shading map in the file")
    return vignetting_gain(info, size)


def vignetting_gain(info: PhotoInfo, size: tuple[int, ...]) -> tuple[NDArray[np.float32], str]:
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
    # Without the camera, lensfun does not know what part of the lens's image it takes.
    camera = _camera(info.make, info.model)
    if camera is None:
        return none, translatable(
            "no vignetting profile for the camera {camera}: not removed",
            camera=info.camera or translatable("(unnamed)"),
        )
    lens = _lens(info.make, info.model, info.lens)
    if lens is None or info.focal_mm is None or info.aperture is None:
        return none, _no_profile(info.lens or translatable("an unnamed lens"))
    shortest = lens.min_focal * (1 - _ZOOM_TOLERANCE)
    longest = lens.max_focal * (1 + _ZOOM_TOLERANCE)
    if not shortest <= info.focal_mm <= longest:
        return none, translatable(
            "no vignetting profile for {lens} at {focal_mm:g} mm: not removed",
            lens=info.lens or lens.model,
            focal_mm=info.focal_mm,
        )
    # A wrong correction is worse than none: the noise model would be wrong with it.
    coarse = _coarse_gain(camera, lens, info, size)
    low, high = _PLAUSIBLE_GAIN
    if coarse is None or not np.isfinite(coarse).all() or coarse.min() < low or coarse.max() > high:
        return none, _no_profile(lens.model)
    return _sample(coarse), translatable("lensfun: {lens}", lens=lens.model)


def _no_profile(lens: str) -> str:
    return translatable("no vignetting profile for {lens}: not removed", lens=lens)


@lru_cache(maxsize=1)
def _database() -> Any:
    import lensfunpy

    return lensfunpy.Database()


@lru_cache(maxsize=64)
def _camera(make: str, model: str) -> Any:
    """lensfun's camera of this name; None where it has none."""
    candidates = _database().find_cameras(make, model) if make and model else []
    name = plain_name(model)
    for camera in candidates:
        # lensfun leaves out what some cameras write before their model.
        if name.endswith(plain_name(camera.model)):
            return camera
    if not model:
        return None
    # Under a name of a converter's or another program's.
    named = f"{make} {model}"
    every = _database().cameras
    return next((c for c in every if same_camera(named, f"{c.maker} {c.model}")), None)


@lru_cache(maxsize=64)
def _lens(make: str, model: str, name: str) -> Any:
    """lensfun's lens of this name for a camera it knows; None where it has none."""
    camera = _camera(make, model)
    # lensfun's mounts of fixed lenses begin with a small letter.
    if camera.mount[:1].islower():
        candidates = _database().find_lenses(camera, None, None)
        fixed = [lens for lens in candidates if "converter" not in lens.model.lower()]
        return fixed[0] if len(fixed) == 1 else None
    if not name:
        return None
    # lensfun's search is loose: every number of its name has to be in the photo's.
    numbers = _numbers(name)
    found = [
        lens
        for lens in _database().find_lenses(camera, None, name)
        if _numbers(lens.model) <= numbers
    ]
    # The lens itself before one that is called nearly so: "II" and "STM" shade otherwise.
    itself = (lens for lens in found if compare_lenses(name, lens.model, make) is Likeness.SAME)
    return next(itself, found[0] if found else None)


def plain_name(text: str) -> str:
    """Letters and digits alone, small: names that differ in blanks and signs only are equal."""
    # "EOS-1D X" and "EOS 1DX" are one camera.
    return re.sub(r"[^a-z0-9]", "", text.lower())


def _numbers(text: str) -> set[float]:
    return {float(n) for n in re.findall(r"\d+(?:\.\d+)?", text)}


def _coarse_gain(
    camera: Any, lens: Any, info: PhotoInfo, size: tuple[int, ...]
) -> NDArray[np.float32] | None:
    """lensfun's gain [h, _COARSE_WIDTH_PX, 3] over a small picture of the photo's shape."""
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


def _sample(image: NDArray[np.float32]) -> NDArray[np.float32]:
    # Corners on corners, so that the interpolation between nodes never extrapolates.
    y = np.linspace(0, image.shape[0] - 1, _GRID[0]).round().astype(int)
    x = np.linspace(0, image.shape[1] - 1, _GRID[1]).round().astype(int)
    return np.ascontiguousarray(image[np.ix_(y, x)])
