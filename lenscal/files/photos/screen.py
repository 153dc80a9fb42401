"""Photos for the screen: developed by the code of an export, small, or as a pyramid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from lenscal.raw.frame import Frame

THUMBNAIL_PX = 160


def to_screen(
    rgb: NDArray[np.float32],
    frame: Frame,
    *,
    turned: bool = True,
    origin: tuple[int, int] | None = (0, 0),
) -> NDArray[np.uint8]:
    """Camera-linear float32 [h, w, 3] as uint8 sRGB, through the same code as an export.

    turned : upright; otherwise as the sensor lay
    origin : (y, x) of its first pixel in the photo; None for pixels from all over it
    """
    from lenscal.files.photos.colour import SPACES, STRIP_ROWS, develop
    from lenscal.files.photos.export_settings import Space
    from lenscal.files.photos.highlights import neutral_highlights
    from lenscal.files.photos.photo_files import upright
    from lenscal.raw.pictures.kinds import Light

    if frame.info.light is Light.STORED:
        # Made to be looked at as they are.
        pixels = (np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8)
        return upright(pixels, frame.info.orientation) if turned else pixels
    pixels = np.empty(rgb.shape, np.uint8)
    limit = np.broadcast_to(frame.white_balance * frame.clipping, rgb.shape)
    for top in range(0, len(rgb), STRIP_ROWS):
        rows = slice(top, min(top + STRIP_ROWS, len(rgb)))
        here = limit[rows]
        if origin is not None:
            (y, x), (height, width) = origin, here.shape[:2]
            here = frame.limit_tile(slice(y + top, y + top + height), slice(x, x + width))
        white = neutral_highlights(rgb[rows], here, np.ones(3, np.float32), guess=True)
        pixels[rows] = develop(white, frame.colour_matrix, SPACES[Space.SRGB], pixels.dtype)
    return upright(pixels, frame.info.orientation) if turned else pixels


def thumbnail(frame: Frame) -> NDArray[np.uint8]:
    """uint8 sRGB [h, w, 3], upright, the longer side THUMBNAIL_PX px or a little more."""
    # Every step-th pixel instead of a mean: a survey reads hundreds of photos, and at this size
    # nobody sees the difference.
    step = max(max(frame.size) // THUMBNAIL_PX, 1)
    rgb = frame.linear(frame.rgb[::step, ::step])
    return to_screen(rgb, frame, origin=None)


def pyramid(pixels: NDArray[Any], *, smallest_px: int = 600) -> tuple[NDArray[Any], ...]:
    """The picture, then halved again and again until its longer side is at most `smallest_px`."""
    import cv2

    levels = [np.ascontiguousarray(pixels)]
    while max(levels[-1].shape[:2]) > smallest_px:
        height, width = levels[-1].shape[0] // 2, levels[-1].shape[1] // 2
        # Whole pairs only: INTER_AREA then is the mean of 2 x 2, and levels stay in register.
        even = levels[-1][: 2 * height, : 2 * width]
        halved = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
        levels.append(halved)
    return tuple(levels)
