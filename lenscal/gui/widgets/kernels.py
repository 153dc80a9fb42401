"""Kernels as pictures: the whole grid as a mosaic, and one of them enlarged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QPointF, QRect, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
)
from PySide6.QtWidgets import QWidget

from lenscal.gui import theme
from lenscal.gui.drawing.images import to_pixmap
from lenscal.gui.widgets.cells import CHOSEN, CellView
from lenscal.optics.kernel_pictures import kernel_pixels, mosaic_pixels

GAP_PX = 1


class KernelMosaic(CellView):
    """Kernels [rows, cols, 3, k, k] where they lie on the sensor; a click or the arrow keys choose
    a cell."""

    def __init__(
        self, parent: QWidget | None = None, *, selectable: bool = True, empty: str = ""
    ) -> None:
        """empty: what stands there while there are no kernels, if not the usual."""
        super().__init__(parent, selectable=selectable)
        self._kernels: NDArray[np.float32] | None = None
        self._pixmap: QPixmap | None = None
        self._channel, self._log, self._per_cell = "all", False, True
        self._peak: float | None = None
        usual = self.tr("No kernels yet: calibrate in step 3, or open a profile (Ctrl+O)")
        self._empty = empty or usual
        self.setAccessibleName(self.tr("Kernel grid"))

    @property
    def kernels(self) -> NDArray[np.float32] | None:
        """[rows, cols, 3, k, k]; None: there are none."""
        return self._kernels

    def show_kernels(
        self, kernels: NDArray[np.float32] | None, *, peak: float | None = None
    ) -> None:
        """peak: what is white where all cells share a scale; None for these kernels' own highest
        peak."""
        self._kernels, self._peak = kernels, peak
        self._show_cells(None if kernels is None else (kernels.shape[0], kernels.shape[1]))
        self._render()

    def show_as(
        self, *, channel: str | None = None, log: bool | None = None, per_cell: bool | None = None
    ) -> None:
        """Change how kernels are drawn; None leaves a choice as it is."""
        self._channel = self._channel if channel is None else channel
        self._log = self._log if log is None else log
        self._per_cell = self._per_cell if per_cell is None else per_cell
        self._render()

    def cell_rect(self, row: int, col: int) -> QRect:
        """Where a kernel is drawn, widget coordinates."""
        area, scale = self._area()
        k = self._kernels.shape[-1] if self._kernels is not None else 1
        # In px of the mosaic, which is scaled as a whole.
        pitch = k + GAP_PX
        left = area.left() + (GAP_PX + col * pitch) * scale
        top = area.top() + (GAP_PX + row * pitch) * scale
        return QRect(round(left), round(top), round(k * scale), round(k * scale))

    def draw(self, painter: QPainter) -> None:
        """On the screen, or into a picture file."""
        super().draw(painter)
        if self._pixmap is not None:
            painter.drawPixmap(self._area()[0], self._pixmap)

    def cell_at(self, point: QPoint) -> tuple[int, int] | None:
        """(row, col) of the kernel at a place of the widget."""
        if self._kernels is None:
            return None
        area, scale = self._area()
        if not area.contains(point):
            return None
        rows, cols, _, k, _ = self._kernels.shape
        pitch = (k + GAP_PX) * scale
        row, col = int((point.y() - area.top()) / pitch), int((point.x() - area.left()) / pitch)
        # The gap behind the last cell belongs to it.
        return min(row, rows - 1), min(col, cols - 1)

    def words_at(self, point: QPoint) -> str:
        """The cell, and how much of the light its pixel under the mouse holds."""
        words, cell = super().words_at(point), self.cell_at(point)
        if cell is None or self._kernels is None:
            return words
        pixel = pixel_words(self._kernels[cell], self.cell_rect(*cell), point)
        return f"{words}; {pixel}" if pixel else words

    def _render(self) -> None:
        if self._kernels is None:
            self._pixmap = None
        else:
            cells = kernel_pixels(
                self._kernels,
                channel=self._channel,
                log=self._log,
                per_cell=self._per_cell,
                peak=self._peak,
            )
            self._pixmap = to_pixmap(mosaic_pixels(cells, gap=GAP_PX))
        self.update()

    def _area(self) -> tuple[QRect, float]:
        """Where the mosaic is drawn, and screen px per kernel px (whole where that costs little
        room)."""
        if self._pixmap is None:
            return self.rect(), 1.0
        width, height = self._pixmap.width(), self._pixmap.height()
        # A rim of four px, so that the mark of an outer cell is not cut.
        scale = min((self.width() - 8) / width, (self.height() - 8) / height)
        # A whole number draws all pixels alike, but wastes too much room where it is small.
        scale = float(int(scale)) if scale >= 5 else max(scale, 0.1)
        w, h = round(width * scale), round(height * scale)
        return QRect((self.width() - w) // 2, (self.height() - h) // 2, w, h), scale


def pixel_words(kernel: NDArray[np.float32], place: QRect, point: QPoint) -> str:
    """Which pixel of a kernel [3, k, k], drawn at a place, lies at a point, and its share of the
    light; empty beside it."""
    if not place.contains(point):
        return ""
    k = kernel.shape[-1]
    col = min((point.x() - place.left()) * k // place.width(), k - 1)
    row = min((point.y() - place.top()) * k // place.height(), k - 1)
    red, green, blue = (f"{value:.2%}" for value in kernel[:, row, col])
    words = QCoreApplication.translate(
        "Kernels", "pixel {right:+d} right, {down:+d} down: R {red}, G {green}, B {blue}"
    )
    return words.format(right=col - k // 2, down=row - k // 2, red=red, green=green, blue=blue)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A kernel to look at.

    Attributes
    ----------
    caption : below it; none takes no room
    pixels : uint8 ndarray [k, k, 3]
    kernel : float32 ndarray [3, k, k]
        What it shows, for the value under the mouse.
    contours : of float ndarrays [n, 2], (x, y) px of the kernel
    """

    caption: str
    pixels: NDArray[np.uint8]
    kernel: NDArray[np.float32]
    contours: Sequence[NDArray[np.float64]] = ()


