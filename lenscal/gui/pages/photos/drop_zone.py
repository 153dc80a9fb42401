"""A place to drop a folder or files, with buttons that do the same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lenscal.gui import theme
from lenscal.gui.last_folder import remember
from lenscal.gui.widgets.elements import mark, muted, section, tip_text
from lenscal.gui.widgets.file_dialogs import ask_for_folder, ask_for_photos

MOST_LISTED = 30
"""Paths in the tooltip: a longer one would not fit on the screen."""


class DropZone(QFrame):
    """Takes folders and files by drop, click or keyboard."""

    chosen = Signal(object)
    """Paths (tuple of Path)."""

    def __init__(self, title: str, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dropZone")
        self.setAcceptDrops(True)
        self.setAccessibleName(title)
        self._title, self._hint = title, hint
        heading = section(title)
        heading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.text = muted(hint)
        self.text.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 16)
        # Words and buttons stay together in the middle of the target.
        layout.addStretch()
        layout.addWidget(heading)
        layout.addWidget(self.text)
        layout.addSpacing(6)
        layout.addLayout(self._buttons())
        layout.addStretch()

    def _buttons(self) -> QHBoxLayout:
        self.folder_button = QPushButton(theme.icon("folder"), self.tr("Choose folder…"))
        self.folder_button.setToolTip(
            self.tr(
                "Use every photo in a folder: its RAW files, or else its PNG, JPEG and TIFF files"
            )
        )
        self.folder_button.clicked.connect(self.choose_folder)
        files = QPushButton(theme.icon("photo"), self.tr("Choose photos…"))
        files.setToolTip(self.tr("Choose single photos"))
        files.clicked.connect(self._choose_photos)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.folder_button)
        row.addWidget(files)
        row.addStretch()
        return row

    def show_paths(self, paths: Sequence[Path]) -> None:
        """Say what is chosen now."""
        if not paths:
            text = self._hint
        elif len(paths) == 1:
            text = str(paths[0])
        else:
            words = self.tr("{n} photos in {folder}")
            text = words.format(n=len(paths), folder=paths[0].parent)
        self.text.setText(text)
        self.text.setToolTip(tip_text("\n".join(str(path) for path in paths[:MOST_LISTED])))
        mark(self, "filled", bool(paths))

    def show_problem(self, text: str) -> None:
        """Why nothing can be taken from what was chosen; empty: nothing is wrong."""
        mark(self.text, "bad", bool(text))
        if text:
            self.text.setText(text)
            mark(self, "filled", False)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Show that files can be dropped here."""
        # Links from a browser are no files.
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()
            mark(self, "hover", True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """They go elsewhere."""
        mark(self, "hover", False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take them."""
        mark(self, "hover", False)
        urls = event.mimeData().urls()
        paths = tuple(Path(url.toLocalFile()) for url in urls if url.isLocalFile())
        if paths:
            event.acceptProposedAction()
            remember(paths[0])
            self.chosen.emit(paths)

    def choose_folder(self) -> None:
        """Ask for a folder."""
        folder = ask_for_folder(self, self._title)
        if folder is not None:
            self.chosen.emit((folder,))

    def _choose_photos(self) -> None:
        photos = ask_for_photos(self, self._title)
        if photos:
            self.chosen.emit(photos)
