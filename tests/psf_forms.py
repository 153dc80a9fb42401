"""A PSF in every form that lenscal opens, for tests of the places where one can be given."""

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from lenscal.files.psf.profile import Profile, write_profile
from lenscal.files.psf.psf_fits import write_fits
from lenscal.files.psf.psf_npz import write_npz


def _profile(name: str) -> Callable[[Profile, Path], Path]:
    return lambda profile, base: write_profile(base / name, profile)


def _npz(name: str) -> Callable[[Profile, Path], Path]:
    return lambda profile, base: write_npz(profile.psf, base / name)


def _fits_folder(profile: Profile, base: Path) -> Path:
    write_fits(profile.psf, base / "psf")
    return base / "psf"


def _fits_folder_in_capitals(profile: Profile, base: Path) -> Path:
    folder = base / "PSF"
    for path in write_fits(profile.psf, folder):
        path.rename(folder / path.name.upper())
    return folder


def _npz_folder(profile: Profile, base: Path) -> Path:
    (base / "npz").mkdir()
    write_npz(profile.psf, base / "npz" / "psf.npz")
    return base / "npz"


def _one_fits(profile: Profile, base: Path) -> Path:
    return _fits_folder(profile, base) / "psf_G.fits"


def _unnamed_profile(profile: Profile, base: Path) -> Path:
    return Path(shutil.move(write_profile(base / "x.lenscal", profile), base / "download"))


PSF_FORMS: Mapping[str, Callable[[Profile, Path], Path]] = {
    "profile": _profile("x.lenscal"),
    "profile in capitals": _profile("X.LENSCAL"),
    "profile without suffix": _unnamed_profile,
    "npz": _npz("k.npz"),
    "npz in capitals": _npz("K.NPZ"),
    "folder of fits": _fits_folder,
    "folder of fits in capitals": _fits_folder_in_capitals,
    "folder of npz": _npz_folder,
    "one fits of a folder": _one_fits,
}
"""Name -> what writes a profile's PSF in that form into a folder, and returns its path."""
