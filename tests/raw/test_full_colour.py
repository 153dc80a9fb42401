"""Photos without a mosaic, written as DNG and read through LibRaw."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from raw_photos import BLACK, MATRIX, NEUTRAL, SETTINGS, WHITE, scene

from lenscal.files.photos.dng import DngInfo, write_raw_dng
from lenscal.raw.decode import decode_photo, probe
from lenscal.raw.frame import Sampling
from lenscal.raw.libraw import open_raw

NOISE = (1e-4, 1e-6)


def dng_info(**changes: object) -> DngInfo:
    own = {"cfa": "", "noise_profile": [NOISE]}
    return DngInfo(**(SETTINGS | own | changes))


def noisy(values: np.ndarray, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    a, b = NOISE
    values = values + np.sqrt(a * np.maximum(values, 0) + b) * rng.standard_normal(values.shape)
    return np.clip(np.round(values * (WHITE - BLACK) + BLACK), 0, WHITE).astype(np.uint16)


@pytest.mark.parametrize("compress", [False, True])
def test_a_linear_dng_is_read_as_it_was_written(tmp_path: Path, compress: bool) -> None:
    raw = noisy(scene(540, 720))
    write_raw_dng(tmp_path / "a.dng", raw, dng_info(), compress=compress)
    frame = decode_photo(tmp_path / "a.dng")
    assert frame.sampling is Sampling.FULL_COLOUR and not frame.demosaiced
    assert frame.size == raw.shape[:2] and not frame.mosaic.size
    np.testing.assert_allclose(frame.white_balance, 1 / np.array(NEUTRAL), rtol=1e-4)
    light = np.maximum(raw.astype(float) - BLACK, 0) / (WHITE - BLACK) / np.array(NEUTRAL)
    tile = frame.rgb_tile(slice(None), slice(None))
    np.testing.assert_allclose(tile, light, atol=1.1 * frame.rgb_scale)
    assert frame.colour_matrix is not None
    np.testing.assert_allclose(frame.colour_matrix, MATRIX, atol=1e-5)
    assert probe(tmp_path / "a.dng") == ""


@pytest.mark.parametrize("compress", [False, True])
def test_a_monochrome_dng_is_read_as_it_was_written(tmp_path: Path, compress: bool) -> None:
    raw = noisy(scene(540, 720)[..., 1])
    info = dng_info(as_shot_neutral=(1, 1, 1))
    write_raw_dng(tmp_path / "a.dng", raw, info, compress=compress)
    frame = decode_photo(tmp_path / "a.dng", cache=tmp_path / "cache")
    assert frame.sampling is Sampling.MONOCHROME and frame.plane_channels == (1,)
    np.testing.assert_array_equal(frame.white_balance, [1, 1, 1])
    light = np.maximum(raw.astype(float) - BLACK, 0) / (WHITE - BLACK)
    tile = frame.rgb_tile(slice(None), slice(None))
    for channel in range(3):
        np.testing.assert_allclose(tile[..., channel], light, atol=1.1 * frame.rgb_scale)
    # Its only plane is what is kept on the disk.
    (kept,) = (tmp_path / "cache").iterdir()
    assert kept.stat().st_size < 2.2 * raw.size
    assert frame.rgb.strides[-1] == 0


@pytest.mark.parametrize("monochrome", [False, True])
def test_noise_is_measured_on_planes(tmp_path: Path, monochrome: bool) -> None:
    image = scene(540, 720)
    raw = noisy(image[..., 1] if monochrome else image)
    neutral = (1, 1, 1) if monochrome else NEUTRAL
    info = dng_info(noise_profile=[], as_shot_neutral=neutral)
    write_raw_dng(tmp_path / "a.dng", raw, info)
    frame = decode_photo(tmp_path / "a.dng")
    assert frame.noise.source == "estimated from 1 photo"
    signal = np.array([0.1, 0.3])
    for c in range(3):
        measured = frame.noise.variance(signal, channels=np.array([c, c]))
        np.testing.assert_allclose(measured, NOISE[0] * signal + NOISE[1], rtol=0.15)


def test_an_empty_linear_dng_is_refused(tmp_path: Path) -> None:
    write_raw_dng(tmp_path / "a.dng", np.full((96, 128, 3), BLACK, np.uint16), dng_info())
    assert "empty" in probe(tmp_path / "a.dng")


def smoothed(noise: np.ndarray) -> np.ndarray:
    """Noise as a camera leaves it that averages neighbours."""
    for axis in (0, 1):
        noise = (np.roll(noise, 1, axis) + 2 * noise + np.roll(noise, -1, axis)) / 4
    return noise


@pytest.mark.parametrize("monochrome", [False, True])
def test_noise_that_goes_along_is_noticed_and_measured(tmp_path: Path, monochrome: bool) -> None:
    image = scene(540, 720)[..., 1:2] if monochrome else scene(540, 720)
    a, b = 4e-4, 4e-6
    white = np.random.default_rng(7).standard_normal(image.shape)
    # Of variance 1 again.
    values = image + np.sqrt(a * image + b) * smoothed(white) / 0.375
    raw = np.clip(np.round(values * (WHITE - BLACK) + BLACK), 0, WHITE).astype(np.uint16)
    neutral = (1, 1, 1) if monochrome else NEUTRAL
    # One colour alone does not tell texture from noise: there the file has to say how much it is.
    info = dng_info(noise_profile=[(a, b)] if monochrome else [], as_shot_neutral=neutral)
    write_raw_dng(tmp_path / "a.dng", raw[..., 0] if monochrome else raw, info)
    frame = decode_photo(tmp_path / "a.dng")
    # A monochrome sensor's was never a mosaic, whatever made its noise go along.
    assert frame.demosaiced is not monochrome
    assert frame.noise_correlation is not None
    for c in frame.plane_channels:
        beside = frame.noise_correlation[c, c, 3, 3:]
        # What bends slowly is taken out of the blocks, noise among it.
        np.testing.assert_allclose(beside, [1, 2 / 3, 1 / 6, 0], atol=0.2)
    signal = np.array([0.1, 0.3])
    measured = frame.noise.variance(signal, channels=np.array([1, 1]))
    np.testing.assert_allclose(measured, a * signal + b, rtol=0.25)


@pytest.mark.parametrize("known", [True, False])
def test_fine_texture_is_no_noise_that_goes_along(tmp_path: Path, known: bool) -> None:
    rng = np.random.default_rng(8)
    grain = smoothed(rng.standard_normal((540, 720, 1))) + 0.3 * smoothed(
        rng.standard_normal((540, 720, 3))
    )
    image = np.clip(0.25 + 0.05 * grain, 0.02, 0.6) * np.array(NEUTRAL)
    info = dng_info(noise_profile=[NOISE] if known else [])
    write_raw_dng(tmp_path / "a.dng", noisy(image), info)
    assert decode_photo(tmp_path / "a.dng").noise_correlation is None


@pytest.mark.parametrize(
    ("cfa", "shape"),
    [
        ("RGGB", (96, 130)),
        ("RGGB", (540, 700)),
        ("", (96, 130)),
        ("", (540, 700)),
        ("", (96, 130, 3)),
    ],
)
def test_narrow_photos_are_compressed_without_loss(
    tmp_path: Path, cfa: str, shape: tuple[int, ...]
) -> None:
    """LibRaw garbles tiles of lossless JPEG that are wider than the picture."""
    image = scene(*shape[:2])
    raw = noisy(image if len(shape) == 3 else image[..., 1])
    write_raw_dng(tmp_path / "a.dng", raw, dng_info(cfa=cfa), compress=True)
    with open_raw(tmp_path / "a.dng") as file:
        view = file.raw_image_visible
        np.testing.assert_array_equal(view[..., :3] if raw.ndim == 3 else view, raw)
