"""Figures of kernels whose figures are known."""

from __future__ import annotations

import numpy as np
import pytest

from lenscal.optics.mtf import (
    centroid_px,
    ee80_radius_px,
    fwhm_px,
    mtf50_cy_per_px,
    mtf50_sagittal_tangential,
)


def gaussian(
    sigma_y: float, sigma_x: float, k: int = 25, at: tuple[float, float] = (0, 0)
) -> np.ndarray:
    axis = np.arange(k) - k // 2
    kernel = np.exp(
        -((axis[:, None] - at[0]) ** 2) / 2 / sigma_y**2 - (axis - at[1]) ** 2 / 2 / sigma_x**2
    )
    return kernel / kernel.sum()


def gaussian_mtf50(sigma: float) -> float:
    return float(np.sqrt(np.log(2) / 2) / np.pi / sigma)


def test_round_gaussian() -> None:
    kernel = gaussian(2, 2, at=(0.3, -0.4))
    assert centroid_px(kernel) == pytest.approx([0.3, -0.4], abs=1e-4)
    assert fwhm_px(kernel) == pytest.approx(2.3548 * 2, rel=0.01)
    assert ee80_radius_px(kernel) == pytest.approx(2 * np.sqrt(2 * np.log(5)), rel=0.06)
    assert mtf50_cy_per_px(kernel, np.array([1.0, 1.0])) == pytest.approx(
        gaussian_mtf50(2), rel=1e-3
    )


def test_delta_has_no_width() -> None:
    kernel = np.zeros((2, 3, 9, 9))
    kernel[..., 4, 4] = 1
    assert ee80_radius_px(kernel) == pytest.approx(np.zeros((2, 3)))
    assert (fwhm_px(kernel) < 1.3).all()
    assert mtf50_cy_per_px(kernel, np.array([0.0, 1.0])) == pytest.approx(np.full((2, 3), 0.5))


def test_directions_follow_the_radius() -> None:
    wide_in_x = np.broadcast_to(gaussian(1.2, 2.5), (3, 3, 25, 25))
    positions = np.array([[0.5, 1.0], [0.0, 0.5], [0.5, 0.5]])
    sagittal, tangential = mtf50_sagittal_tangential(wide_in_x, positions, aspect=1.5)
    along_x, along_y = gaussian_mtf50(2.5), gaussian_mtf50(1.2)
    assert tangential[:, 1] == pytest.approx([along_x, along_y, along_x], rel=2e-3)
    assert sagittal[:, 1] == pytest.approx([along_y, along_x, along_y], rel=2e-3)
