from __future__ import annotations

import numpy as np

from lenscal.calibration.confidence import confidence, confidence_of_few, expected_error, leverage


def test_disagreeing_and_leaning_kernels_are_less_sure() -> None:
    kernels = np.zeros((2, 2, 3, 5, 5))
    kernels[..., 2, 2] = 1
    agreed = kernels, kernels
    assert np.allclose(confidence(kernels, agreed), 1)
    other = kernels.copy()
    other[0, 1, 2, 2, 2:4] = 0.8, 0.2
    sure = confidence(kernels, (kernels, other))
    assert np.allclose(sure[..., :2], 1) and (sure[..., 2] < 0.9).all()
    assert sure[0, 1, 2] < np.delete(sure[..., 2].ravel(), 1).min()
    lean = expected_error(other, (other, other))
    assert lean[0, 1, 2] > 2 * lean[0, 0, 2] > 0


def test_expected_error_is_what_a_smooth_fit_to_noisy_kernels_gets_wrong() -> None:
    """Polynomials fitted to noise at 8 x 8 places: spread over the nodes as predicted, worst in the
    corners."""
    rng, degree = np.random.default_rng(0), 4

    def terms(axis: np.ndarray) -> np.ndarray:
        y, x = np.meshgrid(axis, axis, indexing="ij")
        return np.stack(
            [y**i * x**j for i in range(degree + 1) for j in range(degree + 1 - i)], -1
        ).reshape(-1, 15)

    middles = (np.arange(8) + 0.5) / 8
    nodes = terms(np.linspace(0, 1, 8).clip(middles[0], middles[-1]))
    fits = nodes @ np.linalg.lstsq(terms(middles), rng.standard_normal((64, 4000)), rcond=None)[0]
    spread = fits.var(1) / fits.var(1).mean()
    assert np.allclose(leverage((8, 8)).ravel(), spread, rtol=0.15)
    assert leverage((8, 8)).argmax() in (0, 7, 56, 63)
    assert leverage((5, 3)).shape == (5, 3)


def test_what_nothing_has_told_is_not_sure() -> None:
    """One photo gives no halves; halves of one, or of simpler kernels, agree by themselves."""
    grid, agreed = (2, 3), np.ones((2, 3, 3), np.float32)
    for n_photos, weak in ((1, False), (1, True), (8, True)):
        measured = agreed if n_photos > 1 else None
        sure = confidence_of_few(measured, grid, n_photos, weak=weak)
        assert sure is not None
        assert sure.shape == (2, 3, 3)
        assert sure.max() <= 0.5
    sure = confidence_of_few(agreed, grid, 8, weak=False)
    assert sure is not None
    assert (sure == 1).all()
    assert confidence_of_few(None, grid, 8, weak=False) is None
