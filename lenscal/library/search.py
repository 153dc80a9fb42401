"""Which profile of the library a photo needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.errors import InputError
from lenscal.files.psf.profile import Profile, read_profile
from lenscal.lens.coverage import (
    FOCUS_TOLERANCE_DPT,
    Setting,
    dioptres,
    groups_of,
    mean_error,
    stops_between,
)
from lenscal.lens.joining import Key, are_one_lens, calibrations_of, gathered, key_of
from lenscal.lens.neighbours import parts_for
from lenscal.lens.prediction import Chosen, Lens, setting_of
from lenscal.lens.words import coverage_in_words
from lenscal.library.folder import Entry, Library
from lenscal.raw.identity.cameras import same_camera
from lenscal.raw.identity.lenses import Likeness, compare_lenses
from lenscal.raw.identity.serials import same_serial
from lenscal.raw.lens_setting import FOCAL_TOLERANCE, agree, f_number
from lenscal.stepping import Job
from lenscal.translation import join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.raw.frame import PhotoInfo

_PHOTOGRAPHED, _PREDICTED, _OUTSIDE = 0, 1, 2
"""How well a profile knows a setting, the best first."""
UNKNOWN_FOCUS_DPT = 1.0
"""Distance of a profile that does not say where it was focused: others that do are better."""


@dataclass(frozen=True, slots=True)
class Match:
    """What the library has for a photo.

    entries : one profile; or several of one lens, from which together its kernels are predicted;
        the nearest first
    """

    entries: tuple[Entry, ...]

    @property
    def name(self) -> str:
        """Of the profiles, for people."""
        return join_translatable(", ", [entry.name for entry in self.entries])

    @property
    def paths(self) -> tuple[Path, ...]:
        return tuple(entry.path for entry in self.entries)

    @property
    def profile(self) -> Profile:
        """The one profile, or all as one, in memory."""
        if len(self.entries) == 1:
            return self.entries[0].profile
        return gathered([entry.profile for entry in self.entries])


@dataclass(slots=True)
class LibrarySource:
    """Gives each photo the profile of its camera, lens, focal length and aperture.

    with_networks : whether the profiles' restoration networks are needed, too
    """

    library: Library
    with_networks: bool = False
    lenses: dict[tuple[Path, ...], Lens] = field(default_factory=dict)
    """Those that were taken, by their files: models are fitted once."""

    def for_photo(self, photo: PhotoInfo) -> Job[Chosen]:
        """What to correct a photo with.

        Raises
        ------
        InputError
            The library has nothing for it; says what is missing.
        """
        match = find(self.library, photo)
        chosen = yield from self._lens_of(match).for_photo(photo)
        if chosen.refusals and len(match.entries) > 1:
            # One bad calibration must not take away what another knows.
            match = Match(match.entries[:1])
            chosen = yield from self._lens_of(match).for_photo(photo)
        return replace(chosen, paths=match.paths)

    def _lens_of(self, match: Match) -> Lens:
        lens = self.lenses.get(match.paths)
        if lens is None:
            # Networks are of kernels that were photographed: those that are predicted have none.
            read = self.with_networks and len(match.entries) == 1
            profile = read_profile(match.paths[0]) if read else match.profile
            lens = self.lenses[match.paths] = Lens(profile, keeps_models=True)
        return lens


def find(library: Library, photo: PhotoInfo) -> Match:
    """The profile for a photo: of its camera and lens, the one that knows its aperture, focal
    length and focus distance best. Where none was made so, all that surround it, as one lens.

    Raises
    ------
    InputError
        There is none of its camera and lens, or several lenses of which the photo names none.
    """
    candidates = _of_lens(library, photo)
    setting = setting_of(photo)

    def standing(entry: Entry) -> tuple[float, ...]:
        known, distance = _knowledge(entry.profile, setting)
        out_of_focus = _out_of_focus(entry.profile, setting)
        return (known, out_of_focus, distance, *_kinship(entry.profile, photo))

    # The newest of those that are equal.
    newest_first = sorted(candidates, key=lambda e: e.profile.created, reverse=True)
    ranked = sorted(newest_first, key=standing)
    known, out_of_focus, *_ = standing(ranked[0])
    if known == _PHOTOGRAPHED and not out_of_focus:
        return Match((ranked[0],))
    return Match(_together(ranked, setting) or (ranked[0],))


def _together(ranked: Sequence[Entry], setting: Setting) -> tuple[Entry, ...]:
    """Those of one lens with the first that a setting's kernels can be predicted from together;
    none where that tells no more than the first alone."""
    nearest = ranked[0].profile
    alike = _distinct([entry for entry in ranked if _goes_with(nearest, entry.profile)])
    if len(alike) == 1:
        return alike
    first, *others = calibrations_of([entry.profile for entry in alike])
    lens = replace(first, members=tuple(others))
    if _knowledge(lens, setting)[0] != _PREDICTED:
        return ()
    parts, _, _ = parts_for(groups_of(lens), setting)
    used = {key_of(each) for part in parts for each in part.group.predicting}
    return tuple(e for e in alike if used & {key_of(c) for c in calibrations_of([e.profile])})


def _distinct(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Without those of which all is in others: parts that were joined are often kept, too."""
    seen: set[Key] = set()
    kept = []
    for entry in sorted(entries, key=lambda e: -len(e.profile.members)):
        own = {key_of(each) for each in calibrations_of([entry.profile])}
        if not own <= seen:
            kept.append(entry)
        seen |= own
    return tuple(entry for entry in entries if entry in kept)


