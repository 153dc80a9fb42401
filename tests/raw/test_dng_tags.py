"""What DNG files say of their own pixels: shading maps, crops, exposure, white, orientation."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import exiv2
import numpy as np
import pytest
import tifffile
from raw_photos import BLACK, MATRIX, WHITE, write_photo

from lenscal.files.photos.export_settings import ExportSettings, OnConflict, PhotoFormat, Space
from lenscal.files.photos.photo_files import AsTaken, upright, write_mask
from lenscal.files.photos.photo_files import write_photo as export
from lenscal.files.photos.photo_preview import read_preview
from lenscal.raw.decode import decode_photo
from lenscal.raw.dng.opcodes import read_shadings
from lenscal.raw.dng.white import neutral_of_white
from lenscal.raw.frame import Frame, PhotoInfo
from lenscal.raw.libraw import fill_from_libraw, open_raw

H, W = 160, 240
WB = np.array((0.5, 1.0, 0.625))


def gain_map(
    points: np.ndarray,
    area: tuple[int, int, int, int] = (0, 0, H, W),
    plane: tuple[int, int] = (0, 1),
    pitch: tuple[int, int] = (1, 1),
) -> bytes:
    """One GainMap opcode; points [v, h, planes] on the photo's borders and between."""
    v, h, planes = points.shape
    parameters = struct.pack(">8I", *area, *plane, *pitch)
    parameters += struct.pack(">2I4dI", v, h, 1 / (v - 1), 1 / (h - 1), 0, 0, planes)
    parameters += points.astype(">f4").tobytes()
    return struct.pack(">4I", 9, 0x01030000, 1, len(parameters)) + parameters


def opcode_list(*opcodes: bytes) -> exiv2.DataValue:
    content = struct.pack(">I", len(opcodes)) + b"".join(opcodes)
    return exiv2.DataValue(content)


def with_tags(path: Path, drop: tuple[str, ...] = (), **tags: Any) -> Path:
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    exif = image.exifData()
    for tag, value in tags.items():
        exif[f"Exif.Image.{tag}"] = value
    for tag in drop:
        exif.erase(exif.findKey(exiv2.ExifKey(f"Exif.Image.{tag}")))
    image.writeMetadata()
    return path


def bowl(strength: float, n: tuple[int, int] = (13, 17)) -> np.ndarray:
    y, x = np.meshgrid(np.linspace(-1, 1, n[0]), np.linspace(-1, 1, n[1]), indexing="ij")
    return (1 + strength * (x**2 + y**2) / 2)[..., None]


def shaded(path: Path, maps: list[np.ndarray]) -> Path:
    """A grey wall, shaded by the reciprocal of four maps: one for each site of the pattern."""
    y, x = (np.arange(H) + 0.5) / H, (np.arange(W) + 0.5) / W
    raw = np.empty((H, W))
    for site, points in enumerate(maps):
        r, c = divmod(site, 2)
        v, h, _ = points.shape
        down = np.stack([np.interp(y * (v - 1), np.arange(v), e) for e in np.eye(v)], axis=1)
        across = np.stack([np.interp(x * (h - 1), np.arange(h), e) for e in np.eye(h)], axis=1)
        light = 0.3 / (down @ points[..., 0] @ across.T) * WB[(0, 1, 1, 2)[site]]
        raw[r::2, c::2] = light[r::2, c::2]
    noise = np.random.default_rng(0).normal(size=raw.shape) * 1e-3
    write_photo(path, raw=np.rint((raw + noise) * (WHITE - BLACK) + BLACK).astype(np.uint16))
    return path


def flat_error(frame: Frame) -> float:
    tile = frame.rgb_tile(slice(4, -4), slice(4, -4))
    block = tile[:148, :224].reshape(37, 4, 56, 4, 3).mean(axis=(1, 3))
    return float(np.abs(block / 0.3 - 1).max())


def test_a_shading_map_of_each_site_is_undone(tmp_path: Path) -> None:
    maps = [bowl(1.6), bowl(1.2), bowl(1.2), bowl(0.9)]
    path = shaded(tmp_path / "a.dng", maps)
    dark = decode_photo(path)
    assert flat_error(dark) > 0.3
    opcodes = [
        gain_map(points, (r, c, H, W), pitch=(2, 2))
        for (r, c), points in zip(((0, 0), (0, 1), (1, 0), (1, 1)), maps, strict=True)
    ]
    frame = decode_photo(with_tags(path, OpcodeList2=opcode_list(*opcodes)))
    assert frame.gain_source == "the shading map in the file"
    assert flat_error(frame) < 0.02
    # Noise grows with the gain.
    _, _, multiplier = frame.mosaic_tile(slice(0, 2), slice(0, 2))
    np.testing.assert_allclose(multiplier[0, 0], 2 * frame.gain[0, 0, 0], rtol=0.01)


