"""lenscal demo, called as a user calls it."""

import json

import pytest
import tifffile

from lenscal.files.psf.profile import read_profile
from lenscal.files.psf.psf_fits import read_fits


def test_demo_refuses_a_folder_of_other_things(run, tmp_path):
    (tmp_path / "thesis.tex").touch()
    code, _, err = run("demo", "--out", tmp_path)
    assert code == 2
    assert "is not empty" in err
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_demo_clears_no_photos_but_its_own(run, tmp_path, make_dng):
    """A user's own lens, measured: its folder looks like a demo's."""
    (tmp_path / "truth").mkdir()
    (tmp_path / "truth" / "psf_R.fits").touch()
    photo = make_dng(tmp_path / "sharp" / "sharp_1.dng", make="Other")
    code, _, err = run("demo", "--out", tmp_path)
    assert code == 2
    assert "is not empty" in err
    assert photo.is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--size", "192x128"], "choose at least 256x256"),
        (["--size", "301x301"], "must be even"),
        (["--photos", 0], "--photos 0"),
    ],
)
def test_demo_refuses_what_it_could_not_calibrate(run, tmp_path, options, message):
    code, _, err = run("demo", "--out", tmp_path / "demo", *options)
    assert code == 2
    assert message in err
    assert not (tmp_path / "demo").exists()


def test_demo_goes_the_whole_way(run, tmp_path, engine):
    """Only the training is left out: an estimate that changes nothing gains nothing, and everything
    is on disk."""
    code, out, err = run(
        "demo", "--out", tmp_path / "demo", "--photos", 1, "--size", "288x256", "--json"
    )
    assert code == 0, err
    told = json.loads(out)
    assert list(told["scores"]) == ["delta", "average", "after G", "estimate"]
    assert told["scores"]["estimate"] == pytest.approx(told["scores"]["delta"])
    assert set(told["gain"]["share"]) == {"average", "true, no odd part", "after G", "estimate"}
    assert told["gain"]["psnr"]["estimate"] == pytest.approx(told["gain"]["psnr_degraded"], abs=0.3)
    assert told["gain"]["psnr_true"] > told["gain"]["psnr_degraded"]
    assert read_profile(tmp_path / "demo" / "demo.lenscal").psf.image_size == (256, 288)
    assert read_fits(tmp_path / "demo" / "psf").shape == (8, 8)
    assert read_fits(tmp_path / "demo" / "truth").kernel_size == 25
    (photo,) = told["corrected"]
    assert tifffile.imread(photo).shape == (256, 288, 3)
    percents = [int(line[:3]) for line in err.splitlines() if line[3:4] == "%"]
    assert percents == sorted(percents)
