"""LibRaw, through rawpy: opening a file, what it says of the photo, and why it gives up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from lenscal.raw.exif import clean_text, read_exif
from lenscal.raw.frame import PhotoInfo
from lenscal.raw.identity.place import SensorArea
from lenscal.raw.lens_setting import is_lens_name, is_made_from_zero
from lenscal.raw.levels import sound_white_balance
from lenscal.system.isolation.calls import isolated
from lenscal.system.streams.native_stderr import without_library_noise
from lenscal.translation import Translatable, join_translatable, translatable

_ORIENTATION_OF_FLIP = {0: 1, 1: 2, 2: 4, 3: 3, 4: 5, 5: 8, 6: 6, 7: 7}
"""EXIF's orientation for LibRaw's `flip`."""
_FULL_16_BITS = 65535
"""Where EXIF's sensitivity says no more than that it is larger."""
_JPEG_XL = 52546.0
"""DNG's number of the compression."""
_EARLIEST_YEAR = 1980
"""Cameras whose clock was never set count from 1970."""


@contextmanager
def open_raw(path: Path) -> Iterator[Any]:
    """The file for LibRaw, as rawpy.RawPy, whose words don't reach the terminal meanwhile.

    Raises
    ------
    rawpy.LibRawError, OSError
        It cannot be read, or is no RAW photo.
    """
    with without_library_noise(), _opened(path) as raw:
        yield raw


def _opened(path: Path) -> Any:
    """One whose name is not UTF-8 is handed over by its contents."""
    import rawpy

    try:
        return rawpy.imread(str(path))
    except UnicodeEncodeError:
        # rawpy takes no bytes for a name, but an open file.
        with path.open("rb") as stream:
            return rawpy.imread(stream)


def _no_raw_file(_path: Path, _reason: Translatable) -> bool:
    return False


@isolated(_no_raw_file)
def is_raw_file(path: Path) -> bool:
    """Whether LibRaw knows a file as a RAW photo, whatever its name."""
    import rawpy

    try:
        with open_raw(path):
            return True
    except (rawpy.LibRawError, rawpy.NotSupportedError):
        return False
    except (OSError, UnicodeError, ValueError, MemoryError):
        return False


def fill_from_libraw(info: PhotoInfo, raw: Any) -> PhotoInfo:
    """Fill in what exiv2 lacked, from an open rawpy.RawPy."""
    # exiv2 goes first: it reads maker notes, and LibRaw's numbers are single precision.
    sizes, other, lens = raw.sizes, raw.other, clean_text(raw.lens.model)
    lens = info.lens or (lens if is_lens_name(lens) else "")
    aperture = info.aperture or _within(other.aperture, 0.5, 128)
    if aperture is not None and is_made_from_zero(aperture, lens):
        aperture = info.aperture
    iso = None if other.iso_speed == _FULL_16_BITS else _within(other.iso_speed, 1, 2e7)
    return replace(
        info,
        width=int(sizes.width),
        height=int(sizes.height),
        area=SensorArea(
            int(sizes.raw_height),
            int(sizes.raw_width),
            int(sizes.top_margin),
            int(sizes.left_margin),
        ),
        lens=lens,
        aperture=aperture,
        says_white_balance=raw.num_colors == 1
        or info.dng.neutral is not None
        or sound_white_balance(raw.camera_whitebalance) is not None,
        focal_mm=info.focal_mm or _within(other.focal_length, 0.5, 5000),
        iso=info.iso or iso,
        exposure_s=info.exposure_s or _within(other.shutter_speed, 1e-7, 1e6),
        date_time=info.date_time or _timestamp(lambda: other.timestamp),
        orientation=info.orientation or _ORIENTATION_OF_FLIP.get(int(sizes.flip), 1),
    )


def _within(value: float, low: float, high: float) -> float | None:
    return float(value) if low <= value <= high else None


def _timestamp(read: Callable[[], Any]) -> str:
    """EXIF's way of writing a time; empty where rawpy cannot make one of what the file holds."""
    try:
        when = read()
        return f"{when:%Y:%m:%d %H:%M:%S}" if when.year >= _EARLIEST_YEAR else ""
    except (AttributeError, ValueError, OverflowError, OSError):
        return ""


def libraw_reason(error: Exception, path: Path) -> str:
    """Why LibRaw gave up on a file, in words, with its own message in brackets; and what to do."""
    import rawpy

    message = error.args[0] if error.args else ""
    detail = message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
    if _is_unsupported(error) and _is_cut_crw(path):
        reason = translatable("the file is cut off or damaged")
    elif _is_unsupported(error):
        reason = translatable(
            "no RAW photo, or a camera or compression that LibRaw {version} cannot read",
            version=".".join(map(str, rawpy.libraw_version)),
        )
    elif isinstance(error, rawpy.LibRawIOError):
        reason = translatable("the file is cut off or damaged")
    elif isinstance(error, rawpy.LibRawDataError):
        reason = translatable("the picture in the file is damaged")
    elif isinstance(error, rawpy.LibRawTooBigError):
        reason = translatable("the file claims a picture too large to be true")
    else:
        reason = translatable("LibRaw gave up")
    if detail:
        reason = translatable("{reason} ({detail})", reason=reason, detail=detail)
    advice = _conversion(path) if _is_unsupported(error) else ""
    return join_translatable("; ", [reason, advice]) if advice else reason


def _is_unsupported(error: Exception) -> bool:
    import rawpy

    return isinstance(error, rawpy.LibRawFileUnsupportedError | rawpy.NotSupportedError)


def _holds_jpeg_xl(path: Path) -> bool:
    exif = read_exif(path)
    groups = ("Image", "SubImage1", "SubImage2", "SubImage3")
    return exif is not None and any(
        exif.floats(f"Exif.{group}.Compression") == [_JPEG_XL] for group in groups
    )


def _is_cut_crw(path: Path) -> bool:
    """Whether it begins as a CRW file: their directory stands at the end, where one that was cut
    off has none."""
    try:
        with path.open("rb") as file:
            return file.read(14)[6:] == b"HEAPCCDR"
    except OSError:
        return False


def _conversion(path: Path) -> str:
    """What makes a file of it that LibRaw reads; empty where nothing is known to."""
    match path.suffix.lower():
        case ".gpr":
            return translatable(
                "GoPro's GPR has to be converted first: Adobe DNG Converter (free of charge) makes "
                "a DNG of it"
            )
        case ".dng" if _holds_jpeg_xl(path):
            return translatable(
                "it holds JPEG XL: let Adobe DNG Converter (free of charge) write it for Camera "
                "Raw 13.2 or earlier"
            )
        case ".nef" | ".cr3" | ".arw" | ".rw2" | ".orf" | ".raf" | ".pef" | ".iiq" | ".3fr":
            return translatable(
                "if other programs show it, let Adobe DNG Converter (free of charge) make a DNG "
                "of it"
            )
        case _:
            return ""
