"""What a report says in sentences and small tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.files.psf.profile import Profile
from lenscal.files.psf.quality_words import stage_in_words
from lenscal.optics.field import FieldFigures, lopsidedness, lopsidedness_in_words
from lenscal.optics.image_height import chart_frequencies, mtf_over_height
from lenscal.optics.psf_grid import PsfGrid
from lenscal.optics.units import DisplayUnits
from lenscal.raw.lens_setting import f_number

CENTRE_RADIUS, HALF_WAY, CORNER_RADIUS = 0.35, (0.4, 0.6), 0.85
"""What counts as the middle, as half way and as the corners, of 1 in the corners: figures of a few
nodes each, which one odd kernel does not spoil."""
EVEN, SOFTER = 0.85, 0.6
"""MTF50 in the corners over that in the centre: from here on called even, and below much softer."""
NO_FRINGE_PX, VISIBLE_FRINGE_PX = 0.5, 1.5
"""Lateral colour that nobody sees at 100 %, and that everybody does."""
SURE, UNSURE = 0.6, 0.3
"""Mean confidence that is called high, and low below."""
QUALITIES = {"quick": "quick", "standard": "standard", "full": "best"}
METHODS = {
    "auto": "chosen by the photos",
    "G": "statistics of the scenes",
    "GT": "statistics of second and third order",
    "P": "pairs of photos of one scene",
    "FM": "flow matching, then distribution matching",
    "all": "all that apply",
}
ENDINGS = {
    "done": "completed",
    "stopped": "stopped by the user, who kept the result",
    "time": "ended by the time limit",
}


def places(psf: PsfGrid) -> dict[str, NDArray[np.bool_]]:
    """Which nodes lie in the centre, half way and in the corners."""
    height, width = psf.image_size
    aspect = width / height
    from_middle = (psf.positions - 0.5) * 2 * (1, aspect)
    radius = np.hypot(from_middle[..., 0], from_middle[..., 1]) / np.hypot(1, aspect)
    # A coarse grid may have no node in the middle or in the corners: the nearest ones count.
    half = np.abs(radius - sum(HALF_WAY) / 2)
    return {
        "centre": radius <= max(CENTRE_RADIUS, float(radius.min())),
        "half way": half <= max((HALF_WAY[1] - HALF_WAY[0]) / 2, float(half.min())),
        "corners": radius >= CORNER_RADIUS * radius.max(),
    }


def verdict(profile: Profile, figures: FieldFigures, units: DisplayUnits) -> str:
    """What the report says in short: sharpness, centring, colour, and how sure that is."""
    psf = profile.psf
    sharpness = figures.mtf50[..., 1]
    centre, corners = (float(sharpness[places(psf)[name]].mean()) for name in ("centre", "corners"))
    words = "as sharp in the corners as in the centre"
    if centre < EVEN * corners:
        words = "sharper in the corners than in the centre"
    elif corners < EVEN * centre:
        how = "much" if corners < SOFTER * centre else "a little"
        words = f"{how} softer in the corners than in the centre"
    numbers = " and ".join(_frequency(value, units) for value in (corners, centre))
    aperture = profile.aperture_degraded
    at = f"At {f_number(aperture)} this lens is" if aperture else "This lens is"
    sentences = [f"{at} {words} (MTF50 of green {numbers} {units.frequency})"]
    sides = "; ".join(lopsidedness_in_words(lopsidedness(psf, figures)))
    sentences.append(sides[:1].upper() + sides[1:])
    sentences.append(_fringes_in_words(figures, units))
    if psf.confidence is not None:
        mean = float(psf.confidence.mean())
        level = "high" if mean >= SURE else "low" if mean < UNSURE else "medium"
        sentences.append(f"Confidence in these figures is {level} ({mean:.0%} on average)")
    return " ".join(f"{sentence}." for sentence in sentences)


def key_figures(psf: PsfGrid, figures: FieldFigures, units: DisplayUnits) -> str:
    """A table of what is asked for first, for green."""
    where = places(psf)
    frequencies = chart_frequencies(units.pitch_um)
    curves = mtf_over_height(psf, frequencies)
    shares = {"centre": 0.0, "half way": 0.5, "corners": 1.0}
    lines = [
        [f"MTF50, {units.frequency}"]
        + [_frequency(figures.mtf50[at][:, 1].mean(), units) for at in where.values()]
    ]
    for n, frequency in enumerate(units.of_frequency(frequencies)):
        for name, of_all in (("sag.", curves.sagittal), ("tan.", curves.tangential)):
            ends = (round(share * (len(curves.height_px) - 1)) for share in shares.values())
            cells = [f"{of_all[1, n, at]:.2f}" for at in ends]
            lines.append([f"{frequency:g} {units.frequency} {name}", *cells])
    for name, values in (("FWHM", figures.fwhm_px), ("80 % radius", figures.ee80_px)):
        cells = [f"{float(units.of_length(values[at][:, 1]).mean()):.1f}" for at in where.values()]
        lines.append([f"{name}, {units.length}", *cells])
    return grid_table(["Green", *where], lines)


def fringes(figures: FieldFigures) -> tuple[float, float]:
    """How far red and blue fall from green at most, px."""
    # The largest anywhere: a mean would hide the corners, where it is seen.
    shifts = figures.lateral_colour_px
    red, blue = np.hypot(shifts[..., 0], shifts[..., 1]).reshape(-1, 2).max(axis=0)
    return float(red), float(blue)


def date_in_words(iso: str) -> str:
    """A time of a profile as a day; empty where it is none."""
    try:
        day = datetime.fromisoformat(iso)
    except ValueError:
        return ""
    return f"{day.day} {day:%B %Y}"


def settings_in_words(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the user had chosen."""
    known: dict[str, tuple[str, Callable[[Any], str]]] = {
        "quality": ("Quality", lambda v: QUALITIES.get(str(v), str(v))),
        "stages": ("Method", lambda v: METHODS.get(str(v), str(v))),
        "grid": ("Grid", lambda v: " × ".join(str(side) for side in v)),
        "kernel_size": ("Kernel size", lambda v: f"{v} px" if v else "automatic"),
        "max_minutes": ("Time limit", lambda v: f"{v:g} min" if v else "none"),
        "device": ("Device", lambda v: "automatic" if v == "auto" else str(v)),
        "seed": ("Random seed", str),
    }
    rows = []
    for key, value in settings.items():
        name, text = known.get(key, (key, str))
        # Settings are a stranger's: any value may stand anywhere.
        try:
            rows.append((name, text(value)))
        except (TypeError, ValueError):
            rows.append((name, str(value)))
    return rows


