"""Curves over an axis: contrast over frequency, the course of a training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.plots.drawing import (
    Anchor,
    Box,
    Colour,
    Drawing,
    Item,
    Polyline,
    Style,
    Words,
    round_step,
    segment,
    ticks,
)

TOP_PX, RIGHT_PX, TICK_PX, GAP_PX = 10.0, 14.0, 3.0, 6.0
KEY_LINE_PX = 26.0
# How far above its range a curve may be drawn: flat tops would look like plateaus.
OVERSHOOT = 0.03
# A curve that changes less is level: numbers at its axis would differ beyond what can be read.
LEAST_SPAN = 1e-6
# Around a level curve, as a share of its value, so that it runs through the middle.
LEVEL_MARGIN = 0.05
SHORTEST_DIGITS, MOST_DIGITS = 3, 8
# Distance of numbers beside an axis, in lines of text.
NUMBER_LINES = 1.6


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """One curve: points (x[i], y[i]), of which those that are not finite are left out."""

    x: NDArray[np.floating]
    y: NDArray[np.floating]
    colour: Colour
    dashed: bool = False
    width: float = 1.8
    opacity: float = 1.0


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A line of the key: what curves of that look are."""

    name: str
    colour: Colour
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Axes:
    """What stands at the axes.

    Attributes
    ----------
    x_unit : at the right end of the x axis
    y_label : beside the y axis
    y_range : ends of the y axis; None for the curves' own
    y_step : distance of the y axis's numbers; None for a round one
    x_grid : whether lines stand above the x axis's numbers, too
    key_below : whether the key stands in the lower left corner, for curves that fill the upper
        right one
    """

    x_unit: str = ""
    y_label: str = ""
    y_range: tuple[float, float] | None = None
    y_step: float | None = None
    x_grid: bool = False
    key_below: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """Where the curves are drawn, and the ranges of both axes."""

    left: float
    top: float
    right: float
    bottom: float
    x_range: tuple[float, float]
    y_range: tuple[float, float]

    def x_px(self, x: NDArray[np.floating]) -> NDArray[np.floating]:
        """Where values of the x axis lie."""
        low, high = self.x_range
        return self.left + (x - low) / (high - low) * (self.right - self.left)

    def y_px(self, y: NDArray[np.floating]) -> NDArray[np.floating]:
        """Where values of the y axis lie; those out of its range at its ends."""
        low, high = self.y_range
        share = np.clip((y - low) / (high - low), 0, 1 + OVERSHOOT)
        heights: NDArray[np.floating] = self.bottom - share * (self.bottom - self.top)
        return heights

    def x_at(self, x_px: float) -> float | None:
        """The x axis's value at a place; None beside the curves."""
        if not self.left <= x_px <= self.right:
            return None
        low, high = self.x_range
        return low + (x_px - self.left) / (self.right - self.left) * (high - low)


def line_chart(
    lines: Sequence[Line],
    axes: Axes,
    key: Sequence[KeyEntry],
    size: tuple[float, float],
    style: Style,
) -> Drawing:
    """Curves with axes, and a key in a corner; size: (width, height) px."""
    width, height = size
    finite = [_finite(line) for line in lines]
    area, numbers = _laid_out(finite, axes, size, style)
    items: list[Item] = [Box(0, 0, width, height, fill=style.background)]
    items += _y_axis(area, numbers, axes.y_label, style)
    if finite:
        items += _x_axis(area, axes, width, style)
    for line in finite:
        points = np.stack([area.x_px(line.x), area.y_px(line.y)], axis=-1)
        items.append(Polyline(points, line.colour, line.width, line.dashed, opacity=line.opacity))
    items += _key(area, key, style, below=axes.key_below)
    return Drawing(width, height, tuple(items))


def chart_area(lines: Sequence[Line], axes: Axes, size: tuple[float, float], style: Style) -> Area:
    """Where `line_chart` draws the same curves: to read off what is under the mouse."""
    return _laid_out([_finite(line) for line in lines], axes, size, style)[0]


