"""The command line, called as a user calls it."""

import json
import signal
import sys
import types

import numpy as np
import pytest
import tifffile

import lenscal.calibrate
from lenscal.calibrate.settings import Calibration, Quality, StageResult, Stages
from lenscal.cli import main
from lenscal.commands import demo, parser, progress
from lenscal.commands.progress import Speaker
from lenscal.errors import LenscalError
from lenscal.evaluate import Gain
from lenscal.files.export_settings import OnConflict, PhotoFormat, Space
from lenscal.files.profile import Profile, read_profile, write_profile
from lenscal.files.psf_files import read_fits, write_fits
from lenscal.optics.psf_grid import delta_grid
from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import NoiseModel
from lenscal.reports import Report
from lenscal.restore.settings import Method

COMMANDS = ("gui", "demo", "check", "calibrate", "correct", "export-psf", "info")


@pytest.fixture
def folders(tmp_path, make_dng):
    for n in range(2):
        make_dng(tmp_path / "sharp" / f"s{n}.dng", seed=n, f_number=5.6)
        make_dng(tmp_path / "degraded" / f"d{n}.dng", seed=10 + n)
    return tmp_path / "sharp", tmp_path / "degraded"


@pytest.fixture
def lens(tmp_path):
    profile = Profile(delta_grid((2, 2), 5, (128, 192)), camera="Lenscal Test", lens="Test 35mm", focal_mm=35.0,
                      aperture_degraded=1.8, aperture_sharp=5.6)  # fmt: skip
    return write_profile(tmp_path / "lens.lenscal", profile)


@pytest.fixture
def engine(monkeypatch):
    """Stands in for the training, which takes minutes: reports, stops and fails on demand through `engine.at_step`."""
    module = types.ModuleType("lenscal.calibrate.engine")
    module.at_step = lambda step: None

    def calibrate(sharp, degraded, settings):
        finished = "done"
        for step in range(5):
            module.at_step(step)
            if (yield Report("F", "training", step / 5, step, {"flow loss": 1.0})) == "stop":
                finished = "stopped"
                break
        grid = delta_grid(settings.grid, settings.kernel_size, degraded[0].size)
        return Calibration(
            psf=grid, noise=NoiseModel((1e-5,) * 3, (1e-7,) * 3, "NoiseProfile"),
            stages=(StageResult("G", 1.0, grid.kernels, 0.25),), same_scenes=False, curves={"flow loss": [(0, 1.0)]},
            reblur={"estimate": 0.2, "floor": 0.1, "delta": float("nan")}, warnings=("little texture",),
            finished=finished, device="cpu", seconds=1.5, patches_flow=100, patches_matching=50,
        )  # fmt: skip

    module.calibrate = calibrate
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(lenscal.calibrate, "engine", module, raising=False)
    return module


def run(capsys, *arguments):
    """Exit code, standard output, standard error."""
    code = main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_help_has_an_example_for_every_command(capsys):
    code, out, _ = run(capsys, "--help")
    assert code == 0
    assert all(command in out for command in COMMANDS)
    for command in COMMANDS:
        code, out, _ = run(capsys, command, "--help")
        assert code == 0
        assert f"example:\n  lenscal {command}" in out


@pytest.mark.parametrize("arguments", [["frobnicate"], ["calibrate"], ["correct", "x"], ["demo", "--quality", "best"],
                                       ["calibrate", "a", "b", "--out", "c", "--seed", "x"]])  # fmt: skip
def test_wrong_use_is_2_and_shows_the_usage(capsys, arguments):
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert "usage: lenscal" in err


@pytest.mark.parametrize(("choices", "enum"), [
    (parser.QUALITIES, Quality), (parser.STAGES, Stages), (parser.METHODS, Method), (parser.FORMATS, PhotoFormat),
    (parser.SPACES, Space), (parser.CONFLICTS, OnConflict),
])  # fmt: skip
def test_choices_are_those_of_the_settings(choices, enum):
    assert list(choices) == [member.value for member in enum]


