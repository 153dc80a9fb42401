"""Results of many cases in a few tables."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_COSTS = ("seconds", "peak_memory_mb", "patches_flow", "patches_matching")
BASELINES = ("delta", "average", "true, no odd part")
_FIGURES = (
    ("ncc_mean", "NCC", "{:.4f}"),
    ("ncc_min", "min", "{:.3f}"),
    ("rel_l2_mean", "rel. L2", "{:.3f}"),
    ("ca_px_mean", "lat. CA px", "{:.3f}"),
    ("mtf50_rel_mean", "MTF50 err.", "{:.1%}"),
    ("odd_rel", "odd part", "{:.2f}"),
    ("width_centre", "width centre", "{:.2f}"),
    ("width_corner", "corner", "{:.2f}"),
    ("expected_rel_l2", "expected L2", "{:.3f}"),
    ("confidence_rank", "conf. rank", "{:.2f}"),
    ("share", "share of gain", "{:.0%}"),
)


@dataclass(frozen=True, slots=True)
class Table:
    """A title, heads, and rows of cells."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def summarise(results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Means over the cases of each group of lenses (kept out or not), scenes, noise, quality and
    stages.

    Returns
    -------
    list of dict
        kept_out, scenes, iso, quality, stages_asked, cases (how many), failed, rows (name ->
        figure -> mean; a stage that only some cases have is averaged over those, `cases` in its
        row says how many), seconds, peak_memory_mb, patches_flow, patches_matching (means),
        worst_share (the estimate's in its worst case).
    """
    groups: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for result in results:
        names = ("kept_out", "quality", "scenes", "iso", "stages_asked")
        key = tuple(result[name] for name in names)
        groups.setdefault(key, []).append(result)
    return [_summary(key, members) for key, members in groups.items()]


def _summary(key: tuple[Any, ...], members: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    kept_out, quality, scenes, iso, stages = key
    # A case that failed has no figures; it is counted, lest a mean looks complete.
    successes = [m for m in members if "error" not in m]
    shares = [m["gain"]["share"]["estimate"] for m in successes]
    return {
        "kept_out": kept_out,
        "quality": quality,
        "scenes": scenes,
        "iso": iso,
        "stages_asked": stages,
        "cases": len(successes),
        "failed": len(members) - len(successes),
        "rows": _mean_rows(successes),
        "worst_share": min(shares, default=None),
        **{name: _mean([m[name] for m in successes]) for name in _COSTS},
    }


def _mean_rows(successes: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float | int | None]]:
    collected: dict[str, dict[str, list[float | None]]] = {}
    for result in successes:
        # No correction gains nothing, by definition.
        shares = {"delta": 0.0, **result["gain"]["share"]}
        # Baselines first, as the eye compares downwards; fromkeys drops those that come again.
        for name in dict.fromkeys((*BASELINES, *result["scores"])):
            row = collected.setdefault(name, {})
            for figure, value in {
                **result["scores"].get(name, {}),
                "share": shares.get(name),
            }.items():
                row.setdefault(figure, []).append(value)
    return {
        name: {
            "cases": len(row["share"]),
            **{figure: _mean(values) for figure, values in row.items()},
        }
        for name, row in collected.items()
    }


def _mean(values: Sequence[float | None]) -> float | None:
    # None: a stage that a case did not run, or a figure that could not be measured.
    numbers = [v for v in values if v is not None]
    return statistics.fmean(numbers) if numbers else None


def tables(results: Sequence[Mapping[str, Any]]) -> list[Table]:
    """One table a group with its means, then the estimate's share of the gain lens by lens."""
    by_group = []
    for group in summarise(results):
        failed = f", {group['failed']} failed" if group["failed"] else ""
        title = f"{_group_name(group)} ({group['cases']} cases{failed})"
        rows = []
        for name, row in group["rows"].items():
            rows.append((name, *(_cell(row.get(key), form) for key, _, form in _FIGURES)))
        by_group.append(Table(title, ("", *(head for _, head, _ in _FIGURES)), tuple(rows)))
    successes = [r for r in results if "error" not in r]
    if not successes:
        return by_group
    return [*by_group, *_lens_tables(successes), _cost_table(results)]


def _group_name(group: Mapping[str, Any]) -> str:
    # Kept-out lenses are told from those that methods were tuned on: only they prove anything.
    lenses = "kept-out lenses" if group["kept_out"] else "lenses"
    stages = "" if group["stages_asked"] == "auto" else f", --stages {group['stages_asked']}"
    noise = f"ISO {group['iso']}"
    return f"{lenses}, {group['scenes']} scenes, {noise}, {group['quality']}{stages}"


def _lens_tables(successes: Sequence[Mapping[str, Any]]) -> list[Table]:
    """How hard every lens is, and what was reached: shares of the possible gain, means over the
    seeds."""
    columns = list(dict.fromkeys(name for r in successes for name in r["gain"]["share"]))
    # The result stands last, where a row ends.
    columns.sort(key=lambda name: name == "estimate")
    groups: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for r in successes:
        lens: tuple[str, ...] = (
            r["lens"],
            r["scenes"],
            f"ISO {r['iso']}",
            r["quality"],
            r["stages_asked"],
        )
        groups.setdefault(lens, []).append(r)
    rows = []
    for lens, members in groups.items():
        # A lens that is hardly blurred has little to gain: its share says little.
        possible = _mean([m["gain"]["psnr_true"] - m["gain"]["psnr_degraded"] for m in members])
        shares = (_mean([m["gain"]["share"].get(column) for m in members]) for column in columns)
        rows.append(
            (*lens, _cell(possible, "{:+.2f} dB"), *(_cell(share, "{:.0%}") for share in shares))
        )
    heads = ("lens", "scenes", "noise", "quality", "stages", "possible", *columns)
    title = "Shares of the possible gain (Wiener), lens by lens"
    return [Table(title, heads, tuple(rows))] if rows else []


def _cost_table(results: Sequence[Mapping[str, Any]]) -> Table:
    forms = ("{:.0f}", "{:.0f}", "{:.0f}", "{:.0f}", "{:.0%}")
    rows = []
    for group in summarise(results):
        values = [group[name] for name in (*_COSTS, "worst_share")]
        cells = (_cell(value, form) for value, form in zip(values, forms, strict=True))
        rows.append((_group_name(group), *cells))
    return Table(
        "Cost of a calibration (means), and the worst case",
        ("", "seconds", "peak MB", "patches F", "patches M", "worst share"),
        tuple(rows),
    )


def speed_table(speed: Mapping[str, Any]) -> Table:
    """Ratios, with the seconds behind them."""
    rows = [
        (name, f"{speed[name]:.2f}", f"{ours:.3g} s", f"{yardstick:.3g} s")
        for name, (ours, yardstick) in speed["seconds"].items()
    ]
    rows.append(("wiener_s_per_mp", f"{speed['wiener_s_per_mp']:.2f}", "", ""))
    title = f"Speed on {speed['device']} (medians of {speed['repeats']})"
    return Table(title, ("", "ratio", "ours", "yardstick"), tuple(rows))


def prior_table(prior: Mapping[str, Any]) -> Table:
    """Ours and the yardstick."""
    decibels = ("psnr_15", "psnr_25", "iso_200", "iso_800", "iso_3200", "iso_6400")
    forms = {**dict.fromkeys(decibels, "{:.2f} dB"), "s_per_mp": "{:.2f}", "parameters": "{:.0f}"}
    figures_of = {"noisy": prior["noisy"], "ours": prior, "yardstick": prior["yardstick"]}
    rows = [
        (name, *(_cell(figures.get(key), form) for key, form in forms.items()))
        for name, figures in figures_of.items()
        if figures is not None
    ]
    images = ", ".join(prior["images"]) or "no images: give --kodak"
    return Table(f"Prior ({images})", ("", *forms), tuple(rows))


def _cell(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def as_text(table: Table) -> list[str]:
    """Lines with aligned columns."""
    # Names to the left, numbers to the right, so that digits stand below one another.
    grid = [table.heads, *table.rows]
    widths = [max(len(row[n]) for row in grid) for n in range(len(table.heads))]
    lines = [table.title]
    for first, *cells in grid:
        aligned = [cell.rjust(width) for cell, width in zip(cells, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *aligned]).rstrip())
    return lines


def as_markdown(table: Table) -> list[str]:
    """A heading and a table."""
    rule = "|".join(["---", *["---:"] * (len(table.heads) - 1)])
    lines = ["| " + " | ".join(row) + " |" for row in (table.heads, *table.rows)]
    return [f"### {table.title}", "", lines[0], f"|{rule}|", *lines[1:], ""]
