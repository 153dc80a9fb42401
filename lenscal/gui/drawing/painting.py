"""Drawings (`lenscal.plots.drawing`) by a QPainter, in the theme's colours."""

from __future__ import annotations

from functools import singledispatch

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontInfo,
    QFontMetricsF,
    QLinearGradient,
    QPainter,
    QPen,
    QPolygonF,
)

from lenscal.gui import theme
from lenscal.plots.drawing import (
    BASELINE,
    Anchor,
    Box,
    Colour,
    Dot,
    Drawing,
    Gradient,
    Item,
    Polygon,
    Polyline,
    Style,
    Words,
)

CURVE_COLOURS = {
    "light": {"red": "#c0342c", "green": "#2c7d3a", "blue": "#2a62b8"},
    "dark": {"red": "#f07068", "green": "#6cc57c", "blue": "#74a8f5"},
}


class QtFont:
    """How much room text takes in a font of Qt's."""

    def __init__(self, font: QFont) -> None:
        self._metrics = QFontMetricsF(font)
        self._size_px = float(QFontInfo(font).pixelSize())

    @property
    def size_px(self) -> float:
        """Height of the font."""
        return self._size_px

    @property
    def line_px(self) -> float:
        """Height of a line."""
        return self._metrics.height()

    def width_px(self, text: str) -> float:
        """Width of a text."""
        return self._metrics.horizontalAdvance(text)


def widget_style(font: QFont) -> Style:
    """The theme's colours, and a widget's font."""
    t = theme.theme()
    return Style(
        font=QtFont(font),
        background=t.field,
        surround=t.surround,
        ink=t.text,
        muted=t.muted,
        line=t.line,
        warn=t.warn,
        **CURVE_COLOURS[t.name],
    )


def paint(painter: QPainter, drawing: Drawing) -> None:
    """Draw all items, in the painter's font."""
    painter.save()
    # Curves without it have steps.
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for item in drawing.items:
        _paint(item, painter)
    painter.restore()


@singledispatch
def _paint(item: Item, painter: QPainter) -> None:
    # Every kind of item is registered below: another one is a mistake of the caller's.
    raise TypeError(f"no way to draw {type(item)}")


@_paint.register
def _(item: Polyline, painter: QPainter) -> None:
    dash = Qt.PenStyle.DashLine if item.dashed else Qt.PenStyle.SolidLine
    painter.setPen(QPen(_colour(item.colour, item.opacity), item.width, dash))
    points = _polygon(item.points)
    if len(item.points) == 2:
        painter.drawLine(QLineF(points.at(0), points.at(1)))
    else:
        painter.drawPolyline(points)


@_paint.register
def _(item: Polygon, painter: QPainter) -> None:
    painter.setBrush(_colour(item.fill, item.opacity))
    painter.setPen(QColor(item.outline) if item.outline else Qt.PenStyle.NoPen)
    painter.drawPolygon(_polygon(item.points))


@_paint.register
def _(item: Box, painter: QPainter) -> None:
    place = QRectF(item.x, item.y, item.width, item.height)
    if item.fill:
        # Not by a brush, whose edge would be half a pixel wider.
        painter.fillRect(place, QColor(item.fill))
    if item.outline:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(item.outline), 1))
        painter.drawRect(place)


@_paint.register
def _(item: Gradient, painter: QPainter) -> None:
    place = QRectF(item.x, item.y, item.width, item.height)
    gradient = QLinearGradient(place.topLeft(), place.topRight())
    for n, colour in enumerate(item.colours):
        gradient.setColorAt(n / (len(item.colours) - 1), QColor(colour))
    painter.fillRect(place, QBrush(gradient))


@_paint.register
def _(item: Dot, painter: QPainter) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(item.colour))
    painter.drawEllipse(QPointF(item.x, item.y), item.radius, item.radius)


@_paint.register
def _(item: Words, painter: QPainter) -> None:
    painter.save()
    if item.scale != 1:
        small = QFont(painter.font())
        # In px, as a font may be given in points and then has no pixel size; Qt refuses 0.
        small.setPixelSize(max(round(QFontInfo(painter.font()).pixelSize() * item.scale), 1))
        painter.setFont(small)
    width = QFontMetricsF(painter.font()).horizontalAdvance(item.text)
    # By hand: QPainter aligns in a rectangle, which drawings do not have.
    offset = {Anchor.START: 0.0, Anchor.MIDDLE: -width / 2, Anchor.END: -width}[item.anchor]
    painter.setPen(QColor(item.colour))
    painter.translate(item.x, item.y)
    if item.vertical:
        painter.rotate(-90)
    drop = BASELINE * QFontInfo(painter.font()).pixelSize()
    painter.drawText(QPointF(offset, drop), item.text)
    painter.restore()


def _colour(colour: Colour, opacity: float) -> QColor:
    result = QColor(colour)
    result.setAlphaF(opacity)
    return result


def _polygon(points: NDArray[np.float64]) -> QPolygonF:
    return QPolygonF([QPointF(x, y) for x, y in points.tolist()])
