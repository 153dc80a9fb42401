"""The small parts that pages and dialogs are built of: labels, cards, forms, rows."""

from __future__ import annotations

from html import escape
from typing import Any, TypeVar

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QBoxLayout,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QWidget,
)

from lenscal.gui import theme

W = TypeVar("W", bound=QWidget)

ICON_PX = 16
"""Side of an icon in a button: the height of its text."""


class Label(QLabel):
    """Words as they are: what comes from a file must not be taken for markup."""

    def __init__(self, text: str = "", parent: QWidget | None = None, **properties: Any) -> None:
        """properties: as Qt's label takes them."""
        super().__init__(parent, textFormat=Qt.TextFormat.PlainText, **properties)
        self.setText(text)


def tip_text(text: str) -> str:
    """Text for a tooltip that shows it as it is: Qt takes what looks like markup for markup."""
    if "<" not in text:
        return text
    return f"<span>{escape(text)}</span>".replace("\n", "<br>")


def primary(text: str, icon: str = "") -> QPushButton:
    """The step's main button."""
    button = QPushButton(text)
    if icon:
        button.setIcon(theme.icon(icon, size=ICON_PX, colour=theme.theme().on_accent))
    button.setProperty("primary", True)
    return button


def icon_button(text: str, icon: str, tip: str) -> QPushButton:
    """A button with one of the theme's icons before its text."""
    button = QPushButton(theme.icon(icon, size=ICON_PX), text)
    button.setToolTip(tip_text(tip))
    return button


def with_tip(widget: W, text: str) -> W:
    """The widget, with a tooltip."""
    widget.setToolTip(tip_text(text))
    return widget


def muted(text: str = "", *, wrapped: bool = True) -> Label:
    """Words that stand back behind the others."""
    label = Label(text, wordWrap=wrapped)
    label.setProperty("muted", True)
    return label


def section(text: str) -> Label:
    """The heading of a group."""
    label = Label(text)
    label.setProperty("section", True)
    return label


def mark(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the theme's style depends on."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    # Qt looks at properties only when it polishes a widget.
    widget.style().unpolish(widget)
    widget.style().polish(widget)


def without_margins(layout: QLayout, *, spacing_px: int | None = None) -> None:
    """A layout inside another one, which has margins already."""
    layout.setContentsMargins(0, 0, 0, 0)
    if spacing_px is not None:
        layout.setSpacing(spacing_px)


def scrolled(widget: QWidget, name: str) -> QScrollArea:
    """A widget that scrolls up and down where there is no room for it; without a frame."""
    scroll = QScrollArea(widgetResizable=True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    # Its words wrap: nothing lies to the right.
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setAccessibleName(name)
    scroll.setWidget(widget)
    # Otherwise both paint the window's colour over the card's.
    for clear in (widget, scroll.viewport()):
        clear.setAutoFillBackground(False)
    return scroll


def in_a_row(*widgets: QWidget) -> QWidget:
    """Widgets beside each other as one; those that can grow share the room."""
    row = QWidget()
    layout = QHBoxLayout(row)
    without_margins(layout, spacing_px=8)
    for widget in widgets:
        # A label or a button that grows tears apart what belongs together.
        grows = not isinstance(widget, QLabel | QPushButton)
        layout.addWidget(widget, int(grows))
    return row


class Card(QFrame):
    """A framed group; its parts go into `content`."""

    def __init__(
        self,
        direction: QBoxLayout.Direction = QBoxLayout.Direction.TopToBottom,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        # By this name the theme's style finds it.
        self.setObjectName("card")
        self.content = QBoxLayout(direction, self)
        self.content.setContentsMargins(14, 12, 14, 14)
        self.content.setSpacing(8)


class SidePanel(Card):
    """A card of a usual width, wider where large text needs it."""

    def __init__(self, width_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._usual_px = width_px
        # Words in it come and go: what stands beside it must not jump.
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)

    def minimumSizeHint(self) -> QSize:
        """The usual width, and more where a field or a button needs more."""
        least = super().minimumSizeHint()
        return QSize(max(self._usual_px, least.width()), least.height())

    def sizeHint(self) -> QSize:
        """No wider than it has to be: its texts wrap."""
        return QSize(self.minimumSizeHint().width(), super().sizeHint().height())


class Form(QFormLayout):
    """Labels beside fields, in the middle of their height; each label leads to its field."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        # Otherwise spin boxes are as wide as their numbers, each another width.
        self.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.setHorizontalSpacing(12)
        self.setVerticalSpacing(8)

    def add(self, text: str, field: QWidget, buddy: QWidget | None = None) -> None:
        """Add a line.

        Parameters
        ----------
        text : the label; empty: the field stands alone
        field : what is beside it
        buddy : where the label leads, if not to the field itself
        """
        label = Label(text)
        # A click on the label, and its Alt key, go to the field; so do screen readers.
        label.setBuddy(buddy or field)
        if text:
            # A form aligns labels with the top of their fields; as high as these they are centred.
            label.setMinimumHeight(field.sizeHint().height())
        self.addRow(label, field)