@pytest.mark.parametrize(("options", "message"), [
    (["--grid", "8by8"], "--grid 8by8: give two numbers"), (["--grid", "1x8"], "--grid 1x8: choose 2 to 64"),
    (["--kernel-size", "12"], "--kernel-size 12: choose an odd"), (["--max-minutes", "0"], "--max-minutes 0"),
    (["--seed", "-1"], "--seed -1"), (["--aperture-sharp", "0"], "aperture 0"), (["--focal", "-3"], "--focal -3"),
])  # fmt: skip
def test_wrong_values_are_2_and_named(capsys, tmp_path, folders, options, message):
    code, out, err = run(capsys, "calibrate", *folders, "--out", tmp_path / "x.lenscal", *options)
    assert (code, out) == (2, "")
    assert message in err
    assert not (tmp_path / "x.lenscal").exists()


def test_unwritable_output_is_found_before_the_work(capsys, tmp_path, folders, engine):
    engine.at_step = lambda step: pytest.fail("the work has started")
    photo = folders[0] / "s0.dng"
    before = photo.read_bytes()
    for out, message in ((tmp_path, "is a folder"), (tmp_path / "no" / "x.lenscal", "there is no folder"),
                         (photo, "exists and is no lenscal profile")):  # fmt: skip
        code, _, err = run(capsys, "calibrate", *folders, "--out", out)
        assert code == 2
        assert message in err
    assert photo.read_bytes() == before


def test_calibrate_writes_a_profile_and_one_json_object(capsys, tmp_path, folders, engine):
    path = tmp_path / "x.lenscal"
    (folders[1] / "broken.dng").write_bytes(b"junk")
    code, out, err = run(capsys, "calibrate", *folders, "--out", path, "--grid", "2x3", "--seed", 5, "--json")
    assert code == 0
    told = json.loads(out)
    assert set(told) >= {"seconds", "device", "patches_flow", "patches_matching", "stages", "reblur", "confidence",
                         "noise", "frames", "peak_memory_mb"}  # fmt: skip
    assert told["frames"] == {"used": 4, "rejected": 1}
    assert told["rejected"][0]["name"] == "broken.dng"
    assert told["reblur"] == {"estimate": 0.2, "floor": 0.1, "delta": None}
    assert told["stages"] == [{"name": "G", "seconds": 1.0, "reblur": 0.25}]
    assert told["peak_memory_mb"] > 10
    assert "note: little texture" in err
    profile = read_profile(path)
    assert (profile.lens, profile.focal_mm) == ("Test 35mm", 35)
    assert (profile.aperture_sharp, profile.aperture_degraded) == (5.6, 1.8)
    assert profile.psf.shape == (2, 3)
    assert (profile.seed, profile.settings["grid"], profile.settings["quality"]) == (5, [2, 3], "standard")
    assert [(p.name, p.role, p.used) for p in profile.photos] == [
        ("s0.dng", "sharp", True), ("s1.dng", "sharp", True), ("d0.dng", "degraded", True),
        ("d1.dng", "degraded", True), ("broken.dng", "degraded", False),
    ]  # fmt: skip
    assert all(len(p.sha256) == 64 for p in profile.photos)


def test_typed_in_values_reach_the_profile(capsys, tmp_path, make_dng, engine):
    for role in ("sharp", "degraded"):
        make_dng(tmp_path / role / "a.dng", seed=len(role), f_number=0, lens="", focal_mm=0)
    wanted = ["--aperture-sharp", 8, "--aperture-degraded", 2, "--lens", "Old Lens", "--focal", 50]
    path = tmp_path / "x.lenscal"
    code, _, err = run(capsys, "calibrate", tmp_path / "sharp", tmp_path / "degraded", "--out", path, *wanted)
    assert code == 0, err
    profile = read_profile(path)
    assert (profile.lens, profile.focal_mm, profile.aperture_sharp, profile.aperture_degraded) == ("Old Lens", 50, 8, 2)


def test_wrong_folders_are_2(capsys, tmp_path, folders, engine):
    sharp, _ = folders
    (tmp_path / "empty").mkdir()
    for other, message in ((tmp_path / "nothing", "no such file or folder"), (tmp_path / "empty", "empty"),
                           (sharp, "in both lists")):  # fmt: skip
        code, out, err = run(capsys, "calibrate", sharp, other, "--out", tmp_path / "x.lenscal", "--json")
        assert code == 2
        assert message in err
        assert json.loads(out)["exit_code"] == 2
    assert not (tmp_path / "x.lenscal").exists()


