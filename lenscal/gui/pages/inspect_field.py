"""One or two grids next to each other, as mosaics or as maps."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from lenscal.gui import theme
from lenscal.gui.pages.inspect_panel import Grid
from lenscal.gui.widgets.cells import CellView
from lenscal.gui.widgets.field_map import FieldMap
from lenscal.gui.widgets.kernels import KernelMosaic


class FieldSide(QWidget):
    """One grid's name, mosaic and map, of which one is shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = QLabel()
        self.name.setProperty("section", True)
        self.mosaic, self.map = KernelMosaic(), FieldMap()
        self.stack = QStackedWidget()
        self.stack.addWidget(self.mosaic)
        self.stack.addWidget(self.map)
        self.grid: Grid | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.name)
        column.addWidget(self.stack, 1)

    @property
    def view(self) -> CellView:
        return self.mosaic if self.stack.currentWidget() is self.mosaic else self.map


class Field(QWidget):
    """Both sides next to each other; draws them together for a picture file."""

    def __init__(self, left: FieldSide, right: FieldSide, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sides = (left, right)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(left, 1)
        row.addWidget(right, 1)

    def draw(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), QColor(theme.theme().window))
        for side in self._sides:
            if not side.isVisible():
                continue
            painter.setPen(QColor(theme.theme().text))
            at = side.name.mapTo(self, side.name.rect().bottomLeft())
            painter.drawText(at, side.name.text())
            painter.save()
            painter.translate(side.view.mapTo(self, side.view.rect().topLeft()))
            painter.setClipRect(side.view.rect())
            side.view.draw(painter)
            painter.restore()
