"""Corrected photos as linear DNG: camera RGB that RAW programs develop, white balance and colours
still open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.files.photos import dng_tags
from lenscal.files.photos.colour import SPACES, develop, usable
from lenscal.files.photos.dng_tags import D65, LOSSLESS_JPEG, ExtraTag, Tag, tile_px
from lenscal.files.photos.encoders import shrunk
from lenscal.files.photos.export_settings import Space
from lenscal.raw.frame import Frame, PhotoHeader
from lenscal.system.threads import in_order

# DNG's number of the photometric interpretation.
LINEAR_RAW = 34892
# Values up to so many times white are kept: more would leave too few bits for the shadows.
MAX_HEADROOM = 4.0
THUMBNAIL_PX = 256
# Rows read at a time to find the peak: memory, not speed.
STRIP_ROWS = 256

ReadTile = Callable[[slice, slice], NDArray[np.float32]]
"""(rows, columns) -> float32 [h, w, 3], linear white-balanced camera RGB in sensor orientation."""


def write_linear_dng(
    path: Path, read: ReadTile, frame: Frame | PhotoHeader, *, is_private: bool = False
) -> None:
    """Write linear camera RGB as DNG 1.4, photometric LinearRaw: 16-bit lossless JPEG tiles, and a
    thumbnail.

    What the sensor's white level gives is WhiteLevel, so that programs clip highlights where the
    original's do. What a DNG says of how it is to be developed (BaselineExposure, crops, colours)
    is said again. What lies above WhiteLevel (vignetting undone, overshoot at edges) is kept, up to
    4 times white, for programs that can use it. BlackLevel is 0: LibRaw takes a level that is told
    for each channel off the values, but not off the white level, and all would be too dark. So
    noise below black is cut; for measuring there is the space camera-linear. There is no
    NoiseProfile: noise of a corrected photo is not that of its sensor.

    Parameters
    ----------
    path : Path
    read : callable
        As `ReadTile`; called from several threads.
    frame : Frame
        The decoded original: its size, white balance, colour matrix and camera.
    is_private : bool
        Whether the original's name is left out.
    """
    import imagecodecs
    import tifffile

    height, width = frame.size
    side = tile_px(width)
    white, scale = _levels(read, frame)

    def tile(corner: tuple[int, int]) -> bytes:
        y, x = corner
        # Only this tile's part of the photo is in memory.
        part = read(slice(y, min(y + side, height)), slice(x, min(x + side, width)))
        values = np.clip(part * scale + np.float32(0.5), 0, 65535).astype(np.uint16)
        # DNG's tiles are whole: those at the border are filled up.
        padding = ((0, side - values.shape[0]), (0, side - values.shape[1]), (0, 0))
        full = np.ascontiguousarray(np.pad(values, padding, mode="edge"))
        return bytes(
            imagecodecs.jpeg8_encode(
                full, lossless=True, bitspersample=16, predictor=1, optimize=True
            )
        )

    corners = [(y, x) for y in range(0, height, side) for x in range(0, width, side)]
    plain: dict[str, Any] = {"metadata": None, "software": False}
    with tifffile.TiffWriter(path) as tiff:
        about = _about_the_camera(frame)
        if not is_private:
            about.append(dng_tags.text(Tag.ORIGINAL_RAW_FILE_NAME, frame.info.path.name))
        tiff.write(
            _thumbnail(read, frame),
            photometric="rgb",
            subifds=1,
            subfiletype=1,
            extratags=about,
            **plain,
        )
        tiff.write(
            in_order(tile, corners),
            shape=(height, width, 3),
            dtype=np.uint16,
            photometric=LINEAR_RAW,
            compression=LOSSLESS_JPEG,
            bitspersample=16,
            tile=(side, side),
            subfiletype=0,
            extratags=_about_the_values(white, frame),
            **plain,
        )


def _levels(read: ReadTile, frame: Frame | PhotoHeader) -> tuple[int, NDArray[np.float32]]:
    """The value of WhiteLevel, and what white-balanced values are multiplied by, [3]."""
    height, width = frame.size
    peak = np.zeros(3)
    for y in range(0, height, STRIP_ROWS):
        strip = read(slice(y, min(y + STRIP_ROWS, height)), slice(0, width))
        # Per channel, since white balance scales each by its own factor.
        peak = np.maximum(peak, [float(strip[..., c].max()) for c in range(3)])
    # One factor for all channels, or highlights would change their colour.
    headroom = float(np.clip((peak / frame.white_balance).max(), 1.0, MAX_HEADROOM))
    white = int(65535 / headroom)
    return white, (white / frame.white_balance).astype(np.float32)


def _thumbnail(read: ReadTile, frame: Frame | PhotoHeader) -> NDArray[np.uint8]:
    """sRGB uint8, in sensor orientation as the photo itself."""
    height, width = frame.size
    # Lines are averaged before they are kept: the whole photo may not fit.
    step = max(1, max(height, width) // THUMBNAIL_PX)
    lines = []
    for y in range(0, height - step + 1, step):
        line = read(slice(y, y + step), slice(0, width // step * step)).mean(axis=0)
        lines.append(line.reshape(width // step, step, 3).mean(axis=1))
    small = np.ascontiguousarray(np.stack(lines), np.float32)
    thumbnail = develop(small, frame.colour_matrix, SPACES[Space.SRGB], np.dtype(np.uint8))
    return np.ascontiguousarray(shrunk(thumbnail, (THUMBNAIL_PX, THUMBNAIL_PX)))


def _about_the_camera(frame: Frame | PhotoHeader) -> list[ExtraTag]:
    matrix: NDArray[np.floating] | None = frame.colour_matrix
    if matrix is None or not usable(matrix):
        # The camera's primaries are taken to be those of sRGB, as in exports.
        matrix = np.linalg.inv(SPACES[Space.SRGB].to_xyz) / frame.white_balance[:, None]
    info = frame.info
    return [
        dng_tags.text(Tag.MAKE, _ascii(info.make)),
        dng_tags.text(Tag.MODEL, _ascii(info.model)),
        dng_tags.shorts(Tag.ORIENTATION, info.orientation),
        dng_tags.byte_values(Tag.DNG_VERSION, 1, 4, 0, 0),
        # LinearRaw came with this version.
        dng_tags.byte_values(Tag.DNG_BACKWARD_VERSION, 1, 2, 0, 0),
        dng_tags.text(Tag.UNIQUE_CAMERA_MODEL, _ascii(info.camera) or "unknown"),
        dng_tags.signed_rationals(Tag.COLOR_MATRIX_1, matrix.ravel()),
        dng_tags.rationals(Tag.AS_SHOT_NEUTRAL, 1 / frame.white_balance),
        dng_tags.shorts(Tag.CALIBRATION_ILLUMINANT_1, D65),
    ]


def _about_the_values(white: int, frame: Frame | PhotoHeader) -> list[ExtraTag]:
    height, width = frame.size
    dng = frame.info.dng
    top, left, rows, cols = dng.default_crop or (0, 0, height, width)
    # Programs cut other parts off a photo than the original's, or none that was set in the camera.
    user_crop = []
    if dng.user_crop is not None:
        user_crop.append(dng_tags.rationals(Tag.DEFAULT_USER_CROP, dng.user_crop))
    return [
        dng_tags.shorts(Tag.BLACK_LEVEL_REPEAT_DIM, 1, 1),
        dng_tags.rationals(Tag.BLACK_LEVEL, (0, 0, 0)),
        dng_tags.longs(Tag.WHITE_LEVEL, white, white, white),
        dng_tags.rationals(Tag.DEFAULT_SCALE, (1, 1)),
        dng_tags.rationals(Tag.DEFAULT_CROP_ORIGIN, (left, top)),
        # A decoder's visible area may be smaller than the file's own.
        dng_tags.rationals(
            Tag.DEFAULT_CROP_SIZE, (min(cols, width - left), min(rows, height - top))
        ),
        *user_crop,
    ]


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()
