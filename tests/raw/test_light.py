"""What the sensor did to light is undone before anything else: clipping, damaged sites, black."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from raw_photos import (
    BLACK,
    NEUTRAL,
    WHITE,
    X_TRANS,
    add_noise,
    mosaic_of,
    write_photo,
    write_x_trans,
)

from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import NoiseModel
from lenscal.raw.signal.clipping import clipping_levels
from lenscal.raw.signal.damaged_sites import Sensor, damaged_sites
from lenscal.raw.signal.opcodes import listed_bad_sites

RGGB = np.array([[0, 1], [1, 2]], np.uint8)
FULL = WHITE - BLACK
NOISE = NoiseModel((1e-4,) * 3, (1e-6,) * 3)
LEVELS = np.full((2, 2), BLACK, np.float32)


def smooth(height: int = 256, width: int = 320, light: float = 0.2) -> np.ndarray:
    """A plain surface with slow waves, before white balance."""
    y, x = np.mgrid[:height, :width]
    return (light * (1 + 0.2 * np.sin(x / 19) * np.cos(y / 23)))[..., None] * np.array(NEUTRAL)


def raw_of(image: np.ndarray, seed: int = 0) -> np.ndarray:
    return add_noise(mosaic_of(image, RGGB), 1e-4, 1e-6, np.random.default_rng(seed))


def levels_of(raw: np.ndarray) -> np.ndarray:
    return clipping_levels(raw, RGGB, LEVELS, FULL, NOISE)


def test_light_that_does_not_clip_has_no_clipping_level() -> None:
    image = smooth()
    # Evenly bright, and the brightest: it is no clipping, for it has all of its noise.
    image[40:160, 60:200] = 0.8 * np.array(NEUTRAL)
    np.testing.assert_array_equal(levels_of(raw_of(image)), [1, 1, 1])


@pytest.mark.parametrize("spread", [0, 8])
def test_a_colour_that_clips_below_white_is_found(spread: float) -> None:
    image = smooth()
    image[40:120, 60:200] = 3.0
    raw = raw_of(image).astype(float)
    # Amplified after it clipped: green lower than the others, and with a little noise of its own.
    noise = spread * np.random.default_rng(1).standard_normal(raw.shape)
    green = np.tile(RGGB == 1, (128, 160))
    limit = np.where(green, BLACK + 0.8 * FULL, BLACK + 0.9 * FULL)
    raw = np.where(raw > limit, limit + noise, raw).round().astype(np.uint16)
    red, middle, blue = levels_of(raw)
    assert red == pytest.approx(0.9, abs=0.004) and blue == pytest.approx(0.9, abs=0.004)
    assert middle == pytest.approx(0.8, abs=0.004)


def test_halves_of_a_sensor_may_clip_at_levels_of_their_own() -> None:
    image = smooth()
    image[40:120, 20:300] = 3.0
    raw = raw_of(image)
    raw[:, :160] = np.minimum(raw[:, :160], BLACK + round(0.85 * FULL))
    np.testing.assert_allclose(levels_of(raw), 0.85, atol=0.001)


def test_single_sites_are_mended_in_mosaic_and_rgb(tmp_path: Path) -> None:
    clean = raw_of(smooth())
    raw, rng = clean.copy(), np.random.default_rng(3)
    y, x = (rng.permutation(np.arange(4, n - 4))[:60] for n in raw.shape)
    raw[y, x] = np.where(rng.uniform(size=60) < 0.7, BLACK + rng.uniform(0.4, 1, 60) * FULL, BLACK)
    write_photo(tmp_path / "clean.dng", raw=clean)
    write_photo(tmp_path / "spoilt.dng", raw=raw)
    whole, mended = (decode_photo(tmp_path / f"{name}.dng") for name in ("clean", "spoilt"))
    np.testing.assert_array_equal(whole.mosaic, clean)
    assert np.abs(mended.mosaic[y, x].astype(float) - clean[y, x]).max() < 0.05 * FULL
    tile = slice(None), slice(None)
    assert np.abs(mended.rgb_tile(*tile) - whole.rgb_tile(*tile)).max() < 0.1
    untouched = np.ones(raw.shape, bool)
    untouched[y, x] = False
    np.testing.assert_array_equal(mended.mosaic[untouched], clean[untouched])


def stars(sigma: float, colour: tuple[float, float, float], size: tuple[int, int]) -> np.ndarray:
    """120 stars, Gaussians of sigma px, on a dark sky."""
    image = np.full((*size, 3), 0.01) * np.array(NEUTRAL)
    rng = np.random.default_rng(4)
    y, x = np.mgrid[: size[0], : size[1]]
    for cy, cx in rng.uniform(8, min(size) - 8, (120, 2)):
        star = np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (2 * sigma**2)) * rng.uniform(0.1, 0.8)
        image += star[..., None] * np.array(NEUTRAL) * np.array(colour)
    return image


@pytest.mark.parametrize("sigma", [0.55, 0.8, 1.4])
@pytest.mark.parametrize("colour", [(1, 1, 1), (1, 0.7, 0.5), (0.6, 0.8, 1)])
def test_stars_are_no_damaged_sites(
    tmp_path: Path, sigma: float, colour: tuple[float, float, float]
) -> None:
    raw = raw_of(stars(sigma, colour, (256, 320)))
    write_photo(tmp_path / "a.dng", raw=raw)
    np.testing.assert_array_equal(decode_photo(tmp_path / "a.dng").mosaic, raw)


def x_trans_of(image: np.ndarray, seed: int = 0) -> np.ndarray:
    return add_noise(mosaic_of(image, X_TRANS), 1e-4, 1e-6, np.random.default_rng(seed))


def test_single_sites_of_x_trans_are_mended(tmp_path: Path) -> None:
    clean = x_trans_of(smooth(540, 720))
    raw, rng = clean.copy(), np.random.default_rng(3)
    y, x = (rng.permutation(np.arange(8, n - 8))[:100] for n in raw.shape)
    raw[y, x] = np.where(rng.uniform(size=100) < 0.7, rng.uniform(0.4, 1, 100) * FULL, 0) + BLACK
    write_x_trans(tmp_path / "clean.dng", clean)
    write_x_trans(tmp_path / "spoilt.dng", raw)
    whole, mended = (decode_photo(tmp_path / f"{name}.dng") for name in ("clean", "spoilt"))
    np.testing.assert_array_equal(whole.mosaic, clean)
    wrong = np.abs(mended.mosaic[y, x].astype(float) - clean[y, x]) > 0.05 * FULL
    assert not wrong.any()
    tile = slice(None), slice(None)
    assert np.abs(mended.rgb_tile(*tile) - whole.rgb_tile(*tile)).max() < 0.1
    untouched = np.ones(raw.shape, bool)
    untouched[y, x] = False
    np.testing.assert_array_equal(mended.mosaic[untouched], clean[untouched])


@pytest.mark.parametrize("sigma", [0.55, 0.8, 1.4])
@pytest.mark.parametrize("colour", [(1, 1, 1), (1, 0.7, 0.5), (0.6, 0.8, 1)])
def test_stars_are_no_damaged_sites_of_x_trans(
    sigma: float, colour: tuple[float, float, float]
) -> None:
    raw = x_trans_of(stars(sigma, colour, (258, 324)))
    black, balance = np.full((6, 6), BLACK, np.float32), np.float32(1 / np.array(NEUTRAL))
    sensor = Sensor(raw, X_TRANS, black, FULL, balance, NOISE, np.ones(3, np.float32))
    assert not len(damaged_sites(sensor))


def test_sites_that_a_dng_lists_are_found() -> None:
    points = struct.pack(">3I4I4I", 1, 2, 1, 12, 25, 3, 4, 20, 30, 21, 33)
    constant = struct.pack(">2I", 0, 1)
    content = struct.pack(">I", 2)
    for number, parameters in ((5, points), (4, constant)):
        content += struct.pack(">4I", number, 0x01030000, 0, len(parameters)) + parameters
    mosaic = np.full((40, 50), 500, np.uint16)
    mosaic[7, 9] = 0
    found = {tuple(site) for site in listed_bad_sites(content, mosaic, (2, 5))}
    # Lists count from the corner of the whole image; what lies outside the visible part is left.
    assert found == {(10, 20), (18, 25), (18, 26), (18, 27), (7, 9)}
    assert not len(listed_bad_sites(content[:30], np.full((9, 9), 1, np.uint16), (0, 0)))


def add_tags(path: Path, raw: np.ndarray, tags: list[tuple[int, int, int, object]]) -> None:
    """A mosaic as DNG with some tags of its own."""

    def ratios(values: object) -> tuple[int, ...]:
        return tuple(n for v in np.ravel(values) for n in (round(v * 10000), 10000))

    plain: dict[int, tuple[int, int, object]] = {
        271: (2, 0, "Muster"),
        272: (2, 0, "X"),
        33421: (3, 2, (2, 2)),
        33422: (1, 4, (0, 1, 1, 2)),
        50706: (1, 4, (1, 4, 0, 0)),
        50708: (2, 0, "Muster X"),
        50710: (1, 3, (0, 1, 2)),
        50711: (3, 1, 1),
        50717: (4, 1, WHITE),
        50721: (10, 9, ratios(np.eye(3))),
        50728: (5, 3, ratios(NEUTRAL)),
        50778: (3, 1, 21),
    }
    for tag, kind, count, value in tags:
        plain[tag] = (kind, count, ratios(value) if kind in (5, 10) else value)
    extra = [(tag, *entry, True) for tag, entry in sorted(plain.items())]
    tifffile.imwrite(path, raw, photometric=32803, extratags=extra, metadata=None)


def dark(black: np.ndarray, seed: int = 0, sigma: float = 25.0) -> np.ndarray:
    """RAW values of no light but read noise, and a bright part that makes it a photo."""
    noise = np.random.default_rng(seed).normal(0, sigma, black.shape)
    raw = black + noise
    raw[:, -60:] += 4000
    return np.clip(np.rint(raw), 0, WHITE).astype(np.uint16)


SIZE = (240, 320)


@pytest.mark.parametrize(
    ("tags", "black"),
    [
        ([(50714, 5, 1, 512.4)], np.full((1, 1), 512.4)),
        (
            [(50713, 3, 2, (2, 2)), (50714, 5, 4, (500.25, 510.5, 505, 515.75))],
            np.array([[500.25, 510.5], [505, 515.75]]),
        ),
        (
            [(50713, 3, 2, (4, 2)), (50714, 5, 8, (500, 510, 505, 515, 520, 530, 525, 535))],
            np.array([[500, 510], [505, 515], [520, 530], [525, 535]]),
        ),
        (
            [
                (50714, 5, 1, 500),
                (50715, 10, 320, np.linspace(-8, 20, 320)),
                (50716, 10, 240, 6 * np.sin(np.arange(240))),
            ],
            500 + np.linspace(-8, 20, 320)[None] + 6 * np.sin(np.arange(240))[:, None],
        ),
    ],
)
def test_no_light_is_zero_by_every_form_of_black(
    tmp_path: Path, tags: list[tuple[int, int, int, object]], black: np.ndarray
) -> None:
    reps = [-(-n // m) for n, m in zip(SIZE, black.shape, strict=True)]
    full = np.tile(black, reps)[: SIZE[0], : SIZE[1]]
    add_tags(tmp_path / "a.dng", dark(full), tags)
    frame = decode_photo(tmp_path / "a.dng")
    inner = slice(8, -8), slice(8, 240)
    # As far as noise allows: of the mean, of rows, columns and sites alike.
    value, _, multiplier = frame.mosaic_tile(slice(None), slice(None))
    light = (value / multiplier)[inner] * (WHITE - full.mean())
    assert abs(light.mean()) < 0.4
    for axis in (0, 1):
        assert np.abs(light.mean(axis=axis)).max() < 9
    np.testing.assert_allclose(
        [light[i::2, j::2].mean() for i in range(2) for j in range(2)], 0, atol=0.9
    )
    rgb = frame.rgb_tile(*inner).reshape(-1, 3) / frame.white_balance * (WHITE - full.mean())
    np.testing.assert_allclose(rgb.mean(axis=0), 0, atol=1.0)
    assert (rgb < 0).any()


def test_masked_sites_say_what_black_is(tmp_path: Path) -> None:
    height, width, left = 240, 320, 24
    raw = dark(np.full((height, width + left), 530.4))
    raw[10:14, 5] = 9000  # warm sites are masked as well
    areas = (0, 0, height, left - 4)
    tags = [
        (50714, 5, 1, 512),
        (50829, 4, 4, (0, left, height, width + left)),
        (50830, 4, 4, areas),
    ]
    add_tags(tmp_path / "a.dng", raw, tags)
    frame = decode_photo(tmp_path / "a.dng")
    assert frame.size == (height, width)
    np.testing.assert_allclose(frame.black, 530.4, atol=2)
    rgb = frame.rgb_tile(slice(8, -8), slice(8, 240)) / frame.white_balance * (WHITE - 530)
    assert abs(rgb.mean()) < 1


@pytest.mark.parametrize(
    ("told", "believed"), [(1.0, True), (1.5, True), (6.0, False), (0.2, False)]
)
def test_a_noise_profile_is_believed_as_far_as_the_photo_agrees(
    tmp_path: Path, told: float, believed: bool
) -> None:
    image = smooth(640, 640) * np.linspace(0.1, 3, 640)[:, None, None]
    write_photo(tmp_path / "a.dng", raw=raw_of(image), noise_profile=[(told * 1e-4, told * 1e-6)])
    frame = decode_photo(tmp_path / "a.dng")
    assert (frame.noise.source == "NoiseProfile") is believed
    assert any("NoiseProfile" in note for note in frame.info.notes) is not believed
    ratio = frame.noise.variance(np.full(3, 0.2)) / NOISE.variance(np.full(3, 0.2))
    assert np.abs(np.log(ratio)).max() < np.log(1.6)
