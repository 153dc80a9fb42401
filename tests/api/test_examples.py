"""The examples of docs/python-api.md run, as the scripts that they are."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from test_python_api import lens

import lenscal

Run = Callable[..., str]
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples"


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run an example as Python does, in this process: it has loaded the libraries already."""

    def call(name: str, *arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
        capsys.readouterr()
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out

    return call


def test_the_page_names_all_of_them() -> None:
    text = (EXAMPLES.parent / "python-api.md").read_text(encoding="utf-8")
    names = {path.name for path in EXAMPLES.glob("*.py")}
    assert len(names) == 3
    assert all(f"examples/{name}" in text for name in names)


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lens") / "lens.lenscal"
    return lenscal.write_profile(lenscal.Profile(lens(image_size=(200, 260))), path)


def test_a_psf_goes_into_photutils(run: Run, profile: Path) -> None:
    pytest.importorskip("photutils")
    lines = run("psf_for_photutils.py", profile).splitlines()
    # All of a star's light, wherever it stands.
    counts = [float(line.split(": ")[1].split()[0]) for line in lines]
    assert counts == pytest.approx([1000, 1000], rel=0.01)


def test_an_array_is_corrected(run: Run, profile: Path) -> None:
    before, after = (
        float(line.split()[-1]) for line in run("correct_array.py", profile).splitlines()
    )
    assert after < 0.9 * before


def test_two_folders_become_a_chart(
    run: Run, tmp_path: Path, make_dng: Callable[..., Path]
) -> None:
    pytest.importorskip("matplotlib")
    blur = lens((1, 1)).kernels[0, 0, 1]
    for n in range(2):
        make_dng(tmp_path / "sharp" / f"{n}.dng", size=(256, 288), seed=n, f_number=5.6)
        make_dng(tmp_path / "degraded" / f"{n}.dng", size=(256, 288), seed=n, kernel=blur)
    run("mtf_over_height.py", tmp_path / "sharp", tmp_path / "degraded", tmp_path / "mtf.png", 0.02)
    assert (tmp_path / "mtf.png").read_bytes().startswith(b"\x89PNG")
