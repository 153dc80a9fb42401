"""The figures of a calibration that a table compares lenses by."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from lenscal.files.psf.fingerprint import fingerprint
from lenscal.files.psf.profile import Profile
from lenscal.files.report.words import fringes, places
from lenscal.optics.expected_error import expected_error, expected_mtf50_error
from lenscal.optics.field import field_figures, lopsidedness, lopsidedness_in_words
from lenscal.optics.units import DisplayUnits

Figure: TypeAlias = "float | int | str | bool | None"
Figures: TypeAlias = "dict[str, Figure]"

MEASURED = (
    "mtf50_centre",
    "mtf50_half_way",
    "mtf50_corners",
    "mtf50_centre_lp_mm",
    "mtf50_half_way_lp_mm",
    "mtf50_corners_lp_mm",
    "lateral_red_px",
    "lateral_blue_px",
    "right_over_left",
    "bottom_over_top",
    "confidence_mean",
    "confidence_worst",
    "expected_error",
    "expected_mtf50_error",
    "seconds",
)
"""Numbers, which copies of a lens are compared by. MTF50 is green's, in cycles/px; expected errors
are relative; sides are ratios of MTF50, less 1."""
DESCRIBED = (
    "camera",
    "lens",
    "lens_serial",
    "focal_mm",
    "aperture",
    "aperture_sharp",
    "sides",
    "same_scenes",
    "finished",
    "photos_used",
    "photos_rejected",
    "warnings",
    "device",
    "versions",
    "created",
    "fingerprint",
)
"""What the rest of a line says."""


def figures_of(profile: Profile) -> Figures:
    """All of `MEASURED` and `DESCRIBED`; None for what is not known."""
    psf, confidence = profile.psf, profile.psf.confidence
    of_field = field_figures(psf)
    sides = lopsidedness(psf, of_field)
    where = places(psf)
    names = ("centre", "half way", "corners")
    sharpness = np.array([of_field.mtf50[where[name]][:, 1].mean() for name in names])
    units = DisplayUnits(profile.pitch_um)
    in_lp_mm = units.of_frequency(sharpness) if profile.pitch_um else (None, None, None)
    red, blue = fringes(of_field)
    errors = None if confidence is None else expected_error(confidence)
    values = (
        *sharpness,
        *in_lp_mm,
        red,
        blue,
        math.expm1(sides.right_over_left) if math.isfinite(sides.sigma_x) else None,
        math.expm1(sides.bottom_over_top) if math.isfinite(sides.sigma_y) else None,
        None if confidence is None else confidence.mean(),
        None if confidence is None else confidence.min(),
        None if errors is None else errors.mean(),
        None
        if errors is None
        else expected_mtf50_error(float(errors.mean()), same_scenes=profile.same_scenes),
        profile.seconds,
    )
    measured = {name: _plain(value) for name, value in zip(MEASURED, values, strict=True)}
    return {**measured, **_described(profile, lopsidedness_in_words(sides))}


def _described(profile: Profile, sides: Sequence[str]) -> Figures:
    used = sum(photo.used for photo in profile.photos)
    values: tuple[Figure, ...] = (
        profile.camera,
        profile.lens,
        profile.lens_serial,
        profile.focal_mm,
        profile.aperture_degraded,
        profile.aperture_sharp,
        "; ".join(sides),
        profile.same_scenes,
        profile.finished,
        used,
        len(profile.photos) - used,
        len(profile.warnings),
        profile.device,
        ", ".join(f"{name} {version}" for name, version in profile.versions.items()),
        profile.created,
        fingerprint(profile.psf),
    )
    return dict(zip(DESCRIBED, values, strict=True))


def number_of(value: object) -> float | None:
    """A figure that is a number; None for all else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def cell(value: Figure) -> str:
    """In a CSV file: a number with six digits, a text as it is."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    # Spreadsheets take such text for a formula: names of lenses come from files.
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _plain(value: object) -> float | None:
    # JSON and tables know neither numpy's numbers nor NaN.
    number = float("nan") if value is None else float(np.asarray(value))
    return number if math.isfinite(number) else None
