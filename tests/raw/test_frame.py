"""Laws of a decoded photo and of its noise model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lenscal.raw.frame import Frame, NoiseModel, PhotoInfo, Sampling
from lenscal.raw.full_colour import full_colour_frame

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


def frame_of(cfa: np.ndarray) -> Frame:
    rng = np.random.default_rng(1)
    return Frame(
        PhotoInfo(Path("a.dng"), model="Model"),
        rng.integers(0, 4096, (20, 30)).astype(np.uint16),
        cfa,
        np.zeros(cfa.shape, np.float32),
        4095.0,
        rng.integers(0, 65535, (20, 30, 3)).astype(np.uint16),
        1 / 65535,
        np.array([2.0, 1.0, 1.5], np.float32),
        rng.uniform(1, 2, (3, 4, 3)).astype(np.float32),
        "",
        NOISE,
    )


BAYER = np.array([[0, 1], [1, 2]], np.uint8)


def test_a_tile_of_the_gain_is_that_part_of_the_whole() -> None:
    frame, rows, cols = frame_of(BAYER), slice(3, 17), slice(8, 29)
    whole = frame.gain_tile(slice(None), slice(None))
    np.testing.assert_array_equal(frame.gain_tile(rows, cols), whole[rows, cols])
    np.testing.assert_array_equal(whole[::19, ::29], frame.gain[::2, ::3])


def test_every_second_pixel_has_the_gain_of_its_place() -> None:
    frame = frame_of(BAYER)
    whole = frame.gain_tile(slice(None), slice(None))
    np.testing.assert_array_equal(frame.gain_tile(slice(1, 20, 3), slice(0, 0)).shape, (7, 0, 3))
    np.testing.assert_array_equal(
        frame.gain_tile(slice(1, 20, 3), slice(2, 30, 2)), whole[1::3, 2::2]
    )


@pytest.mark.parametrize("colours", [True, False])
def test_planes_are_the_pixels_with_what_raw_values_were_multiplied_by(colours: bool) -> None:
    rng = np.random.default_rng(2)
    pixels = rng.integers(0, 65535, (20, 30, 3) if colours else (20, 30)).astype(np.uint16)
    balance = np.array([2.0, 1.0, 1.5] if colours else [1, 1, 1], np.float32)
    gain = rng.uniform(1, 2, (3, 4, 3)).astype(np.float32)
    frame = full_colour_frame(
        PhotoInfo(Path("a.tif")), pixels, 1 / 50000, NOISE, white_balance=balance, gain=gain
    )
    rows, cols = slice(2, 9), slice(5, 26)
    value, multiplier = frame.planes_tile(rows, cols)
    channels = list(frame.plane_channels)
    assert channels == ([0, 1, 2] if colours else [1])
    np.testing.assert_array_equal(
        np.moveaxis(value, 0, -1), frame.rgb_tile(rows, cols)[..., channels]
    )
    expected = (frame.gain_tile(rows, cols) * balance)[..., channels]
    np.testing.assert_array_equal(np.moveaxis(multiplier, 0, -1), expected)
    assert frame.size == (20, 30) and not frame.demosaiced
    assert frame.without_mosaic().size == (20, 30)


def test_a_monochrome_photo_takes_the_memory_of_one_plane() -> None:
    frame = full_colour_frame(
        PhotoInfo(Path("a.tif")), np.zeros((20, 30), np.uint16), 1 / 65535, NOISE
    )
    assert frame.sampling is Sampling.MONOCHROME
    assert frame.rgb.shape == (20, 30, 3) and frame.rgb.strides[-1] == 0