def _goes_with(nearest: Profile, other: Profile) -> bool:
    same_field = nearest.psf.image_size == other.psf.image_size
    return other is nearest or (same_field and are_one_lens(nearest, other))


def _out_of_focus(profile: Profile, setting: Setting) -> float:
    """How far, in dioptres, a photo is focused from the nearest distance of a profile; 0 where the
    photo does not tell, or next to nothing lies between."""
    wanted = dioptres(setting.focus_m)
    if wanted is None:
        return 0.0
    told = [dioptres(each.focus_distance_m) for each in (profile, *profile.members)]
    gap = min((abs(n - wanted) for n in told if n is not None), default=UNKNOWN_FOCUS_DPT)
    return gap if gap > FOCUS_TOLERANCE_DPT else 0.0


def photographed(profile: Profile, setting: Setting) -> bool:
    """Whether kernels of a setting are among those that were photographed."""
    return _knowledge(profile, setting)[0] == _PHOTOGRAPHED


def require_entries(library: Library) -> None:
    """Refuse a library that holds nothing.

    Raises
    ------
    InputError
    """
    if not library.entries:
        raise InputError(
            translatable(
                "the library {folder} is empty: name a profile, or add some with lenscal library "
                "add",
                folder=library.folder,
            )
        )


def require_known(match: Match, photo: PhotoInfo) -> None:
    """Refuse profiles that know nothing of a photo's aperture or focal length.

    Raises
    ------
    InputError
        Says for what there is no profile, and what the nearest one is for.
    """
    profile = match.profile
    if _knowledge(profile, setting_of(photo))[0] != _OUTSIDE:
        return
    raise InputError(
        translatable(
            "the library has {lens}, but nothing for {aperture}{focal}; nearest is {name}: "
            "{coverage}",
            lens=profile.lens or translatable("its lens"),
            aperture=f_number(photo.aperture),
            focal=translatable(" at {mm:g} mm", mm=photo.focal_mm) if photo.focal_mm else "",
            name=match.name,
            coverage=join_translatable("; ", list(coverage_in_words(profile))),
        )
    )


