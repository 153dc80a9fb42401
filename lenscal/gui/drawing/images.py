"""Pixmaps and icons from arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QImage, QPixmap


def to_qimage(pixels: NDArray[np.uint8]) -> QImage:
    """uint8 RGB [h, w, 3] as a QImage that owns its pixels."""
    # Qt is given the address: rows must lie one after the other.
    pixels = np.ascontiguousarray(pixels, dtype=np.uint8)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def to_pixmap(pixels: NDArray[np.uint8]) -> QPixmap:
    """uint8 RGB [h, w, 3] as a pixmap."""
    return QPixmap.fromImage(to_qimage(pixels))


def thumbnail_icon(picture: NDArray[np.uint8] | QPixmap, size: QSize) -> QIcon:
    """A picture (uint8 RGB [h, w, 3]) within a size, sharp on dense screens; the same where its row
    is selected."""
    screen = QGuiApplication.primaryScreen()
    ratio = screen.devicePixelRatio() if screen else 1.0
    whole = picture if isinstance(picture, QPixmap) else to_pixmap(picture)
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    pixmap = whole.scaled(size * ratio, keep, smooth)
    # Else it would be drawn larger instead of sharper.
    pixmap.setDevicePixelRatio(ratio)
    icon = QIcon()
    # Qt would tint a selected row's icon, and with it the photo.
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected, QIcon.Mode.Disabled):
        icon.addPixmap(pixmap, mode)
    return icon
