"""The table of a batch: one line a calibration, and where copies of a lens were measured, their
mean and how they scatter; as CSV and as a page."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Iterable, Sequence
from html import escape
from io import StringIO
from pathlib import Path

from lenscal import __version__
from lenscal.files.own_files import check_replaceable
from lenscal.files.report.document import Block, Document, as_html
from lenscal.laboratory.copies import CopyFields, CopySpread, groups_of_copies
from lenscal.laboratory.figures import (
    DESCRIBED,
    MEASURED,
    Figure,
    Figures,
    cell,
    number_of,
)
from lenscal.laboratory.spread_table import SPREAD_COLUMNS, SPREAD_NAME, spread_block, spread_csv
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
    starts = {
        CSV_NAME: ",".join(COLUMNS[:4]).encode(),
        SPREAD_NAME: ",".join(SPREAD_COLUMNS[:4]).encode(),
        HTML_NAME: f"<title>{_TITLE}".encode(),
    }
    for name, start in starts.items():
        check_replaceable(out / name, own=start in first_bytes(out / name, 2**16))


def write_table(out: Path, outcomes: Sequence[Outcome], fields: CopyFields) -> tuple[Path, ...]:
    """Write all files, whole and together; that of the spread where there are copies."""
    lines, spread = [row_of(outcome) for outcome in outcomes], spread_rows(outcomes)
    over_field = fields.spreads(outcomes)
    texts = {
        out / CSV_NAME: _as_csv([*lines, *spread]),
        out / HTML_NAME: _as_page(outcomes, lines, spread, over_field),
    }
    # One of former copies would be taken for theirs.
    if over_field or (out / SPREAD_NAME).exists():
        texts[out / SPREAD_NAME] = spread_csv(over_field)
    paths = tuple(texts)
    with written_together(paths) as temporaries:
        for temporary, text in zip(temporaries, texts.values(), strict=True):
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
    rows = []
    for group in groups_of_copies(outcomes):
        name, aperture, focal, of_it = group.name, group.aperture, group.focal_mm, group.outcomes
        count = f"{len(of_it)} copies"
        for kind, of in ((MEAN, statistics.mean), (DEVIATION, statistics.stdev)):
            figures: Figures = {n: _over(of, n, of_it) for n in MEASURED}
            known: Row = {"row": kind, "name": name, "copy": count, **figures}
            known |= {"aperture": aperture, "focal_mm": focal}
            rows.append({column: known.get(column) for column in COLUMNS})
    return rows


def _over(of: object, name: str, group: Sequence[Outcome]) -> float | None:
    values = [number_of(outcome.figures.get(name)) for outcome in group]
    numbers = [value for value in values if value is not None]
    if len(numbers) < len(values) or not callable(of):
        return None
    return float(of(numbers))


def _as_csv(rows: Iterable[Row]) -> str:
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in rows:
        writer.writerow([cell(row[name]) for name in COLUMNS])
    return text.getvalue()


def _as_page(
    outcomes: Sequence[Outcome],
    rows: Sequence[Row],
    spread: Sequence[Row],
    over_field: Sequence[CopySpread],
) -> str:
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
        blocks += map(spread_block, over_field)
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
    number = number_of(value)
    if number is None:
        return ""
    if column in _SHARES:
        return f"{number:+.1%}" if column != "expected_error" else f"{number:.1%}"
    return f"{number:.0f}" if column == "seconds" else f"{number:.3g}"
