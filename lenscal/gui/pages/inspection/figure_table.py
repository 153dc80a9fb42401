"""Figures of one kernel, or of two to compare, as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from lenscal.gui.pages.inspection.grids import Cell, Floats
from lenscal.gui.widgets.elements import tip_text
from lenscal.optics.expected_error import expected_error
from lenscal.optics.kernel_pictures import ALL_CHANNELS, CHANNELS
from lenscal.optics.units import DisplayUnits

ROW_PX = 24
NYQUIST = 0.5
"""cycles/px: a contrast that falls to a half beyond it is reported as this."""
UNKNOWN = "–"


@dataclass(frozen=True, slots=True)
class Figure:
    """A line: its name, what it means, the values of R, G, B, and how one is written."""

    name: str
    tip: str
    values: Floats
    text: Callable[[float], str]
    signed: bool = False
    """Whether a change is told as a difference alone: of a place there is no percentage."""


class FigureTable(QTableWidget):
    """As high as its lines: one column a channel; of two kernels both values and what parts
    them."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setFixedHeight(ROW_PX)
        self.horizontalHeader().setTextElideMode(Qt.TextElideMode.ElideRight)
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        self.verticalHeader().setMinimumSectionSize(ROW_PX)
        # The theme's padding would make rows higher than ROW_PX.
        self.setStyleSheet("QHeaderView::section { padding: 1px 6px; }")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        # Its height follows its lines.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("Figures of the selected kernel"))

    def show_cells(
        self, cells: Sequence[Cell], units: DisplayUnits, channel: str = ALL_CHANNELS
    ) -> None:
        """One cell, or two to compare in one channel or in the mean of all; none: no lines."""
        columns = [list(self._figures(cell, units)) for cell in cells]
        # Line by line, with the same figure of each cell.
        lines = list(zip(*columns, strict=True))
        heads = [self.tr("R"), self.tr("G"), self.tr("B")]
        if len(cells) > 1:
            heads = [*(cell.grid.name for cell in cells), self.tr("Difference")]
        self._show_heads(heads)
        self.setRowCount(len(lines))
        for row, figures in enumerate(lines):
            first = figures[0]
            head = QTableWidgetItem(first.name)
            head.setToolTip(tip_text(first.tip))
            self.setVerticalHeaderItem(row, head)
            texts = [first.text(value) for value in first.values]
            if len(figures) > 1:
                texts = _compared(first, figures[1], channel)
            for column, text in enumerate(texts):
                self.setItem(row, column, _item(text, first.tip))
        # Lines, heading and the frame of one pixel around them.
        self.setFixedHeight(ROW_PX * (len(lines) + 1) + 2)
        # Figures are read, not guessed: of large text no column is too narrow for them. Columns
        # are alike, so that the widest tells what all need.
        widest = max((self.sizeHintForColumn(n) for n in range(self.columnCount())), default=0)
        names = self.verticalHeader().sizeHint().width()
        self.setMinimumWidth(names + widest * self.columnCount() + 2 * self.frameWidth() + 2)

    def texts(self) -> tuple[list[str], list[list[str]]]:
        """Heads and lines as they are shown, with the figures' names before them."""
        columns = range(self.columnCount())
        heads = [_text(self.horizontalHeaderItem(n)) for n in columns]
        lines = [
            [
                _text(self.verticalHeaderItem(row)),
                *(_text(self.item(row, column)) for column in columns),
            ]
            for row in range(self.rowCount())
        ]
        return ["", *heads], lines

    def _show_heads(self, heads: Sequence[str]) -> None:
        for column, text in enumerate(heads):
            head = QTableWidgetItem(text)
            # Names of profiles are longer than columns.
            head.setToolTip(tip_text(text))
            self.setHorizontalHeaderItem(column, head)

    def _figures(self, cell: Cell, units: DisplayUnits) -> Iterator[Figure]:
        at = cell.row, cell.col
        figures = cell.grid.figures
        lengths, frequencies = "{:.2f}".format, partial(_frequency, units=units)
        yield Figure(
            self.tr("FWHM"),
            self.tr("Full width at half maximum"),
            units.of_length(figures.fwhm_px[at]),
            lengths,
        )
        yield Figure(
            self.tr("EE80"),
            self.tr("Radius containing 80 % of the light"),
            units.of_length(figures.ee80_px[at]),
            lengths,
        )
        yield Figure(
            self.tr("MTF50 sag."),
            self.tr("Where sagittal contrast falls to one half"),
            units.of_frequency(figures.sagittal[at]),
            frequencies,
        )
        yield Figure(
            self.tr("MTF50 tan."),
            self.tr("Where tangential contrast falls to one half"),
            units.of_frequency(figures.tangential[at]),
            frequencies,
        )
        for name, tip, axis in (
            (self.tr("Centre right"), self.tr("Centroid, right of the kernel's middle"), 1),
            (self.tr("Centre down"), self.tr("Centroid, below the kernel's middle"), 0),
        ):
            place = units.of_length(figures.centroid_px[at][:, axis])
            yield Figure(name, tip, place, "{:+.2f}".format, signed=True)
        confidence = cell.grid.psf.confidence
        sure = np.full(3, np.nan) if confidence is None else confidence[at].astype(np.float64)
        yield Figure(
            self.tr("Confidence"),
            self.tr("0 % a guess, 100 % sure; – unknown"),
            sure,
            _share,
            signed=True,
        )
        yield Figure(
            self.tr("Likely error"),
            self.tr(
                "How far the kernel may be from the true one: the root of the squared "
                "differences over that of its own squares; – unknown"
            ),
            expected_error(sure),
            _share,
            signed=True,
        )


def _compared(first: Figure, second: Figure, channel: str) -> list[str]:
    """Both values of a figure and their difference, in one channel or in the mean of all."""
    which = slice(None) if channel == ALL_CHANNELS else slice(n := CHANNELS[channel], n + 1)
    values = [float(figure.values[which].mean()) for figure in (first, second)]
    difference = values[0] - values[1]
    if not np.isfinite(difference):
        return [first.text(value) for value in values] + [UNKNOWN]
    if first.signed or values[1] == 0:
        text = first.text(difference)
        change = text if text.startswith(("-", "+")) else f"+{text}"
    else:
        change = f"{difference / values[1]:+.1%}"
    return [*(first.text(value) for value in values), change]


def _share(value: float) -> str:
    return UNKNOWN if np.isnan(value) else f"{value:.0%}"


def _text(item: QTableWidgetItem | None) -> str:
    return "" if item is None else item.text()


def _item(text: str, tip: str) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setToolTip(tip_text(tip))
    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item


def _frequency(value: float, units: DisplayUnits) -> str:
    # A share of Nyquist's less, or rounding would lose what lies on it.
    beyond = value >= float(units.of_frequency(np.array(NYQUIST))) * (1 - 1e-9)
    text = units.frequency_pattern.format(value)
    return f"≥ {text}" if beyond else text
