"""lenscal report, called as a user calls it."""

import errno
import json
import re
from pathlib import Path

import pytest

from lenscal.files.psf.psf_fits import write_fits
from lenscal.optics.psf_grid import delta_grid


def test_html_of_a_profile_and_of_psf_files(run, tmp_path, lens):
    out = tmp_path / "report.html"
    code, text, err = run("report", lens, "--out", out, "--json")
    assert code == 0, err
    assert json.loads(text) == {"written": [str(out)]}
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


def test_crops_follow_the_method_and_the_exposure(run, tmp_path, make_dng, lens):
    """The kernels are no blur: only noise is taken away, and only where that is asked for."""
    photo = make_dng(tmp_path / "a.dng")
    pages = []
    for words in (["--method", "none"], ["--method", "none", "--exposure", "1"], []):
        out = tmp_path / f"{len(pages)}.html"
        assert run("report", lens, "--out", out, "--photo", photo, *words)[0] == 0
        pages.append(re.findall(r'src="data:image/png;base64,([^"]+)"', out.read_text()))
    plain, bright, wiener = pages
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
