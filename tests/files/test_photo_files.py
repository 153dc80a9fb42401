"""Written photos: right side up, right colours, metadata kept, the original safe."""

from dataclasses import replace

import cv2
import exiv2
import imagecodecs
import numpy as np
import pytest
import tifffile

from lenscal.errors import InputError, LenscalError
from lenscal.files.photos.colour import SPACES
from lenscal.files.photos.export_settings import (
    ExportSettings,
    OnConflict,
    PhotoFormat,
    Space,
    output_path,
)
from lenscal.files.photos.icc import icc_profile
from lenscal.files.photos.photo_files import upright, write_photo
from lenscal.raw.decode import decode_photo


@pytest.fixture
def frame(tmp_path, make_dng):
    path = make_dng(tmp_path / "raw" / "Foto ä 1.dng")
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    exif, xmp, iptc = image.exifData(), image.xmpData(), image.iptcData()
    exif["Exif.Image.Artist"] = "A. Photographer"
    exif["Exif.Image.Copyright"] = "Somebody"
    exif["Exif.GPSInfo.GPSLatitudeRef"] = "N"
    xmp["Xmp.dc.subject"] = "tree"
    xmp["Xmp.crs.Exposure2012"] = "+1.0"
    xmp["Xmp.tiff.Orientation"] = "8"
    iptc["Iptc.Application2.City"] = "Essen"
    image.writeMetadata()
    return decode_photo(path)


def picture(height=128, width=192):
    """Camera RGB with a distinct value in every corner."""
    rgb = np.full((height, width, 3), 0.2, np.float32)
    rgb[:16, :16] = (0.8, 0.1, 0.1)
    rgb[-16:, -16:] = 1.7
    rgb[:16, -16:] = -0.1
    return rgb


def read_back(path):
    if path.suffix == ".tif":
        return tifffile.imread(path)
    data = path.read_bytes()
    return imagecodecs.png_decode(data) if path.suffix == ".png" else imagecodecs.jpeg8_decode(data)


def metadata(path):
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    return image


PICTURES = [form for form in PhotoFormat if form is not PhotoFormat.DNG]


@pytest.mark.parametrize("form", PICTURES)
@pytest.mark.parametrize("space", SPACES)
def test_pixels_profile_and_metadata(tmp_path, frame, form, space):
    path = tmp_path / f"out{form.suffix}"
    assert (
        write_photo(path, picture(), frame, ExportSettings(tmp_path, form, space), "method wiener")
        == ()
    )
    pixels = read_back(path)
    peak = np.iinfo(pixels.dtype).max
    assert peak == (255 if form is PhotoFormat.JPEG else 65535)
    grey = SPACES[space].encode(np.float32(0.2)) * peak
    np.testing.assert_allclose(pixels[60, 90], grey, atol=0.01 * peak)
    np.testing.assert_allclose(pixels[-8, -8], peak, atol=0.005 * peak)
    np.testing.assert_allclose(pixels[8, -8], 0, atol=0.01 * peak)
    assert pixels[8, 8, 0] > pixels[8, 8, 1]
    image = metadata(path)
    assert image.iccProfileDefined()
    assert bytes(image.iccProfile().data()) == icc_profile(SPACES[space])
    exif = {datum.key(): datum.toString() for datum in image.exifData()}
    want = {
        "Image.Make": "Lenscal",
        "Image.Model": "Lenscal Test",
        "Image.Artist": "A. Photographer",
        "Image.Copyright": "Somebody",
        "Image.Orientation": "1",
        "Image.Software": "lenscal 0.1.0",
        "Photo.LensModel": "Test 35mm",
        "Photo.FNumber": "18/10",
        "Photo.FocalLength": "35/1",
        "Photo.ISOSpeedRatings": "100",
        "Photo.DateTimeOriginal": "2026:01:02 03:04:05",
        "Photo.PixelXDimension": "192",
        "Photo.PixelYDimension": "128",
        "Photo.ColorSpace": "1" if space is Space.SRGB else "65535",
        "GPSInfo.GPSLatitudeRef": "N",
    }
    told = {key: exif.get(f"Exif.{key}") for key in want}
    for key in ("Photo.FNumber", "Photo.FocalLength"):
        top, bottom = (int(n) for n in told[key].split("/"))
        a, b = (int(n) for n in want[key].split("/"))
        told[key], want[key] = top / bottom, a / b
    assert told == want
    assert not any("NoiseProfile" in key or "CFA" in key or "BlackLevel" in key for key in exif)
    xmp = {datum.key(): datum.toString() for datum in image.xmpData()}
    assert xmp["Xmp.dc.subject"] == "tree"
    assert f"space {space}" in xmp["Xmp.lenscal.Settings"]
    assert "method wiener" in xmp["Xmp.lenscal.Settings"]
    assert not any(key.startswith(("Xmp.crs", "Xmp.tiff")) for key in xmp)
    assert [datum.toString() for datum in image.iptcData()] == ["Essen"]


