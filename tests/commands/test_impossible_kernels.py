"""Kernels that no lens has, and photos that are sharp already: nothing is made of them without a
word."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lenscal.calibration.result import Calibration
from lenscal.files.psf.profile import read_profile, write_profile
from lenscal.jobs.doubts import calibration_doubts
from lenscal.optics.psf_grid import PsfGrid, delta_grid

SIZE = (128, 192)


def impossible(how: str) -> PsfGrid:
    grid = delta_grid((2, 2), 13, SIZE)
    kernels = np.zeros_like(grid.kernels)
    if how == "both signs":
        kernels[..., 6, 6], kernels[..., 6, 7] = 1000, -999
    else:
        kernels[..., 0, 0] = 1
    return replace(grid, kernels=kernels)


@pytest.fixture(params=["both signs", "far away"])
def hostile(request: pytest.FixtureRequest, lens: Path) -> Path:
    return write_profile(lens, replace(read_profile(lens), psf=impossible(request.param)))


@pytest.mark.parametrize(
    "arguments",
    [
        *[("export-psf", "--out", "psf", "--format", form) for form in ("all", "csv", "fits")],
        ("report", "--out", "x.html"),
        ("report", "--out", "x.pdf"),
        ("share", "--out", "x.lenscal"),
    ],
    ids=lambda a: "-".join(a),
)
def test_nothing_is_written_of_them(
    run: Callable[..., Any], hostile: Path, tmp_path: Path, qapp: Any, arguments: tuple[str, ...]
) -> None:
    command, option, name, *rest = arguments
    before = sorted(tmp_path.iterdir())
    code, _, err = run(command, hostile, option, tmp_path / name, *rest)
    assert code == 2 and "this PSF is no lens's" in err and "Traceback" not in err
    assert sorted(tmp_path.iterdir()) == before


def test_info_tells_of_them(run: Callable[..., Any], hostile: Path) -> None:
    code, out, _ = run("info", hostile, "--json")
    assert code == 0 and json.loads(out)["doubts"]


def test_folders_of_psf_files_are_looked_at_as_well(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    from lenscal.files.psf.psf_fits import write_fits

    write_fits(impossible("far away"), tmp_path / "psf")
    code, _, err = run("report", tmp_path / "psf", "--out", tmp_path / "x.html")
    assert code == 2 and "no lens's" in err and not (tmp_path / "x.html").exists()


def test_a_calibration_that_ends_so_says_it(engine: Any) -> None:
    from lenscal.stepping import finish

    class Frame:
        size = SIZE

    from lenscal.calibration.settings import CalibrationSettings

    result: Calibration = finish(engine.calibrate([], [Frame()], CalibrationSettings()))
    assert not [d for d in calibration_doubts(result) if "do not use" in d]
    odd = replace(result, psf=impossible("both signs"))
    assert [d for d in calibration_doubts(odd) if "do not use this calibration" in d]


@pytest.fixture
def wide(lens: Path) -> Path:
    """A profile whose kernels blur a little."""
    grid = delta_grid((2, 2), 5, SIZE)
    kernels = np.zeros_like(grid.kernels)
    kernels[..., 1:4, 1:4] = 1 / 9
    return write_profile(lens, replace(read_profile(lens), psf=replace(grid, kernels=kernels)))


@pytest.mark.parametrize("form", ["dng", "tiff"])
def test_a_photo_that_was_corrected_is_not_corrected_again(
    run: Callable[..., Any],
    wide: Path,
    make_dng: Callable[..., Path],
    tmp_path: Path,
    form: str,
) -> None:
    photo = make_dng(tmp_path / "raw" / "a.dng")
    once, twice = tmp_path / "once", tmp_path / "twice"
    assert run("correct", wide, photo, "--out", once, "--format", form)[0] == 0
    (corrected,) = once.iterdir()
    # Under a name, and in a folder, that tell nothing.
    corrected = corrected.rename(tmp_path / f"holiday{corrected.suffix}")
    code, out, _ = run("correct", wide, corrected, "--out", twice)
    assert code == 2 and "lenscal has corrected it already" in out
    assert not list(twice.glob("*"))
    code, _, err = run("correct", wide, corrected, "--out", twice, "--force")
    assert code == 0 and "lenscal has corrected it already" in err


@pytest.mark.parametrize("options", [("--method", "none"), ("--amount", "0")])
def test_one_that_was_only_developed_is_corrected(
    run: Callable[..., Any],
    wide: Path,
    make_dng: Callable[..., Path],
    tmp_path: Path,
    options: tuple[str, ...],
) -> None:
    photo = make_dng(tmp_path / "raw" / "a.dng")
    out = tmp_path / "out"
    assert run("correct", wide, photo, "--out", out, "--format", "dng", *options)[0] == 0
    (developed,) = out.iterdir()
    code, text, err = run("correct", wide, developed, "--out", tmp_path / "corrected")
    assert code == 0, text + err
    assert "already" not in text + err
