"""Which words of a window are cut: by the width of what they stand in, or by what that stands
in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QTextDocument
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QCheckBox,
    QComboBox,
    QLabel,
    QPushButton,
    QRadioButton,
    QStyle,
    QStyleOptionComboBox,
    QWidget,
)

from lenscal.gui.widgets.bars import ElidedLabel

SLACK_PX = 1
"""Text is measured in parts of pixels, and widgets have whole ones."""


def cut_words(window: QWidget) -> list[str]:
    """What is cut, with the words and by how much."""
    found = []
    for kind in (QLabel, QAbstractButton, QComboBox):
        for widget in window.findChildren(kind):
            if widget.isVisible() and (why := _cut(widget) or _covered(widget, window)):
                found.append(f"{type(widget).__name__} “{_words(widget)[:60]}”: {why}")
    return found


def _words(widget: QWidget) -> str:
    if isinstance(widget, QComboBox):
        return widget.currentText()
    return widget.text()  # type: ignore[attr-defined, no-any-return]


def _cut(widget: QWidget) -> str:
    if not _words(widget):
        return ""
    if isinstance(widget, QLabel):
        return _cut_label(widget)
    if isinstance(widget, QComboBox):
        option = QStyleOptionComboBox()
        widget.initStyleOption(option)
        room = (
            widget.style()
            .subControlRect(
                QStyle.ComplexControl.CC_ComboBox,
                option,
                QStyle.SubControl.SC_ComboBoxEditField,
                widget,
            )
            .width()
        )
        needs = widget.fontMetrics().horizontalAdvance(widget.currentText())
        return _short(needs, room, "wide")
    lines = widget.text().splitlines()
    metrics = widget.fontMetrics()
    flag = Qt.TextFlag.TextShowMnemonic
    needs = max(metrics.size(flag, line).width() for line in lines)
    if not widget.icon().isNull():
        needs += widget.iconSize().width() + 4
    if isinstance(widget, QCheckBox | QRadioButton):
        needs += widget.style().pixelMetric(QStyle.PixelMetric.PM_IndicatorWidth) + 4
    elif isinstance(widget, QPushButton):
        # Its frame, whatever the style makes of it.
        needs += 4
    return _short(needs, widget.width(), "wide") or _short(
        len(lines) * metrics.height(), widget.height() + 2, "high"
    )


def _cut_label(label: QLabel) -> str:
    if isinstance(label, ElidedLabel):
        return ""
    room = label.contentsRect()
    if label.wordWrap():
        if label.textFormat() is Qt.TextFormat.PlainText:
            metrics = label.fontMetrics()
            # Where Qt goes on below.
            parts = re.split(r"\s|(?<=[/-])", label.text())
            words = max(metrics.horizontalAdvance(part) for part in parts)
            wide = _short(words, room.width(), "wide")
        else:
            wide = ""
        return wide or _short(label.heightForWidth(label.width()), label.height(), "high")
    if label.textFormat() is Qt.TextFormat.PlainText:
        # Of a field's label the letter after & is underlined.
        flag = Qt.TextFlag.TextShowMnemonic if label.buddy() else Qt.TextFlag(0)
        size = label.fontMetrics().size(flag, label.text())
        return _short(size.width(), room.width(), "wide") or _short(
            size.height(), room.height() + 2, "high"
        )
    document = QTextDocument()
    document.setDefaultFont(label.font())
    document.setDocumentMargin(0)
    document.setHtml(label.text())
    return _short(round(document.idealWidth()), room.width(), "wide")


def _short(needs: float, has: float, what: str) -> str:
    return f"needs {needs:.0f} px, is {has:.0f} px {what}" if needs > has + SLACK_PX else ""


def _covered(widget: QWidget, window: QWidget) -> str:
    """By the borders of what it stands in, where nothing scrolls it into view."""
    area = QRect(widget.rect())
    inner = widget
    for outer in _parents(widget, window):
        area.moveTopLeft(inner.mapTo(outer, QPoint(area.topLeft())))
        room = outer.rect()
        scroll = outer.parentWidget()
        if isinstance(scroll, QAbstractScrollArea) and scroll.viewport() is outer:
            off = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
            if scroll.horizontalScrollBarPolicy() is not off:
                return ""
            if area.right() > room.right() + SLACK_PX or area.left() < room.left() - SLACK_PX:
                return f"cut {area.left()}..{area.right()} by {type(scroll).__name__}"
            return ""
        if not room.adjusted(-SLACK_PX, -SLACK_PX, SLACK_PX, SLACK_PX).contains(area):
            return f"{area.getRect()} reaches out of {type(outer).__name__} {room.getRect()}"
        inner = outer
    return ""


def _parents(widget: QWidget, window: QWidget) -> Iterator[QWidget]:
    outer = widget.parentWidget()
    while outer is not None:
        yield outer
        if outer is window:
            return
        outer = outer.parentWidget()
