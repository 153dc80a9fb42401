"""Beside the field: everything about the chosen kernel, and about its counterpart in another
grid."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lenscal.gui.pages.inspection.figure_table import FigureTable
from lenscal.gui.pages.inspection.grids import Cell
from lenscal.gui.pages.inspection.plot_data import KernelPlot, kernel_plot
from lenscal.gui.widgets.choice import Choice
from lenscal.gui.widgets.curve_plot import CurvePlot, PlotData
from lenscal.gui.widgets.elements import muted, section, tip_text
from lenscal.gui.widgets.kernels import KernelPicture, Picture
from lenscal.optics.kernel_curves import CONTOUR_LEVELS, contours
from lenscal.optics.kernel_pictures import (
    ALL_CHANNELS,
    CHANNELS,
    common_size,
    kernel_pixels,
    resized,
)
from lenscal.optics.units import DisplayUnits

PANEL_PX, NARROW_PX = 404, 320
"""Least width: two kernels' figures in three columns; in a narrow window."""


class CellPanel(QFrame):
    """Title, picture, a plot and figures."""

    changed = Signal()
    """Something else of the kernel is to be shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setMinimumWidth(NARROW_PX)
        self.title = section("")
        self.units = muted(wrapped=False)
        self.units.setToolTip(self.tr("Units of lengths and frequencies below"))
        self.picture = KernelPicture()
        self.plot = CurvePlot()
        self.table = FigureTable()
        self._make_choices()
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.units)
        choices = QHBoxLayout()
        choices.addWidget(self.which)
        choices.addStretch()
        choices.addWidget(self.contours)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(6)
        column.addLayout(head)
        # Picture and curves share what the table leaves.
        column.addWidget(self.picture, 2)
        column.addLayout(choices)
        column.addWidget(self.plot, 2)
        column.addWidget(self.table)

    def _make_choices(self) -> None:
        mtf_tip = self.tr(
            "Remaining contrast of fine detail. Solid: sagittal, detail that runs towards "
            "the centre of the photo; dashed: tangential, detail that runs around it. Thin "
            "and pale: what it is compared with"
        )
        profile_tip = self.tr("Light along the row and the column of the brightest pixel")
        energy_tip = self.tr("How much of the light lies within a radius")
        self.which = Choice(
            (
                (KernelPlot.MTF, self.tr("MTF"), mtf_tip),
                (KernelPlot.PROFILE, self.tr("Profile"), profile_tip),
                (KernelPlot.ENERGY, self.tr("Energy"), energy_tip),
            )
        )
        self.which.chosen.connect(lambda _: self.changed.emit())
        self.contours = QPushButton(self.tr("Contours"))
        self.contours.setCheckable(True)
        self.contours.setProperty("choice", True)
        levels = self.tr("Lines of equal light over the kernel, at {levels} of its peak (C)")
        shares = ", ".join(f"{level:.0%}" for level in CONTOUR_LEVELS)
        self.contours.setToolTip(tip_text(levels.format(levels=shares)))
        self.contours.toggled.connect(lambda _: self.changed.emit())

    def next_plot(self) -> None:
        """Show the next one of the plots."""
        plots = list(self.which.buttons)
        self.which.choose(plots[(plots.index(self.which.value) + 1) % len(plots)])

    def clear(self) -> None:
        """There are no kernels."""
        self.title.setText(self.tr("No kernels yet"))
        self.units.clear()
        self.picture.show_pictures([])
        self.plot.show_data(PlotData())
        self.table.show_cells((), DisplayUnits())

    def show_cells(
        self, cells: Sequence[Cell], *, channel: str, log: bool, units: DisplayUnits
    ) -> None:
        """Show one cell, or two to compare.

        Parameters
        ----------
        cells : the chosen one first; the other one lies at the same place of the field
        channel : "R", "G", "B" or ALL_CHANNELS
        log : whether the picture's brightness is logarithmic
        """
        cell = cells[0]
        title = self.tr("Row {r}, column {c}").format(r=cell.row + 1, c=cell.col + 1)
        self.title.setText(title)
        words = self.tr("{length}, {frequency}")
        self.units.setText(words.format(length=units.length, frequency=units.frequency))
        self._show_pictures(cells, channel, log)
        which = KernelPlot(self.which.value)
        self.plot.show_data(kernel_plot(which, cells, channel, units))
        button = self.which.buttons[which]
        self.plot.setAccessibleName(button.text())
        self.plot.setToolTip(tip_text(button.toolTip()))
        self.table.show_cells(cells, units, channel)

    def _show_pictures(self, cells: Sequence[Cell], channel: str, log: bool) -> None:
        # As in the mosaics: both are drawn at the same scale.
        size = common_size(*(cell.kernel for cell in cells))
        pictures = []
        for cell in cells:
            kernel = resized(cell.kernel, size)
            pixels = kernel_pixels(kernel, channel=channel, log=log)
            caption = cell.grid.name if len(cells) > 1 else ""
            light = kernel.mean(axis=0) if channel == ALL_CHANNELS else kernel[CHANNELS[channel]]
            levels = CONTOUR_LEVELS if self.contours.isChecked() else ()
            lines = [line for level in levels for line in contours(light, level)]
            pictures.append(Picture(caption, pixels, kernel, lines))
        self.picture.show_pictures(pictures)
