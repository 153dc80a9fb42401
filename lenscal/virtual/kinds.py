"""The benchmark's lenses: four kinds that differ in what makes them hard, and lenses of each kind
that are kept out."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from lenscal.errors import InputError
from lenscal.translation import translatable
from lenscal.virtual.lens import VirtualLens
from lenscal.virtual.prescriptions import KAZAMAKI, MERTE, TRONNIER
from lenscal.virtual.tracing import TracedLens
from lenscal.virtual.waves import Lens

_KEPT_OUT_SEED = 20261122
_FIRST_WITH_KAZAMAKI = 3
"""Kept-out traced lenses have Kazamaki's surfaces from this number on: those of numbers 0 to 2,
with Merte's, have been looked at, and a lens of the same surfaces a little longer or shorter would
be no new one. Wide open its figures are those asked of hard lenses (docs/benchmark.md): possible
gain 2.6 dB, of which the average kernel gives 17 %, kernels without odd part 63 %."""


class LensKind(StrEnum):
    """What makes a lens hard to calibrate."""

    WIDE_OPEN = "wide-open"
    """Strong coma and astigmatism, soft everywhere."""
    DIFFRACTION = "diffraction"
    """f/16: nearly the same everywhere but for lateral colour."""
    DECENTRED = "decentred"
    """An element off the axis and askew: no side of the photo is like another."""
    TRACED = "traced"
    """Rays through a patent's surfaces: all orders of aberrations, vignetting, real glass."""


@dataclass(frozen=True, slots=True)
class Shooting:
    """A lens with the apertures of its two folders."""

    lens: Lens
    degraded_aperture: float
    sharp_aperture: float = 5.6


def benchmark_lens(kind: LensKind) -> Shooting:
    """The lens of a kind that methods are developed with."""
    if kind is LensKind.TRACED:
        lens = TracedLens(
            name="Traced 20mm f/2",
            prescription=TRONNIER,
            focal_mm=20.0,
            f_number=2.0,
            half_field_deg=20.0,
        )
        return Shooting(lens, 2.0)
    return _drawn(kind, None)


def kept_out_lens(kind: LensKind, number: int) -> Shooting:
    """Lens `number` of a kind that no method was developed with: as hard, its parameters drawn
    from a seed of its own.

    The traced ones have other patents' surfaces. Numbers 0 to 2 are kept out no longer: what they
    showed has decided rules (`docs/experiments/`). Number 3 and up have decided none.

    Raises
    ------
    InputError
        The number is negative.
    """
    if number < 0:
        raise InputError(translatable("kept-out lens {number}: choose 0 or more", number=number))
    # By kind and number: a further kind or lens changes no other.
    rng = np.random.default_rng([_KEPT_OUT_SEED + number, list(LensKind).index(kind)])
    if kind is LensKind.TRACED:
        return _drawn_traced(number, rng)
    return _drawn(kind, rng, f"Kept-out {number}: {kind}")


def _drawn_traced(number: int, rng: np.random.Generator) -> Shooting:
    """Kept-out traced lens `number`: which patent follows from the number, its scale is drawn."""
    # Drawn in this order since number 0: another order would be other lenses.
    focal_mm = float(rng.uniform(19.0, 22.0))
    half_field_deg = float(rng.uniform(18.5, 21.0))
    if number < _FIRST_WITH_KAZAMAKI:
        prescription, f_number, degraded_aperture = MERTE, 1.4, 2.8
    else:
        prescription, f_number, degraded_aperture = KAZAMAKI, 1.4, 1.4
    lens = TracedLens(
        name=f"Kept-out {number}: traced f/{f_number:g}",
        prescription=prescription,
        focal_mm=focal_mm,
        f_number=f_number,
        half_field_deg=half_field_deg,
    )
    return Shooting(lens, degraded_aperture)


def _drawn(kind: LensKind, rng: np.random.Generator | None, name: str = "") -> Shooting:
    """A lens with coefficients as they stand here, or drawn around them."""

    def near(value: float, share: float = 0.2) -> float:
        """The value, or one up to this share above or below it."""
        return value if rng is None else value * float(rng.uniform(1 - share, 1 + share))

    def turned(y: float, x: float) -> tuple[float, float]:
        """The vector, or one of about its length in any direction."""
        # Kept-out lenses lean elsewhere: no rule may know the direction.
        angle = 0.0 if rng is None else float(rng.uniform(0, 2 * np.pi))
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        return near(cos * y - sin * x, 0.1), near(sin * y + cos * x, 0.1)

    if kind is LensKind.WIDE_OPEN:
        lens = VirtualLens(
            name=name or "Wide open 50mm f/1.4",
            focal_mm=50.0,
            f_number=1.4,
            spherical=near(2.0),
            coma=near(4.0),
            astigmatism=near(1.8),
            field_curvature=near(-0.6),
            defocus=(near(0.6), near(1.0), near(1.6)),
            lateral_px=(near(0.35), 0.0, near(-0.3)),
        )
        return Shooting(lens, 1.4)
    if kind is LensKind.DIFFRACTION:
        lens = VirtualLens(
            name=name or "Diffraction 24mm f/4",
            focal_mm=24.0,
            f_number=4.0,
            spherical=near(0.5),
            coma=near(0.8),
            astigmatism=near(0.5),
            defocus=(near(0.2), 0.0, near(0.3)),
            lateral_px=(near(1.1), 0.0, near(-1.3)),
        )
        return Shooting(lens, 16.0)
    lens = VirtualLens(
        name=name or "Decentred 35mm f/2",
        focal_mm=35.0,
        f_number=2.0,
        spherical=near(1.2),
        coma=near(2.2),
        astigmatism=near(1.0),
        field_curvature=near(0.3),
        defocus=(near(0.5), near(0.7), near(1.1)),
        lateral_px=(near(0.4), 0.0, near(-0.4)),
        decentre_coma=turned(1.0, -0.7),
        tilt=turned(-0.9, 1.3),
    )
    return Shooting(lens, 2.0)
