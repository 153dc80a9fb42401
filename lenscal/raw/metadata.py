"""What a photo's metadata says: exiv2 first, LibRaw for what it lacks. Odd values count as
unknown."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from lenscal.errors import PhotoError
from lenscal.raw.dng.tags import read_dng_tags
from lenscal.raw.exif import Exif, read_exif
from lenscal.raw.frame import DecodingMetadata, PhotoInfo
from lenscal.raw.identity.sidecars import orientation_by_sidecars
from lenscal.raw.lens_setting import is_lens_name, is_made_from_zero
from lenscal.raw.libraw import fill_from_libraw, open_raw
from lenscal.raw.pictures.kinds import Light, kind_by_name
from lenscal.raw.pictures.reading import read_header
from lenscal.raw.signal.black_levels import BlackTags
from lenscal.system.isolation.calls import isolated
from lenscal.translation import Translatable, translatable

_NOISE_PROFILE = (
    "Exif.Image.NoiseProfile",
    "Exif.SubImage1.NoiseProfile",
    "Exif.SubImage2.NoiseProfile",
    # Releases of exiv2 differ in whether they know the tag by name.
    "Exif.Image.0xc761",
    "Exif.SubImage1.0xc761",
    "Exif.SubImage2.0xc761",
)
_FOCAL_LENGTH = ("Exif.Photo.FocalLength", "Exif.Image.FocalLength")
_ISO = ("Exif.Photo.ISOSpeedRatings", "Exif.Image.ISOSpeedRatings")
_LONG_ISO = {
    # By EXIF 2.3's SensitivityType: what the 16 bits of ISOSpeedRatings could not hold.
    1: ("StandardOutputSensitivity",),
    2: ("RecommendedExposureIndex",),
    3: ("ISOSpeed",),
    4: ("StandardOutputSensitivity", "RecommendedExposureIndex"),
    5: ("StandardOutputSensitivity", "ISOSpeed"),
    6: ("RecommendedExposureIndex", "ISOSpeed"),
    7: ("RecommendedExposureIndex", "StandardOutputSensitivity", "ISOSpeed"),
}
_LONG_ISO_TAGS = {
    # Releases of exiv2 differ in whether they know the tags by name.
    "StandardOutputSensitivity": ("StandardOutputSensitivity", "0x8831"),
    "RecommendedExposureIndex": ("RecommendedExposureIndex", "0x8832"),
    "ISOSpeed": ("ISOSpeed", "0x8833"),
}
_FULL_16_BITS = 65535
"""Where ISOSpeedRatings says no more than that it is larger."""
_EXPOSURE_TIME = ("Exif.Photo.ExposureTime", "Exif.Image.ExposureTime")
_F_NUMBER = ("Exif.Photo.FNumber", "Exif.Image.FNumber")
_APEX_APERTURE = ("Exif.Photo.ApertureValue", "Exif.Image.ApertureValue")
_DATE_TIME = ("Exif.Photo.DateTimeOriginal", "Exif.Image.DateTimeOriginal")
_D65 = 21
"""EXIF's number of this illuminant."""
_UM_OF_UNIT = {2.0: 25400.0, 3.0: 10000.0, 4.0: 1000.0, 5.0: 1.0}
"""EXIF FocalPlaneResolutionUnit: inch, cm, mm, um."""
_INCH = 2.0
"""What EXIF means where it gives no unit."""
_PITCH_RANGE_UM = (0.5, 50.0)
"""Outside, the tag cannot mean the sensor's pixels."""
_LOSSLESS_JPEG = 7.0
_MOST_SUBIMAGES = 9
"""That exiv2 has names for."""
_GROUPS = ("Image", *(f"SubImage{n}" for n in range(1, _MOST_SUBIMAGES + 1)))
_RAW_PHOTOMETRIC = ([32803], [34892])
"""DNG's PhotometricInterpretation: ColorFilterArray and LinearRaw."""
_MOST_LEVELS, _MOST_DELTAS, _MOST_AREAS = 4096, 65536, 32
"""Of black levels, of rows or columns that have their own, and of masked areas: LibRaw's limits."""


