"""What a lens's file covers, in words and values: for commands and window alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lenscal.files.psf.profile import Profile
from lenscal.lens.coverage import Group, groups_of
from lenscal.lens.models import group_model
from lenscal.raw.lens_setting import f_number
from lenscal.translation import Translatable, join_translatable, translatable


def coverage_in_words(profile: Profile) -> Iterator[Translatable]:
    """A line for each focal length and focus distance: apertures that were photographed, and those
    that can be predicted."""
    for group in groups_of(profile):
        reach = group.range
        numbers = [f_number(member.aperture_degraded) for member in group.members]
        photographed = join_translatable(", ", numbers)
        place = _place_in_words(group, several=bool(profile.members))
        if reach is None:
            yield translatable(
                "Apertures{place}: {photographed}; others cannot be predicted",
                place=place,
                photographed=photographed,
            )
            continue
        yield translatable(
            "Apertures{place}: {photographed} photographed, {widest} to {narrowest} predicted",
            place=place,
            photographed=photographed,
            widest=f_number(reach.widest),
            narrowest=f_number(reach.narrowest),
        )
        model = group_model(group)
        if model is not None:
            yield translatable(
                "Lens model{place}: its rays explain the kernels to within {misfit:.0%}",
                place=place,
                misfit=model.misfit,
            )


def coverage_values(profile: Profile) -> list[dict[str, Any]]:
    """The same for JSON."""
    values = []
    for group in groups_of(profile):
        reach, model = group.range, group_model(group)
        values.append(
            {
                "focal_mm": group.focal_mm,
                "focus_distance_m": group.focus_m,
                "photographed": [member.aperture_degraded for member in group.members],
                "predicted": None if reach is None else [reach.widest, reach.narrowest],
                "model_misfit": None if model is None else model.misfit,
            }
        )
    return values


def _place_in_words(group: Group, *, several: bool) -> Translatable:
    parts = []
    if several and group.focal_mm:
        parts.append(translatable(" at {focal_mm:g} mm", focal_mm=group.focal_mm))
    if group.focus_m:
        parts.append(translatable(" focused at {metres:.3g} m", metres=group.focus_m))
    return join_translatable("", parts)
