"""A first look at a RAW photo: what it says of itself and its embedded preview, without developing
it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lenscal.files.photos.photo_files import upright
from lenscal.raw.frame import PhotoInfo
from lenscal.raw.libraw import fill_from_libraw, open_raw
from lenscal.raw.metadata import read_info

PREVIEW_PX = 160
_LARGEST_JPEG_BYTES = 64 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """What is seen of a photo at first sight.

    Attributes
    ----------
    info : PhotoInfo
    pixels : uint8 ndarray [h, w, 3] or None
        sRGB, upright, the longer side about PREVIEW_PX px; None where the file cannot be read.
    problem : str
        Why it cannot be read; empty where it can.
    """

    info: PhotoInfo
    pixels: np.ndarray | None = None
    problem: str = ""


def glance(path: Path) -> Glance:
    """Look at a photo; damaged files come back with their problem, nothing is raised.

    The embedded preview is taken; a file without one is developed at half its size (0.1 s for each
    10 megapixels).
    """
    import rawpy

    info = read_info(path, ask_libraw=False)
    try:
        with open_raw(path) as raw:
            info = fill_from_libraw(info, raw)
            pixels = _embedded(raw, info.orientation)
            return Glance(info, pixels if pixels is not None else _developed(raw))
    except (rawpy.LibRawError, OSError, UnicodeError, ValueError, MemoryError) as error:
        text = str(
            error.args[0].decode("ascii", "replace")
            if error.args and isinstance(error.args[0], bytes)
            else error
        )
        return Glance(info, problem=text or "cannot be read")


def _embedded(raw: Any, orientation: int) -> np.ndarray | None:
    import cv2
    import rawpy

    try:
        thumb = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    if thumb.format == rawpy.ThumbFormat.JPEG and len(thumb.data) <= _LARGEST_JPEG_BYTES:
        flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
        try:
            pixels = cv2.imdecode(np.frombuffer(thumb.data, np.uint8), flags)
        except cv2.error:
            return None
    else:
        pixels = np.asarray(thumb.data) if thumb.format == rawpy.ThumbFormat.BITMAP else None
    if (
        pixels is None
        or pixels.ndim != 3
        or pixels.shape[2] != 3
        or pixels.dtype != np.uint8
        or min(pixels.shape[:2]) < 16
    ):
        return None
    return upright(_small(pixels), orientation)


def _developed(raw: Any) -> np.ndarray:
    """Turned upright by LibRaw itself."""
    return _small(
        raw.postprocess(half_size=True, use_camera_wb=True, output_bps=8, no_auto_bright=True)
    )


def _small(pixels: np.ndarray) -> np.ndarray:
    import cv2

    scale = PREVIEW_PX / max(pixels.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(pixels)
    height, width = (max(round(n * scale), 1) for n in pixels.shape[:2])
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
