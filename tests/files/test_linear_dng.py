"""Linear DNG files as LibRaw, exiv2 and tifffile read them back."""

from dataclasses import replace

import exiv2
import numpy as np
import pytest
import rawpy
import tifffile

from lenscal.files.photos.colour import SPACES, develop
from lenscal.files.photos.export_settings import ExportSettings, PhotoFormat, Space
from lenscal.files.photos.highlights import CLIP_FROM, CLIP_FULL
from lenscal.files.photos.photo_files import AsTaken, write_photo
from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import Sampling

BALANCE = np.array([2.0, 1.0, 1.6])
SIZE = (530, 700)


@pytest.fixture
def frame(tmp_path, make_dng):
    frame = decode_photo(make_dng(tmp_path / "raw" / "Foto ä 1.dng", size=SIZE))
    np.testing.assert_allclose(frame.white_balance, BALANCE, rtol=1e-4)
    return replace(frame, info=replace(frame.info, orientation=6))


def picture():
    """White-balanced camera RGB, smooth, with a dark and a very bright corner."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    rgb = 0.3 + 0.2 * np.stack([np.sin(y / 40), np.cos(x / 50), np.sin((x + y) / 60)], axis=-1)
    rgb[:16, :16] = -0.01
    rgb[-16:, -16:] = np.array([1.7, 1.7, 1.7]) * BALANCE
    return rgb.astype(np.float32)


def written(tmp_path, frame, rgb):
    path = tmp_path / "out.dng"
    pixels = AsTaken(frame) if rgb is None else rgb
    warnings = write_photo(
        path, pixels, frame, ExportSettings(tmp_path, PhotoFormat.DNG), "method wiener"
    )
    return path, warnings


def libraw(path):
    with rawpy.imread(str(path)) as raw:
        flip = raw.sizes.flip
        linear = raw.postprocess(
            gamma=(1, 1),
            output_bps=16,
            output_color=rawpy.ColorSpace.raw,
            no_auto_bright=True,
            adjust_maximum_thr=0.0,
            user_flip=0,
            user_wb=[1, 1, 1, 1],
        )
        return linear / 65535, raw.camera_whitebalance[:3], flip


def metadata(path):
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    return image


def test_libraw_reads_camera_rgb_before_white_balance(tmp_path, frame):
    rgb = picture()
    path, warnings = written(tmp_path, frame, rgb)
    assert warnings == ()
    linear, balance, flip = libraw(path)
    assert flip == 6
    np.testing.assert_allclose(balance, BALANCE, rtol=1e-4)
    np.testing.assert_allclose(linear, np.clip(rgb / BALANCE, 0, 1), atol=4e-5)


def test_light_above_white_is_kept_up_to_four_times_white(tmp_path, frame):
    rgb = picture()
    path, _ = written(tmp_path, frame, rgb)
    with tifffile.TiffFile(path) as tiff:
        raw = tiff.pages[0].pages[0]
        values, white = raw.asarray(), raw.tags["WhiteLevel"].value
    assert raw.photometric == 34892
    np.testing.assert_allclose(values[-8, -8] / white, 1.7, atol=1e-3)
    rgb[-16:, -16:] *= 10
    path.unlink()
    path, _ = written(tmp_path, frame, rgb)
    with tifffile.TiffFile(path) as tiff:
        raw = tiff.pages[0].pages[0]
        assert raw.tags["WhiteLevel"].value[0] == 65535 // 4
        assert (raw.asarray()[-8, -8] == 65535).all()


def test_metadata_and_thumbnail(tmp_path, frame):
    rgb = picture()
    path, _ = written(tmp_path, frame, rgb)
    image = metadata(path)
    exif = {datum.key(): datum.toString() for datum in image.exifData()}
    want = {
        "Image.Make": "Lenscal",
        "Image.Model": "Lenscal Test",
        "Image.Software": "lenscal 0.1.0",
        "Image.Orientation": "6",
        "Image.DNGVersion": "1 4 0 0",
        "Image.UniqueCameraModel": "Lenscal Test",
        "Photo.LensModel": "Test 35mm",
        "Photo.ISOSpeedRatings": "100",
        "SubImage1.BlackLevel": "0/1 0/1 0/1",
        "SubImage1.PhotometricInterpretation": "34892",
        "SubImage1.SamplesPerPixel": "3",
        "SubImage1.BitsPerSample": "16 16 16",
        "Photo.PixelXDimension": "700",
    }
    assert {key: exif.get(f"Exif.{key}") for key in want} == want
    matrix = [
        float(n.split("/")[0]) / float(n.split("/")[1])
        for n in exif["Exif.Image.ColorMatrix1"].split()
    ]
    np.testing.assert_allclose(np.reshape(matrix, (3, 3)), frame.colour_matrix, atol=1e-5)
    assert not any("NoiseProfile" in key or "ColorSpace" in key for key in exif)
    assert (
        "method wiener, space camera-linear" in image.xmpData()["Xmp.lenscal.Settings"].toString()
    )
    with tifffile.TiffFile(path) as tiff:
        small = tiff.pages[0].asarray()
    assert max(small.shape) <= 256
    assert small.shape[1] > small.shape[0]
    whole = develop(rgb, frame.colour_matrix, SPACES[Space.SRGB], np.dtype(np.uint8))
    np.testing.assert_allclose(small.mean(axis=(0, 1)), whole.mean(axis=(0, 1)), atol=3)


def test_the_photo_as_it_is_and_unknown_colours(tmp_path, frame):
    path, warnings = written(tmp_path, replace(frame, colour_matrix=None), None)
    assert "no colour matrix is known" in warnings[0]
    linear = libraw(path)[0]
    everything = (slice(None), slice(None))
    np.testing.assert_allclose(
        linear, np.clip(frame.rgb_tile(*everything) / BALANCE, 0, 1), atol=4e-5
    )
    with rawpy.imread(str(path)) as raw:
        grey = raw.postprocess(
            use_camera_wb=True, no_auto_bright=True, gamma=(1, 1), output_bps=16, user_flip=0
        )
    plain = np.clip(frame.rgb_tile(*everything), 0, 1)
    np.testing.assert_allclose(grey.mean(axis=(0, 1)) / 65535, plain.mean(axis=(0, 1)), rtol=0.02)


@pytest.mark.parametrize(
    "name", ["Nikon_D1.NEF", "Canon_EOS_D30.CRW", "PowerShot_G2__CRW_0304.CRW"]
)
def test_maker_notes_do_not_change_how_libraw_reads_it(tmp_path, shared, name):
    source = shared / "data" / "raw" / name
    if not source.is_file():
        pytest.skip(f"no {name}")
    frame = decode_photo(source)
    path, _ = written(tmp_path, frame, None)
    assert {datum.key().split(".")[1] for datum in metadata(path).exifData()} & {
        "Nikon1",
        "CanonCs",
    }
    linear, balance, _ = libraw(path)
    native = frame.rgb_tile(slice(None), slice(None)) / frame.white_balance
    np.testing.assert_allclose(np.array(balance) / balance[1], frame.white_balance, rtol=1e-3)
    # What clips below white, as in two of these cameras, is raised to it; nothing is lowered.
    limit = frame.limit_tile(slice(None), slice(None)) / frame.white_balance
    dark = (native < CLIP_FROM * limit).all(axis=-1)
    np.testing.assert_allclose(linear[dark], np.clip(native[dark], 0, 1), atol=4e-5)
    assert dark.mean() > 0.9 and (linear > np.clip(native, 0, 1) - 4e-5).all()
    all_clip = (native > CLIP_FULL * limit).all(axis=-1)
    assert (linear[all_clip] > 0.999).all()


def test_a_linear_dng_is_read_again_with_all_its_colours(tmp_path, frame):
    path, _ = written(tmp_path, frame, None)
    again = decode_photo(path)
    assert again.sampling is Sampling.FULL_COLOUR and again.size == frame.size
    np.testing.assert_allclose(again.white_balance, frame.white_balance, rtol=1e-3)
