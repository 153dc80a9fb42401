"""Maps over the field: a figure at every node as colour and number, or arrows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.plots.drawing import (
    Anchor,
    Box,
    Colour,
    Dot,
    Drawing,
    Gradient,
    Item,
    Polygon,
    Style,
    Words,
    mixed,
    readable_on,
    round_step,
    segment,
)

# From low to high, in even steps of lightness, so that it is read without seeing colours.
SCALE = ("#1c2433", "#23466b", "#4a7488", "#87a08d", "#cfc47e", "#f6ec9c")
# Of differences: below nothing, nothing, above it; told apart without seeing colours, too.
DIFFERENCE_SCALE = ("#2c5f9e", "#8fb3d9", "#f2f2f2", "#e0a468", "#a3540f")
# Red's and blue's, light enough for dark backgrounds.
ARROW_COLOURS = ("#e0564f", "#4f8fe8")
MARGIN_PX, LEGEND_PX, BAR_PX = 10, 44, 10
LONGEST_BAR_PX = 260.0
# Room left of the bar and right of it for the numbers at its ends.
BAR_SIDES_PX = 180.0
# Displacements below it are rounding.
LEAST_ARROW = 1e-6
# Length of the longest arrow, parts of a cell: the next cell's may begin there.
ARROW_REACH = 0.65
# Smaller numbers cannot be read: they are left out.
SMALLEST_FONT_PX = 6.5
# Shorter arrows are dots.
LEAST_ARROW_PX = 1.5

Area = tuple[float, float, float, float]
"""Left, top, width and height, px."""


@dataclass(frozen=True, slots=True, eq=False)
class MapData:
    """What a map shows.

    Attributes
    ----------
    title : what it is, with its unit
    values : float ndarray [rows, cols] or None
    arrows : float ndarray [rows, cols, n, 2] (y, x) or None, n at most 2: red's and blue's
    low, high : ends of the colour scale; high is the length of the longest arrow
    pattern : how a value is written
    unit : behind the scale of the arrows
    names : of the arrows of a node
    colours : of the scale, from low to high
    """

    title: str
    values: NDArray[np.floating] | None = None
    arrows: NDArray[np.floating] | None = None
    low: float = 0.0
    high: float = 1.0
    pattern: str = "{:.2f}"
    unit: str = ""
    names: tuple[str, ...] = ()
    colours: tuple[Colour, ...] = SCALE


def map_height(width: float, aspect: float) -> int:
    """Height px of a map as wide as that whose cells fill it; aspect: width / height of the
    photo."""
    return round((width - 2 * MARGIN_PX) / aspect) + 2 * MARGIN_PX + LEGEND_PX


def map_area(size: tuple[float, float], aspect: float) -> Area:
    """Where the cells lie in a map of that size (width, height)."""
    room_w, room_h = size[0] - 2 * MARGIN_PX, size[1] - 2 * MARGIN_PX - LEGEND_PX
    width = min(room_w, room_h * aspect)
    height = width / aspect
    return MARGIN_PX + (room_w - width) / 2, MARGIN_PX + (room_h - height) / 2, width, height


def cell_box(area: Area, shape: tuple[int, int], row: int, col: int) -> tuple[int, int, int, int]:
    """Left, top, width and height of a cell: the area in equal parts, a pixel apart."""
    rows, cols = shape
    x, y, width, height = area
    left, right = (round(x + width * n / cols) for n in (col, col + 1))
    top, bottom = (round(y + height * n / rows) for n in (row, row + 1))
    return left, top, right - left - 1, bottom - top - 1


def field_map(data: MapData, size: tuple[float, float], aspect: float, style: Style) -> Drawing:
    """The map with its title and scale; size: (width, height) px."""
    width, height = size
    area = map_area(size, aspect)
    items: list[Item] = [Box(0, 0, width, height, fill=style.surround)]
    if data.values is not None:
        items += _cells(data, data.values, area, style)
        items += _colour_scale(data, area, width, style)
    elif data.arrows is not None:
        # Of the smaller side, so that arrows upwards stay in their cell, too.
        # Without lateral colour nothing is drawn but the scale's own arrow.
        longest = data.high if data.high > LEAST_ARROW else 1.0
        scale = ARROW_REACH * min(_cell_size(area, data.arrows)) / longest
        items += _arrow_field(data.arrows, area, scale, style)
        items += _arrow_scale(data, area, width, scale, style)
    return Drawing(width, height, tuple(items))


def scale_colour(part: float, scale: tuple[Colour, ...] = SCALE) -> Colour:
    """Colour of a value 0..1 (clamped) on the scale; NaN is drawn as 0."""
    steps = len(scale) - 1
    place = min(max(part, 0.0), 1.0) * steps if part == part else 0.0
    # The last colour has none above it.
    below = min(int(place), steps - 1)
    return mixed(scale[below], scale[below + 1], place - below)


def _cells(data: MapData, values: NDArray[np.floating], area: Area, style: Style) -> Iterator[Item]:
    span = max(data.high - data.low, 1e-12)
    shape = (values.shape[0], values.shape[1])
    _, _, cell_w, cell_h = cell_box(area, shape, 0, 0)
    texts = [data.pattern.format(value) for value in values.ravel()]
    # All numbers in one size, that of the longest.
    widest = max(style.font.width_px(text) for text in texts)
    scale = min(1.0, max(cell_w - 4, 0) / widest)
    fits = style.font.line_px * scale <= cell_h
    readable = fits and style.font.size_px * scale >= SMALLEST_FONT_PX
    for (row, col), value in np.ndenumerate(values):
        x, y, w, h = cell_box(area, shape, row, col)
        colour = scale_colour((float(value) - data.low) / span, data.colours)
        yield Box(x, y, w, h, fill=colour)
        if readable:
            text, ink = data.pattern.format(value), readable_on(colour)
            yield Words(x + w / 2, y + h / 2, text, ink, Anchor.MIDDLE, scale)


def _colour_scale(data: MapData, area: Area, width: float, style: Style) -> Iterator[Item]:
    ink = readable_on(style.surround)
    yield _title(data.title, area, width, style)
    x, y, bar_w = _bar(area, width, style)
    yield Gradient(x, y, bar_w, BAR_PX, data.colours)
    middle = y + BAR_PX / 2
    yield Words(x - 6, middle, data.pattern.format(data.low), ink, Anchor.END)
    yield Words(x + bar_w + 6, middle, data.pattern.format(data.high), ink)


def _arrow_field(
    arrows: NDArray[np.floating], area: Area, scale: float, style: Style
) -> Iterator[Item]:
    yield Box(*area, fill=style.background)
    shape = (arrows.shape[0], arrows.shape[1])
    nodes = list(np.ndindex(*shape))
    for row, col in nodes:
        yield Box(*cell_box(area, shape, row, col), outline=style.line)
    cell_w, cell_h = _cell_size(area, arrows)
    # After all frames, which would else cut arrows that reach into the next cell.
    for row, col in nodes:
        start = area[0] + (col + 0.5) * cell_w, area[1] + (row + 0.5) * cell_h
        for colour, (y, x) in zip(ARROW_COLOURS, arrows[row, col], strict=False):
            yield from _arrow(start, (float(x) * scale, float(y) * scale), colour)


def _arrow_scale(
    data: MapData, area: Area, width: float, scale: float, style: Style
) -> Iterator[Item]:
    """An arrow of a round length with its unit, and the arrows' names."""
    ink = readable_on(style.surround)
    yield _title(data.title, area, width, style)
    unit = round_step(data.high) if data.high > LEAST_ARROW else 1.0
    entries = [
        (f"{unit:g} {data.unit}", unit * scale, ink),
        *zip(data.names, (20.0 for _ in data.names), ARROW_COLOURS, strict=False),
    ]
    room = sum(style.font.width_px(text) + length + 6 for text, length, _ in entries)
    x = (width - room - 16 * (len(entries) - 1)) / 2
    y = _bar(area, width, style)[1] + BAR_PX / 2
    for text, length, colour in entries:
        yield from _arrow((x, y), (length, 0.0), colour)
        yield Words(x + length + 6, y, text, ink)
        x += length + 6 + style.font.width_px(text) + 16


