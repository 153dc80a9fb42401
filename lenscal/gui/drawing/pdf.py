"""Reports as PDF files, drawn by Qt: works without a screen."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QGuiApplication,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QPen,
    QTextDocument,
)
from PySide6.QtSvg import QSvgRenderer

from lenscal.errors import LenscalError
from lenscal.files.report.document import GAP_PX, MARGIN_MM, Block, Document, Figure
from lenscal.system.atomic import written_whole
from lenscal.translation import translatable

_DPI = 96
"""Lengths of the report's HTML and SVG are px of a screen: at this density they print as meant."""
_SPACE_PX = 10.0
"""Below a block."""
_HEADER_PX, _FOOTER_PX = 30.0, 24.0
"""Of each page: its heading, and its number."""
_INK, _GREY, _ACCENT, _TINT = "#222222", "#666666", "#1f6f8b", "#eaf3f6"
_STYLE = f"""body{{color:{_INK}}} h1{{font-size:19pt;margin:0 0 4px 0}}
h2{{font-size:12pt;color:{_ACCENT};margin:4px 0 4px 0}} h3{{font-size:9.5pt;margin:0}}
p,ul{{margin:2px 0 2px 0}} .note{{color:#8a4b00}} .small{{color:{_GREY};font-size:8.5pt}}"""
_SIZE_PT, _VERDICT_PT = 9.5, 10.5


def write_pdf(document: Document, path: Path) -> Path:
    """Write a report on A4 pages with headings and numbers; no figure is cut.

    Raises
    ------
    LenscalError
        The file cannot be written.
    """
    if QGuiApplication.instance() is None:
        # From the command line: fonts come from an application. A display, which may be nobody's,
        # is not needed, and Qt would end the process where it cannot be opened.
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        application = QGuiApplication([])
    else:
        application = None
    with written_whole(path) as temporary:
        # Once to count the pages, which every one of them tells.
        _, n_pages = _drawn(document, path, 0)
        content, _ = _drawn(document, path, n_pages)
        # Not by Qt, which keeps silent when the disk is full.
        temporary.write_bytes(content)
    # Not before: the document's fonts belong to it.
    del application
    return path


