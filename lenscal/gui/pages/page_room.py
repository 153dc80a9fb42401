"""Room for a page: it scrolls where a small window, or large text, leaves less than it needs."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class PageRoom(QScrollArea):
    """As large as the window lets it be, with a page that is never squeezed.

    Qt's own `widgetResizable` gives a page the height that it would like to have, and so scrolls
    where there is room for all of it.
    """

    def __init__(self, page: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._page = page
        self.setFrameShape(QFrame.Shape.NoFrame)
        # The keyboard belongs to what stands in the page.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(page)
        for clear in (page, self.viewport()):
            clear.setAutoFillBackground(False)
        page.installEventFilter(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the page all of it."""
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Also where what stands in the page has changed."""
        if watched is self._page and event.type() == QEvent.Type.LayoutRequest:
            self._fit()
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        layout = self._page.layout()
        if layout is None:
            return
        least = layout.totalMinimumSize()
        room = self.maximumViewportSize()
        bar_px = self.verticalScrollBar().sizeHint().width()
        width = max(room.width(), least.width())
        height = max(least.height(), layout.totalMinimumHeightForWidth(width))
        if height > room.height():
            # What scrolls up and down leaves less from left to right.
            width = max(room.width() - bar_px, least.width())
            height = max(least.height(), layout.totalMinimumHeightForWidth(width))
        if width > room.width():
            room.setHeight(room.height() - self.horizontalScrollBar().sizeHint().height())
        self._page.resize(width, max(room.height(), height))
