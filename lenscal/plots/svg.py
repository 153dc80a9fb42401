"""Drawings as SVG, for reports."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from functools import singledispatch
from html import escape

import numpy as np
from numpy.typing import NDArray

from lenscal.plots.drawing import (
    BASELINE,
    Box,
    Dot,
    Drawing,
    Gradient,
    Item,
    Polygon,
    Polyline,
    Style,
    Words,
)
from lenscal.printable import printable

DASHES = "5 4"


@dataclass(frozen=True, slots=True)
class SansSerif:
    """The reader's sans-serif font, of which only the size is known."""

    size_px: float = 11.0
    mean_width: float = 0.56
    """Of a letter, parts of the font's size: that of common fonts, a little wide for safety."""

    @property
    def line_px(self) -> float:
        """Distance of two lines."""
        return 1.4 * self.size_px

    def width_px(self, text: str) -> float:
        """Estimated: whoever reads the report draws the text."""
        return self.mean_width * self.size_px * len(text)


REPORT_STYLE = Style(
    font=SansSerif(),
    background="#ffffff",
    surround="#ffffff",
    ink="#333333",
    muted="#555555",
    line="#dddddd",
    warn="#9a6200",
    red="#c0392b",
    green="#27823b",
    blue="#2460b8",
)


def to_svg(drawing: Drawing, style: Style = REPORT_STYLE) -> str:
    """One <svg> element."""
    parts = [_svg(item, style) for item in drawing.items]
    width, height = f"{drawing.width:.0f}", f"{drawing.height:.0f}"
    size = f'width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'


@singledispatch
def _svg(item: Item, style: Style) -> str:
    # Every kind of item is registered below: another one is a mistake of the caller's.
    raise TypeError(f"no way to draw {type(item)}")


@_svg.register
def _(item: Polyline, style: Style) -> str:
    more = f' stroke-dasharray="{DASHES}"' if item.dashed else ""
    more += f' stroke-opacity="{item.opacity:g}"' if item.opacity < 1 else ""
    stroke = f'fill="none" stroke="{item.colour}" stroke-width="{item.width:g}"{more}'
    return f'<polyline points="{_points(item.points)}" {stroke}/>'


@_svg.register
def _(item: Polygon, style: Style) -> str:
    outline = f' stroke="{item.outline}"' if item.outline else ""
    fill = f'fill="{item.fill}" fill-opacity="{item.opacity:g}"'
    return f'<polygon points="{_points(item.points)}" {fill}{outline}/>'


@_svg.register
def _(item: Box, style: Style) -> str:
    colours = f'fill="{item.fill or "none"}"'
    colours += f' stroke="{item.outline}"' if item.outline else ""
    return f"<rect {_place(item)} {colours}/>"


@_svg.register
def _(item: Gradient, style: Style) -> str:
    # By its content, since the pictures of a report share their names.
    name = f"g{zlib.crc32(repr(item).encode()):08x}"
    last = len(item.colours) - 1
    # In even steps, as the painter draws them.
    stops = "".join(
        f'<stop offset="{n / last:.3f}" stop-color="{colour}"/>'
        for n, colour in enumerate(item.colours)
    )
    gradient = f'<linearGradient id="{name}">{stops}</linearGradient>'
    return f'<defs>{gradient}</defs><rect {_place(item)} fill="url(#{name})"/>'


@_svg.register
def _(item: Dot, style: Style) -> str:
    place = f'cx="{item.x:.1f}" cy="{item.y:.1f}" r="{item.radius:g}"'
    return f'<circle {place} fill="{item.colour}"/>'


@_svg.register
def _(item: Words, style: Style) -> str:
    size = style.font.size_px * item.scale
    # Attributes for baselines are not drawn by all programs: it is reckoned here.
    drop = BASELINE * size
    if item.vertical:
        place = f'transform="translate({item.x + drop:.1f},{item.y:.1f}) rotate(-90)"'
    else:
        place = f'x="{item.x:.1f}" y="{item.y + drop:.1f}"'
    font = f'font-family="sans-serif" font-size="{size:g}"'
    look = f'text-anchor="{item.anchor.value}" {font} fill="{item.colour}"'
    return f"<text {place} {look}>{escape(printable(item.text))}</text>"


def _place(item: Box | Gradient) -> str:
    corner = f'x="{item.x:.1f}" y="{item.y:.1f}"'
    return f'{corner} width="{item.width:.1f}" height="{item.height:.1f}"'


def _points(points: NDArray[np.float64]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
