"""Names that no disk takes, names that are one on some disks, folders that are gone or cannot be
written: found before any work, in every command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lenscal.files.output_paths import check_name
from lenscal.files.photos.export_settings import (
    ExportSettings,
    OnConflict,
    TakenPaths,
    mask_path,
    output_path,
)
from lenscal.raw.decode import decode_photo
from lenscal.raw.pixel_cache import cache_stem
from lenscal.system.atomic import written_whole

SOURCE = Path(__file__).parents[2]
NAME_MAX = 255
LONG = "a" * (NAME_MAX + 1)
FITS_ALONE = "b" * (NAME_MAX - len(".lenscal"))
"""As a profile's name; that of its checkpoint is longer."""
DEEP = "/".join(["c" * 200] * 21)
"""Longer than any path."""


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is decoded, calibrated or read."""

    def worked(*_: object, **__: object) -> None:
        raise AssertionError("work was begun")

    for name in (
        "lenscal.raw.decode.decode_photo",
        "lenscal.files.psf.opening.open_psf",
        "lenscal.files.psf.profile.read_profile",
        "lenscal.jobs.import_photos",
        "lenscal.jobs.demo",
        "lenscal.benchmark.accuracy.measure_cases",
    ):
        monkeypatch.setattr(name, worked)


TOO_LONG = [
    ("calibrate", "no", "folders", "--out", f"{LONG}.lenscal"),
    ("calibrate", "no", "folders", "--out", f"{FITS_ALONE}.lenscal"),
    ("calibrate", "no", "folders", "--out", f"{'ü' * 120}.lenscal"),
    ("calibrate", "no", "folders", "--out", f"{DEEP}/x.lenscal"),
    ("share", "lens.lenscal", "--out", f"{LONG}.lenscal"),
    ("demo", "--out", LONG),
    ("demo", "--out", DEEP),
    ("correct", "lens.lenscal", "raw", "--out", LONG),
    ("correct", "lens.lenscal", "raw", "--out", DEEP),
    ("export-psf", "lens.lenscal", "--out", LONG),
    ("export-psf", "lens.lenscal", "--out", DEEP),
    ("report", "lens.lenscal", "--out", f"{LONG}.html"),
    ("report", "lens.lenscal", "--out", f"{LONG}.pdf"),
    ("benchmark", "--only", "accuracy", "--folder", LONG),
    ("benchmark", "--only", "speed", "--markdown", f"{LONG}/x.md"),
]


@pytest.mark.parametrize("arguments", TOO_LONG, ids=lambda a: f"{a[0]}-{a[-1][:3]}{len(a[-1])}")
@pytest.mark.usefixtures("no_work", "lens")
def test_names_that_are_too_long(
    run: Callable[..., Any],
    make_dng: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
) -> None:
    make_dng(tmp_path / "raw" / "a.dng")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert code == 2 and out == "" and "Traceback" not in err
    # What is wrong, and what to do; not the whole name once more.
    assert "are the most" in err and "choose a shorter" in err and len(err) < 300
    assert sorted(tmp_path.rglob("*")) == before


PHOTOS = [
    # name of the photo, options, what is there already
    ("d" * 250, (), ""),
    # The photo fits, its mask does not.
    ("e" * (NAME_MAX - len("_lenscal.tif")), ("--save-mask",), ""),
    # The name that fits is taken, and one with a number is too long.
    ("f" * (NAME_MAX - len("_lenscal.tif")), (), "_lenscal.tif"),
    ("g", ("--template", "{name}" + "t" * 252), ""),
    ("ä" * 125, (), ""),
]


@pytest.mark.parametrize(("name", "options", "taken"), PHOTOS)
def test_photos_whose_names_would_be_too_long_are_found_before_they_are_read(
    run: Callable[..., Any],
    lens: Path,
    make_dng: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    options: tuple[str, ...],
    taken: str,
) -> None:
    photo = tmp_path / "raw" / f"{name}.dng"
    make_dng(tmp_path / "raw" / "z.dng").rename(photo)
    out = tmp_path / "out"
    out.mkdir()
    if taken:
        (out / f"{name}{taken}").write_text("there")
    before = sorted(out.iterdir())
    read = []

    def noted(path: Path, **how: Any) -> Any:
        read.append(path)
        return decode_photo(path, **how)

    monkeypatch.setattr("lenscal.raw.decode.decode_photo", noted)
    code, _, err = run("correct", lens, photo, "--out", out, *options)
    assert code == 2 and not read and sorted(out.iterdir()) == before
    assert "Traceback" not in err


def test_one_such_name_is_one_photo(
    run: Callable[..., Any], lens: Path, make_dng: Callable[..., Path], tmp_path: Path
) -> None:
    make_dng(tmp_path / "raw" / "x.dng").rename(tmp_path / "raw" / f"{'d' * 250}.dng")
    make_dng(tmp_path / "raw" / "good.dng")
    code, out, _ = run("correct", lens, tmp_path / "raw", "--out", tmp_path / "out")
    assert code == 1 and "1 of 2 photos written" in out and "are the most" in out
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["good_lenscal.tif"]


def test_photos_with_the_longest_names_are_read_and_corrected(
    run: Callable[..., Any], lens: Path, make_dng: Callable[..., Path], tmp_path: Path
) -> None:
    """Names of our own, in caches and for half-written files, are no longer than others."""
    photo = tmp_path / "raw" / f"{'h' * (NAME_MAX - 4)}.dng"
    make_dng(tmp_path / "raw" / "z.dng").rename(photo)
    assert len(f"{cache_stem(photo)}-vignetting.npy") < 100
    assert decode_photo(photo, cache=tmp_path / "cache").size == (128, 192)
    export = ("--template", "{name}", "--format", "dng")
    code, _, err = run("correct", lens, photo, "--out", tmp_path / "out", *export)
    assert code == 0, err
    with written_whole(tmp_path / f"x.{'y' * (NAME_MAX - 2)}") as temporary:
        temporary.write_text("whole")
    assert (tmp_path / f"x.{'y' * (NAME_MAX - 2)}").read_text() == "whole"


def test_limits_are_those_of_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_name(tmp_path / "not there" / ("k" * NAME_MAX))

    def encrypted(_: object, name: str) -> int:
        return 143 if name == "PC_NAME_MAX" else 4096

    monkeypatch.setattr(os, "pathconf", encrypted)
    with pytest.raises(Exception, match="143 are the most"):
        check_name(tmp_path / ("k" * 144))


def batch(names: list[str], **how: Any) -> list[str]:
    """What the photos of a batch are called."""
    taken, found = TakenPaths(), []
    for name in names:
        path = output_path(
            Path(name), ExportSettings(Path("/no/out"), **how), method="wiener", batch_paths=taken
        )
        taken.add(path)
        mask = mask_path(path, ExportSettings(Path("/no/out"), **how), batch_paths=taken)
        taken.add(mask)
        found += [path.name, mask.name]
    return found


@pytest.mark.parametrize("conflict", [OnConflict.UNIQUE, OnConflict.OVERWRITE, OnConflict.SKIP])
def test_names_that_differ_in_capitals_only_get_numbers(conflict: OnConflict) -> None:
    """On many disks they are the same file, and the second photo would be lost or refused after
    its correction."""
    names = batch(["a/IMG_1.CR3", "b/img_1.CR3", "c/Img_1.cr3"], on_conflict=conflict)
    assert len({name.casefold() for name in names}) == 6
    assert names[::2] == ["IMG_1_lenscal.tif", "img_1_lenscal-2.tif", "Img_1_lenscal-3.tif"]
    # One accent in two ways to write it.
    names = batch(["a/caf\u00e9.CR3", "b/cafe\u0301.CR3"], on_conflict=conflict)
    assert names[2].endswith("-2.tif")


def test_they_are_an_error_where_that_was_asked_for() -> None:
    with pytest.raises(Exception, match="another photo of this batch"):
        batch(["a/IMG_1.CR3", "b/img_1.CR3"], on_conflict=OnConflict.ERROR)


def test_both_photos_are_written(
    run: Callable[..., Any], lens: Path, make_dng: Callable[..., Path], tmp_path: Path
) -> None:
    make_dng(tmp_path / "a" / "IMG.dng", seed=1)
    make_dng(tmp_path / "b" / "img.dng", seed=2)
    code, _, _ = run("correct", lens, tmp_path / "a", tmp_path / "b", "--out", tmp_path / "out")
    names = sorted(p.name for p in (tmp_path / "out").iterdir())
    assert code == 0 and names == ["IMG_lenscal.tif", "img_lenscal-2.tif"]


def program(*arguments: object, shell: str, **env: str) -> subprocess.CompletedProcess[str]:
    code = "from lenscal.cli import main; raise SystemExit(main())"
    return subprocess.run(
        ["sh", "-c", shell, sys.executable, "-I", "-c", _PATH + code, *map(str, arguments)],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        check=False,
    )


_PATH = f"import sys; sys.path.insert(0, {str(SOURCE)!r}); "
RELATIVE = [
    ("calibrate", "a", "b", "--out", "x.lenscal"),
    ("check", "a", "b"),
    ("correct", "lens.lenscal", "a.dng", "--out", "out"),
    ("correct", "/x.lenscal", "/a.dng", "--out", "/out", "--prior", "weights.pth"),
    ("share", "lens.lenscal", "--out", "x.lenscal"),
    ("export-psf", "lens.lenscal", "--out", "psf"),
    ("report", "lens.lenscal", "--out", "x.html"),
    ("info", "a.dng"),
    ("demo",),
    ("benchmark", "--only", "accuracy", "--folder", "here"),
    ("gui", "lens.lenscal"),
]


@pytest.mark.skipif(os.name != "posix", reason="others do not let it go")
def test_a_current_folder_that_is_gone(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    # All in one process that begins there: each command finds the folder as it was left.
    code = "import json, os, sys; from lenscal.cli import main\n"
    code += f"gone = {str(gone)!r}\nendings = []\n"
    code += "for words in json.loads(sys.argv[1]):\n"
    code += "    endings.append(main(words))\n"
    code += "    os.makedirs(gone); os.chdir(gone); os.rmdir(gone)\n"
    code += "print(endings)"
    shell = ("sh", "-c", f'cd "{gone}" && rmdir "{gone}" && exec "$0" "$@"')
    done = subprocess.run(
        [*shell, sys.executable, "-I", "-c", f"{_PATH}\n{code}", json.dumps(RELATIVE)],
        capture_output=True,
        text=True,
        check=False,
    )
    # Nothing else is said.
    assert done.stdout == f"{[2] * len(RELATIVE)}\n", done.stderr
    assert done.stderr.count("the current folder no longer exists") == len(RELATIVE)
    assert "Traceback" not in done.stderr


CACHES = [
    ("calibrate", "{sharp}", "{degraded}", "--out", "{tmp}/x.lenscal", "--max-minutes", "0.001"),
    ("correct", "{lens}", "{degraded}", "--out", "{tmp}/out"),
    ("share", "{lens}", "--out", "{tmp}/x.lenscal"),
    ("export-psf", "{lens}", "--out", "{tmp}/psf", "--format", "all"),
    ("report", "{lens}", "--out", "{tmp}/x.html"),
    ("info", "{lens}"),
    ("check", "{sharp}", "{degraded}"),
]


def test_caches_that_cannot_be_written(
    folders: tuple[Path, Path], lens: Path, tmp_path: Path
) -> None:
    """An administrator may write to any folder: what stands in the way is a file."""
    (tmp_path / "file").write_text("")
    places = {"sharp": folders[0], "degraded": folders[1], "lens": lens, "tmp": tmp_path}
    blocked = str(tmp_path / "file" / "home")
    names = ("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME")
    # All in one process that begins so: libraries take seconds to load.
    code = "import json; from lenscal.cli import main; "
    code += "print(json.dumps([main(words) for words in json.loads(sys.argv[1])]))"
    commands = [[a.format(**places) for a in arguments] for arguments in CACHES]
    done = subprocess.run(
        [sys.executable, "-I", "-c", _PATH + code, json.dumps(commands)],
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), **dict.fromkeys(names, blocked)},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for arguments, ending in zip(CACHES, json.loads(done.stdout.splitlines()[-1]), strict=True):
        # A calibration of two tiny photos may find too little; it is not the cache that ends it.
        expected = (0, 2) if arguments[0] in ("calibrate", "check") else (0,)
        assert ending in expected, (arguments, done.stderr)
    assert "Traceback" not in done.stderr and "home" not in done.stderr


def test_a_benchmark_asks_for_another_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = program(
        "benchmark", "--only", "accuracy", "--case", "traced/same",
        shell='exec "$0" "$@"', XDG_CACHE_HOME=str(tmp_path / "file"),
    )  # fmt: skip
    assert done.returncode == 2
    assert "choose another place with --folder" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="POSIX users")
def test_a_user_without_a_home_writes_and_reads_fits(lens: Path, tmp_path: Path) -> None:
    """A container's numeric user; astropy looks for that home."""
    unknown = "import pwd\ndef unknown(_): raise KeyError\npwd.getpwuid = unknown\n"
    code = f"{unknown}{_PATH}from lenscal.cli import main; raise SystemExit(main())"
    env = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    env.pop("HOME", None)
    for arguments in (
        ("export-psf", lens, "--out", tmp_path / "psf"),
        ("report", tmp_path / "psf", "--out", tmp_path / "x.html"),
    ):
        done = subprocess.run(
            [sys.executable, "-I", "-c", code, *map(str, arguments)],
            capture_output=True, text=True, env=env, check=False,
        )  # fmt: skip
        assert done.returncode == 0 and done.stderr == ""
