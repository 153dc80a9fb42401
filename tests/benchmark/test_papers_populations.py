"""The protocol of the second paper, at a size of seconds."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from scipy.signal import convolve2d

from lenscal.benchmark.papers import populations
from lenscal.calibration.settings import Quality
from lenscal.errors import InputError
from lenscal.files.population.description import Constraint
from lenscal.stepping import finish
from lenscal.virtual.shakes import ShakeFamily


def photos(folder: Path, n: int) -> list[Path]:
    rng = np.random.default_rng(0)
    files = []
    for i in range(n):
        noise = cv2.GaussianBlur(rng.random((220, 220, 3)), (0, 0), 2)
        noise = (noise - noise.min()) / np.ptp(noise)
        files.append(folder / f"{i}.png")
        cv2.imwrite(str(files[-1]), np.rint(255 * noise).astype(np.uint8))
    return files


def test_the_protocol_runs_and_says_what_it_measured(tmp_path: Path) -> None:
    settings = populations.PopulationProtocol(minutes=0.02, n_pieces=24, n_kernels=60, device="cpu")
    chosen = [
        populations.Case(ShakeFamily.MOTION, 0.1),
        populations.Case(ShakeFamily.GAUSSIAN, 0.02, Constraint.NONE),
    ]
    values = finish(populations.measure_populations(photos(tmp_path, 12), settings, chosen))
    assert values["photos"] == {"sharp": 6, "blurred": 6}
    (table,) = populations.tables(values)
    names = [row[1] for row in table.rows]
    assert names[0] == "gan, softmax"
    assert "other true kernels" in names
    best = next(row for row in values["baselines"] if row["name"] == "other true kernels")
    assert best["recall"] > values["rows"][0]["recall"]
    assert best["energy"] < values["rows"][0]["energy"]
    assert settings.quality is Quality.STANDARD


def test_pieces_are_blurred_with_their_own_kernels(tmp_path: Path) -> None:
    settings = populations.PopulationProtocol(n_pieces=5, n_kernels=9)
    halves, _ = populations.photo_halves(photos(tmp_path, 12), settings)
    kernels, kept_out = populations.true_kernels(ShakeFamily.HAND, 5, settings)
    degraded = populations.degraded_pieces(halves, kernels, 0.0, 0)
    for piece, kernel, result in zip(halves.to_blur, kernels, degraded, strict=True):
        np.testing.assert_allclose(result, convolve2d(piece, kernel, "valid"), atol=1e-5)
    assert not any(np.array_equal(k, other) for k in kernels for other in kept_out)


def test_few_photos_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="12 or more"):
        finish(
            populations.measure_populations(photos(tmp_path, 4), populations.PopulationProtocol())
        )
