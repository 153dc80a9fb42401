"""What the calibrations of a lens cover: which of them go together, and which apertures kernels can
be predicted for. Numbers only: nothing here loads torch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lenscal.files.psf.profile import Profile
from lenscal.optics.expected_error import expected_error
from lenscal.optics.psf_grid import ONE_NODE, Reference
from lenscal.raw.lens_setting import APERTURE_TOLERANCE, FOCAL_TOLERANCE, agree

STOPS_BEYOND = 2.0
"""How far past the narrowest photographed aperture kernels are predicted: there little is left but
diffraction, which the f-number and the pixels' distance tell."""
ERROR_A_STOP = 0.04
"""Expected relative error that each stop from what was photographed adds
(docs/experiments/apertures.md)."""
MOST_MISFIT = 0.4
"""Relative L2 distance of the rays' kernels from those that were photographed, above which nothing
is predicted: they are no lens's, or rays do not explain them."""
UNKNOWN_ERROR = 0.15
"""Expected error of kernels that come without a confidence."""
FOCUS_TOLERANCE_DPT = 0.15
"""Focus distances that differ by less, in dioptres, are one."""


@dataclass(frozen=True, slots=True)
class Setting:
    """Of a lens for a photo; None: not known."""

    f_number: float | None = None
    focal_mm: float | None = None
    focus_m: float | None = None


@dataclass(frozen=True, slots=True)
class Range:
    """f-numbers for which kernels can be had.

    photographed : f-numbers, ascending
    widest, narrowest : float
        The ends of what can be predicted.
    """

    photographed: tuple[float, ...]
    widest: float
    narrowest: float

    def holds(self, f_number: float) -> bool:
        """Whether kernels of an f-number can be predicted, or were photographed."""
        slack = 1 + APERTURE_TOLERANCE
        return self.widest / slack <= f_number <= self.narrowest * slack


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Calibrations of one focal length and focus distance, the widest aperture first."""

    members: tuple[Profile, ...]

    @property
    def first(self) -> Profile:
        return self.members[0]

    @property
    def focal_mm(self) -> float | None:
        return self.first.focal_mm

    @property
    def focus_m(self) -> float | None:
        return self.first.focus_distance_m

    @property
    def predicting(self) -> tuple[Profile, ...]:
        """Those that a lens model can be fitted to."""
        return tuple(member for member in self.members if can_predict(member))

    @property
    def range(self) -> Range | None:
        """Apertures that can be predicted; None: only what was photographed can be had."""
        known = self.predicting
        if not known:
            return None
        widest = min(f_numbers(member)[0] for member in known)
        ends = [n for member in known for n in f_numbers(member)]
        narrowest = max(ends)
        # Without the pixels' distance diffraction, which is most of what is there, is not known.
        if all(member.pitch_um for member in known):
            narrowest *= 2 ** (STOPS_BEYOND / 2)
        photographed = sorted({f_numbers(member)[0] for member in known})
        return Range(tuple(photographed), widest, narrowest)

    def at(self, f_number: float | None) -> Profile | None:
        """The calibration of an aperture; None where it was not photographed."""
        if f_number is None:
            return self.first
        alike = [
            member
            for member in self.members
            if not member.aperture_degraded
            or agree(member.aperture_degraded, f_number, APERTURE_TOLERANCE)
        ]
        return min(alike, key=lambda m: stops_between(m, f_number), default=None)

    def nearest(self, f_number: float) -> Profile:
        """The calibration of the nearest aperture among those that predict."""
        return min(self.predicting or self.members, key=lambda m: stops_between(m, f_number))


def groups_of(profile: Profile) -> tuple[Group, ...]:
    """All calibrations of a lens by focal length and focus distance, in this order."""
    groups: list[list[Profile]] = []
    for member in (profile, *profile.members):
        for group in groups:
            if all(_same_place(other, member) for other in group):
                group.append(member)
                break
        else:
            groups.append([member])
    ordered = [Group(tuple(sorted(group, key=_aperture))) for group in groups]
    return tuple(sorted(ordered, key=lambda g: (g.focal_mm or 0.0, dioptres(g.focus_m) or 0.0)))


def can_predict(profile: Profile) -> bool:
    """Whether a lens model of a calibration can be: both apertures are known, and it is of a lens,
    not one blur for whole pictures."""
    psf = profile.psf
    return bool(
        profile.aperture_degraded
        and profile.aperture_sharp
        and profile.light is None
        and psf.shape != ONE_NODE
        and psf.reference is not Reference.ABSOLUTE
    )


def f_numbers(profile: Profile) -> tuple[float, float]:
    """Of the degraded and of the sharp photos, where both are known."""
    assert profile.aperture_degraded and profile.aperture_sharp
    return profile.aperture_degraded, profile.aperture_sharp


def mean_error(profile: Profile) -> float:
    """Expected relative error of the kernels, mean over the field."""
    confidence = profile.psf.confidence
    return UNKNOWN_ERROR if confidence is None else float(expected_error(confidence).mean())


def stops(a: float, b: float) -> float:
    """Distance of two f-numbers in stops."""
    return abs(2 * math.log2(a / b))


def stops_between(profile: Profile, f_number: float) -> float:
    """Distance of a calibration's aperture from an f-number, in stops; 0 where it is not known."""
    known = profile.aperture_degraded
    return stops(known, f_number) if known else 0.0


def dioptres(metres: float | None) -> float | None:
    """The measure in which focus is even: blur goes with it."""
    return 1 / metres if metres else None


def around(values: Sequence[float], wanted: float) -> Iterator[tuple[int, float]]:
    """Which of ascending values to interpolate between, and their shares."""
    upper = next((n for n, value in enumerate(values) if value >= wanted), len(values))
    if upper in (0, len(values)):
        yield (0 if upper == 0 else len(values) - 1), 1.0
        return
    low, high = values[upper - 1], values[upper]
    share = (wanted - low) / (high - low)
    yield upper - 1, 1 - share
    yield upper, share


def _same_place(a: Profile, b: Profile) -> bool:
    """Whether two calibrations are of one focal length and one focus distance."""
    if a.focal_mm and b.focal_mm and not agree(a.focal_mm, b.focal_mm, FOCAL_TOLERANCE):
        return False
    near_a, near_b = dioptres(a.focus_distance_m), dioptres(b.focus_distance_m)
    if near_a is None or near_b is None:
        return near_a == near_b
    return abs(near_a - near_b) <= FOCUS_TOLERANCE_DPT


def _aperture(profile: Profile) -> float:
    return profile.aperture_degraded or math.inf
