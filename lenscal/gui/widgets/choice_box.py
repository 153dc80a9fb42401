"""A box that drops down, of which one value is chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Generic, TypeVar

from PySide6.QtWidgets import QComboBox, QWidget

from lenscal.gui.widgets.elements import tip_text

T = TypeVar("T")


class ChoiceBox(QComboBox, Generic[T]):
    """Values with their texts; `value` is the chosen one, as it was given (Qt would turn an enum's
    member into plain text)."""

    def __init__(self, texts: Mapping[T, str], tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Qt stores an enum's member as plain text: values are looked up here, not in its items.
        self._texts = dict(texts)
        for value, text in self._texts.items():
            self.addItem(text, value)
        self.setToolTip(tip_text(tip))

    @property
    def values(self) -> tuple[T, ...]:
        """All that can be chosen."""
        return tuple(self._texts)

    @property
    def value(self) -> T:
        """What is chosen."""
        return self.values[self.currentIndex()]

    def choose(self, value: T) -> None:
        """Choose a value.

        Raises
        ------
        ValueError
            It is none of `values`.
        """
        self.setCurrentIndex(self.values.index(value))

    def text_of(self, value: T) -> str:
        """The words for a value."""
        return self._texts[value]
