"""What photos say of their lens: whether a text names one, when two apertures or focal lengths are
the same, and how messages write an aperture."""

from __future__ import annotations

import re

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
    # APEX values come out as 1.7818: nobody calls that aperture so.
    return f"f/{round(aperture, 1):g}"


def is_lens_name(text: str) -> bool:
    """Whether this names one lens: not 'n/a', a bare number, nor one of several candidates."""
    # Without a letter it is a focal length or a lens's number.
    plain = text.strip(" -").lower()
    if not re.search(r"[a-z]", plain) or plain.startswith(("n/a", "none", "unknown")):
        return False
    # exiv2 lists all lenses that share one number: "A 50mm *OR* B 50mm".
    return not re.search(r"\bor\b", plain)
