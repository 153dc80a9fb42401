"""When two apertures or focal lengths are the same, and how messages write an aperture."""

from __future__ import annotations

from lenscal.translation import translatable

APERTURE_TOLERANCE = 0.06
"""Half of a third of a stop: f/5.66 is what f/5.6 is in truth."""
FOCAL_TOLERANCE = 0.02
"""Covers the rounding to whole millimetres by cameras and by who types it in (50 for 50.4)."""


def agree(a: float, b: float, tolerance: float) -> bool:
    """Whether two positive numbers agree within a relative tolerance."""
    return abs(a - b) <= tolerance * min(a, b)


def f_number(aperture: float | None) -> str:
    """E.g. "f/1.8", to one decimal; "an unknown aperture" for None."""
    if not aperture:
        return translatable("an unknown aperture")
    return f"f/{round(aperture, 1):g}"
