"""Finding what a project misses."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lenscal.gui import theme
from lenscal.gui.last_folder import last_folder, remember
from lenscal.gui.widgets.elements import Label, section, tip_text
from lenscal.project import Project, missing, relinked


class RelinkDialog(QDialog):
    """A project's folders that are no longer where they were."""

    ready = Signal(object)
    """Project, with what was found again."""

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Not found"))
        self.setMinimumWidth(620)
        self.project = project
        self.find_buttons: dict[Path, QPushButton] = {}
        self._rows = QGridLayout()
        self._rows.setColumnStretch(0, 1)
        standard = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(standard.Open | standard.Cancel)
        self.open_button = self.buttons.button(standard.Open)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(
            section(
                self.tr("The project’s files are no longer in these places. Where are they now?")
            )
        )
        layout.addLayout(self._rows)
        layout.addWidget(self.buttons)
        self.accepted.connect(lambda: self.ready.emit(self.project))
        self._show()

    def found(self, old: Path, new: Path) -> None:
        """`old` is now `new`; what lay beside it is looked for beside the new place."""
        self.project = relinked(self.project, old, new)
        for other in missing(self.project):
            beside = new.parent / other.name
            if other.parent == old.parent and beside.exists():
                self.project = relinked(self.project, other, beside)
        self._show()

    def _show(self) -> None:
        # Rows are made anew: any of them may have been found.
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                # Not at once: the button whose click has led here is among them.
                widget.deleteLater()
        self.find_buttons.clear()
        gone = missing(self.project)
        for row, path in enumerate(gone):
            label = Label(str(path), wordWrap=True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            button = QPushButton(theme.icon("find", size=16), self.tr("Find…"))
            button.setToolTip(
                tip_text(self.tr("Choose where {name} is now").format(name=path.name))
            )
            button.clicked.connect(lambda _checked=False, path=path: self._find(path))
            self._rows.addWidget(label, row, 0)
            self._rows.addWidget(button, row, 1)
            self.find_buttons[path] = button
        if not gone:
            self._rows.addWidget(Label(self.tr("Everything was found.")), 0, 0)
        self.open_button.setText(self.tr("&Open without them") if gone else self.tr("&Open"))

    def _find(self, path: Path) -> None:
        title = self.tr("Where is {name}?").format(name=path.name)
        # A folder that is gone cannot be asked whether it was one.
        if path.suffix:
            name, _ = QFileDialog.getOpenFileName(self, title, last_folder())
        else:
            name = QFileDialog.getExistingDirectory(self, title, last_folder())
        if name:
            remember(name)
            self.found(path, Path(name))
