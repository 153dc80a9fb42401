"""Files that are there already, and would be replaced."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget


class ReplaceQuestion(QMessageBox):
    """Asks without blocking; whoever presses Enter or Esc in haste replaces nothing."""

    replace_chosen = Signal()

    def __init__(self, names: Sequence[str], folder: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setIcon(QMessageBox.Icon.Question)
        self.setWindowTitle("lenscal")
        self.setTextFormat(Qt.TextFormat.PlainText)
        words = self.tr("{names} in {folder} would be replaced.")
        self.setText(words.format(names=", ".join(names), folder=folder))
        self.setInformativeText(self.tr("Replace these files, or choose another folder?"))
        role = QMessageBox.ButtonRole
        replace = self.addButton(self.tr("&Replace"), role.DestructiveRole)
        replace.clicked.connect(self.replace_chosen)
        keep = self.addButton(self.tr("&Keep them"), role.RejectRole)
        self.setDefaultButton(keep)
        self.setEscapeButton(keep)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
