"""What a DNG says of how its pixels are meant (DNG specification 1.4, chapters 4 and 5)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lenscal.raw.dng.opcodes import Shading, read_shadings
from lenscal.raw.dng.white import neutral_of_white
from lenscal.raw.exif import Exif

_MOSAIC, _LINEAR_RAW = 32803.0, 34892.0
_D65 = 21
_GROUPS = ("Image", *(f"SubImage{n}" for n in range(1, 10)))
_LEAST_CROP_SHARE = 0.2
"""Of a side: smaller crops are damaged numbers."""
_MOST_EV = 10.0


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of the visible area in sensor orientation, px."""

    top: int
    left: int
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class DngTags:
    """Unknown things are None or empty.

    Attributes
    ----------
    baseline_exposure_ev : float or None
        BaselineExposure: stops by which programs brighten the photo.
    default_crop : (top, left, height, width) or None
        DefaultCropOrigin and -Size, px of the active area: what programs show.
    user_crop : (top, left, bottom, right) or None
        DefaultUserCrop, parts of that: the aspect ratio that was set in the camera.
    neutral : 3 floats or None
        Camera RGB of white (green 1) by AsShotWhiteXY, where there is no AsShotNeutral.
    shadings : tuple of Shading
        Gains of OpcodeList2 and OpcodeList3.
    """

    baseline_exposure_ev: float | None = None
    default_crop: tuple[float, float, float, float] | None = None
    user_crop: tuple[float, float, float, float] | None = None
    neutral: tuple[float, ...] | None = None
    shadings: tuple[Shading, ...] = ()

    def crop(self, size: tuple[int, int]) -> Crop | None:
        """What of a visible area of (height, width) px is shown; None: all of it."""
        height, width = size
        top, left, rows, cols = self.default_crop or (0.0, 0.0, float(height), float(width))
        if self.user_crop is not None:
            y_from, x_from, y_to, x_to = self.user_crop
            top, left = top + y_from * rows, left + x_from * cols
            rows, cols = (y_to - y_from) * rows, (x_to - x_from) * cols
        y0, x0 = max(round(top), 0), max(round(left), 0)
        y1, x1 = min(round(top + rows), height), min(round(left + cols), width)
        if y1 - y0 < _LEAST_CROP_SHARE * height or x1 - x0 < _LEAST_CROP_SHARE * width:
            return None
        if (y0, x0, y1, x1) == (0, 0, height, width):
            return None
        return Crop(y0, x0, y1 - y0, x1 - x0)


def read_dng_tags(exif: Exif) -> DngTags | None:
    """What the tags say; None for files that are no DNG."""
    if not exif.floats("Exif.Image.DNGVersion"):
        return None
    raw = _raw_group(exif)
    ev = exif.floats("Exif.Image.BaselineExposure")[:1]
    return DngTags(
        baseline_exposure_ev=ev[0] if ev and abs(ev[0]) <= _MOST_EV else None,
        default_crop=_default_crop(exif, raw),
        user_crop=_user_crop(exif, raw),
        neutral=_neutral(exif),
        shadings=(
            *read_shadings(_opcodes(exif, raw, 2), after_demosaicing=False),
            *read_shadings(_opcodes(exif, raw, 3), after_demosaicing=True),
        ),
    )


def _raw_group(exif: Exif) -> str:
    """The directory that holds the photo itself."""
    for group in _GROUPS:
        kind = exif.floats(f"Exif.{group}.PhotometricInterpretation")[:1]
        reduced = exif.floats(f"Exif.{group}.NewSubfileType")[:1]
        if kind and kind[0] in (_MOSAIC, _LINEAR_RAW) and reduced in ([], [0.0]):
            return group
    return "Image"


def _default_crop(exif: Exif, raw: str) -> tuple[float, float, float, float] | None:
    origin = exif.floats(f"Exif.{raw}.DefaultCropOrigin")
    size = exif.floats(f"Exif.{raw}.DefaultCropSize")
    # DNG counts x before y.
    if len(origin) != 2 or len(size) != 2 or not all(map(math.isfinite, (*origin, *size))):
        return None
    return origin[1], origin[0], size[1], size[0]


def _user_crop(exif: Exif, raw: str) -> tuple[float, float, float, float] | None:
    values = exif.first_floats(f"Exif.{group}.DefaultUserCrop" for group in (raw, "Image"))
    if len(values) != 4:
        return None
    top, left, bottom, right = values
    sound = 0 <= top < bottom <= 1 and 0 <= left < right <= 1
    return (top, left, bottom, right) if sound else None


def _neutral(exif: Exif) -> tuple[float, ...] | None:
    white = exif.floats("Exif.Image.AsShotWhiteXY")
    if len(white) != 2 or exif.floats("Exif.Image.AsShotNeutral"):
        return None
    matrices = {}
    for n in (1, 2):
        values = exif.floats(f"Exif.Image.ColorMatrix{n}")
        light = exif.floats(f"Exif.Image.CalibrationIlluminant{n}")[:1]
        if len(values) == 9 and all(map(math.isfinite, values)) and any(values):
            matrices[int(light[0]) if light else _D65 + n - 1] = values
    return neutral_of_white(white, matrices)


def _opcodes(exif: Exif, raw: str, number: int) -> bytes:
    tag = 0xC740 + number - 1
    keys = (f"Exif.{raw}.OpcodeList{number}", f"Exif.{raw}.0x{tag:x}")
    return next((content for key in keys if (content := exif.content(key))), b"")
