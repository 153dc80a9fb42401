"""Clipped light is neutral in every kind of file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from raw_photos import BLACK, WHITE, add_noise, mosaic_of, write_photo

from lenscal.files.photos.export_settings import ExportSettings, PhotoFormat, Space
from lenscal.files.photos.highlights import neutral_highlights
from lenscal.files.photos.photo_files import AsTaken
from lenscal.files.photos.photo_files import write_photo as write_picture
from lenscal.raw.decode import decode_photo

RGGB = np.array([[0, 1], [1, 2]], np.uint8)
ONES = np.ones(3, np.float32)


def lamp(path: Path, neutral: tuple[float, float, float], clip: float = 1.0) -> None:
    """A blown lamp in front of something of half a tone, which clips below white."""
    image = np.full((160, 200, 3), 0.25) * np.array(neutral)
    image[50:110, 60:140] = 8.0
    raw = add_noise(mosaic_of(image, RGGB), 1e-4, 1e-6, np.random.default_rng(0))
    raw = np.minimum(raw, BLACK + round(clip * (WHITE - BLACK))).astype(np.uint16)
    write_photo(path, raw=raw, as_shot_neutral=neutral)


@pytest.mark.parametrize("clip", [1.0, 0.8])
@pytest.mark.parametrize("neutral", [(0.5, 1, 0.6), (1.25, 1, 0.4), (0.4, 1, 1.3), (1, 1, 1)])
@pytest.mark.parametrize("space", [Space.SRGB, Space.PROPHOTO, Space.CAMERA_LINEAR])
def test_a_blown_lamp_is_white(
    tmp_path: Path, neutral: tuple[float, float, float], clip: float, space: Space
) -> None:
    lamp(tmp_path / "a.dng", neutral, clip)
    frame = decode_photo(tmp_path / "a.dng")
    np.testing.assert_allclose(frame.clipping, clip, atol=0.002)
    export = ExportSettings(tmp_path, PhotoFormat.TIFF, space=space)
    write_picture(tmp_path / "a.tif", AsTaken(frame), frame.header, export, "")
    picture = tifffile.imread(tmp_path / "a.tif").astype(float)
    inside = picture[60:100, 70:130].reshape(-1, 3)
    assert np.ptp(inside.mean(axis=0)) < 1e-3 * inside.max()
    if space is not Space.CAMERA_LINEAR:
        assert inside.min() > 65000
    around = picture[10:40, 10:50].reshape(-1, 3).mean(axis=0)
    assert inside.mean() > 1.5 * around.max()


@pytest.mark.parametrize("neutral", [(0.5, 1, 0.6), (1.25, 1, 0.4)])
def test_other_programs_take_it_for_white_too(
    tmp_path: Path, neutral: tuple[float, float, float]
) -> None:
    lamp(tmp_path / "a.dng", neutral, 0.8)
    frame = decode_photo(tmp_path / "a.dng")
    export = ExportSettings(tmp_path, PhotoFormat.DNG)
    write_picture(tmp_path / "b.dng", AsTaken(frame), frame.header, export, "")
    with tifffile.TiffFile(tmp_path / "b.dng") as tiff:
        page = tiff.pages[0].pages[0]
        values, white = page.asarray(), page.tags["WhiteLevel"].value[0]
    assert values[60:100, 70:130].min() == white == values.max()


def test_channels_are_raised_and_never_lowered() -> None:
    rng = np.random.default_rng(0)
    rgb = rng.uniform(0, 1.6, (40, 50, 3)).astype(np.float32)
    limit = np.broadcast_to(np.array([0.8, 1.0, 1.5], np.float32), rgb.shape)
    out = neutral_highlights(rgb, limit, ONES, guess=True)
    assert (out >= rgb).all()
    far = (rgb < 0.94 * limit).all(axis=-1)
    np.testing.assert_array_equal(out[far], rgb[far])
    every = (rgb > limit).all(axis=-1)
    assert every.any() and (out[every] >= 1).all()
