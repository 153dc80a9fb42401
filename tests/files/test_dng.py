"""Bayer DNG files as LibRaw and exiv2 read them back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import exiv2
import numpy as np
import pytest
import rawpy

from lenscal.errors import InputError
from lenscal.files.photos.dng import DngInfo, cfa_array, write_raw_dng
from lenscal.raw.metadata import read_info

MATRIX = np.array([[1.6, -0.8, -0.2], [-1.0, 1.9, 0.04], [0.03, -0.13, 0.66]])
FIELDS: dict[str, Any] = {
    "cfa": "GRBG",
    "black": 512,
    "white": 16383,
    "make": "Lenscal",
    "model": "Virtual One",
    "lens": "Demo 35mm f/1.8",
    "f_number": 1.8,
    "focal_mm": 35.0,
    "iso": 200,
    "exposure_s": 1 / 125,
    "date_time": "2026:05:01 12:34:56",
    "noise_profile": [(1.5e-4, 1e-6), (1.6e-4, 2e-6), (1.7e-4, 3e-6)],
    "colour_matrix": MATRIX,
    "as_shot_neutral": (0.5, 1.0, 0.625),
    "camera_serial": "0042",
}


@pytest.fixture
def raw() -> np.ndarray:
    return np.random.default_rng(0).integers(500, 16383, (530, 700)).astype(np.uint16)


def exif(path: Path) -> dict[str, str]:
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    return {datum.key(): datum.toString() for datum in image.exifData()}


def test_the_pixels_distance_is_what_cameras_write(tmp_path: Path, raw: np.ndarray) -> None:
    write_raw_dng(tmp_path / "with.dng", raw, DngInfo(**FIELDS, pixel_pitch_um=4.3))
    write_raw_dng(tmp_path / "without.dng", raw, DngInfo(**FIELDS))
    assert read_info(tmp_path / "with.dng").pixel_pitch_um == pytest.approx(4.3, rel=1e-5)
    assert read_info(tmp_path / "without.dng").pixel_pitch_um is None


@pytest.mark.parametrize("compress", [False, True])
def test_libraw_reads_every_value(tmp_path: Path, raw: np.ndarray, compress: bool) -> None:
    path = tmp_path / "photo ü.dng"
    write_raw_dng(path, raw, DngInfo(**FIELDS), compress=compress)
    with rawpy.imread(str(path)) as photo:
        assert (photo.raw_image_visible == raw).all()
        pattern = np.where(photo.raw_pattern == 3, 1, photo.raw_pattern)
        assert (pattern == cfa_array("GRBG")).all()
        assert photo.black_level_per_channel == [512] * 4
        assert photo.white_level == 16383
        assert photo.camera_whitebalance[:3] == pytest.approx([2.0, 1.0, 1.6], rel=1e-4)
        assert photo.postprocess(user_flip=0).shape == (530, 700, 3)
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_compressed_tiles_are_of_the_kind_that_all_raw_programs_read(
    tmp_path: Path, raw: np.ndarray
) -> None:
    """Two components, predictor 1: darktable 4.2 refuses others."""
    path = tmp_path / "photo.dng"
    write_raw_dng(path, raw, DngInfo(**FIELDS), compress=True)
    _, scan, *_ = path.read_bytes().split(b"\xff\xda")
    components, predictor = scan[2], scan[3 + 2 * scan[2]]
    assert (components, predictor) == (2, 1)


def test_exiv2_reads_every_field(tmp_path: Path, raw: np.ndarray) -> None:
    path = tmp_path / "photo.dng"
    write_raw_dng(path, raw, DngInfo(**FIELDS, orientation=6))
    found = exif(path)
    assert found["Exif.Image.Make"] == "Lenscal"
    assert found["Exif.Image.Model"] == "Virtual One"
    assert found["Exif.Image.UniqueCameraModel"] == "Lenscal Virtual One"
    assert found["Exif.Image.Orientation"] == "6"
    assert found["Exif.Photo.ExifVersion"] == "48 50 51 49"
    assert found["Exif.Photo.LensSpecification"] == "35/1 35/1 0/1 0/1"
    assert found["Exif.Photo.LensModel"] == "Demo 35mm f/1.8"
    assert found["Exif.Photo.FNumber"] == "9/5"
    assert found["Exif.Photo.FocalLength"] == "35/1"
    assert found["Exif.Photo.ISOSpeedRatings"] == "200"
    assert found["Exif.Photo.ExposureTime"] == "1/125"
    assert found["Exif.Photo.DateTimeOriginal"] == "2026:05:01 12:34:56"
    assert found["Exif.Photo.BodySerialNumber"] == "0042"
    assert found["Exif.Image.WhiteLevel"] == "16383"
    assert found["Exif.Image.BlackLevel"] == "512/1"
    assert found["Exif.Image.AsShotNeutral"] == "1/2 1/1 5/8"
    noise = [float(v) for v in found["Exif.Image.NoiseProfile"].split()]
    assert noise == pytest.approx(np.ravel(FIELDS["noise_profile"]), rel=1e-4)
    ratios = [v.split("/") for v in found["Exif.Image.ColorMatrix1"].split()]
    assert [int(n) / int(d) for n, d in ratios] == pytest.approx(MATRIX.ravel(), abs=1e-6)


def test_sixteen_bits_without_black_level(tmp_path: Path, raw: np.ndarray) -> None:
    fields = {**FIELDS, "black": 0, "white": 65535}
    write_raw_dng(tmp_path / "fine.dng", raw * 4, DngInfo(**fields))
    with rawpy.imread(str(tmp_path / "fine.dng")) as photo:
        assert (photo.raw_image_visible == raw * 4).all()
        assert (photo.white_level, photo.black_level_per_channel) == (65535, [0] * 4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cfa": "RGB"}, "CFA pattern 'RGB'"),
        ({"black": 20000}, "black 20000"),
        ({"white": 70000}, "white 70000"),
    ],
)
def test_refuses_what_is_no_bayer_photo(
    tmp_path: Path, raw: np.ndarray, change: dict[str, Any], message: str
) -> None:
    path = tmp_path / "photo.dng"
    path.write_bytes(b"old")
    with pytest.raises(InputError, match=message):
        write_raw_dng(path, raw, DngInfo(**{**FIELDS, **change}))
    with pytest.raises(InputError, match="uint16"):
        write_raw_dng(path, raw.astype(np.float32), DngInfo(**FIELDS))  # type: ignore[arg-type]
    assert path.read_bytes() == b"old"