def test_maps_of_colours_after_demosaicing(tmp_path: Path) -> None:
    maps = [bowl(1.6), bowl(1.2), bowl(1.2), bowl(0.9)]
    path = shaded(tmp_path / "a.dng", maps)
    together = np.concatenate([maps[0], maps[1], maps[3]], axis=2)
    frame = decode_photo(with_tags(path, OpcodeList3=opcode_list(gain_map(together, plane=(0, 3)))))
    assert flat_error(frame) < 0.02


def test_a_radial_correction(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.dng")
    parameters = struct.pack(">7d", 0.5, 0.25, 0, 0, 0, 0.5, 0.5)
    opcode = struct.pack(">4I", 3, 0x01030000, 1, len(parameters)) + parameters
    frame = decode_photo(with_tags(tmp_path / "a.dng", OpcodeList3=opcode_list(opcode)))
    np.testing.assert_allclose(frame.gain[0, 0], 1.75, rtol=0.01)
    np.testing.assert_allclose(frame.gain[16, 24], 1, rtol=0.01)


@pytest.mark.parametrize("cut", [3, 30, 100, 400])
def test_damaged_maps_are_left_out(cut: int) -> None:
    content = struct.pack(">I", 1) + gain_map(bowl(1))
    assert len(read_shadings(content, after_demosaicing=False)) == 1
    assert read_shadings(content[:cut], after_demosaicing=False) == ()
    assert read_shadings(struct.pack(">I", 1) + gain_map(bowl(-9)), after_demosaicing=False) == ()


@pytest.fixture
def developed(tmp_path: Path):
    """Export a photo as it is; returns where, and the warnings."""

    def write(path: Path, form: PhotoFormat, space: Space = Space.SRGB) -> tuple[Path, tuple]:
        frame = decode_photo(path)
        suffix = {PhotoFormat.TIFF: ".tif", PhotoFormat.DNG: ".dng"}[form]
        out = tmp_path / f"out{suffix}"
        settings = ExportSettings(tmp_path, form, space, on_conflict=OnConflict.OVERWRITE)
        return out, export(out, AsTaken(frame), frame.header, settings, "")

    return write


def said(path: Path) -> dict[str, str]:
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    return {d.key(): str(d.value()) for d in image.exifData()}


def test_a_dng_says_again_how_it_is_developed(tmp_path: Path, developed) -> None:
    path = tmp_path / "a.dng"
    write_photo(path)
    tungsten = [(int(v * 10000), 10000) for v in MATRIX.ravel() * 1.1]
    with_tags(
        path,
        BaselineExposure=exiv2.RationalValue([(4, 5)]),
        ColorMatrix2=exiv2.RationalValue(tungsten),
        CalibrationIlluminant2=exiv2.UShortValue(17),
        AsShotProfileName="77 117 115 116 101 114",
        DefaultCropOrigin=exiv2.URationalValue([(8, 1), (4, 1)]),
        DefaultCropSize=exiv2.URationalValue([(220, 1), (150, 1)]),
    )
    out, warnings = developed(path, PhotoFormat.DNG)
    tags = said(out)
    assert not warnings
    assert tags["Exif.Image.BaselineExposure"] == "4/5"
    assert tags["Exif.Image.AsShotProfileName"].startswith("77 117 115")
    assert tags["Exif.Image.CalibrationIlluminant2"] == "17"
    assert tags["Exif.Image.CalibrationIlluminant1"] == "21"
    assert tags["Exif.SubImage1.DefaultCropOrigin"] == "8/1 4/1"
    assert tags["Exif.SubImage1.DefaultCropSize"] == "220/1 150/1"
    _, (warning,) = developed(path, PhotoFormat.TIFF)
    assert "brighten it by +0.8 EV" in warning
    assert developed(path, PhotoFormat.TIFF, Space.CAMERA_LINEAR)[1] == ()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_show_what_a_dng_says_upright(tmp_path: Path, developed, orientation: int) -> None:
    path = tmp_path / "a.dng"
    write_photo(path, orientation=orientation)
    whole = upright(np.zeros((H, W)), orientation).shape
    assert tifffile.imread(developed(path, PhotoFormat.TIFF)[0]).shape[:2] == whole
    everything = tifffile.imread(developed(path, PhotoFormat.TIFF)[0])
    preview = read_preview(path)
    assert preview.pixels is not None and preview.info.orientation == orientation
    small = preview.pixels.mean(axis=2)
    step = [n // m for n, m in zip(whole, small.shape, strict=True)]
    here = everything[:: step[0], :: step[1]].mean(axis=2)[: small.shape[0], : small.shape[1]]
    assert np.corrcoef(here.ravel(), small[: here.shape[0], : here.shape[1]].ravel())[0, 1] > 0.8
    with_tags(
        path,
        DefaultCropOrigin=exiv2.URationalValue([(10, 1), (20, 1)]),
        DefaultCropSize=exiv2.URationalValue([(200, 1), (100, 1)]),
        DefaultUserCrop=exiv2.URationalValue([(1, 10), (0, 1), (9, 10), (1, 1)]),
    )
    cut = tifffile.imread(developed(path, PhotoFormat.TIFF)[0])
    sensor = upright(np.arange(H * W).reshape(H, W), orientation)
    shown = upright(np.arange(H * W).reshape(H, W)[30:110, 10:210], orientation)
    at = np.argwhere(sensor == shown[0, 0])[0]
    rows, cols = (slice(a, a + n) for a, n in zip(at, shown.shape, strict=True))
    np.testing.assert_array_equal(cut, everything[rows, cols])
    # What is for measuring is all of the sensor.
    linear = developed(path, PhotoFormat.TIFF, Space.CAMERA_LINEAR)[0]
    assert tifffile.imread(linear).shape == (H, W, 3)


def test_a_mask_is_cut_as_its_photo_is(tmp_path: Path) -> None:
    import cv2

    path = tmp_path / "a.dng"
    write_photo(path, orientation=6)
    with_tags(
        path,
        DefaultCropOrigin=exiv2.URationalValue([(10, 1), (20, 1)]),
        DefaultCropSize=exiv2.URationalValue([(200, 1), (100, 1)]),
    )
    header = decode_photo(path).header
    settings = ExportSettings(tmp_path, PhotoFormat.TIFF, Space.SRGB)
    write_mask(tmp_path / "m.png", np.zeros((H, W), np.uint8), header, settings)
    assert cv2.imread(str(tmp_path / "m.png"), cv2.IMREAD_GRAYSCALE).shape == (200, 100)


def test_white_that_is_given_as_a_colour() -> None:
    d65 = (0.3127, 0.3290)
    neutral = neutral_of_white(d65, {21: MATRIX.ravel()})
    assert neutral is not None
    white = MATRIX @ np.array([d65[0] / d65[1], 1, (1 - sum(d65)) / d65[1]])
    np.testing.assert_allclose(neutral, white / white[1], rtol=1e-6)
    # Half-way, in mired, between two lights: half of each matrix.
    tungsten = 2 * MATRIX.ravel()
    tungsten[:3] *= 1.5
    warm = neutral_of_white((0.4476, 0.4074), {17: tungsten, 21: MATRIX.ravel()})
    alone = neutral_of_white((0.4476, 0.4074), {17: tungsten})
    np.testing.assert_allclose(warm, alone, rtol=5e-3)
    assert neutral_of_white((0.3, 0.0), {21: MATRIX.ravel()}) is None


def test_a_photo_without_white_balance_takes_daylight_and_says_so(
    tmp_path: Path, developed
) -> None:
    path = tmp_path / "a.dng"
    write_photo(path)
    assert developed(path, PhotoFormat.DNG)[1] == ()
    with_tags(path, drop=("AsShotNeutral",))
    d65 = MATRIX @ np.array([0.9504, 1.0, 1.0888])
    np.testing.assert_allclose(decode_photo(path).white_balance, d65[1] / d65, rtol=0.01)
    assert developed(path, PhotoFormat.DNG)[1] == (
        "the photo says no white balance: daylight's is taken",
    )
    white = (0.3457, 0.3585)
    with_tags(path, AsShotWhiteXY=exiv2.URationalValue([(int(v * 10000), 10000) for v in white]))
    d50 = MATRIX @ np.array([white[0] / white[1], 1.0, (1 - sum(white)) / white[1]])
    np.testing.assert_allclose(decode_photo(path).white_balance, d50[1] / d50, rtol=0.01)
    assert developed(path, PhotoFormat.DNG)[1] == ()


def test_white_between_two_matrices(tmp_path: Path) -> None:
    """At the light of one of two matrices that matrix holds, whichever LibRaw prefers."""
    path = tmp_path / "a.dng"
    write_photo(path)
    tungsten = MATRIX * np.array([[1.4], [1.0], [0.7]])
    with_tags(
        path,
        drop=("AsShotNeutral",),
        ColorMatrix2=exiv2.RationalValue([(round(v * 10000), 10000) for v in tungsten.ravel()]),
        CalibrationIlluminant2=exiv2.UShortValue(17),
        AsShotWhiteXY=exiv2.URationalValue([(4476, 10000), (4074, 10000)]),
    )
    x, y = 0.4476, 0.4074
    answer = tungsten @ np.array([x / y, 1.0, (1 - x - y) / y])
    np.testing.assert_allclose(decode_photo(path).white_balance, answer[1] / answer, rtol=0.01)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations_are_known_by_what_libraw_says_of_them(
    tmp_path: Path, orientation: int
) -> None:
    path = tmp_path / "a.dng"
    write_photo(path, orientation=orientation)
    with open_raw(path) as raw:
        assert fill_from_libraw(PhotoInfo(path, orientation=0), raw).orientation == orientation
