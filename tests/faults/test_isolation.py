"""LibRaw and exiv2 in processes of their own: what crashes or hangs there is one bad file, in every
command and in the window, and nothing changes for good ones."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from odd_decoders import lead_astray
from picture_files import write_picture

from lenscal import jobs
from lenscal.cli import main
from lenscal.errors import PhotoError
from lenscal.files.photos.export_settings import ExportSettings
from lenscal.files.photos.photo_preview import read_preview
from lenscal.files.psf.profile import Profile, write_profile
from lenscal.optics.psf_grid import delta_grid
from lenscal.raw.decode import decode_photo, probe
from lenscal.raw.frame import Frame
from lenscal.raw.metadata import read_info
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.stepping import finish
from lenscal.system.isolation import calls
from lenscal.system.isolation.calls import end_workers, in_workers
from lenscal.virtual.limits import Sensor

MakeDng = Callable[..., Path]

CRASHED = "the library that reads it crashed"
GIVEN_UP = "reading it was given up after"
ODD = "reading it failed in a way that was not expected (RuntimeError: odd)"


@pytest.fixture(autouse=True)
def fresh_workers(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(calls, "PATIENCE_S", 5.0)
    # Those that tests before this one left.
    end_workers()
    yield
    end_workers()


@pytest.fixture
def astray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lead_astray(tmp_path / "site", monkeypatch)


def same(a: Frame, b: Frame) -> bool:
    pixels = all(
        np.array_equal(getattr(a, name), getattr(b, name))
        and getattr(a, name).dtype == getattr(b, name).dtype
        for name in ("mosaic", "rgb", "cfa", "black", "gain", "white_balance", "clipping")
    )
    others = ("info", "noise", "sampling", "white", "rgb_scale", "gain_source")
    return pixels and all(getattr(a, name) == getattr(b, name) for name in others)


@pytest.mark.parametrize("cached", [False, True])
def test_frames_are_the_same_to_the_bit(tmp_path: Path, make_dng: MakeDng, cached: bool) -> None:
    photos = [
        make_dng(tmp_path / f"{sensor}.dng", sensor=sensor)
        for sensor in (Sensor.BAYER, Sensor.MONOCHROME)
    ]
    rng = np.random.default_rng(0)
    photos += [
        write_picture(tmp_path / name, (rng.random(shape) * top).astype(dtype))
        for name, shape, top, dtype in (
            ("grey.png", (64, 80), 255, np.uint8),
            ("colour.tif", (64, 80, 3), 65535, np.uint16),
        )
    ]
    for photo in photos:
        here = decode_photo(photo, cache=tmp_path / "a" if cached else None)
        with in_workers():
            there = decode_photo(photo, cache=tmp_path / "b" if cached else None)
        assert same(here, there)
        # Brightness alone takes no more memory there.
        assert (here.rgb.strides[-1] == 0) == (there.rgb.strides[-1] == 0)


def test_errors_and_words_are_the_same(tmp_path: Path, make_dng: MakeDng) -> None:
    whole = make_dng(tmp_path / "whole.dng").read_bytes()
    cut = tmp_path / "cut.dng"
    cut.write_bytes(whole[: len(whole) // 2])
    told = []
    for _ in range(2):
        with pytest.raises(PhotoError) as caught:
            decode_photo(cut)
        told.append((str(caught.value), probe(cut), read_info(cut), read_preview(cut).problem))
        with in_workers(), pytest.raises(PhotoError) as caught:
            decode_photo(cut)
        with in_workers():
            told.append((str(caught.value), probe(cut), read_info(cut), read_preview(cut).problem))
    assert all(words == told[0] for words in told)


@pytest.mark.usefixtures("astray")
def test_check_names_the_photo_that_crashes_the_decoder(
    tmp_path: Path, make_dng: MakeDng, capsys: pytest.CaptureFixture[str]
) -> None:
    for n in range(2):
        make_dng(tmp_path / "s" / f"s{n}.dng", seed=n, f_number=5.6)
        make_dng(tmp_path / "d" / f"d{n}.dng", seed=10 + n)
    for name, seed in (("crash.dng", 30), ("hang.dng", 31), ("odd.dng", 32)):
        make_dng(tmp_path / "d" / name, seed=seed)
    assert main(["check", str(tmp_path / "s"), str(tmp_path / "d"), "--json"]) == 0
    out, err = capsys.readouterr()
    verdicts = {p["name"]: (p["verdict"], p["reason"]) for p in json.loads(out)["degraded"]}
    assert verdicts["d0.dng"][0] in ("good", "doubtful")
    for name, reason in (("crash.dng", CRASHED), ("hang.dng", GIVEN_UP), ("odd.dng", ODD)):
        assert verdicts[name][0] == "unreadable"
        assert reason in verdicts[name][1]
    assert "Traceback" not in err


@pytest.mark.usefixtures("astray")
def test_a_batch_writes_all_but_the_photos_that_crash(
    tmp_path: Path, make_dng: MakeDng, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["a", "crash", "b", "hang", "odd", "greedy", "z"]
    photos = [make_dng(tmp_path / f"{name}.dng", seed=n) for n, name in enumerate(names)]
    psf = write_profile(tmp_path / "l.lenscal", Profile(delta_grid((2, 2), 5, (128, 192))))
    out = tmp_path / "out"
    command = ["correct", psf, *photos, "--out", out, "--device", "cpu", "--json"]
    assert main([str(part) for part in command]) == 1
    said, err = capsys.readouterr()
    problems = {Path(p["photo"]).stem: p["problem"] for p in json.loads(said)["photos"]}
    assert CRASHED in problems["crash"]
    assert GIVEN_UP in problems["hang"]
    assert ODD in problems["odd"]
    assert "Not enough memory" in problems["greedy"]
    assert sorted(p.name for p in out.iterdir()) == [f"{n}_lenscal.tif" for n in ("a", "b", "z")]
    assert "Traceback" not in err


def test_calibrate_goes_on_without_the_photo_that_crashes_exiv2(
    tmp_path: Path, make_dng: MakeDng, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The metadata are read before anything is decoded."""
    lead_astray(tmp_path / "site", monkeypatch, "exiv2")
    for n in range(2):
        make_dng(tmp_path / "s" / f"s{n}.dng", seed=n, f_number=5.6)
        make_dng(tmp_path / "d" / f"d{n}.dng", seed=10 + n)
    make_dng(tmp_path / "d" / "crash.dng", seed=30)
    make_dng(tmp_path / "d" / "hang.dng", seed=31)
    with in_workers():
        inputs = finish(
            jobs.import_photos([tmp_path / "s"], [tmp_path / "d"], cache=tmp_path / "cache")
        )
    assert [f.info.path.name for f in inputs.degraded.frames] == ["d0.dng", "d1.dng"]
    reasons = {r.path.name: r.reason for r in inputs.degraded.rejected}
    assert CRASHED in reasons["crash.dng"]
    assert GIVEN_UP in reasons["hang.dng"]


