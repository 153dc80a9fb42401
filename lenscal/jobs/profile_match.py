"""Whether a photo was taken as those that a profile was learnt from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lenscal.raw.lens_setting import APERTURE_TOLERANCE, FOCAL_TOLERANCE, agree, f_number
from lenscal.translation import Translatable, translatable

if TYPE_CHECKING:
    from lenscal.files.psf.profile import Profile
    from lenscal.raw.frame import Frame, PhotoHeader


def mismatches(profile: Profile, photo: Frame | PhotoHeader) -> list[Translatable]:
    """In what a photo differs from those that the PSF was learnt from, in words. Unknown things do
    not count.

    Where a lens or a focal length was typed in for the calibration, what its photos say of
    themselves is right as well.
    """
    return [*_size(profile, photo), *_equipment(profile, photo), *_lens_setting(profile, photo)]


def _size(profile: Profile, photo: Frame | PhotoHeader) -> list[Translatable]:
    # Kernels are placed by pixels: another size is another crop, or another camera.
    if profile.psf.image_size == photo.size:
        return []
    (photo_height, photo_width), (height, width) = photo.size, profile.psf.image_size
    return [
        translatable(
            "the photo has {photo_width} x {photo_height} px, the PSF is for {width} x {height} px",
            photo_width=photo_width,
            photo_height=photo_height,
            width=width,
            height=height,
        )
    ]


def _equipment(profile: Profile, photo: Frame | PhotoHeader) -> list[Translatable]:
    info = photo.info
    differences = []
    for what, photos_own, profiles, others in (
        (translatable("camera"), info.camera, profile.camera, ()),
        (translatable("lens"), info.lens, profile.lens, profile.lenses_in_files),
        (translatable("lens's serial number"), info.lens_serial, profile.lens_serial, ()),
    ):
        # Case, and spaces around a name, are no difference.
        right = [name.strip().lower() for name in (profiles, *others)]
        if photos_own and profiles and photos_own.strip().lower() not in right:
            differences.append(
                translatable(
                    "the photo's {what} is {photos_own}, the profile is for {profiles}",
                    what=what,
                    photos_own=photos_own,
                    profiles=profiles,
                )
            )
    return differences


def _lens_setting(profile: Profile, photo: Frame | PhotoHeader) -> list[Translatable]:
    info = photo.info
    differences = []
    if _differ(info.aperture, profile.aperture_degraded, APERTURE_TOLERANCE):
        differences.append(
            translatable(
                "the photo was taken at {photos_own}, the profile is for {profiles}",
                photos_own=f_number(info.aperture),
                profiles=f_number(profile.aperture_degraded),
            )
        )
    # A focal length that was typed in, and the one that the same photos say of themselves.
    right = (profile.focal_mm, *profile.focal_mm_in_files)
    if all(_differ(info.focal_mm, focal, FOCAL_TOLERANCE) for focal in right):
        differences.append(
            translatable(
                "the photo was taken at {photos_own:g} mm, the profile is for {profiles:g} mm",
                photos_own=info.focal_mm,
                profiles=profile.focal_mm,
            )
        )
    return differences


def another_body(profile: Profile, photo: Frame | PhotoHeader) -> list[Translatable]:
    """That a photo was taken with another camera of the same model: no reason to refuse it."""
    photos_own, profiles = photo.info.camera_serial, profile.camera_serial
    # Cameras that write no serial number cannot be told apart.
    if not photos_own or not profiles or photos_own == profiles:
        return []
    return [
        translatable(
            "taken with another camera of that model "
            "(serial {photos_own}, the profile is for {profiles})",
            photos_own=photos_own,
            profiles=profiles,
        )
    ]


def _differ(a: float | None, b: float | None, tolerance: float) -> bool:
    return a is not None and b is not None and not agree(a, b, tolerance)
