"""lenscal correct, called as a user calls it."""

import json
import shutil
import signal
from pathlib import Path

import cv2
import numpy as np
import pytest
import rawpy
import tifffile
from psf_forms import PSF_FORMS

from lenscal.files.psf.profile import Profile
from lenscal.files.psf.psf_fits import write_fits
from lenscal.optics.psf_grid import delta_grid
from lenscal.raw.decode import decode_photo


def test_correct_without_a_method_is_the_decoded_photo(run, tmp_path, lens, folders):
    photo = folders[1] / "d0.dng"
    code, out, err = run(
        "correct",
        lens,
        photo,
        "--out",
        tmp_path / "out",
        "--method",
        "none",
        "--space",
        "camera-linear",
        "--json",
    )
    assert code == 0, err
    (written,) = json.loads(out)["written"]
    frame = decode_photo(photo)
    np.testing.assert_array_equal(
        tifffile.imread(written), frame.rgb_tile(slice(None), slice(None))
    )


def test_correct_with_a_delta_changes_next_to_nothing(run, tmp_path, lens, folders):
    photo = folders[1] / "d0.dng"
    code, out, _ = run(
        "correct",
        lens,
        photo,
        "--out",
        tmp_path,
        "--space",
        "camera-linear",
        "--denoise",
        0,
        "--device",
        "cpu",
        "--template",
        "{name}-{method}",
    )
    assert code == 0
    assert "1 of 1 photos written" in out
    change = tifffile.imread(tmp_path / "d0-wiener.tif") - decode_photo(photo).rgb_tile(
        slice(None), slice(None)
    )
    assert np.abs(change).mean() < 0.003


def test_depth(run, tmp_path, lens, folders):
    code, _, err = run(
        "correct", lens, folders[1] / "d0.dng", "--out", tmp_path, "--method", "none", "--depth", 8
    )
    assert code == 0, err
    assert tifffile.imread(tmp_path / "d0_lenscal.tif").dtype == np.uint8


def test_a_bad_photo_does_not_stop_the_rest(run, tmp_path, lens, folders, make_dng):
    (folders[1] / "broken.dng").write_bytes(b"junk")
    make_dng(folders[1] / "closed.dng", f_number=8.0)
    code, out, _ = run(
        "correct",
        lens,
        folders[1],
        "--out",
        tmp_path / "out",
        "--method",
        "none",
        "--format",
        "jpeg",
        "--json",
    )
    assert code == 1
    told = json.loads(out)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "d0_lenscal.jpg",
        "d1_lenscal.jpg",
    ]
    reasons = {p["photo"].rsplit("/")[-1]: p["reason"] for p in told["failed"]}
    assert "taken at f/8, the profile is for f/1.8" in reasons["closed.dng"]
    assert "broken.dng" in reasons
    code, _, err = run(
        "correct",
        lens,
        folders[1] / "closed.dng",
        "--out",
        tmp_path / "out",
        "--method",
        "none",
        "--force",
    )
    assert code == 0
    assert "note: closed.dng: the photo was taken at f/8" in err


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"lens": "Other 35mm"}, "lens is Other 35mm"),
        ({"focal_mm": 50.0}, "taken at 50 mm"),
        ({"model": "Other"}, "camera is Lenscal Other"),
        ({"size": (192, 128)}, "128 x 192 px"),
        ({"f_number": 1.2}, "f/1.2 is wider than f/1.8"),
    ],
)
def test_photos_of_other_setups_are_refused(run, tmp_path, lens, make_dng, told, message):
    photo = make_dng(tmp_path / "a.dng", **told)
    code, out, _ = run("correct", lens, photo, "--out", tmp_path / "out")
    assert code == 2
    assert message in out
    assert not (tmp_path / "out").exists()


def test_weights_that_are_none_are_wrong_input(run, tmp_path, lens, folders):
    photo = folders[1] / "d0.dng"
    code, out, _ = run(
        "correct", lens, photo, "--out", tmp_path / "out", "--method", "dpir", "--prior", photo
    )
    assert code == 2
    assert "not a readable safetensors file" in out
    assert not (tmp_path / "out").exists()


def test_a_photo_named_twice_is_written_once(run, tmp_path, lens, folders):
    photo = folders[1] / "d0.dng"
    again = folders[0] / ".." / folders[1].name / "d0.dng"
    code, out, _ = run(
        "correct",
        lens,
        photo,
        again,
        photo,
        "--out",
        tmp_path / "out",
        "--method",
        "none",
        "--json",
    )
    assert code == 0
    assert json.loads(out)["written"] == [str(tmp_path / "out" / "d0_lenscal.tif")]


def test_conflicts(run, tmp_path, lens, folders):
    photo, out = folders[1] / "d0.dng", tmp_path / "out"
    command = [
        "correct",
        lens,
        photo,
        "--out",
        out,
        "--method",
        "none",
        "--format",
        "jpeg",
        "--on-conflict",
    ]
    assert run(*command, "error")[0] == 0
    before = (out / "d0_lenscal.jpg").read_bytes()
    code, text, _ = run(*command, "error")
    assert code == 2
    assert "exists: choose --on-conflict" in text
    code, text, _ = run(*command, "skip", "--json")
    assert code == 0
    assert json.loads(text)["skipped"] == [str(photo)]
    assert run(*command, "unique")[0] == 0
    assert run(*command, "overwrite")[0] == 0
    assert sorted(p.name for p in out.iterdir()) == ["d0_lenscal-2.jpg", "d0_lenscal.jpg"]
    assert (out / "d0_lenscal.jpg").read_bytes() == before


