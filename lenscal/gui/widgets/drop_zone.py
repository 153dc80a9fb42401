"""A place to drop a folder or files, with buttons that do the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lenscal.gui import theme
from lenscal.gui.last_folder import last_folder, remember
from lenscal.gui.pages.page import mark

RAW_PATTERNS = "*.dng *.cr2 *.cr3 *.crw *.nef *.nrw *.arw *.sr2 *.raf *.orf *.rw2 *.pef *.srw *.3fr *.iiq *.rwl *.x3f"


class DropZone(QFrame):
    """Takes folders and files by drop, click or keyboard.

    `chosen` carries the paths (tuple of Path). `file_patterns` empty: folders only.
    """

    chosen = Signal(object)

    def __init__(
        self,
        title: str,
        hint: str,
        *,
        folders: bool = True,
        files: bool = True,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("dropZone")
        self.setAcceptDrops(True)
        self.setAccessibleName(title)
        self._title, self._hint = title, hint
        heading = QLabel(title, alignment=Qt.AlignmentFlag.AlignCenter)
        heading.setProperty("section", True)
        self.text = QLabel(hint, alignment=Qt.AlignmentFlag.AlignCenter)
        self.text.setWordWrap(True)
        self.text.setProperty("muted", True)
        buttons = QHBoxLayout()
        buttons.addStretch()
        self.folder_button = QPushButton(theme.icon("folder"), self.tr("Choose &folder…"))
        self.folder_button.setToolTip(self.tr("Take every RAW photo of a folder"))
        self.folder_button.clicked.connect(self.choose_folder)
        self.folder_button.setVisible(folders)
        self.files_button = QPushButton(theme.icon("photo"), self.tr("Choose p&hotos…"))
        self.files_button.setToolTip(self.tr("Take single RAW photos"))
        self.files_button.clicked.connect(self._choose_files)
        self.files_button.setVisible(files)
        for button, there in ((self.folder_button, folders), (self.files_button, files)):
            if there:
                buttons.addWidget(button)
            else:
                button.setParent(self)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        layout.addStretch()
        layout.addWidget(heading)
        layout.addWidget(self.text)
        layout.addSpacing(6)
        layout.addLayout(buttons)
        layout.addStretch()

    def show_paths(self, paths: Sequence[Path]) -> None:
        """Say what is chosen now."""
        if not paths:
            text = self._hint
        elif len(paths) == 1:
            text = str(paths[0])
        else:
            text = self.tr("{n} photos in {folder}").format(n=len(paths), folder=paths[0].parent)
        self.text.setText(text)
        self.text.setToolTip("\n".join(str(path) for path in paths[:30]))
        self._mark("filled", bool(paths))

    def show_problem(self, text: str) -> None:
        """Why nothing can be taken from what was chosen; empty: nothing is wrong."""
        mark(self.text, "bad", bool(text))
        if text:
            self.text.setText(text)
            self._mark("filled", False)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            self._mark("hover", True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._mark("hover", False)

    def dropEvent(self, event: QDropEvent) -> None:
        self._mark("hover", False)
        paths = tuple(
            Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()
        )
        if paths:
            event.acceptProposedAction()
            self._choose(paths)

    def choose_folder(self) -> None:
        """Ask for a folder."""
        folder = QFileDialog.getExistingDirectory(self, self._title, last_folder())
        if folder:
            self._choose((Path(folder),))

    def _choose_files(self) -> None:
        patterns = f"{RAW_PATTERNS} {RAW_PATTERNS.upper()}"
        kinds = self.tr("RAW photos ({patterns});;All files (*)").format(patterns=patterns)
        names, _ = QFileDialog.getOpenFileNames(self, self._title, last_folder(), kinds)
        if names:
            self._choose(tuple(Path(name) for name in names))

    def _choose(self, paths: tuple[Path, ...]) -> None:
        remember(paths[0])
        self.chosen.emit(paths)

    def _mark(self, name: str, on: bool) -> None:
        mark(self, name, on)
