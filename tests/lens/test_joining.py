"""Several calibrations of one lens as one file."""

import json
import zipfile
from dataclasses import replace

import numpy as np
import pytest

from lenscal.errors import InputError
from lenscal.files.lens_model import LAYOUT, LensModel
from lenscal.files.psf.profile import Profile, ProfilePhoto, read_profile, write_profile
from lenscal.files.psf.sharing import without_identity
from lenscal.lens.joining import join
from lenscal.optics.psf_grid import PsfGrid, delta_grid
from lenscal.stepping import finish

COUNT = 428


def model(*f_numbers):
    return LensModel(LAYOUT, (0.0,) * COUNT, min(f_numbers), 5, 4.3, f_numbers, 0.05)


def calibration(f_number, focal_mm=35.0, **told):
    values = {
        "camera": "NIKON CORPORATION NIKON D750",
        "lens": "AF-S Nikkor 35mm f/1.8G",
        "focal_mm": focal_mm,
        "pixel_pitch_um": 4.3,
        "aperture_sharp": 5.6,
        "aperture_degraded": f_number,
        "created": "2026-11-20",
        "lens_model": model(f_number),
    }
    psf = delta_grid((2, 2), 5, (128, 192))
    confidence = np.full((2, 2, 3), 0.8, np.float32)
    return Profile(replace(psf, confidence=confidence), **{**values, **told})


def test_apertures_and_focal_lengths_become_one_file_and_come_back(tmp_path):
    named = [
        ("c", calibration(2.8, 70.0)),
        ("b", calibration(4.0, lens_model=None)),
        ("a", calibration(1.8, camera="Nikon D750")),
    ]
    joined = finish(join(named))
    path = write_profile(tmp_path / "lens.lenscal", joined)
    back = read_profile(path)
    settings = [(p.focal_mm, p.aperture_degraded) for p in (back, *back.members)]
    assert settings == [(35.0, 1.8), (35.0, 4.0), (70.0, 2.8)]
    # Those of one focal length are one lens: a model was fitted to both.
    assert back.lens_model.fitted_to == (1.8, 4.0)
    assert back.members[0].lens_model is None and back.members[1].lens_model == model(2.8)
    with zipfile.ZipFile(path) as archive:
        told = json.loads(archive.read("profile.json"))
        assert told["schema"] == 2 and "members/3/psf.npz" in archive.namelist()
        assert json.loads(archive.read("members/2/profile.json"))["aperture_degraded"] == 4.0
    # Bit by bit the same.
    assert write_profile(tmp_path / "again.lenscal", back).read_bytes() == path.read_bytes()


def test_a_joined_file_can_be_joined_with_more(tmp_path):
    first = finish(join([("a", calibration(1.8)), ("b", calibration(2.8, 70.0))]))
    joined = finish(join([("lens", first), ("c", calibration(1.8, 105.0))]))
    assert [p.focal_mm for p in (joined, *joined.members)] == [35.0, 70.0, 105.0]


def test_sessions_of_one_aperture_become_one_and_the_surer_counts_more():
    rng = np.random.default_rng(0)
    kernels = rng.random((2, 2, 3, 5, 5)).astype(np.float32)
    kernels /= kernels.sum((-1, -2), keepdims=True)
    other = calibration(1.8)
    sure = replace(
        other,
        created="2026-11-21",
        psf=PsfGrid(kernels, (128, 192), confidence=np.full((2, 2, 3), 0.95, np.float32)),
    )
    joined = finish(join([("a", other), ("b", sure)]))
    assert joined.members == () and joined.created == "2026-11-21"
    to_sure = np.abs(joined.psf.kernels - kernels).sum()
    assert to_sure < np.abs(joined.psf.kernels - other.psf.kernels).sum()
    assert (joined.psf.confidence > 0.95).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"camera": "Nikon D800"}, "Nikon D800 is not"),
        ({"lens": "AF-S Nikkor 50mm f/1.8G"}, "not of the same lens as a"),
        ({"lens_serial": "77"}, "another copy"),
    ],
)
def test_other_lenses_are_not_joined(change, words):
    first = calibration(1.8, lens_serial="42")
    with pytest.raises(InputError, match=words):
        finish(join([("a", first), ("b", replace(calibration(2.8), **change))]))


def test_two_copies_are_not_joined_by_a_file_that_leaves_open_of_which_it_is():
    named = [("any", calibration(1.8)), ("one", calibration(2.8, lens_serial="1"))]
    named.append(("two", calibration(4.0, lens_serial="2")))
    with pytest.raises(InputError, match="two is not of the same lens as one: another copy"):
        finish(join(named))
    # Nor as a part of a joined file.
    (_, first), one, two = named
    with pytest.raises(InputError, match="another copy"):
        finish(join([("lens", replace(first, members=(one[1],))), two]))


def test_a_focal_length_that_nobody_knows_is_none_of_several():
    unknown = ("b", calibration(4.0, None))
    zoom = [("a", calibration(1.8, 24.0)), ("c", calibration(1.8, 70.0))]
    with pytest.raises(InputError, match="b does not say its focal length"):
        finish(join([*zoom, unknown]))
    # Beside a single one it is that.
    model_of_both = {"lens_model": model(1.8, 4.0)}
    joined = finish(join([("a", calibration(1.8, 24.0, **model_of_both)), unknown]))
    assert joined.lens_model.fitted_to == (1.8, 4.0)


def test_the_same_calibration_twice_is_kept_once():
    joined = finish(
        join([("a", calibration(1.8)), ("b", calibration(1.8)), ("c", calibration(1.8))])
    )
    # Not as surer than one, as sessions would be.
    assert joined.members == ()
    np.testing.assert_array_equal(joined.psf.confidence, calibration(1.8).psf.confidence)


def test_what_is_shared_says_of_no_member_whose_it_is(tmp_path):
    photo = ProfilePhoto("IMG_0815.NEF", "sharp", "ab" * 32)
    member = calibration(4.0, camera_serial="6012345", photos=(photo,))
    joined = replace(calibration(1.8), members=(member,))
    path = write_profile(tmp_path / "shared.lenscal", without_identity(joined))
    with zipfile.ZipFile(path) as archive:
        texts = b"".join(archive.read(n) for n in archive.namelist() if n.endswith(".json"))
    for secret in (b"6012345", b"IMG_0815", b"abab"):
        assert secret not in texts


def test_more_calibrations_than_a_file_holds_are_refused():
    many = [(str(n), calibration(1.8, focal_mm=20.0 * 1.05**n)) for n in range(65)]
    with pytest.raises(InputError, match="more than one file holds"):
        finish(join(many))
