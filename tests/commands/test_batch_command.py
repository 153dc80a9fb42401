"""lenscal batch, called as a user calls it; only the training is left out."""

import csv
import json
import signal
import sys
from pathlib import Path

import pytest
from filelock import FileLock

from lenscal.errors import LenscalError
from lenscal.files.psf.profile import read_profile
from lenscal.laboratory.results import WORK_FOLDER
from lenscal.system import display


@pytest.fixture
def manifest(tmp_path, folders, make_dng):
    for n in range(2):
        make_dng(tmp_path / "wide" / f"w{n}.dng", seed=20 + n, f_number=2.8)
    path = tmp_path / "lenses.toml"
    path.write_text(
        '[settings]\nquality = "quick"\ngrid = "2x2"\n'
        '[[lens]]\nname = "Test 35mm"\ncopy = "A"\nsharp = "sharp"\ndegraded = "degraded"\n'
        '[[lens]]\nname = "Test 35mm"\ncopy = "B"\nsharp = "sharp"\n'
        'degraded = ["degraded", "wide"]\n'
    )
    return path


def table(out):
    with (out / "summary.csv").open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def statuses(out):
    return [row["status"] for row in table(out) if row["row"] == "calibration"]


def test_a_manifest_becomes_profiles_reports_psf_files_and_a_table(run, tmp_path, manifest, engine):
    out = tmp_path / "out"
    code, said, err = run("batch", manifest, "--out", out, "--json")
    assert code == 0, err
    told = json.loads(said)
    assert [row["status"] for row in told["calibrations"]] == ["done"] * 3
    for name in ("Test-35mm_A_degraded", "Test-35mm_B_degraded", "Test-35mm_B_wide"):
        assert read_profile(out / name / f"{name}.lenscal").psf.shape == (2, 2)
        assert b"<title>Lens report: " in (out / name / f"{name}.html").read_bytes()
        assert (out / name / "psf_G.fits").is_file()
    rows = table(out)
    assert [row["aperture"] for row in rows] == ["1.8", "1.8", "2.8", "1.8", "1.8"]
    assert [row["row"] for row in rows[3:]] == ["mean of copies", "standard deviation of copies"]
    # A delta's contrast never falls to a half, in neither copy.
    assert {row["mtf50_centre"] for row in rows[:4]} == {"0.5"} and rows[4]["mtf50_centre"] == "0"
    assert float(rows[0]["seconds"]) == 1.5 and "torch" in rows[0]["versions"]
    page = (out / "summary.html").read_text()
    assert 'href="Test-35mm_B_wide/Test-35mm_B_wide.html"' in page and "3 done" in page
    assert "From copy to copy" in page and "2 copies over the field" in page
    (over_field,) = told["over_field"]
    assert over_field["copies"] == ["A", "B"] and over_field["mtf50_mean"] == [[0.5] * 2] * 2
    assert told["summary"][2] == str(out / "spread.csv")
    assert len((out / "spread.csv").read_text().splitlines()) == 5
    percents = [int(line[:3]) for line in err.splitlines() if line[3:4] == "%"]
    assert percents == sorted(percents)


def test_what_is_done_and_unchanged_is_skipped(run, tmp_path, manifest, engine, make_dng):
    out = tmp_path / "out"
    run("batch", manifest, "--out", out)
    first = (out / "Test-35mm_B_wide" / "record.json").read_bytes()
    note = out / "Test-35mm_A_degraded" / "my notes.txt"
    note.write_text("mine")
    engine.at_step = lambda step: pytest.fail("calibrated again")
    code, _, err = run("batch", manifest, "--out", out)
    assert (code, statuses(out)) == (0, ["unchanged"] * 3), err
    # A photo of another content, under the same name.
    engine.at_step = lambda step: None
    make_dng(tmp_path / "degraded" / "d1.dng", seed=99)
    assert run("batch", manifest, "--out", out)[0] == 0
    assert statuses(out) == ["done", "done", "unchanged"]
    assert (out / "Test-35mm_B_wide" / "record.json").read_bytes() == first
    assert note.read_text() == "mine"
    # A damaged result, and another setting.
    (out / "Test-35mm_B_wide" / "psf_G.fits").write_bytes(b"")
    assert run("batch", manifest, "--out", out)[0] == 0
    assert statuses(out) == ["unchanged", "unchanged", "done"]
    manifest.write_text(manifest.read_text().replace("2x2", "2x3"))
    assert run("batch", manifest, "--out", out)[0] == 0
    assert statuses(out) == ["done"] * 3
    assert run("batch", manifest, "--out", out, "--again")[0] == 0
    assert statuses(out) == ["done"] * 3