class KernelPicture(QWidget):
    """One kernel, or two to compare, as large as there is room for, at the same scale."""

    pointed = Signal(str)
    """What is under the mouse, in words; empty: nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pictures: list[Picture] = []
        self.setMouseTracking(True)
        self.setMinimumHeight(104)
        self.setAccessibleName(self.tr("Chosen kernel"))

    @property
    def pictures(self) -> list[Picture]:
        """What is shown, from left to right."""
        return self._pictures

    def show_pictures(self, pictures: list[Picture]) -> None:
        """Show other kernels."""
        self._pictures = pictures
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Tell the value under the mouse."""
        point = event.position().toPoint()
        words = (
            pixel_words(picture.kernel, place, point)
            for picture, place in zip(self._pictures, self._places(), strict=True)
        )
        self.pointed.emit(next((word for word in words if word), ""))

    def leaveEvent(self, event: QEvent) -> None:
        """Nothing is under the mouse any more."""
        self.pointed.emit("")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw on the screen."""
        painter = QPainter(self)
        self.draw(painter)
        painter.end()

    def draw(self, painter: QPainter) -> None:
        """On the screen, or into a picture file."""
        painter.fillRect(self.rect(), QColor(theme.theme().surround))
        for n, (picture, place) in enumerate(zip(self._pictures, self._places(), strict=True)):
            painter.drawPixmap(place, to_pixmap(picture.pixels))
            self._draw_contours(painter, picture, place)
            if picture.caption:
                line, room = self._caption_px, self.width() // len(self._pictures)
                painter.setPen(QColor(theme.theme().text))
                where = QRect(n * room + 4, self.height() - line, room - 8, line)
                text = painter.fontMetrics().elidedText(
                    picture.caption, Qt.TextElideMode.ElideRight, where.width()
                )
                painter.drawText(where, Qt.AlignmentFlag.AlignCenter, text)

    def _draw_contours(self, painter: QPainter, picture: Picture, place: QRect) -> None:
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(CHOSEN), 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        scale = place.width() / picture.kernel.shape[-1]
        for line in picture.contours:
            points = line * scale + (place.left(), place.top())
            painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in points.tolist()]))
        painter.restore()

    @property
    def _caption_px(self) -> int:
        """Room below the kernels."""
        has_words = any(picture.caption for picture in self._pictures)
        return self.fontMetrics().height() + 4 if has_words else 0

    def _places(self) -> list[QRect]:
        """Where the kernels are drawn."""
        if not self._pictures:
            return []
        line, room = self._caption_px, self.width() // len(self._pictures)
        # The larger one decides: at two scales blurs could not be compared.
        size = max(picture.pixels.shape[1] for picture in self._pictures)
        # Whole, so that every pixel of a kernel is drawn as large as the next.
        scale = max(int(min(room - 8, self.height() - 8 - line) / size), 1)
        places = []
        for n, picture in enumerate(self._pictures):
            side = picture.pixels.shape[1] * scale
            left = n * room + (room - side) // 2
            places.append(QRect(left, (self.height() - line - side) // 2, side, side))
        return places
