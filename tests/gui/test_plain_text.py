"""What comes from strangers is never markup, wherever the window shows it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

import lenscal
from lenscal.gui.main_window import MainWindow
from lenscal.gui.widgets.bars import ElidedLabel
from lenscal.gui.widgets.curves import Curves
from lenscal.gui.widgets.elements import Label, muted, section, tip_text

GUI = Path(lenscal.__file__).parent / "gui"
MARKUP = "<b>50</b><br><img src='file:///etc/passwd'>&lt;"
ELEMENTS = "widgets/elements.py"


def calls() -> Iterator[tuple[str, ast.Call]]:
    """Every call in the window's code, with the module's name."""
    for path in sorted(GUI.rglob("*.py")):
        name = path.relative_to(GUI).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield name, node


def is_own_text(node: ast.expr) -> bool:
    """A literal, translated or not."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "self.tr":
        return all(isinstance(argument, ast.Constant) for argument in node.args)
    return isinstance(node, ast.Constant)


def is_tip(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func) == "tip_text"


def test_labels_show_text_as_it_is(qtbot: QtBot) -> None:
    for label in (Label(MARKUP), muted(MARKUP), section(MARKUP), ElidedLabel(MARKUP)):
        qtbot.addWidget(label)
        assert label.textFormat() is Qt.TextFormat.PlainText
        assert label.text() == MARKUP


def test_no_label_in_the_window_guesses_what_its_text_is(window: MainWindow) -> None:
    labels = window.findChildren(QLabel)
    assert len(labels) > 20
    assert not [label.text() for label in labels if label.textFormat() is Qt.TextFormat.AutoText]


def test_tooltips_show_text_as_it_is() -> None:
    document = QTextDocument()
    document.setHtml(tip_text(MARKUP))
    assert document.toPlainText() == MARKUP
    # As it was, where there is nothing to take for markup.
    assert tip_text("R & D, a > b") == "R & D, a > b"


def test_legends_show_names_as_they_are(qtbot: QtBot) -> None:
    """Names of curves come from profiles."""
    plot = Curves()
    qtbot.addWidget(plot)
    plot.add_points([(MARKUP, 0.0, 1.0)])
    assert plot.names == [MARKUP]
    (_, label), *_ = plot._legend.items
    document = QTextDocument()
    document.setHtml(label.text)
    assert document.toPlainText() == MARKUP


def test_labels_and_boxes_are_made_in_one_way() -> None:
    found = []
    boxes, plain = set(), set()
    for name, call in calls():
        made = ast.unparse(call.func)
        if made == "QLabel" and name != ELEMENTS:
            found.append(f"{name}:{call.lineno}: Label instead of QLabel")
        if made == "QMessageBox":
            boxes.add(name)
        if made.endswith("setTextFormat"):
            plain.add(name)
    assert not found
    assert not boxes - plain


def test_tooltips_go_through_one_function() -> None:
    found = []
    for name, call in calls():
        made = ast.unparse(call.func)
        if made.endswith(".setToolTip") and not (is_own_text(call.args[0]) or is_tip(call.args[0])):
            found.append(f"{name}:{call.lineno}: {ast.unparse(call)}")
        if made.endswith(".setItemData") and "ToolTipRole" in ast.unparse(call):
            found += [] if is_tip(call.args[1]) else [f"{name}:{call.lineno}"]
    assert not found