@pytest.mark.parametrize("form", [PhotoFormat.TIFF, PhotoFormat.PNG])
def test_eight_bits_are_the_sixteen_rounded(tmp_path, frame, form):
    pixels = {}
    for depth in (8, 16):
        path = tmp_path / f"{depth}{form.suffix}"
        write_photo(path, picture(), frame, ExportSettings(tmp_path, form, depth=depth), "")
        pixels[depth] = read_back(path)
        assert metadata(path).iccProfileDefined()
    assert (pixels[8].dtype, pixels[16].dtype) == (np.uint8, np.uint16)
    np.testing.assert_allclose(pixels[8], pixels[16] / 257, atol=0.51)
    assert cv2.imread(str(tmp_path / f"8{form.suffix}"), cv2.IMREAD_UNCHANGED).dtype == np.uint8


def test_depth_is_only_that_of_files_that_can_choose(tmp_path, frame):
    path = tmp_path / "out.tif"
    write_photo(
        path, picture(), frame, ExportSettings(tmp_path, space=Space.CAMERA_LINEAR, depth=8), ""
    )
    assert read_back(path).dtype == np.float32


def test_png_profile_is_one_that_libpng_takes(tmp_path, frame, capfd):
    path = tmp_path / "out.png"
    write_photo(path, picture(), frame, ExportSettings(tmp_path, PhotoFormat.PNG), "")
    assert cv2.imread(str(path), cv2.IMREAD_UNCHANGED).shape == (128, 192, 3)
    assert "iCCP" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("orientation", "corner", "size"),
    [
        (1, (0, 0), (128, 192)),
        (2, (0, -1), (128, 192)),
        (3, (-1, -1), (128, 192)),
        (4, (-1, 0), (128, 192)),
        (5, (0, 0), (192, 128)),
        (6, (0, -1), (192, 128)),
        (7, (-1, -1), (192, 128)),
        (8, (-1, 0), (192, 128)),
    ],
)
def test_photos_come_out_upright(tmp_path, frame, orientation, corner, size):
    """The sensor's top left corner goes where EXIF says; the right hand neighbour tells turning
    from mirroring."""
    turned = replace(frame, info=replace(frame.info, orientation=orientation))
    path = tmp_path / "out.tif"
    write_photo(path, picture(), turned, ExportSettings(tmp_path), "")
    pixels = tifffile.imread(path)
    assert pixels.shape[:2] == size
    red = pixels[corner]
    assert red[0] > 2 * red[1]
    exif = metadata(path).exifData()
    assert exif["Exif.Image.Orientation"].toString() == "1"
    assert (
        exif["Exif.Photo.PixelYDimension"].toInt64(),
        exif["Exif.Photo.PixelXDimension"].toInt64(),
    ) == size


def test_upright_agrees_with_opencv():
    """OpenCV turns JPEGs by their EXIF; its answers are the reference."""
    pixels = (np.arange(16 * 24).reshape(16, 24) % 251).astype(np.uint8)
    for orientation in range(1, 9):
        tiff = (
            b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0"
            + bytes([orientation])
            + b"\0\0\0\0\0\0\0"
        )
        body = b"Exif\0\0" + tiff
        segment = b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
        plain = imagecodecs.jpeg8_encode(pixels, level=100)
        turned = cv2.imdecode(
            np.frombuffer(plain[:2] + segment + plain[2:], np.uint8), cv2.IMREAD_GRAYSCALE
        )
        decoded = cv2.imdecode(np.frombuffer(plain, np.uint8), cv2.IMREAD_GRAYSCALE)
        np.testing.assert_array_equal(upright(decoded, orientation), turned)


def test_camera_linear_is_written_as_it_is(tmp_path, frame):
    turned = replace(frame, info=replace(frame.info, orientation=6))
    path = tmp_path / "out.tif"
    write_photo(path, picture(), turned, ExportSettings(tmp_path, space=Space.CAMERA_LINEAR), "x")
    pixels = tifffile.imread(path)
    assert pixels.dtype == np.float32
    np.testing.assert_array_equal(pixels, picture())
    np.testing.assert_array_equal(cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1], picture())
    assert metadata(path).exifData()["Exif.Photo.FNumber"].toFloat() == pytest.approx(1.8)


def test_unknown_colours_are_said(tmp_path, frame):
    plain = replace(frame, colour_matrix=None)
    warnings = write_photo(tmp_path / "o.tif", picture(), plain, ExportSettings(tmp_path), "")
    assert "no colour matrix is known for Lenscal Test" in warnings[0]


