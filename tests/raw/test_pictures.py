"""Pictures as photos: linear light, orientation, noise, and what is refused."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import exiv2
import imagecodecs
import numpy as np
import pytest
import tifffile
from picture_files import scene, srgb, stored, write_picture

from lenscal.errors import PhotoError
from lenscal.files.photos.colour import SPACES
from lenscal.files.photos.encoders import Picture, encode_png
from lenscal.files.photos.export_settings import Space
from lenscal.files.photos.icc import icc_profile
from lenscal.raw.decode import decode_photo, probe
from lenscal.raw.frame import Frame, Sampling
from lenscal.raw.metadata import read_info
from lenscal.raw.pictures.kinds import Light

WHOLE = (slice(None), slice(None))
DEPTHS = [
    (".png", np.uint8),
    (".png", np.uint16),
    (".tif", np.uint8),
    (".tif", np.uint16),
    (".tiff", np.uint32),
]


def light_of(frame: Frame) -> np.ndarray:
    return frame.rgb_tile(*WHOLE)


@pytest.mark.parametrize(("suffix", "dtype"), DEPTHS)
@pytest.mark.parametrize("channels", [1, 3])
def test_values_become_linear_light(tmp_path: Path, suffix: str, dtype: Any, channels: int) -> None:
    light = scene(channels=channels)
    pixels = stored(srgb(light), dtype)
    path = write_picture(tmp_path / f"a{suffix}", pixels[..., 0] if channels == 1 else pixels)
    frame = decode_photo(path)
    assert frame.info.light is Light.LINEAR
    assert frame.sampling is (Sampling.MONOCHROME if channels == 1 else Sampling.FULL_COLOUR)
    # Half a step of the stored values, where the curve is steepest, and of 16 bits.
    atol = 2.3 / 2 / np.iinfo(dtype).max + 0.6 / 65535
    np.testing.assert_allclose(light_of(frame), np.broadcast_to(light, (128, 192, 3)), atol=atol)
    as_stored = light_of(decode_photo(path, light=Light.STORED))
    values = pixels / np.iinfo(dtype).max
    np.testing.assert_allclose(as_stored, np.broadcast_to(values, (128, 192, 3)), atol=1e-6)


def test_floating_point_is_light_already_and_keeps_highlights(tmp_path: Path) -> None:
    light = scene().astype(np.float32)
    light[:8, :8] = 3.5
    frame = decode_photo(write_picture(tmp_path / "a.tif", light))
    np.testing.assert_allclose(light_of(frame), light, rtol=1e-6)
    assert frame.full_scale * frame.rgb_scale == pytest.approx(1)
    eight = decode_photo(write_picture(tmp_path / "b.tif", scene().astype(np.float32) * 250))
    np.testing.assert_allclose(light_of(eight), scene() * 250 / 255, rtol=1e-5)
    light[0, 0] = np.nan
    with pytest.raises(PhotoError, match="no numbers"):
        decode_photo(write_picture(tmp_path / "c.tif", light))


def test_a_jpeg_is_what_opencv_reads(tmp_path: Path) -> None:
    import cv2

    path = write_picture(tmp_path / "a.JPG", stored(srgb(scene()), np.uint8))
    values = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB) / 255
    as_stored = light_of(decode_photo(path, light=Light.STORED))
    np.testing.assert_allclose(as_stored, values, atol=1.5 / 255)


@pytest.mark.parametrize("space", SPACES)
def test_the_profile_says_what_values_mean(tmp_path: Path, space: Space) -> None:
    light = scene()
    pixels = stored(SPACES[space].encode(light), np.uint16)
    path = write_picture(tmp_path / "a.tif", pixels, icc_profile(SPACES[space]))
    frame = decode_photo(path)
    assert frame.info.notes == ()
    np.testing.assert_allclose(light_of(frame), light, atol=3e-5)
    # Its colours: to XYZ and into the space again is the identity.
    from lenscal.files.photos.colour import camera_to_space

    matrix = camera_to_space(frame.colour_matrix, SPACES[space])
    np.testing.assert_allclose(matrix, np.eye(3), atol=2e-3)
    assert frame.coding is not None
    np.testing.assert_array_equal(frame.coding.encode(light_of(frame)), pixels)


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_profiles_of_png_and_jpeg_are_read(tmp_path: Path, suffix: str) -> None:
    space = SPACES[Space.PROPHOTO]
    light = scene()
    pixels = stored(space.encode(light), np.uint8)
    path = tmp_path / f"a{suffix}"
    if suffix == ".png":
        encode_png(
            path, Picture(pixels.shape, pixels.dtype, lambda r: pixels[r]), icc_profile(space)
        )
    else:
        path.write_bytes(imagecodecs.jpeg8_encode(pixels, level=100, subsampling="444"))
        image = exiv2.ImageFactory.open(str(path))
        image.readMetadata()
        # In several segments: one holds 64 KB.
        image.setIccProfile(exiv2.DataBuf(icc_profile(space) + bytes(70_000)), False)
        image.writeMetadata()
    frame = decode_photo(path)
    assert frame.coding is not None
    assert frame.coding.icc.startswith(icc_profile(space))
    np.testing.assert_allclose(light_of(frame), light, atol=0.05)
    assert np.abs(light_of(frame) - light).mean() < 0.004


def test_a_damaged_profile_is_said(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.tif", stored(srgb(scene()), np.uint8), b"no profile" * 20)
    frame = decode_photo(path)
    assert "ICC profile cannot be used" in frame.info.notes[0]
    np.testing.assert_allclose(light_of(frame), scene(), atol=0.006)


@pytest.mark.parametrize(("suffix", "dtype"), [*DEPTHS, (".tif", np.float32)])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("light", Light)
def test_what_is_not_changed_is_stored_as_it_was(
    tmp_path: Path, suffix: str, dtype: Any, channels: int, light: Light
) -> None:
    pixels = stored(srgb(scene(channels=channels)), dtype)
    if channels == 1:
        pixels = pixels[..., 0]
    frame = decode_photo(write_picture(tmp_path / f"a{suffix}", pixels), light=light)
    assert frame.coding is not None
    again = frame.coding.encode(light_of(frame))
    assert again.dtype == pixels.dtype and again.shape == pixels.shape
    # float32 has 24 bits.
    tolerance = {np.uint32: 600, np.float32: 2e-7}.get(dtype, 0)
    assert np.abs(again.astype(np.float64) - pixels).max() <= tolerance


def test_pictures_stay_as_the_sensor_lay(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "a.jpg", stored(srgb(scene()), np.uint8))
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    image.exifData()["Exif.Image.Orientation"] = exiv2.UShortValue(6)
    image.exifData()["Exif.Photo.FNumber"] = exiv2.URationalValue([(18, 10)])
    image.writeMetadata()
    frame = decode_photo(path)
    assert frame.size == (128, 192)
    assert (frame.info.orientation, frame.info.aperture) == (6, 1.8)
    info = read_info(path)
    assert (info.width, info.height, info.light) == (192, 128, Light.LINEAR)


def test_noise_is_measured_and_never_less_than_rounding(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    smooth = np.repeat(np.linspace(0.05, 0.8, 768)[None, :, None], 512, 0).repeat(3, 2)
    a, b = 4e-4, 1e-5
    noisy = smooth + rng.normal(size=smooth.shape) * np.sqrt(a * smooth + b)
    path = write_picture(tmp_path / "a.png", stored(srgb(np.clip(noisy, 0, 1)), np.uint16))
    noise = decode_photo(path).noise
    variance = noise.variance(np.full(3, 0.4))
    np.testing.assert_allclose(variance, a * 0.4 + b, rtol=0.1)
    clean = decode_photo(write_picture(tmp_path / "b.png", stored(srgb(smooth), np.uint8)))
    # A step of 8 bits at this light, spread evenly.
    step = 2.4 / 1.055 * ((srgb(np.array(0.4)) + 0.055) / 1.055) ** 1.4 / 255
    assert (clean.noise.variance(np.full(3, 0.4)) > 0.5 * step**2 / 12).all()


def test_what_jpeg_rounds_counts_as_noise(tmp_path: Path) -> None:
    pixels = stored(srgb(scene()), np.uint8)
    errors, noises = [], []
    for quality in (98, 92, 80):
        path = tmp_path / f"{quality}.jpg"
        path.write_bytes(imagecodecs.jpeg8_encode(pixels, level=quality, subsampling="444"))
        frame = decode_photo(path)
        truth = decode_photo(write_picture(tmp_path / "a.png", pixels))
        errors.append(float(np.var(light_of(frame)[..., 1] - light_of(truth)[..., 1])))
        noises.append(float(frame.noise.variance(np.full(3, 0.3))[1]))
    # Not the noise of smooth places, which JPEG has removed.
    assert noises[0] < noises[1] < noises[2]
    for error, noise in zip(errors, noises, strict=True):
        # At high quality most of the error is that of colours, which are rounded twice.
        assert error / 4 < noise < 10 * error


def test_alpha_and_further_pictures_are_said(tmp_path: Path) -> None:
    rgba = np.dstack([stored(srgb(scene()), np.uint8), np.full((128, 192), 128, np.uint8)])
    plain = light_of(decode_photo(write_picture(tmp_path / "a.png", rgba[..., :3])))
    for name, pixels in (("b.png", rgba), ("c.tif", rgba)):
        frame = decode_photo(write_picture(tmp_path / name, pixels))
        assert frame.info.notes == ("its transparency is left out",)
        np.testing.assert_array_equal(light_of(frame), plain)
    grey = decode_photo(write_picture(tmp_path / "d.png", rgba[..., 2:]))
    assert grey.sampling is Sampling.MONOCHROME
    stack = tmp_path / "e.tif"
    tifffile.imwrite(stack, np.stack([rgba[..., :3]] * 3), photometric="rgb", metadata=None)
    frame = decode_photo(stack)
    assert frame.info.notes == ("holds 3 pictures: the first one is taken",)
    np.testing.assert_array_equal(light_of(frame), plain)


def test_planes_one_after_the_other_and_white_that_is_zero(tmp_path: Path) -> None:
    pixels = stored(srgb(scene()), np.uint16)
    plain = light_of(decode_photo(write_picture(tmp_path / "a.tif", pixels)))
    planar = tmp_path / "b.tif"
    tifffile.imwrite(
        planar,
        np.moveaxis(pixels, -1, 0),
        photometric="rgb",
        planarconfig="separate",
        metadata=None,
    )
    np.testing.assert_array_equal(light_of(decode_photo(planar)), plain)
    negative = tmp_path / "c.tif"
    tifffile.imwrite(negative, 65535 - pixels[..., 1], photometric="miniswhite", metadata=None)
    np.testing.assert_array_equal(light_of(decode_photo(negative))[..., 1], plain[..., 1])


def png_chunk(name: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def png(width: int, height: int, bits: int, colour: int, *chunks: bytes) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    pixels = png_chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join([png_chunk(b"IHDR", head), *chunks, pixels])


def test_gamma_of_a_png(tmp_path: Path) -> None:
    values = stored(scene(), np.uint8)
    content = imagecodecs.png_encode(values)
    # Behind IHDR: linear light.
    path = tmp_path / "a.png"
    path.write_bytes(content[:33] + png_chunk(b"gAMA", struct.pack(">I", 100_000)) + content[33:])
    np.testing.assert_allclose(light_of(decode_photo(path)), values / 255, atol=1e-5)


def tiff_of(path: Path, pixels: np.ndarray, **options: Any) -> bytes:
    tifffile.imwrite(path, pixels, metadata=None, **options)
    return path.read_bytes()


def test_what_is_no_photo_is_refused_in_words(tmp_path: Path) -> None:
    rgb = stored(srgb(scene()), np.uint8)
    four = np.dstack([rgb, rgb[..., 0]])
    jpeg = imagecodecs.jpeg8_encode(rgb)
    tiff = tiff_of(tmp_path / "whole.tif", rgb, photometric="rgb")
    cases = {
        "palette.png": (png(64, 64, 8, 3), "palette"),
        "bits.png": (png(64, 64, 1, 0), "1 bit a value"),
        "huge.png": (png(60_000, 60_000, 8, 2), "too large"),
        "bomb.png": (png(20_000, 20_000, 8, 2), "claims 20000 x 20000 px"),
        "tiny.png": (png(8, 8, 8, 2), "too small"),
        "cut.png": (imagecodecs.png_encode(rgb)[:-2000], "damaged|cut off"),
        "cut.jpg": (jpeg[: len(jpeg) // 2], "cut off"),
        "cmyk.jpg": (
            imagecodecs.jpeg8_encode(four, colorspace="CMYK", outcolorspace="CMYK"),
            "CMYK",
        ),
        "cut.tif": (tiff[: len(tiff) // 2], "cut off|damaged"),
        "cmyk.tif": (tiff_of(tmp_path / "f.tif", four, photometric="separated"), "CMYK"),
        "bits.tif": (
            tiff_of(tmp_path / "g.tif", rgb[..., 0] > 90, photometric="minisblack"),
            "1 bit",
        ),
        "text.png": (b"no picture at all", "no PNG, JPEG or TIFF"),
        "empty.jpg": (b"", "empty"),
    }
    for name, (content, message) in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(PhotoError, match=message) as caught:
            decode_photo(path)
        assert caught.value.name == name
    assert "CMYK" in probe(tmp_path / "cmyk.tif")


def test_any_damage_is_a_photo_error_and_nothing_leaks(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    rgb = stored(srgb(scene((64, 96))), np.uint8)
    for name in ("a.png", "b.jpg", "c.tif"):
        content = write_picture(tmp_path / name, rgb).read_bytes()
        for n in range(60):
            damaged = bytearray(content)
            # Mostly where the file says what it is.
            for at in rng.integers(0, len(damaged) if n % 3 == 0 else 200, 3):
                damaged[at] = rng.integers(256)
            path = tmp_path / f"damaged{n}{Path(name).suffix}"
            path.write_bytes(damaged)
            try:
                decode_photo(path)
            except PhotoError as error:
                assert error.reason
    assert capfd.readouterr() == ("", "")
