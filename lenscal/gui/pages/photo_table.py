"""The photos that were read, and those that were not, as a table model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QColor, QPixmap

from lenscal.gui import theme
from lenscal.gui.images import to_pixmap
from lenscal.raw.frame import PhotoInfo
from lenscal.session import Session

ROW_PX = 58


@dataclass(frozen=True, slots=True)
class PhotoRow:
    path: Path
    role: str
    taken: bool
    reason: str
    info: PhotoInfo | None


def rows_of(session: Session) -> list[PhotoRow]:
    """Sharp photos first; those that were left out follow those that were taken."""
    if session.inputs is None:
        return []
    rows = []
    for role, folder in (("sharp", session.inputs.sharp), ("degraded", session.inputs.degraded)):
        rows += [PhotoRow(f.info.path, role, True, "", f.info) for f in folder.frames]
        rows += [PhotoRow(r.path, role, False, r.reason, None) for r in folder.rejected]
    return rows


def exposure_text(seconds: float | None) -> str:
    if seconds is None or seconds <= 0:
        return "–"
    return f"1/{round(1 / seconds)} s" if seconds < 0.4 else f"{seconds:g} s"


class PhotoTable(QAbstractTableModel):
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[PhotoRow] = []
        self._pixmaps: dict[Path, QPixmap] = {}
        self._heads = (
            self.tr("Photo"), self.tr("Set"), self.tr("Verdict"), self.tr("Aperture"), self.tr("Focal"),
            self.tr("ISO"), self.tr("Exposure"), self.tr("Size"), self.tr("Camera, lens"),
        )  # fmt: skip

    def show_photos(self, rows: list[PhotoRow], thumbnails: Mapping[Path, np.ndarray]) -> None:
        self.beginResetModel()
        self.rows = rows
        self._pixmaps = {
            path: to_pixmap(pixels).scaled(
                QSize(78, 52), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            for path, pixels in thumbnails.items()
        }
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._heads)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self._heads[section]
        return None

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row = self.rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._text(row, index.column())
            case Qt.ItemDataRole.DecorationRole if index.column() == 0:
                return self._pixmaps.get(row.path)
            case Qt.ItemDataRole.ForegroundRole if index.column() == 2:
                return QColor(theme.theme().good if row.taken else theme.theme().bad)
            case Qt.ItemDataRole.ToolTipRole:
                return row.reason or str(row.path)
        return None

    def _text(self, row: PhotoRow, column: int) -> str:
        role = self.tr("sharp") if row.role == "sharp" else self.tr("to correct")
        verdict = self.tr("used") if row.taken else self.tr("left out: {why}").format(why=row.reason)
        info = row.info or PhotoInfo(row.path)
        return (
            row.path.name,
            role,
            verdict,
            f"f/{info.aperture:g}" if info.aperture else "–",
            f"{info.focal_mm:g} mm" if info.focal_mm else "–",
            f"{info.iso:g}" if info.iso else "–",
            exposure_text(info.exposure_s),
            f"{info.width} × {info.height}" if info.width else "–",
            ", ".join(word for word in (info.camera, info.lens) if word) or "–",
        )[column]
