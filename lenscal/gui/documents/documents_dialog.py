"""The documents for those who use the program, to be read in it."""

from __future__ import annotations

import posixpath
import re

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
_LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
_PAGES = ("http://", "https://")


class DocumentsDialog(QDialog):
    """Titles on the left, the document on the right."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Documents"))
        self.resize(WIDTH_PX, HEIGHT_PX)
        self._folder = documents_folder()
        self._shown = ""
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
        # The last two lead back to a title that is still the current one.
        for chosen in (
            self.titles.currentItemChanged,
            self.titles.itemClicked,
            self.titles.itemActivated,
        ):
            chosen.connect(lambda item: self._show(item.data(Qt.ItemDataRole.UserRole)))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        row = QHBoxLayout()
        row.addWidget(self.titles)
        row.addWidget(self.text, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(row)
        layout.addWidget(buttons)
        self.titles.setCurrentRow(0)

    def open_document(self, name: str) -> None:
        """Show one by its path within the documents, on the list or not."""
        names = [document for document, _ in DOCUMENTS]
        if name in names:
            self.titles.setCurrentRow(names.index(name))
        else:
            self.titles.clearSelection()
        self._show(name)

    def _show(self, name: str) -> None:
        if name == self._shown:
            return
        self._shown = name
        try:
            text = (self._folder / name).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            words = self.tr("{name} cannot be read ({why}): install lenscal again.")
            self.text.setPlainText(words.format(name=name, why=error))
            return
        # Pictures are not installed with the texts, nor all that they link to.
        text = _PICTURE.sub("", text)
        self.text.setMarkdown(_LINK.sub(self._link, text))

    def _link(self, link: re.Match[str]) -> str:
        """Only what leads somewhere stays a link."""
        words, target = link.groups()
        leads = target.startswith(_PAGES) or self._document_at(target)
        return link.group() if leads else words

    def _document_at(self, target: str) -> str:
        """Path within the documents of what a link of the shown one leads to; empty: to none of
        them."""
        path = QUrl(target).path()
        name = posixpath.normpath(posixpath.join(posixpath.dirname(self._shown), path))
        inside = not name.startswith(("/", ".."))
        is_there = inside and name.endswith(".md") and (self._folder / name).is_file()
        return name if is_there else ""

    def _follow(self, url: QUrl) -> None:
        """To another of the documents, or into the browser."""
        if url.toString().startswith(_PAGES):
            QDesktopServices.openUrl(url)
        elif not url.scheme() and (name := self._document_at(url.toString())):
            self.open_document(name)