def test_one_that_fails_does_not_stop_the_rest(run, tmp_path, manifest, engine):
    out, calls = tmp_path / "out", []

    def second_fails(step):
        calls.append(step)
        if len(calls) == 6:
            raise LenscalError("=the light went out")
        if len(calls) == 7:
            raise ZeroDivisionError("oh")

    engine.at_step = second_fails
    code, said, err = run("batch", manifest, "--out", out)
    assert code == 1
    assert statuses(out) == ["done", "failed", "failed"]
    last = err.splitlines()[-2:]
    assert last[0] == "failed: line 9: Test 35mm, B, degraded: =the light went out"
    assert "unexpected: ZeroDivisionError" in last[1]
    assert "1 done, 2 failed" in said
    # No spreadsheet takes it for a formula.
    assert table(out)[1]["problem"] == "'=the light went out"
    engine.at_step = lambda step: None
    assert run("batch", manifest, "--out", out)[0] == 0
    assert statuses(out) == ["unchanged", "done", "done"]


def test_ctrl_c_keeps_what_is_done_and_the_next_run_goes_on(run, tmp_path, manifest, engine):
    out, calls = tmp_path / "out", []

    def interrupt(step):
        calls.append(step)
        if len(calls) == 8:
            signal.raise_signal(signal.SIGINT)

    engine.at_step = interrupt
    code, _, err = run("batch", manifest, "--out", out)
    assert code == 130
    assert "the same command goes on where it was" in err
    assert statuses(out) == ["done", "waiting", "waiting"]
    engine.at_step = lambda step: engine.resumed_from and resumed.append(engine.resumed_from[0])
    resumed = []
    assert run("batch", manifest, "--out", out)[0] == 0
    assert statuses(out) == ["unchanged", "done", "done"]
    assert resumed[0] == {"step": 2}
    assert not list((out / WORK_FOLDER).glob("*.checkpoint"))


def test_a_damaged_checkpoint_costs_what_it_held(run, tmp_path, manifest, engine):
    out, calls = tmp_path / "out", []
    engine.at_step = lambda step: (
        calls.append(step) or (len(calls) == 3 and signal.raise_signal(signal.SIGINT))
    )
    run("batch", manifest, "--out", out)
    (checkpoint,) = (out / WORK_FOLDER).glob("*.checkpoint")
    checkpoint.write_bytes(b"junk")
    engine.at_step = lambda step: None
    code, _, err = run("batch", manifest, "--out", out)
    assert (code, statuses(out)) == (0, ["done"] * 3), err


def test_two_batches_do_not_work_in_one_folder(run, tmp_path, manifest, engine):
    out, seen = tmp_path / "out", []

    def meanwhile(step):
        if not seen:
            seen.append(run("batch", manifest, "--out", out))

    engine.at_step = meanwhile
    assert run("batch", manifest, "--out", out)[0] == 0
    code, _, err = seen[0]
    assert code == 2 and "another lenscal batch works in it" in err
    # Another computer's, which has no claim in this one's cache.
    with FileLock(out / WORK_FOLDER / "lock"):
        code, _, err = run("batch", manifest, "--out", out)
    assert code == 2 and "another lenscal batch works in it" in err


def test_what_others_have_written_stays(run, tmp_path, manifest, engine):
    engine.at_step = lambda step: pytest.fail("the work has started")
    out = tmp_path / "out"
    theirs = out / "Test-35mm_A_degraded" / "thesis.tex"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine")
    code, _, err = run("batch", manifest, "--out", out)
    assert code == 2 and "no result of lenscal batch" in err
    assert theirs.read_text() == "mine"
    (other := tmp_path / "other").mkdir()
    (other / "summary.csv").write_text("my sums")
    assert run("batch", manifest, "--out", other)[0] == 2
    assert (other / "summary.csv").read_text() == "my sums"


def test_wrong_use_is_2_before_any_work(run, tmp_path, manifest, engine):
    engine.at_step = lambda step: pytest.fail("the work has started")
    out = tmp_path / "out"
    manifest.write_text(manifest.read_text().replace("quality =", "qualiti ="))
    code, said, err = run("batch", manifest, "--out", out)
    assert (code, said) == (2, "")
    assert f"{manifest}, line 2, key qualiti: there is no such key: is quality meant?" in err
    assert not out.exists()
    manifest.write_text(manifest.read_text().replace("qualiti =", "quality ="))
    assert run("batch", manifest, "--out", out, "--workers", 0)[0] == 2
    assert run("batch", manifest, "--out", tmp_path / "no" / "out")[0] == 2
    assert run("batch", tmp_path / "none.toml", "--out", out)[0] == 2


