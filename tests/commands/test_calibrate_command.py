"""lenscal calibrate, called as a user calls it."""

import json
import shutil
import signal
import tempfile
import types

import numpy as np
import pytest

from lenscal.errors import LenscalError
from lenscal.files.psf.profile import read_profile


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--grid", "8by8"], "--grid 8by8: give two numbers"),
        (["--grid", "1x8"], "--grid 1x8: choose 2 to 64"),
        (["--kernel-size", "12"], "--kernel-size 12: choose an odd"),
        (["--max-minutes", "0"], "--max-minutes 0"),
        (["--seed", "-1"], "--seed -1"),
        (["--aperture-sharp", "0"], "aperture 0"),
        (["--focal", "-3"], "--focal -3"),
    ],
)
def test_wrong_values_are_2_and_named(run, tmp_path, folders, options, message):
    code, out, err = run("calibrate", *folders, "--out", tmp_path / "x.lenscal", *options)
    assert (code, out) == (2, "")
    assert message in err
    assert not (tmp_path / "x.lenscal").exists()


def test_unwritable_output_is_found_before_the_work(run, tmp_path, folders, engine):
    engine.at_step = lambda step: pytest.fail("the work has started")
    photo = folders[0] / "s0.dng"
    before = photo.read_bytes()
    for out, message in (
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "x.lenscal", "there is no folder"),
        (photo, "exists and is no lenscal profile"),
    ):
        code, _, err = run("calibrate", *folders, "--out", out)
        assert code == 2
        assert message in err
    assert photo.read_bytes() == before


def test_calibrate_writes_a_profile_and_one_json_object(run, tmp_path, folders, engine):
    path = tmp_path / "x.lenscal"
    (folders[1] / "broken.dng").write_bytes(b"junk")
    code, out, err = run(
        "calibrate", *folders, "--out", path, "--grid", "2x3", "--seed", 5, "--json"
    )
    assert code == 0
    told = json.loads(out)
    assert set(told) >= {
        "seconds",
        "device",
        "patches_flow",
        "patches_matching",
        "stages",
        "reblur",
        "confidence",
        "noise",
        "frames",
        "peak_memory_mb",
    }
    assert told["frames"] == {"used": 4, "rejected": 1}
    assert told["rejected"][0]["name"] == "broken.dng"
    assert told["reblur"] == {"estimate": 0.2, "floor": 0.1, "delta": None, "average": None}
    assert told["confidence"] == {"mean": None, "worst": None}
    assert told["stages"] == [{"name": "G", "seconds": 1.0, "reblur": 0.25}]
    assert told["peak_memory_mb"] > 10
    assert "note: little texture" in err
    profile = read_profile(path)
    assert (profile.lens, profile.focal_mm) == ("Test 35mm", 35)
    assert (profile.aperture_sharp, profile.aperture_degraded) == (5.6, 1.8)
    assert profile.psf.shape == (2, 3)
    assert (profile.seed, profile.settings["grid"], profile.settings["quality"]) == (
        5,
        [2, 3],
        "standard",
    )
    assert [(p.name, p.role, p.used) for p in profile.photos] == [
        ("s0.dng", "sharp", True),
        ("s1.dng", "sharp", True),
        ("d0.dng", "degraded", True),
        ("d1.dng", "degraded", True),
        ("broken.dng", "degraded", False),
    ]
    assert all(len(p.sha256) == 64 for p in profile.photos)


@pytest.mark.parametrize(
    ("result", "doubt"),
    [
        ({"stages": ()}, "no stage was completed"),
        ({"reblur": {}}, "too few photos to keep any out"),
        (
            {
                "reblur": {"estimate": 0.4, "floor": 0.1, "delta": 0.3, "average": 0.4},
                "same_scenes": True,
            },
            "do not use them",
        ),
        (
            {
                "reblur": {"estimate": 0.4, "floor": 0.1, "delta": 0.3, "average": 0.4},
                "same_scenes": False,
            },
            "different scenes may be",
        ),
    ],
)
def test_results_that_cannot_be_trusted_say_so(run, tmp_path, folders, engine, result, doubt):
    path = tmp_path / "x.lenscal"
    assert doubt not in run("calibrate", *folders, "--out", path)[2]
    engine.result = result
    code, _, err = run("calibrate", *folders, "--out", path)
    assert code == 0
    assert doubt in err
    assert any(doubt in warning for warning in read_profile(path).warnings)


