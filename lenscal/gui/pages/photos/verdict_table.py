"""The table of step 2: every photo, what became of it, and what it says."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from lenscal.gui.pages.photos.photo_rows import PhotoRow
from lenscal.gui.pages.photos.photo_table import THUMBNAIL, VERDICT, PhotoTable

WIDTHS_PX = {0: 222, 1: 74, 3: 70, 4: 58, 5: 46, 6: 76, 7: 130, 8: 100, 9: 270}
"""Of the columns at first; the verdict's follows from the room that they leave."""
LEAST_VERDICT_PX, MOST_VERDICT_PX = 190, 620
"""Below it reasons take too many lines; beyond it the eye loses the line."""
ROW_PX, TALLEST_ROW_PX = 58, 90


class VerdictTable(QTableView):
    """Photos with ticks, of which several can be chosen."""

    chosen_changed = Signal()
    turned = Signal()
    """Space: what is chosen shall become the opposite."""

    def __init__(self, photos: PhotoTable, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._photos = photos
        self.setModel(photos)
        self.setIconSize(THUMBNAIL)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(True)
        # Tab leads to the buttons, not through a hundred cells.
        self.setTabKeyNavigation(False)
        # Rows are high: a step of one row would lose the place.
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(self.tr("Photos"))
        self.setToolTip(self.tr("A tick means the photo is used (Space changes it)"))
        self._make_headings()
        self.selectionModel().selectionChanged.connect(lambda *_: self.chosen_changed.emit())
        space = QShortcut(QKeySequence(Qt.Key.Key_Space), self)
        # Elsewhere space presses the button that has the keyboard.
        space.setContext(Qt.ShortcutContext.WidgetShortcut)
        space.activated.connect(self.turned)

    def _make_headings(self) -> None:
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_PX)
        headings = self.horizontalHeader()
        headings.setHighlightSections(False)
        headings.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        headings.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)

    @property
    def chosen_indices(self) -> list[int]:
        """Rows that are selected."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    @property
    def chosen_photos(self) -> Sequence[PhotoRow]:
        """Photos that are selected."""
        return [self._photos.rows[n] for n in self.chosen_indices]

    def reset_widths(self) -> None:
        """Other photos: columns that the user has dragged go back."""
        for column, width in WIDTHS_PX.items():
            self.setColumnWidth(column, width)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Share the room among the columns."""
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """The verdict takes what the other columns leave, as far as it can use it; the last column
        takes the rest."""
        last = self._photos.columnCount() - 1
        columns = [column for column in range(last) if column != VERDICT]
        others = WIDTHS_PX[last] + sum(self.columnWidth(column) for column in columns)
        # As if the scroll bar were there: when it comes or goes, columns must not move.
        room = self.width() - self.verticalScrollBar().sizeHint().width() - 2
        verdict = min(max(room - others, LEAST_VERDICT_PX), MOST_VERDICT_PX)
        self.setColumnWidth(VERDICT, verdict)
        self.setColumnWidth(last, WIDTHS_PX[last] + max(room - others - verdict, 0))
        self._fit_rows()

    def _fit_rows(self) -> None:
        """Reasons may take several lines."""
        width = self.columnWidth(VERDICT) - 8
        wrap = int(Qt.TextFlag.TextWordWrap)
        metrics = self.fontMetrics()
        for row, photo in enumerate(self._photos.rows):
            words = self._photos.verdict(photo)
            height = metrics.boundingRect(0, 0, width, 1000, wrap, words).height() + 8
            # A reason that is longer still can be read in the tooltip.
            self.setRowHeight(row, min(max(ROW_PX, height), TALLEST_ROW_PX))
