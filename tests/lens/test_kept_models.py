"""Models that were fitted to profiles without one."""

from dataclasses import replace

import pytest

from lenscal.files.lens_model import LAYOUT, LensModel
from lenscal.files.psf.profile import Profile
from lenscal.lens import kept_models
from lenscal.lens.coverage import Group
from lenscal.optics.psf_grid import delta_grid

MODEL = LensModel(LAYOUT, (0.25, -0.5), 1.8, 5, 4.3, (1.8,), 0.05)


@pytest.fixture
def group(tmp_path, monkeypatch):
    monkeypatch.setattr(kept_models, "cache_folder", lambda: tmp_path)
    psf = delta_grid((2, 2), 5, (96, 144))
    profile = Profile(psf, pixel_pitch_um=4.3, aperture_sharp=5.6, aperture_degraded=1.8)
    return Group((profile,))


def test_a_model_is_found_again_by_the_kernels_and_by_nothing_else(group):
    assert kept_models.kept_model(group) is None
    kept_models.keep_model(group, MODEL)
    renamed = Group((replace(group.first, lens="Another name"),))
    assert kept_models.kept_model(renamed) == MODEL
    for change in (
        {"psf": delta_grid((2, 3), 5, (96, 144))},
        {"aperture_sharp": 8.0},
        {"pixel_pitch_um": 5.0},
    ):
        assert kept_models.kept_model(Group((replace(group.first, **change),))) is None


def test_a_damaged_one_is_fitted_again(group, tmp_path):
    kept_models.keep_model(group, MODEL)
    (path,) = (tmp_path / "lens models").iterdir()
    path.write_text('{"layout": 1}')
    assert kept_models.kept_model(group) is None
