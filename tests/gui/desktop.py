"""What a desktop and its user do to a window."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QWindow
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from lenscal.gui.controller import Controller
from lenscal.gui.main_window import MainWindow
from lenscal.session import Step

LEFT = Qt.MouseButton.LeftButton


def drop(widget: QWidget, paths: list[Path]) -> bool:
    """Drop files on a widget as the desktop does; whether it took them."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    at, button, key = (
        QPointF(widget.rect().center()),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    with warnings.catch_warnings():
        # Qt 6.12 wants a QPointF here, 6.11 knows only QPoint.
        warnings.simplefilter("ignore", DeprecationWarning)
        enter = QDragEnterEvent(at.toPoint(), Qt.DropAction.CopyAction, mime, button, key)
    QApplication.sendEvent(widget, enter)
    if not enter.isAccepted():
        return False
    event = QDropEvent(at, Qt.DropAction.CopyAction, mime, button, key)
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def idle(qtbot: QtBot, window: MainWindow) -> None:
    """Wait for the end of the job."""
    qtbot.waitUntil(lambda: not window.controller.busy, timeout=60_000)


def wait_until_still(qtbot: QtBot, count: Callable[[], int]) -> int:
    """Wait until a count stays the same for a while; what it is then. What has begun before a pause
    ends in it, on a busy machine late."""

    def still() -> bool:
        before = count()
        qtbot.wait(150)
        return count() == before

    qtbot.waitUntil(still, timeout=20_000)
    return count()


def start_calibration(qtbot: QtBot, window: MainWindow) -> None:
    """Click on it, and wait for its first curve."""
    window.go_to(Step.CALIBRATE)
    qtbot.mouseClick(window.calibrate_page.button, LEFT)
    qtbot.waitUntil(lambda: bool(window.calibrate_page.curves.points("flow loss")), timeout=10_000)


@contextmanager
def shown(
    qtbot: QtBot, controller: Controller, *, patience_ms: int = 20_000
) -> Iterator[MainWindow]:
    """The window on the desktop, with the keyboard; in the end its job is cancelled and it is
    gone. Nothing of it may have stood there as a window of its own."""
    window = MainWindow(controller)
    window.resize(1280, 800)
    strangers: list[str] = []

    def note(handle: QWindow | None) -> None:
        # A part shown before it has a parent flashes up, and takes the keyboard with it.
        strangers.extend(
            repr(widget)
            for widget in QApplication.topLevelWidgets()
            if handle is not None
            and widget.windowHandle() is handle
            and widget.windowType() is Qt.WindowType.Window
            and not isinstance(widget, MainWindow)
        )

    QGuiApplication.instance().focusWindowChanged.connect(note)
    window.show()
    with qtbot.waitActive(window):
        # Where no window manager runs, nobody else gives it the keyboard.
        window.activateWindow()
    if QApplication.keyboardModifiers():
        # A test's dialog took the keyboard while Shift was held, and nobody let go of it.
        QTest.keyRelease(window, Qt.Key.Key_Shift)
    yield window
    if controller.busy:
        controller.worker.cancel()
        qtbot.waitUntil(lambda: not controller.busy, timeout=patience_ms)
    window.close()
    window.deleteLater()
    # By name, as a deletion is left for an event loop that does not run here.
    QApplication.sendPostedEvents(window, QEvent.Type.DeferredDelete)
    QGuiApplication.instance().focusWindowChanged.disconnect(note)
    assert not strangers, f"flashed up as windows: {strangers}"
