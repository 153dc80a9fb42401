"""The ways to correct a photo with what the library has of its lens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.files.psf.profile import Profile
from lenscal.lens.coverage import FOCUS_TOLERANCE_DPT, stops_between
from lenscal.lens.plans import Known, Plan
from lenscal.lens.prediction import setting_of
from lenscal.library.candidates import kinship
from lenscal.library.folder import Entry
from lenscal.library.joint import Joint, Joints
from lenscal.raw.lens_setting import FOCAL_TOLERANCE, agree

if TYPE_CHECKING:
    from lenscal.raw.frame import PhotoInfo


@dataclass(frozen=True, slots=True, eq=False)
class Option:
    """One profile, or several as one lens.

    entries : the profiles that its kernels come from
    plan : what they have for the photo
    known : how well they know its setting: outside also where the focal length is another
    kin : the least of their `kinship`
    """

    joint: Joint
    entries: tuple[Entry, ...]
    plan: Plan
    known: Known
    kin: tuple[bool, bool]

    @property
    def tier(self) -> tuple[bool, bool, Known, int]:
        """What comes before the expected error, the smallest first: kernels that were photographed
        before predicted ones, and either first as far as they are of the photo's focus distance."""
        gap = self.plan.focus_gap_dpt
        outside = self.known is Known.OUTSIDE
        return outside, gap > 0, self.known, round(gap / FOCUS_TOLERANCE_DPT)

    @property
    def preference(self) -> tuple[int, tuple[bool, bool], tuple[int, ...]]:
        """What decides between expected errors that are alike, the smallest first: as many
        calibrations as possible, then the camera and size of the photo, then the newest."""
        newest = max(entry.profile.created for entry in self.entries)
        # Later is less.
        return -len(self.plan.sources), self.kin, tuple(-ord(letter) for letter in newest)

    @property
    def stops(self) -> float:
        """How far the photo's aperture is from the nearest that was photographed."""
        wanted = self.plan.setting.f_number
        return min(stops_between(each, wanted) if wanted else 0.0 for each in self.plan.sources)


def options_for(joints: Joints, candidates: Sequence[Entry], photo: PhotoInfo) -> list[Option]:
    """All that there are, the best first as far as is known before any model is fitted: each
    profile alone, and those that predict the photo's kernels together."""
    order = {entry.path: n for n, entry in enumerate(candidates)}
    alone = [option_of(joints.of([entry]), photo, order) for entry in candidates]
    nearest_first = sorted(alone, key=lambda option: (option.known, option.stops))
    order = {option.entries[0].path: n for n, option in enumerate(nearest_first)}
    of_families = [option_of(joints.of(f), photo, order) for f in joints.families_of(candidates)]
    together = [o for o in of_families if o.known is Known.PREDICTED and len(o.entries) > 1]
    return sorted([*together, *alone], key=lambda option: (option.tier, option.preference))


def option_of(joint: Joint, photo: PhotoInfo, order: Mapping[Path, int]) -> Option:
    """What a lens has for a photo.

    order : of the profiles' files, the nearest first
    """
    setting = setting_of(photo)
    plan = joint.lens.plan(setting)
    known = plan.known
    if setting.focal_mm and len(plan.parts) == 1 and not _has_focal(plan.like, setting.focal_mm):
        known = Known.OUTSIDE
    entries = sorted(joint.entries_of(plan), key=lambda entry: order[entry.path])
    kin = min(kinship(entry, photo) for entry in entries)
    return Option(joint, tuple(entries), plan, known, kin)


def _has_focal(profile: Profile, focal_mm: float) -> bool:
    """Whether a focal length is a profile's: the one that was typed in, or what its photos say."""
    known = [n for n in (profile.focal_mm, *profile.focal_mm_in_files) if n]
    return not known or any(agree(n, focal_mm, FOCAL_TOLERANCE) for n in known)
