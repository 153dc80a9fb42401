"""Cases, their cache, and what is made of many results. A stub stands in for the calibration's
process."""

from __future__ import annotations

import json
import sys
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest
from job_steps import stepped

from lenscal.benchmark import accuracy
from lenscal.benchmark.accuracy import measure_cases
from lenscal.benchmark.cases import (
    Case,
    Photos,
    Scenes,
    all_cases,
    cases_named,
    dataset_folder,
    render_photos,
)
from lenscal.benchmark.summary import as_markdown, as_text, summarise, tables
from lenscal.errors import InputError
from lenscal.stepping import STOP
from lenscal.virtual.kinds import LensKind

FIGURES = {
    "ncc_mean": 0.9,
    "ncc_min": 0.8,
    "rel_l2_mean": 0.3,
    "ca_px_mean": 0.1,
    "mtf50_rel_mean": 0.05,
    "odd_rel": 0.5,
    "width_centre": 1.0,
    "width_corner": 1.1,
}
STUB = """
import json, sys
arguments = sys.argv[1:]
with open({log!r}, "a") as log: log.write(json.dumps(arguments) + "\\n")
sys.stderr.write(" 50% halfway\\n")
if {fails!r} in arguments[2]:
    sys.stderr.write("lenscal: no texture\\n"); sys.exit(1)
print(json.dumps({answer!r}))
"""


def answer(share: float = 0.5) -> dict[str, Any]:
    return {
        "scores": {"delta": FIGURES, "average": FIGURES, "after P": FIGURES, "estimate": FIGURES},
        "gain": {
            "psnr_degraded": 27.0,
            "psnr_true": 30.0,
            "psnr": {},
            "share": {
                "average": 0.1,
                "true, no odd part": 0.3,
                "after P": share,
                "estimate": share,
            },
        },
        "seconds": 10.0,
        "peak_memory_mb": 900.0,
        "patches_flow": 0,
        "patches_matching": 0,
    }


