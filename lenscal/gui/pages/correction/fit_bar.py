"""That the photo does not suit the profile, said before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from lenscal.gui.translate import in_this_language
from lenscal.gui.widgets.elements import Label, mark, with_tip


class FitBar(QFrame):
    """Words and a button above the picture; hidden where all is well."""

    anyway_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # The theme's style for messages.
        self.setObjectName("message")
        mark(self, "kind", "warning")
        self.text = Label(wordWrap=True)
        self.button = with_tip(
            QPushButton(self.tr("Correct it &anyway")),
            self.tr("To see what the correction would make of it; step 6 asks once more"),
        )
        self.button.clicked.connect(self._anyway)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 8, 8, 8)
        row.addWidget(self.text, 1)
        row.addWidget(self.button)
        self.hide()

    def show_doubts(self, doubts: Sequence[str]) -> None:
        """Why it does not suit; nothing where it does."""
        words = self.tr(
            "This photo does not suit the profile: {doubts}. Choose another photo, or open the "
            "profile for this one (Ctrl+O)."
        )
        said = "; ".join(in_this_language(doubt) for doubt in doubts)
        self.text.setText(words.format(doubts=said))
        self.button.show()
        self.setVisible(bool(doubts))

    def _anyway(self) -> None:
        self.button.hide()
        self.anyway_clicked.emit()
