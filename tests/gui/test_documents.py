"""Help opens the documents, how to photograph first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from lenscal import resource_files
from lenscal.errors import LenscalError
from lenscal.gui.documents import documents_dialog
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


def links(dialog: DocumentsDialog) -> list[str]:
    """Of the document that is shown."""
    found, block = [], dialog.text.document().begin()
    while block.isValid():
        for piece in block:
            if href := piece.fragment().charFormat().anchorHref():
                found.append(href)
        block = block.next()
    return list(dict.fromkeys(found))


def test_every_link_of_every_document_leads_where_it_says(
    dialog: DocumentsDialog, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: pages.append(url.toString()))
    followed = 0
    documents = [*DOCS.glob("*.md"), *(DOCS / "experiments").glob("*.md")]
    for document in documents:
        name = document.relative_to(DOCS).as_posix()
        dialog.open_document(name)
        shown = links(dialog)
        written = re.findall(r"(?<!!)\[[^\]]*\]\(([^)#]*)", document.read_text(encoding="utf-8"))
        targets = {t: (document.parent / t).resolve() for t in written if "://" not in t}
        # Those that lead to a document stay links, and what is not installed is none.
        assert {t.split("#")[0] for t in shown if "://" not in t} == {
            link for link, target in targets.items() if target in documents
        }, name
        for link in shown:
            dialog.open_document(name)
            before = len(pages)
            dialog.text.anchorClicked.emit(QUrl(link))
            if "://" in link:
                assert len(pages) == before + 1
                continue
            target = targets[link.split("#")[0]].read_text(encoding="utf-8")
            title = target.splitlines()[0].lstrip("# ")
            assert dialog.text.toPlainText().splitlines()[0] == title.replace("`", ""), (name, link)
            followed += 1
    assert followed > 50 and pages


def test_a_click_leads_back_from_what_is_not_on_the_list(
    qtbot: QtBot, dialog: DocumentsDialog
) -> None:
    dialog.show()
    dialog.open_document("papers.md")
    dialog.text.anchorClicked.emit(QUrl("experiments/matching.md"))
    assert not dialog.text.toPlainText().startswith("The paper, element")
    row = [name for name, _ in DOCUMENTS].index("papers.md")
    place = dialog.titles.visualItemRect(dialog.titles.item(row)).center()
    # Back in the window: what is read stays.
    dialog.titles.setFocus()
    assert not dialog.titles.selectedItems()
    assert not dialog.text.toPlainText().startswith("The paper, element")
    qtbot.mouseClick(dialog.titles.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert dialog.text.toPlainText().startswith("The paper, element")
    dialog.text.anchorClicked.emit(QUrl("method.md"))
    assert dialog.titles.currentItem().text() == "The method" and dialog.text.toPlainText() != ""


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xfa"])
def test_what_cannot_be_read_is_told(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    (tmp_path / "photographing.md").write_text("# How", encoding="utf-8")
    if content is not None:
        (tmp_path / "trouble.md").write_bytes(content)
    monkeypatch.setattr(documents_dialog, "documents_folder", lambda: tmp_path)
    shown = DocumentsDialog()
    qtbot.addWidget(shown)
    shown.titles.setCurrentRow(1)
    assert "trouble.md cannot be read" in shown.text.toPlainText()
    shown.titles.setCurrentRow(0)
    assert shown.text.toPlainText() == "How"


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