@pytest.fixture
def case() -> Case:
    return Case(LensKind.DIFFRACTION, Scenes.SAME, 200, 0, "quick", photos=Photos(1, (64, 96)))


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Replaces `python -m lenscal`; returns the log of its calls."""
    log, script = tmp_path / "calls", tmp_path / "stub.py"
    script.write_text(STUB.format(log=str(log), fails="iso3200", answer=answer()))
    monkeypatch.setattr(accuracy, "own_command", lambda: [sys.executable, str(script)])
    monkeypatch.setattr(accuracy, "program", lambda: "this one")
    return log


def test_another_source_is_another_program(tmp_path: Path) -> None:
    names = {"a.py": "x = 1", "gui/window.py": "y = 1", "deep/b.py": "z = 1"}
    for name, text in names.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = accuracy.program(tmp_path)
    (tmp_path / "gui" / "window.py").write_text("y = 2")
    assert accuracy.program(tmp_path) == before
    (tmp_path / "deep" / "b.py").write_text("z = 2")
    assert accuracy.program(tmp_path) != before


def test_every_combination_is_a_case_and_standard_quality_keeps_off_the_tuning_lenses() -> None:
    quick = all_cases(["quick"])
    assert len({case.name for case in quick}) == 4 * 4 * 4 * 2
    assert not any(case.kept_out is not None for case in quick)
    standard = all_cases(["standard"], ["P"])
    assert {case.scenes for case in standard} == {"same"}
    assert all(case.kept_out is not None for case in standard)
    assert len(all_cases(["quick"], kept_out=True)) == 256


def test_patterns_choose_cases() -> None:
    cases = all_cases(["quick"])
    assert {c.kind for c in cases_named(cases, ["traced/same", "decentred"])} == {
        LensKind.TRACED,
        LensKind.DECENTRED,
    }
    assert [c.name for c in cases_named(cases, ["wide*/unrelated/iso3200/seed1"])] == [
        "wide-open/unrelated/iso3200/seed1/quick"
    ]
    with pytest.raises(InputError, match="fisheye"):
        cases_named(cases, ["fisheye"])


def test_photos_are_rendered_once_and_whole(case: Case, tmp_path: Path) -> None:
    folder, _ = stepped(render_photos(case, tmp_path))
    assert folder == dataset_folder(case, tmp_path)
    assert [p.name for p in (folder / "degraded").iterdir()] == ["degraded_01.dng"]
    assert json.loads((folder / "dataset.json").read_text())["degraded_aperture"] == 16.0
    before = (folder / "dataset.json").stat().st_mtime_ns
    again, reports = stepped(render_photos(case, tmp_path))
    assert again == folder
    assert len(reports) == 1
    assert (folder / "dataset.json").stat().st_mtime_ns == before
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]


def test_a_rendering_that_is_cancelled_leaves_nothing(case: Case, tmp_path: Path) -> None:
    work = render_photos(case, tmp_path)
    next(work)
    work.close()
    assert list((tmp_path / "photos").iterdir()) == []


def test_a_rendering_that_is_stopped_keeps_the_cases_before_it(
    case: Case, child: Path, tmp_path: Path
) -> None:
    stepped(measure_cases([case], tmp_path))
    other = Case(case.kind, Scenes.UNRELATED, 200, 0, "quick", photos=case.photos)
    results, _ = stepped(measure_cases([case, other], tmp_path), repeat(STOP))
    assert [r["case"] for r in results] == [case.name]
    assert [p.name for p in (tmp_path / "photos").iterdir()] == [
        dataset_folder(case, tmp_path).name
    ]


def test_other_settings_are_other_photos(case: Case, tmp_path: Path) -> None:
    others = [
        Case(case.kind, Scenes.SAME, 200, 1, "quick", photos=case.photos),
        Case(case.kind, Scenes.SAME, 200, 0, "quick"),
    ]
    folders = {dataset_folder(c, tmp_path) for c in (case, *others)}
    assert len(folders) == 3
    assert (
        dataset_folder(Case(case.kind, Scenes.SAME, 200, 0, "full", photos=case.photos), tmp_path)
        in folders
    )


def test_results_are_kept_until_the_program_changes(
    case: Case, child: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (result,), reports = stepped(measure_cases([case], tmp_path, device="cpu"))
    assert any("halfway" in report.message for report in reports)
    assert result["case"] == case.name
    assert result["kept_out"] is False
    assert result["gain"]["share"]["estimate"] == 0.5
    (call,) = [json.loads(line) for line in child.read_text().splitlines()]
    assert call == [
        "benchmark",
        "--measure",
        str(dataset_folder(case, tmp_path)),
        "--quality",
        "quick",
        "--stages",
        "auto",
        "--seed",
        "0",
        "--device",
        "cpu",
        "--json",
    ]
    (again,), _ = stepped(measure_cases([case], tmp_path, device="cpu"))
    assert again == result
    assert len(child.read_text().splitlines()) == 1
    stepped(measure_cases([case], tmp_path, device="cpu", fresh=True))
    assert len(child.read_text().splitlines()) == 2
    monkeypatch.setattr(accuracy, "program", lambda: "another")
    assert stepped(measure_cases([case], tmp_path, device="cpu", only_cached=True))[0] == []


def test_a_case_that_fails_does_not_stop_the_rest_and_is_not_kept(
    case: Case, child: Path, tmp_path: Path
) -> None:
    noisy = Case(case.kind, Scenes.SAME, 3200, 0, "quick", photos=case.photos)
    results, _ = stepped(measure_cases([noisy, case], tmp_path))
    assert "no texture" in results[0]["error"]
    assert "error" not in results[1]
    assert accuracy.failures(results) == [results[0]["error"]]
    by_noise = {group["iso"]: (group["cases"], group["failed"]) for group in summarise(results)}
    assert by_noise == {3200: (0, 1), 200: (1, 0)}
    stepped(measure_cases([noisy, case], tmp_path))
    assert len(child.read_text().splitlines()) == 3


def test_stopped_runs_return_what_is_done(case: Case, child: Path, tmp_path: Path) -> None:
    other = Case(case.kind, Scenes.SAME, 200, 1, "quick", photos=case.photos)
    stepped(render_photos(other, tmp_path))
    stepped(measure_cases([case], tmp_path))
    results, _ = stepped(measure_cases([case, other], tmp_path), repeat(STOP))
    assert [r["case"] for r in results] == [case.name]


def result(lens: str, share: float, **changes: Any) -> dict[str, Any]:
    known = {
        "case": lens,
        "kind": lens,
        "lens": lens,
        "kept_out": False,
        "scenes": "same",
        "iso": 200,
        "seed": 0,
        "quality": "quick",
        "stages_asked": "auto",
    }
    return {**known, **answer(share), **changes}


def test_summary_averages_within_groups() -> None:
    results = [result("a", 0.4), result("b", 0.8), result("a", 0.1, kept_out=True)]
    own, kept_out = summarise(results)
    assert own["rows"]["estimate"]["share"] == pytest.approx(0.6)
    assert own["rows"]["after P"]["cases"] == 2
    assert own["rows"]["true, no odd part"]["share"] == pytest.approx(0.3)
    assert own["worst_share"] == 0.4
    assert own["seconds"] == 10
    assert (kept_out["kept_out"], kept_out["cases"]) == (True, 1)


def test_tables_say_the_same_as_the_summary() -> None:
    made = tables(
        [result("a", 0.4), result("a", 0.8, seed=1), result("b", 0.2, scenes="unrelated")]
    )
    assert [table.title.split(" (")[0] for table in made[:2]] == [
        "lenses, same scenes, ISO 200, quick",
        "lenses, unrelated scenes, ISO 200, quick",
    ]
    estimate = next(row for row in made[0].rows if row[0] == "estimate")
    assert estimate[-1] == "60%"
    assert estimate[1] == "0.9000"
    by_lens = made[2].rows
    assert [(row[0], row[-1]) for row in by_lens] == [("a", "60%"), ("b", "20%")]
    text, markdown = as_text(made[0]), as_markdown(made[0])
    assert len({len(line) for line in text[2:] if line.endswith("%")}) == 1
    assert markdown[0] == f"### {made[0].title}"
    assert {line.count("|") for line in markdown[2:-1]} == {len(made[0].heads) + 1}
