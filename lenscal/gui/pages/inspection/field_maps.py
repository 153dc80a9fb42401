"""Which maps over the field there are, and what they show. Figures come from
`lenscal.optics.field`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from lenscal.gui.pages.inspection.grids import Floats, NamedGrid
from lenscal.gui.widgets.curve_plot import PlotData
from lenscal.optics.kernel_pictures import ALL_CHANNELS, CHANNELS
from lenscal.optics.psf_grid import PsfGrid, bilinear_nodes
from lenscal.optics.units import DisplayUnits
from lenscal.plots.maps import DIFFERENCE_SCALE, MapData

Column = tuple[str, NDArray[np.generic]]
"""A name and its data, for CSV files."""
translate = QCoreApplication.translate


class FieldView(StrEnum):
    """What is shown over the field."""

    KERNELS = "kernels"
    HEIGHT = "height"
    MTF50 = "mtf50"
    SAGITTAL = "sagittal"
    TANGENTIAL = "tangential"
    FWHM = "fwhm"
    LATERAL = "lateral"
    CONFIDENCE = "confidence"


FIGURES = (
    FieldView.MTF50,
    FieldView.SAGITTAL,
    FieldView.TANGENTIAL,
    FieldView.FWHM,
    FieldView.CONFIDENCE,
)
"""Views with one figure a channel."""
NO_MAPS = (FieldView.KERNELS, FieldView.HEIGHT)
"""Drawn elsewhere: a mosaic, and a chart."""


def view_names() -> dict[FieldView, str]:
    """What the views are called, in their order."""
    return {
        FieldView.KERNELS: translate("FieldMaps", "Kernels"),
        FieldView.HEIGHT: translate("FieldMaps", "MTF against image height"),
        FieldView.MTF50: translate("FieldMaps", "MTF50"),
        FieldView.SAGITTAL: translate("FieldMaps", "MTF50 sagittal"),
        FieldView.TANGENTIAL: translate("FieldMaps", "MTF50 tangential"),
        FieldView.FWHM: translate("FieldMaps", "Width (FWHM)"),
        FieldView.LATERAL: translate("FieldMaps", "Lateral colour"),
        FieldView.CONFIDENCE: translate("FieldMaps", "Confidence"),
    }


def map_of(
    grids: Sequence[NamedGrid], which: int, view: FieldView, channel: str, units: DisplayUnits
) -> MapData | None:
    """The map of one of the grids, with a scale that all of them share.

    Parameters
    ----------
    grids : those that are shown side by side
    which : index of the grid that the map is of
    channel : "R", "G", "B" or `ALL_CHANNELS`

    Returns
    -------
    MapData, or None where the grid has none
    """
    if view in NO_MAPS:
        return None
    if view is FieldView.LATERAL:
        return _lateral_map(grids, which, units)
    return _figure_map(grids, which, view, channel, units)


def difference_map(
    grids: Sequence[NamedGrid], view: FieldView, channel: str, units: DisplayUnits
) -> MapData | None:
    """What the first grid's figures have more than the second's, at the first's nodes; None where
    one of them has none, or the view is no map."""
    if view in NO_MAPS:
        return None
    title = translate("FieldMaps", "Difference in {what}")
    if view is FieldView.LATERAL:
        shifts = [units.of_length(grid.figures.lateral_colour_px) for grid in grids]
        arrows = shifts[0] - _at_nodes(shifts[1], grids[0].psf)
        of_both = _lateral_map(grids, 0, units)
        longest = float(np.linalg.norm(arrows, axis=-1).max())
        return replace(of_both, title=title.format(what=of_both.title), arrows=arrows, high=longest)
    values = [_values(grid, view, channel, units) for grid in grids]
    if values[0] is None or values[1] is None:
        return None
    difference = values[0] - _at_nodes(values[1], grids[0].psf)
    # Even to both sides, so that no difference has the colour of none.
    reach = max(float(np.abs(difference).max()), 1e-9)
    return MapData(
        title.format(what=_figure_title(view, channel, _unit(view, units))),
        difference,
        low=-reach,
        high=reach,
        pattern=_pattern(view, units).replace(":", ":+"),
        colours=DIFFERENCE_SCALE,
    )


def mean_change(
    grids: Sequence[NamedGrid], view: FieldView, channel: str, units: DisplayUnits
) -> tuple[str, str] | None:
    """Means over the field of a figure of two grids, as text; None where one has none."""
    values = [_values(grid, view, channel, units) for grid in grids]
    if values[0] is None or values[1] is None:
        return None
    # Of the second at the first's nodes: coarse grids have more of theirs at the border.
    means = values[0].mean(), _at_nodes(values[1], grids[0].psf).mean()
    pattern = _pattern(view, units)
    return pattern.format(means[0]), pattern.format(means[1])


def _at_nodes(values: Floats, psf: PsfGrid) -> Floats:
    """A figure [rows, cols, ...] of another grid at the nodes of this one."""
    shape = values.shape[0], values.shape[1]
    index, weight = bilinear_nodes(psf.positions, shape)
    flat = values.reshape(-1, *values.shape[2:])
    return np.asarray(np.einsum("rcn,rcn...->rc...", weight, flat[index]))


def _lateral_map(grids: Sequence[NamedGrid], which: int, units: DisplayUnits) -> MapData:
    """Arrows to where red and blue lie."""
    lengths_px = [np.linalg.norm(grid.figures.lateral_colour_px, axis=-1) for grid in grids]
    # Arrows of both grids are drawn at one scale, so that they can be compared.
    longest_px = max(float(lengths.max()) for lengths in lengths_px)
    return MapData(
        translate("FieldMaps", "Red and blue against green, {unit}").format(unit=units.length),
        arrows=units.of_length(grids[which].figures.lateral_colour_px),
        high=float(units.of_length(np.array(longest_px))),
        unit=units.length,
        names=(translate("FieldMaps", "red"), translate("FieldMaps", "blue")),
    )


def _figure_map(
    grids: Sequence[NamedGrid], which: int, view: FieldView, channel: str, units: DisplayUnits
) -> MapData | None:
    values_of_all = [_values(grid, view, channel, units) for grid in grids]
    values = values_of_all[which]
    if values is None:
        return None
    all_values = np.concatenate([v.ravel() for v in values_of_all if v is not None])
    title = _figure_title(view, channel, _unit(view, units))
    if view is FieldView.CONFIDENCE:
        # Its ends mean something by themselves: 0 a guess, 1 sure.
        return MapData(title, values, low=0.0, high=1.0, pattern="{:.0%}")
    pattern = _pattern(view, units)
    return MapData(
        title, values, low=float(all_values.min()), high=float(all_values.max()), pattern=pattern
    )


def _figure_title(view: FieldView, channel: str, unit: str) -> str:
    words = (
        translate("FieldMaps", "{figure}, {channel}, {unit}")
        if unit
        else translate("FieldMaps", "{figure}, {channel}")
    )
    channel_name = (
        translate("FieldMaps", "mean of R, G and B") if channel == ALL_CHANNELS else channel
    )
    return words.format(figure=view_names()[view], channel=channel_name, unit=unit)


def _pattern(view: FieldView, units: DisplayUnits) -> str:
    if view is FieldView.CONFIDENCE:
        return "{:.0%}"
    return "{:.2f}" if view is FieldView.FWHM else units.frequency_pattern


def _unit(view: FieldView, units: DisplayUnits) -> str:
    if view is FieldView.CONFIDENCE:
        return ""
    return units.length if view is FieldView.FWHM else units.frequency


def map_columns(grid: NamedGrid, view: FieldView, units: DisplayUnits) -> list[Column]:
    """Columns [rows, cols] with the data behind a view; of the kernels all figures."""
    if view is FieldView.LATERAL:
        shifts = units.of_length(grid.figures.lateral_colour_px)
        return [
            (f"{colour}_{axis}_{units.length}", shifts[..., n, k])
            for n, colour in enumerate(("red", "blue"))
            for k, axis in ((1, "right"), (0, "down"))
        ]
    columns: list[Column] = []
    # The kernels themselves are saved elsewhere: a table has room for their figures.
    for figure in FIGURES if view in NO_MAPS else (view,):
        unit = _unit(figure, units)
        for channel in CHANNELS:
            values = _values(grid, figure, channel, units)
            if values is not None:
                name = f"{figure.name.lower()}_{channel}"
                columns.append((f"{name}_{unit}" if unit else name, values))
    return columns


def curve_columns(plot: PlotData) -> list[Column]:
    """Columns [n] with the curves of a plot behind their x axis."""
    columns: list[Column] = [(f"{plot.x_name}_{plot.unit}", plot.x)]
    for curve in plot.curves:
        suffix = "_other" if curve.other else ""
        columns.append((f"{curve.channel}_{curve.name}{suffix}", curve.values))
    return columns


def kernel_columns(kernel: NDArray[np.float32]) -> list[Column]:
    """Columns [k * k] with a kernel [3, k, k] behind its pixels' (y, x) from the middle."""
    y, x = np.indices(kernel.shape[1:]) - kernel.shape[-1] // 2
    columns: list[Column] = [("dy_px", y.ravel()), ("dx_px", x.ravel())]
    return columns + [(name, kernel[n].ravel()) for name, n in CHANNELS.items()]


def _values(grid: NamedGrid, view: FieldView, channel: str, units: DisplayUnits) -> Floats | None:
    """[rows, cols] of one of the `FIGURES`; None where the grid does not have it."""
    values = _values_rgb(grid, view, units)
    if values is None:
        return None
    if channel == ALL_CHANNELS:
        # Of the figures, not of the kernels: colour fringes would widen a mean kernel.
        mean: Floats = values.mean(axis=-1)
        return mean
    return values[..., CHANNELS[channel]]


def _values_rgb(grid: NamedGrid, view: FieldView, units: DisplayUnits) -> Floats | None:
    """[rows, cols, 3]."""
    figures = grid.figures
    match view:
        case FieldView.MTF50:
            return units.of_frequency(figures.mtf50)
        case FieldView.SAGITTAL:
            return units.of_frequency(figures.sagittal)
        case FieldView.TANGENTIAL:
            return units.of_frequency(figures.tangential)
        case FieldView.FWHM:
            return units.of_length(figures.fwhm_px)
        case FieldView.CONFIDENCE:
            return grid.psf.confidence
    raise ValueError(f"{view} is not one figure a channel")
