"""Before and after, with a line to drag; zoom and pan move both."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from math import ceil, floor

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from lenscal.gui import theme

MAX_SCALE = 8.0
GRIP_PX = 8


class View(StrEnum):
    SPLIT = "split"
    SIDE_BY_SIDE = "side by side"
    BEFORE = "before"
    AFTER = "after"
    MASK = "mask"


class CompareView(QWidget):
    """Two pictures of one photo. Wheel: zoom about the pointer; drag: pan, or move the line."""

    zoomed = Signal(float)
    """Screen px per photo px."""
    moved = Signal()
    """Another part of the photo is visible."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._before: list[QImage] = []
        self._after: list[QImage] = []
        self._mask: list[QImage] = []
        self._arrays: tuple[np.ndarray, ...] = ()
        self.view = View.SPLIT
        self.split = 0.5
        self._scale = 1.0
        self._centre = QPointF()
        self._fitted = True
        self._holding = False
        self._drag: str = ""
        self._drag_from = QPointF()
        self.placeholder = ""
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Photo before and after"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(320, 240)

    def sizeHint(self) -> QSize:
        return QSize(900, 600)

    @property
    def scale(self) -> float:
        return self._scale

    @property
    def shows_original(self) -> bool:
        """Whether the key is held that shows the photo as it was."""
        return self._holding

    @property
    def visible_part(self) -> tuple[int, int, int, int] | None:
        """left, top, right, bottom of what is seen of the photo, px; None without one."""
        if not self._before:
            return None
        seen = self._seen(self._panels()[0])
        left, top, right, bottom = (
            floor(seen.left()),
            floor(seen.top()),
            ceil(seen.right()),
            ceil(seen.bottom()),
        )
        return (left, top, right, bottom) if left < right and top < bottom else None

    def show_photo(
        self,
        before: Sequence[np.ndarray],
        after: Sequence[np.ndarray],
        mask: np.ndarray | None = None,
    ) -> None:
        """New pictures, pyramids of uint8 [h, w, 3] that may be painted over later (`update` then);
        nothing if empty.

        Zoom and place stay where the photo is the same size. mask: uint8 [h, w] for View.MASK.
        """
        old = self._before[0].size() if self._before else QSize()
        masks = [] if mask is None else [mask]
        # The pictures lie in the arrays: nothing is copied, and the arrays must live as long.
        self._arrays = (*before, *after, *masks)
        self._before, self._after, self._mask = (
            [_as_image(p) for p in level] for level in (before, after, masks)
        )
        if not self._before or self._before[0].size() != old:
            self.fit()
        self.moved.emit()
        self.update()

    def show_view(self, view: View) -> None:
        self.view = view
        if self._fitted:
            self.fit()
        self.moved.emit()
        self.update()

    def hold_original(self, on: bool) -> None:
        """Show the photo as it was, as long as a key is held."""
        self._holding = on
        self.update()

    def fit(self) -> None:
        """The whole photo."""
        self._fitted = True
        if self._before:
            size, panel = self._before[0].size(), self._panels()[0]
            self._centre = QPointF(size.width() / 2, size.height() / 2)
            self._set_scale(min(panel.width() / size.width(), panel.height() / size.height(), 1.0))
            self.moved.emit()

    def zoom(self, scale: float, at: QPointF | None = None) -> None:
        """Screen px per photo px; the photo's point under `at` (widget coordinates) stays there."""
        if not self._before:
            return
        panel = self._panel_at(at) if at is not None else self._panels()[0]
        anchor = at if at is not None else panel.center()
        fixed = self._centre + (anchor - panel.center()) / self._scale
        self._fitted = False
        smallest = min(
            panel.width() / self._before[0].width(), panel.height() / self._before[0].height(), 1.0
        )
        self._set_scale(min(max(scale, smallest), MAX_SCALE))
        self._centre = fixed - (anchor - panel.center()) / self._scale
        self._keep_inside()
        self.moved.emit()
        self.update()

    def zoom_by(self, factor: float) -> None:
        self.zoom(self._scale * factor)

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fitted:
            self.fit()
        super().resizeEvent(event)
        self.moved.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom(self._scale * 1.25 ** (event.angleDelta().y() / 120), event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag = "line" if self._on_line(event.position()) else "photo"
        self._drag_from = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag == "line":
            self.split = min(max(event.position().x() / max(self.width(), 1), 0.02), 0.98)
        elif self._drag == "photo":
            self._centre -= (event.position() - self._drag_from) / self._scale
            self._drag_from = event.position()
            self._fitted = False
            self._keep_inside()
            self.moved.emit()
        else:
            shape = (
                Qt.CursorShape.SplitHCursor
                if self._on_line(event.position())
                else Qt.CursorShape.OpenHandCursor
            )
            self.setCursor(shape)
            return
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._drag = ""

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._fitted:
            self.zoom(1.0, event.position())
        else:
            self.fit()
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        key = Qt.Key(event.key())
        if key in step:
            self._centre += QPointF(*step[key]) * 60 / self._scale
            self._fitted = False
            self._keep_inside()
            self.moved.emit()
            self.update()
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Minus):
            self.zoom(self._scale * (1.25 if key == Qt.Key.Key_Plus else 0.8))
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        t = theme.theme()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(t.surround))
        if not self._before:
            painter.setPen(QColor(t.text))
            painter.drawText(
                self.rect().adjusted(20, 0, -20, 0), Qt.AlignmentFlag.AlignCenter, self.placeholder
            )
            return
        for panel, clip, levels, caption in self._parts():
            painter.setClipRect(clip)
            self._draw(painter, levels, panel)
            self._caption(painter, clip, caption)
        painter.setClipping(False)
        if self._shown() is View.SPLIT:
            x = self.split * self.width()
            painter.setPen(QPen(QColor("#ffffff"), 1.5))
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
            painter.setBrush(QColor("#ffffff"))
            painter.setPen(QPen(QColor("#404040"), 1))
            painter.drawEllipse(QPointF(x, self.height() / 2), GRIP_PX, GRIP_PX)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(t.accent), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    def _shown(self) -> View:
        return View.BEFORE if self._holding else self.view

    def _panels(self) -> list[QRectF]:
        """Where photos are laid out."""
        whole = QRectF(self.rect())
        if self._shown() is not View.SIDE_BY_SIDE:
            return [whole]
        half = whole.width() / 2
        return [
            QRectF(0, 0, half - 1, whole.height()),
            QRectF(half + 1, 0, half - 1, whole.height()),
        ]

    def _panel_at(self, point: QPointF) -> QRectF:
        panels = self._panels()
        return next((panel for panel in panels if panel.contains(point)), panels[0])

    def _seen(self, panel: QRectF) -> QRectF:
        """What of the photo is seen in a panel, photo px."""
        seen = QRectF(0, 0, panel.width() / self._scale, panel.height() / self._scale)
        seen.moveCenter(self._centre)
        return seen.intersected(QRectF(0, 0, self._before[0].width(), self._before[0].height()))

    def _parts(self) -> list[tuple[QRectF, QRectF, list[QImage], str]]:
        """(where the photo is laid out, what of it is seen, picture, caption)."""
        whole, before, after = QRectF(self.rect()), self.tr("Before"), self.tr("After")
        match self._shown():
            case View.BEFORE:
                return [(whole, whole, self._before, before)]
            case View.AFTER:
                return [(whole, whole, self._after, after)]
            case View.MASK:
                return [
                    (
                        whole,
                        whole,
                        self._mask or self._before,
                        self.tr("White: corrected, black: left as it was"),
                    )
                ]
            case View.SIDE_BY_SIDE:
                left, right = self._panels()
                return [(left, left, self._before, before), (right, right, self._after, after)]
            case _:
                x = self.split * whole.width()
                left = QRectF(0, 0, x, whole.height())
                right = QRectF(x, 0, whole.width() - x, whole.height())
                return [(whole, left, self._before, before), (whole, right, self._after, after)]

    def _draw(self, painter: QPainter, levels: list[QImage], panel: QRectF) -> None:
        """Only what is seen, from the smallest level that still has the screen's resolution."""
        ratio = self.devicePixelRatioF()
        level = 0
        while level + 1 < len(levels) and self._scale * ratio * 2 ** (level + 1) <= 1:
            level += 1
        picture = levels[level]
        shrink = picture.width() / levels[0].width()
        seen = self._seen(panel)
        target = QRectF(
            panel.center() + (seen.topLeft() - self._centre) * self._scale,
            seen.size() * self._scale,
        )
        source = QRectF(seen.topLeft() * shrink, seen.size() * shrink)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._scale < 2)
        painter.drawImage(target, picture, source)

    def _caption(self, painter: QPainter, clip: QRectF, text: str) -> None:
        metrics = painter.fontMetrics()
        box = QRectF(0, 0, metrics.horizontalAdvance(text) + 16, metrics.height() + 8)
        if text == self.tr("After"):
            box.moveTopRight(clip.topRight() + QPointF(-10, 10))
        else:
            box.moveTopLeft(clip.topLeft() + QPointF(10, 10))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(0, 0, 0, 150))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(QColor("#ffffff"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _on_line(self, point: QPointF) -> bool:
        return self._shown() is View.SPLIT and abs(point.x() - self.split * self.width()) <= GRIP_PX

    def _set_scale(self, scale: float) -> None:
        self._scale = scale
        self.zoomed.emit(scale)

    def _keep_inside(self) -> None:
        size = self._before[0].size()
        self._centre = QPointF(
            min(max(self._centre.x(), 0.0), float(size.width())),
            min(max(self._centre.y(), 0.0), float(size.height())),
        )


def _as_image(pixels: np.ndarray) -> QImage:
    """A picture that lies in the array, uint8 [h, w, 3] or [h, w]."""
    grey = pixels.ndim == 2
    height, width = pixels.shape[:2]
    kind = QImage.Format.Format_Grayscale8 if grey else QImage.Format.Format_RGB888
    return QImage(pixels.data, width, height, width * (1 if grey else 3), kind)