def test_photos_of_one_name_from_two_folders_keep_their_files(run, tmp_path, lens, folders):
    """Done again, each finds the file that it had: a number is no accident of what lies in the
    folder."""
    other = tmp_path / "other"
    other.mkdir()
    photos = [folders[1] / "d0.dng", Path(shutil.copy(folders[1] / "d1.dng", other / "d0.dng"))]
    out = tmp_path / "out"
    command = [
        "correct",
        lens,
        *photos,
        "--out",
        out,
        "--method",
        "none",
        "--format",
        "jpeg",
        "--json",
    ]
    first, second = out / "d0_lenscal.jpg", out / "d0_lenscal-2.jpg"
    assert json.loads(run(*command, "--on-conflict", "skip")[1])["written"] == [
        str(first),
        str(second),
    ]
    before = first.read_bytes(), second.read_bytes()
    assert before[0] != before[1]
    second.unlink()
    again = json.loads(run(*command, "--on-conflict", "skip")[1])
    assert (again["written"], again["skipped"]) == ([str(second)], [str(photos[0])])
    assert json.loads(run(*command, "--on-conflict", "skip")[1])["skipped"] == [
        str(photo) for photo in photos
    ]
    assert json.loads(run(*command, "--on-conflict", "overwrite")[1])["written"] == [
        str(first),
        str(second),
    ]
    assert (first.read_bytes(), second.read_bytes()) == before
    assert len(list(out.iterdir())) == 2
    code, text, _ = run(
        "correct",
        lens,
        *photos,
        "--out",
        tmp_path / "new",
        "--method",
        "none",
        "--format",
        "jpeg",
        "--on-conflict",
        "error",
    )
    assert code != 0
    assert "is another photo of this batch" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--amount", "1.5"], "--amount 1.5"),
        (["--template", "x"], "must hold {name}"),
        (["--space", "camera-linear", "--format", "png"], "needs --format tiff"),
        (["--prior", "no.bin"], "--prior no.bin"),
    ],
)
def test_wrong_correct_options_are_2(run, tmp_path, lens, folders, options, message):
    code, _, err = run("correct", lens, folders[1], "--out", tmp_path / "out", *options)
    assert code == 2
    assert message in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", PSF_FORMS)
def test_every_form_of_a_psf_is_taken(run, tmp_path, folders, form):
    profile = Profile(delta_grid((2, 2), 5, (128, 192)), lens="Another lens")
    path = PSF_FORMS[form](profile, tmp_path)
    code, _, err = run(
        "correct", path, folders[1] / "d0.dng", "--out", tmp_path / "out", "--method", "none"
    )
    # A profile knows its lens, which is not the photo's; kernels alone fit any lens.
    assert code == (2 if "profile" in form else 0), err
    exported = run("export-psf", path, "--out", tmp_path / "exported", "--format", "npz")
    assert exported[0] == 0


def test_psf_folders_can_be_used_instead_of_a_profile(run, tmp_path, folders):
    write_fits(delta_grid((2, 2), 5, (128, 192)), tmp_path / "psf")
    code, _, err = run(
        "correct", tmp_path / "psf", folders[1] / "d0.dng", "--out", tmp_path / "out"
    )
    assert code == 0, err
    assert tifffile.imread(tmp_path / "out" / "d0_lenscal.tif").dtype == np.uint16


@pytest.mark.parametrize("save_mask", [(), ("--save-mask",)])
def test_ctrl_c_leaves_the_present_photo_out(
    run, tmp_path, lens, folders, monkeypatch, request, save_mask
):
    """Also in the middle of it; what was corrected before is written, nothing is half written."""
    from lenscal.restore import photo

    plain, out = photo.restore_rows, tmp_path / "out"
    ours = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a shell's background jobs ignore the signal
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, ours))

    def interrupted(frame, *rest, **more):
        for number, report in enumerate(plain(frame, *rest, **more)):
            if frame.info.path.stem == "d1" and number == 1:
                signal.raise_signal(signal.SIGINT)
            yield report

    monkeypatch.setattr(photo, "restore_rows", interrupted)
    code, text, _ = run("correct", lens, folders[1], "--out", out, *save_mask, "--json")
    assert code == 130
    told = json.loads(text)
    assert told["written"] == [str(out / "d0_lenscal.tif")]
    assert told["not_reached"] == [str(folders[1] / "d1.dng")]
    assert (
        sorted(p.name for p in out.iterdir())
        == ["d0_lenscal.tif", "d0_lenscal_mask.png"][: 1 + len(save_mask)]
    )


