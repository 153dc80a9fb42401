"""Losses while they are learnt, each on axes of its own: their scales have nothing in common."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QWidget

from lenscal.gui.widgets.curves import Curves
from lenscal.gui.widgets.elements import without_margins

MOST = 3
"""Plots beside each other; more names share the last one."""


class LossPlots(QWidget):
    """One plot a name, made when its first point comes."""

    def __init__(self, parent: QWidget | None = None, *, x_label: str = "") -> None:
        super().__init__(parent)
        self._x_label = x_label
        self._plots: list[Curves] = []
        self._by_name: dict[str, Curves] = {}
        self._row = QHBoxLayout(self)
        without_margins(self._row, spacing_px=6)
        self._add_plot()

    @property
    def plots(self) -> list[Curves]:
        """Those that are seen, from left to right."""
        return self._plots[: max(1, min(len(self._by_name), MOST))]

    @property
    def names(self) -> list[str]:
        """Of the curves, in the order in which they came."""
        return list(self._by_name)

    def points(self, name: str) -> list[tuple[float, float]]:
        """(x, y) of a curve, none where there is no such curve."""
        return self._by_name[name].points(name) if name in self._by_name else []

    def add_points(self, points: Iterable[tuple[str, float, float]]) -> None:
        """Append (name, x, y)."""
        for name, x, y in points:
            if name not in self._by_name:
                self._by_name[name] = self._next_plot()
            self._by_name[name].add_points([(name, x, y)])

    def say(self, text: str) -> None:
        """What stands there while there are no curves."""
        for plot in self._plots:
            plot.say(text)

    def clear(self) -> None:
        """Forget all curves."""
        self._by_name.clear()
        for number, plot in enumerate(self._plots):
            plot.clear()
            plot.setVisible(number == 0)

    def draw(self, painter: QPainter) -> None:
        """For a picture file."""
        for plot in self.plots:
            painter.save()
            painter.translate(plot.pos())
            plot.draw(painter)
            painter.restore()

    def _next_plot(self) -> Curves:
        number = min(len(self._by_name), MOST - 1)
        if number == len(self._plots):
            self._add_plot()
        self._plots[number].show()
        return self._plots[number]

    def _add_plot(self) -> None:
        # A name tells more than "loss", and stands in the legend.
        plot = Curves(x_label=self._x_label)
        self._plots.append(plot)
        self._row.addWidget(plot, 1)
