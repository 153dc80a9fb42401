"""What photographers' programs keep beside a photo reaches the corrected one, or is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import exiv2
import numpy as np
import pytest

from lenscal.files.photos.export_settings import ExportSettings, PhotoFormat
from lenscal.files.photos.photo_files import write_photo
from lenscal.raw.decode import decode_photo
from lenscal.raw.frame import Frame

LIGHTROOM = """<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
 xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
 xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmp:Rating="{rating}" xmp:Label="Red"
 tiff:Orientation="6" photoshop:SidecarForExtension="CR3" crs:Exposure2012="+1"
 exif:GPSLatitude="51,27.5N" exif:GPSLongitude="7,0.7E">
 <dc:title><rdf:Alt><rdf:li xml:lang="x-default">Zollverein</rdf:li></rdf:Alt></dc:title>
 <dc:subject><rdf:Bag><rdf:li>tower</rdf:li><rdf:li>für später</rdf:li></rdf:Bag></dc:subject>
 <dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© A. Photographer</rdf:li></rdf:Alt></dc:rights>
 <lr:hierarchicalSubject><rdf:Bag><rdf:li>Essen|tower</rdf:li></rdf:Bag></lr:hierarchicalSubject>
</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>"""
FACES = {
    "Xmp.mwg-rs.Regions": "type=Struct",
    "Xmp.mwg-rs.Regions/mwg-rs:AppliedToDimensions": "type=Struct",
    "Xmp.mwg-rs.Regions/mwg-rs:AppliedToDimensions/stDim:w": "192",
}


@pytest.fixture
def frame(tmp_path: Path, make_dng: Callable[..., Path]) -> Frame:
    path = make_dng(tmp_path / "raw" / "IMG_1.dng")
    image = metadata(path)
    image.exifData()["Exif.Image.Rating"] = exiv2.UShortValue(1)
    image.xmpData()["Xmp.dc.subject"] = "old"
    image.xmpData()["Xmp.dc.description"] = "of the camera"
    image.iptcData()["Iptc.Application2.City"] = "Essen"
    image.iptcData()["Iptc.Application2.Keywords"] = "old"
    image.writeMetadata()
    return decode_photo(path)


def metadata(path: Path) -> Any:
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    return image


def written(frame: Frame, form: PhotoFormat = PhotoFormat.TIFF) -> tuple[Any, tuple[str, ...]]:
    path = frame.info.path.parent / f"out{form.suffix}"
    path.unlink(missing_ok=True)
    rgb = np.full((*frame.size, 3), 0.2, np.float32)
    warnings = write_photo(path, rgb, frame, ExportSettings(path.parent, form), "")
    return metadata(path), warnings


def values(data: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for datum in data:
        found.setdefault(datum.key(), []).append(datum.toString())
    return found


@pytest.mark.parametrize("form", PhotoFormat)
@pytest.mark.parametrize("name", ["IMG_1.xmp", "IMG_1.XMP", "IMG_1.dng.xmp"])
def test_a_sidecar_counts_more_than_the_photo(frame: Frame, form: PhotoFormat, name: str) -> None:
    frame.info.path.with_name(name).write_text(LIGHTROOM.format(rating=4), encoding="utf-8")
    frame = decode_photo(frame.info.path)
    image, warnings = written(frame, form)
    assert warnings == ("how it was developed in Adobe Camera Raw stays with the original",)
    xmp, exif, iptc = (values(d) for d in (image.xmpData(), image.exifData(), image.iptcData()))
    assert xmp["Xmp.xmp.Rating"] == ["4"] and exif["Exif.Image.Rating"] == ["4"]
    assert xmp["Xmp.dc.subject"] == ["tower, für später"]
    assert iptc["Iptc.Application2.Keywords"] == ["tower", "für später"]
    assert xmp["Xmp.lr.hierarchicalSubject"] == ["Essen|tower"]
    assert "Zollverein" in xmp["Xmp.dc.title"][0]
    assert exif["Exif.Image.Copyright"] == ["© A. Photographer"]
    assert exif["Exif.GPSInfo.GPSLatitudeRef"] == ["N"]
    assert exif["Exif.GPSInfo.GPSLongitude"] == ["7/1 0/1 42/1"]
    # What only the photo says stays.
    assert "of the camera" in xmp["Xmp.dc.description"][0]
    assert iptc["Iptc.Application2.City"] == ["Essen"]
    assert exif["Exif.Photo.LensModel"] == ["Test 35mm"]
    # It is turned as the sidecar says, where it is not left to the reader.
    turned = form is not PhotoFormat.DNG
    assert exif["Exif.Image.Orientation"] == ["1" if turned else "6"]
    size = [image.pixelHeight(), image.pixelWidth()]
    if turned:
        assert size == [192, 128]
    # The corrected photo is not the one that they speak of.
    assert not any(key.startswith(("Xmp.crs", "Xmp.tiff")) for key in xmp)
    assert "Xmp.photoshop.SidecarForExtension" not in xmp


def test_the_photos_own_sidecar_comes_before_one_that_a_jpeg_may_have(frame: Frame) -> None:
    for name, rating in (("IMG_1.xmp", 2), ("IMG_1.dng.xmp", 5), ("IMG_2.xmp", 3)):
        path = frame.info.path.with_name(name)
        path.write_text(LIGHTROOM.format(rating=rating), encoding="utf-8")
    image, _ = written(frame)
    assert values(image.xmpData())["Xmp.xmp.Rating"] == ["5"]


def test_settings_of_other_programs_are_named(frame: Frame) -> None:
    folder = frame.info.path.parent
    settings = folder / "CaptureOne" / "Settings153" / "IMG_1.dng.cos"
    settings.parent.mkdir(parents=True)
    for path in (settings, folder / "IMG_1.dng.pp3", folder / "IMG_1.DOP", folder / "IMG_2.pp3"):
        path.write_bytes(b"[General]\nRank=3\n")
    _, (warning,) = written(frame)
    assert "IMG_1.dng.pp3 (RawTherapee)" in warning
    assert "IMG_1.DOP (DxO PhotoLab)" in warning
    assert "IMG_1.dng.cos (Capture One)" in warning
    assert "IMG_2" not in warning


def test_a_damaged_sidecar_is_named_and_the_photo_keeps_its_own(frame: Frame) -> None:
    frame.info.path.with_name("IMG_1.xmp").write_bytes(b"\0 not XML")
    image, (warning,) = written(frame)
    assert "IMG_1.xmp could not be read" in warning
    assert values(image.xmpData())["Xmp.dc.subject"] == ["old"]


def test_faces_are_where_they_were_or_are_named(frame: Frame) -> None:
    original = metadata(frame.info.path)
    exiv2.XmpProperties.registerNs("http://www.metadataworkinggroup.com/schemas/regions/", "mwg-rs")
    for key, value in FACES.items():
        original.xmpData()[key] = exiv2.XmpTextValue(value)
    original.writeMetadata()
    image, warnings = written(frame)
    assert warnings == ()
    assert set(FACES) <= set(values(image.xmpData()))
    original = metadata(frame.info.path)
    original.exifData()["Exif.Image.Orientation"] = exiv2.UShortValue(6)
    original.writeMetadata()
    turned = replace(frame, info=replace(frame.info, orientation=6))
    image, (warning,) = written(turned)
    assert "where faces are is not copied" in warning
    assert not set(FACES) & set(values(image.xmpData()))
