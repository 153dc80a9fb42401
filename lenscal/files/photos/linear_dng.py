"""Corrected photos as linear DNG: camera RGB that RAW programs develop, white balance and colours
still open."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from lenscal.files.photos.colour import SPACES, develop, usable
from lenscal.files.photos.encoders import shrunk
from lenscal.files.photos.export_settings import Space
from lenscal.raw.frame import Frame
from lenscal.system.threads import in_order

_ASCII, _BYTE, _SHORT, _LONG, _RATIONAL, _SRATIONAL = 2, 1, 3, 4, 5, 10
_TILE = 512
_LINEAR_RAW, _JPEG, _D65 = 34892, 7, 21
_MOST_HEADROOM = 4.0
_THUMBNAIL_PX = 256
_ROWS = 256

ReadTile = Callable[[slice, slice], np.ndarray]
"""(rows, columns) -> float32 [h, w, 3], linear white-balanced camera RGB in sensor orientation."""


def write_linear_dng(path: Path, read: ReadTile, frame: Frame) -> None:
    """Write linear camera RGB as DNG 1.4, photometric LinearRaw: 16-bit lossless JPEG tiles, and a
    thumbnail.

    What the sensor's white level gives is WhiteLevel, so that programs clip highlights where the
    original's do. What lies above it (vignetting undone, overshoot at edges) is kept, up to 4 times
    white, for programs that can use it. BlackLevel is 0. There is no NoiseProfile: noise of a
    corrected photo is not that of its sensor.

    Parameters
    ----------
    path : Path
    read : callable
        As `ReadTile`; called from several threads.
    frame : Frame
        The decoded original: its size, white balance, colour matrix and camera.
    """
    import imagecodecs
    import tifffile

    height, width = frame.size
    white, scale = _levels(read, frame)

    def tile(corner: tuple[int, int]) -> bytes:
        y, x = corner
        part = read(slice(y, min(y + _TILE, height)), slice(x, min(x + _TILE, width)))
        values = np.clip(part * scale + np.float32(0.5), 0, 65535).astype(np.uint16)
        missing = ((0, _TILE - values.shape[0]), (0, _TILE - values.shape[1]), (0, 0))
        full = np.ascontiguousarray(np.pad(values, missing, mode="edge"))
        return bytes(
            imagecodecs.jpeg8_encode(
                full, lossless=True, bitspersample=16, predictor=1, optimize=True
            )
        )

    corners = [(y, x) for y in range(0, height, _TILE) for x in range(0, width, _TILE)]
    plain: dict[str, Any] = {"metadata": None, "software": False}
    with tifffile.TiffWriter(path) as tiff:
        about = _about_the_camera(frame)
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
            photometric=_LINEAR_RAW,
            compression=_JPEG,
            bitspersample=16,
            tile=(_TILE, _TILE),
            subfiletype=0,
            extratags=_about_the_values(white, width, height),
            **plain,
        )


def _levels(read: ReadTile, frame: Frame) -> tuple[int, np.ndarray]:
    """The value of WhiteLevel, and what white-balanced values are multiplied by, [3]."""
    height, width = frame.size
    peak = np.zeros(3)
    for y in range(0, height, _ROWS):
        strip = read(slice(y, min(y + _ROWS, height)), slice(0, width))
        peak = np.maximum(peak, [float(strip[..., c].max()) for c in range(3)])
    headroom = float(np.clip((peak / frame.white_balance).max(), 1.0, _MOST_HEADROOM))
    white = int(65535 / headroom)
    return white, (white / frame.white_balance).astype(np.float32)


def _thumbnail(read: ReadTile, frame: Frame) -> np.ndarray:
    """sRGB uint8, in sensor orientation as the photo itself."""
    height, width = frame.size
    step = max(1, max(height, width) // _THUMBNAIL_PX)
    lines = []
    for y in range(0, height - step + 1, step):
        line = read(slice(y, y + step), slice(0, width // step * step)).mean(axis=0)
        lines.append(line.reshape(width // step, step, 3).mean(axis=1))
    small = np.ascontiguousarray(np.stack(lines), np.float32)
    developed = develop(small, frame.colour_matrix, SPACES[Space.SRGB], np.dtype(np.uint8))
    return np.ascontiguousarray(shrunk(developed, (_THUMBNAIL_PX, _THUMBNAIL_PX)))


def _about_the_camera(frame: Frame) -> list[tuple[Any, ...]]:
    matrix: np.ndarray | None = frame.colour_matrix
    if matrix is None or not usable(matrix):
        matrix = np.linalg.inv(SPACES[Space.SRGB].to_xyz) / frame.white_balance[:, None]
    info = frame.info
    return [
        (271, _ASCII, 0, _ascii(info.make), True),
        (272, _ASCII, 0, _ascii(info.model), True),
        (274, _SHORT, 1, info.orientation, True),
        (50706, _BYTE, 4, (1, 4, 0, 0), True),
        (50707, _BYTE, 4, (1, 2, 0, 0), True),
        (50708, _ASCII, 0, _ascii(info.camera) or "unknown", True),
        (50721, _SRATIONAL, 9, _ratios(matrix.ravel()), True),
        (50728, _RATIONAL, 3, _ratios(1 / frame.white_balance), True),
        (50778, _SHORT, 1, _D65, True),
        (50827, _ASCII, 0, info.path.name.encode("utf-8", "replace") + b"\0", True),
    ]


def _about_the_values(white: int, width: int, height: int) -> list[tuple[Any, ...]]:
    return [
        (50713, _SHORT, 2, (1, 1), True),
        (50714, _RATIONAL, 3, _ratios((0, 0, 0)), True),
        (50717, _LONG, 3, (white,) * 3, True),
        (50718, _RATIONAL, 2, _ratios((1, 1)), True),
        (50719, _RATIONAL, 2, _ratios((0, 0)), True),
        (50720, _RATIONAL, 2, _ratios((width, height)), True),
    ]


def _ratios(values: Any) -> tuple[int, ...]:
    """Numerators and denominators in turns, as tifffile takes them."""
    found = (Fraction(float(v)).limit_denominator(1_000_000) for v in values)
    return tuple(n for ratio in found for n in (ratio.numerator, ratio.denominator))


def _ascii(text: str) -> str:
    return text.encode("ascii", "replace").decode()
