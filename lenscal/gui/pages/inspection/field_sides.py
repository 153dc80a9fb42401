"""One or two grids next to each other, as mosaics or as maps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from lenscal.gui import theme
from lenscal.gui.pages.inspection.field_maps import NO_MAPS, FieldView, difference_map, map_of
from lenscal.gui.pages.inspection.grids import NamedGrid
from lenscal.gui.pages.inspection.plot_data import height_plot
from lenscal.gui.widgets.cells import CellView
from lenscal.gui.widgets.curve_plot import CurvePlot, PlotData
from lenscal.gui.widgets.elements import section, without_margins
from lenscal.gui.widgets.field_map import FieldMap
from lenscal.gui.widgets.kernels import KernelMosaic
from lenscal.optics.kernel_pictures import common_size, resized
from lenscal.optics.units import DisplayUnits


class FieldSide(QWidget):
    """One grid's name, mosaic and map, of which one is shown."""

    cell_chosen = Signal(int, int)
    """row, col."""
    pointed = Signal(str)
    """What is under the mouse, in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.grid: NamedGrid | None = None
        self.name = section("")
        self.mosaic, self.map = KernelMosaic(), FieldMap()
        self._stack = QStackedWidget()
        for view in (self.mosaic, self.map):
            view.cell_chosen.connect(self.cell_chosen)
            view.pointed.connect(self.pointed)
            self._stack.addWidget(view)
        column = QVBoxLayout(self)
        without_margins(column, spacing_px=4)
        column.addWidget(self.name)
        column.addWidget(self._stack, 1)

    @property
    def view(self) -> CellView:
        """What is seen: the mosaic or the map."""
        return self.mosaic if self._stack.currentWidget() is self.mosaic else self.map

    def show_view(self, view: FieldView) -> None:
        """Bring the mosaic or the map to the front."""
        self._stack.setCurrentWidget(self.mosaic if view is FieldView.KERNELS else self.map)

    def tell_places(self, units: DisplayUnits) -> None:
        """How far from the middle of the photo what is under the mouse lies."""
        for view in (self.mosaic, self.map):
            view.place_words = partial(self._place_words, units=units)

    def _place_words(self, row: int, col: int, units: DisplayUnits) -> str:
        if self.grid is None:
            return ""
        height = float(units.of_height(np.array(self.grid.height_px(row, col))))
        pattern = "{:.0f}" if units.pitch_um is None else "{:.1f}"
        words = self.tr("{height} {unit} from the centre of the photo")
        return words.format(height=pattern.format(height), unit=units.height)

    def mark(self, row: int, col: int) -> None:
        """Show which cell is chosen, in both views."""
        self.mosaic.mark(row, col)
        self.map.mark(row, col)


class Field(QWidget):
    """Both sides next to each other; draws them together for a picture file."""

    cell_chosen = Signal(QWidget, int, int)
    """The FieldSide, row and col."""
    pointed = Signal(str)
    """What is under the mouse, in words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.left, self.right = FieldSide(), FieldSide()
        self.chart = CurvePlot()
        self.chart.setAccessibleName(self.tr("Contrast against image height"))
        self.chart.hide()
        self.chart.pointed.connect(self.pointed)
        row = QHBoxLayout(self)
        without_margins(row, spacing_px=8)
        for side in (self.left, self.right):
            row.addWidget(side, 1)
            side.cell_chosen.connect(
                lambda r, c, side=side: self.cell_chosen.emit(side, r, c),
            )
            side.pointed.connect(self.pointed)
        row.addWidget(self.chart, 1)

    @property
    def sides(self) -> tuple[FieldSide, FieldSide]:
        """Left and right."""
        return self.left, self.right

    @property
    def grids(self) -> list[NamedGrid]:
        """Those that are shown, from left to right."""
        return [side.grid for side in self.sides if side.grid is not None]

    def show_grids(
        self, view: FieldView, channel: str, units: DisplayUnits, *, difference: bool = False
    ) -> None:
        """Draw the sides' grids, both kernels and maps at the same scale; difference: one map of
        what parts the two."""
        grids = self.grids
        compared = self.right.grid is not None
        difference = difference and compared and view not in NO_MAPS
        charted = view is FieldView.HEIGHT and bool(grids)
        self.chart.setVisible(charted)
        self.left.setVisible(not charted)
        # A single grid gets the whole width.
        self.right.setVisible(compared and not difference and not charted)
        # Both in one chart, as makers print two apertures.
        self.chart.show_data(height_plot(grids, channel, units) if charted else PlotData())
        # Cut to one size, or the same blur would look smaller in the grid of larger kernels.
        size = common_size(*(grid.psf.kernels for grid in grids)) if grids else 1
        kernels = {id(grid): resized(grid.psf.kernels, size) for grid in grids}
        # One white for both: a lower peak has to look darker.
        peak = max((float(values.max()) for values in kernels.values()), default=1.0)
        for side in self.sides:
            side.tell_places(units)
            side.show_view(view)
            # The page's title names the only one.
            side.name.setVisible(compared)
            if side.grid is None:
                side.name.clear()
                side.mosaic.show_kernels(None)
                side.map.show_map(None)
                continue
            side.name.setText(_name(grids) if difference else side.grid.name)
            side.mosaic.show_kernels(kernels[id(side.grid)], peak=peak)
            data = (
                difference_map(grids, view, channel, units)
                if difference
                else map_of(grids, grids.index(side.grid), view, channel, units)
            )
            height, width = side.grid.psf.image_size
            empty = self.tr("This profile does not say how sure its kernels are.")
            side.map.show_map(data, aspect=width / height, empty=empty)

    def mark(self, side: FieldSide, row: int, col: int) -> None:
        """Choose a cell of one side, and the one at its place in the other."""
        if side.grid is None:
            return
        y, x = side.grid.psf.positions[row, col]
        for other in self.sides:
            if other is side:
                other.mark(row, col)
            elif other.grid is not None:
                other.mark(*other.grid.nearest(y, x))

    @property
    def shown(self) -> Field | CellView | CurvePlot:
        """What a picture file shows: both sides, the only one, or the chart."""
        if self.chart.isVisible():
            return self.chart
        # A difference is nothing without its two names.
        return self if self.right.isVisible() or self.left.name.isVisible() else self.left.view

    def draw(self, painter: QPainter) -> None:
        """For a picture file."""
        painter.fillRect(self.rect(), QColor(theme.theme().window))
        for side in self._visible_sides():
            painter.setPen(QColor(theme.theme().text))
            at = side.name.mapTo(self, side.name.rect().bottomLeft())
            painter.drawText(at, side.name.text())
            # Each view draws in its own coordinates.
            painter.save()
            painter.translate(side.view.mapTo(self, side.view.rect().topLeft()))
            # A view fills what it is given: it must not paint over its neighbour.
            painter.setClipRect(side.view.rect())
            side.view.draw(painter)
            painter.restore()

    def _visible_sides(self) -> Iterator[FieldSide]:
        return (side for side in self.sides if side.isVisible())


def _name(grids: Sequence[NamedGrid]) -> str:
    """Of a difference."""
    return f"{grids[0].name} − {grids[1].name}"
