from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from lenscal.optics.placement import Placement, centred, placed, with_pixels_of
from lenscal.optics.psf_grid import PsfGrid, delta_grid


def gauss(sigma: float, k: int = 13) -> np.ndarray:
    y, x = np.mgrid[:k, :k] - k // 2
    kernel = np.exp(-(x**2 + y**2) / (2 * sigma**2))
    return (kernel / kernel.sum()).astype(np.float32)


def ramp(n: int = 5) -> PsfGrid:
    """Kernels whose width grows from the left to the right."""
    kernels = np.stack([np.stack([gauss(0.8 + 0.3 * c)] * 3) for c in range(n)])
    return PsfGrid(np.stack([kernels] * n), (401, 601), confidence=np.ones((n, n, 3), np.float32))


def test_a_crop_sees_its_part_of_the_field() -> None:
    psf = ramp()
    part = placed(psf, (201, 301), centred((201, 301), psf.image_size))
    assert part.shape == psf.shape and part.image_size == (201, 301)
    # The crop's left border lies at a quarter of the field, its right one at three quarters.
    np.testing.assert_allclose(part.kernels[:, 0], psf.at(np.full((5, 2), 0.25)), atol=1e-6)
    np.testing.assert_allclose(part.kernels[:, -1], psf.kernels[:, 3], atol=1e-6)
    assert part.confidence is not None and (part.confidence == 1).all()


def test_the_whole_field_is_itself_and_beyond_it_lie_the_nearest_kernels() -> None:
    psf = ramp()
    same = placed(psf, psf.image_size, Placement((0, 0)))
    np.testing.assert_allclose(same.kernels, psf.kernels, atol=1e-6)
    beyond = placed(psf, psf.image_size, Placement((0, -300)))
    np.testing.assert_allclose(beyond.kernels[:, :3], psf.kernels[:, [0]].repeat(3, 1), atol=1e-6)


@pytest.mark.parametrize("sigma", [1.2, 2.0, 3.0])
def test_summed_pixels_see_a_narrower_kernel(sigma: float) -> None:
    """The kernel between two summed pictures, not the kernel summed."""
    rng = np.random.default_rng(0)
    sharp = gaussian_filter(rng.normal(size=(256, 256)), 1.5)
    blurred = gaussian_filter(sharp, sigma, truncate=6)

    def summed(picture: np.ndarray) -> np.ndarray:
        return picture.reshape(128, 2, 128, 2).mean(axis=(1, 3))

    kernel = with_pixels_of(gauss(sigma, 25), 2.0)
    assert kernel.shape == (13, 13) and kernel.sum() == pytest.approx(1)
    from scipy.signal import fftconvolve

    predicted = fftconvolve(summed(sharp), kernel, mode="same")
    inside = slice(12, -12), slice(12, -12)
    error = (predicted - summed(blurred))[inside]
    nothing = (summed(sharp) - summed(blurred))[inside]
    assert error.std() < 0.05 * nothing.std()


def test_a_point_stays_a_point() -> None:
    part = placed(delta_grid((2, 2), 9, (100, 100)), (50, 50), centred((50, 50), (100, 100), 2.0))
    assert part.kernel_size == 5
    np.testing.assert_allclose(part.kernels[..., 2, 2], 1, atol=1e-6)
