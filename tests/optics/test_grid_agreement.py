"""How near a grid comes to the truth."""

from dataclasses import replace

import numpy as np
import pytest

from lenscal.optics.agreement import agreement
from lenscal.optics.psf_grid import PsfGrid


def gaussian_grid(sigma: float, *, size: int = 21, right: float = 0.0, red: float = 0.0) -> PsfGrid:
    axis = np.arange(size) - size // 2
    kernels = np.empty((4, 5, 3, size, size), np.float32)
    for channel in range(3):
        x = right + (red if channel == 0 else 0.0)
        kernel = np.exp(-(axis[:, None] ** 2 + (axis - x) ** 2) / 2 / sigma**2)
        kernels[:, :, channel] = kernel / kernel.sum()
    return PsfGrid(kernels, (400, 600))


def test_the_truth_agrees_with_itself() -> None:
    truth = gaussian_grid(2.0)
    found = agreement(truth, truth)
    assert found.correlation == pytest.approx(1) and found.lateral_px == pytest.approx(0, abs=1e-6)
    # Of two Gaussians of widths s and t, seen through one: 2 s t / (s^2 + t^2).
    s, t = np.hypot(2.0, 0.7), 0.7
    assert found.uncorrected == pytest.approx(2 * s * t / (s**2 + t**2), abs=0.02)


def test_a_wider_kernel_agrees_less_and_a_common_shift_is_no_fault() -> None:
    truth = gaussian_grid(1.5)
    wider = [agreement(gaussian_grid(sigma), truth).correlation for sigma in (1.5, 1.8, 2.5)]
    assert wider[0] > wider[1] > wider[2]
    assert agreement(gaussian_grid(1.5, right=1.0), truth).correlation == pytest.approx(1, abs=1e-3)


def test_misplaced_colours_are_told_apart_from_blur() -> None:
    truth = gaussian_grid(1.5)
    found = agreement(gaussian_grid(1.5, red=0.6), truth)
    # Red is 0.6 px off, blue is right.
    assert found.lateral_px == pytest.approx(0.3, abs=0.01)


def test_grids_of_other_shapes_are_compared() -> None:
    truth = gaussian_grid(1.5)
    small = replace(truth, kernels=gaussian_grid(1.5, size=15).kernels[:2, :3])
    assert agreement(small, truth).correlation == pytest.approx(1, abs=1e-3)
