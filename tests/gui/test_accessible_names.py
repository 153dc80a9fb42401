"""Every control says what it is: on all pages, seen or not, and in every dialog."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QScrollBar,
    QTextEdit,
    QWidget,
)
from pytestqt.qtbot import QtBot

from lenscal.gui.dialogs.about_dialog import AboutDialog
from lenscal.gui.dialogs.keys_dialog import KeysDialog
from lenscal.gui.dialogs.preferences_dialog import PreferencesDialog
from lenscal.gui.dialogs.relink_dialog import RelinkDialog
from lenscal.gui.main_window import MainWindow
from lenscal.gui.pages.page import Page
from lenscal.gui.widgets.cells import CellView
from lenscal.gui.widgets.compare.compare_view import CompareView
from lenscal.preferences import Preferences
from lenscal.project import Project
from lenscal.session import Source

CONTROLS = (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QLineEdit,
    QTextEdit,
    CellView,
    CompareView,
)


def controls(root: QWidget) -> list[QWidget]:
    """What can be worked with; parts of other controls are theirs."""
    result = []
    for widget in root.findChildren(QWidget):
        parent = widget.parentWidget()
        inner = isinstance(widget, QScrollBar | QHeaderView) or isinstance(
            parent, QAbstractSpinBox | QComboBox | QAbstractItemView
        )
        popup = parent.metaObject().className() == "QComboBoxPrivateContainer"
        if isinstance(widget, CONTROLS) and not inner and not popup:
            result.append(widget)
    return result


def silent(root: QWidget) -> list[str]:
    """Controls without a text, a tooltip, a name or a label."""
    labelled = {
        id(label.buddy()) for label in root.findChildren(QLabel) if label.buddy() is not None
    }
    names = []
    for widget in controls(root):
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        if not (text or widget.toolTip() or widget.accessibleName() or id(widget) in labelled):
            parent = type(widget.parentWidget()).__name__
            names.append(f"{parent} > {type(widget).__name__} {widget.objectName()}")
    return names


def test_every_control_of_every_page_says_what_it_is(window: MainWindow) -> None:
    assert len(window.pages.by_step) == 6
    for page in window.pages.by_step.values():
        assert isinstance(page, Page) and len(controls(page)) > 2
        assert silent(page) == [], type(page).__name__
    window.job_bar.begin("a job", can_stop=True)
    for bar in (window.message_bar, window.job_bar):
        assert silent(bar) == []
    assert all(button.toolTip() for button in window.step_list.buttons.values())


@pytest.mark.parametrize("name", ["preferences", "keys", "about", "relink"])
def test_every_control_of_every_dialog_says_what_it_is(qtbot: QtBot, name: str) -> None:
    project = Project(
        sharp=Source((Path("/nowhere/at/all/s.dng"),)),
        degraded=Source((Path("/nowhere/else/d.dng"),)),
    )
    dialog = {
        "preferences": lambda: PreferencesDialog(Preferences()),
        "keys": KeysDialog,
        "about": lambda: AboutDialog({"cache": "/tmp"}),
        "relink": lambda: RelinkDialog(project),
    }[name]()
    qtbot.addWidget(dialog)
    assert controls(dialog)
    assert silent(dialog) == []
    assert dialog.windowTitle()


def test_a_control_without_words_is_found(qtbot: QtBot) -> None:
    root = QWidget()
    qtbot.addWidget(root)
    QLineEdit(root)
    assert silent(root) == ["QWidget > QLineEdit "]
