"""Shifts are found and taken away, and the figures are those of scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lenscal.measure.registration import BORDER_PX, common_shift, registered_psnr, shifted


def scene(height: int = 120, width: int = 150) -> NDArray[np.float64]:
    """A periodic band-limited scene, which Fourier shifts move without loss."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:height, :width]
    out = np.zeros((height, width, 3))
    for c in range(3):
        for _ in range(40):
            ky, kx = rng.integers(-20, 21, 2)
            out[..., c] += rng.normal() * np.cos(
                2 * np.pi * (ky * y / height + kx * x / width) + rng.uniform(0, 6)
            )
    return 0.5 + 0.02 * out


@pytest.mark.parametrize("shift", [(0, 0), (3, -5), (0.37, -0.62), (-6.25, 4.5)])
def test_common_shift_is_found(shift: tuple[float, float]) -> None:
    image = scene()
    dy, dx = common_shift(shifted(image, shift), image)
    np.testing.assert_allclose((dy, dx), (-shift[0], -shift[1]), atol=0.006)


@pytest.mark.parametrize("shift", [(0.37, -0.62), (-6.25, 4.5)])
def test_common_shift_is_that_of_scikit_image(shift: tuple[float, float]) -> None:
    registration = pytest.importorskip("skimage.registration")
    image = scene()[..., :1]
    moved = shifted(image, shift) + np.random.default_rng(2).normal(0, 0.005, image.shape)
    theirs, _, _ = registration.phase_cross_correlation(
        image[..., 0], moved[..., 0], upsample_factor=200, normalization=None
    )
    np.testing.assert_allclose(common_shift(moved, image), theirs, atol=0.0051)


def test_psnr_is_that_of_scikit_image() -> None:
    metrics = pytest.importorskip("skimage.metrics")
    image = scene()
    noisy = image + np.random.default_rng(0).normal(0, 0.01, image.shape)
    inner = (slice(BORDER_PX, -BORDER_PX),) * 2
    aligned = shifted(noisy, common_shift(noisy, image))
    theirs = metrics.peak_signal_noise_ratio(image[inner], aligned[inner], data_range=1.0)
    assert registered_psnr(noisy, image) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("width", [150, 151])
def test_shifting_by_whole_pixels_is_rolling(width: int) -> None:
    image = scene(width=width)
    rolled = np.roll(image, (2, -3), axis=(0, 1))
    np.testing.assert_allclose(shifted(image, (2, -3)), rolled, atol=1e-12)


def test_psnr_of_known_noise() -> None:
    image = scene()
    noisy = image + np.random.default_rng(0).normal(0, 0.01, image.shape)
    assert registered_psnr(noisy, image) == pytest.approx(40, abs=0.3)
    assert registered_psnr(shifted(noisy, (1.5, 0.5)), image) == pytest.approx(40, abs=0.4)


def test_psnr_leaves_the_border_out() -> None:
    image = scene()
    bordered = image.copy()
    bordered[:4] = bordered[-4:] = 0
    inner = (slice(BORDER_PX, -BORDER_PX),) * 2
    assert registered_psnr(bordered, image) > 60
    bordered[inner] += 0.1 * np.sign(image[inner] - 0.5)
    assert registered_psnr(bordered, image) < 25
