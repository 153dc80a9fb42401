"""The examples of docs/python-api.md run, as the scripts that they are."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from test_python_api import lens

import lenscal

EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


def run(name: str, *arguments: object) -> str:
    root = Path(lenscal.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_page_names_all_of_them() -> None:
    text = (EXAMPLES.parent / "python-api.md").read_text(encoding="utf-8")
    names = {path.name for path in EXAMPLES.glob("*.py")}
    assert len(names) == 3
    assert all(f"examples/{name}" in text for name in names)


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lens") / "lens.lenscal"
    return lenscal.write_profile(lenscal.Profile(lens(image_size=(200, 260))), path)


def test_a_psf_goes_into_photutils(profile: Path) -> None:
    pytest.importorskip("photutils")
    lines = run("psf_for_photutils.py", profile).splitlines()
    # All of a star's light, wherever it stands.
    counts = [float(line.split(": ")[1].split()[0]) for line in lines]
    assert counts == pytest.approx([1000, 1000], rel=0.01)


def test_an_array_is_corrected(profile: Path) -> None:
    before, after = (
        float(line.split()[-1]) for line in run("correct_array.py", profile).splitlines()
    )
    assert after < 0.9 * before


def test_two_folders_become_a_chart(tmp_path: Path, make_dng: Callable[..., Path]) -> None:
    pytest.importorskip("matplotlib")
    blur = lens((1, 1)).kernels[0, 0, 1]
    for n in range(2):
        make_dng(tmp_path / "sharp" / f"{n}.dng", size=(256, 288), seed=n, f_number=5.6)
        make_dng(tmp_path / "degraded" / f"{n}.dng", size=(256, 288), seed=n, kernel=blur)
    run("mtf_over_height.py", tmp_path / "sharp", tmp_path / "degraded", tmp_path / "mtf.png", 0.02)
    assert (tmp_path / "mtf.png").read_bytes().startswith(b"\x89PNG")
