"""The photos that were read, and those that were not, as a table model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap

from lenscal.gui import theme
from lenscal.gui.drawing.images import thumbnail_icon
from lenscal.gui.pages.photos.exif_words import (
    UNKNOWN,
    date_text,
    equipment_text,
    exposure_text,
)
from lenscal.gui.pages.photos.photo_rows import SHARP, PhotoRow
from lenscal.gui.translate import in_this_language
from lenscal.gui.widgets.elements import tip_text
from lenscal.raw.frame import PhotoInfo

THUMBNAIL = QSize(78, 52)
NAME, VERDICT = 0, 2
"""Columns that are more than text."""
_Index = QModelIndex | QPersistentModelIndex
_NO_INDEX = QModelIndex()
_Role = Qt.ItemDataRole


def placeholder(size: QSize) -> QPixmap:
    """In place of a picture that cannot be shown."""
    pixmap = QPixmap(size)
    pixmap.fill(QColor(theme.theme().line))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(theme.theme().muted), 2))
    side = size.height() // 5
    middle = pixmap.rect().center()
    painter.drawLine(middle.x() - side, middle.y() - side, middle.x() + side, middle.y() + side)
    painter.drawLine(middle.x() - side, middle.y() + side, middle.x() + side, middle.y() - side)
    painter.end()
    return pixmap


class PhotoTable(QAbstractTableModel):
    """A tick before the name says that the photo is learnt from; taking it away leaves the photo
    out."""

    decided = Signal(object, bool)
    """Photos (tuple of Path), keep."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: Sequence[PhotoRow] = ()
        self._icons: dict[Path, QIcon] = {}
        self._broken = QIcon()
        self._headings = (
            self.tr("Photo"),
            self.tr("Set"),
            self.tr("Verdict"),
            self.tr("Aperture"),
            self.tr("Focal"),
            self.tr("ISO"),
            self.tr("Exposure"),
            self.tr("Taken"),
            self.tr("Size"),
            self.tr("Camera, lens"),
        )

    def show_photos(
        self, rows: Sequence[PhotoRow], thumbnails: Mapping[Path, NDArray[np.uint8]]
    ) -> None:
        """Show photos with their thumbnails, [h, w, 3] each."""
        same_photos = [row.path for row in rows] == [row.path for row in self.rows]
        if same_photos and set(thumbnails) == set(self._icons):
            # A reset would forget which rows are selected, and how far the table is scrolled.
            self.rows = rows
            if rows:
                last = self.index(len(rows) - 1, len(self._headings) - 1)
                self.dataChanged.emit(self.index(0, 0), last)
            return
        self.beginResetModel()
        self.rows = rows
        # Anew at every reset, as its colours are the theme's.
        self._broken = thumbnail_icon(placeholder(THUMBNAIL), THUMBNAIL)
        self._icons = {
            path: thumbnail_icon(pixels, THUMBNAIL) for path, pixels in thumbnails.items()
        }
        self.endResetModel()

    # What Qt asks of a model

    def rowCount(self, parent: _Index = _NO_INDEX) -> int:
        """One a photo."""
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = _NO_INDEX) -> int:
        """One a heading."""
        return 0 if parent.isValid() else len(self._headings)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        """Names have a tick, which photos that cannot be read cannot get."""
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        if index.column() == NAME and self.rows[index.row()].readable:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = _Role.DisplayRole
    ) -> object:
        """What the columns are."""
        if role == _Role.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self._headings[section]
        return None

    def setData(self, index: _Index, value: object, role: int = _Role.EditRole) -> bool:
        """A tick was set or taken away: whoever owns the session decides what becomes of it."""
        row = self.rows[index.row()]
        if role != _Role.CheckStateRole or index.column() != NAME or not row.readable:
            return False
        self.decided.emit((row.path,), Qt.CheckState(value) == Qt.CheckState.Checked)
        return True

    def data(self, index: _Index, role: int = _Role.DisplayRole) -> object:
        """What a cell shows."""
        row, column = self.rows[index.row()], index.column()
        match role:
            case _Role.DisplayRole:
                return self._text(row, column)
            case _Role.DecorationRole if column == NAME:
                return self._icons.get(row.path, self._broken)
            case _Role.CheckStateRole if column == NAME:
                return Qt.CheckState.Checked if row.used else Qt.CheckState.Unchecked
            case _Role.ForegroundRole:
                return _colour(row, column)
            case _Role.ToolTipRole:
                return tip_text(self.verdict(row) if column == VERDICT else str(row.path))
        return None

    def verdict(self, row: PhotoRow) -> str:
        """What has become of a photo, and why."""
        if row.used and row.decision:
            words = self.tr("kept by you, but {why}") if row.reason else self.tr("kept by you")
        elif row.used:
            words = self.tr("used, but {why}") if row.reason else self.tr("used")
        elif row.decision is False:
            words = self.tr("left out by you")
        else:
            words = self.tr("left out: {why}")
        return words.format(why=in_this_language(row.reason))

    def _text(self, row: PhotoRow, column: int) -> str:
        # A file that cannot be decoded has nothing but its name.
        info = row.info or PhotoInfo(row.path)
        texts = (
            row.path.name,
            self.tr("sharp") if row.role == SHARP else self.tr("to correct"),
            self.verdict(row),
            f"f/{info.aperture:.3g}" if info.aperture else UNKNOWN,
            f"{info.focal_mm:.4g} mm" if info.focal_mm else UNKNOWN,
            f"{info.iso:.0f}" if info.iso else UNKNOWN,
            exposure_text(info.exposure_s),
            date_text(info.date_time),
            f"{info.width} × {info.height}" if info.width else UNKNOWN,
            equipment_text(info) or UNKNOWN,
        )
        return texts[column]


def _colour(row: PhotoRow, column: int) -> QColor | None:
    """Of a cell's text; None: as it is anywhere else."""
    # Colours repeat what words say, for the eye that goes over many rows.
    colours = theme.theme()
    if column != VERDICT:
        return None if row.used else QColor(colours.muted)
    if row.decision is False:
        return QColor(colours.muted)
    if not row.used:
        return QColor(colours.bad)
    return QColor(colours.warn if row.reason else colours.good)
