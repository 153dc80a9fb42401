"""Widgets that draw themselves as picture files."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QRect, QSize
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from lenscal.errors import LenscalError
from lenscal.system.atomic import written_whole
from lenscal.translation import translatable

PNG_SCALE = 2
"""Pixels along one of the widget: so that a figure can be printed."""


class Drawn(Protocol):
    """A widget that can draw what it shows."""

    def draw(self, painter: QPainter) -> None:
        """Paint what is shown, from (0, 0) on, in px of the widget."""

    def size(self) -> QSize:
        """What `draw` fills, px."""


def save_picture(widget: Drawn, path: Path, title: str = "") -> Path:
    """What the widget shows, as PNG of twice its size or as SVG, by the suffix.

    Raises
    ------
    LenscalError
        It cannot be written.
    """
    size = widget.size()
    with written_whole(path) as temporary:
        if path.suffix.lower() == ".svg":
            generator = QSvgGenerator()
            generator.setFileName(str(temporary))
            generator.setSize(size)
            # Without it programs cannot scale the picture.
            generator.setViewBox(QRect(0, 0, size.width(), size.height()))
            generator.setTitle(title)
            if not _paint(widget, generator, 1):
                raise _unwritable(path)
        else:
            # Plots have a background of their own: no alpha channel is needed.
            image = QImage(size * PNG_SCALE, QImage.Format.Format_RGB32)
            if not _paint(widget, image, PNG_SCALE) or not image.save(str(temporary)):
                raise _unwritable(path)
    return path


def _unwritable(path: Path) -> LenscalError:
    return LenscalError(
        translatable("{path} could not be written: choose another folder", path=path)
    )


def _paint(widget: Drawn, device: QImage | QSvgGenerator, scale: int) -> bool:
    painter = QPainter()
    if not painter.begin(device):
        return False
    painter.scale(scale, scale)
    widget.draw(painter)
    return painter.end()
