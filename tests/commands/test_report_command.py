"""lenscal report, called as a user calls it."""

import errno
import json
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
