"""How photos, captions and the line between them are painted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen

from lenscal.gui.widgets.compare.viewport import Viewport

GRIP_PX = 8
"""Radius of the line's grip, and how near to the line it can be taken."""
SHARP_SCALE = 2
"""From this scale on single pixels are to be seen, so they are not smoothed."""
WHITE, GREY = "#ffffff", "#404040"
SHADE = QColor(0, 0, 0, 150)
"""Behind captions, which have to be read on any photo."""


def image_in(pixels: NDArray[np.uint8]) -> QImage:
    """A picture that lies in the array, [h, w, 3] or [h, w]: nothing is copied, and what is painted
    into the array is seen. The array has to live as long."""
    grey = pixels.ndim == 2
    height, width = pixels.shape[:2]
    kind = QImage.Format.Format_Grayscale8 if grey else QImage.Format.Format_RGB888
    # numpy keeps rows one behind the other; Qt would expect them padded to four bytes.
    return QImage(pixels.data, width, height, width * (1 if grey else 3), kind)


def draw_photo(
    painter: QPainter,
    levels: Sequence[QImage],
    viewport: Viewport,
    panel: QRectF,
    device_ratio: float,
    curve: NDArray[np.uint8] | None = None,
) -> None:
    """Draw what is seen of a photo.

    Parameters
    ----------
    levels : the photo, then halved again and again (a pyramid)
    panel : where it is laid out, screen px
    device_ratio : pixels of the device per screen px
    curve : [256], what the photo's values are shown as; None: as they are
    """
    # The smallest level that still has the screen's resolution: drawing a large one costs time.
    level = 0
    while level + 1 < len(levels) and viewport.scale * device_ratio * 2 ** (level + 1) <= 1:
        level += 1
    picture = levels[level]
    # Not a power of two exactly: halving rounds odd sizes.
    shrink = picture.width() / levels[0].width()
    part = viewport.visible(panel)
    source = QRectF(part.topLeft() * shrink, part.size() * shrink)
    smooth = viewport.scale < SHARP_SCALE
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
    if curve is not None:
        picture, source = _brightened(picture, source, curve)
    painter.drawImage(viewport.on_screen(part, panel), picture, source)


def _brightened(picture: QImage, source: QRectF, curve: NDArray[np.uint8]) -> tuple[QImage, QRectF]:
    """A part of a picture with other values, and where the part lies in it."""
    import cv2

    # Whole pixels, one more on each side: smoothing looks at neighbours.
    box = source.toAlignedRect().adjusted(-1, -1, 1, 1).intersected(picture.rect())
    part = picture.copy(box)
    # Qt pads rows to four bytes.
    rows = np.frombuffer(part.constBits(), np.uint8).reshape(part.height(), part.bytesPerLine())
    pixels = rows[:, : 3 * part.width()].reshape(part.height(), part.width(), 3)
    values = np.asarray(cv2.LUT(np.ascontiguousarray(pixels), curve), np.uint8)
    shown = image_in(values).copy()
    return shown, source.translated(-box.left(), -box.top())


def draw_caption(painter: QPainter, text: str, clip: QRectF, *, at_right: bool) -> None:
    """Write what a picture is into one of its upper corners."""
    metrics = painter.fontMetrics()
    box = QRectF(0, 0, metrics.horizontalAdvance(text) + 16, metrics.height() + 8)
    if at_right:
        box.moveTopRight(clip.topRight() + QPointF(-10, 10))
    else:
        box.moveTopLeft(clip.topLeft() + QPointF(10, 10))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(SHADE)
    painter.drawRoundedRect(box, 4, 4)
    painter.setPen(QColor(WHITE))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


def draw_line(painter: QPainter, x: float, height: float) -> None:
    """The line between before and after, with its grip."""
    painter.setPen(QPen(QColor(WHITE), 1.5))
    painter.drawLine(QPointF(x, 0), QPointF(x, height))
    painter.setBrush(QColor(WHITE))
    # On a white photo the grip needs an outline.
    painter.setPen(QPen(QColor(GREY), 1))
    painter.drawEllipse(QPointF(x, height / 2), GRIP_PX, GRIP_PX)
