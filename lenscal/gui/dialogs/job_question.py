"""What is to become of a running job."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget


class JobQuestion(QMessageBox):
    """Asks without blocking: the job goes on while the question stands."""

    keep_chosen = Signal()
    """Stop, and keep what there is."""
    cancel_chosen = Signal()

    def __init__(self, job: str, keep_text: str, parent: QWidget) -> None:
        """keep_text: how stopping and keeping is called; empty where nothing could be kept."""
        super().__init__(parent)
        self.setIcon(QMessageBox.Icon.Question)
        self.setWindowTitle("lenscal")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(self.tr("{job} is still running.").format(job=job))
        self.setInformativeText(self.tr("What do you want to do?"))
        role = QMessageBox.ButtonRole
        if keep_text:
            self.addButton(keep_text, role.AcceptRole).clicked.connect(self.keep_chosen)
        cancel = self.addButton(self.tr("&Cancel the job"), role.DestructiveRole)
        cancel.clicked.connect(self.cancel_chosen)
        go_on = self.addButton(self.tr("&Keep running"), role.RejectRole)
        # Enter and Esc, pressed in haste, must not end hours of work.
        self.setDefaultButton(go_on)
        self.setEscapeButton(go_on)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