def test_unreadable_metadata_is_said_and_the_photo_written(tmp_path, frame):
    frame.info.path.write_bytes(b"not a photo any more")
    warnings = write_photo(tmp_path / "o.tif", picture(), frame, ExportSettings(tmp_path), "")
    assert "could not be read" in warnings[0]
    assert metadata(tmp_path / "o.tif").exifData()["Exif.Image.Model"].toString() == "Lenscal Test"


def test_xmp_that_no_jpeg_can_hold_is_left_out_and_said(tmp_path, frame):
    original = metadata(frame.info.path)
    original.xmpData()["Xmp.photoshop.History"] = "brushed; " * 8000
    original.writeMetadata()
    warnings = write_photo(
        tmp_path / "o.jpg", picture(), frame, ExportSettings(tmp_path, PhotoFormat.JPEG), "wiener"
    )
    assert len(warnings) == 1
    assert "the XMP of Foto ä 1.dng could not be copied" in warnings[0]
    written = metadata(tmp_path / "o.jpg")
    assert written.exifData()["Exif.Image.Artist"].toString() == "A. Photographer"
    assert written.iptcData()["Iptc.Application2.City"].toString() == "Essen"
    assert written.xmpData()["Xmp.lenscal.Settings"].toString().startswith("wiener")
    assert (
        write_photo(tmp_path / "o.tif", picture(), frame, ExportSettings(tmp_path), "wiener") == ()
    )


@pytest.mark.parametrize("name", ["Nikon_D1.NEF", "Canon_EOS_D30.CRW"])
def test_maker_notes_are_kept(tmp_path, shared, frame, name):
    path = shared / "data" / "raw" / name
    real = replace(frame, info=replace(frame.info, path=path))
    for form in PICTURES:
        target = tmp_path / f"out{form.suffix}"
        assert write_photo(target, picture(), real, ExportSettings(tmp_path, form), "") == ()
        groups = {datum.key().split(".")[1] for datum in metadata(target).exifData()}
        assert groups & {"Nikon1", "CanonCs"}
        assert not groups & {"SubImage1", "Image2"}


def test_the_original_is_never_overwritten(tmp_path, frame):
    before = frame.info.path.read_bytes()
    with pytest.raises(LenscalError, match="never overwrites"):
        write_photo(frame.info.path, picture(), frame, ExportSettings(tmp_path), "")
    assert frame.info.path.read_bytes() == before
    tif = tmp_path / "photo.tif"
    tif.write_bytes(b"RAW")
    same = ExportSettings(tmp_path, template="{name}", on_conflict=OnConflict.OVERWRITE)
    with pytest.raises(LenscalError, match="never overwrites"):
        output_path(tif, same, method="wiener")


def test_names(tmp_path):
    source = tmp_path / "IMG_1.CR3"
    jpeg = ExportSettings(tmp_path, PhotoFormat.JPEG)
    assert output_path(source, jpeg, method="wiener") == tmp_path / "IMG_1_lenscal.jpg"
    named = ExportSettings(tmp_path, template="{name}-{method}")
    assert output_path(source, named, method="dpir") == tmp_path / "IMG_1-dpir.tif"


@pytest.mark.parametrize(
    ("conflict", "expected"),
    [
        (OnConflict.UNIQUE, "IMG_1_lenscal-3.tif"),
        (OnConflict.OVERWRITE, "IMG_1_lenscal.tif"),
        (OnConflict.SKIP, "IMG_1_lenscal.tif"),
    ],
)
def test_conflicts(tmp_path, conflict, expected):
    for name in ("IMG_1_lenscal.tif", "IMG_1_lenscal-2.tif"):
        (tmp_path / name).touch()
    source = tmp_path / "IMG_1.CR3"
    source.touch()
    path = output_path(source, ExportSettings(tmp_path, on_conflict=conflict), method="wiener")
    assert path == tmp_path / expected
    with pytest.raises(LenscalError, match="exists: choose --on-conflict"):
        output_path(source, ExportSettings(tmp_path, on_conflict=OnConflict.ERROR), method="wiener")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"template": "all"}, r"must hold \{name\}"),
        ({"template": "{name}{date}"}, r"\{date\} is not known"),
        ({"template": "{name:d}"}, r"\{name:d\} is not known"),
        ({"template": "{name!q}"}, r"\{name!q\} is not known"),
        ({"template": "{name"}, "template"),
        ({"template": "../{name}"}, "give the folder with --out"),
        ({"space": Space.CAMERA_LINEAR, "format": PhotoFormat.JPEG}, "needs --format tiff"),
        ({"jpeg_quality": 0}, "1 to 100"),
        ({"depth": 12}, "choose 8 or 16"),
    ],
)
def test_wrong_settings_are_refused(tmp_path, wrong, message):
    with pytest.raises(InputError, match=message):
        ExportSettings(tmp_path, **wrong)
