"""What photos say of their lens: whether a text names one, when two apertures or focal lengths are
the same, and how messages write an aperture."""

from __future__ import annotations

import re

from lenscal.translation import translatable

APERTURE_TOLERANCE = 0.06
"""Half of a third of a stop: f/5.66 is what f/5.6 is in truth."""
FOCAL_TOLERANCE = 0.02
"""Covers the rounding to whole millimetres by cameras and by who types it in (50 for 50.4)."""


_NO_NAME = re.compile(
    r"n/?a\b|n\.a\.|none\b|null\b|unknown|undefined|unspecified|no[ _-]?lens\b|no cpu|"
    r"not (?:available|attached|known|specified)|manual lens(?: no cpu)?$|lens$"
)
"""How cameras and programs say that they do not know the lens."""
_OPENS_TO_ONE = re.compile(
    r"(?:(?:\b|(?<=mm))f ?/? ?|\b1: ?|/ ?f?)(?:0[.,]\d+|1(?:[.,]0+)?)(?![\d.,])"
    r"|\b(?:0[.,]\d+|1[.,]0)/"
)
"""Names of lenses whose largest aperture is f/1 or more: "50mm f/0.95", "1:1/50", "1.0/50"."""


def is_made_from_zero(aperture: float, lens: str) -> bool:
    """Whether f/1 is what programs make of an aperture that the lens has not told: APEX 0 is f/1,
    and few lenses have it; those say so in their name."""
    return abs(aperture - 1) < 0.01 and not _OPENS_TO_ONE.search(lens.lower())


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
    plain = text.strip(" -().").lower()
    if not re.search(r"[a-z]", plain) or _NO_NAME.match(plain):
        return False
    # "0.0 mm f/0.0": made of the zeros that a lens without contacts leaves.
    if re.search(r"\d", plain) and not re.search(r"[1-9]", plain):
        return False
    # exiv2 lists all lenses that share one number: "A 50mm *OR* B 50mm".
    return not re.search(r"\bor\b", plain)
