"""What a photo's metadata says: exiv2 first, LibRaw for what it lacks. Odd values count as
unknown."""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from lenscal.raw.frame import PhotoInfo

EXIV2_LOCK = threading.Lock()
"""exiv2's XMP parser and its log settings are global: one thread at a time reads or writes
metadata."""

_NOISE_PROFILE = (
    "Exif.Image.NoiseProfile",
    "Exif.SubImage1.NoiseProfile",
    "Exif.SubImage2.NoiseProfile",
    "Exif.Image.0xc761",
    "Exif.SubImage1.0xc761",
    "Exif.SubImage2.0xc761",
)
_D65 = 21
_TURNED = {0: 1, 3: 3, 5: 8, 6: 6}
"""EXIF Orientation of LibRaw's `flip`."""


def read_info(path: Path, *, ask_libraw: bool = True) -> PhotoInfo:
    """Read a photo's metadata; what is missing, odd or unreadable stays unknown. Never raises for
    odd files.

    Parameters
    ----------
    path : Path
    ask_libraw : bool
        Whether LibRaw fills in what exiv2 lacks, the size among it. It unpacks the photo for that
        (0.05 to 0.5 s at 24 MP); without it width and height are 0.
    """
    info = PhotoInfo(path, orientation=0)
    exif = _read_exif(path)
    if exif is not None:
        info = _from_exif(info, exif)
    if not ask_libraw:
        return info
    import rawpy

    try:
        with open_raw(path) as raw:
            return fill_from_libraw(info, raw)
    except (rawpy.LibRawError, OSError, UnicodeError, ValueError, MemoryError):
        return info


def read_pixel_pitch_um(path: Path) -> float | None:
    """Distance of the sensor's pixels in um from EXIF FocalPlaneXResolution; None where it is
    absent or odd."""
    exif = _read_exif(path)
    if exif is None:
        return None
    per_unit = _floats(exif, "Exif.Photo.FocalPlaneXResolution")[:1]
    unit = _floats(exif, "Exif.Photo.FocalPlaneResolutionUnit")[:1] or [2.0]
    um = {2.0: 25400.0, 3.0: 10000.0, 4.0: 1000.0, 5.0: 1.0}.get(unit[0])
    if not per_unit or um is None or not math.isfinite(per_unit[0]) or per_unit[0] <= 0:
        return None
    pitch = um / per_unit[0]
    return pitch if 0.5 <= pitch <= 50 else None


def read_colour_matrix(path: Path) -> np.ndarray | None:
    """DNG ColorMatrix for D65 (else for the other illuminant), XYZ to camera RGB, float32 [3, 3];
    None if absent."""
    exif = _read_exif(path)
    if exif is None:
        return None
    found: dict[int, np.ndarray] = {}
    for n in (1, 2):
        values = _floats(exif, f"Exif.Image.ColorMatrix{n}")
        if len(values) == 9 and all(map(math.isfinite, values)) and any(values):
            light = _floats(exif, f"Exif.Image.CalibrationIlluminant{n}")
            found[int(light[0]) if light else -n] = np.array(values, np.float32).reshape(3, 3)
    return found.get(_D65, next(reversed(found.values()))) if found else None


def missing_data(path: Path) -> str:
    """What a DNG promises but does not hold: its strips and tiles, in words; empty where all are
    there.

    LibRaw leaves missing tiles as they are in its memory, which may be the photo before.
    """
    exif = _read_exif(path)
    if exif is None:
        return "" if path.suffix.lower() != ".dng" else "its directory is damaged"
    size = path.stat().st_size
    with path.open("rb") as file:
        for group in ("Image", *(f"SubImage{n}" for n in range(1, 10))):
            lossless_jpeg = _floats(exif, f"Exif.{group}.Compression")[:1] == [7.0]
            for kind in ("Strip", "Tile"):
                offsets = _integers(exif, f"Exif.{group}.{kind}Offsets")
                lengths = _integers(exif, f"Exif.{group}.{kind}ByteCounts")
                if len(offsets) != len(lengths):
                    return f"{len(offsets)} {kind.lower()}s, but {len(lengths)} lengths"
                cut = sum(a + n > size for a, n in zip(offsets, lengths, strict=True))
                if cut:
                    return f"{cut} of {len(offsets)} {kind.lower()}s of picture data are missing"
                if lossless_jpeg and not all(_starts_jpeg(file, a) for a in offsets):
                    return f"{kind.lower()}s of picture data are blank"
    return ""


