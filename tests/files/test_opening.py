"""A PSF is opened by what the file is, and in the same way wherever it is given."""

from pathlib import Path

import numpy as np
import pytest
from psf_forms import PSF_FORMS

from lenscal.errors import InputError
from lenscal.files.psf.opening import is_psf, open_psf
from lenscal.files.psf.profile import Profile, write_profile
from lenscal.files.psf.psf_npz import write_npz
from lenscal.optics.psf_grid import delta_grid

GRID = delta_grid((2, 3), 5, (400, 600))


def made(form: str, tmp_path: Path) -> Path:
    return PSF_FORMS[form](Profile(GRID, lens="Some lens"), tmp_path)


@pytest.mark.parametrize("form", PSF_FORMS)
def test_every_form_holds_the_kernels(tmp_path: Path, form: str) -> None:
    path = made(form, tmp_path)
    profile = open_psf(path)
    np.testing.assert_array_equal(profile.psf.kernels, GRID.kernels)
    assert profile.psf.image_size == GRID.image_size
    assert is_psf(path)


@pytest.mark.parametrize("form", PSF_FORMS)
def test_only_profiles_know_more_than_kernels(tmp_path: Path, form: str) -> None:
    profile = open_psf(made(form, tmp_path))
    assert profile.is_bare == (profile.lens == "")
    assert profile.is_bare != ("profile" in form)


def test_content_counts_more_than_the_name(tmp_path: Path) -> None:
    profile = write_profile(tmp_path / "a.lenscal", Profile(GRID, lens="Some lens"))
    npz = write_npz(GRID, tmp_path / "b.npz")
    profile.rename(tmp_path / "profile.npz")
    npz.rename(tmp_path / "kernels.lenscal")
    assert open_psf(tmp_path / "profile.npz").lens == "Some lens"
    assert open_psf(tmp_path / "kernels.lenscal").is_bare


@pytest.mark.parametrize("name", ["x.lenscal", "X.LENSCAL", "k.npz", "K.NPZ"])
def test_what_is_damaged_is_told_by_its_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert is_psf(path)
    with pytest.raises(InputError, match="no such file"):
        open_psf(path)
    path.write_bytes(b"no zip")
    assert is_psf(path)
    with pytest.raises(InputError, match=name):
        open_psf(path)


def test_other_files_and_folders_are_no_psf(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear reader")
    (tmp_path / "psf_R.fits").write_text("no FITS")
    (tmp_path / "photos").mkdir()
    for name in ("letter.txt", "photos", "missing"):
        assert not is_psf(tmp_path / name)
        with pytest.raises(InputError, match=name):
            open_psf(tmp_path / name)
    assert not is_psf(tmp_path / "psf_R.fits")
