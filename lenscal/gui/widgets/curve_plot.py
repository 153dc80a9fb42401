"""Curves that one reads values off: contrast over frequency or image height, a kernel's profile."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QSize, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lenscal.gui.drawing.painting import paint, widget_style
from lenscal.plots.charts import Axes, KeyEntry, Line, chart_area, line_chart
from lenscal.plots.drawing import Colour, Style, segment

PALE = 0.6
"""Opacity of the curves that are only compared with."""
LEAST_BELOW = 0.05
"""Curves that fall less below nothing do so by noise: no room is made for that."""
LOWEST = -1.0
"""End of the axis."""
COARSE, FINE = "coarse", "fine"
"""In place of a channel: the two frequencies of a chart over image height."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """values [n] of one channel ("R", "G", "B", or `COARSE` and `FINE`); `other`: of what is
    compared with."""

    channel: str
    name: str
    """What it is, beside its channel: for reading off, and for tables."""
    values: NDArray[np.floating]
    dashed: bool = False
    other: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class PlotData:
    """Curves over one axis.

    Attributes
    ----------
    x : float ndarray [n]
    unit : of x
    x_name : what x is, for the heads of tables
    y_label : beside the y axis
    solid, dashed : what the two looks mean, for the key
    key : (name, channel) of further entries
    key_below : as in `Axes`
    """

    x: NDArray[np.floating] = field(default_factory=lambda: np.zeros(0))
    curves: tuple[Curve, ...] = ()
    unit: str = ""
    x_name: str = ""
    y_label: str = ""
    solid: str = ""
    dashed: str = ""
    key: tuple[tuple[str, str], ...] = ()
    key_below: bool = False


class CurvePlot(QWidget):
    """Solid and dashed curves; what they are compared with is thin and pale. The value under the
    mouse is told."""

    pointed = Signal(str)
    """Values of the curves under the mouse, in words; empty: the mouse has left."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.data = PlotData()
        self._at_px: float | None = None
        self.setMouseTracking(True)
        self.setMinimumHeight(100)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def sizeHint(self) -> QSize:
        """Enough for numbers and key beside the curves."""
        return QSize(380, 170)

    def show_data(self, data: PlotData) -> None:
        """Draw other curves."""
        self.data, self._at_px = data, None
        self.update()

    @property
    def curves(self) -> tuple[Curve, ...]:
        """What is drawn."""
        return self.data.curves

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw on the screen, with a line under the mouse."""
        painter = QPainter(self)
        self.draw(painter)
        if self._at_px is not None:
            style = widget_style(self.font())
            area = chart_area(self._lines(style), self.axes, self._size, style)
            painter.setPen(style.muted)
            mark = segment((self._at_px, area.top), (self._at_px, area.bottom), style.muted)
            (left, top), (right, bottom) = mark.points.tolist()
            painter.drawLine(round(left), round(top), round(right), round(bottom))
        painter.end()

    def draw(self, painter: QPainter) -> None:
        """On the screen, or into a picture file."""
        style = widget_style(self.font())
        lines = self._lines(style)
        key = self._key(style) if lines else ()
        paint(painter, line_chart(lines, self.axes, key, self._size, style))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell the values under the mouse."""
        style = widget_style(self.font())
        place = event.position().x()
        lines = self._lines(style)
        x = chart_area(lines, self.axes, self._size, style).x_at(place) if lines else None
        self._at_px = None if x is None else place
        self.pointed.emit("" if x is None else self.values_at(x))
        self.update()

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the mouse any more."""
        self._at_px = None
        self.pointed.emit("")
        self.update()

    def values_at(self, x: float) -> str:
        """Values of all curves, in words."""
        parts = []
        for curve in self.curves:
            value = float(np.interp(x, self.data.x, curve.values))
            if not np.isfinite(value):
                continue
            name = (
                curve.name if curve.channel in (COARSE, FINE) else f"{curve.channel} {curve.name}"
            )
            parts.append(self.tr("{name} {value}").format(name=name, value=f"{value:.2f}"))
        where = f"{x:.3g} {self.data.unit}"
        return self.tr("{where}: {values}").format(where=where, values=", ".join(parts))

    @property
    def axes(self) -> Axes:
        """What stands at them."""
        finite = [curve.values[np.isfinite(curve.values)] for curve in self.curves]
        low = min((float(values.min()) for values in finite if values.size), default=0.0)
        # A profile may fall below nothing, where a lens is compared with a sharper one.
        # Kernels of strangers may fall to anything: what lies below is drawn at the border.
        y_range = (0.0 if low > -LEAST_BELOW else max(float(np.floor(low * 5) / 5), LOWEST), 1.0)
        return Axes(
            self.data.unit,
            self.data.y_label,
            y_range=y_range,
            y_step=0.2 if self.height() >= 300 else 0.5,
            x_grid=True,
            key_below=self.data.key_below,
        )

    @property
    def _size(self) -> tuple[float, float]:
        return float(self.width()), float(self.height())

    def _key(self, style: Style) -> list[KeyEntry]:
        key = [KeyEntry(name, _colour(channel, style)) for name, channel in self.data.key]
        if self.data.solid:
            key.append(KeyEntry(self.data.solid, style.ink))
        if self.data.dashed:
            key.append(KeyEntry(self.data.dashed, style.ink, dashed=True))
        return key

    def _lines(self, style: Style) -> list[Line]:
        # Those that are compared with lie below.
        curves = sorted(self.curves, key=lambda curve: not curve.other)
        return [
            Line(
                self.data.x,
                curve.values,
                _colour(curve.channel, style),
                dashed=curve.dashed,
                width=1.0 if curve.other else 1.8,
                opacity=PALE if curve.other else 1.0,
            )
            for curve in curves
        ]


def _colour(channel: str, style: Style) -> Colour:
    # Dark and coloured: told apart without seeing colours, as the coarse one lies higher.
    if channel in (COARSE, FINE):
        return style.ink if channel == COARSE else style.blue
    return style.channel(channel)
