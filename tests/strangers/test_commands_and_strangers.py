"""The command line with files of strangers: exit code 2 and a sentence, never a traceback."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from readers import profile
from test_fuzz_readers import CORPUS, good

from lenscal.cli import main
from lenscal.errors import InputError
from lenscal.files.psf.profile import Profile, read_profile, write_profile
from lenscal.optics.psf_grid import delta_grid

MakeDng = Callable[..., Path]
CASES = sorted(CORPUS.iterdir())


def told(code: int, capsys: pytest.CaptureFixture[str]) -> None:
    err = capsys.readouterr().err
    assert code == 2, err
    assert "unexpected" not in err
    assert "Traceback" not in err
    assert err.startswith("lenscal: ")


def copied(case: Path, folder: Path) -> Path:
    """The faulty file under the name that it needs, with the files that belong to it."""
    name = case.name.split("--")[0]
    for other, content in good(name).items():
        (folder / other).write_bytes(content)
    (folder / name).write_bytes(case.read_bytes())
    return folder / name


def of(*names: str) -> pytest.MarkDecorator:
    found = [case for case in CASES if case.name.split("--")[0] in names]
    assert found
    return pytest.mark.parametrize("case", found, ids=lambda case: case.name)


@of("lens.lenscal", "psf.npz", "psf_R.fits")
def test_psf_files(tmp_path: Path, case: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = copied(case, tmp_path)
    out = tmp_path / "out"
    if path.suffix == ".lenscal":
        told(main(["info", str(path)]), capsys)
    told(main(["export-psf", str(path), "--out", str(out)]), capsys)
    told(main(["report", str(path), "--out", str(tmp_path / "r.html")]), capsys)
    assert not out.exists()


@of("prior.safetensors", "prior.pth")
def test_weights(
    tmp_path: Path, make_dng: MakeDng, case: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lens = write_profile(tmp_path / "l.lenscal", Profile(delta_grid((2, 2), 5, (128, 192))))
    photo = make_dng(tmp_path / "a.dng")
    out = tmp_path / "out"
    code = main(
        [
            *("correct", str(lens), str(photo), "--out", str(out), "--method", "dpir"),
            *("--prior", str(copied(case, tmp_path)), "--json"),
        ]
    )
    # One photo of a batch has failed: the reason is in the summary.
    printed = capsys.readouterr()
    assert code in (1, 2)
    (failed,) = json.loads(printed.out)["failed"]
    assert "--prior" in failed["reason"]
    assert "unexpected" not in failed["reason"]


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes")
def test_pipes_are_not_waited_for(tmp_path: Path, make_dng: MakeDng) -> None:
    pipes = {
        name: tmp_path / name for name in ("x.lenscal", "x.npz", "x.dng", "x.pth", "x.png", "x.tif")
    }
    for pipe in pipes.values():
        os.mkfifo(pipe)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "folder" / "a.dng")
    photo = str(make_dng(tmp_path / "a.dng"))
    lens = write_profile(tmp_path / "l.lenscal", Profile(delta_grid((2, 2), 5, (128, 192))))
    out = str(tmp_path / "out")
    commands = [
        ["info", pipes["x.lenscal"]],
        ["info", pipes["x.dng"]],
        ["correct", pipes["x.lenscal"], photo, "--out", out],
        ["correct", pipes["x.npz"], photo, "--out", out],
        *(["correct", lens, pipes[f"x.{kind}"], "--out", out] for kind in ("dng", "png", "tif")),
        ["correct", lens, tmp_path / "folder", "--out", out],
        ["correct", lens, photo, "--out", out, "--prior", pipes["x.pth"], "--method", "dpir"],
        ["check", tmp_path / "folder", tmp_path / "folder"],
        ["export-psf", pipes["x.npz"], "--out", out],
        ["report", pipes["x.lenscal"], "--out", tmp_path / "r.html"],
    ]
    # Another process: one that waits could not be ended here.
    code = "import json, sys; from lenscal.cli import main; "
    code += "[print('CODE', main(command)) for command in json.load(sys.stdin)]"
    done = subprocess.run(
        [sys.executable, "-c", code],
        input=json.dumps([list(map(str, command)) for command in commands]),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout.count("CODE 2\n") == len(commands), (done.stdout, done.stderr)
    assert "unexpected" not in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["check", "a", "b", "--grid", "20000x20000"],
        ["check", "a", "b", "--grid", "9" * 5000 + "x2"],
        ["calibrate", "a", "b", "--out", "l.lenscal", "--seed", "1" + "0" * 40],
        ["calibrate", "a", "b", "--out", "l.lenscal", "--max-minutes", "nan"],
        ["calibrate", "a", "b", "--out", "l.lenscal", "--kernel-size", "999999"],
        ["demo", "--out", "d", "--size", "20000x20000"],
        ["gui", "--size", "999999x999999"],
        ["gui", "--size", "0x0"],
        ["calibrate", "a", "b", "--out", "l.lenscal", "--aperture-sharp", "inf"],
        ["calibrate", "a", "b", "--out", "l.lenscal", "--focal", "nan"],
        ["info", "a\0b"],
        ["correct", "a\0b", "c", "--out", "d"],
        ["correct", "l.lenscal", "c", "--out", "x" * 5000],
        ["report", "l.lenscal", "--out", f"{'x' * 300}.html"],
        ["calibrate", "a", "b", "--out", f"{'x' * 300}.lenscal"],
        ["check", "x" * 5000, "b"],
        ["correct", "l.lenscal", "c", "--out", "d", "--amount", "1e400"],
        ["correct", "l.lenscal", "c", "--out", "d", "--template", "{name}" * 100000],
    ],
    ids=lambda options: " ".join(options)[:40],
)
def test_option_values(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make_dng: MakeDng,
    options: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for role in "ab":
        make_dng(tmp_path / role / "a.dng")
    make_dng(tmp_path / "c")
    write_profile(tmp_path / "l.lenscal", Profile(delta_grid((2, 2), 5, (128, 192))))
    assert main(options) == 2
    err = capsys.readouterr().err
    assert "unexpected" not in err
    assert "Traceback" not in err


def test_json_stays_json_whatever_a_profile_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from dataclasses import replace

    camera = "DEL \x7f ESC \x1b C1 \x9b \u202e \u2028"
    path = write_profile(tmp_path / "a.lenscal", replace(profile(), camera=camera))
    assert main(["info", str(path), "--json"]) == 0
    printed = capsys.readouterr().out
    assert json.loads(printed)["camera"] == camera
    assert printed.isascii()


@pytest.mark.parametrize("entry", ["kernels", "confidence", "profile.json", "curves.csv"])
def test_what_unpacks_to_far_more_costs_little(tmp_path: Path, entry: str) -> None:
    """5 MB of a stranger's file took 6 GB."""
    entries = entries_of_a_profile()
    if entry in ("kernels", "confidence"):
        shape = (64, 64, 3, 61, 61) if entry == "kernels" else (2**26,)
        entries["psf.npz"] = npz_of_zeros(entries["psf.npz"], entry, shape)
    else:
        name, line = {
            "profile.json": ("profile.json", b"[],"),
            "curves.csv": ("training/curves.csv", b"a,1,1\n"),
        }[entry]
        entries[name] += line * 2**22
    path = tmp_path / "bomb.lenscal"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    tracemalloc.start()
    try:
        with pytest.raises(InputError):
            read_profile(path)
        assert tracemalloc.get_traced_memory()[1] < 2**26
    finally:
        tracemalloc.stop()


def entries_of_a_profile() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(good("lens.lenscal")["lens.lenscal"])) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def npz_of_zeros(content: bytes, changed: str, shape: tuple[int, ...]) -> bytes:
    """An npz one of whose arrays says that it has that shape, and has some of it."""
    stream, header = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": shape}
    )
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(
                name,
                header.getvalue() + bytes(2**25) if name == f"{changed}.npy" else old.read(name),
            )
    return stream.getvalue()