def _of_lens(library: Library, photo: PhotoInfo) -> list[Entry]:
    """Profiles of a photo's camera and lens."""
    require_entries(library)
    if not photo.camera:
        raise InputError(
            translatable("the photo does not say its camera: name the profile to correct it with")
        )
    of_kind = [e for e in library.entries if bool(e.profile.light) == bool(photo.light)]
    of_camera = [e for e in of_kind if same_camera(e.profile.camera, photo.camera)]
    if not of_camera:
        raise InputError(
            translatable("the library has no profile for {camera}", camera=photo.camera)
        )
    if not photo.lens:
        return _only_lens(of_camera, photo)
    by_likeness: dict[Likeness, list[Entry]] = {likeness: [] for likeness in Likeness}
    for entry in of_camera:
        by_likeness[_likeness(entry.profile, photo)].append(entry)
    found = by_likeness[Likeness.SAME] or by_likeness[Likeness.POSSIBLE]
    if not found:
        raise InputError(
            translatable(
                "the library has no profile for {lens} on {camera} (it has {others})",
                lens=photo.lens,
                camera=photo.camera,
                others=_lenses_in_words(of_camera),
            )
        )
    own_copy = [e for e in found if same_serial(e.profile.lens_serial, photo.lens_serial)]
    # Another copy's profile is refused later, with the serial numbers.
    return own_copy or found


def _only_lens(entries: Sequence[Entry], photo: PhotoInfo) -> list[Entry]:
    """All of them where they are of one lens: which other can the photo have been taken with?"""
    first = entries[0].profile.lens
    for entry in entries:
        if compare_lenses(first, entry.profile.lens) is Likeness.DIFFERENT:
            raise InputError(
                translatable(
                    "the photo does not say its lens, and the library has several for {camera} "
                    "({lenses}): name the profile to correct it with",
                    camera=photo.camera,
                    lenses=_lenses_in_words(entries),
                )
            )
    return list(entries)


def _likeness(profile: Profile, photo: PhotoInfo) -> Likeness:
    names = [name for name in (profile.lens, *profile.lenses_in_files) if name]
    if not names:
        return Likeness.POSSIBLE
    found = [compare_lenses(photo.lens, name, photo.make) for name in names]
    for likeness in (Likeness.SAME, Likeness.POSSIBLE):
        if likeness in found:
            return likeness
    return Likeness.DIFFERENT


def _knowledge(profile: Profile, setting: Setting) -> tuple[float, float]:
    """How well a setting is known, and in its own measure: the smallest is the best."""
    parts, _, refusals = parts_for(groups_of(profile), setting)
    if refusals:
        return _OUTSIDE, 0.0
    if len(parts) == 1:
        member = parts[0].group.at(setting.f_number)
        if setting.focal_mm and not _has_focal(parts[0].group.first, setting.focal_mm):
            return _OUTSIDE, 0.0
        if member is not None:
            return _PHOTOGRAPHED, mean_error(member)
    f_number = setting.f_number
    ranges = [part.group.range for part in parts]
    if f_number is None or any(r is None or not r.holds(f_number) for r in ranges):
        nearest = parts[0].group.first
        return _OUTSIDE, stops_between(nearest, f_number) if f_number else 0.0
    known = [member for part in parts for member in part.group.predicting]
    return _PREDICTED, min(stops_between(member, f_number) for member in known)


def _has_focal(profile: Profile, focal_mm: float) -> bool:
    """Whether a focal length is a profile's: the one that was typed in, or what its photos say."""
    known = [n for n in (profile.focal_mm, *profile.focal_mm_in_files) if n]
    return not known or any(agree(n, focal_mm, FOCAL_TOLERANCE) for n in known)


def _kinship(profile: Profile, photo: PhotoInfo) -> tuple[float, float]:
    """Whether it is of the very camera, and of photos of this size: 0 is best."""
    other_body = not same_serial(profile.camera_serial, photo.camera_serial)
    other_size = photo.height > 0 and profile.psf.image_size != (photo.height, photo.width)
    return float(other_body), float(other_size)


def _lenses_in_words(entries: Sequence[Entry]) -> str:
    names = dict.fromkeys(e.profile.lens or translatable("an unnamed lens") for e in entries)
    return join_translatable(", ", list(names))
