"""Beside the field: everything about the chosen kernel, and about its counterpart in another
grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lenscal.gui.pages.page import muted, section
from lenscal.gui.widgets.kernels import KernelPicture
from lenscal.gui.widgets.mtf_plot import Curve, MtfPlot
from lenscal.optics.field import FieldFigures, field_figures, mtf_curves
from lenscal.optics.kernel_pictures import CHANNELS, common_size, kernel_pixels, resized
from lenscal.optics.psf_grid import PsfGrid
from lenscal.optics.units import line_pairs_per_mm, micrometres

FREQUENCIES = np.linspace(0, 0.5, 101)
ROW_PX = 24


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A grid to look at, its name and its figures."""

    psf: PsfGrid
    name: str
    figures: FieldFigures

    @classmethod
    def of(cls, psf: PsfGrid, name: str) -> Grid:
        return cls(psf, name, field_figures(psf))

    def nearest(self, y: float, x: float) -> tuple[int, int]:
        """The node (row, col) nearest to a field position 0..1."""
        rows, cols = self.psf.shape
        return round(y * (rows - 1)), round(x * (cols - 1))


@dataclass(frozen=True, slots=True)
class Measure:
    """Pixels as they are, or micrometres and line pairs per millimetre where the pitch is given."""

    pitch_um: float | None = None

    @property
    def length(self) -> str:
        return "px" if self.pitch_um is None else "µm"

    @property
    def frequency(self) -> str:
        return "cy/px" if self.pitch_um is None else "lp/mm"

    def of_length(self, px: np.ndarray) -> np.ndarray:
        return px if self.pitch_um is None else np.asarray(micrometres(1, self.pitch_um) * px)

    def of_frequency(self, cycles_per_px: np.ndarray) -> np.ndarray:
        return (
            cycles_per_px
            if self.pitch_um is None
            else np.asarray(line_pairs_per_mm(1, self.pitch_um) * cycles_per_px)
        )

    @property
    def frequency_pattern(self) -> str:
        return "{:.3f}" if self.pitch_um is None else "{:.1f}"