def test_ctrl_c_keeps_what_was_reached(capsys, tmp_path, folders, engine):
    engine.at_step = lambda step: step == 2 and signal.raise_signal(signal.SIGINT)
    before = signal.getsignal(signal.SIGINT)
    code, out, err = run(capsys, "calibrate", *folders, "--out", tmp_path / "x.lenscal", "--json")
    assert code == 130
    assert json.loads(out)["finished"] == "stopped"
    assert "what was reached is kept" in err
    assert read_profile(tmp_path / "x.lenscal").finished == "stopped"
    assert signal.getsignal(signal.SIGINT) is before


def test_second_ctrl_c_throws_it_away(capsys, tmp_path, folders, engine):
    def twice(step):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    engine.at_step = twice
    before = signal.getsignal(signal.SIGINT)
    code, out, err = run(capsys, "calibrate", *folders, "--out", tmp_path / "x.lenscal")
    assert (code, out) == (130, "")
    assert "cancelled" in err
    assert not (tmp_path / "x.lenscal").exists()
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(("error", "message"), [
    (LenscalError("disk full"), "lenscal: disk full"),
    (ZeroDivisionError("oh"), "unexpected: ZeroDivisionError: oh"),
])  # fmt: skip
def test_failures_are_1(capsys, tmp_path, folders, engine, error, message):
    def fail(step):
        raise error

    engine.at_step = fail
    code, out, err = run(capsys, "calibrate", *folders, "--out", tmp_path / "x.lenscal")
    assert (code, out) == (1, "")
    assert message in err
    assert not (tmp_path / "x.lenscal").exists()


def test_check_names_every_photo(capsys, folders):
    (folders[0] / "broken.dng").write_bytes(b"junk")
    code, out, _ = run(capsys, "check", *folders)
    assert code == 0
    assert "s0.dng" in out
    assert "f/5.6  35 mm  ISO 100  Test 35mm" in out
    assert "unreadable" in out
    code, out, _ = run(capsys, "check", *folders, "--json")
    told = json.loads(out)
    assert told["ready"] is True
    verdicts = {p["name"]: p["verdict"] for p in told["sharp"]}
    assert verdicts == {"broken.dng": "unreadable", "s0.dng": "good", "s1.dng": "good"}


def test_check_says_what_does_not_fit(capsys, folders, make_dng):
    make_dng(folders[0] / "other.dng", f_number=8.0)
    code, out, _ = run(capsys, "check", *folders)
    assert code == 2
    assert "several apertures" in out
    code, out, _ = run(capsys, "check", *folders, "--aperture-sharp", 5.6, "--json")
    assert code == 0
    assert {p["name"]: p["verdict"] for p in json.loads(out)["sharp"]}["other.dng"] == "not chosen"
    make_dng(folders[1] / "d0.dng", focal_mm=50.0)
    make_dng(folders[1] / "d1.dng", focal_mm=50.0)
    code, out, _ = run(capsys, "check", *folders, "--aperture-sharp", 5.6)
    assert code == 2
    assert "several focal lengths" in out


def test_info(capsys, folders, lens):
    code, out, _ = run(capsys, "info", folders[1] / "d0.dng")
    assert code == 0
    assert "Lenscal Test" in out
    assert "f/1.8  35 mm  ISO 100  1/100 s  2026:01:02 03:04:05" in out
    code, out, _ = run(capsys, "info", lens)
    assert code == 0
    assert "the PSF of Test 35mm on Lenscal Test" in out
    assert "f/1.8, 35 mm, of 192 x 128 px" in out
    code, out, _ = run(capsys, "info", lens, "--json")
    assert json.loads(out)["kind"] == "profile"
    folder = lens.parent
    for wrong, message in ((folder, "is a folder"), (folder / "no", "no such file"), (__file__, "not a lenscal")):
        code, _, err = run(capsys, "info", wrong)
        assert code == 2
        assert message in err


def test_export(capsys, tmp_path, lens):
    code, out, _ = run(capsys, "export-psf", lens, "--out", tmp_path / "psf", "--format", "all", "--json")
    assert code == 0
    assert len(json.loads(out)["written"]) == 6
    assert read_fits(tmp_path / "psf").shape == (2, 2)
    code, _, err = run(capsys, "export-psf", lens, "--out", lens)
    assert code == 2
    assert "is a file: give a folder" in err
    code, _, err = run(capsys, "export-psf", tmp_path / "no.lenscal", "--out", tmp_path / "other")
    assert code == 2
    assert not (tmp_path / "other").exists()


