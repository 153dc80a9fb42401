"""How bright the visible part is, and what of it is clipped."""

from __future__ import annotations

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lenscal.gui import theme
from lenscal.gui.drawing.painting import paint, widget_style
from lenscal.gui.widgets.elements import tip_text
from lenscal.plots.histogram import Histogram, histogram_drawing

LEAST_PX, MOST_PX = 60, 110
"""Height."""


class HistogramView(QWidget):
    """Three outlines, and marks in the corners where something is clipped."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.histogram: Histogram | None = None
        self.setMinimumHeight(LEAST_PX)
        self.setMaximumHeight(MOST_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Histogram of the visible part"))

    def show_histogram(self, histogram: Histogram | None) -> None:
        """None: there is no photo."""
        self.histogram = histogram
        words = self.tr("The visible part: {black:.2%} black, {white:.2%} clipped white")
        self.setToolTip(
            tip_text(
                words.format(black=histogram.black, white=histogram.white)
                if histogram
                else self.tr("No photo")
            )
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw on the screen."""
        t, histogram = theme.theme(), self.histogram
        words = (
            self.tr("black {n:.1%}").format(n=histogram.black if histogram else 0),
            self.tr("clipped {n:.1%}").format(n=histogram.white if histogram else 0),
        )
        # Of the dark theme's colours, curves stand out best from the darkest.
        background = t.surround if t.name == "dark" else t.field
        size = float(self.width()), float(self.height())
        painter = QPainter(self)
        paint(
            painter,
            histogram_drawing(histogram, words, size, background, widget_style(self.font())),
        )
        painter.end()
