"""The table of a batch: one line a calibration, and where copies of a lens were measured, their
mean and how they scatter; as CSV and as a page."""

from __future__ import annotations

import csv
import math
import statistics
from collections.abc import Iterable, Sequence
from html import escape
from io import StringIO
from pathlib import Path

from lenscal import __version__
from lenscal.files.own_files import check_replaceable
from lenscal.files.report.document import Block, Document, as_html
from lenscal.laboratory.figures import DESCRIBED, MEASURED, Figure, Figures
from lenscal.laboratory.work import Ending, Outcome
from lenscal.system.atomic import written_together
from lenscal.system.file_content import first_bytes

CSV_NAME, HTML_NAME = "summary.csv", "summary.html"
COLUMNS = (
    "row",
    "name",
    "copy",
    "status",
    *DESCRIBED[:6],
    *MEASURED,
    *DESCRIBED[6:],
    "profile",
    "report",
    "problem",
)
CALIBRATION, MEAN, DEVIATION = "calibration", "mean of copies", "standard deviation of copies"
_TITLE = "Lens batch"
_SHOWN = (
    ("mtf50_centre", "MTF50 centre"),
    ("mtf50_half_way", "half way"),
    ("mtf50_corners", "corners"),
    ("lateral_red_px", "red, px"),
    ("lateral_blue_px", "blue, px"),
    ("right_over_left", "right/left"),
    ("bottom_over_top", "bottom/top"),
    ("confidence_mean", "confidence"),
    ("expected_error", "error"),
    ("seconds", "s"),
)
"""Columns of the page; the CSV has all."""
_SHARES = ("right_over_left", "bottom_over_top", "expected_error")
Row = dict[str, Figure]


def check_table(out: Path) -> None:
    """Refuse to replace tables of somebody else's.

    Raises
    ------
    InputError
    """
    starts = {CSV_NAME: ",".join(COLUMNS[:4]).encode(), HTML_NAME: f"<title>{_TITLE}".encode()}
    for name, start in starts.items():
        check_replaceable(out / name, own=start in first_bytes(out / name, 2**16))


def write_table(out: Path, outcomes: Sequence[Outcome]) -> tuple[Path, Path]:
    """Write both files, whole and together."""
    lines = [row_of(outcome) for outcome in outcomes]
    spread = spread_rows(outcomes)
    paths = (out / CSV_NAME, out / HTML_NAME)
    texts = (_as_csv([*lines, *spread]), _as_page(outcomes, lines, spread))
    with written_together(paths) as temporaries:
        for temporary, text in zip(temporaries, texts, strict=True):
            temporary.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
    return paths


def row_of(outcome: Outcome) -> Row:
    """One line, with all of `COLUMNS`."""
    entry, folder = outcome.entry, outcome.entry.folder_name
    there = bool(outcome.figures)
    known: Row = {
        "row": CALIBRATION,
        "name": entry.name,
        "copy": entry.copy,
        "status": outcome.ending.value,
        # What the manifest says, where there are no photos to tell.
        "aperture": entry.aperture_degraded,
        **outcome.figures,
        "profile": f"{folder}/{folder}.lenscal" if there else None,
        "report": f"{folder}/{folder}.html" if there else None,
        "problem": str(outcome.problem),
    }
    return {name: known.get(name) for name in COLUMNS}


def spread_rows(outcomes: Iterable[Outcome]) -> list[Row]:
    """Mean and standard deviation of copies of one lens, at one aperture and focal length."""
    groups: dict[tuple[object, ...], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.figures:
            setting = tuple(_rounded(outcome.figures.get(n)) for n in ("aperture", "focal_mm"))
            groups.setdefault((outcome.entry.name, *setting), []).append(outcome)
    rows = []
    for (name, aperture, focal), group in groups.items():
        if len({outcome.entry.copy for outcome in group}) < 2:
            continue
        count = f"{len(group)} copies"
        for kind, of in ((MEAN, statistics.mean), (DEVIATION, statistics.stdev)):
            figures: Figures = {n: _over(of, n, group) for n in MEASURED}
            known: Row = {"row": kind, "name": str(name), "copy": count, **figures}
            known |= {"aperture": _number(aperture), "focal_mm": _number(focal)}
            rows.append({column: known.get(column) for column in COLUMNS})
    return rows


def _over(of: object, name: str, group: Sequence[Outcome]) -> float | None:
    values = [_number(outcome.figures.get(name)) for outcome in group]
    numbers = [value for value in values if value is not None]
    if len(numbers) < len(values) or not callable(of):
        return None
    return float(of(numbers))


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) else None


def _rounded(value: Figure) -> float | None:
    number = _number(value)
    return None if number is None else round(number, 1)


def _as_csv(rows: Iterable[Row]) -> str:
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([_cell(row[name]) for name in COLUMNS])
    return text.getvalue()


def _cell(value: Figure) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    # Spreadsheets take such text for a formula: names of lenses come from files.
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _as_page(outcomes: Sequence[Outcome], rows: Sequence[Row], spread: Sequence[Row]) -> str:
    counts = {ending: sum(o.ending is ending for o in outcomes) for ending in Ending}
    said = ", ".join(f"{count} {ending.value}" for ending, count in counts.items() if count)
    blocks = [
        Block(
            "Calibrations",
            _table(rows)
            + '<p class="small">MTF50 of green in cycles/px; sides: MTF50 of one edge over the '
            "opposite one, less 1; error: expected of kernels, relative. All columns are in "
            f"{CSV_NAME}.</p>",
        )
    ]
    if spread:
        blocks.append(Block("From copy to copy", _table(spread)))
    if faults := [o for o in outcomes if o.ending is Ending.FAILED]:
        items = "".join(
            f"<li>{escape(o.entry.title)}: {escape(str(o.problem))}</li>" for o in faults
        )
        blocks.append(Block("Failed", f'<ul class="note">{items}</ul>'))
    if partial := [o for o in outcomes if o.problem and o.ending is not Ending.FAILED]:
        items = "".join(
            f"<li>{escape(o.entry.title)}: {escape(str(o.problem))}</li>" for o in partial
        )
        blocks.append(Block("Not all written", f'<ul class="note">{items}</ul>'))
    versions = sorted({str(row["versions"]) for row in rows if row["versions"]})
    if versions:
        blocks.append(Block("Made by", "".join(f"<p>{escape(v)}</p>" for v in versions)))
    return as_html(Document(_TITLE, _TITLE, said, f"lenscal {__version__}", blocks)).replace(
        "max-width:680px", "max-width:1100px", 1
    )


def _table(rows: Sequence[Row]) -> str:
    heads = ("Lens", "Copy", "f/", *(head for _, head in _SHOWN), "Status")
    lines = [f"<tr>{''.join(f'<th>{escape(head)}</th>' for head in heads)}</tr>"]
    for row in rows:
        name = escape(str(row["name"]))
        if row["report"]:
            name = f'<a href="{escape(str(row["report"]))}">{name}</a>'
        status = row["status"] or row["row"]
        numbers = [_shown(column, row[column]) for column, _ in _SHOWN]
        cells = [name, escape(str(row["copy"])), _shown("aperture", row["aperture"])]
        cells += [*numbers, escape(str(status))]
        lines.append(f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>")
    return f"<table>{''.join(lines)}</table>"


def _shown(column: str, value: Figure) -> str:
    number = _number(value)
    if number is None:
        return ""
    if column in _SHARES:
        return f"{number:+.1%}" if column != "expected_error" else f"{number:.1%}"
    return f"{number:.0f}" if column == "seconds" else f"{number:.3g}"
