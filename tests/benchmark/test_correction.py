"""The comparison of corrections: baselines that work, figures that mean what they say."""

import shutil
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from job_steps import stepped
from scipy.ndimage import convolve, gaussian_filter

from lenscal.benchmark import correction, raw_programs
from lenscal.benchmark.baselines import (
    BASELINES,
    average_kernels,
    richardson_lucy,
    uniform_wiener,
    unsharp_mask,
)
from lenscal.benchmark.correction import (
    PLAIN,
    CorrectionSettings,
    measure_correction,
    tables,
)
from lenscal.benchmark.picture_figures import picture_figures, ssim
from lenscal.errors import InputError
from lenscal.optics.psf_grid import delta_grid


@pytest.fixture
def blurred():
    rng = np.random.default_rng(0)
    sharp = 0.4 + 0.05 * np.stack(
        [gaussian_filter(rng.normal(size=(101, 134)), 1.5) * 5 for _ in range(3)], axis=-1
    )
    kernels = np.zeros((3, 7, 7))
    kernels[:, 2:5, 1:6] = 1 / 15
    seen = np.stack(
        [convolve(sharp[..., c], kernels[c], mode="reflect") for c in range(3)], axis=-1
    )
    return sharp.astype(np.float32), seen.astype(np.float32), kernels


@pytest.mark.parametrize(
    ("correct", "left"),
    [
        (lambda rgb, k: uniform_wiener(rgb, k, 1e-3), 0.35),
        (lambda rgb, k: richardson_lucy(rgb, k, 20), 0.35),
        (lambda rgb, _: unsharp_mask(rgb, 1.0, 0.5), 0.8),
    ],
)
def test_baselines_undo_blur(blurred, correct, left):
    sharp, seen, kernels = blurred
    before, after = (np.mean((image - sharp) ** 2) for image in (seen, correct(seen, kernels)))
    assert after < left * before
    assert correct(seen, kernels).shape == sharp.shape


def test_baselines_leave_a_sharp_photo_as_it_is(blurred):
    sharp = blurred[0]
    delta = average_kernels(delta_grid((2, 2), 5, sharp.shape[:2]))
    np.testing.assert_allclose(uniform_wiener(sharp, delta, 1e-6), sharp, atol=1e-4)
    np.testing.assert_allclose(richardson_lucy(sharp, delta, 3), sharp, atol=1e-4)


def test_unsharp_mask_is_what_its_name_says(blurred):
    rgb = 2 * blurred[0]
    smooth = gaussian_filter(rgb, (1.5, 1.5, 0))
    np.testing.assert_allclose(unsharp_mask(rgb, 1.5, 0.7), rgb + 0.7 * (rgb - smooth), atol=1e-5)


def test_without_scikit_image_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.restoration", None)
    with pytest.raises(InputError, match=r"pip install 'lenscal\[benchmark\]'"):
        next(measure_correction(CorrectionSettings("cpu")))


def test_figures_of_equal_and_of_shifted_photos(blurred):
    sharp, seen, _ = blurred
    same = picture_figures(sharp, sharp, 1.0)
    assert same.psnr > 60
    assert same.ssim == pytest.approx(1)
    moved = picture_figures(np.roll(sharp, (2, -3), (0, 1)), sharp, 1.0)
    worse = picture_figures(seen, sharp, 1.0)
    assert moved.psnr > worse.psnr + 5
    assert 0 < worse.ssim < moved.ssim <= 1
    cut = sharp.copy()
    cut[:8] = np.nan
    assert picture_figures(cut, sharp, 1.0) == same


def test_ssim_of_noise_is_low(blurred):
    rng = np.random.default_rng(1)
    flat = np.full((64, 64), 0.5)
    assert ssim(flat + 0.1 * rng.normal(size=flat.shape), flat) < 0.2


def test_true_kernels_win_and_tables_hold_every_method():
    settings = CorrectionSettings(
        "cpu", (192, 256), (correction.DEMO,), (200,), delta_grid((2, 2), 5, (8, 8)), False
    )
    found, messages = stepped(measure_correction(settings))
    (case,) = found["cases"]
    rows = case["rows"]
    assert {
        PLAIN,
        "lenscal wiener, true kernels",
        "lenscal wiener, learnt kernels",
        *BASELINES,
    } <= set(rows)
    assert rows["lenscal wiener, true kernels"]["psnr"] > max(
        rows[name]["psnr"] for name in (PLAIN, *BASELINES)
    )
    assert rows["lenscal wiener, learnt kernels"]["psnr"] == pytest.approx(
        rows[PLAIN]["psnr"], abs=0.6
    )
    fractions = [m.fraction for m in messages if m.fraction is not None]
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(fractions))
    (table,) = tables(found)
    assert [row[0] for row in table.rows] == list(rows)
    assert table.rows[0][2] == "+0.00"


def test_no_other_program_no_row(monkeypatch, tmp_path):
    monkeypatch.setattr(raw_programs.shutil, "which", lambda name: None)
    assert (
        raw_programs.develop_with_programs(
            tmp_path / "no.dng", np.zeros((4, 4, 3), np.float32), tmp_path
        )
        == {}
    )


@pytest.mark.skipif(shutil.which("rawtherapee-cli") is None, reason="RawTherapee is not installed")
def test_other_programs_photos_are_brought_to_our_colours(tmp_path, make_dng):
    from lenscal.raw.decode import decode_photo

    photo = make_dng(tmp_path / "a.dng", size=(400, 600))
    plain = decode_photo(photo).rgb_tile(slice(None), slice(None))
    picture, seconds = raw_programs.develop_with_programs(photo, plain, tmp_path)[
        "RawTherapee, no sharpening"
    ][""]
    assert seconds > 0
    inner = (slice(16, -16),) * 2
    assert picture_figures(picture, plain, 0.0).psnr > 35
    np.testing.assert_allclose(picture[inner].mean((0, 1)), plain[inner].mean((0, 1)), rtol=0.02)


def test_a_program_that_fails_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(
        raw_programs.shutil, "which", lambda name: "/bin/false" if "raw" in name else None
    )

    def fail(command, **_):
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(raw_programs.subprocess, "run", fail)
    assert (
        raw_programs.develop_with_programs(
            tmp_path / "no.dng", np.zeros((4, 4, 3), np.float32), tmp_path
        )
        == {}
    )
