"""Tags of DNG files, in the form that tifffile takes them as extra tags."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from fractions import Fraction

ExtraTag = tuple[int, int, int, object, bool]
"""(tag, type, count, value, whether on the first page only), as tifffile's `extratags`."""

_TILE_PX = 512
# DNG's compression number.
LOSSLESS_JPEG = 7
# EXIF's number of the light that colour matrices are for.
D65 = 21
LARGEST_DENOMINATOR = 1_000_000


class Kind(IntEnum):
    """TIFF's types of values."""

    BYTE = 1
    ASCII = 2
    SHORT = 3
    LONG = 4
    RATIONAL = 5
    SRATIONAL = 10
    DOUBLE = 12


class Tag(IntEnum):
    """Names as in the specifications of TIFF, TIFF/EP and DNG 1.4."""

    MAKE = 271
    MODEL = 272
    ORIENTATION = 274
    SOFTWARE = 305
    DATE_TIME = 306
    CFA_REPEAT_PATTERN_DIM = 33421
    CFA_PATTERN = 33422
    DNG_VERSION = 50706
    DNG_BACKWARD_VERSION = 50707
    UNIQUE_CAMERA_MODEL = 50708
    CFA_PLANE_COLOR = 50710
    CFA_LAYOUT = 50711
    BLACK_LEVEL_REPEAT_DIM = 50713
    BLACK_LEVEL = 50714
    WHITE_LEVEL = 50717
    DEFAULT_SCALE = 50718
    DEFAULT_CROP_ORIGIN = 50719
    DEFAULT_CROP_SIZE = 50720
    COLOR_MATRIX_1 = 50721
    AS_SHOT_NEUTRAL = 50728
    CALIBRATION_ILLUMINANT_1 = 50778
    ORIGINAL_RAW_FILE_NAME = 50827
    NOISE_PROFILE = 51041
    DEFAULT_USER_CROP = 51125


def shorts(tag: Tag, *values: int) -> ExtraTag:
    """Numbers of 16 bits."""
    return tag, Kind.SHORT, len(values), values, True


def longs(tag: Tag, *values: int) -> ExtraTag:
    """Numbers of 32 bits."""
    return tag, Kind.LONG, len(values), values, True


def byte_values(tag: Tag, *values: int) -> ExtraTag:
    """Numbers of 8 bits."""
    return tag, Kind.BYTE, len(values), values, True


def doubles(tag: Tag, values: Iterable[float]) -> ExtraTag:
    """Floating-point numbers."""
    numbers = tuple(float(v) for v in values)
    return tag, Kind.DOUBLE, len(numbers), numbers, True


def rationals(tag: Tag, values: Iterable[float]) -> ExtraTag:
    """Fractions that are not negative."""
    pairs = ratios(values)
    return tag, Kind.RATIONAL, len(pairs), _flat(pairs), True


def signed_rationals(tag: Tag, values: Iterable[float]) -> ExtraTag:
    """Fractions."""
    pairs = ratios(values)
    return tag, Kind.SRATIONAL, len(pairs), _flat(pairs), True


def text(tag: Tag, value: str) -> ExtraTag:
    """Text as UTF-8, which readers of DNG take; tifffile itself refuses all but ASCII."""
    # TIFF's texts end with a zero.
    content = value.encode("utf-8", "replace") + b"\0"
    return tag, Kind.ASCII, len(content), content, True


def ratios(values: Iterable[float]) -> tuple[tuple[int, int], ...]:
    """(numerator, denominator) of each value, to within the millionth that EXIF readers show."""
    # Cameras write fractions: 1/125 s must not become 0.008 s.
    limited = (Fraction(float(v)).limit_denominator(LARGEST_DENOMINATOR) for v in values)
    return tuple((ratio.numerator, ratio.denominator) for ratio in limited)


def _flat(pairs: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    return tuple(number for pair in pairs for number in pair)


def tile_px(width: int) -> int:
    """Side of the tiles of a picture so wide."""
    # LibRaw garbles tiles of lossless JPEG that are wider than the picture; TIFF wants 16 px.
    return max(16, min(_TILE_PX, width // 16 * 16))
