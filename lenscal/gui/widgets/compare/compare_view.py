"""Before and after, with a line to drag; zoom and pan move both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum, auto

import numpy as np
from numpy.typing import NDArray
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
from lenscal.gui.widgets.compare.painting import (
    GRIP_PX,
    draw_caption,
    draw_line,
    draw_photo,
    image_in,
)
from lenscal.gui.widgets.compare.viewport import Viewport

ZOOM_STEP = 1.25
"""Of one notch of the wheel (120 in Qt's units), and of the keys + and -."""
ZOOM_STOPS = (0.25, 0.5, 1.0, 2.0, 4.0)
"""Scales with keys of their own, at which steps of the wheel halt."""
NEAR = 1e-6
WHEEL_NOTCH = 120
PAN_PX = 60
"""By which an arrow key moves the photo."""
LEAST_SPLIT = 0.02
"""The line stays this share of the width within the picture, where it can be taken again."""
ARROWS = {
    Qt.Key.Key_Left: QPointF(-PAN_PX, 0),
    Qt.Key.Key_Right: QPointF(PAN_PX, 0),
    Qt.Key.Key_Up: QPointF(0, -PAN_PX),
    Qt.Key.Key_Down: QPointF(0, PAN_PX),
}
ZOOM_KEYS = {Qt.Key.Key_Plus: ZOOM_STEP, Qt.Key.Key_Minus: 1 / ZOOM_STEP}


class View(StrEnum):
    """What is shown of the two pictures."""

    SPLIT = "split"
    SIDE_BY_SIDE = "side by side"
    BEFORE = "before"
    AFTER = "after"
    MASK = "mask"
    TRUTH = "truth"
    """The corrected photo beside what it should be, where that is known."""


class Drag(Enum):
    """What the pressed mouse moves."""

    NOTHING = auto()
    LINE = auto()
    PHOTO = auto()


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """A picture in the view.

    Attributes
    ----------
    panel : where the photo is laid out
    clip : what of the panel is its own
    levels : its pyramid
    caption : what it is
    """

    panel: QRectF
    clip: QRectF
    levels: list[QImage]
    caption: str


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
        self._truth: list[QImage] = []
        self._arrays: tuple[NDArray[np.uint8], ...] = ()
        self._viewport = Viewport()
        self.view = View.SPLIT
        self.split = 0.5
        """Where the line is, as a share of the width."""
        self.placeholder = ""
        """What stands there while there is no photo."""
        self._curve: NDArray[np.uint8] | None = None
        self._original_held = False
        self._drag = Drag.NOTHING
        self._drag_from = QPointF()
        # Before a button is pressed the pointer says what it would take.
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(self.tr("Photo before and after"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        # Smaller, captions would cover the photo.
        self.setMinimumSize(320, 240)

    def sizeHint(self) -> QSize:
        """As much as there is room for, in a photo's proportions."""
        return QSize(900, 600)

    # What is shown

    @property
    def scale(self) -> float:
        """Screen px per photo px."""
        return self._viewport.scale

    @property
    def shows_original(self) -> bool:
        """Whether the key is held that shows the photo as it was."""
        return self._original_held

    @property
    def visible_part(self) -> tuple[int, int, int, int] | None:
        """left, top, right, bottom of what is seen of the photo, px; None without one."""
        return self._viewport.visible_px(self._panels()[0])

    def show_photo(
        self,
        before: Sequence[NDArray[np.uint8]],
        after: Sequence[NDArray[np.uint8]],
        mask: NDArray[np.uint8] | None = None,
        truth: Sequence[NDArray[np.uint8]] = (),
    ) -> None:
        """Show other pictures; zoom and place stay where the photo has the same size.

        Parameters
        ----------
        before, after : pyramids [h, w, 3], which may be painted over later (call `update` then);
        empty: no photo
        mask : [h, w] for View.MASK
        truth : pyramid for View.TRUTH
        """
        masks = [] if mask is None else [mask]
        # The pictures lie in the arrays: nothing is copied, and the arrays must live as long.
        self._arrays = (*before, *after, *masks, *truth)
        self._before, self._after, self._mask, self._truth = (
            [image_in(pixels) for pixels in levels] for levels in (before, after, masks, truth)
        )
        size = self._before[0].size() if self._before else QSize()
        # Another photo of the same camera is looked at in the same place.
        if self._viewport.set_size(size) or self._viewport.empty:
            self.fit()
        self.moved.emit()
        self.update()

    def show_values(self, curve: NDArray[np.uint8] | None) -> None:
        """What the photo's values are shown as, [256]; None: as they are."""
        self._curve = curve
        self.update()

    def show_view(self, view: View) -> None:
        """Choose what is shown of the two pictures."""
        self.view = view
        # A zoomed photo stays as large as it is.
        if self._viewport.fitted:
            # Side by side there is half of the room.
            self.fit()
        self.moved.emit()
        self.update()

    def hold_original(self, on: bool) -> None:
        """Show the photo as it was, as long as a key is held."""
        self._original_held = on
        self.update()

    def fit(self) -> None:
        """Show the whole photo."""
        self._viewport.fit(self._panels()[0])
        if not self._viewport.empty:
            self._announce()
            self.update()

    def zoom(self, scale: float, at: QPointF | None = None) -> None:
        """Screen px per photo px; the photo's point under `at` (widget coordinates) stays there."""
        if self._viewport.empty:
            return
        panel = self._panels()[0] if at is None else self._panel_at(at)
        self._viewport.zoom(scale, panel.center() if at is None else at, panel)
        self._announce()
        self.update()

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Make everything larger, or smaller, about the middle or a point; round scales on the way
        are not left out."""
        wanted = self.scale * factor
        low, high = sorted((self.scale, wanted))
        between = [stop for stop in ZOOM_STOPS if low * (1 + NEAR) < stop < high / (1 + NEAR)]
        if between:
            # The one that comes first.
            wanted = between[0] if factor > 1 else between[-1]
        self.zoom(wanted, at)

    def _pan(self, shift: QPointF) -> None:
        if self._viewport.empty:
            return
        self._viewport.pan(shift)
        self.moved.emit()
        self.update()

    def _announce(self) -> None:
        self.zoomed.emit(self.scale)
        self.moved.emit()

    # What the user does

    def resizeEvent(self, event: QResizeEvent) -> None:
        """A photo that fits still fits."""
        if self._viewport.fitted:
            self.fit()
        super().resizeEvent(event)
        self.moved.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer."""
        # Touchpads send parts of a notch.
        notches = event.angleDelta().y() / WHEEL_NOTCH
        self.zoom_by(ZOOM_STEP**notches, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the line, or the photo."""
        self._drag = Drag.LINE if self._on_line(event.position()) else Drag.PHOTO
        self._drag_from = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Move what was taken."""
        position = event.position()
        match self._drag:
            case Drag.LINE:
                # A widget that is not laid out yet may have no width.
                share = position.x() / max(self.width(), 1)
                self.split = min(max(share, LEAST_SPLIT), 1 - LEAST_SPLIT)
                self.update()
            case Drag.PHOTO:
                self._pan(self._drag_from - position)
                # From the last place, as the photo has followed so far.
                self._drag_from = position
            case _:
                on_line = self._on_line(position)
                shape = Qt.CursorShape
                self.setCursor(shape.SplitHCursor if on_line else shape.OpenHandCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._drag = Drag.NOTHING

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The whole photo, or its own pixels at the pointer."""
        if self._viewport.fitted:
            self.zoom(1.0, event.position())
        else:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows pan, + and - zoom."""
        key = Qt.Key(event.key())
        if key in ARROWS:
            self._pan(ARROWS[key])
        elif key in ZOOM_KEYS:
            self.zoom_by(ZOOM_KEYS[key])
        else:
            super().keyPressEvent(event)

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Both pictures with their captions, or what is missing."""
        colours = theme.theme()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(colours.surround))
        if not self._before:
            painter.setPen(QColor(colours.text))
            where = self.rect().adjusted(20, 0, -20, 0)
            painter.drawText(where, Qt.AlignmentFlag.AlignCenter, self.placeholder)
            return
        for part in self._parts():
            painter.setClipRect(part.clip)
            ratio = self.devicePixelRatioF()
            # A mask is no photo: its white means something.
            curve = None if part.levels is self._mask else self._curve
            draw_photo(painter, part.levels, self._viewport, part.panel, ratio, curve)
            # In the outer corners of a pair.
            at_right = part.clip.left() > 0 or self._shown is View.AFTER
            draw_caption(painter, part.caption, part.clip, at_right=at_right)
        # Line and focus lie over both pictures.
        painter.setClipping(False)
        if self._shown is View.SPLIT:
            draw_line(painter, self._line_px, self.height())
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))

    @property
    def _shown(self) -> View:
        return View.BEFORE if self._original_held else self.view

    @property
    def _line_px(self) -> float:
        return self.split * self.width()

    def _panels(self) -> list[QRectF]:
        """Where photos are laid out."""
        whole = QRectF(self.rect())
        if self._shown not in (View.SIDE_BY_SIDE, View.TRUTH):
            return [whole]
        half, height = whole.width() / 2, whole.height()
        # Two pixels between them part what may look alike.
        return [QRectF(0, 0, half - 1, height), QRectF(half + 1, 0, half - 1, height)]

    def _panel_at(self, point: QPointF) -> QRectF:
        panels = self._panels()
        return next((panel for panel in panels if panel.contains(point)), panels[0])

    def _parts(self) -> list[Part]:
        whole = QRectF(self.rect())
        left = right = left_clip = right_clip = whole
        match self._shown:
            case View.BEFORE:
                return [Part(whole, whole, self._before, self.tr("Before"))]
            case View.AFTER:
                return [Part(whole, whole, self._after, self.tr("After"))]
            case View.MASK:
                words = self.tr("White: corrected; black: unchanged")
                return [Part(whole, whole, self._mask or self._before, words)]
            case View.TRUTH:
                left, right = self._panels()
                known, words = (self._truth or self._after), self.tr("Truth")
                return [
                    Part(left, left, self._after, self.tr("After")),
                    Part(right, right, known, words),
                ]
            case View.SIDE_BY_SIDE:
                left, right = left_clip, right_clip = self._panels()
            case View.SPLIT:
                # Both are laid out over the whole view, so that they meet at the line.
                left_clip = QRectF(0, 0, self._line_px, whole.height())
                right_clip = whole.adjusted(self._line_px, 0, 0, 0)
        return [
            Part(left, left_clip, self._before, self.tr("Before")),
            Part(right, right_clip, self._after, self.tr("After")),
        ]

    def _on_line(self, point: QPointF) -> bool:
        return self._shown is View.SPLIT and abs(point.x() - self._line_px) <= GRIP_PX
