"""lenscal demo --rig."""

import json
from pathlib import Path

import numpy as np
import pytest

from lenscal.cli import main
from lenscal.files.population.population_file import read_population
from lenscal.jobs.populations import rig_demo

OPTIONS = ["--photos", "8", "--size", "128x96", "--max-minutes", "0.01", "--device", "cpu"]


def test_the_demo_of_a_rig_goes_the_whole_way(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rig_demo, "KERNELS", 40)
    out = tmp_path / "rig"
    command = ["demo", "--rig", "--out", str(out), *OPTIONS]
    assert main([*command, "--json", "--quiet"]) == 0
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert "reduced size" in captured.err
    figures = told["figures"]
    assert set(figures) == {"learnt", "isotropic Gaussians", "the photos' own kernels"}
    assert figures["the photos' own kernels"]["precision"] > 0.6
    population = read_population(out / "rig.lenspop")
    assert population.photos.blurred == 8
    assert population.camera == "Lenscal Virtual One"
    assert population.photos.exposures_s[0] == pytest.approx(1 / 30, rel=0.01)
    assert population.noise is not None
    assert population.noise.source == "NoiseProfile"
    with np.load(told["kernels"]) as truth:
        assert truth["kernels"].shape == (8, 15, 15)
    # Again in the same folder: the first demo's photos are replaced.
    assert main([*command, "--quiet"]) == 0
    assert len(list((out / "shaken").iterdir())) == 8
    assert "At 1/30 s half of the photos" in capsys.readouterr().out


def test_it_refuses_a_folder_of_other_things(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "thesis.tex").touch()
    assert main(["demo", "--rig", "--out", str(tmp_path), *OPTIONS]) == 2
    assert "is not empty" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
