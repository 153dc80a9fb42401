"""Folders of PNG, JPEG and TIFF on the command line: check, correct, info, and what lies beside."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import exiv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from picture_files import scene, srgb, stored, write_picture

from lenscal.files.photos.colour import SPACES
from lenscal.files.photos.export_settings import Space
from lenscal.files.photos.icc import icc_profile
from lenscal.files.psf.profile import Profile, read_profile, write_profile
from lenscal.optics.psf_grid import delta_grid
from lenscal.raw.frame import Frame, Sampling
from lenscal.raw.pictures.kinds import Light

SIZE = (128, 192)
WHOLE = (slice(None), slice(None))
Run = Callable[..., tuple[int, str, str]]


def profile(path: Path, light: Light | None = Light.LINEAR, size: tuple[int, int] = SIZE) -> Path:
    """A lens that changes nothing."""
    psf = delta_grid((2, 2), 5, size)
    return write_profile(path, Profile(psf, created="2026-11-30T12:00:00", light=light))


@pytest.fixture
def lens(tmp_path: Path) -> Path:
    return profile(tmp_path / "pictures.lenscal")


def read(path: Path) -> np.ndarray:
    if path.suffix.lower().startswith(".tif"):
        return tifffile.imread(path)
    data = path.read_bytes()
    is_png = path.suffix == ".png"
    return imagecodecs.png_decode(data) if is_png else imagecodecs.jpeg8_decode(data)


@pytest.mark.parametrize(
    ("suffix", "dtype", "channels"),
    [
        (".png", np.uint8, 3),
        (".png", np.uint16, 1),
        (".tif", np.uint8, 1),
        (".tiff", np.uint16, 3),
        (".tif", np.float32, 3),
        (".tif", np.float32, 1),
    ],
)
@pytest.mark.parametrize("method", ["none", "wiener"])
def test_a_picture_is_written_as_it_was(
    run: Run, tmp_path: Path, lens: Path, suffix: str, dtype: Any, channels: int, method: str
) -> None:
    pixels = stored(srgb(scene(channels=channels)), dtype)
    pixels = pixels[..., 0] if channels == 1 else pixels
    photo = write_picture(tmp_path / "in" / f"a{suffix}", pixels)
    code, _, err = run("correct", lens, photo, "--out", tmp_path / "out", "--method", method)
    assert code == 0, err
    written = read(tmp_path / "out" / f"a_lenscal{suffix}")
    assert (written.dtype, written.shape) == (pixels.dtype, pixels.shape)
    peak = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    error = np.abs(written.astype(np.float64) - pixels) / peak
    assert error.max() < 1e-6 if method == "none" else error.mean() < 0.01


def test_profile_orientation_and_sidecar_go_with_a_picture(
    run: Run, tmp_path: Path, lens: Path
) -> None:
    icc = icc_profile(SPACES[Space.PROPHOTO])
    pixels = stored(SPACES[Space.PROPHOTO].encode(scene()), np.uint8)
    photo = write_picture(tmp_path / "in" / "a.JPG", pixels)
    image = exiv2.ImageFactory.open(str(photo))
    image.readMetadata()
    image.setIccProfile(exiv2.DataBuf(icc))
    image.exifData()["Exif.Image.Orientation"] = exiv2.UShortValue(6)
    image.exifData()["Exif.Image.Artist"] = "A. Photographer"
    image.writeMetadata()
    (tmp_path / "in" / "a.JPG.pp3").write_text("[General]\n")
    before = photo.read_bytes()
    code, _, err = run("correct", lens, photo, "--out", tmp_path / "in", "--method", "none")
    assert code == 0, err
    assert "a.JPG.pp3 (RawTherapee)" in err
    path = tmp_path / "in" / "a_lenscal.JPG"
    # Upright, and its values are not brought to another space.
    original = np.rot90(imagecodecs.jpeg8_decode(before), -1)
    np.testing.assert_allclose(read(path).astype(int), original, atol=12)
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    assert bytes(image.iccProfile().data()) == icc
    exif = image.exifData()
    assert exif["Exif.Image.Orientation"].toString() == "1"
    assert exif["Exif.Image.Artist"].toString() == "A. Photographer"
    assert exif["Exif.Photo.PixelXDimension"].toInt64() == SIZE[0]
    # The original is never replaced, whatever the template.
    code, _, err = run(
        "correct", lens, photo, "--out", tmp_path / "in", "--method", "none",
        "--template", "{name}", "--on-conflict", "overwrite",
    )  # fmt: skip
    assert code == 2
    assert photo.read_bytes() == before


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_a_scan_keeps_its_resolution(run: Run, tmp_path: Path, lens: Path, suffix: str) -> None:
    photo = tmp_path / "in" / f"a{suffix}"
    pixels = stored(srgb(scene()), np.uint8)
    if suffix == ".tif":
        photo.parent.mkdir()
        tifffile.imwrite(
            photo, pixels, photometric="rgb", resolution=(600, 600), resolutionunit="INCH"
        )
    else:
        write_picture(photo, pixels)
        content = photo.read_bytes()
        # 600 dpi: pHYs behind IHDR, or in the density of JFIF.
        physical = struct.pack(">4sIIB", b"pHYs", 23622, 23622, 1)
        chunk = struct.pack(">I", 9) + physical + struct.pack(">I", zlib.crc32(physical))
        density = content[:13] + struct.pack(">BHH", 1, 600, 600) + content[18:]
        photo.write_bytes(content[:33] + chunk + content[33:] if suffix == ".png" else density)
    code, _, err = run("correct", lens, photo, "--out", tmp_path / "out", "--method", "none")
    assert code == 0, err
    path = tmp_path / "out" / f"a_lenscal{suffix}"
    if suffix == ".png":
        assert struct.pack(">4sIIB", b"pHYs", 23622, 23622, 1) in path.read_bytes()
        return
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    exif = image.exifData()
    per_unit = exif["Exif.Image.YResolution"].toFloat()
    inches = {2: 1.0, 3: 2.54}[exif["Exif.Image.ResolutionUnit"].toInt64()]
    assert per_unit * inches == pytest.approx(600, rel=1e-3)


def test_who_names_a_format_gets_it(run: Run, tmp_path: Path, lens: Path) -> None:
    photo = write_picture(tmp_path / "in" / "a.png", stored(srgb(scene()), np.uint8))
    for options, name, dtype in (
        (("--format", "tiff"), "a_lenscal.tif", np.uint16),
        (("--format", "tiff", "--space", "camera-linear"), "a_lenscal-2.tif", np.float32),
        (("--format", "jpeg"), "a_lenscal.jpg", np.uint8),
        (("--format", "dng"), "a_lenscal.dng", None),
    ):
        out = tmp_path / "out"
        code, _, err = run("correct", lens, photo, "--out", out, "--method", "none", *options)
        assert code == 0, err
        if dtype is not None:
            assert read(out / name).dtype == dtype
    as_srgb = read(tmp_path / "out" / "a_lenscal.tif") / 65535
    np.testing.assert_allclose(as_srgb, srgb(scene()), atol=0.006)
    linear = read(tmp_path / "out" / "a_lenscal-2.tif")
    np.testing.assert_allclose(linear, scene(), atol=0.006)
    assert (tmp_path / "out" / "a_lenscal.dng").exists()


def test_stored_values_are_corrected_as_they_are(run: Run, tmp_path: Path) -> None:
    values = stored(scene(), np.uint8)
    photo = write_picture(tmp_path / "in" / "a.png", values)
    lens = profile(tmp_path / "stored.lenscal", Light.STORED)
    out = tmp_path / "out"
    code, _, err = run(
        "correct", lens, photo, "--out", out, "--method", "none", "--format", "tiff",
        "--space", "camera-linear",
    )  # fmt: skip
    assert code == 0, err
    np.testing.assert_allclose(read(out / "a_lenscal.tif"), values / 255, atol=1e-6)


def test_raw_photos_and_pictures_do_not_mix(
    run: Run, tmp_path: Path, lens: Path, make_dng: Callable[..., Path]
) -> None:
    raw = make_dng(tmp_path / "in" / "IMG_1.dng", size=SIZE)
    picture = write_picture(tmp_path / "in" / "IMG_1.jpg", stored(srgb(scene()), np.uint8))
    (tmp_path / "in" / "IMG_1.xmp").write_text("<x/>")
    (tmp_path / "in" / ".DS_Store").write_bytes(b"x")
    out = tmp_path / "out"
    code, told, _ = run("correct", lens, raw, "--out", out, "--method", "none", "--json")
    assert code == 2
    assert "it is a RAW photo, the profile" in json.loads(told)["failed"][0]["reason"]
    of_raw = profile(tmp_path / "raw.lenscal", None)
    code, told, err = run("correct", of_raw, picture, "--out", out, "--method", "none", "--json")
    assert code == 2
    assert "it is a picture" in json.loads(told)["failed"][0]["reason"]
    # A folder, or all files of it: the RAW photo alone, and no error.
    for photos in ([tmp_path / "in"], sorted((tmp_path / "in").glob("*"))):
        code, told, err = run(
            "correct", of_raw, *photos, "--out", out, "--method", "none", "--json"
        )
        assert code == 0, err
        answer = json.loads(told)
        assert len(answer["written"]) == 1
        assert answer["failed"] == []
        assert "IMG_1.jpg beside the RAW photos is left out" in answer["notes"][0]
    code, _, err = run("correct", of_raw, tmp_path / "in" / "IMG_1.xmp", "--out", out)
    assert code == 2
    assert "IMG_1.xmp: no photo; choose" in err


def sets(tmp_path: Path, suffix: str = ".png", n: int = 3, **options: Any) -> tuple[Path, Path]:
    """Two folders, the second one blurred."""
    for k in range(n):
        light = scene((256, 384), seed=k)
        for name, blurred in (("clean", light), ("blurred", cv2.GaussianBlur(light, (0, 0), 1.2))):
            noisy = blurred + np.random.default_rng(k).normal(size=light.shape) * 0.004
            pixels = stored(srgb(np.clip(noisy, 0, 1)), np.uint8)
            write_picture(tmp_path / name / f"{k}{suffix}", pixels, **options)
    return tmp_path / "clean", tmp_path / "blurred"


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_check_judges_image_sets(run: Run, tmp_path: Path, suffix: str) -> None:
    clean, blurred = sets(tmp_path, suffix)
    code, out, err = run("check", clean, blurred, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert [photo["verdict"] for photo in (*told["sharp"], *told["degraded"])] == ["good"] * 6
    assert told["sharp"][0]["light"] == "linear"
    code, out, _ = run("check", clean, blurred)
    assert "3 sharp and 3 degraded" in out
    assert "aperture unknown" not in out


def test_what_files_of_a_set_say_is_told_once(run: Run, tmp_path: Path) -> None:
    clean, blurred = sets(tmp_path, ".tif", icc=b"damaged" * 30)
    code, out, _ = run("check", clean, blurred)
    assert code == 0
    assert out.count("its ICC profile cannot be used") == 2
    assert "3 sharp photos, like 0.tif: " in out


def test_sets_of_two_kinds_are_refused(
    run: Run, tmp_path: Path, make_dng: Callable[..., Path]
) -> None:
    clean, _ = sets(tmp_path)
    make_dng(tmp_path / "raw" / "a.dng")
    code, out, err = run("check", clean, tmp_path / "raw")
    assert code == 2
    assert "one set is of RAW photos, the other one of pictures" in out + err


def test_info_says_what_a_picture_is(run: Run, tmp_path: Path) -> None:
    photo = write_picture(tmp_path / "a.png", stored(srgb(scene()), np.uint16))
    code, out, _ = run("info", photo)
    assert code == 0
    assert "a PNG picture of 192 x 128 px, RGB, 16 bit a value" in out
    assert json.loads(run("info", photo, "--json")[1])["kind"] == "picture"
    photo.write_bytes(b"x")
    code, _, err = run("info", photo)
    assert code == 2
    assert "cannot be read as a photo" in err


def test_the_profile_of_a_set_says_what_light_it_is_for(run: Run, tmp_path: Path) -> None:
    lens = profile(tmp_path / "stored.lenscal", Light.STORED)
    assert read_profile(lens).light is Light.STORED
    code, out, _ = run("info", lens)
    assert code == 0
    assert "For pictures (PNG, JPEG, TIFF): values as they are stored" in out
    assert json.loads(run("info", lens, "--json")[1])["light"] == "stored"
    report = tmp_path / "report.html"
    assert run("report", lens, "--out", report)[0] == 0
    assert "values as they are stored" in report.read_text(encoding="utf-8")
    of_raw = profile(tmp_path / "raw.lenscal", None)
    assert "For pictures" not in run("info", of_raw)[1]


@pytest.mark.parametrize("light", Light)
def test_a_set_is_calibrated_in_the_light_that_was_asked_for(
    run: Run, tmp_path: Path, engine: Any, light: Light
) -> None:
    clean, blurred = sets(tmp_path)
    frames: list[Frame] = []
    calibrate = engine.calibrate

    def noted(sharp: Any, degraded: Any, *args: Any, **options: Any) -> Any:
        frames.extend((*sharp, *degraded))
        return (yield from calibrate(sharp, degraded, *args, **options))

    engine.calibrate = noted
    lens = tmp_path / "set.lenscal"
    # Whether three photos are sharp enough is asked elsewhere.
    options = ("--light", light.value, "--keep-all")
    code, _, err = run("calibrate", clean, blurred, "--out", lens, *options)
    assert code == 0, err
    assert read_profile(lens).light is light
    assert [frame.sampling for frame in frames] == [Sampling.FULL_COLOUR] * 6
    values = imagecodecs.png_decode((clean / "0.png").read_bytes()) / 255
    expected = values if light is Light.STORED else scene((256, 384), seed=0)
    tolerance = 1e-6 if light is Light.STORED else 0.05
    np.testing.assert_allclose(frames[0].rgb_tile(*WHOLE), expected, atol=tolerance)
    # One noise for the whole set.
    assert len({frame.noise for frame in frames[:3]}) == 1
    code, _, err = run("correct", lens, blurred, "--out", tmp_path / "out", "--method", "none")
    assert code == 0, err
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        f"{n}_lenscal.png" for n in range(3)
    ]


def test_corrected_pictures_are_not_corrected_again(run: Run, tmp_path: Path, lens: Path) -> None:
    for name in ("a.png", "b.png"):
        write_picture(tmp_path / "in" / name, stored(srgb(scene()), np.uint8))
    for n in range(2):
        folder = tmp_path / "in"
        code, out, err = run("correct", lens, folder, "--out", folder, "--method", "none", "--json")
        assert code == 0, err
        assert len(json.loads(out)["written"]) == 2
        assert ("2 corrected photos and masks are left out" in err) is (n == 1)
    assert sorted(p.name for p in (tmp_path / "in").iterdir()) == [
        "a.png", "a_lenscal-2.png", "a_lenscal.png", "b.png", "b_lenscal-2.png", "b_lenscal.png",
    ]  # fmt: skip