def _title(title: str, area: Area, width: float, style: Style) -> Words:
    """Below the cells, shortened where it does not fit."""
    room, text = width - 2 * MARGIN_PX, title
    while len(text) > 1 and style.font.width_px(text) > room:
        text = text.rstrip("…")[:-1] + "…"
    y = area[1] + area[3] + 8 + style.font.line_px / 2
    return Words(width / 2, y, text, readable_on(style.surround), Anchor.MIDDLE)


def _bar(area: Area, width: float, style: Style) -> tuple[float, float, float]:
    """Left, top and width of the scale below the title."""
    bar_w = max(min(LONGEST_BAR_PX, width - BAR_SIDES_PX), 1.0)
    return (width - bar_w) / 2, area[1] + area[3] + 8 + style.font.line_px + 6, bar_w


def _cell_size(area: Area, arrows: NDArray[np.floating]) -> tuple[float, float]:
    return area[2] / arrows.shape[1], area[3] / arrows.shape[0]


def _arrow(start: tuple[float, float], way: tuple[float, float], colour: Colour) -> Iterator[Item]:
    length = float(np.hypot(*way))
    if length < LEAST_ARROW_PX:
        yield Dot(*start, 1.2, colour)
        return
    origin, along = np.array(start), np.array(way) / length
    across = np.array([-along[1], along[0]])
    end = origin + np.array(way)
    # Short arrows are not all head.
    head = min(6.0, 0.5 * length)
    # The shaft ends inside the head, or its square end would show at the tip.
    neck = end - along * head * 0.8
    yield segment(start, (float(neck[0]), float(neck[1])), colour, width=1.8)
    base = end - along * head
    yield Polygon(np.stack([end, base + across * head / 2, base - across * head / 2]), colour)
