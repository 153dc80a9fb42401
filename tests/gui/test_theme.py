"""Looks follow the choice of the user, and with "system" the desktop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QStyleHints
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from lenscal.gui import theme


@pytest.fixture
def looks(qapp: QApplication) -> Iterator[theme.Appearance]:
    appearance = theme.appearance()
    former, style = appearance.theme.name, qapp.styleSheet()
    yield appearance
    theme.apply(qapp, former)
    qapp.setStyleSheet(style)


def test_the_application_owns_its_looks(qapp: QApplication) -> None:
    assert theme.appearance().parent() is qapp
    assert theme.appearance() is theme.appearance()


def test_an_icon_is_drawn_once_a_theme(qapp: QApplication, looks: theme.Appearance) -> None:
    theme.apply(qapp, "light")
    light = theme.icon("folder").cacheKey()
    assert theme.icon("folder").cacheKey() == light
    theme.apply(qapp, "dark")
    assert theme.icon("folder").cacheKey() != light


def test_icons_of_buttons_are_drawn_anew_in_the_same_role(
    qtbot: QtBot, qapp: QApplication, looks: theme.Appearance
) -> None:
    theme.apply(qapp, "light")
    plain = QPushButton(theme.icon("folder", size=16), "")
    primary = QPushButton(theme.icon("play", size=16, colour=theme.theme().on_accent), "")
    for button in (plain, primary):
        qtbot.addWidget(button)
    theme.apply(qapp, "dark")
    assert plain.icon().cacheKey() == theme.icon("folder", size=16).cacheKey()
    on_accent = theme.icon("play", size=16, colour=theme.theme().on_accent)
    assert primary.icon().cacheKey() == on_accent.cacheKey()


@pytest.mark.parametrize(("choice", "after"), [("system", "dark"), ("light", "light")])
def test_only_the_choice_system_follows_the_desktop(
    qapp: QApplication,
    looks: theme.Appearance,
    monkeypatch: pytest.MonkeyPatch,
    choice: str,
    after: str,
) -> None:
    # The platform without a screen has no colour scheme that could be set.
    desktop = [Qt.ColorScheme.Light]
    monkeypatch.setattr(QStyleHints, "colorScheme", lambda hints: desktop[0])
    theme.apply(qapp, choice)
    assert theme.theme().name == "light"
    desktop[0] = Qt.ColorScheme.Dark
    qapp.styleHints().colorSchemeChanged.emit(desktop[0])
    assert theme.theme().name == after
