"""One camera and one lens under many names; two that merely look alike."""

from __future__ import annotations

from pathlib import Path

import exiv2
import pytest
from raw_photos import write_photo

from lenscal.errors import InputError
from lenscal.intake.grouping import check_same_setup
from lenscal.raw.frame import PhotoInfo
from lenscal.raw.identity.cameras import camera_name, same_camera
from lenscal.raw.identity.lenses import Likeness, compare_lenses
from lenscal.raw.identity.serials import same_serial
from lenscal.raw.lens_setting import is_lens_name, is_made_from_zero
from lenscal.raw.metadata import read_info


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("NIKON CORPORATION NIKON D750", "Nikon D750"),
        ("NIKON D750", "D750"),
        ("Canon EOS R5", "EOS R5"),
        ("RICOH IMAGING COMPANY, LTD. PENTAX K-1", "PENTAX K1"),
        ("OLYMPUS CORPORATION E-M5MarkII", "OM Digital Solutions E-M5 Mark II"),
        ("Canon EOS-1D X", "CANON EOS 1DX"),
        ("ACME CORPORATION Acme Probe 1", "Acme Probe 1"),
        ("ACME Probe-1", "Acme Probe 1"),
        ("EASTMAN KODAK COMPANY DCS Pro 14n", "Kodak DCS Pro 14n"),
        ("FUJIFILM X-T2", "Fuji Photo Film Co., Ltd. X-T2"),
        ("Canon EOS REBEL T3i", "Canon EOS 600D"),
        ("Acme Probe 1", "PROBE-1"),
        ("Leica Camera AG LEICA M (Typ 240)", "Leica M (Typ 240)"),
    ],
)
def test_one_camera(a: str, b: str) -> None:
    assert same_camera(a, b) and same_camera(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("NIKON D800", "NIKON D800E"),
        ("Canon EOS 5D Mark II", "Canon EOS 5D Mark III"),
        ("Canon EOS 5D", "Canon EOS 5D Mark II"),
        ("Sony ILCE-7M3", "Sony ILCE-7RM3"),
        ("Acme Probe 1", "Acme Probe 10"),
        ("Acme Probe 1", "Acme Probe 1+"),
        ("Canon M50", "Sony M50"),
        ("Acme Probe 1", "Other Probe 1"),
        ("Canon EOS R", "Canon EOS RP"),
        ("Acme Probe S 1", "Acme Probe 1"),
    ],
)
def test_two_cameras(a: str, b: str) -> None:
    assert not same_camera(a, b) and not same_camera(b, a)


def test_the_make_stands_once() -> None:
    assert camera_name("NIKON CORPORATION", "NIKON D750") == "NIKON D750"
    assert camera_name("RICOH IMAGING COMPANY, LTD.", "PENTAX K-1") == "PENTAX K-1"
    assert camera_name("Canon", "EOS R5") == "Canon EOS R5"
    assert camera_name("Musterwerk", "Mark I") == "Musterwerk Mark I"


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Canon EF 50mm f/1.8 STM", "EF50MM F1.8 STM"),
        ("LEICA DG SUMMILUX 25/F1.4", "Leica DG Summilux 25mm f/1.4"),
        (
            "Nikon AF-S DX Zoom-Nikkor 18-70mm f/3.5-4.5G IF-ED",
            "AF-S DX Zoom-Nikkor 18-70mm f/3.5-4.5G IF ED",
        ),
        ("XF50mmF2 R WR", "Fujifilm XF 50mm F2 R WR"),
        ("Carl Zeiss Planar T* 1,4/50 ZF.2", "Zeiss Planar T* 50mm f/1.4 ZF.2"),
        ("35mm F1.4 DG HSM | Art 012", "Sigma 35mm f/1.4 DG HSM | A"),
        ("Acme 50mm f/1.8", "ACME 50 MM 1:1.8"),
        ("Acme 50mm f/1.8", "50mm F1.8"),
        ("Samyang 85mm f/1.4", "Rokinon 85mm F1.4"),
        ("EF400mm f/5.6L USM +1.4x III", "Canon EF 400mm f/5.6L USM + 1.4x III"),
    ],
)
def test_one_lens(a: str, b: str) -> None:
    assert compare_lenses(a, b, "ACME CORPORATION") is Likeness.SAME
    assert compare_lenses(b, a, "ACME CORPORATION") is Likeness.SAME


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Acme 50mm f/1.8 STM", "Acme 50mm f/1.8 II"),
        ("Acme 50mm f/1.8", "Acme 50mm f/1.8 II"),
        ("Sigma 50mm f/1.4", "Canon 50mm f/1.4"),
        ("EF400mm f/5.6L USM", "EF400mm f/5.6L USM +1.4x"),
        ("AF-S 300mm f/4E", "AF-S 300mm f/4E + TC-14E"),
        ("Acme 100mm f/2", "Acme 100mm f/2 + 2x"),
        ("AF Nikkor 50mm f/1.8D", "AF-S Nikkor 50mm f/1.8G"),
        ("18-55mm f/3.5-5.6", "18-135mm f/3.5-5.6"),
        ("Helios 44-2", "Helios 44-6"),
        ("EF 70-200mm f/2.8L IS USM", "EF 70-200mm f/2.8L USM"),
    ],
)
def test_two_lenses(a: str, b: str) -> None:
    assert compare_lenses(a, b, "Acme") is Likeness.DIFFERENT


