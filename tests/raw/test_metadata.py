from __future__ import annotations

from pathlib import Path

import cv2
import exiv2
import numpy as np
import pytest
from raw_photos import write_photo

from lenscal.raw.exif import clean_text
from lenscal.raw.lens_setting import is_lens_name
from lenscal.raw.metadata import read_info


def test_everything_a_dng_says(tmp_path: Path) -> None:
    path = tmp_path / "Maß 1.dng"
    pairs = [(1e-4, 1e-6), (2e-4, 2e-6), (3e-4, 3e-6)]
    write_photo(
        path, noise_profile=pairs, camera_serial="SN 42", orientation=8, exposure_s=0.25, iso=3200
    )
    info = read_info(path)
    assert (info.make, info.model, info.lens) == ("Musterwerk", "Mark I", "Muster 50mm f/1.8")
    assert (info.iso, info.exposure_s, info.orientation) == (3200, 0.25, 8)
    assert info.date_time == "2026:11:22 10:00:00"
    assert (info.width, info.height) == (240, 160)
    assert [v for pair in info.noise_profile for v in pair] == pytest.approx(
        [v for pair in pairs for v in pair]
    )
    assert info.decoding is not None and info.decoding.missing_data == ""
    quick = read_info(path, ask_libraw=False)
    assert (quick.width, quick.aperture, quick.lens) == (0, info.aperture, info.lens)


def test_f_number_zero_of_manual_lenses_is_unknown(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.dng", f_number=0, focal_mm=0, lens="----")
    info = read_info(tmp_path / "a.dng")
    assert (info.aperture, info.focal_mm, info.lens) == (None, None, "")


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"II*\0\xff\xff\xff\xff", b"text"])
def test_odd_files_are_unknown(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "odd.dng"
    path.write_bytes(content)
    info = read_info(path)
    assert info.camera == "" and info.aperture is None and info.noise_profile == ()
    assert info.decoding is not None and info.decoding.colour_matrix is None
    assert info.decoding.missing_data


def test_canon_crw(shared: Path) -> None:
    info = read_info(shared / "data" / "raw" / "PowerShot_G2__CRW_0304.CRW")
    assert info.camera == "Canon PowerShot G2"
    assert info.aperture == pytest.approx(3.91, abs=0.01) and info.focal_mm == 7 and info.iso == 50
    assert (info.width, info.height) == (2312, 1720)
    assert info.focus_distance_m == pytest.approx(6.88)
    assert info.camera_serial == "" and info.lens == ""


def test_maker_notes_name_the_lens(shared: Path) -> None:
    info = read_info(shared / "data" / "raw_bad" / "exiftool__exiftool__t__images__Nikon.nef")
    assert (
        info.lens == "Nikon AF-S DX Zoom-Nikkor 18-70mm f/3.5-4.5G IF-ED"
        and info.camera_serial == "12345678"
    )


def test_texts() -> None:
    assert clean_text("NIKON  D1 \0junk") == "NIKON D1"
    assert clean_text("\x14?\udcaa\udcc0w") == ""
    names = [
        "Canon EF 50mm f/1.8",
        "n/a",
        "65535",
        "Unknown Lens (251)",
        "None",
        "----",
        "A 50mm *OR* B 50mm",
    ]
    assert [is_lens_name(n) for n in names] == [True, False, False, False, False, False, False]


@pytest.mark.parametrize(
    ("resolution", "unit", "um"),
    [
        ("4438356/1000", "3", 2.253),
        ("5798000/891", "2", 3.903),
        ("0/1", "2", None),
        ("1/1", "2", None),
        ("9/1", "7", None),
    ],
)
def test_the_distance_of_pixels_is_read(
    tmp_path: Path, resolution: str, unit: str, um: float | None
) -> None:
    path = tmp_path / "photo.jpg"
    cv2.imwrite(str(path), np.zeros((8, 8, 3), np.uint8))
    image = exiv2.ImageFactory.open(str(path))
    data = exiv2.ExifData()
    data["Exif.Photo.FocalPlaneXResolution"] = resolution
    data["Exif.Photo.FocalPlaneResolutionUnit"] = unit
    image.setExifData(data)
    image.writeMetadata()
    assert read_info(path, ask_libraw=False).pixel_pitch_um == (
        None if um is None else pytest.approx(um, rel=1e-3)
    )
    assert read_info(tmp_path / "none.jpg").pixel_pitch_um is None
