"""What a lens has for a photo: kernels that were photographed, kernels to be predicted, or none.
Known before any model is fitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from lenscal.errors import InputError
from lenscal.files.psf.profile import Profile
from lenscal.lens.coverage import (
    ERROR_A_STOP,
    FOCUS_TOLERANCE_DPT,
    Group,
    Setting,
    dioptres,
    mean_error,
    stops_between,
)
from lenscal.lens.neighbours import Part, Words, parts_for
from lenscal.raw.lens_setting import f_number as f_number_in_words
from lenscal.translation import Translatable, translatable

BETWEEN_ERROR = 0.08
"""Expected relative error that half the way between two focal lengths adds."""


UNKNOWN_FOCUS_DPT = 1.0
"""Distance of kernels of which nobody knows where they were focused: where others do, these are
better."""


class Known(IntEnum):
    """How well a lens knows a setting, the best first."""

    PHOTOGRAPHED = 0
    PREDICTED = 1
    OUTSIDE = 2


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What a lens has for a setting.

    known : how well it knows it
    like : the calibration that is taken; of predicted kernels the one nearest to them
    parts : what kernels are predicted from
    setting : the photo's, with the lens's aperture where the photo does not say its own
    notes, refusals : as in `Chosen`
    """

    known: Known
    like: Profile
    parts: tuple[Part, ...]
    setting: Setting
    notes: Words
    refusals: Words

    @property
    def sources(self) -> tuple[Profile, ...]:
        """The calibrations that its kernels come from."""
        if self.known is not Known.PREDICTED:
            return (self.like,)
        return tuple(member for part in self.parts for member in part.group.predicting)

    @property
    def added_error(self) -> float:
        """Expected relative error that the distance from what was photographed adds."""
        wanted = self.setting.f_number
        if self.known is not Known.PREDICTED or wanted is None:
            return 0.0
        distance = min(stops_between(member, wanted) for member in self.sources)
        least = min(part.share for part in self.parts)
        between = 0 if len(self.parts) == 1 else 2 * least
        return ERROR_A_STOP * distance + BETWEEN_ERROR * between

    @property
    def focus_gap_dpt(self) -> float:
        """How far, in dioptres, a photo was focused from where its kernels were photographed; 0
        where it does not tell, next to nothing lies between, or they surround it."""
        wanted = dioptres(self.setting.focus_m)
        if wanted is None:
            return 0.0
        told = [n for part in self.parts if (n := dioptres(part.group.focus_m)) is not None]
        if not told:
            return UNKNOWN_FOCUS_DPT
        gap = max(min(told) - wanted, wanted - max(told), 0.0)
        return gap if gap > FOCUS_TOLERANCE_DPT else 0.0

    def expected_error(self, misfit: float = 0.0) -> float:
        """Expected relative L2 error of the kernels, mean over the field; without the misfit of the
        lens models, the least that it can be."""
        return float(np.hypot(mean_error(self.like), misfit) + self.added_error)


def plan_for(groups: Sequence[Group], setting: Setting) -> Plan:
    """What a lens of these groups has for a setting."""
    parts, notes, refusals = parts_for(groups, setting)
    if len(parts) == 1:
        member = parts[0].group.at(setting.f_number)
        if member is not None:
            known = Known.OUTSIDE if refusals else Known.PHOTOGRAPHED
            return Plan(known, member, tuple(parts), setting, notes, refusals)
    wanted = setting.f_number or parts[0].group.first.aperture_degraded
    nearest = max(parts, key=lambda part: part.share).group
    like = nearest.nearest(wanted) if wanted else nearest.first
    refusals = (*refusals, *(words for part in parts for words in _beyond(part.group, wanted)))
    known = Known.PHOTOGRAPHED if wanted is None else Known.PREDICTED
    if refusals:
        known = Known.OUTSIDE
    return Plan(known, like, tuple(parts), replace(setting, f_number=wanted), notes, refusals)


def _beyond(group: Group, wanted: float | None) -> list[Translatable]:
    """Why kernels of an aperture cannot be predicted; nothing where they can."""
    reach = group.range
    if reach is None or wanted is None:
        # What was photographed is all there is: that the aperture is another one says enough.
        return (
            []
            if wanted is None
            else [translatable("its apertures are not known well enough to predict others")]
        )
    if reach.holds(wanted):
        return []
    if wanted < reach.widest:
        return [
            translatable(
                "{wanted} is wider than {widest}, the widest aperture that was photographed: what "
                "its outer rays do is not known",
                wanted=f_number_in_words(wanted),
                widest=f_number_in_words(reach.widest),
            )
        ]
    return [
        translatable(
            "kernels can be predicted up to {narrowest}",
            narrowest=f_number_in_words(reach.narrowest),
        )
    ]


def require_photographed(plan: Plan) -> None:
    """Refuse kernels that are to be predicted, as none can have a restoration network.

    Raises
    ------
    InputError
    """
    if plan.known is not Known.PREDICTED:
        return
    taken = plan.setting
    tells_focus = taken.focus_m and any(part.group.focus_m for part in plan.parts)
    raise InputError(
        translatable(
            "--method network: nothing was calibrated at {aperture}{focal}{focus}, and networks "
            "are trained for kernels that were photographed, not for predicted ones; use --method "
            "wiener or dpir, or calibrate so and train a network",
            aperture=f_number_in_words(taken.f_number),
            focal=translatable(" and {mm:g} mm", mm=taken.focal_mm) if taken.focal_mm else "",
            focus=translatable(" focused at {metres:.3g} m", metres=taken.focus_m)
            if tells_focus
            else "",
        )
    )
