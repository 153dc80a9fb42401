"""What every step's page has in common."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from lenscal.gui import theme
from lenscal.session import Session

W = TypeVar("W", bound=QWidget)


class Page(QWidget):
    """Title, one sentence, and the step's own widgets in `body`. Pages show a session and emit what
    the user wants."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._heading = QLabel()
        self._heading.setObjectName("title")
        self._sentence = QLabel(wordWrap=True)
        self._sentence.setObjectName("subtitle")
        self.body = QVBoxLayout()
        self.body.setSpacing(12)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 14, 20, 16)
        layout.setSpacing(2)
        self._head = QHBoxLayout()
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._heading)
        words.addWidget(self._sentence)
        self._head.addLayout(words, 1)
        layout.addLayout(self._head)
        layout.addSpacing(10)
        layout.addLayout(self.body, 1)

    def set_title(self, title: str, sentence: str) -> None:
        self._heading.setText(title)
        self._sentence.setText(sentence)

    def add_action(self, widget: QWidget) -> None:
        """Beside the title."""
        self._head.addWidget(widget, 0, Qt.AlignmentFlag.AlignBottom)

    def show_session(self, session: Session) -> None:
        """Show what has changed."""

    def set_busy(self, busy: bool) -> None:
        """A job runs: nothing else can be started."""


def primary(text: str, icon: str = "") -> QPushButton:
    """The step's main button."""
    button = QPushButton(text)
    if icon:
        button.setIcon(theme.icon(icon, size=16, colour=theme.theme().on_accent))
    button.setProperty("primary", True)
    return button


def with_tip(widget: W, text: str) -> W:
    widget.setToolTip(text)
    return widget


def muted(text: str = "") -> QLabel:
    label = QLabel(text, wordWrap=True)
    label.setProperty("muted", True)
    return label


def mark(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the theme's style knows."""
    if widget.property(name) != value:
        widget.setProperty(name, value)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def section(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("section", True)
    return label


def scrolled(widget: QWidget, name: str) -> QScrollArea:
    """A widget that scrolls up and down where there is no room for it; without a frame."""
    scroll = QScrollArea(widgetResizable=True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setAccessibleName(name)
    scroll.setWidget(widget)
    for clear in (widget, scroll.viewport()):
        clear.setAutoFillBackground(False)
    return scroll


def card(*, horizontal: bool = False) -> tuple[QFrame, QHBoxLayout | QVBoxLayout]:
    """A framed group."""
    frame = QFrame()
    frame.setObjectName("card")
    layout: QHBoxLayout | QVBoxLayout = QHBoxLayout(frame) if horizontal else QVBoxLayout(frame)
    layout.setContentsMargins(14, 12, 14, 14)
    layout.setSpacing(8)
    return frame, layout


def in_a_row(*widgets: QWidget) -> QWidget:
    """Widgets beside each other as one; those that can grow share the room."""
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    for widget in widgets:
        layout.addWidget(widget, int(not isinstance(widget, QLabel | QPushButton)))
    return row


class Form(QFormLayout):
    """Labels beside fields, in the middle of their height; each label leads to its field."""

    def __init__(self) -> None:
        super().__init__()
        self.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.setHorizontalSpacing(12)
        self.setVerticalSpacing(8)

    def add(self, text: str, field: QWidget, buddy: QWidget | None = None) -> None:
        """buddy: where the label leads, if not to the field itself."""
        label = QLabel(text)
        label.setBuddy(buddy or field)
        if text:
            label.setMinimumHeight(field.sizeHint().height())
        self.addRow(label, field)


def form() -> Form:
    return Form()
