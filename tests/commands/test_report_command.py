"""lenscal report, called as a user calls it."""

import errno
import json
import re
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pytest

from lenscal.files.lens_model import LAYOUT, LensModel
from lenscal.files.psf.profile import Profile, write_profile
from lenscal.files.psf.psf_fits import write_fits
from lenscal.optics.psf_grid import delta_grid


def test_html_of_a_profile_and_of_psf_files(run, tmp_path, lens):
    out = tmp_path / "report.html"
    code, text, err = run("report", lens, "--out", out, "--json")
    assert code == 0, err
    assert json.loads(text) == {"written": [str(out)], "notes": []}
    assert "Test 35mm" in out.read_text()
    write_fits(delta_grid((2, 2), 5, (128, 192)), tmp_path / "psf")
    assert run("report", tmp_path / "psf", "--out", tmp_path / "grid.html")[0] == 0


def test_pdf(run, tmp_path, lens, qapp):
    out = tmp_path / "report.pdf"
    code, _, err = run("report", lens, "--out", out)
    assert code == 0, err
    content = out.read_bytes()
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page\n") >= 2
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix == ".pdf") == ["report.pdf"]


def test_a_photo_is_shown_before_and_after_in_both_forms(run, tmp_path, lens, make_dng, qapp):
    photo = make_dng(tmp_path / "a.dng", size=(128, 192))
    page, pdf = tmp_path / "report.html", tmp_path / "report.pdf"
    plain = tmp_path / "plain.pdf"
    assert run("report", lens, "--out", plain)[0] == 0
    for out in (page, pdf):
        code, _, err = run("report", lens, "--out", out, "--photo", photo)
        assert code == 0, err
    assert "Before and after, at 100 %" in page.read_text()
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page.read_text())
    # The kernels, and two places before and after.
    assert len(pictures) == 5
    assert pdf.read_bytes().count(b"/Subtype /Image") > plain.read_bytes().count(b"/Subtype /Image")


def test_crops_are_of_a_photo_that_the_profile_is_for(run, tmp_path, lens, make_dng):
    foreign = make_dng(tmp_path / "a.dng", lens="Other 50mm")
    out = tmp_path / "report.html"
    code, _, err = run("report", lens, "--out", out, "--photo", foreign)
    assert code == 2 and "Other 50mm" in err
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "is a folder"),
        ("folder", "is a folder"),
        ("nothing.dng", "no such file: name a RAW photo"),
        ("notes.txt", "is no photo: name a RAW photo (.CR3"),
        ("bad.dng", "damaged"),
    ],
)
def test_what_is_no_photo_is_2_and_told(run, tmp_path, monkeypatch, lens, name, said):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for file in ("notes.txt", "bad.dng"):
        (tmp_path / file).write_text("hello")
    photo = tmp_path / name if name else ""
    code, _, err = run("report", lens, "--out", "report.html", "--photo", photo)
    assert (code, said in err) == (2, True), err
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("words", [["--method", "network"], ["--exposure", "nan"]])
def test_what_is_said_of_a_photo_needs_one(run, tmp_path, make_dng, lens, words):
    out = tmp_path / "report.html"
    code, _, err = run("report", lens, "--out", out, *words)
    assert code == 2 and f"{words[0]} is for the pictures of --photo" in err
    # A profile without a network, and no number: told before the photo is read.
    code, _, err = run(
        "report", lens, "--out", out, *words, "--photo", make_dng(tmp_path / "a.dng")
    )
    assert code == 2 and words[0] in err and "Reading" not in err
    assert not out.exists()


def test_a_corrected_photo_is_2_and_its_original_asked_for(run, tmp_path, make_dng, lens):
    photo = make_dng(tmp_path / "a.dng")
    assert run("correct", lens, photo, "--out", tmp_path / "out", "--format", "dng")[0] == 0
    (corrected,) = (tmp_path / "out").iterdir()
    out = tmp_path / "report.html"
    code, _, err = run("report", lens, "--out", out, "--photo", corrected)
    assert code == 2 and "corrected it already" in err
    assert "choose an uncorrected photo of this lens" in err
    assert not out.exists()


def test_it_says_how_the_photo_was_corrected(run, tmp_path, make_dng):
    grid = replace(
        delta_grid((2, 2), 5, (128, 192)), confidence=np.full((2, 2, 3), 0.8, np.float32)
    )
    lens = Profile(
        grid,
        camera="Lenscal Test",
        lens="Test 35mm",
        focal_mm=35.0,
        aperture_degraded=1.8,
        aperture_sharp=8.0,
        lens_model=LensModel(LAYOUT, (0.0,) * 428, 1.8, 5, 4.3, (1.8,), 0.05),
    )
    write_profile(tmp_path / "lens.lenscal", lens)
    told = {}
    for f_number in (1.8, 4.0):
        photo = make_dng(tmp_path / f"{f_number}.dng", f_number=f_number, camera_serial="6012345")
        out = tmp_path / f"{f_number}.html"
        code, said, err = run(
            "report", tmp_path / "lens.lenscal", "--out", out, "--photo", photo, "--json"
        )
        assert code == 0, err
        how = told[f_number] = json.loads(said)["notes"][0]
        assert escape(how) in out.read_text()
        assert photo.name not in out.read_text() and "6012345" not in out.read_text()
    start = "method wiener, amount 1, denoise 0.5, PSF of Test 35mm, kernels "
    assert f"at f/1.8: {start}photographed at f/1.8." in told[1.8]
    assert f"at f/4: {start}predicted for f/4 from those of f/1.8 (" in told[4.0]


def test_crops_follow_the_method_and_the_exposure(run, tmp_path, make_dng, lens):
    """The kernels are no blur: only noise is taken away, and only where that is asked for."""
    photo = make_dng(tmp_path / "a.dng")
    pages, told = [], []
    for words in (["--method", "none"], ["--method", "none", "--exposure", "1"], []):
        out = tmp_path / f"{len(pages)}.html"
        assert run("report", lens, "--out", out, "--photo", photo, *words)[0] == 0
        pages.append(re.findall(r'src="data:image/png;base64,([^"]+)"', out.read_text()))
        told.append(out.read_text().split("Before and after")[1])
    plain, bright, wiener = pages
    assert "nothing is corrected" in told[0] and "exposure" not in told[0]
    assert "exposure +1 EV" in told[1] and "method wiener" in told[2]
    assert plain[1] == plain[2] and bright[1] == bright[2] != plain[1]
    assert wiener[1] == plain[1] != wiener[2]


def test_a_full_disk_leaves_no_half_written_pdf(run, tmp_path, lens, qapp, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    before = sorted(tmp_path.iterdir())
    code, _, err = run("report", lens, "--out", tmp_path / "report.pdf")
    assert code == 1
    assert "No space left on device" in err
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("out", "message"), [("report.txt", ".html or .pdf"), ("no/report.html", "there is no folder")]
)
def test_wrong_places_are_2(run, tmp_path, lens, out, message):
    code, _, err = run("report", lens, "--out", tmp_path / out)
    assert code == 2
    assert message in err
