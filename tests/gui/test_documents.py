"""Help opens the documents, how to photograph first."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from lenscal import resource_files
from lenscal.errors import LenscalError
from lenscal.gui.documents.documents_dialog import DOCUMENTS, DocumentsDialog
from lenscal.gui.main_window import MainWindow

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def dialog(qtbot: QtBot) -> DocumentsDialog:
    shown = DocumentsDialog()
    qtbot.addWidget(shown)
    return shown


def test_f1_tells_how_to_photograph(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.keyClick(window, Qt.Key.Key_F1)
    opened = window.commands.dialog
    assert isinstance(opened, DocumentsDialog)
    assert opened.text.toPlainText().startswith("How to photograph")
    opened.reject()


def test_every_document_is_there_and_can_be_read(dialog: DocumentsDialog) -> None:
    seen = set()
    for row, (name, _) in enumerate(DOCUMENTS):
        dialog.titles.setCurrentRow(row)
        text = dialog.text.toPlainText()
        title = (DOCS / name).read_text(encoding="utf-8").splitlines()[0].lstrip("# ")
        assert text.splitlines()[0].split()[:2] == title.split()[:2], name
        seen.add(text)
    assert len(seen) == len(DOCUMENTS)


def test_links_lead_to_documents_and_pages_and_nowhere_else(
    dialog: DocumentsDialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: pages.append(url.toString()))
    dialog.text.anchorClicked.emit(QUrl("trouble.md"))
    assert dialog.titles.currentItem().text() == "When not to trust a profile"
    dialog.text.anchorClicked.emit(QUrl("profile-format.md#psf"))
    assert "profile format" in dialog.text.toPlainText().splitlines()[0]
    before = dialog.text.toPlainText()
    for away in ("../README.md", "file:///etc/passwd", "../../x.md", "nothing.md"):
        dialog.text.anchorClicked.emit(QUrl(away))
        assert dialog.text.toPlainText() == before
    dialog.text.anchorClicked.emit(QUrl("https://example.org/a"))
    assert pages == ["https://example.org/a"]


def test_an_installation_without_them_says_so(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(resource_files, "__file__", str(tmp_path / "lenscal" / "resource_files.py"))
    with pytest.raises(LenscalError, match="install lenscal again"):
        resource_files.documents_folder()
    qtbot.keyClick(window, Qt.Key.Key_F1)
    assert window.commands.dialog is None and QDialog not in map(type, window.children())
    assert "documents are missing" in window.message_bar.text.text()
