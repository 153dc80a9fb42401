"""Full screen, panels away, large type: for a room that watches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QObject, QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

TYPE_SCALE = 1.4
"""Of the letters: read from the last row of a small room."""


class PresenterMode(QObject):
    """Turned on and off with one key; what was hidden comes back as it was."""

    def __init__(
        self, window: QMainWindow, panels: Sequence[QWidget], actions: Iterable[QAction]
    ) -> None:
        """panels: hidden before an audience; actions: whose keys go on working."""
        super().__init__(window)
        self._window, self._panels = window, panels
        self._actions = list(actions)
        self._hidden: list[QWidget] = []
        self._size = QSize()
        self._point_size = 0.0
        self.on = False

    def toggle(self) -> None:
        """Begin, or go back to the desk."""
        if self.on:
            self._leave()
        else:
            self._enter()

    def _enter(self) -> None:
        self.on = True
        self._size = self._window.size()
        # Keys of a menu that is not to be seen are dead, unless the window has them, too.
        self._window.addActions(self._actions)
        self._hidden = [p for p in (self._window.menuBar(), *self._panels) if not p.isHidden()]
        for panel in self._hidden:
            panel.hide()
        self._point_size = QApplication.font().pointSizeF()
        self._set_type(self._point_size * TYPE_SCALE)
        self._window.setWindowState(self._window.windowState() | Qt.WindowState.WindowFullScreen)

    def _leave(self) -> None:
        self.on = False
        for action in self._actions:
            self._window.removeAction(action)
        for panel in self._hidden:
            panel.show()
        self._set_type(self._point_size)
        self._window.setWindowState(self._window.windowState() & ~Qt.WindowState.WindowFullScreen)
        # Most desktops do so by themselves.
        if not self._window.isMaximized():
            self._window.resize(self._size)

    def _set_type(self, points: float) -> None:
        application = QApplication.instance()
        if not isinstance(application, QApplication):
            return
        font = application.font()
        font.setPointSizeF(points)
        application.setFont(font)
        # Widgets with a style sheet look at the font again only when they are given it anew.
        application.setStyleSheet(application.styleSheet())
