"""A map over the field: a figure at every node as colour and number, or arrows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QLinearGradient, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from lenscal.gui import theme
from lenscal.gui.widgets.cells import CellView, readable_on
from lenscal.gui.widgets.mtf_plot import round_step

SCALE = ("#1c2433", "#23466b", "#4a7488", "#87a08d", "#cfc47e", "#f6ec9c")
"""From low to high, in even steps of lightness, so that it is read without seeing colours."""
ARROW_COLOURS = ("#e0564f", "#4f8fe8")
_LEGEND_PX = 44
_MARGIN_PX = 10


@dataclass(frozen=True, slots=True, eq=False)
class MapData:
    """What a map shows.

    Attributes
    ----------
    title : what it is, with its unit
    values : float ndarray [rows, cols] or None
    arrows : float ndarray [rows, cols, n, 2] (y, x) or None, n at most 2: red's and blue's
    low, high : ends of the colour scale; high is the length of the longest arrow
    pattern : how a value is written
    unit : behind the scale of the arrows
    """

    title: str
    values: np.ndarray | None = None
    arrows: np.ndarray | None = None
    low: float = 0.0
    high: float = 1.0
    pattern: str = "{:.2f}"
    unit: str = ""
    names: tuple[str, ...] = ()


class FieldMap(CellView):
    """Cells lie as on the photo, whose proportions the map has."""

    def __init__(
        self, parent: QWidget | None = None, *, selectable: bool = True, snug: bool = False
    ) -> None:
        """snug: as high as its width asks for, not more."""
        super().__init__(parent, selectable=selectable)
        if snug:
            policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            policy.setHeightForWidth(True)
            self.setSizePolicy(policy)
        self._data: MapData | None = None
        self._aspect = 1.5
        self.setAccessibleName(self.tr("Map over the field"))

    @property
    def data(self) -> MapData | None:
        return self._data

    def show_map(self, data: MapData | None, *, aspect: float = 1.5, empty: str = "") -> None:
        """aspect: width / height of the photo; empty: what is said where there is no map."""
        if aspect != self._aspect:
            self._aspect = aspect
            self.updateGeometry()
        self._data = data
        self._empty = empty or self._empty
        if data is not None:
            self.setAccessibleName(data.title)
        shown = None if data is None else data.arrows if data.values is None else data.values
        self._show_cells(None if shown is None else (shown.shape[0], shown.shape[1]))
        self.update()

    def heightForWidth(self, width: int) -> int:
        return round((width - 2 * _MARGIN_PX) / self._aspect) + 2 * _MARGIN_PX + _LEGEND_PX

    def tip(self, row: int, col: int) -> str:
        where = super().tip(row, col)
        data = self._data
        if data is None:
            return where
        if data.values is not None:
            return f"{where}: {data.pattern.format(data.values[row, col])}"
        if data.arrows is None:
            return where
        words = self.tr("{name} {right} right, {down} down")
        lines = [
            words.format(name=name, right=f"{x:+.2f} {data.unit}", down=f"{y:+.2f} {data.unit}")
            for name, (y, x) in zip(data.names, data.arrows[row, col], strict=True)
        ]
        return "\n".join([where, *lines])

    def draw(self, painter: QPainter) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        super().draw(painter)
        if self._data is None:
            return
        if self._data.values is not None:
            self._draw_values(painter, self._data.values, self._data)
        elif self._data.arrows is not None:
            self._draw_arrows(painter, self._data.arrows, self._data)

    def area(self) -> QRectF:
        room = QRectF(self.rect()).adjusted(
            _MARGIN_PX, _MARGIN_PX, -_MARGIN_PX, -_MARGIN_PX - _LEGEND_PX
        )
        width = min(room.width(), room.height() * self._aspect)
        height = width / self._aspect
        return QRectF(
            room.left() + (room.width() - width) / 2,
            room.top() + (room.height() - height) / 2,
            width,
            height,
        )

    def _draw_values(self, painter: QPainter, values: np.ndarray, data: MapData) -> None:
        span = max(data.high - data.low, 1e-12)
        small = QFont(painter.font())
        first = self.cell_rect(0, 0)
        widest = max((data.pattern.format(v) for v in values.ravel()), key=len)
        while (
            painter.fontMetrics().horizontalAdvance(widest) > first.width() - 4
            and small.pointSizeF() > 5
        ):
            small.setPointSizeF(small.pointSizeF() - 0.5)
            painter.setFont(small)
        written = painter.fontMetrics().horizontalAdvance(widest) <= first.width() - 2
        for (row, col), value in np.ndenumerate(values):
            colour = scale_colour((value - data.low) / span)
            rect = self.cell_rect(row, col)
            painter.fillRect(rect, colour)
            if written and painter.fontMetrics().height() <= rect.height():
                painter.setPen(QColor(readable_on(colour.name())))
                painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, data.pattern.format(value))
        painter.setFont(self.font())
        bar = self._legend(painter, data.title)
        gradient = QLinearGradient(bar.topLeft(), bar.topRight())
        for n, name in enumerate(SCALE):
            gradient.setColorAt(n / (len(SCALE) - 1), QColor(name))
        painter.fillRect(bar, gradient)
        painter.setPen(QColor(readable_on(theme.theme().surround)))
        side = 70
        low = QRectF(bar.left() - side - 6, bar.top() - 6, side, bar.height() + 12)
        high = QRectF(bar.right() + 6, bar.top() - 6, side, bar.height() + 12)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(
            low, int(middle | Qt.AlignmentFlag.AlignRight), data.pattern.format(data.low)
        )
        painter.drawText(
            high, int(middle | Qt.AlignmentFlag.AlignLeft), data.pattern.format(data.high)
        )

    def _draw_arrows(self, painter: QPainter, arrows: np.ndarray, data: MapData) -> None:
        t = theme.theme()
        area = self.area()
        painter.fillRect(area, QColor(t.field))
        rows, cols = arrows.shape[:2]
        reach = data.high
        cell = min(area.width() / cols, area.height() / rows)
        unit = round_step(reach) if reach > 0 else 1.0
        scale = 0.65 * cell / max(reach, 1e-9)
        painter.setPen(QPen(QColor(t.line), 1))
        for row in range(rows):
            for col in range(cols):
                painter.drawRect(self.cell_rect(row, col))
        for row in range(rows):
            for col in range(cols):
                middle = QPointF(
                    area.left() + (col + 0.5) * area.width() / cols,
                    area.top() + (row + 0.5) * area.height() / rows,
                )
                for colour, (y, x) in zip(ARROW_COLOURS, arrows[row, col], strict=False):
                    _arrow(painter, middle, QPointF(x * scale, y * scale), QColor(colour))
        bar = self._legend(painter, data.title)
        ink = QColor(readable_on(t.surround))
        words = [f"{unit:g} {data.unit}", *data.names]
        shafts = [unit * scale, *(20.0 for _ in data.names)]
        wide = painter.fontMetrics().horizontalAdvance
        left = (
            self.width()
            - sum(map(wide, words))
            - sum(shafts)
            - 6 * len(words)
            - 16 * (len(words) - 1)
        ) / 2
        for text, shaft, tint in zip(
            words, shafts, (ink, *map(QColor, ARROW_COLOURS)), strict=False
        ):
            _arrow(painter, QPointF(left, bar.center().y()), QPointF(shaft, 0), tint)
            painter.setPen(ink)
            painter.drawText(QPointF(left + shaft + 6, bar.center().y() + 5), text)
            left += shaft + 6 + wide(text) + 16

    def _legend(self, painter: QPainter, title: str) -> QRectF:
        """Writes the title; where the scale goes."""
        line = painter.fontMetrics().height()
        top = self.area().bottom() + 8
        painter.setPen(QColor(readable_on(theme.theme().surround)))
        where = QRectF(_MARGIN_PX, top, self.width() - 2 * _MARGIN_PX, line)
        text = painter.fontMetrics().elidedText(
            title, Qt.TextElideMode.ElideRight, int(where.width())
        )
        painter.drawText(where, int(Qt.AlignmentFlag.AlignCenter), text)
        width = min(260.0, self.width() - 180.0)
        return QRectF((self.width() - width) / 2, top + line + 6, width, 10)


def scale_colour(part: float) -> QColor:
    """Colour of a value 0..1 (clamped) on the scale."""
    at = min(max(part, 0.0), 1.0) * (len(SCALE) - 1) if part == part else 0.0
    n = min(int(at), len(SCALE) - 2)
    low, high = QColor(SCALE[n]), QColor(SCALE[n + 1])
    pairs = ((low.red(), high.red()), (low.green(), high.green()), (low.blue(), high.blue()))
    return QColor(*(round(a + (b - a) * (at - n)) for a, b in pairs))


def _arrow(painter: QPainter, start: QPointF, way: QPointF, colour: QColor) -> None:
    length = float(np.hypot(way.x(), way.y()))
    painter.setPen(QPen(colour, 1.8))
    painter.setBrush(colour)
    if length < 1.5:
        painter.drawEllipse(start, 1.2, 1.2)
        return
    end, along = start + way, way / length
    head = min(6.0, 0.5 * length)
    across = QPointF(-along.y(), along.x()) * head * 0.5
    painter.drawLine(start, end - along * head * 0.8)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawPolygon(QPolygonF([end, end - along * head + across, end - along * head - across]))
