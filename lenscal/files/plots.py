"""Small vector pictures (SVG) of a PSF grid, without a plotting library: for reports, pages and
slides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from lenscal.optics.field import field_figures, mtf_curves
from lenscal.optics.psf_grid import PsfGrid

_INK, _GRID, _LOW, _HIGH = "#333333", "#dddddd", (247, 251, 255), (33, 113, 181)
_FONT = 'font-family="sans-serif" font-size="11"'
RED, GREEN, BLUE = "#c0392b", "#27823b", "#2460b8"
_PLACES = (("centre", 0.5, 0.5), ("half way", 0.25, 0.25), ("corner", 0.0, 0.0))
_INKS = ("#111111", "#1b7a78", "#b5541b")


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One curve: points (x, y), a colour, and whether it is dashed."""

    name: str
    x: np.ndarray
    y: np.ndarray
    colour: str = _INK
    dashed: bool = False


def line_plot(
    lines: Sequence[Line], x_label: str, y_label: str, *, y_range: tuple[float, float] | None = None
) -> str:
    """Curves with axes and a legend, as SVG. Without y_range, the curves' own range."""
    width, height, left, top, plot_w, plot_h = 640, 300, 60, 12, 420, 240
    finite = [(line.x[np.isfinite(line.y)], line.y[np.isfinite(line.y)]) for line in lines]
    xs, ys = (np.concatenate([part[i] for part in finite] or [np.zeros(1)]) for i in (0, 1))
    if not len(xs):
        xs = ys = np.zeros(1)
    x0, x1 = float(xs.min()), float(max(xs.max(), xs.min() + 1e-9))
    y0, y1 = y_range or (float(ys.min()), float(max(ys.max(), ys.min() + 1e-9)))
    parts = []
    for k in range(6):
        x, y = left + plot_w * k / 5, top + plot_h * (1 - k / 5)
        parts += [
            _segment(x, top, x, top + plot_h, _GRID),
            _segment(left, y, left + plot_w, y, _GRID),
            _text(x, top + plot_h + 16, _number(x0 + (x1 - x0) * k / 5), "middle"),
            _text(left - 6, y + 4, _number(y0 + (y1 - y0) * k / 5), "end"),
        ]
    parts.append(_text(left + plot_w / 2, height - 8, x_label, "middle"))
    parts.append(
        f'<text transform="translate(14,{top + plot_h / 2:.0f}) rotate(-90)" text-anchor="middle" {_FONT} '
        f'fill="{_INK}">{escape(y_label)}</text>'
    )
    for number, (line, (x, y)) in enumerate(zip(lines, finite, strict=True)):
        px, py = (
            left + (x - x0) / (x1 - x0) * plot_w,
            top + plot_h * (1 - np.clip((y - y0) / (y1 - y0), 0, 1)),
        )
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(px, py, strict=True))
        dash = ' stroke-dasharray="5 4"' if line.dashed else ""
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{line.colour}" stroke-width="1.6"{dash}/>'
        )
        at = top + 12 + 17 * number
        parts.append(
            _segment(left + plot_w + 12, at - 4, left + plot_w + 38, at - 4, line.colour, dash)
        )
        parts.append(_text(left + plot_w + 44, at, line.name))
    return _svg(width, height, parts)


def cell_map(
    values: np.ndarray, form: str = "{:.2f}", *, value_range: tuple[float, float] | None = None
) -> str:
    """Values [rows, cols] as shaded cells with their numbers, as SVG; darker is more."""
    rows, cols = values.shape
    cell_w, cell_h = (max(16, min(60, 600 / cols)), max(12, min(40, 400 / rows)))
    low, high = value_range or (float(np.nanmin(values)), float(np.nanmax(values)))
    share = np.clip((values - low) / max(high - low, 1e-12), 0, 1)
    written = cell_w >= 28
    parts = []
    for r in range(rows):
        for c in range(cols):
            part = float(np.nan_to_num(share[r, c]))
            fill = "#" + "".join(
                f"{round(a + (b - a) * part):02x}" for a, b in zip(_LOW, _HIGH, strict=True)
            )
            box = f'x="{c * cell_w:.1f}" y="{r * cell_h:.1f}" width="{cell_w:.1f}" height="{cell_h:.1f}"'
            parts.append(f'<rect {box} fill="{fill}" stroke="#ffffff"/>')
            if written:
                ink = "#ffffff" if part > 0.6 else _INK
                x, y = (c + 0.5) * cell_w, (r + 0.5) * cell_h + 4
                parts.append(_text(x, y, form.format(values[r, c]), "middle", ink))
    return _svg(cols * cell_w, rows * cell_h, parts)


