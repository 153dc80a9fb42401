"""The figures equal those of the project's yardstick, and obey their own laws."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lenscal.errors import InputError
from lenscal.files.psf.psf_fits import write_fits
from lenscal.measure.kernel_scores import compare, confidence_rank, score
from lenscal.optics.mtf import centroid_px
from lenscal.optics.psf_grid import PsfGrid, delta_grid

SIZE = (400, 600)


def lopsided_grid(
    rng: np.random.Generator, shape: tuple[int, int] = (4, 5), k: int = 13
) -> PsfGrid:
    """Two blobs a kernel, off the axis, different in every colour."""
    axis = np.arange(k) - k // 2
    at = rng.normal(0, 1.2, (*shape, 3, 2, 2))
    width = rng.uniform(0.6, 1.6, (*shape, 3, 2))
    y = np.exp(-((axis - at[..., :1]) ** 2) / 2 / width[..., None] ** 2)
    x = np.exp(-((axis - at[..., 1:]) ** 2) / 2 / width[..., None] ** 2)
    kernels = np.einsum("...by,...bx,b->...yx", y, x, [1.0, 0.5])
    return PsfGrid((kernels / kernels.sum((-1, -2), keepdims=True)).astype(np.float32), SIZE)


def as_nodes(grid: PsfGrid) -> tuple[np.ndarray, np.ndarray]:
    at = (grid.positions * (np.array(grid.image_size) - 1)).reshape(-1, 2)
    return grid.kernels.reshape(-1, *grid.kernels.shape[2:]), at


@pytest.mark.parametrize("estimate_shape", [(4, 5), (3, 7)])
def test_equals_the_tool(shared: Path, tmp_path: Path, estimate_shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    truth, estimate = lopsided_grid(rng, k=15), lopsided_grid(rng, estimate_shape)
    write_fits(truth, tmp_path / "truth")
    write_fits(estimate, tmp_path / "estimate")
    command = [
        sys.executable,
        shared / "tools/score_psf.py",
        tmp_path / "truth",
        tmp_path / "estimate",
        "--json",
    ]
    tool = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    ours = score(*as_nodes(truth), *as_nodes(estimate))
    assert ours.keys() == tool.keys()
    for row in tool:
        assert ours[row] == pytest.approx(tool[row], rel=1e-8, abs=1e-9, nan_ok=True)


def test_truth_scores_perfectly_even_when_moved() -> None:
    truth = lopsided_grid(np.random.default_rng(2), k=21)
    kernels, at = as_nodes(truth)
    moved = np.roll(kernels, (1, -2), axis=(-2, -1))
    figures = compare(moved.astype(float), kernels.astype(float), at)
    assert figures["ncc_min"] > 0.9999
    assert figures["rel_l2_max"] < 0.01
    assert figures["ca_px_max"] < 0.01
    assert figures["odd_rel"] < 0.02


def test_delta_of_delta_is_perfect_and_worse_of_blur() -> None:
    truth, at = as_nodes(lopsided_grid(np.random.default_rng(3)))
    delta, _ = as_nodes(delta_grid((4, 5), 13, SIZE))
    assert score(delta, at, delta, at)["estimate"]["rel_l2_max"] < 1e-12
    figures = score(truth, at, delta, at)
    assert figures["estimate"] == figures["delta"]
    assert figures["delta"]["rel_l2_mean"] > figures["average"]["rel_l2_mean"] > 0.05


def test_lateral_colour_is_measured_in_px() -> None:
    truth = lopsided_grid(np.random.default_rng(4), k=21)
    kernels, at = as_nodes(truth)
    off = kernels.copy()
    off[:, 0] = np.roll(off[:, 0], 1, axis=-1)
    wrong = compare(off.astype(float), kernels.astype(float), at)
    assert wrong["ca_px_mean"] == pytest.approx(0.5, abs=0.02)
    assert wrong["ca_px_max"] == pytest.approx(1.0, abs=0.02)


def test_confidence_rank() -> None:
    truth, _ = as_nodes(lopsided_grid(np.random.default_rng(5)))
    delta, _ = as_nodes(delta_grid((4, 5), 13, SIZE))
    error = np.random.default_rng(6).permutation(len(truth)) / len(truth)
    kernels = truth + error[:, None, None, None] * (delta - truth)
    confidence = np.repeat(np.exp(-error)[:, None], 3, axis=1)
    assert confidence_rank(confidence, kernels, truth) == pytest.approx(1, abs=0.25)
    assert confidence_rank(-confidence, kernels, truth) == -confidence_rank(
        confidence, kernels, truth
    )
    assert abs(confidence_rank(np.roll(confidence, 7, axis=0), kernels, truth)) < 0.5
    confidence[:, 1:] = -confidence[:, 1:]
    assert -0.5 < confidence_rank(confidence, kernels, truth) < 0


def test_centroid_counts_from_the_middle() -> None:
    kernel = np.zeros((5, 5))
    kernel[1, 4] = 2
    assert centroid_px(kernel) == pytest.approx([-1, 2])


@pytest.mark.parametrize("shape", [(4, 3, 4, 4), (4, 1, 5, 5), (4, 3, 65, 65)])
def test_refuses_shapes_it_cannot_score(shape: tuple[int, ...]) -> None:
    at = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    with pytest.raises(InputError, match="kernels must be"):
        score(np.ones(shape), at, np.ones(shape), at)