def test_a_mask_does_not_take_the_name_of_another_photo(run, tmp_path, lens, make_dng):
    photos = [
        make_dng(tmp_path / name, seed=seed) for seed, name in enumerate(("a.dng", "a_mask.dng"))
    ]
    command = (
        "correct",
        lens,
        *photos,
        "--out",
        tmp_path / "out",
        "--format",
        "png",
        "--template",
        "{name}",
        "--on-conflict",
        "overwrite",
        "--save-mask",
        "--json",
    )
    for _ in range(2):
        code, text, err = run(*command)
        assert code == 0, err
        told = [p[key] for p in json.loads(text)["photos"] for key in ("output", "mask")]
        assert len(set(told)) == 4
        channels = [cv2.imread(path, cv2.IMREAD_UNCHANGED).ndim for path in told]
        assert channels == [3, 2, 3, 2]


def test_linear_dng_and_mask(run, tmp_path, lens, folders):
    photo, out = folders[1] / "d0.dng", tmp_path / "out"
    command = ("correct", lens, photo, "--out", out, "--format", "dng", "--save-mask", "--json")
    code, text, err = run(*command)
    assert code == 0, err
    (told,) = json.loads(text)["photos"]
    assert told["output"] == str(out / "d0_lenscal.dng")
    assert told["mask"] == str(out / "d0_lenscal_mask.png")
    mask = cv2.imread(told["mask"], cv2.IMREAD_UNCHANGED)
    assert (mask.shape, mask.dtype) == ((128, 192), np.uint8)
    assert mask.max() > 200
    with rawpy.imread(told["output"]) as raw:
        assert raw.postprocess(user_flip=0).shape == (128, 192, 3)
    (again,) = json.loads(run(*command)[1])["photos"]
    assert again["mask"] == str(out / "d0_lenscal-2_mask.png")


def test_photos_of_one_name_do_not_overwrite_each_other(run, tmp_path, lens, make_dng):
    """Nor does a corrected DNG replace another photo of the batch."""
    photos = [make_dng(tmp_path / name / "a.dng", seed=seed) for seed, name in enumerate("xy")]
    before = [path.read_bytes() for path in photos]
    code, text, _ = run(
        "correct", lens, *photos, "--out", tmp_path / "out", "--on-conflict", "overwrite", "--json"
    )
    assert code == 0
    assert [p.rsplit("/", 1)[1] for p in json.loads(text)["written"]] == [
        "a_lenscal.tif",
        "a_lenscal-2.tif",
    ]
    code, text, _ = run(
        "correct",
        lens,
        *photos,
        "--out",
        tmp_path / "x",
        "--on-conflict",
        "overwrite",
        "--format",
        "dng",
        "--template",
        "{name}",
        "--json",
    )
    assert code == 2
    assert [path.read_bytes() for path in photos] == before
    assert "never overwrites" in json.loads(text)["failed"][1]["reason"]


def test_one_bad_photo_does_not_stop_the_rest(run, tmp_path, lens, make_dng, monkeypatch):
    """Whatever goes wrong with it, and wherever: read, corrected, written."""
    from lenscal.files.photos import photo_files
    from lenscal.restore import photo as restoring

    photos = [make_dng(tmp_path / f"{n}.dng", seed=n) for n in range(4)]
    photos[0].write_bytes(b"no photo")
    plain_restore, plain_write = restoring.restore_rows, photo_files.write_photo

    def restore_rows(frame, *rest, **more):
        if frame.info.path.stem == "1":
            raise RuntimeError("out of paper")
        return plain_restore(frame, *rest, **more)

    def write(path, rgb, frame, *rest):
        if frame.info.path.stem == "2":
            raise OSError(28, "No space left on device")
        return plain_write(path, rgb, frame, *rest)

    monkeypatch.setattr(restoring, "restore_rows", restore_rows)
    monkeypatch.setattr(photo_files, "write_photo", write)
    code, text, _ = run("correct", lens, *photos, "--out", tmp_path / "out", "--json")
    assert code == 1
    told = json.loads(text)
    assert [p.rsplit("/", 1)[1] for p in told["written"]] == ["3_lenscal.tif"]
    assert [f["photo"] for f in told["failed"]] == [str(p) for p in photos[:3]]
    assert "RuntimeError: out of paper" in told["failed"][1]["reason"]
    assert "No space left" in told["failed"][2]["reason"]


def test_kernels_that_no_lens_has_are_refused(run, tmp_path, folders):
    """They sum to 1 and are finite, and would give a photo from -92 to +75."""
    photo = folders[1] / "d0.dng"
    grid = delta_grid((2, 2), 13, decode_photo(photo).size)
    grid.kernels[1, 1, :, 6, 6:8] = 1000, -999
    write_fits(grid, tmp_path / "psf")
    arguments = ("correct", tmp_path / "psf", photo, "--out", tmp_path / "out", "--json")
    code, out, _ = run(*arguments)
    (failed,) = json.loads(out)["failed"]
    assert code == 2
    assert "as no lens has (--force corrects it all the same)" in failed["reason"]
    assert not list((tmp_path / "out").glob("*.tif"))
    code, out, err = run(*arguments, "--force", "--device", "cpu")
    assert code == 0
    assert "as no lens has" in err
