"""Serial numbers, names of photos, hashes and places leave only where the user wants it."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import cv2
import exiv2
import numpy as np
import pytest

from lenscal.files.photos.export_settings import ExportSettings, PhotoFormat
from lenscal.files.photos.photo_files import write_photo
from lenscal.files.psf.profile import Profile, ProfilePhoto, read_profile, write_profile
from lenscal.files.psf.psf_export import export_psf
from lenscal.files.psf.sharing import without_identity
from lenscal.files.report.content import lens_report, write_report
from lenscal.optics.psf_grid import delta_grid
from lenscal.raw.decode import decode_photo

SERIAL, LENS_SERIAL = "SN47110815", "LX-0000-1234"
PHOTO, SECOND, REJECTED = "IMG_0815.dng", "Anna's birthday.CR3", "blurred one"
HASHES = ("ab" * 32, "cd" * 32, "ef" * 32)
SECRETS = (SERIAL, LENS_SERIAL, PHOTO, "IMG_0815", SECOND, REJECTED, *HASHES, "notes for Anna")
WARNINGS = (
    f"sharp photo left out: {PHOTO}: most of it is clipped",
    "2 degraded photos, like Anna's birthday.CR3: its NoiseProfile is not believed",
    "degraded photos: notes for Anna and 3 more are no photos: left out",
    "sharp photos: the folder /home/anna/f5.6 cannot be read",
    "the corner has little texture (3 of 8 photos at f/1.8, e.g. sky)",
)
HARMLESS = WARNINGS[-1]


@pytest.fixture
def profile() -> Profile:
    return Profile(
        delta_grid((2, 3), 5, (128, 192)),
        camera="Lenscal Test",
        camera_serial=SERIAL,
        lens="Test 35mm f/1.8",
        lens_serial=LENS_SERIAL,
        focal_mm=35.0,
        aperture_sharp=5.6,
        aperture_degraded=1.8,
        settings={"quality": "quick", "grid": [2, 3], "folder": f"/photos/{PHOTO}"},
        created="2026-11-30T12:00:00+00:00",
        photos=(
            ProfilePhoto(PHOTO, "sharp", HASHES[0]),
            ProfilePhoto(SECOND, "degraded", HASHES[1]),
            ProfilePhoto(REJECTED, "degraded", HASHES[2], False, f"a copy of {PHOTO}: once"),
            ProfilePhoto("1.dng", "degraded", "", False, "it is blurred"),
        ),
        vignetting=("lensfun: Test 35mm", f"of {PHOTO}"),
        warnings=WARNINGS,
        curves={"flow loss": [(0, 1.0), (1, 0.5)]},
        seconds=815.0,
    )


def contents(path: Path) -> Iterator[bytes]:
    """All bytes of a file, and what is packed in it."""
    content = path.read_bytes()
    yield content
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                inner = archive.read(name)
                yield from (name.encode(), inner)
                if zipfile.is_zipfile(io.BytesIO(inner)):
                    with zipfile.ZipFile(io.BytesIO(inner)) as arrays:
                        yield from (arrays.read(entry) for entry in arrays.namelist())
    yield from unpacked(content)


def unpacked(content: bytes) -> Iterator[bytes]:
    """Whatever in it is packed by zlib: texts of PNG, streams of PDF."""
    for at in range(len(content) - 1):
        if content[at] == 0x78 and content[at + 1] in (0x01, 0x5E, 0x9C, 0xDA):
            try:
                text = zlib.decompressobj().decompress(content[at:])
            except zlib.error:
                continue
            yield text
            # exiv2 writes metadata into PNG as hexadecimal digits.
            yield _from_hex(text)


def _from_hex(text: bytes) -> bytes:
    try:
        return bytes.fromhex("".join(text.decode("ascii").split("\n")[3:]))
    except ValueError:
        return b""


def told(path: Path, secrets: tuple[str, ...] = SECRETS) -> set[str]:
    """Those of the secrets that a file tells."""
    found = set()
    for content in contents(path):
        for secret in secrets:
            forms = (secret.encode(), secret.encode("utf-16-le"), secret.encode("utf-16-be"))
            if any(form in content for form in forms):
                found.add(secret)
    return found


def test_a_profile_tells_all_and_its_shared_copy_nothing(profile: Profile, tmp_path: Path) -> None:
    full = write_profile(tmp_path / "full.lenscal", profile)
    shared = write_profile(tmp_path / "shared.lenscal", without_identity(profile))
    assert told(full) == set(SECRETS)
    assert not told(shared) and not told(shared, ("home/anna", "1.dng"))


def test_a_shared_copy_is_still_good_for_correction(profile: Profile, tmp_path: Path) -> None:
    path = write_profile(tmp_path / "shared.lenscal", without_identity(profile))
    shared = read_profile(path)
    changed = {"camera_serial", "lens_serial", "photos", "warnings", "vignetting", "settings"}
    for field in fields(Profile):
        if field.name not in changed | {"psf", "curves"}:
            assert getattr(shared, field.name) == getattr(profile, field.name), field.name
    assert np.array_equal(shared.psf.kernels, profile.psf.kernels)
    assert shared.settings == {"quality": "quick", "grid": [2, 3]}
    assert shared.warnings == (HARMLESS,) and shared.vignetting == ("lensfun: Test 35mm",)
    # How many there were, and what became of them, says how good it is.
    assert [(p.name, p.role, p.used, p.verdict) for p in shared.photos] == [
        ("sharp 1", "sharp", True, ""),
        ("degraded 1", "degraded", True, ""),
        ("degraded 2", "degraded", False, ""),
        ("degraded 3", "degraded", False, "it is blurred"),
    ]
    once_more = write_profile(tmp_path / "again.lenscal", without_identity(shared))
    assert once_more.read_bytes() == path.read_bytes()


def test_psf_files_never_tell(profile: Profile, tmp_path: Path) -> None:
    written = export_psf(profile.psf, tmp_path, "all", profile.provenance)
    assert len(written) == 6 and not any(told(path) for path in written)


def test_reports(profile: Profile, tmp_path: Path) -> None:
    full = write_report(lens_report(profile, "lens"), tmp_path / "full.html")
    private = write_report(
        lens_report(without_identity(profile), "lens"), tmp_path / "private.html"
    )
    # A report has no hashes of photos, and no settings of strangers.
    assert told(full) >= {SERIAL, LENS_SERIAL, "IMG_0815", REJECTED}
    assert not told(private)
    # A PDF is drawn from the same parts, as glyphs that cannot be searched for.
    text = lens_report(without_identity(profile), "").text
    assert not any(secret in text for secret in SECRETS)


LATITUDE = [(51, 1), (27, 1), (3012, 100)]
PLACES = ("GPS", "GPano", "51,27.502", "Essen-Katernberg", "Zollverein-Street", "+05:45")
DEVICES = (SERIAL, LENS_SERIAL, "MAKERS-OWN-SN-9", "annas-laptop", "Anna's camera")
FILES = ("IMG_0815", "xmp.did:0123456789", "0123456789ABCDEF", "IMG_0814")
XMP = {
    "Xmp.exif.GPSLatitude": "51,27.502N",
    "Xmp.aux.SerialNumber": SERIAL,
    "Xmp.aux.LensSerialNumber": LENS_SERIAL,
    "Xmp.exifEX.BodySerialNumber": SERIAL,
    "Xmp.MicrosoftPhoto.CameraSerialNumber": SERIAL,
    "Xmp.xmpMM.DocumentID": "xmp.did:0123456789",
    "Xmp.xmpMM.PreservedFileName": "IMG_0815.CR3",
    "Xmp.dc.source": "IMG_0814.CR3",
    "Xmp.GPano.PoseHeadingDegrees": "51",
    "Xmp.photoshop.City": "Essen-Katernberg",
    "Xmp.iptc.Location": "Zollverein-Street",
    "Xmp.dc.subject": "tower",
    "Xmp.xmp.Rating": "4",
    "Xmp.xmpRights.Marked": "True",
}
EXIF = {
    "Exif.Image.Artist": "A. Photographer",
    "Exif.Image.Copyright": "(c) A. Photographer",
    "Exif.Image.ImageDescription": "a tower",
    "Exif.Image.DocumentName": "IMG_0815.CR3",
    "Exif.Image.HostComputer": "annas-laptop",
    "Exif.Photo.BodySerialNumber": SERIAL,
    "Exif.Photo.LensSerialNumber": LENS_SERIAL,
    "Exif.Photo.CameraOwnerName": "Anna's camera",
    "Exif.Photo.ImageUniqueID": "0123456789ABCDEF",
    "Exif.Photo.OffsetTimeOriginal": "+05:45",
}


def describe(path: Path) -> None:
    """Put into a photo what cameras and programs put into it."""
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    exif = image.exifData()
    for key, value in EXIF.items():
        exif[key] = value
    note = exiv2.DataValue(exiv2.TypeId.undefined)
    note.read(b"MAKERS-OWN-SN-9 and more")
    exif["Exif.Photo.MakerNote"] = note
    exif["Exif.GPSInfo.GPSLatitudeRef"] = "N"
    exif["Exif.GPSInfo.GPSLatitude"] = exiv2.URationalValue(LATITUDE)
    for key, value in XMP.items():
        image.xmpData()[key] = value
    image.iptcData()["Iptc.Application2.City"] = "Essen-Katernberg"
    image.iptcData()["Iptc.Application2.Keywords"] = "tower"
    image.writeMetadata()


def metadata(path: Path) -> dict[str, str]:
    image = exiv2.ImageFactory.open(str(path))
    image.readMetadata()
    return {
        datum.key(): datum.toString()
        for data in (image.exifData(), image.xmpData(), image.iptcData())
        for datum in data
    }


@pytest.fixture
def sources(tmp_path: Path, make_dng: Callable[..., Path]) -> dict[str, Path]:
    """A RAW photo and pictures that say where, by whom and with what they were taken."""
    found = {"dng": make_dng(tmp_path / "raw" / "IMG_0815.dng")}
    pixels = np.random.default_rng(0).integers(0, 255, (64, 96, 3)).astype(np.uint8)
    for suffix in ("jpg", "png", "tif"):
        found[suffix] = tmp_path / suffix / f"IMG_0815.{suffix}"
        found[suffix].parent.mkdir()
        cv2.imwrite(str(found[suffix]), pixels)
    for path in found.values():
        describe(path)
    return found


CASES = [
    *[("dng", ExportSettings(Path(), form)) for form in PhotoFormat],
    *[(suffix, ExportSettings(Path())) for suffix in ("jpg", "png", "tif")],
]


@pytest.mark.parametrize(
    ("kind", "export"), CASES, ids=[f"{kind}-{export.format}" for kind, export in CASES]
)
def test_photos(
    sources: dict[str, Path], tmp_path: Path, kind: str, export: ExportSettings
) -> None:
    frame = decode_photo(sources[kind])
    suffix = export.format.suffix if kind == "dng" else f".{kind}"
    rgb = np.full((*frame.size, 3), 0.2, np.float32)
    found: dict[bool, Any] = {}
    for private in (False, True):
        path = tmp_path / f"{'private' if private else 'full'}{suffix}"
        write_photo(path, rgb, frame, replace(export, private=private), "method wiener")
        found[private] = metadata(path), path
    (full, full_path), (private_values, private_path) = found[False], found[True]
    # As users expect of a corrected photo: all of it is there.
    assert full["Exif.Photo.BodySerialNumber"] == SERIAL and "Exif.GPSInfo.GPSLatitude" in full
    assert told(full_path, (SERIAL, "GPS"))
    secrets = (*PLACES, *DEVICES, *FILES)
    assert not told(private_path, secrets)
    assert not any(secret in value for value in private_values.values() for secret in secrets)
    assert not any("GPS" in key or "Serial" in key for key in private_values)
    degrees = [struct.pack(f"{order}6I", *sum(LATITUDE, ())) for order in "<>"]
    assert not any(packed in content for content in contents(private_path) for packed in degrees)
    # What is the photographer's own word, and what the photo is of.
    assert private_values["Exif.Image.Artist"] == "A. Photographer"
    assert private_values["Exif.Image.ImageDescription"] == "a tower"
    assert private_values["Xmp.dc.subject"] == "tower"
    assert private_values["Xmp.xmp.Rating"] == "4"
    assert private_values["Iptc.Application2.Keywords"] == "tower"
    assert "lenscal" in private_values["Exif.Image.Software"]
    if kind == "dng":
        assert private_values["Exif.Photo.FNumber"] == full["Exif.Photo.FNumber"]
        assert private_values["Exif.Photo.LensModel"] == full["Exif.Photo.LensModel"]


def test_a_sidecar_says_no_more_than_the_photo(sources: dict[str, Path], tmp_path: Path) -> None:
    sources["dng"].with_suffix(".xmp").write_text(
        """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:drone="http://example.com/drone/1.0/"
 exif:GPSLatitude="51,27.502N" drone:RelativePlace="Essen-Katernberg" xmp:Label="Red"/>
</rdf:RDF></x:xmpmeta>"""
    )
    frame = decode_photo(sources["dng"])
    path = tmp_path / "out.tif"
    rgb = np.full((*frame.size, 3), 0.2, np.float32)
    write_photo(path, rgb, frame, ExportSettings(tmp_path, private=True), "")
    assert metadata(path)["Xmp.xmp.Label"] == "Red"
    assert not told(path, (*PLACES, *DEVICES, *FILES))
