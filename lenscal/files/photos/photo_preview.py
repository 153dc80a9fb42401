"""A first look at a RAW photo: what it says of itself and its embedded preview, without developing
it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import LenscalError, PhotoError
from lenscal.files.photos.photo_files import upright
from lenscal.raw.frame import PhotoInfo
from lenscal.raw.libraw import fill_from_libraw, libraw_reason, open_raw
from lenscal.raw.metadata import read_info
from lenscal.system.isolation.calls import isolated
from lenscal.translation import Translatable, message_of, translatable

PREVIEW_PX = 160
# No camera embeds more; OpenCV would take any amount of memory for a damaged one.
LARGEST_JPEG_BYTES = 64 * 2**20

# Of the shorter side: smaller previews show nothing.
LEAST_PREVIEW_PX = 16


@dataclass(frozen=True, slots=True, eq=False)
class PhotoPreview:
    """What can be shown of a photo without developing it.

    Attributes
    ----------
    info : PhotoInfo
    pixels : uint8 ndarray [h, w, 3] or None
        sRGB, upright, the longer side about PREVIEW_PX px; None where the file cannot be read.
    problem : str
        Why it cannot be read; empty where it can.
    """

    info: PhotoInfo
    pixels: NDArray[np.uint8] | None = None
    problem: str = ""


def _unseen(path: Path, reason: Translatable) -> PhotoPreview:
    return PhotoPreview(PhotoInfo(path), problem=reason)


@isolated(_unseen)
def read_preview(path: Path) -> PhotoPreview:
    """Look at a photo; damaged files come back with their problem, nothing is raised.

    The embedded preview is taken; a file without one is developed at half its size (0.1 s for each
    10 megapixels).
    """
    import rawpy

    info = read_info(path, ask_libraw=False)
    if info.light is not None:
        return _of_picture(info)
    try:
        with open_raw(path) as raw:
            info = fill_from_libraw(info, raw)
            # Much faster than to develop the photo.
            pixels = _embedded(raw, info.orientation)
            if pixels is None:
                pixels = _developed(raw, info.orientation)
            return PhotoPreview(info, pixels)
    except (rawpy.LibRawError, rawpy.NotSupportedError) as error:
        return PhotoPreview(info, problem=libraw_reason(error, path))
    except (OSError, UnicodeError, ValueError, MemoryError) as error:
        reason = translatable("{reason}", reason=error) if str(error) else ""
        return PhotoPreview(info, problem=reason or translatable("cannot be read"))


def _of_picture(info: PhotoInfo) -> PhotoPreview:
    """A PNG, JPEG or TIFF, which has no other preview than itself."""
    from lenscal.files.photos.screen import thumbnail
    from lenscal.raw.decode import decode_photo

    try:
        frame = decode_photo(info.path, info=info)
    except LenscalError as error:
        reason = error.reason if isinstance(error, PhotoError) else message_of(error)
        return PhotoPreview(info, problem=reason)
    return PhotoPreview(frame.info, thumbnail(frame))


def _embedded(raw: Any, orientation: int) -> NDArray[np.uint8] | None:
    import cv2
    import rawpy

    try:
        thumb = raw.extract_thumb()
    except rawpy.LibRawError:
        return None
    pixels: Any = None
    if thumb.format == rawpy.ThumbFormat.BITMAP:
        pixels = np.asarray(thumb.data)
    elif thumb.format == rawpy.ThumbFormat.JPEG and len(thumb.data) <= LARGEST_JPEG_BYTES:
        flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
        with suppress(cv2.error):
            pixels = cv2.imdecode(np.frombuffer(thumb.data, np.uint8), flags)
    if pixels is None or pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        return None
    if min(pixels.shape[:2]) < LEAST_PREVIEW_PX:
        return None
    return upright(_small(pixels), orientation)


def _developed(raw: Any, orientation: int) -> NDArray[np.uint8]:
    # Without demosaicing: four sites become one pixel. Turned here, since LibRaw and exiv2 need not
    # agree on how.
    pixels = raw.postprocess(
        half_size=True, use_camera_wb=True, output_bps=8, no_auto_bright=True, user_flip=0
    )
    return upright(_small(pixels), orientation)


def _small(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    import cv2

    # By area: previews are shown small, and details would alias.
    scale = PREVIEW_PX / max(pixels.shape[:2])
    if scale >= 1:
        return np.ascontiguousarray(pixels)
    height, width = (max(round(n * scale), 1) for n in pixels.shape[:2])
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