class CellPanel(QFrame):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("card")
        self.setMinimumWidth(404)
        self.title = section("")
        self.units = muted()
        self.units.setWordWrap(False)
        self.units.setToolTip(self.tr("Units of lengths and of frequencies below"))
        self.note = muted()
        self.picture = KernelPicture()
        self.plot = MtfPlot()
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels([self.tr("R"), self.tr("G"), self.tr("B")])
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setFixedHeight(ROW_PX)
        self.table.verticalHeader().setDefaultSectionSize(ROW_PX)
        self.table.verticalHeader().setMinimumSectionSize(ROW_PX)
        self.table.setStyleSheet("QHeaderView::section { padding: 1px 6px; }")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.table.setAccessibleName(self.tr("Figures of the chosen kernel"))
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.addWidget(self.title, 1)
        head.addWidget(self.units)
        column.addLayout(head)
        column.addWidget(self.note)
        column.addWidget(self.picture, 2)
        column.addWidget(self.plot, 2)
        column.addWidget(self.table)

    def clear(self) -> None:
        self.title.setText(self.tr("No kernels yet"))
        self.units.clear()
        self.note.hide()
        self.picture.show_pictures([])
        self.plot.show_curves(FREQUENCIES[:0], (), "")
        self.table.setRowCount(0)
        self.table.setFixedHeight(ROW_PX + 2)

    def show_cell(
        self,
        grid: Grid,
        row: int,
        col: int,
        other: Grid | None,
        *,
        channel: str,
        log: bool,
        measure: Measure,
    ) -> None:
        """channel: "all", "R", "G" or "B"; other: a grid to compare with, at the same place of the
        field."""
        self.title.setText(self.tr("Row {r}, column {c}").format(r=row + 1, c=col + 1))
        self.units.setText(f"{measure.length}, {measure.frequency}")
        y, x = grid.psf.positions[row, col]
        pairs = [(grid, row, col)] + ([] if other is None else [(other, *other.nearest(y, x))])
        self.note.setVisible(other is not None)
        if other is not None:
            self.note.setText(self.tr("{name} / {other}").format(name=grid.name, other=other.name))
        kernels = [g.psf.kernels[r, c] for g, r, c in pairs]
        size = common_size(*kernels)
        captions = [g.name if other is not None else "" for g, _, _ in pairs]
        pixels = [kernel_pixels(resized(k, size), channel=channel, log=log) for k in kernels]
        self.picture.show_pictures(list(zip(captions, pixels, strict=True)))
        self._show_curves(pairs, channel, measure)
        self._show_figures(pairs, measure)

    def _show_curves(
        self, pairs: list[tuple[Grid, int, int]], channel: str, measure: Measure
    ) -> None:
        curves = []
        for n, (grid, row, col) in enumerate(pairs):
            both = mtf_curves(grid.psf, row, col, FREQUENCIES)
            for name, index in CHANNELS.items():
                if channel in ("all", name):
                    curves += [
                        Curve(name, first == 0, both[first][index], other=n == 1)
                        for first in range(2)
                    ]
        self.plot.show_curves(measure.of_frequency(FREQUENCIES), tuple(curves), measure.frequency)

    def _show_figures(self, pairs: list[tuple[Grid, int, int]], measure: Measure) -> None:
        lines = [[self._figures(grid, row, col, measure) for grid, row, col in pairs]]
        first = lines[0][0]
        self.table.setRowCount(len(first))
        for line, (name, tip, values) in enumerate(first):
            head = QTableWidgetItem(name)
            head.setToolTip(tip)
            self.table.setVerticalHeaderItem(line, head)
            for column in range(3):
                text = values[column]
                if len(pairs) == 2:
                    text += f"/{lines[0][1][line][2][column]}"
                item = QTableWidgetItem(text)
                item.setToolTip(tip)
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(line, column, item)
        self.table.setFixedHeight(ROW_PX * (len(first) + 1) + 2)

    def _figures(
        self, grid: Grid, row: int, col: int, measure: Measure
    ) -> list[tuple[str, str, list[str]]]:
        """Name, explanation and the values of R, G, B."""
        f = grid.figures

        def lengths(px: np.ndarray, pattern: str = "{:.2f}") -> list[str]:
            return [pattern.format(value) for value in measure.of_length(px)]

        def frequencies(cycles: np.ndarray) -> list[str]:
            highest = "≥ " if measure.pitch_um is None else "≥"
            shown = [measure.frequency_pattern.format(v) for v in measure.of_frequency(cycles)]
            return [
                f"{highest}{text}" if c >= 0.5 else text
                for c, text in zip(cycles, shown, strict=True)
            ]

        confidence = None if grid.psf.confidence is None else grid.psf.confidence[row, col]
        return [
            (
                self.tr("FWHM"),
                self.tr("Full width at half of the peak"),
                lengths(f.fwhm_px[row, col]),
            ),
            (
                self.tr("EE80"),
                self.tr("Radius that holds 80 % of the light"),
                lengths(f.ee80_px[row, col]),
            ),
            (
                self.tr("MTF50 sag."),
                self.tr("Where the sagittal contrast falls to a half"),
                frequencies(f.sagittal[row, col]),
            ),
            (
                self.tr("MTF50 tan."),
                self.tr("Where the tangential contrast falls to a half"),
                frequencies(f.tangential[row, col]),
            ),
            (
                self.tr("Centre right"),
                self.tr("Centroid, right of the kernel's middle"),
                lengths(f.centroid_px[row, col, :, 1], "{:+.2f}"),
            ),
            (
                self.tr("Centre down"),
                self.tr("Centroid, below the kernel's middle"),
                lengths(f.centroid_px[row, col, :, 0], "{:+.2f}"),
            ),
            (
                self.tr("Confidence"),
                self.tr("0 % a guess, 100 % sure; – unknown"),
                ["–"] * 3 if confidence is None else [f"{value:.0%}" for value in confidence],
            ),
        ]
