"""The documents for those who use the program, to be read in it."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import QT_TR_NOOP, Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QTextBrowser,
    QVBoxLayout,
    QWidget,
)

from lenscal.resource_files import documents_folder

DOCUMENTS = (
    ("photographing.md", QT_TR_NOOP("How to photograph")),
    ("trouble.md", QT_TR_NOOP("When not to trust a profile")),
    ("correction.md", QT_TR_NOOP("Correcting photos")),
    ("lenses.md", QT_TR_NOOP("Apertures, zooms, a library")),
    ("deblurring.md", QT_TR_NOOP("Shaken photos")),
    ("manifest.md", QT_TR_NOOP("Many lenses at once")),
    ("glossary.md", QT_TR_NOOP("Glossary")),
    ("method.md", QT_TR_NOOP("The method")),
    ("papers.md", QT_TR_NOOP("The papers")),
    ("privacy.md", QT_TR_NOOP("Privacy")),
)
"""File and title, in the order in which they are of use."""
WIDTH_PX, HEIGHT_PX = 900, 620
_PICTURE = re.compile(r"!\[[^\]]*\]\([^)]*\)")


class DocumentsDialog(QDialog):
    """Titles on the left, the document on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Documents"))
        self.resize(WIDTH_PX, HEIGHT_PX)
        self._folder = documents_folder()
        self.titles = QListWidget()
        self.titles.setAccessibleName(self.tr("Documents"))
        for name, title in DOCUMENTS:
            item = QListWidgetItem(self.tr(str(title)))
            item.setData(Qt.ItemDataRole.UserRole, name)
            self.titles.addItem(item)
        # As wide as its titles, in any size of text.
        self.titles.setFixedWidth(
            self.titles.sizeHintForColumn(0) + 2 * self.titles.frameWidth() + 12
        )
        self.text = QTextBrowser(openLinks=False)
        self.text.setAccessibleName(self.tr("The document"))
        self.text.anchorClicked.connect(self._follow)
        self.titles.currentItemChanged.connect(
            lambda item: self._show(item.data(Qt.ItemDataRole.UserRole))
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(self.titles)
        row.addWidget(self.text, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(buttons)
        self.titles.setCurrentRow(0)

    def _show(self, name: str) -> None:
        text = (self._folder / name).read_text(encoding="utf-8")
        # Pictures are not installed with the texts.
        self.text.setMarkdown(_PICTURE.sub("", text))

    def _follow(self, url: QUrl) -> None:
        """To another of the documents, or into the browser."""
        if url.scheme() in ("http", "https"):
            QDesktopServices.openUrl(url)
            return
        name = Path(url.path()).name
        for row in range(self.titles.count()):
            if self.titles.item(row).data(Qt.ItemDataRole.UserRole) == name:
                self.titles.setCurrentRow(row)
                return
        # Of those that are not on the list, and only of these: links lead out of the folder, too.
        if name.endswith(".md") and (self._folder / name).is_file():
            self._show(name)
