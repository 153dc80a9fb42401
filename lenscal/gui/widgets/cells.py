"""A picture of the field in cells, of which one is chosen by a click or the arrow keys."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from lenscal.gui import theme
from lenscal.gui.widgets.elements import tip_text
from lenscal.plots.drawing import readable_on
from lenscal.plots.maps import cell_box

CHOSEN = "#ffd24a"
"""Yellow is in no map's colours, and stands out from kernels of every colour."""
MOVES = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class CellView(QWidget):
    """What mosaic and maps have in common: cells over an area, the choice of one, and words where
    there are none."""

    cell_chosen = Signal(int, int)
    """row, col."""
    pointed = Signal(str)
    """What is under the mouse, in words; empty: nothing."""

    def __init__(self, parent: QWidget | None = None, *, selectable: bool = True) -> None:
        super().__init__(parent)
        self._selectable = selectable
        self._cell: tuple[int, int] | None = None
        self._cells: tuple[int, int] | None = None
        self._empty = self.tr("Nothing to show yet")
        self.place_words: Callable[[int, int], str] = lambda _row, _col: ""
        """Where a cell lies, for the words about what is under the mouse."""
        # Cells take all the room there is: kernels are small.
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(140, 140)
        self.setMouseTracking(True)
        # A picture that nothing can be chosen in is no stop for the Tab key.
        if selectable:
            self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def sizeHint(self) -> QSize:
        """As much as there is room for."""
        return QSize(560, 560)

    @property
    def cells(self) -> tuple[int, int] | None:
        """(rows, cols); None where there is nothing to show."""
        return self._cells

    def area(self) -> QRectF:
        """Where the cells lie, widget coordinates."""
        return QRectF(self.rect())

    def cell_rect(self, row: int, col: int) -> QRect:
        """Where a cell is drawn, widget coordinates: the area in equal parts, a pixel apart."""
        # Maps leave room for title and scale around their cells.
        area = self.area()
        place = area.left(), area.top(), area.width(), area.height()
        return QRect(*cell_box(place, self._cells or (1, 1), row, col))

    def draw(self, painter: QPainter) -> None:
        """The picture alone, without choice and focus: for the screen and for files."""
        surround = theme.theme().surround
        painter.fillRect(self.rect(), QColor(surround))
        if self._cells is None:
            painter.setPen(QColor(readable_on(surround)))
            # Words that touch the border look cut.
            where = self.rect().adjusted(12, 12, -12, -12)
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(where, int(flags), self._empty)

    def tip(self, row: int, col: int) -> str:
        """The tooltip of a cell."""
        return self.tr("Row {r}, column {c}").format(r=row + 1, c=col + 1)

    def words_at(self, point: QPoint) -> str:
        """What lies at a place of the widget; empty: nothing."""
        cell = self.cell_at(point)
        if cell is None:
            return ""
        words = (self.tip(*cell).replace("\n", "; "), self.place_words(*cell))
        return "; ".join(word for word in words if word)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell what is under the mouse."""
        self.pointed.emit(self.words_at(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the mouse any more."""
        self.pointed.emit("")

    @property
    def cell(self) -> tuple[int, int] | None:
        """(row, col) of the chosen one."""
        return self._cell

    def mark(self, row: int, col: int) -> None:
        """Choose a cell, or the nearest one, without `cell_chosen`."""
        if self.cells is not None:
            rows, cols = self.cells
            # Arrow keys may lead over the border, and another grid may be coarser.
            self._cell = min(max(row, 0), rows - 1), min(max(col, 0), cols - 1)
            self.update()

    def choose(self, row: int, col: int) -> None:
        """As if the user had clicked on a cell."""
        if self.cells is not None:
            self.mark(row, col)
            self.cell_chosen.emit(*(self._cell or (0, 0)))

    def cell_at(self, point: QPoint) -> tuple[int, int] | None:
        """(row, col) of the cell at a place of the widget."""
        rows, cols = self.cells or (0, 0)
        # The gaps between cells belong to the cell before them.
        where = (
            (r, c)
            for r in range(rows)
            for c in range(cols)
            if self.cell_rect(r, c).adjusted(0, 0, 2, 2).contains(point)
        )
        return next(where, None)

    def _show_cells(self, cells: tuple[int, int] | None) -> None:
        """(rows, cols) from now on; a choice that is no longer there is forgotten."""
        self._cells = cells
        # A cell that is no longer there cannot stay chosen.
        if cells is None or (
            self._cell and (self._cell[0] >= cells[0] or self._cell[1] >= cells[1])
        ):
            self._cell = None

    def paintEvent(self, event: QPaintEvent) -> None:
        """The picture, the chosen cell and the focus."""
        painter = QPainter(self)
        self.draw(painter)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if self._cell is not None and self._selectable:
            painter.setPen(QPen(QColor(CHOSEN), 2))
            # Around the cell, not over the kernel's outermost pixels.
            painter.drawRect(self.cell_rect(*self._cell).adjusted(-1, -1, 1, 1))
        if self.hasFocus():
            painter.setPen(QPen(QColor(theme.theme().accent), 2))
            # A pen of two pixels would be cut in half by the widget's border.
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Choose the cell under the pointer."""
        cell = self.cell_at(event.position().toPoint())
        if self._selectable and cell is not None:
            self.choose(*cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows choose the next cell."""
        move = MOVES.get(Qt.Key(event.key()))
        if move is None or not self._selectable or self.cells is None:
            super().keyPressEvent(event)
            return
        row, col = self._cell or (0, 0)
        down, right = move
        self.choose(row + down, col + right)

    def event(self, event: QEvent) -> bool:
        """Each cell has a tooltip of its own."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            cell = self.cell_at(event.pos())
            tip = tip_text(self.tip(*cell)) if cell else self.toolTip()
            QToolTip.showText(event.globalPos(), tip, self)
            return True
        return super().event(event)