def _laid_out(
    finite: Sequence[Line], axes: Axes, size: tuple[float, float], style: Style
) -> tuple[Area, list[tuple[float, str]]]:
    """The area, and the numbers at its y axis."""
    width, height = size
    # Without the values that are not finite, which would leave no range.
    y_range = axes.y_range or _span([line.y for line in finite])
    step = axes.y_step or _step(y_range, height, NUMBER_LINES * style.font.line_px)
    values = list(ticks(*y_range, step))
    numbers = list(zip(values, _tick_texts(values), strict=True))
    widest = max((style.font.width_px(text) for _, text in numbers), default=0.0)
    # The label runs upwards: it takes the room of one line.
    label_px = style.font.line_px if axes.y_label else 0.0
    area = Area(
        left=label_px + widest + 2 * GAP_PX,
        top=TOP_PX,
        right=width - RIGHT_PX,
        bottom=height - style.font.line_px - 8,
        x_range=_span([line.x for line in finite]),
        y_range=y_range,
    )
    return area, numbers


def _step(span: tuple[float, float], length_px: float, room_px: float) -> float:
    """A round distance of an axis's numbers, each of which needs some room."""
    whole = span[1] - span[0]
    for parts in (4, 2, 1):
        step = round_step(whole / parts)
        if whole / step * room_px <= length_px:
            return step
    return round_step(whole)


def _finite(line: Line) -> Line:
    there = np.isfinite(line.y)
    return Line(line.x[there], line.y[there], line.colour, line.dashed, line.width, line.opacity)


def _span(arrays: Sequence[NDArray[np.floating]]) -> tuple[float, float]:
    """Least and greatest value, with room around where they are the same."""
    values = np.concatenate([*arrays, np.zeros(0)])
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    scale = max(abs(low), abs(high), LEAST_SPAN)
    if high - low > LEAST_SPAN * scale:
        return low, high
    return low - LEVEL_MARGIN * scale, high + LEVEL_MARGIN * scale


def _tick_texts(values: Sequence[float]) -> list[str]:
    """Numbers as short as they can be told apart."""
    texts: list[str] = []
    for digits in range(SHORTEST_DIGITS, MOST_DIGITS + 1):
        texts = [f"{value:.{digits}g}" for value in values]
        if len(set(texts)) == len(texts):
            break
    return texts


def _y_axis(
    area: Area, numbers: Sequence[tuple[float, str]], label: str, style: Style
) -> Iterator[Item]:
    for value, text in numbers:
        y = float(area.y_px(np.array(value)))
        yield segment((area.left, y), (area.right, y), style.line)
        yield Words(area.left - GAP_PX, y, text, style.muted, Anchor.END)
    if label:
        middle = (area.top + area.bottom) / 2
        x = style.font.line_px / 2 + 2
        yield Words(x, middle, label, style.muted, Anchor.MIDDLE, vertical=True)


def _x_axis(area: Area, axes: Axes, width: float, style: Style) -> Iterator[Item]:
    y = area.bottom + style.font.line_px / 2 + 4
    unit_left = width - 4.0 - style.font.width_px(axes.x_unit)
    yield Words(unit_left, y, axes.x_unit, style.muted)
    low, high = area.x_range
    # As wide as the longest is likely to be.
    room = style.font.width_px("0" * SHORTEST_DIGITS) + 4 * GAP_PX
    values = list(ticks(low, high, _step((low, high), area.right - area.left, room)))
    for value, text in zip(values, _tick_texts(values), strict=True):
        x = float(area.x_px(np.array(value)))
        above = area.top if axes.x_grid else area.bottom
        yield segment((x, above), (x, area.bottom + TICK_PX), style.line)
        # Numbers make way for the unit.
        if x + style.font.width_px(text) / 2 + GAP_PX < unit_left:
            yield Words(x, y, text, style.muted, Anchor.MIDDLE)


def _key(area: Area, key: Sequence[KeyEntry], style: Style, *, below: bool) -> Iterator[Item]:
    widest = max((style.font.width_px(entry.name) for entry in key), default=0.0)
    # Right-aligned: curves mostly fall towards the right, and leave room there.
    left = area.left + KEY_LINE_PX + 16 if below else area.right - widest
    top = area.bottom - 4 - len(key) * style.font.line_px if below else area.top + 2
    for n, entry in enumerate(key):
        y = top + (n + 0.5) * style.font.line_px
        start, end = (left - KEY_LINE_PX - 8, y), (left - 8, y)
        yield segment(start, end, entry.colour, width=1.5, dashed=entry.dashed)
        yield Words(left, y, entry.name, style.ink)
