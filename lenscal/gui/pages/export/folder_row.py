"""Where everything is written to."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from lenscal.gui.widgets.elements import Label, icon_button, with_tip, without_margins
from lenscal.gui.widgets.file_dialogs import ask_for_folder


class FolderRow(QWidget):
    """A folder that is typed in or chosen; it need not be there yet."""

    changed = Signal()
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = with_tip(
            QLineEdit(str(Path.home() / "lenscal")), self.tr("Photos and PSF files go here")
        )
        self.field.textChanged.connect(lambda _: self.changed.emit())
        browse = icon_button(self.tr("Choose…"), "folder", self.tr("Choose the folder to write to"))
        browse.clicked.connect(self._choose)
        self.show_button = with_tip(
            QPushButton(self.tr("Sho&w")), self.tr("Open the folder in the file manager")
        )
        self.show_button.clicked.connect(self._show_on_desktop)
        row = QHBoxLayout(self)
        without_margins(row, spacing_px=12)
        row.addWidget(Label(self.tr("Folder")))
        row.addWidget(self.field, 1)
        row.addWidget(browse)
        row.addWidget(self.show_button)

    @property
    def path(self) -> Path:
        """The folder as it is typed in."""
        path = Path(self.field.text().strip())
        try:
            return path.expanduser()
        except RuntimeError:
            # ~somebody who has no home here.
            return path

    def check(self) -> bool:
        """Whether it is a whole path; if not, that is said: nothing is written to wherever the
        program was started."""
        if self.path.is_absolute():
            return True
        # There it can be typed in at once.
        self.field.setFocus()
        self.problem.emit(self.tr("Choose the folder to write to, or type its full path."))
        return False

    def _choose(self) -> None:
        folder = ask_for_folder(self, self.tr("Folder to write to"), to_write=True)
        if folder is not None:
            self.field.setText(str(folder))

    def _show_on_desktop(self) -> None:
        folder = self.path
        if folder.is_dir():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
            return
        words = self.tr(
            "The folder {folder} does not exist yet: it is created when something is written."
        )
        self.problem.emit(words.format(folder=folder))