@pytest.mark.usefixtures("astray")
def test_a_file_is_not_tried_again_unless_it_has_changed(
    tmp_path: Path, make_dng: MakeDng, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = make_dng(tmp_path / "hang.dng")
    monkeypatch.setattr(calls, "PATIENCE_S", 1.0)
    with in_workers():
        assert GIVEN_UP in probe(photo)
        monkeypatch.setattr(calls, "_asked", lambda task: pytest.fail("asked again"))
        assert GIVEN_UP in probe(photo)
        with pytest.raises(PhotoError, match=GIVEN_UP):
            decode_photo(photo)
        assert GIVEN_UP in read_preview(photo).problem
    monkeypatch.undo()
    end_workers()
    shutil.copy(make_dng(tmp_path / "good.dng", seed=2, size=(96, 128)), photo)
    with in_workers():
        assert probe(photo) == ""


def test_a_worker_that_was_killed_by_others_is_replaced(tmp_path: Path, make_dng: MakeDng) -> None:
    photo = make_dng(tmp_path / "a.dng")
    with in_workers():
        decode_photo(photo)
        (worker,) = calls._state.idle
        worker._process.kill()
        worker._process.wait()
        decode_photo(photo)
        (other,) = calls._state.idle
    assert other is not worker


@pytest.mark.parametrize("how", ["no executable", "ends at once", "talks otherwise"])
def test_where_no_process_can_be_started_photos_are_read_in_this_one(
    tmp_path: Path, make_dng: MakeDng, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    from lenscal.system.isolation import processes

    commands = {
        "no executable": [str(tmp_path / "none")],
        "ends at once": [sys.executable, "-c", ""],
        "talks otherwise": [sys.executable, "-c", "print('x' * 100)"],
    }
    monkeypatch.setattr(processes, "_command", lambda flag: commands[how])
    monkeypatch.setattr(calls._state, "impossible", False)
    end_workers()
    with in_workers():
        assert decode_photo(make_dng(tmp_path / "a.dng")).size == (128, 192)
    assert calls._state.impossible
    assert not calls._state.idle


def test_no_file_beside_the_photos_is_run(
    tmp_path: Path, make_dng: MakeDng, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Python looks for modules in the folder where it is started, unless told not to."""
    photo = make_dng(tmp_path / "a.dng")
    for module in ("rawpy", "json", "queue", "sitecustomize", "lenscal"):
        (tmp_path / f"{module}.py").write_text(f"open({str(tmp_path / 'run')!r}, 'w')\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [p for p in sys.path if p])
    with in_workers():
        decode_photo(photo)
    assert not calls._state.impossible
    assert not (tmp_path / "run").exists()


PROGRAM = """
import sys
from pathlib import Path
from lenscal.system.isolation import calls
calls.PATIENCE_S = 2.0
taken = calls._taken
def told():
    worker = taken()
    print(worker._process.pid, flush=True)
    return worker
calls._taken = told
from lenscal.raw.decode import probe
with calls.in_workers():
    probe(Path(sys.argv[1]))
    input()
"""


def runs(pid: int) -> bool:
    try:
        # A zombie has ended, and waits for whoever adopted it.
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="/proc")
@pytest.mark.parametrize("name", ["idle.dng", "hang.dng"])
def test_a_worker_ends_with_the_program_that_was_killed(
    tmp_path: Path, make_dng: MakeDng, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    lead_astray(tmp_path / "site", monkeypatch)
    source = str(Path(__file__).parents[2])
    monkeypatch.setenv("PYTHONPATH", source, prepend=os.pathsep)
    photo = make_dng(tmp_path / name)
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, photo],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        assert runs(pid)
        time.sleep(0.5)
        program.kill()
    ends = time.monotonic() + 30
    while runs(pid) and time.monotonic() < ends:
        time.sleep(0.05)
    assert not runs(pid)


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_signals_are_not_for_workers(tmp_path: Path, make_dng: MakeDng) -> None:
    """Ctrl+C reaches all programs of a terminal."""
    photo = make_dng(tmp_path / "a.dng")
    with in_workers():
        decode_photo(photo)
        (worker,) = calls._state.idle
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(worker._process.pid, number)
        decode_photo(photo)
        assert calls._state.idle == [worker]


def test_in_one_process_too_one_bad_file_is_one_bad_file(
    tmp_path: Path, make_dng: MakeDng, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lenscal.raw import decode

    def odd(path: Path) -> None:
        raise RuntimeError("odd")

    monkeypatch.setattr(decode, "open_raw", odd)
    photo = make_dng(tmp_path / "a.dng")
    assert ODD in probe(photo)
    export = ExportSettings(tmp_path / "out")
    settings = RestoreSettings(Method.NONE)
    profile = Profile(delta_grid((2, 2), 5, (128, 192)))
    (result,) = finish(jobs.correct(profile, [photo], settings, export))
    assert ODD in result.problem


@pytest.mark.skipif(os.name != "posix", reason="process groups")
def test_a_terminal_does_not_signal_workers(tmp_path: Path, make_dng: MakeDng) -> None:
    """Nor in the moments before they ignore its signals."""
    with in_workers():
        decode_photo(make_dng(tmp_path / "a.dng"))
        (worker,) = calls._state.idle
        assert os.getpgid(worker._process.pid) != os.getpgid(0)
