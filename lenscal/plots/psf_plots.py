"""Plots of a PSF grid for reports, pages and slides, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lenscal.optics.field import FieldFigures, field_figures, mtf_curves
from lenscal.optics.image_height import chart_frequencies, mtf_over_height
from lenscal.optics.psf_grid import PsfGrid
from lenscal.optics.units import DisplayUnits
from lenscal.plots.charts import Axes, KeyEntry, Line, line_chart
from lenscal.plots.drawing import (
    Anchor,
    Drawing,
    Item,
    Polygon,
    Polyline,
    Words,
    round_step,
    segment,
    ticks,
)
from lenscal.plots.maps import MapData, field_map, map_area, map_height
from lenscal.plots.svg import REPORT_STYLE, to_svg

FULL_PX, HALF_PX, THIRD_PX = 680.0, 332.0, 218.0
"""Widths of a report's plots on an A4 page with margins: alone, beside another, one of three."""
CHART_ASPECT, SMALL_CHART_ASPECT = 0.32, 0.62
"""Height over width: numbers at their axes need as much room in small ones."""
# Name and field position (y, x) of the kernels whose curves are shown.
PLACES = (("centre", 0.5, 0.5), ("half way", 0.25, 0.25), ("corner", 0.0, 0.0))
PLACE_COLOURS = ("#111111", "#1b7a78", "#b5541b")
COARSE_COLOUR, FINE_COLOUR = "#111111", "#2460b8"
AXIS_PX, TOP_AXIS_PX = 30.0, 18.0
"""Room beside and above a map for distances from the photo's middle."""
CORNER_PX = 16.0
"""From where on numbers beside a map leave room for their unit."""
PIXELS = DisplayUnits()


def height_plot(psf: PsfGrid, units: DisplayUnits = PIXELS, width: float = FULL_PX) -> str:
    """Green's contrast from the middle of the photo to its corner at a coarse and a fine
    frequency, 10 and 30 lp/mm where the pixels' size is known; solid sagittal, dashed
    tangential."""
    frequencies = chart_frequencies(units.pitch_um)
    curves = mtf_over_height(psf, frequencies)
    height = units.of_height(curves.height_px)
    lines, key = [], []
    names = [f"{value:g} {units.frequency}" for value in units.of_frequency(frequencies)]
    for n, (name, colour) in enumerate(zip(names, (COARSE_COLOUR, FINE_COLOUR), strict=True)):
        lines.append(Line(height, curves.sagittal[1, n], colour))
        lines.append(Line(height, curves.tangential[1, n], colour, dashed=True))
        key.append(KeyEntry(f"{name}, sagittal", colour))
        key.append(KeyEntry(f"{name}, tangential", colour, dashed=True))
    axes = Axes(units.height, "contrast", (0.0, 1.0), 0.2, x_grid=True, key_below=True)
    return _chart(lines, axes, key, width)


def mtf_plot(psf: PsfGrid, units: DisplayUnits = PIXELS, width: float = FULL_PX) -> str:
    """Green's modulation transfer at the centre, half way and in the corner; solid sagittal, dashed
    tangential."""
    # Up to the highest frequency that pixels can hold.
    frequencies = np.linspace(0, 0.5, 51)
    rows, cols = psf.shape
    lines, key = [], []
    for (name, y, x), colour in zip(PLACES, PLACE_COLOURS, strict=True):
        # The nearest node: nothing is interpolated that was not measured.
        row, col = round(y * (rows - 1)), round(x * (cols - 1))
        sagittal, tangential = mtf_curves(psf, row, col, frequencies)
        lines.append(Line(units.of_frequency(frequencies), sagittal[1], colour))
        lines.append(Line(units.of_frequency(frequencies), tangential[1], colour, dashed=True))
        key.append(KeyEntry(name, colour))
    axes = Axes(units.frequency, "contrast", (0.0, 1.0), 0.2, x_grid=True)
    return _chart(lines, axes, key, width)


def course_plot(name: str, points: Sequence[tuple[int, float]], width: float = FULL_PX) -> str:
    """A value that was followed over the steps of a training; `name` stands above it in the
    report."""
    steps, values = np.array(points, float).T
    line = Line(steps, values, REPORT_STYLE.blue, width=1.6)
    return _chart([line], Axes("step"), (), width)


def mtf50_map(psf: PsfGrid, units: DisplayUnits = PIXELS, width: float = FULL_PX) -> str:
    """Green's MTF50 over the field."""
    values = units.of_frequency(_figures(psf).mtf50[..., 1])
    pattern = "{:.2f}" if units.pitch_um is None else "{:.0f}"
    return value_map(psf.image_size, rounded_map(units.frequency, values, pattern), units, width)


