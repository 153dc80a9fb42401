"""Which calibrations of a lens a photo lies between, by focal length and focus distance."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lenscal.lens.coverage import FOCUS_TOLERANCE_DPT, Group, Setting, around, dioptres
from lenscal.raw.lens_setting import FOCAL_TOLERANCE, agree
from lenscal.translation import Translatable, translatable


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A group and its share in what is between several."""

    group: Group
    share: float


Words = tuple[Translatable, ...]


def parts_for(groups: Sequence[Group], setting: Setting) -> tuple[list[Part], Words, Words]:
    """The groups to interpolate between, with what to say of it, and why the photo lies outside
    all of them."""
    by_focal = _by_focal(groups)
    notes: list[Translatable] = []
    refusals: list[Translatable] = []
    parts = []
    for alike, share in _focal_neighbours(by_focal, setting.focal_mm, refusals):
        found = list(_focus_neighbours(alike, setting.focus_m, notes))
        parts += [Part(group, share * of_focus) for group, of_focus in found]
    return parts, tuple(dict.fromkeys(notes)), tuple(refusals)


def _by_focal(groups: Sequence[Group]) -> list[list[Group]]:
    """Groups of one focal length, in the order of focal lengths."""
    found: list[list[Group]] = []
    for group in sorted(groups, key=lambda g: g.focal_mm or 0.0):
        focal = found[-1][0].focal_mm if found else None
        if found and _same_focal(focal, group.focal_mm):
            found[-1].append(group)
        else:
            found.append([group])
    return found


def _same_focal(a: float | None, b: float | None) -> bool:
    return not (a and b) or agree(a, b, FOCAL_TOLERANCE)


def _focal_neighbours(
    by_focal: Sequence[Sequence[Group]], focal_mm: float | None, refusals: list[Translatable]
) -> Iterator[tuple[Sequence[Group], float]]:
    if focal_mm is None or len(by_focal) == 1:
        # Of a single focal length `mismatches` says whether it is the photo's.
        yield by_focal[0], 1.0
        return
    for alike in by_focal:
        if _same_focal(alike[0].focal_mm, focal_mm):
            yield alike, 1.0
            return
    # Magnification, and with it everything, goes with the logarithm.
    known = [math.log(alike[0].focal_mm or 1.0) for alike in by_focal]
    low, high = (by_focal[n][0].focal_mm for n in (0, -1))
    if not known[0] < math.log(focal_mm) < known[-1]:
        refusals.append(
            translatable(
                "{focal_mm:g} mm is outside {low:g} to {high:g} mm, which were photographed",
                focal_mm=focal_mm,
                low=low,
                high=high,
            )
        )
    for number, share in around(known, math.log(focal_mm)):
        yield by_focal[number], share


def _focus_neighbours(
    alike: Sequence[Group], focus_m: float | None, notes: list[Translatable]
) -> Iterator[tuple[Group, float]]:
    told = sorted(
        (group for group in alike if group.focus_m), key=lambda g: dioptres(g.focus_m) or 0.0
    )
    wanted = dioptres(focus_m)
    if len(alike) == 1:
        only = dioptres(alike[0].focus_m)
        if wanted is not None and only is not None and abs(only - wanted) > FOCUS_TOLERANCE_DPT:
            notes.append(
                translatable(
                    "focused at {metres:.3g} m, and the kernels are for {known:.3g} m",
                    metres=focus_m,
                    known=alike[0].focus_m,
                )
            )
        yield alike[0], 1.0
        return
    if wanted is None or len(told) < 2:
        # Those that do not say stand for all distances; else the farthest, as most photos are.
        group = next((g for g in alike if g.focus_m is None), told[0] if told else alike[0])
        if group.focus_m:
            notes.append(
                translatable(
                    "the photo does not say where it was focused: taken for {metres:g} m",
                    metres=group.focus_m,
                )
            )
        yield group, 1.0
        return
    known = [dioptres(group.focus_m) or 0.0 for group in told]
    if wanted > known[-1] + FOCUS_TOLERANCE_DPT or wanted < known[0] - FOCUS_TOLERANCE_DPT:
        notes.append(
            translatable(
                "focused at {metres:.3g} m, outside the distances that were photographed: the "
                "nearest one is taken",
                metres=focus_m,
            )
        )
    for number, share in enumerate(known):
        if abs(share - wanted) <= FOCUS_TOLERANCE_DPT:
            yield told[number], 1.0
            return
    for number, share in around(known, wanted):
        yield told[number], share
