"""The Qt binding itself: a version that loses references takes the window down after some thousand
calls."""

from __future__ import annotations

import sys

import PySide6
import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot


class Source(QObject):
    happened = Signal(int)


@pytest.mark.skipif(
    sys.version_info >= (3, 12), reason="None and True cannot be lost from Python 3.12 on"
)
def test_the_binding_keeps_the_references_to_none_and_true(qtbot: QtBot) -> None:
    source = Source()
    before = sys.getrefcount(None), sys.getrefcount(True)
    for number in range(200):
        source.setObjectName("name")
        source.happened.emit(number)
    losses = before[0] - sys.getrefcount(None), before[1] - sys.getrefcount(True)
    assert max(losses) < 100, (
        f"PySide6 {PySide6.__version__} loses references on Python 3.11 "
        f"({losses} of None, True in 200 calls), "
        "which ends in a fatal error: pin PySide6-Essentials to 6.11.3"
    )
