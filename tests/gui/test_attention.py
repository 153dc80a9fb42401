"""Who has gone on with other work is told when a long job ends."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget
from pytestqt.qtbot import QtBot

from lenscal.gui.background import attention
from lenscal.gui.background.attention import Attention
from lenscal.gui.background.worker import Ending, Outcome
from lenscal.gui.main_window import MainWindow


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What the desktop was given, on one that has notifications."""
    seen: list[tuple[str, str]] = []
    monkeypatch.setattr(QApplication, "alert", lambda _window: seen.append(("alert", "")))
    monkeypatch.setattr(QSystemTrayIcon, "isSystemTrayAvailable", lambda: True)
    monkeypatch.setattr(QSystemTrayIcon, "supportsMessages", lambda: True)
    monkeypatch.setattr(
        QSystemTrayIcon,
        "showMessage",
        lambda _tray, title, text, _icon, _ms: seen.append((title, text)),
    )
    monkeypatch.setattr(QSystemTrayIcon, "show", lambda _tray: None)
    return seen


@pytest.mark.parametrize(
    ("long_s", "outcome", "expected"),
    [
        (0.0, Outcome(Ending.DONE), [("alert", ""), ("Calibrating", "Finished")]),
        (
            0.0,
            Outcome(Ending.FAILED, message="disk full"),
            [("alert", ""), ("Calibrating", "disk full")],
        ),
        (0.0, Outcome(Ending.CANCELLED), []),
        (1e9, Outcome(Ending.DONE), []),
    ],
)
def test_the_end_of_a_long_job_is_told(
    qtbot: QtBot,
    told: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    long_s: float,
    outcome: Outcome,
    expected: list[tuple[str, str]],
) -> None:
    monkeypatch.setattr(attention, "LONG_S", long_s)
    window = QWidget()
    qtbot.addWidget(window)
    watch = Attention(window)
    watch.job_began("Calibrating")
    assert watch.job_ended(outcome) == bool(expected)
    assert told == expected


def test_who_looks_at_the_window_is_not_told(
    qtbot: QtBot,
    window: MainWindow,
    told: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(attention, "LONG_S", 0.0)
    assert window.isActiveWindow()
    window.attention.job_began("Calibrating")
    assert not window.attention.job_ended(Outcome(Ending.DONE)) and told == []
