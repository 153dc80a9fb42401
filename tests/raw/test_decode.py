from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import exiv2
import numpy as np
import pytest
import rawpy
from raw_photos import (
    BLACK,
    MATRIX,
    NEUTRAL,
    WHITE,
    X_TRANS,
    add_noise,
    mosaic_of,
    scene,
    write_photo,
    write_x_trans,
)

from lenscal.errors import LenscalError
from lenscal.raw import decode
from lenscal.raw.decode import decode_photo, probe
from lenscal.raw.frame import Frame
from lenscal.raw.levels import normalised_white_balance, plausible_white
from lenscal.raw.metadata import read_info

CAMERAS = [
    "Canon_EOS_D30.CRW",
    "Nikon_D1.NEF",
    "PowerShot_G2__CRW_0305.CRW",
    "PowerShot_S40__CRW_0112.CRW",
]


def assert_sites_agree(frame: Frame) -> None:
    """The demosaiced photo repeats the mosaic's linear value where that was measured, to within
    rounding."""
    value, channel, _ = frame.mosaic_tile(slice(None), slice(None))
    at_site = np.take_along_axis(frame.rgb, channel[..., None].astype(np.intp), axis=-1)[..., 0]
    inside = np.zeros(value.shape, bool)
    inside[8:-8, 8:-8] = True
    inside &= (frame.mosaic < 0.98 * frame.white) & (value > 0)
    light = (at_site - frame.rgb_black[channel]) * frame.rgb_scale
    error = light[inside] - value[inside]
    # Integer black levels and multipliers: one RAW step times the largest multiplier.
    step = float(frame.white_balance.max()) / (frame.white - float(frame.black.mean()))
    assert np.abs(error).max() < 1.01 * step + 1.1 * frame.rgb_scale
    assert abs(error.mean()) < 0.3 * step + frame.rgb_scale
    assert inside.mean() > 0.5


@pytest.mark.parametrize("pattern", ["RGGB", "BGGR", "GRBG", "GBRG"])
def test_mosaic_is_what_was_written_and_rgb_agrees_with_it(tmp_path: Path, pattern: str) -> None:
    raw = write_photo(tmp_path / "a.dng", pattern=pattern)
    frame = decode_photo(tmp_path / "a.dng")
    np.testing.assert_array_equal(frame.mosaic, raw)
    assert "".join("RGB"[c] for c in frame.cfa.ravel()) == pattern
    np.testing.assert_array_equal(frame.black, np.full((2, 2), BLACK))
    assert frame.white == WHITE
    assert frame.size == raw.shape and frame.rgb.dtype == np.uint16
    np.testing.assert_allclose(frame.white_balance, 1 / np.array(NEUTRAL), rtol=1e-4)
    assert_sites_agree(frame)


def test_a_grey_scene_is_grey_and_white_is_one(tmp_path: Path) -> None:
    raw = np.full((96, 128), BLACK, np.uint16)
    half = (WHITE - BLACK) / 4
    raw[0::2, 0::2] += np.uint16(round(half * NEUTRAL[0]))
    raw[0::2, 1::2] += np.uint16(round(half))
    raw[1::2, 0::2] += np.uint16(round(half))
    raw[1::2, 1::2] += np.uint16(round(half * NEUTRAL[2]))
    raw[40:60, 40:60] = WHITE
    write_photo(tmp_path / "grey.dng", raw=raw)
    frame = decode_photo(tmp_path / "grey.dng")
    tile = frame.rgb_tile(slice(8, 24), slice(8, 24))
    np.testing.assert_allclose(tile, 0.25, atol=2e-4)
    clipped = frame.rgb_tile(slice(48, 52), slice(48, 52))
    np.testing.assert_allclose(
        clipped, np.broadcast_to(1 / np.array(NEUTRAL), clipped.shape), rtol=1e-3
    )


def test_orientation_is_read_and_left_alone(tmp_path: Path) -> None:
    raw = write_photo(tmp_path / "a.dng", orientation=6)
    frame = decode_photo(tmp_path / "a.dng")
    assert frame.info.orientation == 6 and frame.size == raw.shape


def test_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "Größe und Maß.dng"
    write_photo(path)
    frame = decode_photo(path)
    assert frame.info.camera == "Musterwerk Mark I" and frame.info.lens == "Muster 50mm f/1.8"
    assert (frame.info.aperture, frame.info.focal_mm, frame.info.iso) == (
        pytest.approx(5.6),
        50,
        100,
    )
    assert (frame.info.height, frame.info.width) == frame.size
    assert frame.noise.source == "NoiseProfile" and frame.noise.a == pytest.approx((1e-4,) * 3)
    assert frame.colour_matrix is not None
    np.testing.assert_allclose(frame.colour_matrix, MATRIX, atol=1e-5)
    assert (frame.gain == 1).all() and "not removed" in frame.gain_source


