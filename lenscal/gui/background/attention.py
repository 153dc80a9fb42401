"""Telling somebody who has gone on with other work that a long job has ended."""

from __future__ import annotations

import time

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from lenscal.gui import theme
from lenscal.gui.background.worker import Ending, Outcome

LONG_S = 20.0
"""A job that took less is waited for."""
SHOWN_MS = 10_000


class Attention(QObject):
    """Marks the window in the taskbar, and shows a notification of the desktop where it has
    them, if the window has no focus when a long job ends."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window, self._began, self._name = window, 0.0, ""
        self._tray: QSystemTrayIcon | None = None

    def job_began(self, name: str) -> None:
        """A job with a name that is shown to the user."""
        self._began, self._name = time.monotonic(), name

    def job_ended(self, outcome: Outcome) -> bool:
        """The job has ended; whether somebody was told."""
        if time.monotonic() - self._began < LONG_S or self._window.isActiveWindow():
            return False
        # Whoever cancels knows.
        if outcome.ending is Ending.CANCELLED:
            return False
        text = outcome.message if outcome.ending is Ending.FAILED else self.tr("Finished")
        QApplication.alert(self._window)
        if QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages():
            self._notify(text)
        return True

    def _notify(self, text: str) -> None:
        if self._tray is None:
            self._tray = QSystemTrayIcon(theme.icon("app", size=64), self._window)
            self._tray.messageClicked.connect(self._come_back)
        # Messages hang on an icon that is shown.
        self._tray.show()
        self._tray.showMessage(self._name, text, self._tray.icon(), SHOWN_MS)

    def _come_back(self) -> None:
        self._window.showNormal() if self._window.isMinimized() else self._window.show()
        self._window.raise_()
        self._window.activateWindow()
        if self._tray is not None:
            self._tray.hide()
