"""Photos that are to be written, and how far each of them is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from lenscal.gui import theme
from lenscal.gui.translate import in_the_windows_words

if TYPE_CHECKING:
    from lenscal.jobs import PhotoResult


_ROLE = Qt.ItemDataRole.UserRole
"""Of a state: the name of its colour in the theme."""


class PhotoQueue(QTableWidget):
    """One row a photo: its name and its state. Del takes the chosen rows out."""

    removed = Signal(object)
    """Photos (tuple of Path) that the user takes out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 2, parent)
        self.setHorizontalHeaderLabels([self.tr("Photo"), self.tr("State")])
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        self.horizontalHeader().setHighlightSections(False)
        self.setColumnWidth(0, 240)
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(self.tr("Photos to write"))
        self.setToolTip(self.tr("Del takes the chosen photos out of the list"))
        self.photos: tuple[Path, ...] = ()
        self._results: dict[Path, PhotoResult] = {}
        self._working: int | None = None

    def show_photos(self, photos: Sequence[Path]) -> None:
        """What is to be written; states of photos that stay are kept."""
        if tuple(photos) == self.photos:
            return
        self.photos = tuple(photos)
        self.setRowCount(len(self.photos))
        for row, photo in enumerate(self.photos):
            name = QTableWidgetItem(photo.name)
            name.setToolTip(str(photo))
            self.setItem(row, 0, name)
            self.setItem(row, 1, QTableWidgetItem())
            self._show_result(row)

    def words(self, photo: Path) -> str:
        """The words beside a photo."""
        item = self.item(self.photos.index(photo), 1)
        return item.text() if item is not None else ""

    def begin(self) -> None:
        """A batch starts: nothing is done yet."""
        self._results.clear()
        self._working = None
        for row in range(len(self.photos)):
            self._say(row, self.tr("waits"), "muted")

    def show_message(self, message: str) -> None:
        """What the batch says: it names the photo that it is about."""
        for row, photo in enumerate(self.photos):
            if f" {photo.name}" in f" {message}" and row >= (self._working or 0):
                for before in range(self._working or 0, row):
                    self._say(before, self.tr("corrected"), "text")
                self._working = row
                self._say(row, message.removeprefix(f"{photo.name}: "), "accent")
                self.scrollTo(self.model().index(row, 0))
                return

    def finish(self, results: Sequence[PhotoResult]) -> None:
        """The batch has ended: what became of every photo."""
        self._results = {result.source: result for result in results}
        self._working = None
        for row in range(len(self.photos)):
            self._show_result(row, ended=True)

    def cancelled(self) -> None:
        for row in range(len(self.photos)):
            if self._working is None or row >= self._working:
                self._say(row, self.tr("not written"), "muted")
        self._working = None

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            # Called by the constructor, too, before there are any.
            for row in range(self.rowCount()):
                item = self.item(row, 1)
                if item is not None:
                    item.setForeground(QColor(getattr(theme.theme(), item.data(_ROLE) or "text")))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            rows = sorted({index.row() for index in self.selectedIndexes()})
            if rows:
                self.removed.emit(tuple(self.photos[row] for row in rows))
            return
        super().keyPressEvent(event)

    def _show_result(self, row: int, *, ended: bool = False) -> None:
        result = self._results.get(self.photos[row])
        if result is None:
            self._say(row, self.tr("not written") if ended else "", "muted")
        elif result.output is None:
            words = self.tr("skipped: {why}") if result.skipped else self.tr("not written: {why}")
            why = in_the_windows_words(result.problem).removesuffix(": skipped")
            self._say(row, words.format(why=why), "muted" if result.skipped else "bad")
        else:
            text = self.tr("written as {name}").format(name=result.output.name)
            if result.warnings:
                text += "; " + in_the_windows_words("; ".join(result.warnings))
            self._say(row, text, "warn" if result.warnings else "good", str(result.output))

    def _say(self, row: int, text: str, colour: str, tip: str = "") -> None:
        """colour: its name in the theme."""
        item = self.item(row, 1)
        if item is not None:
            item.setText(text)
            item.setToolTip(tip or text)
            item.setData(_ROLE, colour)
            item.setForeground(QColor(getattr(theme.theme(), colour)))
