"""Laws of a decoded photo: what its noise model says."""

from __future__ import annotations

import numpy as np
import pytest

from lenscal.raw.frame import NoiseModel

NOISE = NoiseModel((1e-4, 2e-4, 3e-4), (1e-6, 2e-6, 3e-6))


def test_noise_variance_is_that_of_multiplied_raw_values() -> None:
    rng = np.random.default_rng(0)
    signal, multiplier = np.array([0.2, 0.1, 0.05]), np.array([2.0, 1.5, 1.0])
    n, a, b = 200_000, np.array(NOISE.a), np.array(NOISE.b)
    raw = a * rng.poisson(signal / a, (n, 3)) + rng.normal(0, np.sqrt(b), (n, 3))
    measured = (multiplier * raw).var(axis=0)
    np.testing.assert_allclose(NOISE.variance(multiplier * signal, multiplier), measured, rtol=0.02)


def test_noise_variance_by_the_colour_of_each_place() -> None:
    of_sites = NOISE.variance([0.1] * 4, 2.0, np.array([0, 1, 1, 2]))
    red, green, blue = NOISE.variance([0.1] * 3, 2.0)
    np.testing.assert_array_equal(of_sites, [red, green, green, blue])
    assert NOISE.variance(0.1, 2.0, 1) == green


def test_darker_than_black_is_as_noisy_as_black() -> None:
    np.testing.assert_array_equal(NOISE.variance([-1.0] * 3, 3.0), 9 * np.array(NOISE.b))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_noise_variance_keeps_the_precision_asked_for(dtype: type[np.floating]) -> None:
    ones = np.ones((4, 3), dtype)
    assert NOISE.variance(ones, ones, dtype=dtype).dtype == dtype
