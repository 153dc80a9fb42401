"""Which maps over the field there are, and what they show. Figures come from
`lenscal.optics.field`."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import numpy as np
from PySide6.QtCore import QCoreApplication

from lenscal.gui.pages.inspect_panel import Grid, Measure
from lenscal.gui.widgets.field_map import MapData
from lenscal.gui.widgets.mtf_plot import MtfPlot
from lenscal.optics.kernel_pictures import CHANNELS


class View(StrEnum):
    """What is shown over the field, in the window's words."""

    KERNELS = "Kernels"
    MTF50 = "MTF50"
    SAGITTAL = "MTF50 sagittal"
    TANGENTIAL = "MTF50 tangential"
    FWHM = "Width (FWHM)"
    LATERAL = "Lateral colour"
    CONFIDENCE = "Confidence"


def map_of(
    grids: Sequence[Grid], which: int, view: View, channel: str, measure: Measure
) -> MapData | None:
    """The map of one of the grids, with a colour scale that all of them share; None where there is
    none."""
    if view is View.KERNELS:
        return None
    if view is View.LATERAL:
        arrows = measure.of_length(grids[which].figures.lateral_colour_px)
        title = _tr("Red and blue against green, {unit}").format(unit=measure.length)
        reach = max(
            float(np.hypot(*np.moveaxis(grid.figures.lateral_colour_px, -1, 0)).max())
            for grid in grids
        )
        high = float(measure.of_length(np.array(reach)))
        return MapData(
            title, arrows=arrows, high=high, unit=measure.length, names=(_tr("red"), _tr("blue"))
        )
    all_values = [_values(grid, view, channel, measure) for grid in grids]
    values = all_values[which]
    if values is None:
        return None
    there = np.concatenate([v.ravel() for v in all_values if v is not None])
    pattern = {View.CONFIDENCE: "{:.0%}", View.FWHM: "{:.2f}"}.get(view, measure.frequency_pattern)
    low, high = (0.0, 1.0) if view is View.CONFIDENCE else (float(there.min()), float(there.max()))
    unit = {View.CONFIDENCE: "", View.FWHM: measure.length}.get(view, measure.frequency)
    words = _tr("mean of R, G and B") if channel == "all" else channel
    title = f"{_tr(view.value)}, {words}" + (f", {unit}" if unit else "")
    return MapData(title, values, low=low, high=high, pattern=pattern)


def map_columns(grid: Grid, view: View, measure: Measure) -> list[tuple[str, np.ndarray]]:
    """Named columns [rows, cols] with the data behind a view; of the kernels all figures."""
    figures = grid.figures
    if view is View.LATERAL:
        shifts = measure.of_length(figures.lateral_colour_px)
        return [
            (f"{colour}_{axis}_{measure.length}", shifts[..., n, k])
            for n, colour in enumerate(("red", "blue"))
            for k, axis in ((1, "right"), (0, "down"))
        ]
    views = (
        [v for v in View if v not in (View.KERNELS, View.LATERAL)]
        if view is View.KERNELS
        else [view]
    )
    columns = []
    for one in views:
        for channel in CHANNELS:
            values = _values(grid, one, channel, measure)
            if values is not None:
                unit = {View.CONFIDENCE: "", View.FWHM: f"_{measure.length}"}.get(
                    one, f"_{measure.frequency}"
                )
                columns.append((f"{one.name.lower()}_{channel}{unit}", values))
    return columns


def curve_columns(plot: MtfPlot) -> list[tuple[str, np.ndarray]]:
    """Named columns [f] with the curves of a plot behind their frequencies."""
    names = (
        f"{c.channel}_{'sagittal' if c.sagittal else 'tangential'}{'_other' * c.other}"
        for c in plot.curves
    )
    values = (c.values for c in plot.curves)
    return [(f"frequency_{plot.unit}", plot.frequencies), *zip(names, values, strict=True)]


def kernel_columns(kernel: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Named columns [k * k] with a kernel [3, k, k] behind its pixels' (y, x) from the middle."""
    y, x = np.indices(kernel.shape[1:]) - kernel.shape[-1] // 2
    return [
        ("dy_px", y.ravel()),
        ("dx_px", x.ravel()),
        *((c, kernel[n].ravel()) for c, n in CHANNELS.items()),
    ]


def _values(grid: Grid, view: View, channel: str, measure: Measure) -> np.ndarray | None:
    f = grid.figures
    values = {
        View.MTF50: lambda: measure.of_frequency(f.mtf50),
        View.SAGITTAL: lambda: measure.of_frequency(f.sagittal),
        View.TANGENTIAL: lambda: measure.of_frequency(f.tangential),
        View.FWHM: lambda: measure.of_length(f.fwhm_px),
        View.CONFIDENCE: lambda: grid.psf.confidence,
    }[view]()
    if values is None:
        return None
    chosen: np.ndarray = (
        values.mean(axis=-1) if channel == "all" else values[..., CHANNELS[channel]]
    )
    return chosen


def _tr(text: str) -> str:
    return QCoreApplication.translate("FieldMaps", text)