def _unknown(path: Path, _reason: Translatable) -> PhotoInfo:
    """What is known of a photo whose metadata cannot be read: why, decoding it will tell."""
    info = PhotoInfo(path, orientation=0)
    return info if kind_by_name(path) is None else _of_picture(info, look_into=False)


@isolated(_unknown)
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
    exif = read_exif(path)
    info = PhotoInfo(path, orientation=0, decoding=_decoding_metadata(path, exif))
    if exif is not None:
        info = _from_exif(info, exif)
    if kind_by_name(path) is not None:
        return _of_picture(info, look_into=ask_libraw)
    if (turned := orientation_by_sidecars(path)) is not None:
        info = replace(info, orientation=turned)
    # Unpacking takes far longer than all that exiv2 does.
    if not ask_libraw:
        return info
    import rawpy

    try:
        with open_raw(path) as raw:
            return fill_from_libraw(info, raw)
    except (rawpy.LibRawError, OSError, UnicodeError, ValueError, MemoryError):
        return info


def _of_picture(info: PhotoInfo, *, look_into: bool) -> PhotoInfo:
    """The same of a picture, with its size where it is looked into."""
    # A NoiseProfile would be that of the RAW file which the picture was made of.
    info = replace(info, light=Light.LINEAR, orientation=info.orientation or 1, noise_profile=())
    if not look_into:
        return info
    try:
        header = read_header(info.path)
    except (PhotoError, OSError, MemoryError):
        return info
    return replace(info, width=header.width, height=header.height, notes=header.notes)


def with_decoding_metadata(info: PhotoInfo) -> PhotoInfo:
    """The same with what decoding needs; the file is opened only where that was not read yet, or
    where the file has changed since (a photo that was still being copied, say)."""
    if info.decoding is not None and info.decoding.file_bytes == _size_of(info.path):
        return info
    return replace(info, decoding=_decoding_metadata(info.path, read_exif(info.path)))


def _sensor_tags(path: Path, exif: Exif) -> tuple[BlackTags | None, bytes]:
    """What a DNG says of the black and the bad sites of its mosaic."""
    if path.suffix.lower() != ".dng":
        return None, b""
    for group in _GROUPS:
        if exif.integers(f"Exif.{group}.PhotometricInterpretation") in _RAW_PHOTOMETRIC:
            return _black_tags(exif, f"Exif.{group}"), exif.content(f"Exif.{group}.OpcodeList1")
    return None, b""


def _black_tags(exif: Exif, group: str) -> BlackTags:
    dim = exif.integers(f"{group}.BlackLevelRepeatDim") or [1, 1]
    levels = exif.floats(f"{group}.BlackLevel", _MOST_LEVELS)
    pattern: tuple[tuple[float, ...], ...] = ()
    sound = len(dim) == 2 and min(dim) > 0 and all(map(math.isfinite, levels))
    if dim == [1, 1] and len(levels) == 3 and sound:
        # One for each plane of a linear DNG.
        pattern = (tuple(levels),)
    elif levels and sound and len(levels) == dim[0] * dim[1]:
        pattern = tuple(tuple(levels[y * dim[1] : (y + 1) * dim[1]]) for y in range(dim[0]))
    by_column, by_row = (
        tuple(v if math.isfinite(v) else 0.0 for v in exif.floats(f"{group}.{name}", _MOST_DELTAS))
        for name in ("BlackLevelDeltaH", "BlackLevelDeltaV")
    )
    masked = exif.integers(f"{group}.MaskedAreas")[: 4 * _MOST_AREAS]
    areas = [tuple(masked[i : i + 4]) for i in range(0, len(masked) - 3, 4)]
    return BlackTags(pattern, by_column, by_row, tuple((a[0], a[1], a[2], a[3]) for a in areas))


def _decoding_metadata(path: Path, exif: Exif | None) -> DecodingMetadata:
    size = _size_of(path)
    if exif is None:
        is_dng = path.suffix.lower() == ".dng"
        damage = translatable("its directory is damaged") if is_dng else ""
        return DecodingMetadata(missing_data=damage, file_bytes=size)
    black, opcodes = _sensor_tags(path, exif)
    return DecodingMetadata(
        _colour_matrix(exif),
        _pixel_pitch_um(exif),
        _missing_data(path, exif, size),
        size,
        read_dng_tags(exif),
        black,
        opcodes,
    )