def test_typed_in_values_reach_the_profile(run, tmp_path, make_dng, engine):
    for role in ("sharp", "degraded"):
        make_dng(tmp_path / role / "a.dng", seed=len(role), f_number=0, lens="", focal_mm=0)
    wanted = ["--aperture-sharp", 8, "--aperture-degraded", 2, "--lens", "Old Lens", "--focal", 50]
    path = tmp_path / "x.lenscal"
    code, _, err = run(
        "calibrate", tmp_path / "sharp", tmp_path / "degraded", "--out", path, *wanted
    )
    assert code == 0, err
    profile = read_profile(path)
    assert (profile.lens, profile.focal_mm, profile.aperture_sharp, profile.aperture_degraded) == (
        "Old Lens",
        50,
        8,
        2,
    )


def test_wrong_folders_are_2(run, tmp_path, folders, engine):
    sharp, _ = folders
    (tmp_path / "empty").mkdir()
    for other, message in (
        (tmp_path / "nothing", "no such file or folder"),
        (tmp_path / "empty", "empty"),
        (sharp, "in both lists"),
    ):
        code, out, err = run("calibrate", sharp, other, "--out", tmp_path / "x.lenscal", "--json")
        assert code == 2
        assert message in err
        assert json.loads(out)["exit_code"] == 2
    assert not (tmp_path / "x.lenscal").exists()


def test_ctrl_c_keeps_what_was_reached(run, tmp_path, folders, engine):
    engine.at_step = lambda step: step == 2 and signal.raise_signal(signal.SIGINT)
    before = signal.getsignal(signal.SIGINT)
    code, out, err = run("calibrate", *folders, "--out", tmp_path / "x.lenscal", "--json")
    assert code == 130
    assert json.loads(out)["finished"] == "stopped"
    assert "what was reached is kept" in err
    assert read_profile(tmp_path / "x.lenscal").finished == "stopped"
    assert signal.getsignal(signal.SIGINT) is before


def test_interrupted_work_leaves_a_checkpoint_to_resume_from(run, tmp_path, folders, engine):
    path, checkpoint = tmp_path / "x.lenscal", tmp_path / "x.lenscal.checkpoint"
    engine.at_step = lambda step: step == 2 and signal.raise_signal(signal.SIGINT)
    code, out, _ = run("calibrate", *folders, "--out", path)
    assert code == 130
    assert "--resume goes on from here" in out
    engine.at_step = lambda step: None
    code, out, _ = run("calibrate", *folders, "--out", path, "--resume", "--json")
    assert code == 0
    values, arrays = engine.resumed_from
    assert (values, arrays["kernels"].tolist()) == ({"step": 2}, [2, 2, 2])
    assert json.loads(out)["checkpoint"] is None
    assert not checkpoint.exists()


def test_a_checkpoint_is_only_used_on_request(run, tmp_path, folders, engine):
    path, checkpoint = tmp_path / "x.lenscal", tmp_path / "x.lenscal.checkpoint"
    code, _, err = run("calibrate", *folders, "--out", path, "--resume")
    assert code == 0
    assert "there is no checkpoint" in err
    assert engine.resumed_from is None
    checkpoint.write_bytes(b"junk")
    code, _, err = run("calibrate", *folders, "--out", path, "--resume")
    assert code == 2
    assert f"the checkpoint {checkpoint} cannot be read" in err
    code, _, err = run("calibrate", *folders, "--out", path)
    assert code == 0
    assert f"{checkpoint} of an interrupted calibration is overwritten" in err
    assert engine.resumed_from is None
    assert not checkpoint.exists()


def test_thrown_away_work_can_still_be_resumed(run, tmp_path, folders, engine):
    def twice(step):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    engine.at_step = twice
    code, _, err = run("calibrate", *folders, "--out", tmp_path / "x.lenscal")
    assert code == 130
    assert "No profile was written; the same command with --resume" in err
    assert (tmp_path / "x.lenscal.checkpoint").exists()


