"""Patches of photos beside those that a velocity network generates: what it has learnt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from lenscal.gui.drawing.images import to_pixmap
from lenscal.gui.widgets.elements import section, without_margins

GAP_PX = 1
"""Between patches, in their own pixels."""
HEIGHT_PX = 96


class PatchRows(QWidget):
    """Two rows of patches, enlarged."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pixmap: QPixmap | None = None
        self.setMinimumHeight(HEIGHT_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_patches(self, patches: NDArray[np.float32]) -> None:
        """[2, n, h, w, 3] in 0..1."""
        self.pixmap = to_pixmap(in_rows(patches))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Pixels stay squares: they are what the network sees."""
        if self.pixmap is None:
            return
        painter = QPainter(self)
        size = self.pixmap.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        painter.drawPixmap(QRect(self.rect().topLeft(), size), self.pixmap)
        painter.end()


class SamplesView(QWidget):
    """Hidden until there is something to show."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = PatchRows()
        self.rows.setAccessibleName(self.tr("Patches of the photos, and generated ones"))
        self.rows.setToolTip(
            self.tr(
                "What the network has learnt of the degraded photos: the more alike the blur and "
                "the noise of both rows, the better; what they show need not be alike"
            )
        )
        column = QVBoxLayout(self)
        without_margins(column, spacing_px=6)
        column.addWidget(section(self.tr("Patches: photos above, generated below")))
        column.addWidget(self.rows)
        self.hide()

    def show_patches(self, patches: NDArray[np.float32] | None) -> None:
        """[2, n, h, w, 3] in 0..1; None: hide."""
        self.setVisible(patches is not None)
        if patches is not None:
            self.rows.show_patches(patches)


def in_rows(patches: NDArray[np.float32]) -> NDArray[np.uint8]:
    """[2, n, h, w, 3] as one picture."""
    gap = ((0, 0), (0, 0), (GAP_PX, GAP_PX), (GAP_PX, GAP_PX), (0, 0))
    apart = np.pad(patches, gap, constant_values=0.5)
    picture = np.concatenate([np.concatenate(list(row), 1) for row in apart], 0)
    return np.asarray(np.rint(255 * picture), np.uint8)
