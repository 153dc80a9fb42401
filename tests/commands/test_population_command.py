"""lenscal population: what is refused before anything is read, and a training from start to end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from lenscal.cli import main
from lenscal.files.population.population_file import read_population
from lenscal.population.generator import sample_kernels

Captured = pytest.CaptureFixture[str]


def pictures(folder: Path, n: int, seed: int, side: int = 96) -> Path:
    folder.mkdir()
    rng = np.random.default_rng(seed)
    for i in range(n):
        noise = cv2.GaussianBlur(rng.random((side, side, 3)), (0, 0), 1)
        values = np.rint(65535 * (0.2 + 0.6 * noise)).astype(np.uint16)
        cv2.imwrite(str(folder / f"{i}.png"), values)
    return folder


@pytest.fixture
def sets(tmp_path: Path) -> tuple[Path, Path]:
    return pictures(tmp_path / "sharp", 8, 0), pictures(tmp_path / "shaken", 9, 1)


def test_a_training_from_start_to_end(
    sets: tuple[Path, Path], tmp_path: Path, capsys: Captured
) -> None:
    out = tmp_path / "rig.lenspop"
    options = ["--kernel-size", "15", "--device", "cpu", "--quiet", "--noise", "0.01"]
    command = ["population", *map(str, sets), "--out", str(out), *options]
    assert main([*command, "--max-minutes", "0.005", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["finished"] == "time"
    assert said["photos"] == {"sharp": 8, "blurred": 9}
    assert Path(said["checkpoint"]).exists()
    population = read_population(out)
    assert population.steps == said["steps"] > 0
    assert population.noise is not None
    assert population.noise.b[1] == pytest.approx(1e-4)
    assert population.statistics["sharp_spectrum"].shape == (32, 17)
    assert sample_kernels(population, 3, 0).shape == (3, 1, 15, 15)
    assert main([*command, "--max-minutes", "0.005", "--json", "--resume"]) == 0
    assert json.loads(capsys.readouterr().out)["steps"] > population.steps
    assert main(["info", str(out)]) == 0
    words = capsys.readouterr().out
    assert "half of the photos are blurred over more than" in words.lower()
    assert "8 sharp and 9 blurred" in words


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--kernel-size", "13"], "choose 15 to 64"),
        (["--noise", "2"], "choose 0 to 1"),
        (["--noise", "nan"], "choose 0 to 1"),
        (["--max-minutes", "0"], "above 0"),
        (["--seed", "-1"], "--seed"),
        (["--out", "rig.lenscal"], "ends in .lenspop"),
    ],
    ids=str,
)
def test_wrong_options_are_refused_before_photos_are_read(
    options: list[str], words: str, tmp_path: Path, capsys: Captured
) -> None:
    missing = [str(tmp_path / "a"), str(tmp_path / "b")]
    out = str(tmp_path / "rig.lenspop")
    assert main(["population", *missing, "--out", out, *options]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda sets: (sets[0], sets[0]), "among the sharp and among the blurred"),
        (lambda sets: (sets[0], pictures(sets[1].parent / "few", 3, 4)), "3 blurred"),
        (lambda sets: (pictures(sets[1].parent / "small", 9, 4, side=40), sets[1]), "no photo"),
        (lambda sets: (sets[0].parent / "missing", sets[1]), "no such"),
    ],
)
def test_sets_that_teach_nothing_are_refused(
    change: Callable[[tuple[Path, Path]], tuple[Path, Path]],
    words: str,
    sets: tuple[Path, Path],
    tmp_path: Path,
    capsys: Captured,
) -> None:
    out = tmp_path / "rig.lenspop"
    command = ["population", *map(str, change(sets)), "--out", str(out), "--kernel-size", "15"]
    assert main([*command, "--quiet"]) == 2
    assert words in capsys.readouterr().err
    assert not out.exists()


def test_other_files_are_not_overwritten(
    sets: tuple[Path, Path], tmp_path: Path, capsys: Captured
) -> None:
    out = tmp_path / "holiday.lenspop"
    out.write_bytes(b"something of the user's")
    assert main(["population", *map(str, sets), "--out", str(out)]) == 2
    assert "not overwritten" in capsys.readouterr().err
    assert out.read_bytes() == b"something of the user's"
