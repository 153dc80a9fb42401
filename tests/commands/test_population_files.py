"""What is made of RIG.lenspop: reports, and kernels for other programs."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from astropy.io import fits

from lenscal.cli import main
from lenscal.files.population.description import GeneratorDescription
from lenscal.files.population.population_file import (
    Population,
    TrainingPhotos,
    write_population,
)
from lenscal.jobs.populations.report import principal_variations
from lenscal.jobs.populations.summary import contact_sheet, headline
from lenscal.population.generator import fresh_generator, sample_kernels, weights_of
from lenscal.population.shapes import shapes_of
from lenscal.virtual.shakes import HandShake, drawn_kernels

Captured = pytest.CaptureFixture[str]


def population(channels: int = 1) -> Population:
    description = GeneratorDescription(15, channels, width=16, depth=1)
    return Population(
        description,
        weights_of(fresh_generator(description, 4)),
        photos=TrainingPhotos(12, 30, (1 / 30,) * 30),
        camera="Rig One",
        curves={"overfitting": [(0, 0.0), (10, 0.3)]},
        created="2026-11-30T12:00:00+00:00",
        warnings=("<b>few</b> photos",),
    )


@pytest.fixture
def rig(tmp_path: Path) -> Path:
    return write_population(tmp_path / "rig.lenspop", population(3))


def test_kernels_for_other_programs(rig: Path, tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "out"
    assert main(["export-psf", str(rig), "--out", str(out), "--format", "all"]) == 0
    expected = sample_kernels(population(3), 1000, 0)
    with np.load(out / "population.npz") as file:
        np.testing.assert_array_equal(file["kernels"], expected)
    np.testing.assert_array_equal(fits.getdata(out / "population.fits"), expected)
    assert cv2.imread(str(out / "population.png"), cv2.IMREAD_UNCHANGED).ndim == 2
    # Its own files are replaced, those of others never.
    assert main(["export-psf", str(rig), "--out", str(out), "--format", "all"]) == 0
    (out / "population.png").write_bytes(b"a picture of my cat")
    assert main(["export-psf", str(rig), "--out", str(out), "--format", "npz"]) == 2
    assert (out / "population.png").read_bytes() == b"a picture of my cat"
    assert main(["export-psf", str(rig), "--out", str(out), "--format", "csv"]) == 2
    assert "fits, npz or all" in capsys.readouterr().err


def test_the_report_says_what_the_population_is(rig: Path, tmp_path: Path) -> None:
    out = tmp_path / "rig.html"
    assert main(["report", str(rig), "--out", str(out)]) == 0
    text = out.read_text(encoding="utf-8")
    assert "At 1/30 s half of the photos are blurred over more than" in text
    for words in ("Rig One", "12 sharp, 30 blurred", "Mean kernel", "Direction", "Samples"):
        assert words in text
    assert "<b>few</b>" not in text
    # Again: a report of lenscal's may be replaced.
    assert main(["report", str(rig), "--out", str(out)]) == 0


def test_the_sentence_follows_the_kernels() -> None:
    def said(hand: HandShake) -> str:
        return str(headline(population(), shapes_of(drawn_kernels(60, 31, 0, hand=hand))))

    assert said(HandShake(2, 90)).endswith("mostly up and down")
    assert said(HandShake(2, 0)).endswith("mostly sideways")

    def length(hand: HandShake) -> float:
        return float(said(hand).split(" px")[0].split()[-1])

    assert length(HandShake(4, 90)) == pytest.approx(2 * length(HandShake(2, 90)), rel=0.1)


def test_principal_variations_are_what_kernels_differ_by() -> None:
    rng = np.random.default_rng(0)
    mean, ways = rng.random((15, 15)), np.linalg.qr(rng.standard_normal((225, 2)))[0]
    amounts = rng.standard_normal((500, 2)) * (3, 1)
    kernels = mean + (amounts @ ways.T).reshape(-1, 15, 15)
    found_mean, found, shares = principal_variations(kernels, 2)
    np.testing.assert_allclose(found_mean, kernels.mean(0))
    assert abs(found[0].ravel() @ ways[:, 0]) > 0.99
    assert shares[0] == pytest.approx(0.9, abs=0.03)
    assert shares.sum() == pytest.approx(1)


def test_a_sheet_shows_each_kernel_at_its_own_brightness() -> None:
    kernels = np.zeros((3, 5, 5))
    kernels[:, 2, 2] = (1, 1e-3, 0)
    sheet = contact_sheet(kernels, 2, 1)
    assert sheet.shape == (16, 16)
    assert sheet[4, 4] == sheet[4, 11] == 255
    assert sheet[11, 4] == 0
