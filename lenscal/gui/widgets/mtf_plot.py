"""MTF curves of one kernel, or of two to compare."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lenscal.gui.drawing.painting import paint, widget_style
from lenscal.plots.charts import Axes, KeyEntry, Line, line_chart
from lenscal.plots.drawing import Style

PALE = 0.6
"""Opacity of the curves that are only compared with."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """values [f] of one channel ("R", "G", "B") in one direction; `other`: of the kernel that is
    compared with."""

    channel: str
    sagittal: bool
    values: NDArray[np.floating]
    other: bool = False


class MtfPlot(QWidget):
    """Contrast against frequency: sagittal solid, tangential dashed; the other kernel's lines are
    thin and pale."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.frequencies: NDArray[np.floating] = np.zeros(0)
        self.curves: tuple[Curve, ...] = ()
        self._unit = ""
        self.setMinimumHeight(120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("MTF curves"))
        self.setToolTip(
            self.tr(
                "Remaining contrast of fine detail. Solid: sagittal, detail that runs "
                "towards the centre of the photo; dashed: tangential, detail that runs "
                "around it. Thin and pale: what it is compared with."
            )
        )

    def sizeHint(self) -> QSize:
        """Enough for numbers and key beside the curves."""
        return QSize(380, 170)

    def show_curves(
        self, frequencies: NDArray[np.floating], curves: tuple[Curve, ...], unit: str
    ) -> None:
        """frequencies [f] in `unit`, from 0."""
        self.frequencies, self.curves, self._unit = frequencies, curves, unit
        self.update()

    @property
    def unit(self) -> str:
        """Of the frequencies."""
        return self._unit

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw on the screen."""
        painter = QPainter(self)
        self.draw(painter)
        painter.end()

    def draw(self, painter: QPainter) -> None:
        """On the screen, or into a picture file."""
        style = widget_style(self.font())
        # Those that are compared with lie below.
        curves = sorted(self.curves, key=lambda curve: not curve.other)
        key = (
            KeyEntry(self.tr("sagittal"), style.ink),
            KeyEntry(self.tr("tangential"), style.ink, dashed=True),
        )
        axes = Axes(self._unit, y_range=(0.0, 1.0), y_step=0.5)
        lines = [self._line(curve, style) for curve in curves]
        size = float(self.width()), float(self.height())
        paint(painter, line_chart(lines, axes, key if lines else (), size, style))

    def _line(self, curve: Curve, style: Style) -> Line:
        return Line(
            self.frequencies,
            curve.values,
            style.channel(curve.channel),
            dashed=not curve.sagittal,
            width=1.0 if curve.other else 1.8,
            opacity=PALE if curve.other else 1.0,
        )
