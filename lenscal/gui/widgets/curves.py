"""Live curves, cheap enough to be drawn while all cores train (no grid lines: they cost 20 ms a
frame)."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QStackedLayout, QWidget

from lenscal.gui import theme
from lenscal.gui.widgets.elements import Label

MAX_POINTS = 2000
"""A curve of more is thinned: there are no more pixels, and drawing takes the training's time."""
COLOURS = ("#1f8fb3", "#d9822b", "#4f9e5a", "#b05fb8", "#c94f4f", "#808080")


class Curves(QWidget):
    """Named curves over the step; each name gets its own colour when its first point comes."""

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        x_label: str = "",
        y_label: str = "",
        dots: bool = False,
    ) -> None:
        """dots: mark every point, for curves of few."""
        super().__init__(parent)
        self._labels = {"bottom": x_label, "left": y_label}
        self._dots = dots
        self.plot = self._make_plot()
        self._legend = self.plot.addLegend(offset=(-8, 8), verSpacing=-4)
        self._curves: dict[str, pg.PlotDataItem] = {}
        self._points: dict[str, list[tuple[float, float]]] = {}
        # Never let go: they refer to each other in circles, which Python's collector would find
        # in the calibration's thread, and delete Qt's objects there.
        self._removed: list[object] = []
        self._level: tuple[pg.InfiniteLine, pg.PlotDataItem] | None = None
        self._empty = Label(
            self.tr("Drawn while it calibrates"), alignment=Qt.AlignmentFlag.AlignCenter
        )
        self._empty.setProperty("blank", True)
        # Empty axes would look like a plot that has failed.
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty)
        self._stack.addWidget(self.plot)
        self._dye()

    def _make_plot(self) -> pg.PlotWidget:
        """A plot to look at: nothing of it can be moved."""
        plot = pg.PlotWidget()
        plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # pyqtgraph's menu speaks English only, and a plot that was moved would not follow.
        plot.setMenuEnabled(False)
        plot.setMouseEnabled(x=False, y=False)
        plot.hideButtons()
        plot.getPlotItem().setContentsMargins(4, 10, 10, 4)
        for side in self._labels:
            # Losses have no unit that could have a prefix.
            plot.getAxis(side).enableAutoSIPrefix(False)
        return plot

    def changeEvent(self, event: QEvent) -> None:
        """Another theme."""
        if event.type() == QEvent.Type.PaletteChange:
            self._dye()
        super().changeEvent(event)

    def say(self, text: str) -> None:
        """What stands there while there are no curves."""
        self._empty.setText(text)

    def draw(self, painter: QPainter) -> None:
        """For a picture file."""
        # The scene paints only itself, and a picture file has no window behind it.
        painter.fillRect(self.rect(), QColor(theme.theme().field))
        if self.names:
            self.plot.render(painter, QRectF(self.rect()), self.plot.viewport().rect())

    def clear(self) -> None:
        """Forget all curves."""
        # Nothing of the old curves is to be seen while they are removed.
        self._stack.setCurrentWidget(self._empty)
        self._removed += [*self._curves.values(), *self._legend.items]
        for curve in self._curves.values():
            self.plot.removeItem(curve)
        if self._level is not None:
            self._removed += self._level
            for item in self._level:
                self.plot.removeItem(item)
            self._level = None
        self._curves.clear()
        self._points.clear()
        self._legend.clear()

    def add_points(self, points: Iterable[tuple[str, float, float]]) -> None:
        """Append (name, x, y); values that are not finite are left out."""
        # A dict keeps the order in which names come, and with it their colours.
        longer: dict[str, None] = {}
        for name, x, y in points:
            if np.isfinite(y):
                self._points.setdefault(name, []).append((x, y))
                longer[name] = None
        if longer:
            self._stack.setCurrentWidget(self.plot)
        for name in longer:
            series = self._points[name]
            if len(series) > MAX_POINTS:
                # Every second one: the curve keeps its shape.
                series[:] = series[::2]
            self._curve(name).setData(np.array(series, dtype=np.float64))

    def show_level(self, name: str, value: float) -> None:
        """A dashed line across the plot at a value that no curve comes below."""
        if not np.isfinite(value):
            return
        self._stack.setCurrentWidget(self.plot)
        if self._level is None:
            line = pg.InfiniteLine(angle=0, pen=self._level_pen())
            self.plot.addItem(line)
            # What the legend shows: a line across the plot has no entry of its own.
            self._level = line, self.plot.plot(pen=self._level_pen(), name=escape(name))
        line, entry = self._level
        line.setValue(value)
        # Within the plot, also where no curve is near.
        entry.setData([0.0], [value])

    @property
    def level(self) -> float | None:
        """Where the dashed line lies."""
        return None if self._level is None else float(self._level[0].value())

    def _level_pen(self) -> object:
        return pg.mkPen(theme.theme().muted, width=1.5, style=Qt.PenStyle.DashLine)

    def points(self, name: str) -> list[tuple[float, float]]:
        """(x, y) of a curve, none where there is no such curve."""
        return list(self._points.get(name, ()))

    def whole_steps(self) -> None:
        """Numbers of the x axis are whole: what is counted has no tenths."""
        axis = self.plot.getAxis("bottom")
        axis.setTickSpacing(levels=[(1, 0)])
        self.plot.setLimits(minXRange=1.0)

    @property
    def names(self) -> list[str]:
        """Of the curves, in the order in which they came."""
        return list(self._points)

    def _curve(self, name: str) -> pg.PlotDataItem:
        if name not in self._curves:
            # More names than colours are rare: two curves of one colour are better than none.
            colour = COLOURS[len(self._curves) % len(COLOURS)]
            symbol = "o" if self._dots else None
            self._curves[name] = self.plot.plot(
                pen=pg.mkPen(colour, width=1.5),
                # pyqtgraph takes the words of a legend for HTML.
                name=escape(name),
                symbol=symbol,
                symbolSize=5,
                symbolBrush=colour,
                symbolPen=None,
            )
        return self._curves[name]

    def _dye(self) -> None:
        """The theme's colours."""
        t = theme.theme()
        self.plot.setBackground(QColor(t.field))
        for side, label in self._labels.items():
            axis = self.plot.getAxis(side)
            axis.setPen(QColor(t.line))
            axis.setTextPen(QColor(t.muted))
            if label:
                self.plot.setLabel(side, label, color=t.muted)
        self._legend.setLabelTextColor(QColor(t.text))
        for _, label in self._legend.items:
            # pyqtgraph keeps the colour, but writes the words anew only when they are set.
            label.setText(label.text)
