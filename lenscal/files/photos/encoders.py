"""Pixels to TIFF, PNG and JPEG files, a few rows at a time, so that memory does not grow with the
photo."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal import __version__
from lenscal.system.threads import in_order

STRIP_ROWS = 64
# Higher ones take half as much time again and save nothing: the low bits of a photo are noise.
_DEFLATE_LEVEL = 1


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels that are made when they are asked for.

    Attributes
    ----------
    shape : tuple
        (height, width) or (height, width, 3).
    dtype : numpy dtype
    rows : callable
        slice of rows -> array of that many rows. Called from several threads.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    rows: Callable[[slice], NDArray[Any]]

    def strips(self, rows: int = STRIP_ROWS) -> list[slice]:
        """The rows cut into strips, the last one shorter."""
        height = self.shape[0]
        return [slice(y, min(y + rows, height)) for y in range(0, height, rows)]

    def whole(self) -> NDArray[Any]:
        """All rows at once, for encoders that cannot do otherwise."""
        out = np.empty(self.shape, self.dtype)
        for strip in self.strips():
            out[strip] = self.rows(strip)
        return out


def encode_tiff(
    path: Path,
    picture: Picture,
    icc: bytes | None,
    *,
    pixels_per_m: tuple[float, float] | None = None,
) -> None:
    """A TIFF of strips: integers deflated with horizontal differences, floating-point numbers as
    they are.

    pixels_per_m : (x, y), where it is known
    """
    import imagecodecs
    import tifffile

    packed = picture.dtype.kind == "u"
    colour = len(picture.shape) == 3

    def strip(rows: slice) -> bytes:
        pixels = np.ascontiguousarray(picture.rows(rows))
        if not packed:
            return pixels.tobytes()
        # Neighbours are alike: differences are small numbers, which deflate better.
        differences = imagecodecs.delta_encode(pixels, axis=1)
        return bytes(imagecodecs.deflate_encode(differences.tobytes(), level=_DEFLATE_LEVEL))

    tifffile.imwrite(
        path,
        in_order(strip, picture.strips()),
        shape=picture.shape,
        dtype=picture.dtype,
        photometric="rgb" if colour else "minisblack",
        iccprofile=icc,
        metadata=None,
        software=False,
        rowsperstrip=STRIP_ROWS,
        compression="adobe_deflate" if packed else None,
        predictor=packed,
        resolution=None if pixels_per_m is None else (pixels_per_m[0] / 100, pixels_per_m[1] / 100),
        resolutionunit=None if pixels_per_m is None else "CENTIMETER",
    )


def encode_png(
    path: Path,
    picture: Picture,
    icc: bytes | None,
    *,
    gamma: float | None = None,
    pixels_per_m: tuple[float, float] | None = None,
) -> None:
    """A PNG of 8 or 16 bits, grey or RGB; every row as differences from the pixel to the left.

    gamma : what linear light was raised to, where that is neither sRGB's nor in the profile
    pixels_per_m : (x, y), where it is known

    By hand: imagecodecs' encoder takes the whole photo, which may be larger than the memory.
    """
    height, width = picture.shape[:2]
    samples = 3 if len(picture.shape) == 3 else 1
    size = samples * picture.dtype.itemsize

    def strip(rows: slice) -> bytes:
        # PNG's byte order.
        big_endian = picture.rows(rows).astype(picture.dtype.newbyteorder(">"))
        plain = np.frombuffer(big_endian.tobytes(), np.uint8).reshape(
            rows.stop - rows.start, width * size
        )
        lines = np.empty((len(plain), 1 + width * size), np.uint8)
        lines[:, 0] = 1  # PNG's filter "Sub"
        lines[:, 1 : 1 + size] = plain[:, :size]
        np.subtract(plain[:, size:], plain[:, :-size], out=lines[:, 1 + size :])
        return lines.tobytes()

    # Differences hardly ever repeat but in runs: no time goes into a search.
    packer = zlib.compressobj(_DEFLATE_LEVEL, strategy=zlib.Z_RLE)
    kind = 2 if samples == 3 else 0
    header = struct.pack(">IIBBBBB", width, height, 8 * picture.dtype.itemsize, kind, 0, 0, 0)
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header))
        # Masks have no other metadata.
        file.write(_chunk(b"tEXt", f"Software\0lenscal {__version__}".encode("latin-1")))
        if icc is not None:
            file.write(_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(icc)))
        elif gamma is not None:
            file.write(_chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000))))
        if pixels_per_m is not None:
            x, y = (round(n) for n in pixels_per_m)
            file.write(_chunk(b"pHYs", struct.pack(">IIB", x, y, 1)))
        for lines in in_order(strip, picture.strips()):
            if packed := packer.compress(lines):
                file.write(_chunk(b"IDAT", packed))
        file.write(_chunk(b"IDAT", packer.flush()) + _chunk(b"IEND", b""))


def _chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(content, zlib.crc32(name)))
    )


def encode_jpeg(path: Path, picture: Picture, quality: int) -> bytes:
    """A JPEG without chroma subsampling; returns a thumbnail as JPEG."""
    import imagecodecs

    # libjpeg's interface here takes the whole picture; 8 bits a channel fit.
    pixels = picture.whole()
    subsampling = "444" if pixels.ndim == 3 else None
    path.write_bytes(
        imagecodecs.jpeg8_encode(pixels, level=quality, subsampling=subsampling, optimize=True)
    )
    return bytes(imagecodecs.jpeg8_encode(shrunk(pixels, (120, 160)), level=80))


def shrunk(pixels: NDArray[Any], within: tuple[int, int]) -> NDArray[Any]:
    """Pixels [H, W, 3] averaged down to fit into (height, width), never enlarged."""
    import cv2

    height, width = pixels.shape[:2]
    # Never enlarged: a small photo is its own thumbnail.
    scale = min(1.0, within[0] / height, within[1] / width)
    # At least a pixel, also of a panorama.
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
