"""A project that another program has changed since it was opened."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget


class ConflictQuestion(QMessageBox):
    """Asks which of two versions of a project stays under its name; none is thrown away by
    closing it."""

    save_as_chosen = Signal()
    overwrite_chosen = Signal()
    open_chosen = Signal()
    """One's own becomes a new project."""

    def __init__(self, project: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setIcon(QMessageBox.Icon.Question)
        self.setWindowTitle("lenscal")
        self.setTextFormat(Qt.TextFormat.PlainText)
        words = self.tr("Another program has changed “{project}” since it was opened.")
        self.setText(words.format(project=project))
        self.setInformativeText(
            self.tr("What you have changed since is not in the file. Which should stay?")
        )
        role = QMessageBox.ButtonRole
        save_as = self.addButton(self.tr("&Keep both: save mine as…"), role.AcceptRole)
        save_as.clicked.connect(self.save_as_chosen)
        overwrite = self.addButton(self.tr("&Overwrite it with mine"), role.DestructiveRole)
        overwrite.clicked.connect(self.overwrite_chosen)
        other = self.addButton(self.tr("Open the &changed one"), role.DestructiveRole)
        other.clicked.connect(self.open_chosen)
        later = self.addButton(self.tr("&Later"), role.RejectRole)
        # Enter keeps both, Esc decides nothing.
        self.setDefaultButton(save_as)
        self.setEscapeButton(later)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
