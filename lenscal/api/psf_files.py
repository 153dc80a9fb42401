"""Kernels and profiles as files."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.errors import InputError
from lenscal.files.psf.profile import Profile
from lenscal.files.psf.psf_formats import ALL_FORMATS, DEFAULT_PSF_FORMAT, PSF_FORMATS
from lenscal.optics.psf_grid import PsfGrid
from lenscal.translation import translatable

if TYPE_CHECKING:
    from typing import TypeAlias

    PathLikeText: TypeAlias = str | PathLike[str]


def read_profile(path: PathLikeText) -> Profile:
    """All that a profile (LENS.lenscal) tells; of PSF files from elsewhere the kernels alone.

    Raises
    ------
    InputError
        There is nothing of the kind, or it is damaged.
    """
    from lenscal.files.psf.opening import open_psf

    return open_psf(Path(path))


def write_profile(profile: Profile, path: PathLikeText) -> Path:
    """Write a profile, whole or not at all; only a profile is replaced.

    Raises
    ------
    InputError
        It cannot be written there, or something else has that name.
    """
    from lenscal.files.output_paths import check_profile_path
    from lenscal.files.psf.profile import write_profile as write

    check_profile_path(Path(path))
    return write(Path(path), profile)


def read_psf(path: PathLikeText, *, aperture: float | None = None) -> PsfGrid:
    """The kernels of a profile, a FITS or npz file, or a folder of PSF files; see `read_profile`
    for errors.

    aperture : f-number, of a profile: where it was not photographed, its kernels are predicted;
        InputError where nothing can be known of it. The lens model that this takes is fitted where
        the profile has none (ten to twenty seconds), and written into lenscal's cache folder
    """
    profile = read_profile(path)
    if aperture is None:
        return profile.psf
    from lenscal.lens.prediction import kernels_at_aperture

    return kernels_at_aperture(profile, aperture, keeps_models=True)


def write_psf(
    psf: PsfGrid | Profile, folder: PathLikeText, form: str = DEFAULT_PSF_FORMAT
) -> list[Path]:
    """Write kernels for other programs, as `lenscal export-psf` does; of a profile with its camera
    and lens in the headers.

    form : "fits" (psf_R, psf_G and psf_B.fits), "npz", "tiff", "csv" or "all"

    Raises
    ------
    InputError
        The kernels are no lens's, or what is there was not written by lenscal.
    """
    from lenscal.files.output_paths import check_output_folder
    from lenscal.files.psf.psf_export import export_psf

    if form not in (*PSF_FORMATS, ALL_FORMATS):
        raise InputError(
            translatable(
                "format {form}: choose one of {choices}",
                form=form,
                choices=", ".join((*PSF_FORMATS, ALL_FORMATS)),
            )
        )
    check_output_folder(Path(folder))
    profile = psf if isinstance(psf, Profile) else Profile(psf)
    return export_psf(profile.psf, Path(folder), form, profile.provenance)
