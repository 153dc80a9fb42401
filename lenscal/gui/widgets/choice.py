"""A row of buttons of which one is pressed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QWidget

from lenscal.gui.widgets.elements import tip_text, without_margins


class Choice(QWidget):
    """Values with their texts and tooltips; the first is chosen at the start."""

    chosen = Signal(str)
    """The value, by the user."""

    def __init__(
        self, items: Sequence[tuple[str, str, str]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        without_margins(layout, spacing_px=3)
        self._group = QButtonGroup(self)
        self.buttons: dict[str, QPushButton] = {}
        for value, text, tip in items:
            button = QPushButton(text)
            button.setCheckable(True)
            button.setProperty("choice", True)
            button.setToolTip(tip_text(tip))
            # R, G and B alone would say little to a screen reader.
            button.setAccessibleName(tip)
            # `clicked` comes from the user alone; `toggled` would also come from `mark`.
            button.clicked.connect(lambda _checked=False, value=value: self.chosen.emit(value))
            self._group.addButton(button)
            self.buttons[value] = button
            layout.addWidget(button)
        # So that `value` always has an answer.
        next(iter(self.buttons.values())).setChecked(True)

    @property
    def value(self) -> str:
        """What is chosen."""
        return next(value for value, button in self.buttons.items() if button.isChecked())

    def choose(self, value: str) -> None:
        """As if the user had clicked."""
        self.buttons[value].setChecked(True)
        self.chosen.emit(value)

    def mark(self, value: str | None) -> None:
        """Press a button without `chosen`; None: none is pressed."""
        # In an exclusive group Qt keeps one button pressed.
        self._group.setExclusive(value is not None)
        for name, button in self.buttons.items():
            button.setChecked(name == value)
        self._group.setExclusive(True)
