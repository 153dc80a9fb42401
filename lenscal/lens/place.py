"""Where a photo lies in the field of a calibration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from lenscal.files.psf.profile import Profile
from lenscal.optics.psf_grid import ONE_NODE
from lenscal.raw.frame import PhotoInfo
from lenscal.raw.identity.cameras import same_camera
from lenscal.raw.identity.place import Place, Shot, place_on


class Taken(Protocol):
    """What of a photo tells whether kernels are for it: a `Frame`, or `Undecoded`."""

    @property
    def info(self) -> PhotoInfo: ...

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) px."""
        ...

    @property
    def has_mosaic(self) -> bool:
        """Whether it comes as the sensor's own mosaic."""
        ...


@dataclass(frozen=True, slots=True)
class Undecoded:
    """A photo by its metadata alone."""

    info: PhotoInfo

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) px; (0, 0) where nobody has looked."""
        return self.info.height, self.info.width

    @property
    def has_mosaic(self) -> bool:
        """Of a RAW photo that is no linear DNG."""
        decoding = self.info.decoding
        linear = decoding is not None and decoding.dng is not None and decoding.black is None
        return self.info.light is None and not linear


def place_of(profile: Profile, photo: Taken) -> Place | None:
    """Where a photo lies in a calibration's field; None where that cannot be told, or where it
    reaches beyond."""
    if of_other_camera(profile, photo) or not all(photo.size):
        return None
    place = place_on(*_shots(profile, photo))
    # Whose crop modes would that be, where either does not say its camera? Pictures can have been
    # cut and made smaller by any program.
    known = photo.info.camera and profile.camera and photo.info.light is None
    return place if known or (place and place.kind == "margins") else None


def fits_field(profile: Profile, photo: Taken) -> bool:
    """Whether the photo's place in the field that the grid is for is known, or does not matter."""
    psf = profile.psf
    # A file that could not be looked into may have any size.
    same = psf.image_size == photo.size or psf.shape == ONE_NODE or not all(photo.size)
    return same or place_of(profile, photo) is not None


def of_other_camera(profile: Profile, photo: Taken) -> bool:
    """Whether a photo says another camera than the profile."""
    own, profiles = photo.info.camera, profile.camera
    return bool(own and profiles) and not same_camera(own, profiles)


def _shots(profile: Profile, photo: Taken) -> tuple[Shot, Shot]:
    from lenscal.raw.sensor import crop_factor, pixel_pitch_um

    info, size = photo.info, profile.psf.image_size
    camera = profile.camera or info.camera
    pitch_um, factor = profile.pixel_pitch_um, profile.crop_factor
    # lensfun knows cameras of which the photos of an older profile did not tell.
    if pitch_um is None and info.pixel_pitch_um is not None:
        pitch_um = pixel_pitch_um(camera, size)
    if factor is None and info.crop_factor is not None:
        factor = crop_factor(camera)
    field = Shot(size, profile.sensor_area, pitch_um, factor)
    own = Shot(photo.size, info.area, info.pixel_pitch_um, info.crop_factor, photo.has_mosaic)
    return field, own
