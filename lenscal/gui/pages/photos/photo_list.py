"""Chosen photos as they come in: a small picture each, and what its metadata say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPixmap, QResizeEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QAbstractItemView, QListView, QWidget

from lenscal.files.photos.photo_preview import PhotoPreview
from lenscal.gui.drawing.images import thumbnail_icon
from lenscal.gui.pages.photos.exif_words import equipment_text, exif_text
from lenscal.gui.pages.photos.photo_table import placeholder
from lenscal.gui.widgets.elements import tip_text

THUMBNAIL = QSize(96, 64)
COLUMN_PX = 440
"""Least width of a photo with its words."""


class PhotoList(QListView):
    """Thumbnails with words beside them, in as many columns as there is room for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.photos = QStandardItemModel(self)
        self.previews: list[PhotoPreview] = []
        """Of the photos that were looked at so far, without pixels."""
        self.setModel(self.photos)
        self.setIconSize(THUMBNAIL)
        # Qt would measure every item otherwise: some folders hold thousands.
        self.setUniformItemSizes(True)
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.setMinimumHeight(80)

    def clear(self) -> None:
        """No photos are chosen."""
        self.previews.clear()
        self.photos.clear()

    def show_names(self, files: Sequence[Path]) -> None:
        """Photos that will be looked at, one after the other."""
        blank = QPixmap(THUMBNAIL)
        # As large as the picture to come: the words beside it must not move.
        blank.fill(Qt.GlobalColor.transparent)
        for path in files:
            self.photos.appendRow(QStandardItem(QIcon(blank), path.name))

    def add_preview(self, preview: PhotoPreview) -> None:
        """The next photo was looked at."""
        # Photos are looked at in the order in which they are listed.
        item = self.photos.item(len(self.previews))
        # Without its picture, which the icon holds: folders of ten thousand would take 0.5 GB.
        self.previews.append(replace(preview, pixels=None))
        if item is None:
            return
        pixels = placeholder(THUMBNAIL) if preview.pixels is None else preview.pixels
        item.setIcon(thumbnail_icon(pixels, THUMBNAIL))
        # Grey, as it will not be read.
        item.setEnabled(not preview.problem)
        if preview.problem:
            words = self.tr("cannot be read: {why}").format(why=preview.problem)
        else:
            words = exif_text(preview.info)
        path = preview.info.path
        item.setText(f"{path.name}\n{words}")
        lines = (str(path), words, equipment_text(preview.info))
        item.setToolTip(tip_text("\n".join(line for line in lines if line)))

    def show_only(self, predicate: Callable[[PhotoPreview], bool]) -> None:
        """Hide photos for which the predicate does not hold."""
        for row, preview in enumerate(self.previews):
            if row < self.photos.rowCount():
                self.setRowHidden(row, not predicate(preview))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the room among the columns."""
        # Of the list's own width, which does not change when a scroll bar comes or goes.
        columns = max(self.width() // COLUMN_PX, 1)
        # A column that fills the room to the pixel begins on a row of its own, below an empty one.
        borders = 2 * self.frameWidth() + self.verticalScrollBar().sizeHint().width() + 4
        self.setGridSize(QSize((self.width() - borders) // columns, THUMBNAIL.height() + 8))
        super().resizeEvent(event)