def _drawn(document: Document, path: Path, n_pages: int) -> tuple[bytes, int]:
    """The PDF file, whose pages say that they are so many, and how many there are."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(document.title)
    writer.setResolution(_DPI)
    margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
    a4, portrait = QPageSize(QPageSize.PageSizeId.A4), QPageLayout.Orientation.Portrait
    writer.setPageLayout(QPageLayout(a4, portrait, margins, QPageLayout.Unit.Millimeter))
    painter = QPainter()
    if not painter.begin(writer):
        raise LenscalError(translatable("{path} could not be written as PDF", path=path))
    pages = _Pages(document, writer, painter, n_pages)
    pages.draw()
    painter.end()
    # Gone before its buffer is read.
    del writer
    return bytes(buffer.data().data()), pages.number


class _Pages:
    """Draws one thing below the other and begins a new page where one does not fit."""

    def __init__(
        self, document: Document, writer: QPdfWriter, painter: QPainter, n_pages: int
    ) -> None:
        self._document, self._writer, self._painter = document, writer, painter
        self._n_pages, self.number = n_pages, 1
        self._width, self._height = float(writer.width()), writer.height() - _FOOTER_PX
        self._top = self._y = 0.0

    def draw(self) -> None:
        """The whole document."""
        self._draw_footer()
        head = escape(self._document.heading), escape(self._document.subheading)
        self._draw_text(self._text(f'<h1>{head[0]}</h1><p class="small">{head[1]}</p>'))
        # Below the letters that reach under their line.
        self._y += _SPACE_PX / 2
        self._draw_line(self._y, 2, _ACCENT)
        self._y += _SPACE_PX
        for block in self._document.blocks:
            self._block(block)

    def _block(self, block: Block) -> None:
        """Title, text and figures; the first row is not torn from the text above it."""
        heading = f"<h2>{escape(block.title)}</h2>" if block.title else ""
        if block.verdict:
            self._verdict(block.html)
            return
        text = self._text(heading + block.html)
        gap = _SPACE_PX / 2 if block.html and block.figures else 0.0
        first = gap + self._row_height(block, block.rows[0]) if block.figures else 0.0
        # What is higher than a page cannot ask for more than a whole one.
        self._make_room(min(text.size().height() + first, self._height - self._top))
        self._draw_text(text)
        self._y += gap
        for row in block.rows:
            self._row(block, row)
        self._y += _SPACE_PX

    def _verdict(self, html: str) -> None:
        """In a frame of its own: it is what most will read."""
        inset = 10.0
        text = self._text(html, self._width - 2 * inset, _VERDICT_PT)
        height = text.size().height() + inset
        self._make_room(height)
        self._painter.fillRect(QRectF(0, self._y, self._width, height), QColor(_TINT))
        self._painter.fillRect(QRectF(0, self._y, 3, height), QColor(_ACCENT))
        self._draw_at(text, inset, self._y + inset / 2)
        self._y += height + _SPACE_PX

    def _row(self, block: Block, row: tuple[Figure, ...]) -> None:
        self._make_room(self._row_height(block, row))
        width = self._column_px(block)
        # Pictures of a row stand on one line, however long their titles are.
        title_px = max(self._title_height(figure, width) for figure in row)
        bottom = self._y
        for n, figure in enumerate(row):
            left = n * (width + GAP_PX)
            if figure.title:
                self._draw_at(self._title(figure, width), left, self._y)
            size = self._picture_size(figure, width)
            place = QRectF(left, self._y + title_px, size.width(), size.height())
            if figure.svg:
                QSvgRenderer(QByteArray(figure.svg.encode())).render(self._painter, place)
            elif figure.png:
                self._painter.drawImage(place, QImage.fromData(figure.png))
            below = place.bottom()
            if figure.caption:
                caption = self._caption(figure, width)
                self._draw_at(caption, left, below + 2)
                below += caption.size().height()
            bottom = max(bottom, below)
        self._y = bottom + _SPACE_PX

    def _row_height(self, block: Block, row: tuple[Figure, ...]) -> float:
        width = self._column_px(block)
        title_px = max(self._title_height(figure, width) for figure in row)
        return title_px + max(
            self._picture_size(figure, width).height()
            + (self._caption(figure, width).size().height() + 2 if figure.caption else 0.0)
            for figure in row
        )

    def _column_px(self, block: Block) -> float:
        return (self._width - (block.columns - 1) * GAP_PX) / block.columns

    def _title(self, figure: Figure, width: float) -> QTextDocument:
        return self._text(f"<h3>{escape(figure.title)}</h3>", width)

    def _title_height(self, figure: Figure, width: float) -> float:
        # An empty text would be as high as a line.
        return self._title(figure, width).size().height() if figure.title else 0.0

    def _caption(self, figure: Figure, width: float) -> QTextDocument:
        return self._text(f'<p class="small">{escape(figure.caption)}</p>', width)

    def _picture_size(self, figure: Figure, width: float) -> QSizeF:
        if figure.svg:
            size = QSizeF(QSvgRenderer(QByteArray(figure.svg.encode())).defaultSize())
        elif figure.png:
            size = QSizeF(QImage.fromData(figure.png).size())
        else:
            return QSizeF(0, 0)
        most = (self._height - _HEADER_PX) * 0.85
        widest = min(width, figure.most_px)
        return size * min(1.0, widest / size.width(), most / size.height())

    def _text(self, html: str, width: float | None = None, size_pt: float = 0) -> QTextDocument:
        """HTML as far as QTextDocument knows it."""
        document = QTextDocument()
        # Else text is measured for the screen, and breaks elsewhere than it is drawn.
        document.documentLayout().setPaintDevice(self._writer)
        document.setDefaultFont(_font(size_pt or _SIZE_PT))
        document.setDefaultStyleSheet(_STYLE)
        # The page has margins already.
        document.setDocumentMargin(0)
        document.setTextWidth(self._width if width is None else width)
        document.setHtml(f"<body>{html}</body>")
        return document

    def _draw_text(self, document: QTextDocument) -> None:
        """All of a text, over as many pages as it takes."""
        drawn_px, height_px = 0.0, document.size().height()
        while drawn_px < height_px:
            part = min(height_px - drawn_px, self._height - self._y)
            self._painter.save()
            self._painter.translate(0, self._y - drawn_px)
            document.drawContents(self._painter, QRectF(0, drawn_px, self._width, part))
            self._painter.restore()
            drawn_px += part
            self._y += part
            if drawn_px < height_px:
                self._begin_page()

    def _draw_at(self, document: QTextDocument, x: float, y: float) -> None:
        self._painter.save()
        self._painter.translate(x, y)
        document.drawContents(self._painter)
        self._painter.restore()

    def _make_room(self, height: float) -> None:
        if self._y + height > self._height and self._y > self._top:
            self._begin_page()

    def _begin_page(self) -> None:
        self._writer.newPage()
        self.number += 1
        self._draw_footer()
        heading, align = self._document.heading, Qt.AlignmentFlag
        self._line_of_text(0, heading, align.AlignLeft)
        self._line_of_text(0, "Lens report", align.AlignRight)
        self._draw_line(_HEADER_PX - 12, 1, _ACCENT)
        self._top = self._y = _HEADER_PX

    def _draw_footer(self) -> None:
        y = self._height + _FOOTER_PX - 14
        self._draw_line(y - 4, 1, "#cccccc")
        self._line_of_text(y, self._document.footer, Qt.AlignmentFlag.AlignLeft)
        number = f"Page {self.number} of {self._n_pages}"
        self._line_of_text(y, number, Qt.AlignmentFlag.AlignRight)

    def _line_of_text(self, y: float, text: str, side: Qt.AlignmentFlag) -> None:
        self._painter.setFont(_font(8))
        self._painter.setPen(QColor(_GREY))
        self._painter.drawText(QRectF(0, y, self._width, 14), side, text)

    def _draw_line(self, y: float, width: float, colour: str) -> None:
        self._painter.setPen(QPen(QColor(colour), width))
        self._painter.drawLine(0, round(y), round(self._width), round(y))


def _font(size_pt: float) -> QFont:
    font = QFont("sans-serif")
    font.setStyleHint(QFont.StyleHint.SansSerif)
    font.setPointSizeF(size_pt)
    return font
