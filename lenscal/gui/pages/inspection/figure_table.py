"""Figures of one kernel, or of two to compare, as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from lenscal.gui.pages.inspection.grids import Cell, DisplayUnits, Floats
from lenscal.gui.widgets.elements import tip_text

ROW_PX = 24
NYQUIST = 0.5
"""cycles/px: a contrast that falls to a half beyond it is reported as this."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A line: its name, what it means, and the values of R, G, B."""

    name: str
    tip: str
    values: Sequence[str]


class FigureTable(QTableWidget):
    """As high as its lines, one column a channel; of two kernels the values stand side by side."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 3, parent)
        self.setHorizontalHeaderLabels([self.tr("R"), self.tr("G"), self.tr("B")])
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setFixedHeight(ROW_PX)
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

    def show_cells(self, cells: Sequence[Cell], units: DisplayUnits) -> None:
        """One cell, or two to compare; none: no lines."""
        columns = [list(self._figures(cell, units)) for cell in cells]
        # Line by line, with the same figure of each cell.
        lines = list(zip(*columns, strict=True))
        self.setRowCount(len(lines))
        for row, figures in enumerate(lines):
            first = figures[0]
            head = QTableWidgetItem(first.name)
            head.setToolTip(tip_text(first.tip))
            self.setVerticalHeaderItem(row, head)
            for channel in range(3):
                text = "/".join(figure.values[channel] for figure in figures)
                self.setItem(row, channel, _item(text, first.tip))
        # Lines, heading and the frame of one pixel around them.
        self.setFixedHeight(ROW_PX * (len(lines) + 1) + 2)

    def _figures(self, cell: Cell, units: DisplayUnits) -> Iterator[Figure]:
        at = cell.row, cell.col
        figures = cell.grid.figures
        yield Figure(
            self.tr("FWHM"),
            self.tr("Full width at half maximum"),
            _lengths(figures.fwhm_px[at], units),
        )
        yield Figure(
            self.tr("EE80"),
            self.tr("Radius containing 80 % of the light"),
            _lengths(figures.ee80_px[at], units),
        )
        yield Figure(
            self.tr("MTF50 sag."),
            self.tr("Where sagittal contrast falls to one half"),
            _frequencies(figures.sagittal[at], units),
        )
        yield Figure(
            self.tr("MTF50 tan."),
            self.tr("Where tangential contrast falls to one half"),
            _frequencies(figures.tangential[at], units),
        )
        yield Figure(
            self.tr("Centre right"),
            self.tr("Centroid, right of the kernel's middle"),
            _lengths(figures.centroid_px[at][:, 1], units, "{:+.2f}"),
        )
        yield Figure(
            self.tr("Centre down"),
            self.tr("Centroid, below the kernel's middle"),
            _lengths(figures.centroid_px[at][:, 0], units, "{:+.2f}"),
        )
        confidence = cell.grid.psf.confidence
        yield Figure(
            self.tr("Confidence"),
            self.tr("0 % a guess, 100 % sure; – unknown"),
            ["–"] * 3 if confidence is None else [f"{value:.0%}" for value in confidence[at]],
        )


def _item(text: str, tip: str) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setToolTip(tip_text(tip))
    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item


def _lengths(px: Floats, units: DisplayUnits, pattern: str = "{:.2f}") -> list[str]:
    return [pattern.format(value) for value in units.of_length(px)]


def _frequencies(cycles_per_px: Floats, units: DisplayUnits) -> list[str]:
    # Figures in lp/mm have more digits: the table has no room for a space then.
    beyond = "≥ " if units.pitch_um is None else "≥"
    texts = [units.frequency_pattern.format(value) for value in units.of_frequency(cycles_per_px)]
    return [
        f"{beyond}{text}" if frequency >= NYQUIST else text
        for frequency, text in zip(cycles_per_px, texts, strict=True)
    ]
