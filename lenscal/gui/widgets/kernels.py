"""The kernel grid as a mosaic of little pictures."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from lenscal.gui import theme
from lenscal.gui.images import kernel_pixels, mosaic_pixels, to_pixmap

GAP_PX = 1
MOVES = {
    Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1), Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0),
}  # fmt: skip


class KernelMosaic(QWidget):
    """Kernels [rows, cols, 3, k, k] where they lie on the sensor; a click or the arrow keys choose a cell."""

    cell_chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None, *, selectable: bool = True) -> None:
        super().__init__(parent)
        self._kernels: np.ndarray | None = None
        self._pixmap: QPixmap | None = None
        self._channel, self._log, self._per_cell = "all", False, True
        self._selectable = selectable
        self._cell: tuple[int, int] | None = None
        self.setAccessibleName(self.tr("Kernel grid"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 240)
        if selectable:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        return QSize(560, 560)

    @property
    def cell(self) -> tuple[int, int] | None:
        return self._cell

    @property
    def kernels(self) -> np.ndarray | None:
        return self._kernels

    def show_kernels(self, kernels: np.ndarray | None) -> None:
        self._kernels = kernels
        if kernels is None or (self._cell and (self._cell[0] >= kernels.shape[0] or self._cell[1] >= kernels.shape[1])):
            self._cell = None
        self._draw()

    def show_as(self, *, channel: str | None = None, log: bool | None = None, per_cell: bool | None = None) -> None:
        """Change how kernels are drawn; None leaves a choice as it is."""
        self._channel = self._channel if channel is None else channel
        self._log = self._log if log is None else log
        self._per_cell = self._per_cell if per_cell is None else per_cell
        self._draw()

    def choose(self, row: int, col: int) -> None:
        if self._kernels is None:
            return
        rows, cols = self._kernels.shape[:2]
        self._cell = min(max(row, 0), rows - 1), min(max(col, 0), cols - 1)
        self.update()
        self.cell_chosen.emit(*self._cell)

    def cell_rect(self, row: int, col: int) -> QRect:
        """Where a cell is drawn, widget coordinates."""
        area, scale = self._area()
        k = self._kernels.shape[-1] if self._kernels is not None else 1
        pitch = k + GAP_PX
        left = area.left() + (GAP_PX + col * pitch) * scale
        top = area.top() + (GAP_PX + row * pitch) * scale
        return QRect(round(left), round(top), round(k * scale), round(k * scale))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.theme().surround))
        if self._pixmap is None:
            painter.setPen(QColor(theme.theme().text))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.tr("No kernels yet"))
            return
        area, _ = self._area()
        painter.drawPixmap(area, self._pixmap)
        if self._cell is not None:
            painter.setPen(QPen(QColor("#ffd24a"), 2))
            painter.drawRect(self.cell_rect(*self._cell).adjusted(-1, -1, 1, 1))
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.theme().accent), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self._cell_at(event.position().toPoint())
        if self._selectable and cell is not None:
            self.choose(*cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        move = MOVES.get(Qt.Key(event.key()))
        if move is None or not self._selectable or self._kernels is None:
            super().keyPressEvent(event)
            return
        row, col = self._cell or (0, 0)
        self.choose(row + move[0], col + move[1])

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            cell = self._cell_at(event.pos())
            text = self.tr("Row {r}, column {c}").format(r=cell[0] + 1, c=cell[1] + 1) if cell else ""
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)

    def _draw(self) -> None:
        if self._kernels is None:
            self._pixmap = None
        else:
            cells = kernel_pixels(self._kernels, channel=self._channel, log=self._log, per_cell=self._per_cell)
            self._pixmap = to_pixmap(mosaic_pixels(cells, gap=GAP_PX))
        self.update()

    def _area(self) -> tuple[QRect, float]:
        """Where the mosaic is drawn, and screen px per kernel px (whole where that costs little room)."""
        if self._pixmap is None:
            return self.rect(), 1.0
        width, height = self._pixmap.width(), self._pixmap.height()
        scale = min((self.width() - 8) / width, (self.height() - 8) / height)
        scale = float(int(scale)) if scale >= 5 else max(scale, 0.1)
        w, h = round(width * scale), round(height * scale)
        return QRect((self.width() - w) // 2, (self.height() - h) // 2, w, h), scale

    def _cell_at(self, point: QPoint) -> tuple[int, int] | None:
        if self._kernels is None:
            return None
        area, scale = self._area()
        if not area.contains(point):
            return None
        rows, cols, _, k, _ = self._kernels.shape
        pitch = (k + GAP_PX) * scale
        row, col = int((point.y() - area.top()) / pitch), int((point.x() - area.left()) / pitch)
        return min(row, rows - 1), min(col, cols - 1)
