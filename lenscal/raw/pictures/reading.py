"""A picture's file: what it says of its pixels, and the pixels as they are stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import PhotoError
from lenscal.raw.pictures.header import PictureHeader, check_size, cut_off
from lenscal.raw.pictures.kinds import PictureKind, kind_by_content
from lenscal.raw.pictures.png_jpeg import jpeg_header, png_header
from lenscal.raw.pictures.tiff import read_tiff_header, read_tiff_pixels
from lenscal.system.streams.native_stderr import without_library_noise
from lenscal.translation import translatable

MOST_FILE_BYTES = 4 * 2**30


def read_header(path: Path) -> PictureHeader:
    """Look into a picture.

    Raises
    ------
    PhotoError
        It is no PNG, JPEG or TIFF, is damaged, has no photo's values (palette, CMYK, 1 bit), or is
        too large to be true.
    OSError
        It cannot be read.
    """
    kind = kind_by_content(path)
    if kind is None:
        raise PhotoError(path.name, translatable("is no PNG, JPEG or TIFF picture, or is damaged"))
    if path.stat().st_size > MOST_FILE_BYTES:
        raise PhotoError(path.name, translatable("more than 4 GB: too large"))
    if kind is PictureKind.TIFF:
        header = read_tiff_header(path)
    else:
        content = path.read_bytes()
        read = png_header if kind is PictureKind.PNG else jpeg_header
        try:
            header = read(path.name, content)
        except (IndexError, ValueError) as error:
            raise cut_off(path.name) from error
    check_size(path, header.width, header.height)
    return header


def read_pixels(path: Path, header: PictureHeader) -> NDArray[Any]:
    """The stored values [h, w] of a grey picture or [h, w, 3], without alpha and not turned.

    Raises
    ------
    PhotoError
        The file is damaged, or cannot be unpacked.
    """
    pixels = _unpacked(path, header)
    if pixels.shape[:2] != (header.height, header.width):
        raise cut_off(path.name)
    if header.colours == 1:
        grey = pixels if pixels.ndim == 2 else pixels[..., 0]
        return np.ascontiguousarray(grey)
    if pixels.ndim != 3 or pixels.shape[2] < 3:
        raise cut_off(path.name)
    return np.ascontiguousarray(pixels[..., :3])


def _unpacked(path: Path, header: PictureHeader) -> NDArray[Any]:
    import imagecodecs

    if header.kind is PictureKind.TIFF:
        return read_tiff_pixels(path)
    decode = imagecodecs.png_decode if header.kind is PictureKind.PNG else imagecodecs.jpeg8_decode
    try:
        with without_library_noise():
            return np.asarray(decode(path.read_bytes()))
    except (RuntimeError, ValueError) as error:
        reason = translatable("the picture in the file is damaged ({error})", error=error)
        raise PhotoError(path.name, reason) from error