def test_correct_without_a_method_is_the_decoded_photo(capsys, tmp_path, lens, folders):
    photo = folders[1] / "d0.dng"
    code, out, err = run(capsys, "correct", lens, photo, "--out", tmp_path / "out", "--method", "none",
                         "--space", "camera-linear", "--json")  # fmt: skip
    assert code == 0, err
    (written,) = json.loads(out)["written"]
    frame = decode_photo(photo)
    np.testing.assert_array_equal(tifffile.imread(written), frame.rgb_tile(slice(None), slice(None)))


def test_correct_with_a_delta_changes_next_to_nothing(capsys, tmp_path, lens, folders):
    photo = folders[1] / "d0.dng"
    code, out, _ = run(capsys, "correct", lens, photo, "--out", tmp_path, "--space", "camera-linear", "--denoise", 0,
                       "--device", "cpu", "--template", "{name}-{method}")  # fmt: skip
    assert code == 0
    assert "1 of 1 photos written" in out
    change = tifffile.imread(tmp_path / "d0-wiener.tif") - decode_photo(photo).rgb_tile(slice(None), slice(None))
    assert np.abs(change).mean() < 0.003


def test_a_bad_photo_does_not_stop_the_rest(capsys, tmp_path, lens, folders, make_dng):
    (folders[1] / "broken.dng").write_bytes(b"junk")
    make_dng(folders[1] / "closed.dng", f_number=8.0)
    code, out, _ = run(capsys, "correct", lens, folders[1], "--out", tmp_path / "out", "--method", "none",
                       "--format", "jpeg", "--json")  # fmt: skip
    assert code == 1
    told = json.loads(out)
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["d0_lenscal.jpg", "d1_lenscal.jpg"]
    reasons = {p["photo"].rsplit("/")[-1]: p["reason"] for p in told["failed"]}
    assert "taken at f/8, the profile is for f/1.8" in reasons["closed.dng"]
    assert "broken.dng" in reasons
    code, _, err = run(capsys, "correct", lens, folders[1] / "closed.dng", "--out", tmp_path / "out",
                       "--method", "none", "--force")  # fmt: skip
    assert code == 0
    assert "note: closed.dng: the photo was taken at f/8" in err


@pytest.mark.parametrize(("told", "message"), [
    ({"lens": "Other 35mm"}, "lens is Other 35mm"), ({"focal_mm": 50.0}, "taken at 50 mm"),
    ({"model": "Other"}, "camera is Lenscal Other"), ({"size": (192, 128)}, "128 x 192 px"), ({"f_number": 2.0}, "f/2"),
])  # fmt: skip
def test_photos_of_other_setups_are_refused(capsys, tmp_path, lens, make_dng, told, message):
    photo = make_dng(tmp_path / "a.dng", **told)
    code, out, _ = run(capsys, "correct", lens, photo, "--out", tmp_path / "out")
    assert code == 2
    assert message in out
    assert not (tmp_path / "out").exists()


def test_conflicts(capsys, tmp_path, lens, folders):
    photo, out = folders[1] / "d0.dng", tmp_path / "out"
    command = ["correct", lens, photo, "--out", out, "--method", "none", "--format", "jpeg", "--on-conflict"]
    assert run(capsys, *command, "error")[0] == 0
    before = (out / "d0_lenscal.jpg").read_bytes()
    code, text, _ = run(capsys, *command, "error")
    assert code == 2
    assert "exists: choose --on-conflict" in text
    code, text, _ = run(capsys, *command, "skip", "--json")
    assert code == 0
    assert json.loads(text)["skipped"] == [str(photo)]
    assert run(capsys, *command, "unique")[0] == 0
    assert run(capsys, *command, "overwrite")[0] == 0
    assert sorted(p.name for p in out.iterdir()) == ["d0_lenscal-2.jpg", "d0_lenscal.jpg"]
    assert (out / "d0_lenscal.jpg").read_bytes() == before


