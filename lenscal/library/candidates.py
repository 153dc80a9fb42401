"""Which profiles of the library are of a photo's camera and lens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lenscal.errors import InputError
from lenscal.files.psf.profile import Profile
from lenscal.lens.place import Undecoded, fits_field
from lenscal.library.folder import Entry, Library
from lenscal.raw.identity.cameras import same_camera
from lenscal.raw.identity.lenses import Likeness, compare_lenses
from lenscal.raw.identity.serials import same_serial
from lenscal.translation import join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.raw.frame import PhotoInfo


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


def candidates_for(library: Library, photo: PhotoInfo) -> list[Entry]:
    """Profiles of a photo's camera and lens, by name. Those of parts of the sensor, or of smaller
    pictures, that do not hold the photo are none where others do.

    Raises
    ------
    InputError
        There are none, or of several lenses of which the photo names none.
    """
    found = _of_lens(library, photo)
    shown = Undecoded(photo)
    holding = [
        entry
        for entry in found
        if any(fits_field(each, shown) for each in (entry.profile, *entry.profile.members))
    ]
    # Where none does, the photo is refused later, with both sizes.
    return holding or found


def kinship(entry: Entry, photo: PhotoInfo) -> tuple[bool, bool]:
    """Whether a profile is of another camera of that model, and of photos of another size."""
    profile = entry.profile
    other_body = not same_serial(profile.camera_serial, photo.camera_serial)
    other_size = photo.height > 0 and profile.psf.image_size != (photo.height, photo.width)
    return other_body, other_size


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


def _lenses_in_words(entries: Sequence[Entry]) -> str:
    names = dict.fromkeys(e.profile.lens or translatable("an unnamed lens") for e in entries)
    return join_translatable(", ", list(names))