def mtf_plot(psf: PsfGrid) -> str:
    """Green's modulation transfer at the centre, half way and in the corner; solid sagittal, dashed
    tangential."""
    frequencies = np.linspace(0, 0.5, 51)
    rows, cols = psf.shape
    lines = []
    for (name, y, x), ink in zip(_PLACES, _INKS, strict=True):
        row, col = round(y * (rows - 1)), round(x * (cols - 1))
        sagittal, tangential = mtf_curves(psf, row, col, frequencies)
        lines.append(Line(f"{name}, sagittal", frequencies, sagittal[1], ink))
        lines.append(Line(f"{name}, tangential", frequencies, tangential[1], ink, dashed=True))
    return line_plot(lines, "frequency, cycles/px", "contrast", y_range=(0.0, 1.0))


def mtf50_map(psf: PsfGrid) -> str:
    """Green's MTF50 over the field, cycles/px."""
    return cell_map(field_figures(psf).mtf50[..., 1], value_range=(0.0, 0.5))


def width_map(psf: PsfGrid) -> str:
    """Green's full width at half maximum over the field, px."""
    return cell_map(field_figures(psf).fwhm_px[..., 1])


def confidence_map(psf: PsfGrid) -> str:
    """How sure the kernels are, the least of the three colours in each node; empty where that is
    not known."""
    return (
        ""
        if psf.confidence is None
        else cell_map(psf.confidence.min(axis=-1), value_range=(0.0, 1.0))
    )


def lateral_colour_plot(psf: PsfGrid) -> str:
    """Where red and blue fall, seen from green, as lines from each node of the grid, and their
    scale."""
    shifts = field_figures(psf).lateral_colour_px
    height, width = psf.image_size
    plot_w = 560.0
    plot_h = plot_w * height / width
    nodes = np.stack([psf.positions[..., 0] * plot_h, psf.positions[..., 1] * plot_w], axis=-1) + 30
    longest = float(np.hypot(shifts[..., 0], shifts[..., 1]).max())
    spacing = min(plot_h / max(psf.shape[0] - 1, 1), plot_w / max(psf.shape[1] - 1, 1))
    scale = min(0.45 * spacing, 28.0) / max(longest, 0.05)
    parts = [
        f'<rect x="30" y="30" width="{plot_w}" height="{plot_h:.1f}" fill="none" stroke="{_GRID}"/>'
    ]
    for (y, x), ends in zip(nodes.reshape(-1, 2), shifts.reshape(-1, 2, 2), strict=True):
        for (dy, dx), colour in zip(ends, (RED, BLUE), strict=True):
            parts.append(
                _segment(x, y, x + dx * scale, y + dy * scale, colour, ' stroke-width="1.8"')
            )
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.8" fill="{GREEN}"/>')
    unit = 1.0 if longest >= 1 else 0.1
    base = plot_h + 52
    parts.append(_segment(30, base, 30 + unit * scale, base, _INK, ' stroke-width="2"'))
    parts.append(_text(36 + unit * scale, base + 4, f"{unit:g} px"))
    return _svg(plot_w + 60, plot_h + 64, parts)


def _number(value: float) -> str:
    return f"{value:.3g}"


def _segment(x0: float, y0: float, x1: float, y1: float, colour: str, more: str = "") -> str:
    return (
        f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" stroke="{colour}"{more}/>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start", ink: str = _INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" {_FONT} fill="{ink}">{escape(text)}</text>'


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'