def test_reports_as_pdf_are_of_the_results_that_lie_there(
    run, tmp_path, folders, engine, make_dng, qapp
):
    manifest, out = tmp_path / "lens.csv", tmp_path / "out"
    manifest.write_text("name,sharp,degraded,quality,grid\nTest,sharp,degraded,quick,2x2\n")
    assert run("batch", manifest, "--out", out)[0] == 0
    assert not list(out.rglob("*.pdf"))
    # Also of what was done before, and only once.
    code, said, err = run("batch", manifest, "--out", out, "--pdf", "--json")
    assert code == 0, err
    (path,) = out.rglob("*.pdf")
    assert json.loads(said)["pdf"] == [str(path)] and path.read_bytes().startswith(b"%PDF")
    first = path.stat().st_mtime_ns
    assert run("batch", manifest, "--out", out, "--pdf")[0] == 0
    assert path.stat().st_mtime_ns == first
    # Results that are replaced leave no report of the former ones.
    make_dng(tmp_path / "degraded" / "d1.dng", seed=98)
    assert run("batch", manifest, "--out", out, "--pdf")[0] == 0
    assert path.stat().st_mtime_ns > first


def test_a_report_of_former_results_goes_and_what_is_the_users_own_stays(
    run, tmp_path, folders, engine, make_dng, qapp
):
    manifest, out = tmp_path / "lens.csv", tmp_path / "out"
    manifest.write_text("name,sharp,degraded,quality,grid\nTest,sharp,degraded,quick,2x2\n")
    assert run("batch", manifest, "--out", out, "--pdf")[0] == 0
    (path,) = out.rglob("*.pdf")
    make_dng(tmp_path / "degraded" / "d1.dng", seed=98)
    assert run("batch", manifest, "--out", out)[0] == 0
    assert not path.exists()
    path.write_text("my own thesis")
    for again in ([], ["--again"]):
        code, _, err = run("batch", manifest, "--out", out, "--pdf", *again)
        assert (code, path.read_text()) == (2, "my own thesis") and "lenscal's own" in err
    assert run("batch", manifest, "--out", out, "--again")[0] == 0
    assert path.read_text() == "my own thesis"
    path.unlink()
    path.mkdir()
    code, _, err = run("batch", manifest, "--out", out, "--pdf")
    assert code == 2 and f"{path} is no plain file" in err


def test_a_report_that_fails_stops_no_other_and_is_told(
    run, tmp_path, manifest, engine, monkeypatch, qapp
):
    from lenscal.gui.drawing import pdf

    write_pdf, out = pdf.write_pdf, tmp_path / "out"

    def fails_once(document, path):
        if path.name.startswith("Test-35mm_B_d"):
            raise RuntimeError("the printer burns")
        return write_pdf(document, path)

    monkeypatch.setattr(pdf, "write_pdf", fails_once)
    code, said, err = run("batch", manifest, "--out", out, "--pdf", "--json")
    assert code == 1 and statuses(out) == ["done"] * 3, err
    told = json.loads(said)
    assert len(told["pdf"]) == 2 and all(Path(path).is_file() for path in told["pdf"])
    for rows in (table(out), told["calibrations"]):
        problems = [row["problem"] for row in rows if row["row"] == "calibration"]
        assert [bool(problem) for problem in problems] == [False, True, False]
        assert "the printer burns" in problems[1]
    assert "the printer burns" in (out / "summary.html").read_text()
    assert "the printer burns" in err


@pytest.mark.parametrize("command", ["batch", "report"])
def test_without_qt_pdf_files_are_refused_before_any_work(
    run, tmp_path, manifest, lens, engine, monkeypatch, command
):
    engine.at_step = lambda step: pytest.fail("the work has started")
    # What an import gives on a system without its library.
    monkeypatch.setitem(sys.modules, "PySide6.QtGui", None)
    monkeypatch.setattr(display, "missing_libraries", lambda x11: ("libEGL.so.1",))
    out = tmp_path / "out.pdf"
    words = ["report", lens] if command == "report" else ["batch", manifest, "--pdf"]
    code, _, err = run(*words, "--out", out)
    assert code == 2 and not out.exists(), err
    if sys.platform.startswith("linux"):
        assert "libEGL.so.1" in err and "apt-get install libegl1" in err
