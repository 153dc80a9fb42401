"""Reports as PDF files, drawn by Qt: works without a screen."""

from __future__ import annotations

import os
from collections.abc import Sequence
from html import escape
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSizeF
from PySide6.QtGui import (
    QGuiApplication,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextDocument,
)
from PySide6.QtSvg import QSvgRenderer

from lenscal.errors import LenscalError
from lenscal.files.report import Block
from lenscal.system.atomic import written_whole
from lenscal.translation import translatable

_MARGIN_MM, _GAP_PX = 15.0, 10.0
_DPI = 96
"""Lengths of the report's HTML and SVG are px of a screen: at this density they print as meant."""
_MOST_HEIGHT = 0.85
"""Of a page, for a picture: its title stands above it on the same page."""


def write_pdf(blocks: Sequence[Block], title: str, path: Path) -> Path:
    """Write the blocks of a report below each other on A4 pages; no block's picture is cut.

    Raises
    ------
    LenscalError
        The file cannot be written.
    """
    if QGuiApplication.instance() is None:
        if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
            os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        # From the command line: fonts come from an application.
        application = QGuiApplication([])
    else:
        application = None
    with written_whole(path) as temporary:
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        writer = QPdfWriter(buffer)
        writer.setTitle(title)
        writer.setResolution(_DPI)
        margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
        writer.setPageLayout(
            QPageLayout(
                QPageSize(QPageSize.PageSizeId.A4),
                QPageLayout.Orientation.Portrait,
                margins,
                QPageLayout.Unit.Millimeter,
            )
        )
        painter = QPainter()
        if not painter.begin(writer):
            raise LenscalError(translatable("{path} could not be written as PDF", path=path))
        page = _Page(writer, painter)
        page.text(f"<h1>{escape(title)}</h1>")
        for block in blocks:
            page.block(block)
        painter.end()
        # Gone before its buffer is read.
        del writer
        # Not by Qt, which keeps silent when the disk is full.
        temporary.write_bytes(buffer.data().data())
    # Not before: the document's fonts belong to it.
    del application
    return path


class _Page:
    """Draws one thing below the other and begins a new page where one does not fit."""

    def __init__(self, writer: QPdfWriter, painter: QPainter) -> None:
        self.writer, self.painter = writer, painter
        self.y = 0.0
        self.width, self.height = float(writer.width()), float(writer.height())

    def block(self, block: Block) -> None:
        """Title, text and picture; the picture is not torn from the text above it."""
        head = f"<h2>{escape(block.title)}</h2>" if block.title else ""
        picture = self._picture_size(block)
        document = self._document(head + block.html)
        # What is higher than a page cannot ask for more than a whole one.
        self._room(min(document.size().height() + picture.height(), self.height))
        self._draw(document)
        if block.svg:
            self._room(picture.height())
            renderer = QSvgRenderer(QByteArray(block.svg.encode()))
            renderer.render(self.painter, QRectF(0, self.y, picture.width(), picture.height()))
        elif block.png:
            self._room(picture.height())
            self.painter.drawImage(
                QRectF(0, self.y, picture.width(), picture.height()), _image(block.png)
            )
        self.y += picture.height() + _GAP_PX

    def text(self, html: str) -> None:
        """HTML as far as QTextDocument knows it."""
        self._draw(self._document(html))

    def _document(self, html: str) -> QTextDocument:
        document = QTextDocument()
        # Else text is measured for the screen, and breaks elsewhere than it is drawn.
        document.documentLayout().setPaintDevice(self.writer)
        # The page has margins already.
        document.setDocumentMargin(0)
        document.setTextWidth(self.width)
        document.setHtml(html)
        return document

    def _draw(self, document: QTextDocument) -> None:
        """All of a text, over as many pages as it takes."""
        drawn_px, height_px = 0.0, document.size().height()
        while drawn_px < height_px:
            part = min(height_px - drawn_px, self.height - self.y)
            self.painter.save()
            self.painter.translate(0, self.y - drawn_px)
            document.drawContents(self.painter, QRectF(0, drawn_px, self.width, part))
            self.painter.restore()
            drawn_px += part
            self.y += part
            if drawn_px < height_px:
                self._new()

    def _picture_size(self, block: Block) -> QSizeF:
        if block.svg:
            size = QSizeF(QSvgRenderer(QByteArray(block.svg.encode())).defaultSize())
        elif block.png:
            size = QSizeF(_image(block.png).size())
        else:
            return QSizeF(0, 0)
        scale = min(1.0, self.width / size.width(), _MOST_HEIGHT * self.height / size.height())
        return size * scale

    def _room(self, height: float) -> None:
        if self.y + height > self.height and self.y > 0:
            self._new()

    def _new(self) -> None:
        self.writer.newPage()
        self.y = 0.0


def _image(png: bytes) -> QImage:
    return QImage.fromData(png)
