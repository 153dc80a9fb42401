"""A photo's metadata as `check` and `info` say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lenscal.raw.frame import PhotoInfo


def photo_values(info: PhotoInfo) -> dict[str, Any]:
    """For JSON."""
    return {
        "name": info.path.name,
        "camera": info.camera,
        "lens": info.lens,
        "aperture": info.aperture,
        "focal_mm": info.focal_mm,
        "iso": info.iso,
        "exposure_s": info.exposure_s,
        "taken": info.date_time,
        "width": info.width,
        "height": info.height,
        "orientation": info.orientation,
        "light": info.light,
    }


def lens_setting_in_words(photo: Mapping[str, Any], *, lens: bool = True) -> str:
    """Aperture, focal length, ISO and lens of what `photo_values` returns, as far as known."""
    # Without an aperture a RAW photo cannot be used: that one lack is always told.
    unknown = "" if photo["light"] else "aperture unknown"
    parts = [
        f"f/{round(photo['aperture'], 1):g}" if photo["aperture"] else unknown,
        f"{photo['focal_mm']:g} mm" if photo["focal_mm"] else "",
        f"ISO {photo['iso']:.0f}" if photo["iso"] else "",
        photo["lens"] if lens else "",
    ]
    return "  ".join(part for part in parts if part)
