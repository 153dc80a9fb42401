"""Curves of the inspection: of one kernel, or of two; over the field, or over image height."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

import numpy as np
from PySide6.QtCore import QCoreApplication

from lenscal.gui.pages.inspection.grids import Cell, Floats, NamedGrid
from lenscal.gui.widgets.curve_plot import COARSE, FINE, Curve, PlotData
from lenscal.optics.field import mtf_curves
from lenscal.optics.image_height import HeightCurves, chart_frequencies, mtf_over_height
from lenscal.optics.kernel_curves import encircled_energy, profiles
from lenscal.optics.kernel_pictures import ALL_CHANNELS, CHANNELS
from lenscal.optics.units import DisplayUnits

FREQUENCIES = np.linspace(0, 0.5, 101)
"""cycles/px, up to Nyquist's."""
N_RADII = 121
translate = QCoreApplication.translate


class KernelPlot(StrEnum):
    """What is plotted of the chosen kernel."""

    MTF = "mtf"
    PROFILE = "profile"
    ENERGY = "energy"


def kernel_plot(
    which: KernelPlot, cells: Sequence[Cell], channel: str, units: DisplayUnits
) -> PlotData:
    """One of the plots of a cell, or of two to compare."""
    match which:
        case KernelPlot.MTF:
            return _mtf(cells, channel, units)
        case KernelPlot.PROFILE:
            return _profiles(cells, channel, units)
        case KernelPlot.ENERGY:
            return _energy(cells, channel, units)


def height_plot(grids: Sequence[NamedGrid], channel: str, units: DisplayUnits) -> PlotData:
    """Contrast over image height, of one grid or of two: the chart that lens makers print."""
    curves: list[Curve] = []
    frequencies = chart_frequencies(units.pitch_um)
    names = [f"{value:g} {units.frequency}" for value in units.of_frequency(frequencies)]
    sagittal, tangential = _directions()
    shown = [_of_height(grid, units.pitch_um) for grid in grids]
    for n, of in enumerate(shown):
        for k, look in enumerate((COARSE, FINE)):
            for dashed, direction, values in (
                (False, sagittal, of.sagittal),
                (True, tangential, of.tangential),
            ):
                name = f"{names[k]} {direction}"
                if len(grids) > 1:
                    name = f"{grids[n].name}, {name}"
                mtf = values.mean(axis=0) if channel == ALL_CHANNELS else values[CHANNELS[channel]]
                # Of two sizes of photo each ends at its own corner.
                at = np.interp(shown[0].height_px, of.height_px, mtf[k], right=float("nan"))
                curves.append(Curve(look, name, at, dashed, other=n == 1))
    key = list(zip(names, (COARSE, FINE), strict=True))
    if len(grids) > 1:
        looks = translate("PlotData", "thick: {name}"), translate("PlotData", "thin: {name}")
        key += [
            (look.format(name=grid.name), COARSE) for look, grid in zip(looks, grids, strict=True)
        ]
    return PlotData(
        x=units.of_height(shown[0].height_px) if shown else np.zeros(0),
        curves=tuple(curves),
        unit=units.height,
        x_name=translate("PlotData", "image height"),
        y_label=translate("PlotData", "contrast (MTF)"),
        solid=sagittal,
        dashed=tangential,
        key=tuple(key),
        key_below=True,
    )


@lru_cache(maxsize=4)
def _of_height(grid: NamedGrid, pitch_um: float | None) -> HeightCurves:
    return mtf_over_height(grid.psf, chart_frequencies(pitch_um))


def _mtf(cells: Sequence[Cell], channel: str, units: DisplayUnits) -> PlotData:
    sagittal, tangential = _directions()
    curves = []
    for n, cell in enumerate(cells):
        # Of this cell alone: nobody looks at the others' now.
        across, along = mtf_curves(cell.grid.psf, cell.row, cell.col, FREQUENCIES)
        for name, index in _shown(channel):
            curves.append(Curve(name, sagittal, across[index], other=n == 1))
            curves.append(Curve(name, tangential, along[index], True, n == 1))
    return PlotData(
        x=units.of_frequency(FREQUENCIES),
        curves=tuple(curves),
        unit=units.frequency,
        x_name=translate("PlotData", "frequency"),
        y_label=translate("PlotData", "contrast (MTF)"),
        solid=sagittal,
        dashed=tangential,
    )


def _profiles(cells: Sequence[Cell], channel: str, units: DisplayUnits) -> PlotData:
    across, down = translate("PlotData", "left to right"), translate("PlotData", "top to bottom")
    reach = max(cell.kernel.shape[-1] for cell in cells) // 2
    distance: Floats = np.arange(-reach, reach + 1, dtype=np.float64)
    curves = []
    for n, cell in enumerate(cells):
        for name, index in _shown(channel):
            cut = profiles(cell.kernel[index])
            for dashed, direction, values in ((False, across, cut.right), (True, down, cut.down)):
                on_axis = np.interp(distance, cut.distance_px, values, left=0, right=0)
                curves.append(Curve(name, direction, on_axis, dashed, n == 1))
    return PlotData(
        x=units.of_length(distance),
        curves=tuple(curves),
        unit=units.length,
        x_name=translate("PlotData", "distance"),
        y_label=translate("PlotData", "light, peak = 1"),
        solid=across,
        dashed=down,
    )


def _energy(cells: Sequence[Cell], channel: str, units: DisplayUnits) -> PlotData:
    name_of_curve = translate("PlotData", "light within the radius")
    radii = np.linspace(0, max(cell.kernel.shape[-1] for cell in cells) / 2, N_RADII)
    curves = [
        Curve(name, name_of_curve, encircled_energy(cell.kernel[index], radii), other=n == 1)
        for n, cell in enumerate(cells)
        for name, index in _shown(channel)
    ]
    return PlotData(
        x=units.of_length(radii),
        curves=tuple(curves),
        unit=units.length,
        x_name=translate("PlotData", "radius"),
        y_label=translate("PlotData", "encircled energy"),
        key_below=False,
    )


def _shown(channel: str) -> list[tuple[str, int]]:
    return [(name, n) for name, n in CHANNELS.items() if channel in (ALL_CHANNELS, name)]


def _directions() -> tuple[str, str]:
    return translate("PlotData", "sagittal"), translate("PlotData", "tangential")
