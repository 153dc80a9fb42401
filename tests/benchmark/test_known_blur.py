"""Section 4.2 of Meanti et al. 2025 at a small size, and the similarity that it tells."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from early_ends import end_fits_early

from lenscal.benchmark.papers.known_blur import (
    KnownBlurSettings,
    green_grid,
    measure_known_blur,
    tables,
)
from lenscal.calibration.budget import BUDGETS
from lenscal.calibration.settings import Quality, Stages
from lenscal.errors import InputError
from lenscal.measure.similarity import ssim
from lenscal.resource_files import resource
from lenscal.stepping import finish
from lenscal.supervised import held_out, learner, training
from lenscal.supervised.learner import Plan
from lenscal.supervised.settings import NetworkSize

SMALL = KnownBlurSettings(
    size=(256, 384),
    n_test=1,
    learnt_grid=(2, 2),
    kernel_size=9,
    stages=Stages.G,
    device="cpu",
    steps=4,
)


def scenes(n: int) -> list[Path]:
    return sorted(resource("scenes").glob("*.jpg"))[:n]


def test_the_protocol_tells_what_kernels_are_worth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learner, "PLANS", dict.fromkeys(NetworkSize, Plan(48, 2, 1e-3)))
    monkeypatch.setattr(training, "POOL", 4)
    monkeypatch.setattr(training, "CHECKS", 1)
    monkeypatch.setattr(held_out, "EACH", 1)
    end_fits_early(monkeypatch)
    few = replace(BUDGETS[Quality.QUICK], statistics_rounds=2)
    monkeypatch.setitem(BUDGETS, Quality.QUICK, few)
    reports = []
    values = finish(measure_known_blur(scenes(12), SMALL), reports.append)
    fractions = [report.fraction for report in reports if report.fraction is not None]
    assert fractions == sorted(fractions)
    assert values["photos"] == {"test": 1, "blurred": 5, "clean": 6}
    psnr = {(row["method"], row["kernels"]): row["psnr"] for row in values["rows"]}
    assert {kernels for _, kernels in psnr} == {"true", "learnt", "average"}
    for method in ("Wiener", "DPIR", "network"):
        assert psnr[method, "true"] > psnr["no correction", "true"] + 1
        assert psnr[method, "true"] > psnr[method, "average"]
    assert psnr["network", "true"] > psnr["Wiener", "true"] - 0.1
    assert values["kernels"]["learnt"]["rel_l2_mean"] < values["kernels"]["delta"]["rel_l2_mean"]
    restored, kernels = tables(values)
    assert len(restored.rows) == 12 and len(kernels.rows) == 3
    assert any("34.89" in row for row in restored.rows)


def test_all_channels_have_the_green_kernel() -> None:
    grid = green_grid((200, 300))
    assert grid.shape == (8, 8)
    np.testing.assert_array_equal(grid.kernels[:, :, 0], grid.kernels[:, :, 2])


def test_too_few_photos_are_refused() -> None:
    with pytest.raises(InputError, match="12 or more"):
        finish(measure_known_blur(scenes(5), SMALL))


def test_similarity_is_that_of_wang_and_others() -> None:
    structural_similarity = pytest.importorskip("skimage.metrics").structural_similarity
    rng = np.random.default_rng(0)
    image = rng.random((60, 70))
    other = np.clip(image + 0.1 * rng.standard_normal(image.shape), 0, 1)
    expected = structural_similarity(
        image, other, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert ssim(image, other) == pytest.approx(expected, abs=1e-6)
    assert ssim(image, image) == pytest.approx(1)
    colour = np.repeat(image[..., None], 3, axis=2)
    assert ssim(colour, colour * 0.9) == pytest.approx(ssim(image, image * 0.9))
