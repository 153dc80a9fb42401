"""The one way to open a PSF, whatever kind of file it is: for the command line, the window and
what is dropped on it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from lenscal.errors import InputError
from lenscal.files.psf.limits import MAX_FILE_BYTES
from lenscal.files.psf.profile import Profile, read_profile
from lenscal.files.psf.psf_fits import CHANNELS, FITS_MAGIC, file_in, fits_path, read_fits
from lenscal.files.psf.psf_npz import read_npz
from lenscal.system.file_content import first_bytes, read_plain_file
from lenscal.system.zip_content import is_zip, zip_of
from lenscal.translation import translatable

PROFILE_SUFFIX = ".lenscal"
# Suffixes of the files that hold a whole PSF, in small letters.
PSF_SUFFIXES = (PROFILE_SUFFIX, ".npz")

_FITS_SUFFIXES = (".fits", ".fit", ".fts")
_KERNEL_CARDS = (b"DET_YX0 ", b"OVERSAMP")
"""What headers of PSFs have, as stpsf and photutils write them, and those of pictures have not."""
_HEADER_BYTES = 2**16

# Of the file in a folder of PSF files.
NPZ_NAME = "psf.npz"


class PsfKind(StrEnum):
    """What holds a PSF."""

    PROFILE = "profile"
    NPZ = "npz"
    NPZ_FOLDER = "folder with psf.npz"
    FITS_FOLDER = "folder with psf_R, psf_G and psf_B.fits"
    FITS_FILE = "one of these three"
    LONE_FITS = "FITS file of kernels for all colours"


def psf_kind(path: Path) -> PsfKind | None:
    """What kind of PSF a file or folder holds; None where it is none.

    Its content decides. Only where that does not tell (the file is missing or damaged) the suffix
    does, in capitals or small letters, so that opening it can say what is wrong.
    """
    if path.is_dir():
        # One file stands for the set; opening it names those that are missing.
        if fits_path(path, CHANNELS[0]).is_file():
            return PsfKind.FITS_FOLDER
        return PsfKind.NPZ_FOLDER if file_in(path, NPZ_NAME).is_file() else None
    # Both are zip files: what is in them tells them apart.
    names = names_in_zip(path)
    if "profile.json" in names:
        return PsfKind.PROFILE
    if "kernels.npy" in names:
        return PsfKind.NPZ
    if _is_fits_of_a_set(path):
        return PsfKind.FITS_FILE
    if path.suffix.lower() in _FITS_SUFFIXES and _tells_of_kernels(path):
        return PsfKind.LONE_FITS
    by_suffix = {PROFILE_SUFFIX: PsfKind.PROFILE, ".npz": PsfKind.NPZ}
    return by_suffix.get(path.suffix.lower())


def open_psf(path: Path) -> Profile:
    """The PSF of a profile, an npz file, or a folder of PSF files.

    Files of PSFs from elsewhere become a profile of which nothing but the kernels is known
    (`Profile.is_bare`).

    Raises
    ------
    InputError
        There is nothing of the kind, or it is damaged.
    """
    if not path.exists():
        raise InputError(translatable("{path}: there is no such file or folder", path=path))
    match psf_kind(path):
        case PsfKind.NPZ:
            return Profile(read_npz(path))
        case PsfKind.NPZ_FOLDER:
            return Profile(read_npz(file_in(path, NPZ_NAME)))
        case PsfKind.FITS_FOLDER:
            return Profile(read_fits(path))
        case PsfKind.FITS_FILE:
            return Profile(read_fits(path.parent))
        case PsfKind.LONE_FITS:
            return Profile(read_fits(path))
        case None if path.is_dir():
            raise InputError(
                translatable(
                    "{path} holds neither psf_R.fits, psf_G.fits and psf_B.fits nor psf.npz",
                    path=path,
                )
            )
        case _:
            # Of other files, too, the profile's reader says best what is wrong.
            return read_profile(path)


def is_psf(path: Path) -> bool:
    """Whether `open_psf` is the right thing to do with a file or folder."""
    return psf_kind(path) is not None


def names_in_zip(path: Path) -> frozenset[str]:
    """Names of a zip's entries; none where it is no zip, or cannot be read."""
    # Most files are none: they are not read to their ends for that.
    if not is_zip(first_bytes(path, 4)):
        return frozenset()
    try:
        with zip_of(read_plain_file(path, MAX_FILE_BYTES), path) as archive:
            return frozenset(archive.namelist())
    # zipfile raises whatever it runs into in a damaged file.
    except Exception:
        return frozenset()


def _is_fits_of_a_set(path: Path) -> bool:
    """Whether a file is one of a folder's psf_R.fits, psf_G.fits and psf_B.fits."""
    if path.name.lower() not in [f"psf_{channel}.fits".lower() for channel in CHANNELS]:
        return False
    # Names alone are not enough: a drop of other FITS files is no PSF.
    return first_bytes(path, len(FITS_MAGIC)) == FITS_MAGIC


def _tells_of_kernels(path: Path) -> bool:
    """Whether a FITS file holds kernels, for all colours: a photo of stars, say, does not."""
    header = first_bytes(path, _HEADER_BYTES)
    return header.startswith(FITS_MAGIC) and any(card in header for card in _KERNEL_CARDS)
