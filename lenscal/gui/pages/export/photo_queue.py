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
from lenscal.gui.translate import in_the_windows_words, in_this_language
from lenscal.gui.widgets.elements import tip_text

if TYPE_CHECKING:
    from lenscal.jobs import PhotoResult

NAME, STATE = 0, 1
"""Columns."""
NAME_PX = 240
COLOUR_ROLE = Qt.ItemDataRole.UserRole
"""Of a state: the name of its colour in the theme."""


class PhotoQueue(QTableWidget):
    """One row a photo: its name and its state. Del takes the chosen rows out."""

    removed = Signal(object)
    """Photos (tuple of Path) that the user takes out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 2, parent)
        self.photos: tuple[Path, ...] = ()
        self._results: dict[Path, PhotoResult] = {}
        self._current = 0
        """The row of the photo that is being written; those before it are done."""
        self.setHorizontalHeaderLabels([self.tr("Photo"), self.tr("State")])
        headings = self.horizontalHeader()
        headings.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Interactive)
        headings.setStretchLastSection(True)
        headings.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        headings.setHighlightSections(False)
        self.setColumnWidth(NAME, NAME_PX)
        # Numbers of rows say nothing about photos.
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        # Tab leads to the buttons, not through the rows.
        self.setTabKeyNavigation(False)
        self.setAccessibleName(self.tr("Photos to write"))
        self.setToolTip(self.tr("Del removes the selected photos from the list"))

    def show_photos(self, photos: Sequence[Path]) -> None:
        """What is to be written; states of photos that stay are kept."""
        if tuple(photos) == self.photos:
            return
        self.photos = tuple(photos)
        self.setRowCount(len(self.photos))
        for row, photo in enumerate(self.photos):
            name = QTableWidgetItem(photo.name)
            name.setToolTip(tip_text(str(photo)))
            self.setItem(row, NAME, name)
            self.setItem(row, STATE, QTableWidgetItem())
            self._show_result(row)

    def words(self, photo: Path) -> str:
        """The words beside a photo."""
        item = self.item(self.photos.index(photo), STATE)
        return item.text() if item is not None else ""

    def begin(self) -> None:
        """A batch starts: nothing is done yet."""
        # What became of photos the last time is true no more.
        self._results.clear()
        self._current = 0
        for row in range(len(self.photos)):
            self._show_state(row, self.tr("waits"), "muted")

    def show_message(self, message: str) -> None:
        """What the batch says: it names the photo that it is about."""
        row = self._row_of(message)
        if row is None:
            return
        # Every message names one photo: those that it has gone past are corrected.
        for earlier_row in range(self._current, row):
            self._show_state(earlier_row, self.tr("corrected"), "text")
        self._current = row
        # The name stands in the first column.
        words = in_this_language(message).removeprefix(f"{self.photos[row].name}: ")
        self._show_state(row, words, "accent")
        # In a long queue the current photo would soon be out of sight.
        self.scrollTo(self.model().index(row, NAME))

    def _row_of(self, message: str) -> int | None:
        """Of the photo that a message names, from the current one on: the order is the queue's."""
        for row in range(self._current, len(self.photos)):
            # With a space before it: "1.dng" is a part of "11.dng", too.
            if f" {self.photos[row].name}" in f" {message}":
                return row
        return None

    def finish(self, results: Sequence[PhotoResult]) -> None:
        """The batch has ended: what became of every photo."""
        self._results = {result.source: result for result in results}
        self._current = 0
        for row in range(len(self.photos)):
            self._show_result(row, ended=True)

    def cancelled(self) -> None:
        """The batch has ended without results: the current photo and those behind it are not
        written."""
        for row in range(self._current, len(self.photos)):
            self._show_state(row, self.tr("not written"), "muted")
        self._current = 0

    def changeEvent(self, event: QEvent) -> None:
        """Another theme: states get its colours."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            for row in range(self.rowCount()):
                item = self.item(row, STATE)
                # Qt calls this before the first items are there, too.
                if item is not None:
                    item.setForeground(_colour(item.data(COLOUR_ROLE) or "text"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Del and Backspace take photos out."""
        if event.key() not in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            super().keyPressEvent(event)
            return
        rows = sorted({index.row() for index in self.selectedIndexes()})
        if rows:
            self.removed.emit(tuple(self.photos[row] for row in rows))

    def _show_result(self, row: int, *, ended: bool = False) -> None:
        result = self._results.get(self.photos[row])
        if result is None:
            self._show_state(row, self.tr("not written") if ended else "", "muted")
        elif result.output is None:
            self._show_failure(row, result)
        elif result.warnings:
            words = self.tr("written as {name}; {warnings}")
            warnings = "; ".join(in_the_windows_words(text) for text in result.warnings)
            text = words.format(name=result.output.name, warnings=warnings)
            self._show_state(row, text, "warn", str(result.output))
        else:
            text = self.tr("written as {name}").format(name=result.output.name)
            self._show_state(row, text, "good", str(result.output))

    def _show_failure(self, row: int, result: PhotoResult) -> None:
        words = self.tr("skipped: {why}") if result.skipped else self.tr("not written: {why}")
        # The state says it already.
        why = in_the_windows_words(result.problem).removesuffix(": skipped")
        self._show_state(row, words.format(why=why), "muted" if result.skipped else "bad")

    def _show_state(self, row: int, text: str, colour: str, tip: str = "") -> None:
        """colour: its name in the theme; tip: if not the text itself."""
        item = self.item(row, STATE)
        if item is not None:
            item.setText(text)
            item.setToolTip(tip_text(tip or text))
            item.setData(COLOUR_ROLE, colour)
            item.setForeground(_colour(colour))


def _colour(name: str) -> QColor:
    return QColor(getattr(theme.theme(), name))
