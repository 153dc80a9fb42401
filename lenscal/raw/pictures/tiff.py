"""TIFF files: what they say of their pixels, and the pixels."""

from __future__ import annotations

import logging
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import PhotoError
from lenscal.raw.pictures.header import (
    MOST_ICC_BYTES,
    PictureHeader,
    check_size,
    cmyk,
    cut_off,
    first_of_several,
    palette,
    refuse_few_bits,
    transparency,
)
from lenscal.raw.pictures.kinds import PictureKind
from lenscal.system.streams.native_stderr import without_library_noise
from lenscal.translation import translatable

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _SEPARATED, _YCBCR = 0, 1, 2, 3, 5, 6
"""TIFF's numbers of photometric interpretations."""
_MOSAIC, _LINEAR_RAW = 32803, 34892
"""DNG's."""
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
"""TIFF's numbers of sample formats."""
_ICC_TAG = 34675
_PER_M = {2: 1 / 0.0254, 3: 100.0}
"""Of TIFF's units inch and centimetre."""
_MOST_PAGES = 100_000
"""Counted; stacks of more are told as so many."""


def read_tiff_header(path: Path) -> PictureHeader:
    """See `read_header`."""
    with _opened(path) as tiff:
        page = _page(tiff)
        # Before anything of its size is allocated.
        check_size(path, page.imagewidth, page.imagelength)
        _refuse_odd(path.name, page)
        _refuse_missing_data(path, page)
        notes = [transparency()] if _has_alpha(page) else []
        n_pages = _count(tiff)
        if n_pages > 1:
            notes.append(first_of_several(n_pages))
        icc = page.tags.get(_ICC_TAG)
        return PictureHeader(
            PictureKind.TIFF,
            int(page.imagewidth),
            int(page.imagelength),
            colours=_colours(page),
            bits=int(page.bitspersample),
            is_float=page.sampleformat == _FLOAT,
            icc=bytes(icc.value)[:MOST_ICC_BYTES] if icc is not None else b"",
            has_alpha=_has_alpha(page),
            pixels_per_m=_resolution(page),
            notes=tuple(notes),
        )


def read_tiff_pixels(path: Path) -> NDArray[Any]:
    """[h, w] or [h, w, n] of the picture that `read_tiff_header` describes."""
    with _opened(path) as tiff:
        page = _page(tiff)
        pixels = np.asarray(page.asarray(maxworkers=1))
        # Planes one after the other, as some programs write them.
        if pixels.ndim == 3 and page.planarconfig == 2 and page.samplesperpixel > 1:
            pixels = np.moveaxis(pixels, 0, -1)
        if page.photometric == _WHITE_IS_ZERO and pixels.dtype.kind == "u":
            pixels = np.asarray((2**page.bitspersample - 1) - pixels, pixels.dtype)
        return pixels


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import tifffile

    # What is odd about a file is said by us, once, and not on standard error.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)
    try:
        with without_library_noise(), tifffile.TiffFile(path) as tiff:
            yield tiff
    except PhotoError:
        raise
    except OSError:
        raise
    except MemoryError:
        raise
    # Of damaged files tifffile and its codecs raise whatever happens first.
    except (
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
        struct.error,
        zlib.error,
    ) as error:
        reason = translatable("is damaged, or of a kind that cannot be read ({error})", error=error)
        raise PhotoError(path.name, reason) from error


def _page(tiff: Any) -> Any:
    """The first picture that is no small copy of another one."""
    first = tiff.pages[0]
    if first.is_reduced and len(tiff.pages) > 1 and not tiff.pages[1].is_reduced:
        return tiff.pages[1]
    return first


def _count(tiff: Any) -> int:
    """Pictures in a file, without small copies and masks."""
    n = 0
    for number, page in enumerate(tiff.pages):
        if number >= _MOST_PAGES:
            break
        # Pages behind the first are read as far as their tags only where these are asked for.
        n += not (int(getattr(page, "subfiletype", 0)) & 5)
    return n


def _resolution(page: Any) -> tuple[float, float] | None:
    per_m = _PER_M.get(int(page.resolutionunit))
    x, y = page.resolution
    return (float(x) * per_m, float(y) * per_m) if per_m and x > 0 and y > 0 else None


def _colours(page: Any) -> int:
    return 3 if page.photometric in (_RGB, _YCBCR) else 1


def _has_alpha(page: Any) -> bool:
    return bool(page.samplesperpixel > _colours(page))


def _refuse_odd(name: str, page: Any) -> None:
    """Refuse what is no photo in grey or RGB."""
    if page.photometric == _PALETTE:
        raise palette(name)
    if page.photometric == _SEPARATED:
        raise cmyk(name)
    if page.photometric in (_MOSAIC, _LINEAR_RAW):
        raise PhotoError(name, translatable("holds RAW data: give it the suffix .dng"))
    if page.photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _YCBCR):
        reason = translatable(
            "colours of kind {kind}: convert it to RGB first", kind=int(page.photometric)
        )
        raise PhotoError(name, reason)
    bits = page.bitspersample
    if not isinstance(bits, int):
        raise PhotoError(name, translatable("its colours have different numbers of bits"))
    refuse_few_bits(name, bits)
    if page.sampleformat not in (_UNSIGNED, _FLOAT):
        raise PhotoError(name, translatable("values with a sign: convert it to unsigned ones"))
    # More than alpha and one more are layers, or a spectrum.
    if page.samplesperpixel - _colours(page) not in (0, 1) or page.imagedepth != 1:
        reason = translatable(
            "{n} values a pixel: grey and RGB pictures can be used", n=page.samplesperpixel
        )
        raise PhotoError(name, reason)


def _refuse_missing_data(path: Path, page: Any) -> None:
    """tifffile fills up what is missing with zeros."""
    size = path.stat().st_size
    pieces = list(zip(page.dataoffsets, page.databytecounts, strict=False))
    if not pieces or any(offset + n > size or n == 0 for offset, n in pieces):
        raise cut_off(path.name)