@pytest.mark.parametrize(("options", "message"), [
    (["--amount", "1.5"], "--amount 1.5"), (["--template", "x"], "must hold {name}"),
    (["--space", "camera-linear", "--format", "png"], "needs --format tiff"), (["--prior", "no.bin"], "--prior no.bin"),
])  # fmt: skip
def test_wrong_correct_options_are_2(capsys, tmp_path, lens, folders, options, message):
    code, _, err = run(capsys, "correct", lens, folders[1], "--out", tmp_path / "out", *options)
    assert code == 2
    assert message in err
    assert not (tmp_path / "out").exists()


def test_psf_folders_can_be_used_instead_of_a_profile(capsys, tmp_path, folders):
    write_fits(delta_grid((2, 2), 5, (128, 192)), tmp_path / "psf")
    code, _, err = run(capsys, "correct", tmp_path / "psf", folders[1] / "d0.dng", "--out", tmp_path / "out")
    assert code == 0, err
    assert tifffile.imread(tmp_path / "out" / "d0_lenscal.tif").dtype == np.uint16


def test_ctrl_c_ends_a_batch_after_the_photo(capsys, tmp_path, lens, folders, monkeypatch):
    from lenscal.files import photo_files

    plain = photo_files.write_photo

    def interrupted(*arguments):
        signal.raise_signal(signal.SIGINT)
        return plain(*arguments)

    monkeypatch.setattr(photo_files, "write_photo", interrupted)
    code, out, _ = run(capsys, "correct", lens, folders[1], "--out", tmp_path / "out", "--json")
    assert code == 130
    told = json.loads(out)
    assert len(told["written"]) == len(told["not_reached"]) == 1


def test_demo_refuses_a_folder_of_other_things(capsys, tmp_path):
    (tmp_path / "thesis.tex").touch()
    code, _, err = run(capsys, "demo", "--out", tmp_path)
    assert code == 2
    assert "is not empty" in err
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.tex"]


def test_demo_goes_the_whole_way(capsys, tmp_path, engine):
    """Only the training is left out: an estimate that changes nothing gains nothing, and everything is on disk."""
    code, out, err = run(capsys, "demo", "--out", tmp_path / "demo", "--photos", 1, "--size", "192x128", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert list(told["scores"]) == ["delta", "average", "after G", "estimate"]
    assert told["scores"]["estimate"] == pytest.approx(told["scores"]["delta"])
    assert set(told["gain"]["share"]) == {"average", "true, no odd part", "after G", "estimate"}
    assert told["gain"]["psnr"]["estimate"] == pytest.approx(told["gain"]["psnr_degraded"], abs=0.3)
    assert told["gain"]["psnr_true"] > told["gain"]["psnr_degraded"]
    assert read_profile(tmp_path / "demo" / "demo.lenscal").psf.image_size == (128, 192)
    assert read_fits(tmp_path / "demo" / "psf").shape == (8, 8)
    assert read_fits(tmp_path / "demo" / "truth").kernel_size == 25
    (photo,) = told["corrected"]
    assert tifffile.imread(photo).shape == (128, 192, 3)
    percents = [int(line[:3]) for line in err.splitlines() if line[3:4] == "%"]
    assert percents == sorted(percents)


def test_demo_table_has_a_line_a_row():
    figures = {key: 0.5 for key, *_ in demo._COLUMNS}
    gain = Gain(30.0, 32.0, {"average": 30.2, "estimate": 31.0})
    lines = demo.score_table({"delta": figures, "average": figures, "estimate": figures}, gain)
    assert len({len(line) for line in lines}) == 1
    assert [line.split()[-1] for line in lines[2:]] == ["0%", "10%", "50%"]


def test_progress_is_at_most_a_line_a_second_and_quiet_is_quiet(capsys, monkeypatch):
    clock = iter(np.arange(0, 10, 0.01))
    monkeypatch.setattr(progress, "time", types.SimpleNamespace(monotonic=lambda: 100 + float(next(clock))))
    speaker = Speaker(as_json=False, quiet=False, verbose=False)
    for step in range(1000):
        speaker.progress(Report("F", f"step {step}", step / 1000))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[1] in (" 10% step 100", " 10% step 101")
    assert 9 <= err.count("\n") <= 10
    speaker = Speaker(as_json=False, quiet=True, verbose=False)
    speaker.progress(Report("F", "step"))
    assert capsys.readouterr() == ("", "")