def width_map(psf: PsfGrid, units: DisplayUnits = PIXELS, width: float = FULL_PX) -> str:
    """Green's full width at half maximum over the field."""
    values = units.of_length(_figures(psf).fwhm_px[..., 1])
    return value_map(psf.image_size, rounded_map(units.length, values, "{:.1f}"), units, width)


def confidence_map(psf: PsfGrid, units: DisplayUnits = PIXELS, width: float = FULL_PX) -> str:
    """How sure the kernels are, the least of the three colours in each node; empty where that is
    not known."""
    if psf.confidence is None:
        return ""
    # Without the sign, for which small cells have no room.
    least: NDArray[np.float32] = 100 * psf.confidence.min(axis=-1)
    data = MapData("%; 0: a guess, 100: certain", least, low=0, high=100, pattern="{:.0f}")
    return value_map(psf.image_size, data, units, width)


def lateral_colour_plot(psf: PsfGrid, units: DisplayUnits = PIXELS, width: float = FULL_PX) -> str:
    """Where red and blue fall, seen from green, as arrows from each node of the grid."""
    shifts = units.of_length(_figures(psf).lateral_colour_px)
    reach = float(np.hypot(shifts[..., 0], shifts[..., 1]).max())
    names, title = ("red", "blue"), f"displacement from green, {units.length}"
    data = MapData(title, arrows=shifts, high=reach, unit=units.length, names=names)
    return value_map(psf.image_size, data, units, width)


def value_map(
    image_size: tuple[int, int], data: MapData, units: DisplayUnits = PIXELS, width: float = FULL_PX
) -> str:
    """A map over a photo of (height, width) px, with distances from its middle beside and above
    it."""
    # Cells lie as on the photo.
    height_px, width_px = image_size
    aspect = width_px / height_px
    inner = width - AXIS_PX
    size = inner, float(map_height(inner, aspect))
    drawing = field_map(data, size, aspect, REPORT_STYLE)
    items = [_moved(item, AXIS_PX, TOP_AXIS_PX) for item in drawing.items]
    x, y, area_w, area_h = map_area(size, aspect)
    area = x + AXIS_PX, y + TOP_AXIS_PX, area_w, area_h
    half = units.of_height(np.array([height_px, width_px]) / 2)
    items += _distances(area, (float(half[0]), float(half[1])), units.height)
    return to_svg(Drawing(width, size[1] + TOP_AXIS_PX, tuple(items)))


def rounded_map(
    title: str, values: NDArray[np.floating], pattern: str, *, from_zero: bool = False
) -> MapData:
    """A map whose scale ends at round numbers, and begins at 0 where it should."""
    low, high = 0.0 if from_zero else float(np.nanmin(values)), float(np.nanmax(values))
    step = round_step(max((high - low) / 4, 1e-6 * max(abs(high), 1e-6)))
    low, high = np.floor(low / step) * step, np.ceil(high / step) * step
    return MapData(title, values, low=float(low), high=float(high), pattern=pattern)


def _figures(psf: PsfGrid) -> FieldFigures:
    return field_figures(psf)


def _chart(lines: Sequence[Line], axes: Axes, key: Sequence[KeyEntry], width: float) -> str:
    height = width * (CHART_ASPECT if width > HALF_PX else SMALL_CHART_ASPECT)
    return to_svg(line_chart(lines, axes, key, (width, round(height)), REPORT_STYLE))


def _distances(
    area: tuple[float, float, float, float], half: tuple[float, float], unit: str
) -> list[Item]:
    """Numbers from the middle outwards, above and to the left of an area."""
    left, top, width, height = area
    style = REPORT_STYLE
    items: list[Item] = []
    # The same step along both: the longer side decides.
    step = round_step(max(half) / 2)
    for value in ticks(-half[1], half[1], step):
        x = left + (value / half[1] + 1) / 2 * width
        items.append(segment((x, top - 4), (x, top - 1), style.muted))
        # In the corner stands the unit.
        if x > left + CORNER_PX:
            items.append(Words(x, top - 10, f"{value:g}", style.muted, Anchor.MIDDLE))
    for value in ticks(-half[0], half[0], step):
        y = top + (value / half[0] + 1) / 2 * height
        items.append(segment((left - 4, y), (left - 1, y), style.muted))
        if y > top + CORNER_PX / 2:
            items.append(Words(left - 7, y, f"{value:g}", style.muted, Anchor.END))
    items.append(Words(left - 7, top - 10, unit, style.muted, Anchor.END))
    return items


def _moved(item: Item, right: float, down: float) -> Item:
    """A part of a drawing at another place."""
    if isinstance(item, Polyline | Polygon):
        return replace(item, points=item.points + np.array([right, down]))
    return replace(item, x=item.x + right, y=item.y + down)
