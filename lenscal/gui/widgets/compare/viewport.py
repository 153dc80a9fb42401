"""Which part of a photo is seen, and how large.

Geometry alone, in two systems: px of the photo, and px of the screen."""

from __future__ import annotations

from math import ceil, floor

from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF

MAX_SCALE = 8.0
"""Screen px per photo px: beyond it there is nothing to see but squares."""


class Viewport:
    """The photo's point `centre` lies in the middle of every panel (a rectangle of the screen in
    which the photo is laid out); one photo px is `scale` screen px."""

    def __init__(self) -> None:
        self._size = QSizeF()
        self._centre = QPointF()
        self._scale = 1.0
        self._fitted = True

    @property
    def scale(self) -> float:
        """Screen px per photo px."""
        return self._scale

    @property
    def fitted(self) -> bool:
        """Whether the whole photo is seen, and shall be when the panel changes."""
        return self._fitted

    @property
    def empty(self) -> bool:
        """Whether there is no photo."""
        return self._size.isEmpty()

    def set_size(self, size: QSize) -> bool:
        """Size of the photo, px; whether it is another one."""
        changed = QSizeF(size) != self._size
        self._size = QSizeF(size)
        return changed

    def fit(self, panel: QRectF) -> None:
        """Show the whole photo."""
        self._fitted = True
        if not self.empty:
            self._centre = QPointF(self._size.width() / 2, self._size.height() / 2)
            self._scale = self._smallest(panel)

    def zoom(self, scale: float, anchor: QPointF, panel: QRectF) -> None:
        """Change the scale; the photo's point that lies at `anchor` on the screen stays there."""
        offset = anchor - panel.center()
        fixed = self._centre + offset / self._scale
        # From now on a resize must not undo the zoom.
        self._fitted = False
        self._scale = min(max(scale, self._smallest(panel)), MAX_SCALE)
        self._centre = fixed - offset / self._scale
        self._keep_inside()

    def pan(self, shift: QPointF) -> None:
        """Look elsewhere: the middle of the panel goes by screen px over the photo."""
        self._centre += shift / self._scale
        self._fitted = False
        self._keep_inside()

    def visible(self, panel: QRectF) -> QRectF:
        """What of the photo is seen in a panel, photo px."""
        part = QRectF(0, 0, panel.width() / self._scale, panel.height() / self._scale)
        part.moveCenter(self._centre)
        # Beside the photo the view shows its surround.
        return part.intersected(QRectF(QPointF(), self._size))

    def visible_px(self, panel: QRectF) -> tuple[int, int, int, int] | None:
        """left, top, right, bottom of every photo px that is seen; None: there is none."""
        if self.empty:
            return None
        part = self.visible(panel)
        # Outwards: a pixel that is seen in part is seen.
        left, top = floor(part.left()), floor(part.top())
        right, bottom = ceil(part.right()), ceil(part.bottom())
        return (left, top, right, bottom) if left < right and top < bottom else None

    def on_screen(self, part: QRectF, panel: QRectF) -> QRectF:
        """Where a part of the photo lies on the screen."""
        corner = panel.center() + (part.topLeft() - self._centre) * self._scale
        return QRectF(corner, part.size() * self._scale)

    def _smallest(self, panel: QRectF) -> float:
        """The scale that shows the whole photo, but never more than its own pixels."""
        across = panel.width() / self._size.width()
        down = panel.height() / self._size.height()
        # A small photo that is blown up would look worse than it is.
        return min(across, down, 1.0)

    def _keep_inside(self) -> None:
        # Otherwise the photo could be pushed out of sight, and nothing would say where it went.
        self._centre = QPointF(
            min(max(self._centre.x(), 0.0), self._size.width()),
            min(max(self._centre.y(), 0.0), self._size.height()),
        )