def _starts_jpeg(file: BinaryIO, offset: int) -> bool:
    file.seek(offset)
    return file.read(2) == b"\xff\xd8"


def _integers(exif: _Exif, key: str) -> list[int]:
    datum = exif.find(key)
    if datum is None:
        return []
    value = datum.getValue()
    return [int(value.toInt64(i)) for i in range(value.count())]


def open_image(path: Path) -> Any:
    """The file for exiv2, which takes no name that is not UTF-8: such a file is handed over by its
    contents.

    Raises
    ------
    exiv2.Exiv2Error, OSError
        It cannot be read, or is no picture.
    """
    import exiv2

    try:
        return exiv2.ImageFactory.open(str(path))
    except TypeError:
        return exiv2.ImageFactory.open(path.read_bytes())


def open_raw(path: Path) -> Any:
    """The file for LibRaw, as rawpy.RawPy; one whose name is not UTF-8 is handed over by its
    contents.

    Raises
    ------
    rawpy.LibRawError, OSError
        It cannot be read, or is no RAW photo.
    """
    import rawpy

    try:
        return rawpy.imread(str(path))
    except UnicodeEncodeError:
        with path.open("rb") as stream:
            return rawpy.imread(stream)


def _read_exif(path: Path) -> Any:
    import exiv2

    with EXIV2_LOCK:
        exiv2.LogMsg.setLevel(exiv2.LogMsg.Level.mute)
        try:
            image = open_image(path)
            image.readMetadata()
            return _Exif(image)
        except (exiv2.Exiv2Error, OSError, UnicodeError, ValueError):
            return None


class _Exif:
    """EXIF data that stays alive as long as its image."""

    def __init__(self, image: Any) -> None:
        self.image = image
        self.data = image.exifData()

    def find(self, key: str) -> Any:
        import exiv2

        try:
            datum = self.data.findKey(exiv2.ExifKey(key))
        except exiv2.Exiv2Error:
            return None
        return None if datum == self.data.end() else datum

    def easy(self, name: str) -> Any:
        """What exiv2 itself looks up in standard tags and maker notes."""
        import exiv2

        datum = getattr(exiv2, name)(self.data)
        return None if datum is None or datum == self.data.end() else datum

    def text(self, datum: Any) -> str:
        import exiv2

        try:
            return clean_text(datum.print(self.data))
        except (exiv2.Exiv2Error, UnicodeError):
            return ""


def clean_text(text: str) -> str:
    """Printable characters of an EXIF string, blanks collapsed; empty where the bytes were not
    text."""
    text = text.split("\0", 1)[0]
    if any("\udc80" <= ch <= "\udcff" or (ord(ch) < 32 and ch not in "\t\r\n") for ch in text):
        return ""
    return " ".join(text.split())


def _from_exif(info: PhotoInfo, exif: _Exif) -> PhotoInfo:
    profile = next((v for v in (_floats(exif, key) for key in _NOISE_PROFILE) if v), [])
    return replace(
        info,
        make=_first_text(exif, ("Exif.Image.Make", "Exif.Image.UniqueCameraModel")),
        model=_first_text(exif, ("Exif.Image.Model", "Exif.Image.UniqueCameraModel")),
        camera_serial=_serial(exif),
        lens=_lens(exif),
        lens_serial=_first_text(exif, ("Exif.Photo.LensSerialNumber",)),
        aperture=_aperture(exif),
        focal_mm=_number(
            exif,
            ("Exif.Photo.FocalLength", "Exif.Image.FocalLength"),
            "focalLength",
            r"([\d.]+) ?mm",
            0.5,
            5000,
        ),
        focus_distance_m=_number(
            exif, ("Exif.Photo.SubjectDistance",), "subjectDistance", r"([\d.]+) ?m", 1e-3, 1e4
        ),
        iso=_number(
            exif,
            ("Exif.Photo.ISOSpeedRatings", "Exif.Image.ISOSpeedRatings"),
            "isoSpeed",
            r"([\d.]+)",
            1,
            2e7,
        ),
        exposure_s=_number(
            exif, ("Exif.Photo.ExposureTime", "Exif.Image.ExposureTime"), None, "", 1e-7, 1e6
        ),
        taken=_first_text(exif, ("Exif.Photo.DateTimeOriginal", "Exif.Image.DateTimeOriginal")),
        orientation=int(_number(exif, ("Exif.Image.Orientation",), None, "", 1, 8) or 0),
        noise_profile=_noise_pairs(profile),
    )


