"""The photos that were read, and those that were not, as a table model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
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
from lenscal.gui.translate import in_this_language
from lenscal.intake.raw_files import natural_order
from lenscal.raw.frame import PhotoInfo
from lenscal.session import Session

ROW_PX = 58
THUMB = QSize(78, 52)
VERDICT = 2
_Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class PhotoRow:
    """One photo.

    Attributes
    ----------
    taken : it is learnt from
    reason : why it was left out, or a doubt about one that is taken
    decided : what the user said of it; None where nothing
    readable : it can be taken at all
    """

    path: Path
    role: str
    taken: bool
    reason: str
    info: PhotoInfo | None
    decided: bool | None = None
    readable: bool = True


def rows_of(session: Session) -> list[PhotoRow]:
    """Sharp photos first, in the order of their names, whether they were taken or not."""
    if session.inputs is None:
        return []
    rows = []
    for role, folder in (("sharp", session.inputs.sharp), ("degraded", session.inputs.degraded)):
        own = [
            PhotoRow(
                p.path, role, True, p.verdict.reason, p.frame.info, session.decisions.get(p.path)
            )
            for p in folder.photos
        ]
        for r in folder.rejected:
            info = None if r.photo is None else r.photo.frame.info
            decided = session.decisions.get(r.path) if r.photo is not None else None
            own.append(
                PhotoRow(r.path, role, False, r.reason, info, decided, readable=r.photo is not None)
            )
        rows += sorted(own, key=lambda row: natural_order(row.path))
    return rows


def exposure_text(seconds: float | None) -> str:
    if seconds is None or seconds <= 0:
        return "–"
    return f"1/{round(1 / seconds)} s" if seconds < 0.4 else f"{seconds:g} s"


def taken_text(taken: str) -> str:
    """EXIF's 2026:01:31 12:00:05 as 2026-01-31 12:00."""
    day, _, clock = taken.partition(" ")
    return f"{day.replace(':', '-')} {clock[:5]}".strip() or "–"


def said_of(info: PhotoInfo) -> str:
    """What EXIF says, at a glance: aperture, focal length, ISO, shutter, time."""
    parts = (
        f"f/{info.aperture:.3g}" if info.aperture else "f/?",
        f"{info.focal_mm:.4g} mm" if info.focal_mm else "? mm",
        f"ISO {info.iso:g}" if info.iso else "ISO ?",
        exposure_text(info.exposure_s) if info.exposure_s else "",
        taken_text(info.taken) if info.taken else "",
    )
    return " · ".join(part for part in parts if part)


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
        self.rows: list[PhotoRow] = []
        self._icons: dict[Path, QIcon] = {}
        self._broken = QIcon()
        self._heads = (
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

    def show_photos(self, rows: list[PhotoRow], thumbnails: Mapping[Path, np.ndarray]) -> None:
        """The same photos with other verdicts keep selection and place."""
        if [row.path for row in rows] == [row.path for row in self.rows] and set(thumbnails) == set(
            self._icons
        ):
            self.rows = rows
            if rows:
                self.dataChanged.emit(
                    self.index(0, 0), self.index(len(rows) - 1, len(self._heads) - 1)
                )
            return
        self.beginResetModel()
        self.rows = rows
        self._broken = thumbnail_icon(placeholder(THUMB), THUMB)
        self._icons = {path: thumbnail_icon(pixels, THUMB) for path, pixels in thumbnails.items()}
        self.endResetModel()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._heads)

    def flags(self, index: _Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        if index.column() == 0 and self.rows[index.row()].readable:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self._heads[section]
        return None

    def setData(self, index: _Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if (
            role != Qt.ItemDataRole.CheckStateRole
            or index.column() != 0
            or not self.rows[index.row()].readable
        ):
            return False
        self.decided.emit(
            (self.rows[index.row()].path,), Qt.CheckState(value) == Qt.CheckState.Checked
        )
        return True

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(row, index.column())
            case Qt.ItemDataRole.DecorationRole if index.column() == 0:
                return self._icons.get(row.path, self._broken)
            case Qt.ItemDataRole.CheckStateRole if index.column() == 0:
                return Qt.CheckState.Checked if row.taken else Qt.CheckState.Unchecked
            case Qt.ItemDataRole.ForegroundRole if index.column() == VERDICT:
                t = theme.theme()
                if row.decided is False:
                    return QColor(t.muted)
                return QColor(t.bad if not row.taken else t.warn if row.reason else t.good)
            case Qt.ItemDataRole.ForegroundRole if not row.taken:
                return QColor(theme.theme().muted)
            case Qt.ItemDataRole.ToolTipRole:
                return self.verdict(row) if index.column() == VERDICT else str(row.path)
        return None

    def verdict(self, row: PhotoRow) -> str:
        if row.taken and row.decided:
            words = self.tr("kept by you, but {why}") if row.reason else self.tr("kept by you")
        elif row.taken:
            words = self.tr("used, but {why}") if row.reason else self.tr("used")
        elif row.decided is False:
            words = self.tr("left out by you")
        else:
            words = self.tr("left out: {why}")
        return words.format(why=in_this_language(row.reason))

    def _text(self, row: PhotoRow, column: int) -> str:
        role = self.tr("sharp") if row.role == "sharp" else self.tr("to correct")
        info = row.info or PhotoInfo(row.path)
        return (
            row.path.name,
            role,
            self.verdict(row),
            f"f/{info.aperture:.3g}" if info.aperture else "–",
            f"{info.focal_mm:.4g} mm" if info.focal_mm else "–",
            f"{info.iso:g}" if info.iso else "–",
            exposure_text(info.exposure_s),
            taken_text(info.taken),
            f"{info.width} × {info.height}" if info.width else "–",
            ", ".join(word for word in (info.camera, info.lens) if word) or "–",
        )[column]
