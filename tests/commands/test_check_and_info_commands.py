"""lenscal check, info and export-psf, called as a user calls them."""

import json

import numpy as np

from lenscal.files.psf.psf_fits import read_fits


def test_check_names_every_photo(run, folders):
    (folders[0] / "broken.dng").write_bytes(b"junk")
    code, out, _ = run("check", *folders)
    assert code == 0
    assert "s0.dng" in out
    assert "f/5.6  35 mm  ISO 100  Test 35mm" in out
    assert "unreadable" in out
    assert "2 sharp and 2 degraded. 1 would be left out" in out
    assert "|################|" in out
    assert "usable" not in out
    code, out, _ = run("check", *folders, "--verbose")
    assert "usable 1  plain 0  dark 0  clipped 0" in out
    code, out, err = run("check", *folders, "--grid", "3x4", "--json")
    told = json.loads(out)
    assert "Reading the metadata of broken.dng" in err
    assert told["ready"] is True
    assert np.shape(told["coverage"]) == (3, 4)
    assert told["coverage"][1][2] == 1
    assert told["degraded"][0]["figures"]["usable"] == 1
    verdicts = {p["name"]: p["verdict"] for p in told["sharp"]}
    assert verdicts == {"broken.dng": "unreadable", "s0.dng": "good", "s1.dng": "good"}


def test_check_says_what_does_not_fit(run, folders, make_dng):
    make_dng(folders[0] / "other.dng", f_number=8.0)
    code, out, _ = run("check", *folders)
    assert code == 2
    assert "several apertures" in out
    code, out, _ = run("check", *folders, "--aperture-sharp", 5.6, "--json")
    assert code == 0
    assert {p["name"]: p["verdict"] for p in json.loads(out)["sharp"]}["other.dng"] == "not chosen"
    make_dng(folders[1] / "d0.dng", focal_mm=50.0)
    make_dng(folders[1] / "d1.dng", focal_mm=50.0)
    code, out, _ = run("check", *folders, "--aperture-sharp", 5.6)
    assert code == 2
    assert "several focal lengths" in out


def test_check_knows_photos_that_are_in_both_folders_or_at_one_aperture(
    run, folders, make_dng, tmp_path
):
    code, out, _ = run("check", folders[0], folders[0])
    assert code == 2
    assert "s0.dng and 1 more are in both lists" in out
    make_dng(tmp_path / "third" / "t.dng", seed=7)
    code, out, _ = run("check", tmp_path / "third", folders[1])
    assert code == 0
    assert "Note: both folders hold photos at f/1.8" in out


def flat(make_dng, folder, n):
    for k in range(n):
        make_dng(folder / f"flat{k}.dng", seed=k, contrast=0)


def test_check_leaves_out_flat_photos_and_refuses_flat_folders(run, folders, make_dng, tmp_path):
    flat(make_dng, tmp_path / "flat", 2)
    for more in ((), ("--json",)):
        code, out, _ = run("check", folders[0], tmp_path / "flat", *more)
        assert code == 2
        assert "none of the degraded photos can be used" in out
    told = json.loads(out)
    assert [p["verdict"] for p in told["degraded"]] == ["flat", "flat"]
    assert told["degraded"][0]["reason"].startswith("flat: hardly any texture")
    assert np.max(told["coverage"]) == 0
    code, out, _ = run("check", folders[0], tmp_path / "flat", "--keep-all")
    assert code == 2
    assert "keep, but flat" in out
    assert "the degraded photos are flat" in out
    code, _, err = run("check", *folders, "--grid", "0x3")
    assert code == 2
    assert "give at least 1x1" in err


def test_check_finds_a_photo_of_another_aperture(run, folders, make_dng):
    make_dng(folders[1] / "d2.dng", seed=12)
    make_dng(folders[1] / "d3.dng", seed=13, f_number=4.0)
    code, out, _ = run("check", *folders)
    assert code == 0
    assert "wrong aperture: it says f/4, the other photos of its folder f/1.8" in out
    code, out, _ = run("check", *folders, "--json")
    assert json.loads(out)["degraded"][3]["verdict"] == "wrong aperture"


def test_info(run, folders, lens):
    code, out, _ = run("info", folders[1] / "d0.dng")
    assert code == 0
    assert "Lenscal Test" in out
    assert "f/1.8  35 mm  ISO 100  1/100 s  2026:01:02 03:04:05" in out
    code, out, _ = run("info", lens)
    assert code == 0
    assert "the PSF of Test 35mm on Lenscal Test" in out
    assert "f/1.8, 35 mm, of 192 x 128 px" in out
    code, out, _ = run("info", lens, "--json")
    assert json.loads(out)["kind"] == "profile"
    folder = lens.parent
    for wrong, message in (
        (folder, "is a folder"),
        (folder / "no", "no such file"),
        (__file__, "not a lenscal"),
    ):
        code, _, err = run("info", wrong)
        assert code == 2
        assert message in err


def test_export(run, tmp_path, lens):
    code, out, _ = run("export-psf", lens, "--out", tmp_path / "psf", "--format", "all", "--json")
    assert code == 0
    assert len(json.loads(out)["written"]) == 6
    assert read_fits(tmp_path / "psf").shape == (2, 2)
    code, _, err = run("export-psf", lens, "--out", lens)
    assert code == 2
    assert "is a file: give a folder" in err
    code, _, err = run("export-psf", tmp_path / "no.lenscal", "--out", tmp_path / "other")
    assert code == 2
    assert not (tmp_path / "other").exists()


def test_names_that_are_no_text(run, folders, lens, tmp_path):
    odd = folders[1] / "caf\udce9.dng"
    (folders[1] / "d0.dng").rename(odd)
    code, out, _ = run("check", *folders, "--json")
    told = json.loads(out)
    assert code == 0 and {p["verdict"] for p in told["degraded"]} == {"good"}
    assert [p["lens"] for p in told["degraded"]] == ["Test 35mm"] * 2
    code, _, err = run("correct", lens, odd, "--out", tmp_path / "out", "--method", "none")
    assert code == 0, err
    (written,) = (tmp_path / "out").iterdir()
    assert written.name == "caf\udce9_lenscal.tif"
    code, out, _ = run("correct", lens, odd, "--out", tmp_path / "out\udce9", "--method", "none")
    assert code == 0, out
    assert [p.name for p in (tmp_path / "out\udce9").iterdir()] == [written.name]


def test_a_copy_is_not_called_unreadable(run, folders, make_dng):
    for folder, f_number in zip(folders, (5.6, 1.8), strict=True):
        for n in range(2):
            make_dng(
                folder / f"{folder.name[0]}{n}.dng",
                size=(192, 256),
                seed=n + int(f_number),
                f_number=f_number,
            )
    (folders[0] / "s2.dng").write_bytes((folders[0] / "s0.dng").read_bytes())
    code, out, _ = run("check", *folders, "--json")
    assert code == 0
    assert {p["name"]: p["verdict"] for p in json.loads(out)["sharp"]}["s2.dng"] == "copy"


def test_a_place_that_must_not_be_looked_into(run, lens, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied", "/root/x")

    monkeypatch.setattr("lenscal.files.psf.profile.read_profile", refuse)
    code, _, err = run("info", lens)
    assert code == 2 and "/root/x: Permission denied: choose" in err