def test_cache_is_memory_mapped_and_equal(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.dng")
    plain, mapped = (
        decode_photo(tmp_path / "a.dng"),
        decode_photo(tmp_path / "a.dng", cache=tmp_path / "cache"),
    )
    assert isinstance(mapped.rgb, np.memmap) and isinstance(mapped.mosaic, np.memmap)
    np.testing.assert_array_equal(plain.rgb, mapped.rgb)
    np.testing.assert_array_equal(plain.mosaic, mapped.mosaic)
    assert sorted(p.suffix for p in (tmp_path / "cache").iterdir()) == [".npy", ".npy"]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("kept", [0.02, 0.3, 0.6, 0.95])
def test_a_cut_off_dng_is_refused(tmp_path: Path, compress: bool, kept: float) -> None:
    whole, cut = tmp_path / "whole.dng", tmp_path / "cut.dng"
    write_photo(whole, compress=compress, raw=np.tile(write_photo(tmp_path / "x.dng"), (4, 4)))
    decode_photo(whole)
    data = whole.read_bytes()
    cut.write_bytes(data[: int(kept * len(data))])
    with pytest.raises(LenscalError, match=r"cut\.dng: .*(cut off|LibRaw)"):
        decode_photo(cut)
    assert probe(cut) and not probe(whole)


@pytest.mark.parametrize("compress", [False, True])
def test_a_dng_whose_second_half_is_zeros_is_refused(tmp_path: Path, compress: bool) -> None:
    path = tmp_path / "half.dng"
    write_photo(path, compress=compress, raw=np.tile(write_photo(tmp_path / "x.dng"), (8, 4)))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    with pytest.raises(LenscalError, match=r"half\.dng: .*(blank|damaged|cut off)"):
        decode_photo(path)


def test_random_data_is_no_picture(tmp_path: Path) -> None:
    raw = write_photo(tmp_path / "a.dng").copy()
    raw[80:] = np.random.default_rng(0).integers(0, WHITE, raw[80:].shape)
    write_photo(tmp_path / "a.dng", raw=raw)
    with pytest.raises(LenscalError, match="random"):
        decode_photo(tmp_path / "a.dng")


@pytest.mark.parametrize("value", [0, BLACK, 3000])
def test_an_empty_picture_is_refused(tmp_path: Path, value: int) -> None:
    write_photo(tmp_path / "a.dng", raw=np.full((160, 240), value, np.uint16))
    with pytest.raises(LenscalError, match=f"empty .*reads {value}"):
        decode_photo(tmp_path / "a.dng")


def test_dark_and_overexposed_photos_are_read(tmp_path: Path) -> None:
    noise = np.random.default_rng(3).normal(0, 6, (160, 240))
    write_photo(tmp_path / "dark.dng", raw=(BLACK + noise).round().astype(np.uint16))
    write_photo(tmp_path / "bright.dng", raw=np.full((160, 240), WHITE, np.uint16))
    assert decode_photo(tmp_path / "dark.dng").size == (160, 240)
    assert decode_photo(tmp_path / "bright.dng").size == (160, 240)


@pytest.mark.parametrize("content", [b"", b"no photo at all", b"II*\0" + bytes(4000)])
def test_what_is_no_raw_file_is_refused_with_its_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a b.nef").write_bytes(content)
    with pytest.raises(LenscalError, match=r"^a b\.nef: "):
        decode_photo(tmp_path / "a b.nef")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(LenscalError, match=r"gone\.dng: there is no such file"):
        decode_photo(tmp_path / "gone.dng")


@pytest.mark.parametrize("name", CAMERAS)
def test_camera_files(shared: Path, name: str) -> None:
    frame = decode_photo(shared / "data" / "raw" / name)
    assert_sites_agree(frame)
    assert frame.cfa.shape == (2, 2) and sorted(frame.cfa.ravel().tolist()) == [0, 1, 1, 2]
    assert frame.info.aperture and frame.info.focal_mm and frame.info.iso and frame.info.date_time
    assert (frame.rgb.reshape(-1, 3).mean(axis=0) > 300).all()
    assert frame.colour_matrix is not None
    assert all(2e-5 < a < 1e-3 for a in frame.noise.a), frame.noise


def test_colours_of_the_sites_are_libraws_own(shared: Path) -> None:
    import rawpy

    for name in CAMERAS[:2]:
        path = shared / "data" / "raw" / name
        with rawpy.imread(str(path)) as raw:
            colours = np.array(raw.raw_colors_visible[:6, :6])
        colours[colours == 3] = 1
        np.testing.assert_array_equal(np.tile(decode_photo(path).cfa, (3, 3)), colours)


def test_white_balance_is_validated() -> None:
    scaled = normalised_white_balance([1687.0, 1036.0, 1655.0, 1036.0])
    np.testing.assert_allclose(scaled, [1.6284, 1, 1.5975], rtol=1e-4)
    daylight = [2.1, 0.9, 1.1, 0.0]
    expected = np.array(daylight[:3]) / 0.9
    for bad in (
        [-1.0, 0.98, 1.0, 0.0],
        [0.0] * 4,
        [float("nan"), 1, 1, 0],
        [100.0, 1, 1, 1],
        [],
        None,
    ):
        np.testing.assert_allclose(normalised_white_balance(bad, daylight), expected, rtol=1e-6)
    np.testing.assert_array_equal(normalised_white_balance([0, 0, 0, 0], [0, 0, 0, 0]), [1, 1, 1])


def test_white_level_per_channel_counts_unless_the_photo_goes_beyond_it() -> None:
    photo = np.full((100, 100), 3000, np.uint16)
    assert plausible_white(4095, [3827] * 4, photo, 0) == 3827
    assert plausible_white(4095, [100] * 4, photo, 0) == 4095
    assert plausible_white(4095, None, photo, 0) == 4095
    photo[10:20] = 4095
    assert plausible_white(4095, [3827] * 4, photo, 0) == 4095


def test_x_trans(tmp_path: Path) -> None:
    mosaic = add_noise(mosaic_of(scene(540, 720), X_TRANS), 1e-4, 1e-6, np.random.default_rng(0))
    write_x_trans(tmp_path / "x.dng", mosaic)
    frame = decode_photo(tmp_path / "x.dng")
    np.testing.assert_array_equal(frame.cfa, X_TRANS)
    np.testing.assert_array_equal(frame.mosaic, mosaic)
    np.testing.assert_allclose(frame.white_balance, 1 / np.array(NEUTRAL), rtol=1e-3)
    assert frame.black.shape == (6, 6)
    assert_sites_agree(frame)


def test_a_colour_filter_that_rawpy_does_not_know_is_told_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flipped bits in a DNG's head can make LibRaw tell of filters that rawpy refuses with
    NotImplementedError."""

    class Odd:
        def __init__(self, raw: rawpy.RawPy) -> None:
            self.raw = raw

        def __enter__(self) -> Odd:
            return self

        def __exit__(self, *_: object) -> None:
            self.raw.close()

        def __getattr__(self, name: str) -> object:
            if name == "raw_pattern":
                raise NotImplementedError("filters: 148")
            return getattr(self.raw, name)

    path = tmp_path / "a.dng"
    write_photo(path)
    monkeypatch.setattr(decode, "open_raw", lambda path: Odd(rawpy.imread(str(path))))
    with pytest.raises(
        LenscalError, match=r"a\.dng: its colour filter is of no known kind \(filters: 148\)"
    ):
        decode_photo(path)
    assert probe(path).startswith("its colour filter")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that exiv2 opens from here on."""
    names: list[str] = []
    factory = exiv2.ImageFactory

    def noted(source: str | bytes) -> object:
        # Bytes are what was read before: writers keep whole files in memory.
        if isinstance(source, str):
            names.append(Path(source).name)
        return factory.open(source)

    monkeypatch.setattr(exiv2, "ImageFactory", SimpleNamespace(open=noted))
    return names


def test_metadata_is_read_once(tmp_path: Path, opened: list[str]) -> None:
    write_photo(tmp_path / "a.dng", pixel_pitch_um=4.0)
    # The writer has opened it too, for its Exif part.
    opened.clear()
    frame = decode_photo(tmp_path / "a.dng")
    assert frame.info.pixel_pitch_um == pytest.approx(4.0)
    assert opened == ["a.dng"]


def test_metadata_that_is_known_is_not_read_again(tmp_path: Path, opened: list[str]) -> None:
    path = tmp_path / "a.dng"
    write_photo(path)
    info = read_info(path, ask_libraw=False)
    opened.clear()
    frame = decode_photo(path, info=info)
    assert frame.colour_matrix is not None and not opened
    assert not probe(path, info) and not opened


def test_metadata_of_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    """As of a photo that was still being copied when its folder was looked at."""
    path = tmp_path / "a.dng"
    write_photo(path)
    info = read_info(path, ask_libraw=False)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(LenscalError, match=r"cut off or damaged"):
        decode_photo(path, info=info)
