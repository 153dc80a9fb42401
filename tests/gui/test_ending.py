"""Ctrl+C and the end of a session close the window; nobody is asked."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from conftest import FakeCalibration
from desktop import start_calibration
from pytestqt.qtbot import QtBot

from lenscal.gui.background.ending import closed_by_signals
from lenscal.gui.main_window import MainWindow

pytestmark = pytest.mark.skipif(os.name != "posix", reason="POSIX signals")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_idle_window_closes_at_a_signal(qtbot: QtBot, window: MainWindow, number: int) -> None:
    # A shell that runs the tests in the background has Ctrl+C ignored, which the window respects.
    former = signal.signal(number, signal.SIG_DFL)
    try:
        with closed_by_signals(window.leave):
            # From outside: Qt's event loop must hear of it without running Python.
            os.kill(os.getpid(), number)
            qtbot.waitUntil(lambda: not window.isVisible())
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, former)


def test_a_calibration_is_kept_at_the_end_of_a_session(
    qtbot: QtBot,
    window: MainWindow,
    read_photos: Callable[[], None],
    fake: FakeCalibration,
) -> None:
    fake.steps = 500
    read_photos()
    start_calibration(qtbot, window)
    with closed_by_signals(window.leave):
        os.kill(os.getpid(), signal.SIGTERM)
        qtbot.waitUntil(lambda: not window.isVisible())
    assert window.question is None
    assert list(window.controller.folders.kept.glob("*.lenscal"))
