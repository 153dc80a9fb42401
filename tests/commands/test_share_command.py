"""What is left out of files that are given away, on the command line."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import exiv2
import pytest

from lenscal.files.psf.profile import ProfilePhoto, read_profile, write_profile

SERIAL = "SN47110815"


@pytest.fixture
def own(lens: Path) -> Path:
    """A profile that says whose it is."""
    photos = (
        ProfilePhoto("IMG_0815.dng", "sharp", "ab" * 32),
        ProfilePhoto("IMG_0816.dng", "degraded", "cd" * 32),
    )
    return write_profile(lens, replace(read_profile(lens), lens_serial=SERIAL, photos=photos))


def everything(path: Path) -> bytes:
    with zipfile.ZipFile(path) as archive:
        return b"".join(archive.read(name) for name in archive.namelist())


def test_share(run: Any, own: Path, tmp_path: Path) -> None:
    out, before = tmp_path / "shared.lenscal", own.read_bytes()
    code, text, _ = run("share", own, "--out", out)
    assert code == 0 and "without serial numbers" in text
    assert SERIAL.encode() in everything(own)
    for secret in (SERIAL, "IMG_081", "abab", "cdcd"):
        assert secret.encode() not in everything(out)
    assert own.read_bytes() == before
    code, text, _ = run("info", out)
    assert code == 0 and "1 sharp and 1 degraded photos" in text
    code, text, _ = run("share", own, "--out", out, "--json")
    assert code == 0 and json.loads(text) == {"written": [str(out)]}


@pytest.mark.parametrize("link", [False, True])
def test_the_profile_itself_is_not_replaced_by_its_copy(
    run: Any, own: Path, tmp_path: Path, link: bool
) -> None:
    before, out = own.read_bytes(), own
    if link:
        out = tmp_path / "link.lenscal"
        out.symlink_to(own)
    code, _, err = run("share", own, "--out", out)
    assert code == 2 and "choose another name" in err
    assert own.read_bytes() == before


def test_share_needs_a_profile(run: Any, own: Path, tmp_path: Path) -> None:
    assert run("export-psf", own, "--out", tmp_path / "psf", "--format", "npz")[0] == 0
    code, _, err = run("share", tmp_path / "psf" / "psf.npz", "--out", tmp_path / "x.lenscal")
    assert code == 2 and "psf.npz" in err and not (tmp_path / "x.lenscal").exists()


@pytest.mark.parametrize("private", [False, True])
def test_calibrate(run: Any, folders: Any, engine: Any, tmp_path: Path, private: bool) -> None:
    out = tmp_path / "out.lenscal"
    code, _, _ = run("calibrate", *folders, "--out", out, *["--private"] * private)
    assert code == 0
    profile = read_profile(out)
    assert len(profile.photos) == 4 and all(p.sha256 == "" for p in profile.photos) == private
    assert (b"s0.dng" in everything(out)) is not private


@pytest.mark.parametrize("name", ["report.html", "report.pdf"])
def test_report(run: Any, own: Path, tmp_path: Path, name: str, qapp: Any) -> None:
    from lenscal.gui.drawing import pdf

    drawn: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        write_pdf = pdf.write_pdf

        def noted(document: Any, path: Path) -> Path:
            drawn.append(document.text)
            return write_pdf(document, path)

        patch.setattr(pdf, "write_pdf", noted)
        told = []
        for private in (False, True):
            out = tmp_path / f"{private} {name}"
            assert run("report", own, "--out", out, *["--private"] * private)[0] == 0
            assert SERIAL.encode() not in out.read_bytes() or not private
            told.append(out.read_text() if name.endswith("html") else drawn[-1])
    assert SERIAL in told[0] and "IMG_0815" in told[0]
    assert SERIAL not in told[1] and "IMG_081" not in told[1]


def test_correct(run: Any, own: Path, make_dng: Any, tmp_path: Path) -> None:
    photo = make_dng(tmp_path / "in" / "IMG_0815.dng")
    image = exiv2.ImageFactory.open(str(photo))
    image.readMetadata()
    image.exifData()["Exif.Photo.BodySerialNumber"] = SERIAL
    image.exifData()["Exif.GPSInfo.GPSLatitudeRef"] = "N"
    image.writeMetadata()
    found = {}
    for private in (False, True):
        out = tmp_path / f"out {private}"
        code, _, _ = run("correct", own, photo, "--out", out, *["--private"] * private)
        assert code == 0
        (written,) = out.iterdir()
        image = exiv2.ImageFactory.open(str(written))
        image.readMetadata()
        found[private] = {datum.key() for datum in image.exifData()}
        assert (SERIAL.encode() in written.read_bytes()) is not private
    lost = found[False] - found[True]
    assert {"Exif.Photo.BodySerialNumber", "Exif.GPSInfo.GPSLatitudeRef"} <= lost
    assert "Exif.Photo.FNumber" in found[True]
