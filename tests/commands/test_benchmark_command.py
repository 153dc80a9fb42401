"""lenscal benchmark, called as a user calls it."""

import json
import re
from pathlib import Path

import pytest

from lenscal.benchmark import accuracy
from lenscal.benchmark.cases import ISOS, Case, Photos, Scenes, render_photos
from lenscal.benchmark.markdown import BEGIN, END, check_markers, write_tables
from lenscal.errors import InputError
from lenscal.stepping import finish
from lenscal.virtual.kinds import LensKind

TINY = ["--photos", 1, "--size", "288x256"]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory):
    case = Case(LensKind.DIFFRACTION, Scenes.SAME, 200, 0, "quick", photos=Photos(1, (256, 288)))
    work = render_photos(case, tmp_path_factory.mktemp("cache"))
    return finish(work)


def test_list_names_the_cases_and_measures_nothing(run, tmp_path):
    code, out, _ = run(
        "benchmark", "--list", "--case", "traced/same", "--folder", tmp_path, "--json"
    )
    assert code == 0
    rest = [f"iso{iso}/seed{seed}/quick" for iso in ISOS for seed in (0, 1)]
    assert json.loads(out)["cases"] == [f"traced/same/{name}" for name in rest]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--case", "nonsense"], "--case nonsense"),
        (["--photos", 0], "--photos 0"),
        (["--measure", "nowhere"], "there is no sharp"),
        (["--kodak", "nowhere"], "--kodak nowhere"),
        (["--yardstick", "nothing"], "--yardstick nothing"),
        (["--markdown", "no/where/b.md"], "no folder"),
    ],
)
def test_wrong_use_is_refused_before_any_work(run, tmp_path, monkeypatch, options, message):
    monkeypatch.chdir(tmp_path)
    code, _, err = run("benchmark", "--folder", tmp_path / "cache", *options)
    assert code == 2
    assert message in err
    assert not (tmp_path / "cache").exists()


def test_one_rendered_folder_is_measured(run, rendered, engine):
    """Only the training is left out: an estimate that changes nothing scores as the delta does."""
    code, out, err = run("benchmark", "--measure", rendered, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert set(told["gain"]["share"]) == {"average", "true, no odd part", "after G", "estimate"}
    assert told["scores"]["estimate"] == pytest.approx(told["scores"]["delta"])
    assert told["peak_memory_mb"] > 50
    assert told["seconds"] > 0
    assert told["patches_flow"] == 100


def test_accuracy_ends_with_tables_and_one_json_object(run, tmp_path, monkeypatch):
    gain = {"psnr_degraded": 27.0, "psnr_true": 30.0, "psnr": {}, "share": {"estimate": 0.5}}
    figures = {
        "scores": {"estimate": {"ncc_mean": 0.9}},
        "gain": gain,
        "seconds": 1.0,
        "peak_memory_mb": 1.0,
        "patches_flow": 0,
        "patches_matching": 0,
    }

    def measured(case, cache, device):
        yield from ()
        return {**accuracy._described(case), **figures}

    monkeypatch.setattr(accuracy, "_measure_case", measured)
    target = tmp_path / "table.md"
    target.write_text(f"# How to\n\n{BEGIN}\n\nold figures\n{END}\n\nDiary\n")
    options = [
        "--only",
        "accuracy",
        "--folder",
        tmp_path,
        "--case",
        "traced/same",
        "--markdown",
        target,
        *TINY,
    ]
    code, out, err = run("benchmark", *options, "--json")
    assert code == 0, err
    told = json.loads(out)
    assert [c["case"] for c in told["accuracy"]][:1] == ["traced/same/iso200/seed0/quick"]
    assert told["accuracy"][0]["kept_out"] is False
    assert told["accuracy_summary"][0]["rows"]["estimate"]["share"] == 0.5
    assert told["speed"] is None
    assert target.read_text().startswith("# How to\n")
    assert target.read_text().endswith(f"{END}\n\nDiary\n")
    assert "| Traced 20mm f/2 | same | ISO 200 |" in target.read_text()
    assert "old figures" not in target.read_text()
    assert accuracy.program() in target.read_text()


def test_a_failed_case_fails_the_run(run, tmp_path, monkeypatch):
    def measured(case, cache, device):
        yield from ()
        return {**accuracy._described(case), "error": f"{case.name}: out of paper"}

    monkeypatch.setattr(accuracy, "_measure_case", measured)
    code, _, err = run(
        "benchmark",
        "--only",
        "accuracy",
        "--folder",
        tmp_path,
        "--case",
        "traced/same/iso200/seed0",
    )
    assert code == 1
    assert "out of paper" in err


DOCUMENT = f"# By hand\n\n{BEGIN}\nold\n{END}\n\nMore by hand\n"


def test_what_is_written_by_hand_around_the_tables_stays(tmp_path):
    path = tmp_path / "document.md"
    path.write_text(DOCUMENT)
    for table, program in (("| a |", "0123"), ("| b |", "4567")):
        write_tables(path, table, program)
    head, tables, tail = re.split(f"{BEGIN}|{END}", path.read_text())
    assert (head, tail) == ("# By hand\n\n", "\n\nMore by hand\n")
    assert "| b |" in tables and "4567" in tables
    assert "old" not in tables and "| a |" not in tables and "0123" not in tables


def test_a_document_that_is_not_there_is_made_and_can_be_written_again(tmp_path):
    path = tmp_path / "new.md"
    for _ in range(2):
        check_markers(path)
        write_tables(path, "| a |", "0123")
    assert path.read_text().startswith(BEGIN) and path.read_text().endswith(f"{END}\n")


@pytest.mark.parametrize(
    "text",
    [
        "# By hand\n",
        f"{BEGIN}\nby hand\n",
        f"by hand\n{END}\n",
        f"{END}\n{BEGIN}\n",
        f"{BEGIN}\n{END}\n" * 2,
    ],
)
def test_a_document_without_both_markers_is_refused_and_left_alone(run, tmp_path, text):
    path = tmp_path / "document.md"
    path.write_text(text)
    with pytest.raises(InputError, match="between the lines"):
        write_tables(path, "| a |", "0123")
    code, _, err = run("benchmark", "--only", "accuracy", "--measured", "--markdown", path)
    assert code == 2 and "between the lines" in err
    assert path.read_text() == text


def test_tables_stay_where_nothing_was_measured(run, tmp_path):
    path = tmp_path / "document.md"
    path.write_text(DOCUMENT)
    options = ["--only", "accuracy", "--measured", "--folder", tmp_path, "--markdown", path]
    code, out, _ = run("benchmark", *options)
    assert code == 0 and "Nothing was measured before" in out
    assert path.read_text() == DOCUMENT


def test_the_shipped_document_has_its_markers():
    check_markers(Path(__file__).resolve().parents[2] / "docs" / "benchmark.md")