def test_ctrl_c_before_anything_was_learnt_is_130_too(run, tmp_path, folders, engine):
    engine.at_step = lambda step: signal.raise_signal(signal.SIGINT) if step == 0 else None
    engine.stops = LenscalError("nothing learnt yet")
    code, out, err = run("calibrate", *folders, "--out", tmp_path / "x.lenscal")
    assert (code, out) == (130, "")
    assert "nothing learnt yet" in err
    assert not (tmp_path / "x.lenscal").exists()


def test_a_profile_that_cannot_be_written_is_kept_elsewhere(
    run, tmp_path, folders, engine, monkeypatch
):
    (tmp_path / "tmp").mkdir()
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    engine.at_step = lambda step: shutil.rmtree(tmp_path / "out") if step == 4 else None
    code, out, err = run("calibrate", *folders, "--out", tmp_path / "out" / "x.lenscal")
    assert (code, out) == (1, "")
    (kept,) = (tmp_path / "tmp").glob("lenscal-*/x.lenscal")
    assert f"kept as {kept}" in err
    assert read_profile(kept).lens == "Test 35mm"


def test_a_full_disk_is_found_before_the_work(run, tmp_path, folders, engine, monkeypatch):
    engine.at_step = lambda step: pytest.fail("the work has started")
    monkeypatch.setattr("shutil.disk_usage", lambda folder: types.SimpleNamespace(free=2**20))
    code, _, err = run("calibrate", *folders, "--out", tmp_path / "x.lenscal")
    assert code == 2
    assert "the disk is full (1 MB free)" in err


def test_second_ctrl_c_throws_it_away(run, tmp_path, folders, engine):
    def twice(step):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    engine.at_step = twice
    before = signal.getsignal(signal.SIGINT)
    code, out, err = run("calibrate", *folders, "--out", tmp_path / "x.lenscal")
    assert (code, out) == (130, "")
    assert "cancelled" in err
    assert not (tmp_path / "x.lenscal").exists()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (LenscalError("disk full"), "lenscal: disk full"),
        (ZeroDivisionError("oh"), "unexpected: ZeroDivisionError: oh"),
    ],
)
def test_failures_are_1(run, tmp_path, folders, engine, error, message):
    def fail(step):
        raise error

    engine.at_step = fail
    code, out, err = run("calibrate", *folders, "--out", tmp_path / "x.lenscal")
    assert (code, out) == (1, "")
    assert message in err
    assert not (tmp_path / "x.lenscal").exists()


def test_flat_folders_are_refused_before_training(run, folders, engine, make_dng, tmp_path):
    def at_step(step):
        raise AssertionError("trained on flat photos")

    engine.at_step = at_step
    for n in range(2):
        make_dng(tmp_path / "flat" / f"{n}.dng", seed=n, contrast=0)
    for more in ((), ("--keep-all",)):
        code, _, err = run(
            "calibrate", folders[0], tmp_path / "flat", "--out", tmp_path / "x.lenscal", *more
        )
        assert code == 2
        assert "photograph subjects with detail" in err
        assert not (tmp_path / "x.lenscal").exists()


def test_coverage_is_told(run, folders, engine, tmp_path):
    code, out, _ = run(
        "calibrate", *folders, "--out", tmp_path / "x.lenscal", "--grid", "4x5", "--json"
    )
    assert code == 0
    assert np.shape(json.loads(out)["coverage"]) == (4, 5)


def test_a_refused_calibration_keeps_the_checkpoint_of_another(run, tmp_path, folders):
    path, checkpoint = tmp_path / "x.lenscal", tmp_path / "x.lenscal.checkpoint"
    checkpoint.write_bytes(b"hours of work")
    code, _, err = run("calibrate", *folders, "--out", path, "--quality", "quick")
    assert code == 2 and "too small to calibrate" in err
    assert checkpoint.read_bytes() == b"hours of work"


def test_a_lens_whose_name_is_no_text_is_kept(run, tmp_path, folders, engine):
    code, _, err = run("calibrate", *folders, "--out", tmp_path / "x.lenscal", "--lens", "Gr\udcf6")
    assert code == 0, err
    assert read_profile(tmp_path / "x.lenscal").lens == "Gr\udcf6"
