"""MTF curves of one kernel, or of two to compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from lenscal.gui import theme

COLOURS = {
    "light": {"R": "#c0342c", "G": "#2c7d3a", "B": "#2a62b8"},
    "dark": {"R": "#f07068", "G": "#6cc57c", "B": "#74a8f5"},
}


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """values [f] of one channel ("R", "G", "B") in one direction; `other`: of the kernel that is
    compared with."""

    channel: str
    sagittal: bool
    values: np.ndarray
    other: bool = False


class MtfPlot(QWidget):
    """Contrast against frequency: sagittal solid, tangential dashed; the other kernel's lines are
    thin and pale."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.frequencies = np.zeros(0)
        self.curves: tuple[Curve, ...] = ()
        self._unit = ""
        self.setMinimumHeight(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("MTF curves"))
        self.setToolTip(
            self.tr(
                "Contrast that is left of fine detail. Solid: sagittal, detail that runs towards "
                "the middle of the photo; dashed: tangential, detail that runs around it. "
                "Thin and pale: what it is compared with."
            )
        )

    def sizeHint(self) -> QSize:
        return QSize(380, 170)

    def show_curves(self, frequencies: np.ndarray, curves: tuple[Curve, ...], unit: str) -> None:
        """frequencies [f] in `unit`, from 0."""
        self.frequencies, self.curves, self._unit = frequencies, curves, unit
        self.update()

    @property
    def unit(self) -> str:
        return self._unit

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        self.draw(painter)
        painter.end()

    def draw(self, painter: QPainter) -> None:
        t = theme.theme()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(t.field))
        line = painter.fontMetrics().height()
        area = QRectF(self.rect()).adjusted(38, 10, -14, -line - 8)
        painter.setPen(QColor(t.muted))
        for value in (0.0, 0.5, 1.0):
            y = area.bottom() - value * area.height()
            painter.setPen(QPen(QColor(t.line), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(t.muted))
            where = QRectF(0, y - line / 2, area.left() - 6, line)
            painter.drawText(
                where,
                int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter),
                f"{value:g}",
            )
        if not len(self.frequencies):
            return
        end = float(self.frequencies[-1])
        right = self.width() - 4.0 - painter.fontMetrics().horizontalAdvance(self._unit)
        painter.setPen(QColor(t.muted))
        painter.drawText(QPointF(right, area.bottom() + line + 1), self._unit)
        for tick in np.arange(0, end * 1.001, round_step(end / 4)):
            x = area.left() + tick / end * area.width()
            painter.setPen(QPen(QColor(t.line), 1))
            painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 3))
            text = f"{tick:.3g}"
            half = painter.fontMetrics().horizontalAdvance(text) / 2
            if x + half + 6 < right:
                painter.setPen(QColor(t.muted))
                painter.drawText(QPointF(x - half, area.bottom() + line + 1), text)
        colours = COLOURS[t.name]
        for curve in sorted(self.curves, key=lambda c: not c.other):
            colour = QColor(colours[curve.channel])
            colour.setAlphaF(0.6 if curve.other else 1.0)
            dash = Qt.PenStyle.SolidLine if curve.sagittal else Qt.PenStyle.DashLine
            painter.setPen(QPen(colour, 1.0 if curve.other else 1.8, dash))
            xs = area.left() + self.frequencies / end * area.width()
            ys = area.bottom() - np.clip(curve.values, 0, 1.03) * area.height()
            painter.drawPolyline(
                QPolygonF([QPointF(*p) for p in zip(xs.tolist(), ys.tolist(), strict=True)])
            )
        self._draw_key(painter, area, line)

    def _draw_key(self, painter: QPainter, area: QRectF, line: int) -> None:
        t = theme.theme()
        words = (
            (Qt.PenStyle.SolidLine, self.tr("sagittal")),
            (Qt.PenStyle.DashLine, self.tr("tangential")),
        )
        wide = max(painter.fontMetrics().horizontalAdvance(text) for _, text in words)
        top = area.top() + 2
        for dash, text in words:
            painter.setPen(QPen(QColor(t.text), 1.5, dash))
            y = top + line / 2
            painter.drawLine(
                QPointF(area.right() - wide - 34, y), QPointF(area.right() - wide - 8, y)
            )
            painter.drawText(
                QRectF(area.right() - wide, top, wide, line),
                int(Qt.AlignmentFlag.AlignVCenter),
                text,
            )
            top += line


def round_step(value: float) -> float:
    """The largest of 1, 2 and 5 times a power of ten that is not above the value (positive)."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(max(step for step in (1, 2, 5) if step * power <= value * 1.0001) * power)
