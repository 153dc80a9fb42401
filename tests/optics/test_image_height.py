"""Contrast over image height, and curves of single kernels."""

import math

import numpy as np
import pytest

from lenscal.optics.image_height import chart_frequencies, mtf_over_height
from lenscal.optics.kernel_curves import contours, encircled_energy, profiles
from lenscal.optics.psf_grid import PsfGrid, axis_positions


def gaussian(sigma_y: float, sigma_x: float, size: int = 21) -> np.ndarray:
    axis = np.arange(size) - size // 2
    kernel = np.exp(-(axis[:, None] ** 2) / 2 / sigma_y**2 - axis**2 / 2 / sigma_x**2)
    return (kernel / kernel.sum()).astype(np.float32)


def mtf(sigma: float, frequency: float) -> float:
    return math.exp(-2 * (math.pi * sigma * frequency) ** 2)


def test_frequencies_are_those_of_lens_makers() -> None:
    assert chart_frequencies(5.0) == pytest.approx([0.05, 0.15])
    assert chart_frequencies(4.0) == pytest.approx([0.04, 0.12])
    assert chart_frequencies(None) == pytest.approx([0.05, 0.15])


def test_contrast_falls_from_the_middle_to_the_corner() -> None:
    """Kernels that grow wider with the distance from the middle, and are round: both directions
    alike, and at each height the contrast of the width there."""
    rows, cols = 17, 25
    y, x = np.meshgrid(axis_positions(rows) - 0.5, axis_positions(cols) - 0.5, indexing="ij")
    height, width = 800, 1200
    radius = np.hypot(y * (height - 1), x * (width - 1)) / (np.hypot(height - 1, width - 1) / 2)
    kernels = np.stack([gaussian(1 + r, 1 + r) for r in radius.ravel()])
    grid = PsfGrid(np.repeat(kernels.reshape(rows, cols, 1, 21, 21), 3, axis=2), (height, width))
    curves = mtf_over_height(grid, np.array([0.05, 0.15]))
    assert curves.height_px[-1] == pytest.approx(np.hypot(height - 1, width - 1) / 2)
    for k, frequency in enumerate((0.05, 0.15)):
        expected = [mtf(1 + share, frequency) for share in curves.height_px / curves.height_px[-1]]
        for values in (curves.sagittal[1, k], curves.tangential[1, k]):
            assert values == pytest.approx(expected, abs=0.012)


def test_sagittal_and_tangential_are_told_apart() -> None:
    """Blurred along the rows everywhere. Right of the middle that is along the radius: the
    tangential contrast is the lower one there, above and below the middle the sagittal one."""
    kernel = gaussian(0.8, 2.5)
    grid = PsfGrid(np.broadcast_to(kernel, (3, 31, 3, 21, 21)).copy(), (200, 2000))
    curves = mtf_over_height(grid, np.array([0.1]))
    # Such a long photo has nearly all of its outer half left and right of the middle.
    assert curves.tangential[1, 0, 20] == pytest.approx(mtf(2.5, 0.1), abs=0.02)
    assert curves.sagittal[1, 0, 20] == pytest.approx(mtf(0.8, 0.1), abs=0.02)
    assert curves.sagittal[1, 0, 0] == pytest.approx(curves.tangential[1, 0, 0], abs=0.01)


def test_curves_of_a_kernel() -> None:
    kernel = gaussian(1.0, 2.0)
    cut = profiles(kernel)
    at = list(cut.distance_px).index(2.0)
    assert cut.right[at] == pytest.approx(math.exp(-0.5), rel=1e-4)
    assert cut.down[at] == pytest.approx(math.exp(-2), rel=1e-4)
    energy = encircled_energy(gaussian(2.0, 2.0), np.array([0.0, 2.0, 4.0, 10.0]))
    # 1 - exp(-r^2 / 2 sigma^2), but for the pixels' size.
    assert energy[1:] == pytest.approx([1 - math.exp(-0.5), 1 - math.exp(-2), 1], abs=0.08)
    (line,) = contours(kernel, 0.5)
    half_y, half_x = (line[:, 1].max() - line[:, 1].min()) / 2, np.ptp(line[:, 0]) / 2
    assert (half_y, half_x) == pytest.approx((1.177, 2.355), abs=0.15)
    assert line.mean(axis=0) == pytest.approx([10.5, 10.5], abs=0.2)