def test_a_lens_of_which_only_numbers_are_known_may_be_another() -> None:
    assert compare_lenses("50mm f/1.8", "EF50mm f/1.8 STM", "Canon") is Likeness.POSSIBLE


def test_serial_numbers() -> None:
    assert same_serial("000123", "123") and same_serial("0000", "5") and same_serial("", "5")
    assert same_serial("ab 1", "AB1") and not same_serial("123", "124")


def test_names_and_apertures_made_of_zeros() -> None:
    names = ("0.0 mm f/0.0", "0mm f/0", "no lens", "NO-LENS", "Manual Lens No CPU", "(unknown)")
    assert not any(map(is_lens_name, names))
    assert is_made_from_zero(1.0, "") and is_made_from_zero(1.0, "Acme 50mm f/1.8")
    for lens in ("Noctilux-M 50mm f/0.95", "EF50mm f/1.0L", "XF50mmF1.0 R WR", "1:1/50", "F1"):
        assert not is_made_from_zero(1.0, lens), lens
    assert not is_made_from_zero(1.1, "")


def test_photos_of_one_camera_under_two_names_are_one_set(tmp_path: Path) -> None:
    def info(make: str, model: str, lens: str) -> PhotoInfo:
        return PhotoInfo(tmp_path / "a.dng", make=make, model=model, lens=lens)

    one = info("NIKON CORPORATION", "NIKON D800", "AF-S Nikkor 50mm f/1.8G")
    check_same_setup([one, info("Nikon", "D800", "Nikon AF-S NIKKOR 50mm F1.8G")], "sharp")
    for other in (info("Nikon", "D800E", ""), info("", "", "AF Nikkor 50mm f/1.8D")):
        with pytest.raises(InputError, match="come from several"):
            check_same_setup([one, other], "sharp")


def _with_exif(path: Path, **tags: object) -> PhotoInfo:
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    exif = image.exifData()
    for tag, value in tags.items():
        exif[f"Exif.Photo.{tag}"] = value
    image.writeMetadata()
    return read_info(path)


def test_zeros_in_every_tag_are_unknown(tmp_path: Path) -> None:
    path = tmp_path / "a.dng"
    write_photo(path, f_number=0, focal_mm=0, lens="0.0 mm f/0.0")
    info = _with_exif(path, ApertureValue=exiv2.URationalValue([(0, 1)]))
    assert (info.aperture, info.focal_mm, info.lens) == (None, None, "")
    info = _with_exif(path, FNumber=exiv2.URationalValue([(1, 1)]))
    assert info.aperture is None
    info = _with_exif(path, LensModel="Acme 50mm f/1.0")
    assert info.aperture == 1


def test_the_crop_factor(tmp_path: Path) -> None:
    path = tmp_path / "a.dng"
    write_photo(path)
    assert read_info(path).crop_factor is None
    assert _with_exif(path, FocalLengthIn35mmFilm=exiv2.UShortValue(75)).crop_factor == 1.5
    assert _with_exif(path, FocalLengthIn35mmFilm=exiv2.UShortValue(0)).crop_factor is None


def test_sensitivities_that_do_not_fit_into_16_bits(tmp_path: Path) -> None:
    path = tmp_path / "a.dng"
    write_photo(path, iso=65535)
    assert read_info(path).iso is None
    info = _with_exif(
        path,
        SensitivityType=exiv2.UShortValue(1),
        RecommendedExposureIndex=exiv2.ULongValue(51200),
        StandardOutputSensitivity=exiv2.ULongValue(102400),
    )
    assert info.iso == 102400
    assert _with_exif(path, SensitivityType=exiv2.UShortValue(2)).iso == 51200
    assert _with_exif(path, ISOSpeedRatings=exiv2.UShortValue(800)).iso == 800
