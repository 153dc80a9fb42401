"""What a photo's metadata say, in short words."""

from __future__ import annotations

from lenscal.raw.frame import PhotoInfo

UNKNOWN = "–"
LONG_S = 0.4
"""Cameras write shorter exposures as fractions."""


def exposure_text(seconds: float | None) -> str:
    """1/100 s, or 2 s."""
    if seconds is None or seconds <= 0:
        return UNKNOWN
    return f"1/{round(1 / seconds)} s" if seconds < LONG_S else f"{seconds:g} s"


def date_text(exif_date: str) -> str:
    """EXIF's 2026:01:31 12:00:05 as 2026-01-31 12:00."""
    day, _, clock = exif_date.partition(" ")
    # Seconds help nobody to find a photo.
    return f"{day.replace(':', '-')} {clock[:5]}".strip() or UNKNOWN


def exif_text(info: PhotoInfo) -> str:
    """At a glance: aperture, focal length, ISO, shutter, time; "?" for what has to be typed in.
    Of a picture, which needs none of it, its size instead."""
    is_raw = info.light is None
    size = f"{info.width} × {info.height} px" if info.width and not is_raw else ""
    parts = (
        size,
        f"f/{info.aperture:.3g}" if info.aperture else "f/?" * is_raw,
        f"{info.focal_mm:.4g} mm" if info.focal_mm else "? mm" * is_raw,
        f"ISO {info.iso:.0f}" if info.iso else "ISO ?" * is_raw,
        exposure_text(info.exposure_s) if info.exposure_s else "",
        date_text(info.date_time) if info.date_time else "",
    )
    # What a photo does not tell, and nobody needs, is left out.
    return " · ".join(part for part in parts if part)


def equipment_text(info: PhotoInfo) -> str:
    """Camera and lens, as far as they are known."""
    return ", ".join(word for word in (info.camera, info.lens) if word)
