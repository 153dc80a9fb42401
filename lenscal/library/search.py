"""Which profile of the library a photo needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lenscal.errors import InputError
from lenscal.files.psf.profile import Profile, read_profile
from lenscal.lens.coverage import Setting, groups_of, mean_error, stops_between
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


@dataclass(slots=True)
class LibrarySource:
    """Gives each photo the profile of its camera, lens, focal length and aperture.

    with_networks : whether the profiles' restoration networks are needed, too
    """

    library: Library
    with_networks: bool = False
    lenses: dict[str, Lens] = field(default_factory=dict)
    """Those that were taken, by name: models are fitted once."""

    def for_photo(self, photo: PhotoInfo) -> Job[Chosen]:
        """What to correct a photo with.

        Raises
        ------
        InputError
            The library has nothing for it; says what is missing.
        """
        entry = find(self.library, photo)
        lens = self.lenses.get(entry.name)
        if lens is None:
            profile = read_profile(entry.path) if self.with_networks else entry.profile
            lens = self.lenses[entry.name] = Lens(profile, keeps_models=True)
        chosen = yield from lens.for_photo(photo)
        return replace(chosen, path=entry.path)


def find(library: Library, photo: PhotoInfo) -> Entry:
    """The profile for a photo: of its camera and lens, the one that knows its aperture and focal
    length best.

    Raises
    ------
    InputError
        There is none of its camera and lens, or several lenses of which the photo names none.
    """
    candidates = _of_lens(library, photo)
    setting = setting_of(photo)

    def standing(entry: Entry) -> tuple[float, ...]:
        return (*_knowledge(entry.profile, setting), *_kinship(entry.profile, photo))

    # The newest of those that are equal.
    newest_first = sorted(candidates, key=lambda e: e.profile.created, reverse=True)
    return min(newest_first, key=standing)


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


def require_known(entry: Entry, photo: PhotoInfo) -> None:
    """Refuse a profile that knows nothing of a photo's aperture or focal length.

    Raises
    ------
    InputError
        Says for what there is no profile, and what the nearest one is for.
    """
    if _knowledge(entry.profile, setting_of(photo))[0] != _OUTSIDE:
        return
    raise InputError(
        translatable(
            "the library has {lens}, but nothing for {aperture}{focal}; nearest is {name}: "
            "{coverage}",
            lens=entry.profile.lens or translatable("its lens"),
            aperture=f_number(photo.aperture),
            focal=translatable(" at {mm:g} mm", mm=photo.focal_mm) if photo.focal_mm else "",
            name=entry.name,
            coverage=join_translatable("; ", list(coverage_in_words(entry.profile))),
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