def _floats(exif: _Exif, key: str) -> list[float]:
    datum = exif.find(key)
    if datum is None:
        return []
    try:
        value = datum.getValue()
        return [_exact(value, i) for i in range(min(value.count(), 64))]
    except (ZeroDivisionError, ValueError, IndexError):
        return []


def _exact(value: Any, index: int) -> float:
    import exiv2

    if value.typeId() in (exiv2.TypeId.unsignedRational, exiv2.TypeId.signedRational):
        numerator, denominator = value.toRational(index)
        return numerator / denominator
    return float(value.toFloat(index))


def _noise_pairs(values: list[float]) -> tuple[tuple[float, float], ...]:
    if len(values) not in (2, 6) or not all(map(math.isfinite, values)):
        return ()
    pairs = tuple((values[i], max(values[i + 1], 0.0)) for i in range(0, len(values), 2))
    return pairs if all(a > 0 for a, _ in pairs) else ()


def _first_text(exif: _Exif, keys: Iterable[str]) -> str:
    for key in keys:
        datum = exif.find(key)
        if datum is not None and (text := exif.text(datum)):
            return text
    return ""


def _number(
    exif: _Exif, keys: Iterable[str], easy: str | None, pattern: str, low: float, high: float
) -> float | None:
    """First value within [low, high]: by key, then by exiv2's own look-up where its words match the
    pattern."""
    for key in keys:
        values = _floats(exif, key)
        if values and math.isfinite(values[0]) and low <= values[0] <= high:
            return values[0]
    datum = exif.easy(easy) if easy else None
    match = re.fullmatch(pattern, exif.text(datum)) if datum is not None else None
    try:
        value = float(match.group(1)) if match else math.nan
    except ValueError:
        return None
    return value if low <= value <= high else None


def _aperture(exif: _Exif) -> float | None:
    f_number = _number(exif, ("Exif.Photo.FNumber", "Exif.Image.FNumber"), None, "", 0.5, 128)
    if f_number is not None:
        return f_number
    apex = _number(
        exif, ("Exif.Photo.ApertureValue", "Exif.Image.ApertureValue"), None, "", 0.01, 14
    )
    return None if apex is None else 2 ** (apex / 2)


def _serial(exif: _Exif) -> str:
    standard = _first_text(exif, ("Exif.Photo.BodySerialNumber", "Exif.Image.CameraSerialNumber"))
    maker = _first_text(
        exif, ("Exif.Canon.SerialNumber", "Exif.Nikon3.SerialNO", "Exif.Nikon3.SerialNumber")
    )
    serial = standard or maker.removeprefix("NO=").strip()
    # CRW files hold two numbers here, of which one changes from photo to photo.
    return "" if " " in serial else serial


def _lens(exif: _Exif) -> str:
    texts = [_first_text(exif, ("Exif.Photo.LensModel", "Exif.Image.LensModel"))]
    datum = exif.easy("lensName")
    if datum is not None:
        texts.append(exif.text(datum))
    return next((t for t in texts if is_lens_name(t)), "")


def is_lens_name(text: str) -> bool:
    """Whether this names one lens: not 'n/a', a bare number, nor one of several candidates."""
    plain = text.strip(" -").lower()
    if not re.search(r"[a-z]", plain) or plain.startswith(("n/a", "none", "unknown")):
        return False
    return not re.search(r"\bor\b", plain)


def fill_from_libraw(info: PhotoInfo, raw: Any) -> PhotoInfo:
    """Fill in what exiv2 lacked, from an open rawpy.RawPy."""
    sizes, other, lens = raw.sizes, raw.other, clean_text(raw.lens.model)
    return replace(
        info,
        width=int(sizes.width),
        height=int(sizes.height),
        lens=info.lens or (lens if is_lens_name(lens) else ""),
        aperture=info.aperture or _within(other.aperture, 0.5, 128),
        focal_mm=info.focal_mm or _within(other.focal_length, 0.5, 5000),
        iso=info.iso or _within(other.iso_speed, 1, 2e7),
        exposure_s=info.exposure_s or _within(other.shutter_speed, 1e-7, 1e6),
        taken=info.taken or _timestamp(lambda: other.timestamp),
        orientation=info.orientation or _TURNED.get(int(sizes.flip), 1),
    )


def _within(value: float, low: float, high: float) -> float | None:
    return float(value) if low <= value <= high else None


def _timestamp(read: Callable[[], Any]) -> str:
    try:
        when = read()
        return f"{when:%Y:%m:%d %H:%M:%S}" if when.year >= 1980 else ""
    except (AttributeError, ValueError, OverflowError, OSError):
        return ""