def _size_of(path: Path) -> int:
    """In bytes; 0 for a file that is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _pixel_pitch_um(exif: Exif) -> float | None:
    per_unit = exif.floats("Exif.Photo.FocalPlaneXResolution")[:1]
    unit = exif.floats("Exif.Photo.FocalPlaneResolutionUnit")[:1] or [_INCH]
    um = _UM_OF_UNIT.get(unit[0])
    if not per_unit or um is None or not math.isfinite(per_unit[0]) or per_unit[0] <= 0:
        return None
    pitch = um / per_unit[0]
    low, high = _PITCH_RANGE_UM
    return pitch if low <= pitch <= high else None


def _colour_matrix(exif: Exif) -> tuple[float, ...] | None:
    """The matrix for D65, else the last there is."""
    matrices: dict[int, tuple[float, ...]] = {}
    for n in (1, 2):
        values = exif.floats(f"Exif.Image.ColorMatrix{n}")
        if len(values) == 9 and all(map(math.isfinite, values)) and any(values):
            light = exif.floats(f"Exif.Image.CalibrationIlluminant{n}")
            matrices[int(light[0]) if light else -n] = tuple(values)
    if not matrices:
        return None
    return matrices.get(_D65, next(reversed(matrices.values())))


def _missing_data(path: Path, exif: Exif, size: int) -> str:
    """Which strips and tiles a DNG promises but does not hold; empty where all are there.

    LibRaw leaves missing tiles as they are in its memory, which may be the photo before.
    """
    if path.suffix.lower() != ".dng":
        return ""
    try:
        with path.open("rb") as file:
            for group in _GROUPS:
                for kind in ("Strip", "Tile"):
                    if lack := _missing_pieces(file, exif, group, kind, size):
                        return lack
    except OSError:
        # Who decodes the photo says that it cannot be read.
        return ""
    return ""


def _missing_pieces(file: BinaryIO, exif: Exif, group: str, kind: str, size: int) -> str:
    pieces = translatable("strips") if kind == "Strip" else translatable("tiles")
    offsets = exif.integers(f"Exif.{group}.{kind}Offsets")
    lengths = exif.integers(f"Exif.{group}.{kind}ByteCounts")
    # Lists of other lengths come from a directory that is damaged itself.
    if len(offsets) != len(lengths):
        return translatable(
            "{offsets} {pieces}, but {lengths} lengths",
            offsets=len(offsets),
            pieces=pieces,
            lengths=len(lengths),
        )
    cut = sum(offset + n > size for offset, n in zip(offsets, lengths, strict=True))
    if cut:
        return translatable(
            "{cut} of {offsets} {pieces} of picture data are missing",
            cut=cut,
            offsets=len(offsets),
            pieces=pieces,
        )
    # Zeros where compressed data should begin: space that was reserved but never written.
    compressed = exif.floats(f"Exif.{group}.Compression")[:1] == [_LOSSLESS_JPEG]
    if compressed and not all(_starts_jpeg(file, offset) for offset in offsets):
        return translatable("{pieces} of picture data are blank", pieces=pieces)
    return ""


def _starts_jpeg(file: BinaryIO, offset: int) -> bool:
    file.seek(offset)
    return file.read(2) == b"\xff\xd8"


def _from_exif(info: PhotoInfo, exif: Exif) -> PhotoInfo:
    # Limits are what cameras and lenses can have: beyond them, a tag is damaged or means unknown.
    distance = ("Exif.Photo.SubjectDistance",)
    lens = _lens(exif)
    focal_mm = _number(exif, _FOCAL_LENGTH, (0.5, 5000), ("focalLength", r"([\d.]+) ?mm"))
    focal_35mm = _number(exif, ("Exif.Photo.FocalLengthIn35mmFilm",), (1, 20000))
    return replace(
        info,
        crop_factor=focal_35mm / focal_mm if focal_35mm and focal_mm else None,
        make=exif.text("Exif.Image.Make", "Exif.Image.UniqueCameraModel"),
        model=exif.text("Exif.Image.Model", "Exif.Image.UniqueCameraModel"),
        camera_serial=_serial(exif),
        lens=lens,
        lens_serial=_known_serial(exif.text("Exif.Photo.LensSerialNumber")),
        aperture=_aperture(exif, lens),
        focal_mm=focal_mm,
        focus_distance_m=_number(exif, distance, (1e-3, 1e4), ("subjectDistance", r"([\d.]+) ?m")),
        iso=_iso(exif),
        exposure_s=_number(exif, _EXPOSURE_TIME, (1e-7, 1e6)),
        date_time=exif.text(*_DATE_TIME),
        orientation=int(_number(exif, ("Exif.Image.Orientation",), (1, 8)) or 0),
        noise_profile=_noise_pairs(exif.first_floats(_NOISE_PROFILE)),
    )


def _noise_pairs(values: list[float]) -> tuple[tuple[float, float], ...]:
    if len(values) not in (2, 6) or not all(map(math.isfinite, values)):
        return ()
    # A fitted b may come out below 0, where the read noise is small; a variance may not.
    pairs = tuple((values[i], max(values[i + 1], 0.0)) for i in range(0, len(values), 2))
    return pairs if all(a > 0 for a, _ in pairs) else ()


def _number(
    exif: Exif,
    keys: Iterable[str],
    limits: tuple[float, float],
    easy: tuple[str, str] | None = None,
) -> float | None:
    """First value within the limits: by key, then by the name of exiv2's own look-up, where its
    words match the pattern."""
    low, high = limits
    for key in keys:
        values = exif.floats(key)
        if values and math.isfinite(values[0]) and low <= values[0] <= high:
            return values[0]
    if easy is None:
        return None
    name, pattern = easy
    match = re.fullmatch(pattern, exif.easy_text(name))
    try:
        value = float(match.group(1)) if match else math.nan
    except ValueError:
        return None
    return value if low <= value <= high else None


def _iso(exif: Exif) -> float | None:
    """Sensitivity; from the longer tags where it does not fit into 16 bits."""
    short = _number(exif, _ISO, (1, _FULL_16_BITS - 1))
    if short is not None:
        return short
    kind = exif.floats("Exif.Photo.SensitivityType")[:1] or exif.floats("Exif.Photo.0x8830")[:1]
    names = (*_LONG_ISO.get(int(kind[0]) if kind else 0, ()), *_LONG_ISO_TAGS)
    keys = [f"Exif.Photo.{tag}" for name in names for tag in _LONG_ISO_TAGS[name]]
    long = _number(exif, keys, (1, 2e7), ("isoSpeed", r"([\d.]+)"))
    return None if long == _FULL_16_BITS else long


def _aperture(exif: Exif, lens: str) -> float | None:
    f_number = _number(exif, _F_NUMBER, (0.5, 128))
    if f_number is not None and not is_made_from_zero(f_number, lens):
        return f_number
    # APEX counts stops: f = 2^(Av / 2).
    apex = _number(exif, _APEX_APERTURE, (0.01, 14))
    return None if apex is None else float(2 ** (apex / 2))


def _serial(exif: Exif) -> str:
    standard = exif.text("Exif.Photo.BodySerialNumber", "Exif.Image.CameraSerialNumber")
    maker = exif.text("Exif.Canon.SerialNumber", "Exif.Nikon3.SerialNO", "Exif.Nikon3.SerialNumber")
    serial = standard or maker.removeprefix("NO=").strip()
    # CRW files hold two numbers here, of which one changes from photo to photo.
    return "" if " " in serial else _known_serial(serial)


def _known_serial(serial: str) -> str:
    """Empty where it is zeros alone: cameras' way to say that they do not know it."""
    return serial if serial.strip("0 -") else ""


def _lens(exif: Exif) -> str:
    # exiv2's own look-up last: it guesses from numbers that several lenses share.
    names = (exif.text("Exif.Photo.LensModel", "Exif.Image.LensModel"), exif.easy_text("lensName"))
    return next((name for name in names if is_lens_name(name)), "")
