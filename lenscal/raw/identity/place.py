"""Which part of the sensor a photo shows: margins, in-camera crops, summed pixels."""

from __future__ import annotations

from dataclasses import dataclass

from lenscal.raw.lens_setting import agree

Size = tuple[int, int]
"""(height, width) px."""

_MARGIN_SHARE, _MARGIN_PX = 0.03, 16
"""Of a side: versions of decoders, and converters, leave margins that differ by less; the mildest
crop modes of cameras take a tenth."""
_PITCH_TOLERANCE = 0.06
"""Of two distances of pixels: EXIF's are rounded, lensfun's good to 2 %."""
_SAME_ASPECT = 0.03
_LEAST_SUM = 1.2
"""Ratio of pixel distances from which on pixels were summed, or the picture made smaller."""


@dataclass(frozen=True, slots=True)
class SensorArea:
    """Where the visible area lies on the sensor, as a decoder sees it.

    Attributes
    ----------
    raw_height, raw_width : int
        Of all sites that the file holds, masked ones included.
    top, left : int
        The first visible site.
    """

    raw_height: int = 0
    raw_width: int = 0
    top: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class Shot:
    """What is known of how a photo lies on the sensor."""

    size: Size
    area: SensorArea | None = None
    pitch_um: float | None = None
    crop_factor: float | None = None
    """By the focal length for 35 mm film: cameras change it with crop modes."""
    mosaic: bool = True
    """Whether it is the sensor's own mosaic: pictures that cameras make smaller are none."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a photo lies in the field of others.

    Attributes
    ----------
    origin : (y, x) or None
        Of the photo's first pixel; None: the middles are the same.
    pitch : float
        Distance of its pixels in those of the others.
    kind : str
        "margins", "crop" or "summed".
    """

    origin: tuple[float, float] | None
    pitch: float
    kind: str


def place_on(field: Shot, photo: Shot) -> Place | None:
    """Where a photo lies in a field of the same camera; None where that cannot be told, or where it
    reaches beyond."""
    if within_margins(field.size, photo.size):
        return Place(_by_area(field, photo), 1.0, "margins")
    if (origin := _by_area(field, photo)) is not None:
        return Place(origin, 1.0, "crop")
    ratios = tuple(of / own for of, own in zip(field.size, photo.size, strict=True))
    if field.pitch_um and photo.pitch_um:
        pitch = photo.pitch_um / field.pitch_um
        if agree(pitch, 1.0, _PITCH_TOLERANCE):
            return Place(None, 1.0, "crop") if _inside(ratios) else None
        # The tag may be of the camera's JPEG: believed where it explains the size.
        if pitch >= _LEAST_SUM and _inside(tuple(r / pitch for r in ratios)):
            whole = all(agree(r, pitch, _PITCH_TOLERANCE) for r in ratios)
            # Both sides were divided by one number: sizes tell it more exactly than EXIF.
            return Place(None, sum(ratios) / 2 if whole else pitch, "summed")
    if not _inside(ratios):
        return None
    if field.crop_factor and photo.crop_factor and agree(ratios[0], ratios[1], _SAME_ASPECT):
        closer = photo.crop_factor / field.crop_factor
        if agree(closer, sum(ratios) / 2, _PITCH_TOLERANCE):
            return Place(None, 1.0, "crop")
        # Not every camera changes it: smaller for all the same is no proof of either.
        if agree(closer, 1.0, _PITCH_TOLERANCE):
            return None
    return None if _may_be_summed(ratios, photo) else Place(None, 1.0, "crop")


def _may_be_summed(ratios: tuple[float, ...], photo: Shot) -> bool:
    if not agree(ratios[0], ratios[1], _SAME_ASPECT):
        return False
    # Sums of 2 x 2 and 3 x 3 sites of a colour leave a mosaic; other ratios do not.
    whole = any(agree(ratios[0], n, _SAME_ASPECT) for n in (2, 3, 4))
    return whole or not photo.mosaic


def within_margins(field: Size, photo: Size) -> bool:
    """Whether two sizes differ by no more than versions of decoders, and converters, leave away."""
    return all(
        abs(a - b) <= max(_MARGIN_PX, _MARGIN_SHARE * min(a, b))
        for a, b in zip(field, photo, strict=True)
    )


def _inside(ratios: tuple[float, ...]) -> bool:
    """Whether a photo is no larger than the field, margins aside."""
    return all(ratio >= 1 - _MARGIN_SHARE for ratio in ratios)


def _by_area(field: Shot, photo: Shot) -> tuple[float, float] | None:
    """The offset, where both files hold the same sites of the sensor."""
    of_photo = photo.area
    if of_photo is None or not of_photo.raw_height:
        return None
    of_field = field.area
    if of_field is None or not of_field.raw_height:
        # Profiles of before do not tell: a file as large as their field holds all of it.
        of_field = SensorArea(*field.size)
    if (of_field.raw_height, of_field.raw_width) != (of_photo.raw_height, of_photo.raw_width):
        return None
    origin = (float(of_photo.top - of_field.top), float(of_photo.left - of_field.left))
    inside = all(
        start >= -_MARGIN_PX and start + own <= whole + _MARGIN_PX
        for start, own, whole in zip(origin, photo.size, field.size, strict=True)
    )
    return origin if inside else None
