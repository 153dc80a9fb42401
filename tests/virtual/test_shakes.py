"""Drawn shakes: kernels whose truth is known."""

import numpy as np
import pytest
from numpy.typing import NDArray

from lenscal.virtual.shakes import HandShake, ShakeFamily, drawn_kernels, hand_path, rasterised


def moments(kernels: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """First (y, x) and second (yy, xx) moments around the middle, px and px^2."""
    axis = np.arange(kernels.shape[-1]) - kernels.shape[-1] // 2
    rows, cols = kernels.sum(-1, dtype=np.float64), kernels.sum(-2, dtype=np.float64)
    first = np.stack([rows @ axis, cols @ axis], -1)
    return first, np.stack([rows @ axis**2, cols @ axis**2], -1)


@pytest.mark.parametrize("family", list(ShakeFamily))
@pytest.mark.parametrize("size", [15, 32])
def test_kernels_have_energy_one_and_lie_in_the_middle(family: ShakeFamily, size: int) -> None:
    kernels = drawn_kernels(12, size, 3, family)
    assert kernels.shape == (12, size, size)
    assert kernels.min() >= 0
    np.testing.assert_allclose(kernels.sum((1, 2)), 1, atol=1e-6)
    np.testing.assert_allclose(moments(kernels)[0], 0, atol=1e-5)


def test_a_kernel_does_not_depend_on_how_many_are_drawn() -> None:
    np.testing.assert_array_equal(drawn_kernels(3, 15, 8), drawn_kernels(5, 15, 8)[:3])
    assert not np.array_equal(drawn_kernels(3, 15, 8), drawn_kernels(3, 15, 9))


def test_hands_prefer_their_direction() -> None:
    upright = moments(drawn_kernels(150, 31, 1, hand=HandShake(angle_deg=90)))[1].mean(0)
    level = moments(drawn_kernels(150, 31, 1, hand=HandShake(angle_deg=0)))[1].mean(0)
    assert upright[0] > 3 * upright[1]
    assert level[1] > 3 * level[0]


def test_rasterising_is_exact() -> None:
    """A kernel is the path's measure seen through the taps' shares: finely sampled, it is the
    same."""
    path = np.array([[-3.2, 1.7], [2.4, -0.3], [2.4, 3.6], [-1.1, 3.0]])
    time = np.array([1.0, 0.2, 2.0])
    kernel = rasterised(path, time, 15)
    expected = np.zeros((15, 15))
    fine = (np.arange(20_000) + 0.5) / 20_000
    axis = np.arange(15) - 7
    for begin, end, weight in zip(path[:-1], path[1:], time, strict=True):
        at = begin + fine[:, None] * (end - begin)
        shares = np.clip(1 - np.abs(at[:, None] - axis[:, None]), 0, None)
        expected += weight * shares[..., 0].T @ shares[..., 1] / len(fine)
    np.testing.assert_allclose(kernel, expected / expected.sum(), atol=1e-7)


def test_a_path_that_crosses_no_line_of_pixels() -> None:
    kernel = rasterised(np.array([[0.25, 0.0], [0.25, 0.5]]), np.ones(1), 15)
    np.testing.assert_allclose(kernel[7:9, 7:9], [[0.5625, 0.1875], [0.1875, 0.0625]], atol=1e-7)


def test_lengths_are_as_asked_for() -> None:
    rng = np.random.default_rng(0)
    lengths = [
        np.sqrt(np.square(hand_path(HandShake(length_px=4), rng)).sum(-1).mean())
        for _ in range(400)
    ]
    assert 3.6 < np.median(lengths) < 4.4