def stages_in_words(profile: Profile) -> str:
    """What ran, and for how long."""
    parts = [f"{stage_in_words(s.name)} ({duration(s.seconds)})" for s in profile.stages]
    return ", ".join(parts)


def duration(seconds: float) -> str:
    """E.g. "41 s" or "9 min 21 s"."""
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60:02d} s"


def table(rows: Sequence[tuple[str, str]]) -> str:
    """Names and values; without those that have none."""
    cells = (
        f"<tr><td>{escape(key)}&nbsp;&nbsp;</td><td>{escape(value)}</td></tr>"
        for key, value in rows
        if value
    )
    return f'<table cellpadding="2">{"".join(cells)}</table>'


def grid_table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A table with heads; all columns but the first hold numbers."""

    def row(cells: Sequence[str], tag: str) -> str:
        first, *others = (escape(cell) for cell in cells)
        numbers = "".join(
            f'<{tag} class="number" align="right">&nbsp;&nbsp;{cell}</{tag}>' for cell in others
        )
        # A name that is broken makes its line twice as high.
        name = first.replace(" ", "&nbsp;")
        return f'<tr><{tag} align="left">{name}</{tag}>{numbers}</tr>'

    body = "".join(row(line, "td") for line in lines)
    return f'<table cellpadding="2">{row(heads, "th")}{body}</table>'


def side_by_side(*parts: tuple[str, str]) -> str:
    """Headings with what stands below them, beside each other."""
    width = 100 // len(parts)
    cells = "".join(
        f'<td width="{width}%"><h2>{escape(head)}</h2>{html}</td>' for head, html in parts
    )
    return f'<table width="100%"><tr>{cells}</tr></table>'


def items(texts: Iterable[str], kind: str = "") -> str:
    """A list."""
    mark = f' class="{kind}"' if kind else ""
    return f"<ul{mark}>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"


def small(text: str) -> str:
    """A paragraph that stands back."""
    return f'<p class="small">{escape(text)}</p>'


def paragraph(text: str) -> str:
    """A plain paragraph."""
    return f"<p>{escape(text)}</p>"


def _fringes_in_words(figures: FieldFigures, units: DisplayUnits) -> str:
    red, blue = fringes(figures)
    most = max(red, blue)
    words = "Lateral colour is visible" if most >= VISIBLE_FRINGE_PX else "Lateral colour is slight"
    if most < NO_FRINGE_PX:
        words = "There is hardly any lateral colour"
    lengths = units.of_length(np.array([red, blue]))
    return f"{words}: red up to {lengths[0]:.2f} and blue up to {lengths[1]:.2f} {units.length}"


def _frequency(cycles_per_px: float, units: DisplayUnits) -> str:
    value = float(units.of_frequency(np.array(cycles_per_px)))
    return f"{value:.2f}" if units.pitch_um is None else f"{value:.0f}"
