"""A report as blocks of text and figures, from which both HTML and PDF are made."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

MARGIN_MM = 15.0
FULL_WIDTH_PX = 680
"""Of an A4 page between its margins, at 96 px an inch."""
GAP_PX = 16
"""Between figures beside each other."""

# Inside the page, which has to look the same wherever it is copied. Printed from a browser, the
# page breaks and numbers are those of the PDF.
_STYLE = """@page{size:A4;margin:18mm 15mm;@bottom-right{content:"Page " counter(page) " of "
counter(pages);font:8pt sans-serif;color:#666}}
body{font:13px/1.45 sans-serif;color:#222;max-width:680px;margin:2em auto;padding:0 1em}
header{border-bottom:2px solid #1f6f8b;margin-bottom:1em}
h1{font-size:24px;margin:0}h2{font-size:16px;margin:1.4em 0 .4em;color:#1f6f8b}
h3{font-size:13px;margin:0 0 .2em}table{border-collapse:collapse}
td,th{padding:.1em 1.2em .1em 0;text-align:left;vertical-align:top}
td.number,th.number{text-align:right}
.figures,.verdict,h2,table{break-inside:avoid}h2{break-after:avoid}
.figures{display:flex;flex-wrap:wrap;gap:16px}.figures>div{min-width:0}
img,svg{max-width:100%;height:auto;display:block}
.verdict{background:#eaf3f6;border-left:4px solid #1f6f8b;padding:.6em .9em;font-size:15px}
.note{color:#8a4b00}.small{color:#666;font-size:12px}
footer{color:#666;font-size:11px;border-top:1px solid #ccc;margin-top:2em;padding-top:.4em}"""


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture (SVG or PNG) with a title above it and words below."""

    title: str = ""
    svg: str = ""
    png: bytes = b""
    caption: str = ""
    most_px: float = FULL_WIDTH_PX
    """Its largest width."""


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a report.

    Attributes
    ----------
    title : its heading; empty: none
    html : text, in the simple HTML that Qt's rich text knows
    figures : in rows of `columns`; no row is torn apart by the end of a page
    verdict : whether its text is what the report says in short
    """

    title: str = ""
    html: str = ""
    figures: tuple[Figure, ...] = ()
    columns: int = 1
    verdict: bool = False

    @property
    def rows(self) -> list[tuple[Figure, ...]]:
        """Figures that stand beside each other."""
        starts = range(0, len(self.figures), self.columns)
        return [self.figures[n : n + self.columns] for n in starts]

    @property
    def column_px(self) -> float:
        """How wide a figure is."""
        return (FULL_WIDTH_PX - (self.columns - 1) * GAP_PX) / self.columns


@dataclass(frozen=True, slots=True)
class Document:
    """A report.

    Attributes
    ----------
    title : of the file; lenscal finds its own reports by it
    heading, subheading : of the first page; the heading stands above every other one, too
    footer : below every page
    """

    title: str
    heading: str
    subheading: str
    footer: str
    blocks: Sequence[Block]

    @property
    def text(self) -> str:
        """All that can be read in it, and its drawings."""
        words = [self.title, self.heading, self.subheading, self.footer]
        for block in self.blocks:
            words += [block.title, block.html]
            words += [part for f in block.figures for part in (f.title, f.svg, f.caption)]
        return "\n".join(words)


def as_html(document: Document) -> str:
    """The document as one page without references to others."""
    title, style = escape(document.title), _STYLE
    head = f'<meta charset="utf-8"><title>{title}</title><style>{style}</style>'
    header = (
        f"<header><h1>{escape(document.heading)}</h1>"
        f'<p class="small">{escape(document.subheading)}</p></header>'
    )
    body = "\n".join(_block_html(block) for block in document.blocks)
    footer = f"<footer>{escape(document.footer)}</footer>"
    page = f'<html lang="en"><head>{head}</head><body>{header}\n{body}\n{footer}</body></html>'
    return f"<!doctype html>{page}\n"


def _block_html(block: Block) -> str:
    heading = f"<h2>{escape(block.title)}</h2>" if block.title else ""
    text = f'<div class="verdict">{block.html}</div>' if block.verdict else block.html
    rows = "".join(
        f'<div class="figures">{"".join(_figure_html(f, block.column_px) for f in row)}</div>'
        for row in block.rows
    )
    return f"<section>{heading}{text}{rows}</section>"


def _figure_html(figure: Figure, width_px: float) -> str:
    parts = [f"<h3>{escape(figure.title)}</h3>" if figure.title else "", figure.svg]
    if figure.png:
        # Inside the page: a report is one file that can be sent by mail.
        encoded = base64.b64encode(figure.png).decode()
        source = f"data:image/png;base64,{encoded}"
        parts.append(f'<img alt="{escape(figure.title)}" src="{source}">')
    if figure.caption:
        parts.append(f'<p class="small">{escape(figure.caption)}</p>')
    width = min(width_px, figure.most_px)
    return f'<div style="width:{width:.0f}px">{"".join(parts)}</div>'
