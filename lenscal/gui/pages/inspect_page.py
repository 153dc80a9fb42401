"""Step 4: look at the kernel grid."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QKeySequence, QPainter, QPaintEvent, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from lenscal.gui import theme
from lenscal.gui.images import kernel_pixels, to_pixmap
from lenscal.gui.pages.page import Page, card, muted, primary, section
from lenscal.gui.widgets.choice import Choice
from lenscal.gui.widgets.kernels import KernelMosaic
from lenscal.optics.psf_grid import PsfGrid
from lenscal.session import Session


class KernelPicture(QWidget):
    """One kernel, as large as there is room for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixels: np.ndarray | None = None
        self.setFixedHeight(200)
        self.setAccessibleName(self.tr("Chosen kernel"))

    def show_pixels(self, pixels: np.ndarray | None) -> None:
        self._pixels = pixels
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.theme().surround))
        if self._pixels is None:
            return
        pixmap = to_pixmap(self._pixels)
        scale = max(int(min(self.width() - 8, self.height() - 8) / pixmap.width()), 1)
        picture = pixmap.scaled(pixmap.size() * scale)
        corner = QPointF((self.width() - picture.width()) // 2, (self.height() - picture.height()) // 2)
        painter.drawPixmap(corner, picture)


class InspectPage(Page):
    next_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_title(self.tr("Inspect"), self.tr("The blur of one point, where it lies on the sensor. Click a cell."))
        self.mosaic = KernelMosaic()
        self.mosaic.cell_chosen.connect(self._show_cell)
        self.channel = Choice(
            (
                ("all", self.tr("All"), self.tr("Red, green and blue together (A)")),
                ("R", self.tr("R"), self.tr("Red only (R)")),
                ("G", self.tr("G"), self.tr("Green only (G)")),
                ("B", self.tr("B"), self.tr("Blue only (B)")),
            )
        )
        self.scale = Choice(
            (
                ("linear", self.tr("Linear"), self.tr("Brightness as it is")),
                ("log", self.tr("Log"), self.tr("Logarithmic: shows the faint tails, three decades")),
            )
        )
        self.norm = Choice(
            (
                ("cell", self.tr("Each cell"), self.tr("Every kernel's own peak is white")),
                ("global", self.tr("All cells"), self.tr("The highest peak of all is white: shows how peaks fall")),
            )
        )
        for choice in (self.channel, self.scale, self.norm):
            choice.chosen.connect(lambda _: self._show_as())
        for key, value in (("A", "all"), ("R", "R"), ("G", "G"), ("B", "B")):
            shortcut = QShortcut(QKeySequence(key), self)
            shortcut.activated.connect(lambda value=value: self.channel.choose(value))
        bar = QHBoxLayout()
        bar.setSpacing(16)
        for choice in (self.channel, self.scale, self.norm):
            bar.addWidget(choice)
        bar.addStretch()

        self.about = muted()
        self.cell_title = section("")
        self.picture = KernelPicture()
        self.table = QTableWidget(0, 3)
        self.table.setHorizontalHeaderLabels([self.tr("R"), self.tr("G"), self.tr("B")])
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.setAccessibleName(self.tr("Figures of the chosen kernel"))
        self.next_button = primary(self.tr("Go on to &correct"))
        self.next_button.clicked.connect(self.next_clicked)
        panel, column = card()
        panel.setFixedWidth(350)
        column.addWidget(self.about)
        column.addWidget(self.cell_title)
        column.addWidget(self.picture)
        column.addWidget(self.table, 1)
        column.addWidget(self.next_button)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(self.mosaic, 1)
        row.addWidget(panel)
        self.body.addLayout(bar)
        self.body.addLayout(row, 1)
        self._psf: PsfGrid | None = None

    def show_session(self, session: Session) -> None:
        self.next_button.setEnabled(session.psf is not None)
        if session.psf is self._psf:
            return
        self._psf = session.psf
        self.mosaic.show_kernels(None if self._psf is None else self._psf.kernels)
        if self._psf is None:
            self.about.clear()
            return
        rows, cols = self._psf.shape
        height, width = self._psf.image_size
        words = self.tr(
            "{name}\n{rows} × {cols} kernels of {k} px for {width} × {height} px. Relative to: {reference}."
        )
        self.about.setText(
            words.format(
                name=session.psf_name, rows=rows, cols=cols, k=self._psf.kernel_size, width=width, height=height,
                reference=self._psf.reference.value,
            )
        )  # fmt: skip
        self.mosaic.choose(0, 0)

    def _show_as(self) -> None:
        self.mosaic.show_as(
            channel=self.channel.value, log=self.scale.value == "log", per_cell=self.norm.value == "cell"
        )
        if self.mosaic.cell is not None:
            self._show_cell(*self.mosaic.cell)

    def _show_cell(self, row: int, col: int) -> None:
        if self._psf is None:
            return
        kernel = self._psf.kernels[row, col]
        self.picture.show_pixels(
            kernel_pixels(kernel, channel=self.channel.value, log=self.scale.value == "log", per_cell=True)
        )
        self.cell_title.setText(self.tr("Row {r}, column {c}").format(r=row + 1, c=col + 1))
        confidence = None if self._psf.confidence is None else self._psf.confidence[row, col]
        figures = cell_figures(self._psf, row, col)
        if confidence is not None:
            figures.append((self.tr("confidence"), [f"{value:.0%}" for value in confidence]))
        self.table.setRowCount(len(figures))
        for line, (name, values) in enumerate(figures):
            self.table.setVerticalHeaderItem(line, QTableWidgetItem(name))
            for column, value in enumerate(values):
                item = QTableWidgetItem(value)
                item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                self.table.setItem(line, column, item)


def cell_figures(psf: PsfGrid, row: int, col: int) -> list[tuple[str, list[str]]]:
    """Name and the values of R, G, B, ready to be shown."""
    from lenscal.optics import mtf

    kernels = psf.kernels[row, col]
    height, width = psf.image_size
    sagittal, tangential = mtf.mtf50_sagittal_tangential(kernels[None], psf.positions[row, col][None], width / height)
    centre = mtf.centroid_px(kernels)
    return [
        ("FWHM px", [f"{value:.2f}" for value in mtf.fwhm_px(kernels)]),
        ("EE80 radius px", [f"{value:.2f}" for value in mtf.ee80_radius_px(kernels)]),
        ("MTF50 sagittal c/px", [f"{value:.3f}" for value in sagittal[0]]),
        ("MTF50 tangential c/px", [f"{value:.3f}" for value in tangential[0]]),
        ("centre down px", [f"{value:+.2f}" for value in centre[:, 0]]),
        ("centre right px", [f"{value:+.2f}" for value in centre[:, 1]]),
    ]
