"""Whether a photo was taken as those that a profile was learnt from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from lenscal.files.own_files import correction_of
from lenscal.lens.place import Taken, fits_field, of_other_camera, place_of
from lenscal.optics.placement import Placement, centred, placed
from lenscal.optics.plausibility import impossibilities, irregularities
from lenscal.optics.psf_grid import ONE_NODE
from lenscal.raw.identity.lenses import Likeness, compare_lenses
from lenscal.raw.identity.place import Place
from lenscal.raw.identity.serials import same_serial
from lenscal.raw.lens_setting import APERTURE_TOLERANCE, FOCAL_TOLERANCE, agree, f_number
from lenscal.translation import Translatable, enumeration, join_translatable, translatable

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile
    from lenscal.optics.psf_grid import PsfGrid


def mismatches(profile: Profile, photo: Taken) -> list[Translatable]:
    """In what a photo differs from those that the PSF was learnt from, in words. Unknown things do
    not count.

    Where a lens or a focal length was typed in for the calibration, what its photos say of
    themselves is right as well. Kernels that no lens has suit no photo.
    """
    return [
        *_corrected_before(photo),
        *_apart_from_setting(profile, photo),
        *_aperture(profile, photo),
        *_focal(profile, photo),
    ]


def foreign_to(lens: Profile, photo: Taken) -> list[Translatable]:
    """In what a photo differs from all calibrations of a lens's file, whatever they predict: known
    before anything is predicted."""
    calibrations = (lens, *lens.members)
    found = [_apart_from_setting(each, photo) for each in calibrations]
    # Between two focal lengths kernels are predicted; beside a single one there are none.
    single = len({each.focal_mm for each in calibrations}) == 1
    return [
        *_corrected_before(photo),
        *(found[0] if all(found) else ()),
        *(_focal(lens, photo) if single else ()),
    ]


def _apart_from_setting(profile: Profile, photo: Taken) -> list[Translatable]:
    return [
        *impossibilities(profile.psf),
        *_kind(profile, photo),
        *_size(profile, photo),
        *_equipment(profile, photo),
    ]


def _corrected_before(photo: Taken) -> Iterator[Translatable]:
    """What is sharp already would be sharpened a second time."""
    if how := correction_of(photo.info.path):
        yield translatable("lenscal has corrected it already ({how})", how=how)


def _kind(profile: Profile, photo: Taken) -> list[Translatable]:
    """RAW photos and developed pictures differ by more than the lens."""
    # Of kernels from elsewhere nobody knows what they are for.
    if profile.is_bare or bool(profile.light) == bool(photo.info.light):
        return []
    if profile.light:
        return [
            translatable(
                "it is a RAW photo, the profile was learnt from pictures (PNG, JPEG, TIFF)"
            )
        ]
    return [translatable("it is a picture, the profile was learnt from RAW photos")]


def match_notes(profile: Profile, photo: Taken) -> list[Translatable]:
    """What a photo leaves open, or has otherwise than the profile's without a reason to refuse
    it."""
    doubts = list(irregularities(profile.psf))
    if profile.is_bare:
        return [*doubts, *_place_in_words(profile, photo)]
    return [
        *doubts,
        *_place_in_words(profile, photo),
        *_another_body(profile, photo),
        *_alike_lens(profile, photo),
        *_unknown(profile, photo),
    ]


def grid_for(profile: Profile, photo: Taken) -> PsfGrid:
    """The profile's grid as a photo needs it: the part of it that a crop has seen, with kernels in
    the photo's own pixels.

    A photo that does not fit gets all of it, laid over its own size; one of the same camera gets
    the middle.
    """
    psf = profile.psf
    if psf.image_size == photo.size:
        return psf
    placement = placement_of(profile, photo)
    if placement is None:
        return replace(psf, image_size=photo.size)
    return placed(psf, photo.size, placement)


def placement_of(profile: Profile, photo: Taken) -> Placement | None:
    """Where a photo lies in the profile's field; None where it does not fit: the field is laid over
    it."""
    field = profile.psf.image_size
    if field == photo.size:
        return Placement((0.0, 0.0))
    place = place_of(profile, photo)
    if place is None:
        # The same kernel everywhere, in the photo's own pixels.
        if profile.psf.shape == ONE_NODE:
            return None
        smaller = all(own <= of for own, of in zip(photo.size, field, strict=True))
        if of_other_camera(profile, photo) or not smaller:
            return None
        # With --force: pixels are as large as they were, more often than not.
        place = Place(None, 1.0, "crop")
    if place.origin is None:
        return centred(photo.size, field, place.pitch)
    return Placement(place.origin, place.pitch)


def _size(profile: Profile, photo: Taken) -> Iterator[Translatable]:
    # Kernels are placed by pixels: another size is another crop, or another camera.
    if fits_field(profile, photo):
        return
    (photo_height, photo_width), (height, width) = photo.size, profile.psf.image_size
    yield translatable(
        "the photo has {photo_width} x {photo_height} px, "
        "the PSF is for {width} x {height} px{why}",
        photo_width=photo_width,
        photo_height=photo_height,
        width=width,
        height=height,
        why=_why_not_placed(profile, photo),
    )


def _why_not_placed(profile: Profile, photo: Taken) -> Translatable:
    if of_other_camera(profile, photo):
        return join_translatable("", [])
    if all(own <= of for own, of in zip(photo.size, profile.psf.image_size, strict=True)):
        return translatable(
            ", and nothing tells whether it is a crop of the sensor or a smaller picture of all of "
            "it: calibrate with photos of this size"
        )
    return translatable(
        ": it shows more than the PSF was learnt from, or has finer pixels; calibrate with photos "
        "of this size"
    )


def _place_in_words(profile: Profile, photo: Taken) -> Iterator[Translatable]:
    if profile.psf.image_size == photo.size:
        return
    place = place_of(profile, photo)
    own, whole = (_in_px(size) for size in (photo.size, profile.psf.image_size))
    if place is None:
        return
    if place.kind == "margins":
        yield translatable(
            "{own} px instead of {whole}: other margins, the same sensor", own=own, whole=whole
        )
    elif place.kind == "crop":
        yield translatable(
            "a crop of {own} px: corrected with that part of the PSF for {whole} px",
            own=own,
            whole=whole,
        )
    else:
        yield translatable(
            "{own} px, each {pitch:.2g} times as large: the kernels for {whole} px were brought to "
            "them",
            own=own,
            pitch=place.pitch,
            whole=whole,
        )


def _in_px(size: tuple[int, int]) -> str:
    height, width = size
    return f"{width} x {height}"


def _lens_likeness(profile: Profile, photo: Taken) -> Likeness:
    """How the photo's lens compares with the profile's, under any name that is right."""
    info = photo.info
    if not info.lens or not profile.lens:
        return Likeness.SAME
    found = [
        compare_lenses(info.lens, name, info.make)
        for name in (profile.lens, *profile.lenses_in_files)
    ]
    for likeness in (Likeness.SAME, Likeness.POSSIBLE):
        if likeness in found:
            return likeness
    return Likeness.DIFFERENT


def _equipment(profile: Profile, photo: Taken) -> Iterator[Translatable]:
    info = photo.info
    other_lens = _lens_likeness(profile, photo) is Likeness.DIFFERENT
    other_copy = not same_serial(info.lens_serial, profile.lens_serial)
    for what, photos_own, profiles, differ in (
        (translatable("camera"), info.camera, profile.camera, of_other_camera(profile, photo)),
        (translatable("lens"), info.lens, profile.lens, other_lens),
        (
            translatable("lens's serial number"),
            info.lens_serial,
            profile.lens_serial,
            other_copy,
        ),
    ):
        if differ:
            yield translatable(
                "the photo's {what} is {photos_own}, the profile is for {profiles}",
                what=what,
                photos_own=photos_own,
                profiles=profiles,
            )


def _alike_lens(profile: Profile, photo: Taken) -> Iterator[Translatable]:
    if _lens_likeness(profile, photo) is Likeness.POSSIBLE:
        yield translatable(
            "the photo's lens is called {photos_own}: taken for the profile's {profiles}",
            photos_own=photo.info.lens,
            profiles=profile.lens,
        )


def _unknown(profile: Profile, photo: Taken) -> Iterator[Translatable]:
    """What the photo does not say, and what is assumed."""
    info = photo.info
    things, values = [], []
    if not info.lens and profile.lens:
        things.append(translatable("lens"))
        values.append(join_translatable("", [profile.lens]))
    if info.aperture is None and profile.aperture_degraded:
        things.append(translatable("aperture"))
        values.append(join_translatable("", [f_number(profile.aperture_degraded)]))
    if info.focal_mm is None and profile.focal_mm:
        things.append(translatable("focal length"))
        values.append(translatable("{focal_mm:g} mm", focal_mm=profile.focal_mm))
    if things:
        yield translatable(
            "the photo does not say its {things}: taken for the profile's ({values})",
            things=enumeration(things),
            values=join_translatable(", ", values),
        )


def _aperture(profile: Profile, photo: Taken) -> Iterator[Translatable]:
    info = photo.info
    if _differ(info.aperture, profile.aperture_degraded, APERTURE_TOLERANCE):
        yield translatable(
            "the photo was taken at {photos_own}, the profile is for {profiles}",
            photos_own=f_number(info.aperture),
            profiles=f_number(profile.aperture_degraded),
        )


def _focal(profile: Profile, photo: Taken) -> Iterator[Translatable]:
    info = photo.info
    # A focal length that was typed in, and the one that the same photos say of themselves.
    right = (profile.focal_mm, *profile.focal_mm_in_files)
    if all(_differ(info.focal_mm, focal, FOCAL_TOLERANCE) for focal in right):
        yield translatable(
            "the photo was taken at {photos_own:g} mm, the profile is for {profiles:g} mm",
            photos_own=info.focal_mm,
            profiles=profile.focal_mm,
        )


def _another_body(profile: Profile, photo: Taken) -> Iterator[Translatable]:
    """That a photo was taken with another camera of the same model: no reason to refuse it."""
    photos_own, profiles = photo.info.camera_serial, profile.camera_serial
    # Cameras that write no serial number cannot be told apart.
    if not same_serial(photos_own, profiles):
        yield translatable(
            "taken with another camera of that model "
            "(serial {photos_own}, the profile is for {profiles})",
            photos_own=photos_own,
            profiles=profiles,
        )


def _differ(a: float | None, b: float | None, tolerance: float) -> bool:
    # A profile that somebody else has written may have zeros for what is not known.
    return bool(a and b) and not agree(a or 0.0, b or 0.0, tolerance)
