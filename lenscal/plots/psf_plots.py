"""Plots of a PSF grid for reports, pages and slides, as SVG."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lenscal.optics.field import field_figures, mtf_curves
from lenscal.optics.psf_grid import PsfGrid
from lenscal.plots.charts import Axes, KeyEntry, Line, line_chart
from lenscal.plots.maps import MapData, field_map, map_height
from lenscal.plots.svg import REPORT_STYLE, to_svg

CHART_PX = (640.0, 300.0)
MAP_WIDTH_PX = 640.0
# Name and field position (y, x) of the kernels whose curves are shown.
PLACES = (("centre", 0.5, 0.5), ("half way", 0.25, 0.25), ("corner", 0.0, 0.0))
PLACE_COLOURS = ("#111111", "#1b7a78", "#b5541b")


def mtf_plot(psf: PsfGrid) -> str:
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
        lines.append(Line(frequencies, sagittal[1], colour))
        lines.append(Line(frequencies, tangential[1], colour, dashed=True))
        key.append(KeyEntry(f"{name}, sagittal", colour))
        key.append(KeyEntry(f"{name}, tangential", colour, dashed=True))
    axes = Axes("cycles/px", "contrast", y_range=(0.0, 1.0))
    return to_svg(line_chart(lines, axes, key, CHART_PX, REPORT_STYLE))


def course_plot(name: str, points: Sequence[tuple[int, float]]) -> str:
    """A value that was followed over the steps of a training."""
    steps, values = np.array(points, float).T
    line = Line(steps, values, REPORT_STYLE.blue, width=1.6)
    return to_svg(line_chart([line], Axes("step", name), (), CHART_PX, REPORT_STYLE))


def mtf50_map(psf: PsfGrid) -> str:
    """Green's MTF50 over the field, cycles/px."""
    values = field_figures(psf).mtf50[..., 1]
    return _map(psf, MapData("cycles/px", values, low=0.0, high=0.5))


def width_map(psf: PsfGrid) -> str:
    """Green's full width at half maximum over the field, px."""
    values = field_figures(psf).fwhm_px[..., 1]
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    return _map(psf, MapData("px", values, low=low, high=high))


def confidence_map(psf: PsfGrid) -> str:
    """How sure the kernels are, the least of the three colours in each node; empty where that is
    not known."""
    if psf.confidence is None:
        return ""
    least: NDArray[np.float32] = psf.confidence.min(axis=-1)
    return _map(psf, MapData("0: a guess, 1: sure", least))


def lateral_colour_plot(psf: PsfGrid) -> str:
    """Where red and blue fall, seen from green, as arrows from each node of the grid."""
    shifts = field_figures(psf).lateral_colour_px
    reach = float(np.hypot(shifts[..., 0], shifts[..., 1]).max())
    names, title = ("red", "blue"), "red and blue against green, px"
    return _map(psf, MapData(title, arrows=shifts, high=reach, unit="px", names=names))


def _map(psf: PsfGrid, data: MapData) -> str:
    # Cells lie as on the photo.
    height, width = psf.image_size
    aspect = width / height
    size = MAP_WIDTH_PX, float(map_height(MAP_WIDTH_PX, aspect))
    return to_svg(field_map(data, size, aspect, REPORT_STYLE))
