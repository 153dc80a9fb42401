"""Beside the field: everything about the chosen kernel, and about its counterpart in another
grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from lenscal.gui.pages.inspection.field_maps import ALL_CHANNELS
from lenscal.gui.pages.inspection.figure_table import FigureTable
from lenscal.gui.pages.inspection.grids import Cell, DisplayUnits
from lenscal.gui.widgets.elements import muted, section
from lenscal.gui.widgets.kernels import KernelPicture
from lenscal.gui.widgets.mtf_plot import Curve, MtfPlot
from lenscal.optics.field import mtf_curves
from lenscal.optics.kernel_pictures import CHANNELS, common_size, kernel_pixels, resized

FREQUENCIES = np.linspace(0, 0.5, 101)
"""cycles/px, up to Nyquist's."""
PANEL_PX = 404
"""Least width: two kernels' figures in three columns."""


class CellPanel(QFrame):
    """Title, picture, MTF curves and figures."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setMinimumWidth(PANEL_PX)
        self.title = section("")
        self.units = muted(wrapped=False)
        self.units.setToolTip(self.tr("Units of lengths and frequencies below"))
        self.note = muted()
        self.picture = KernelPicture()
        self.plot = MtfPlot()
        self.table = FigureTable()
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.units)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(6)
        column.addLayout(head)
        column.addWidget(self.note)
        # Picture and curves share what the table leaves.
        column.addWidget(self.picture, 2)
        column.addWidget(self.plot, 2)
        column.addWidget(self.table)

    def clear(self) -> None:
        """There are no kernels."""
        self.title.setText(self.tr("No kernels yet"))
        self.units.clear()
        self.note.hide()
        self.picture.show_pictures([])
        self.plot.show_curves(FREQUENCIES[:0], (), "")
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
        self._show_note([cell.grid.name for cell in cells])
        self._show_pictures(cells, channel, log)
        self._show_curves(cells, channel, units)
        self.table.show_cells(cells, units)

    def _show_note(self, names: Sequence[str]) -> None:
        """Which figure is whose."""
        self.note.setVisible(len(names) > 1)
        if len(names) > 1:
            words = self.tr("{name} / {other}")
            self.note.setText(words.format(name=names[0], other=names[1]))

    def _show_pictures(self, cells: Sequence[Cell], channel: str, log: bool) -> None:
        # As in the mosaics: both are drawn at the same scale.
        size = common_size(*(cell.kernel for cell in cells))
        pictures = []
        for cell in cells:
            pixels = kernel_pixels(resized(cell.kernel, size), channel=channel, log=log)
            caption = cell.grid.name if len(cells) > 1 else ""
            pictures.append((caption, pixels))
        self.picture.show_pictures(pictures)

    def _show_curves(self, cells: Sequence[Cell], channel: str, units: DisplayUnits) -> None:
        curves = []
        for n, cell in enumerate(cells):
            # Of this cell alone: nobody looks at the others' now.
            sagittal, tangential = mtf_curves(cell.grid.psf, cell.row, cell.col, FREQUENCIES)
            for name, index in CHANNELS.items():
                if channel in (ALL_CHANNELS, name):
                    curves.append(Curve(name, True, sagittal[index], other=n == 1))
                    curves.append(Curve(name, False, tangential[index], other=n == 1))
        frequencies = units.of_frequency(FREQUENCIES)
        self.plot.show_curves(frequencies, tuple(curves), units.frequency)
