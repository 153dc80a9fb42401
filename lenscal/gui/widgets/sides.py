"""Settings and what they are for: one above the other, or beside each other where there is room."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QLayout, QLayoutItem, QVBoxLayout, QWidget

WIDE_PX, SETTINGS_PX = 1700, 600
"""From this width on they stand beside each other, and the settings get this width."""
GAP_PX, WIDE_GAP_PX = 12, 24
ANY_PX = (1 << 24) - 1
"""Qt's own limit of a widget's size (QWIDGETSIZE_MAX)."""
_Direction = QBoxLayout.Direction


class Sides(QWidget):
    """`top` and then `cards`, which are turned with the whole; `content` gets the rest of the
    room."""

    def __init__(
        self, top: QWidget, cards: QBoxLayout, content: QLayout, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._top, self._cards = top, cards
        # A widget, for only widgets can be given a width.
        self._settings = QWidget()
        column = QVBoxLayout(self._settings)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GAP_PX)
        column.addWidget(top)
        column.addLayout(cards)
        self._whole = QBoxLayout(_Direction.TopToBottom, self)
        self._whole.setContentsMargins(0, 0, 0, 0)
        self._whole.setSpacing(GAP_PX)
        self._whole.addWidget(self._settings)
        self._whole.addLayout(content, 1)

    @property
    def wide(self) -> bool:
        """Whether settings and content stand beside each other."""
        return self.width() >= WIDE_PX

    @property
    def _cards_px(self) -> int:
        """What the cards need beside each other."""
        widths = [item.minimumSize().width() for item in self._card_items]
        return sum(widths) + self._cards.spacing() * (len(widths) - 1)

    @property
    def _card_items(self) -> list[QLayoutItem]:
        items = [self._cards.itemAt(n) for n in range(self._cards.count())]
        return [item for item in items if item is not None]

    def minimumSizeHint(self) -> QSize:
        """As narrow as one card: they can stand one above the other."""
        least = super().minimumSizeHint()
        widest = max(item.minimumSize().width() for item in self._card_items)
        return QSize(
            min(least.width(), max(widest, self._top.minimumSizeHint().width())), least.height()
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Turn where the width asks for it."""
        # Only when the size is new can it be asked for.
        super().resizeEvent(event)
        wide = self.wide
        self._whole.setDirection(_Direction.LeftToRight if wide else _Direction.TopToBottom)
        self._whole.setSpacing(WIDE_GAP_PX if wide else GAP_PX)
        # Beside the list the settings stay together at the top; above it they take its width.
        self._whole.setAlignment(
            self._settings, Qt.AlignmentFlag.AlignTop if wide else Qt.AlignmentFlag(0)
        )
        # Across to the whole: a narrow column has no room for two cards.
        beside = not wide and self.width() >= self._cards_px
        self._cards.setDirection(_Direction.LeftToRight if beside else _Direction.TopToBottom)
        self._settings.setMinimumWidth(SETTINGS_PX if wide else 0)
        self._settings.setMaximumWidth(SETTINGS_PX if wide else ANY_PX)
