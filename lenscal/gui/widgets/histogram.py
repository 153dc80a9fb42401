"""How bright the visible part is, and what of it is clipped."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from lenscal.gui import theme

MOST_SAMPLES = 200_000
COLOURS = ("#e05a5a", "#58b858", "#5a8ae0")


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """counts [3, 256], R, G and B; black and white: share of pixels with a channel at 0 or 255."""

    counts: np.ndarray
    black: float
    white: float


def histogram(pixels: np.ndarray) -> Histogram:
    """Of uint8 [h, w, 3]; large pictures are sampled evenly."""
    step = max(int(np.ceil(np.sqrt(pixels.shape[0] * pixels.shape[1] / MOST_SAMPLES))), 1)
    sample = pixels[::step, ::step].reshape(-1, 3)
    counts = np.stack([np.bincount(sample[:, channel], minlength=256) for channel in range(3)])
    total = max(len(sample), 1)
    black, white = (float((sample == end).any(axis=1).sum() / total) for end in (0, 255))
    return Histogram(counts, black, white)


class HistogramView(QWidget):
    """Three outlines, and marks in the corners where something is clipped."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shown: Histogram | None = None
        self.setMinimumHeight(110)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Histogram of the visible part"))

    def show_histogram(self, shown: Histogram | None) -> None:
        self.shown = shown
        words = self.tr("The visible part: {black:.2%} black, {white:.2%} clipped white")
        self.setToolTip(
            words.format(black=shown.black, white=shown.white) if shown else self.tr("No photo")
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.theme()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.fillRect(self.rect(), QColor(t.surround if t.name == "dark" else t.field))
        if self.shown is None:
            return
        line = painter.fontMetrics().height() + 6
        area = QRectF(self.rect()).adjusted(4, line, -4, -3)
        # Without the ends, which would dwarf the rest where much is clipped.
        peak = max(float(np.sqrt(self.shown.counts[:, 1:-1].max())), 1.0)
        heights = np.minimum(np.sqrt(self.shown.counts) / peak, 1)
        x = np.linspace(area.left(), area.right(), 256)
        for values, colour in zip(heights, COLOURS, strict=True):
            top = [
                QPointF(a, b)
                for a, b in zip(
                    x.tolist(), (area.bottom() - values * area.height()).tolist(), strict=True
                )
            ]
            fill = QColor(colour)
            fill.setAlpha(70)
            painter.setBrush(fill)
            painter.setPen(QColor(colour))
            painter.drawPolygon(QPolygonF([area.bottomLeft(), *top, area.bottomRight()]))
        words = QRectF(self.rect()).adjusted(6, 3, -6, 0)
        for share, text, side in (
            (self.shown.black, self.tr("black {n:.1%}"), Qt.AlignmentFlag.AlignLeft),
            (self.shown.white, self.tr("clipped {n:.1%}"), Qt.AlignmentFlag.AlignRight),
        ):
            painter.setPen(QColor(t.warn if share >= 0.001 else t.muted))
            painter.drawText(words, side | Qt.AlignmentFlag.AlignTop, text.format(n=share))
