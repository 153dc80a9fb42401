"""What became of exported photos is said with all its parts, so that it can be translated."""

from __future__ import annotations

from pathlib import Path

from lenscal.jobs import PhotoResult
from lenscal.jobs.window.export_summary import MOST_NAMED, partial_summary_of, summary_of
from lenscal.translation import Translatable, translatable, translate_text

OUT = Path("out")


def failed(name: str, problem: str) -> PhotoResult:
    return PhotoResult(Path(name), None, problem)


def test_photos_are_counted_and_each_is_named_once() -> None:
    results = [
        PhotoResult(Path("a.dng"), OUT / "a.tif", warnings=("of another camera", "old")),
        failed("b.dng", "no room"),
        failed("c.dng", "c.dng: no such file"),
        PhotoResult(Path("d.dng"), None, "there already", skipped=True),
    ]
    summary = summary_of(results, 5, OUT)
    assert summary.count == "1 of 5 photos written to out"
    assert summary.problems == ("b.dng: no room", "c.dng: no such file")
    assert summary.warnings == ("a.dng: of another camera; old",)
    assert summary.message.split("\n")[0] == summary.count


def test_many_problems_are_not_all_named() -> None:
    results = [failed(f"{n}.dng", "no room") for n in range(MOST_NAMED + 2)]
    problems = summary_of(results, len(results), OUT).problems
    assert len(problems) == MOST_NAMED + 1 and problems[-1].startswith("and 2 more")


def test_a_problem_can_still_be_translated() -> None:
    summary = summary_of([failed("b.dng", translatable("no room"))], 1, OUT)
    german = {"no room": "kein Platz", "{n} of {m} photos written to {out}": "{n} von {m}: {out}"}
    text = translate_text(summary.message, lambda template: german.get(template, template))
    assert text == "0 von 1: out\nb.dng: kein Platz"
    assert isinstance(partial_summary_of([], 1, OUT), Translatable)
