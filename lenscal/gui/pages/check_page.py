"""Step 2: what was read, what is thought of it, and what the user decides; where there is texture
to learn from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PySide6.QtCore import QModelIndex, Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from lenscal.files import field_csv
from lenscal.gui import theme
from lenscal.gui.pages.page import Page, card, muted, primary, scrolled, section
from lenscal.gui.pages.photo_table import ROW_PX, THUMB, VERDICT, PhotoTable, rows_of
from lenscal.gui.translate import in_the_windows_words, in_this_language
from lenscal.gui.widgets.choice import Choice
from lenscal.gui.widgets.field_map import FieldMap, MapData
from lenscal.gui.widgets.save_button import SaveButton
from lenscal.intake.coverage import Coverage, coverage
from lenscal.intake.inputs import Inputs, JudgedPhoto
from lenscal.session import Session

MAP_GRID = (6, 8)
WIDTHS = {0: 222, 1: 74, 3: 70, 4: 58, 5: 46, 6: 76, 7: 130, 8: 100, 9: 270}
LEAST_VERDICT_PX, MOST_VERDICT_PX = 190, 620
TALLEST_ROW_PX = 90
TOLD_IN_THE_TABLE = (" photo left out: ", " photo kept: ")


class CheckPage(Page):
    next_clicked = Signal()
    decided = Signal(object, bool)
    """Photos (tuple of Path), keep."""
    undo_clicked = Signal()
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_title(
            self.tr("Check"),
            self.tr("What was read from the photos, and which were left out and why. You decide."),
        )
        self.model = PhotoTable()
        self.model.setParent(self)
        self.model.decided.connect(self.decided)
        self._make_table()
        self._make_buttons()
        self._make_map()
        self.summary, self.warnings = muted(), muted()
        self.next_button = primary(self.tr("Go on to &calibrate"))
        self.next_button.setToolTip(self.tr("The photos are right"))
        self.next_button.clicked.connect(self.next_clicked)
        decide = QHBoxLayout()
        decide.setSpacing(8)
        decide.addWidget(self.keep_button)
        decide.addWidget(self.leave_button)
        decide.addWidget(self.undo_button)
        decide.addStretch()
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.table, 1)
        left.addLayout(decide)
        panel, column = card()
        panel.setMinimumWidth(300)
        notes = QWidget()
        words = QVBoxLayout(notes)
        words.setContentsMargins(0, 0, 6, 0)
        words.setSpacing(10)
        for label in (self.advice, self.warnings):
            words.addWidget(label)
        words.addStretch()
        column.addWidget(section(self.tr("Where there is texture")))
        column.addWidget(self.which)
        column.addWidget(self.map)
        column.addWidget(scrolled(notes, self.tr("What is to be minded")), 1)
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addLayout(left, 7)
        row.addWidget(panel, 2)
        bottom = QHBoxLayout()
        bottom.addWidget(self.summary, 1)
        bottom.addWidget(self.next_button)
        self.body.addLayout(row, 1)
        self.body.addLayout(bottom)
        self._shown: object = self
        self._inputs: Inputs | None = None
        self._decisions: object = None
        self._busy = False

    def show_session(self, session: Session) -> None:
        inputs = session.inputs
        self.next_button.setEnabled(
            inputs is not None and bool(inputs.sharp.photos and inputs.degraded.photos)
        )
        if session.inputs is self._shown and session.decisions is self._decisions:
            return
        fresh = session.inputs is None or self._inputs is None
        self._shown = self._inputs = session.inputs
        self._decisions = session.decisions
        self.model.show_photos(rows_of(session), session.thumbnails)
        if fresh:
            for column, width in WIDTHS.items():
                self.table.setColumnWidth(column, width)
        self._fit_verdict()
        self._say(session.inputs)
        self._show_map()
        self._selection_changed()

    def save_map(self, path: Path) -> None:
        """The texture map as PNG, SVG or CSV by the suffix."""
        seen = None if self._inputs is None else self._coverage(self._inputs)
        if seen is None:
            return
        rows, cols = np.indices(seen.cells.shape)
        columns: list[tuple[str, np.ndarray]]
        columns = [("row", rows.ravel()), ("col", cols.ravel()), ("share", seen.cells.ravel())]
        title = self.tr("{n} photos: share with texture").format(n=seen.n_photos)
        self.save_button.save(path, self.map, lambda: field_csv.write_columns(path, columns), title)

    def set_busy(self, busy: bool) -> None:
        self._busy = busy
        self._selection_changed()

    def _make_table(self) -> None:
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setIconSize(THUMB)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setAlternatingRowColors(True)
        self.table.setShowGrid(False)
        self.table.setWordWrap(True)
        self.table.setTabKeyNavigation(False)
        self.table.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.table.setAccessibleName(self.tr("Photos"))
        self.table.setToolTip(self.tr("A tick: the photo is learnt from (Space changes it)"))
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(ROW_PX)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._selection_changed())
        space = QShortcut(QKeySequence(Qt.Key.Key_Space), self.table)
        space.setContext(Qt.ShortcutContext.WidgetShortcut)
        space.activated.connect(self._turn)

    def _make_buttons(self) -> None:
        self.keep_button = QPushButton(theme.icon("done", size=16), self.tr("&Keep"))
        self.keep_button.setToolTip(self.tr("Learn from the chosen photos all the same (Space)"))
        self.keep_button.clicked.connect(lambda: self._decide(True))
        self.leave_button = QPushButton(theme.icon("close", size=16), self.tr("&Leave out"))
        self.leave_button.setToolTip(self.tr("Do not learn from the chosen photos (Space)"))
        self.leave_button.clicked.connect(lambda: self._decide(False))
        self.undo_button = QPushButton(self.tr("&Undo"))
        self.undo_button.setToolTip(self.tr("Take back the last decision (Ctrl+Z)"))
        self.undo_button.clicked.connect(self.undo_clicked)
        self.undo_button.setEnabled(False)

    def _make_map(self) -> None:
        self.which = Choice(
            (
                (
                    "both",
                    self.tr("Both"),
                    self.tr("The set that has less, cell by cell: learning needs both"),
                ),
                ("sharp", self.tr("Sharp"), self.tr("The sharp photos that are used")),
                ("degraded", self.tr("To correct"), self.tr("The photos to correct that are used")),
                ("chosen", self.tr("Chosen"), self.tr("The photos that are chosen in the table")),
            )
        )
        self.which.chosen.connect(lambda _: self._show_map())
        self.map = FieldMap(selectable=False, snug=True)
        self.map.setToolTip(
            self.tr(
                "Share of the photos that have texture at a place of the sensor: kernels are sure where it is high"
            )
        )
        self.advice = muted()
        self.save_button = SaveButton()
        self.save_button.add(self.tr("The texture &map…"), "texture", self.save_map)
        self.save_button.problem.connect(self.problem)
        self.add_action(self.save_button)

    @property
    def chosen(self) -> list[int]:
        """Rows that are selected."""
        return sorted(index.row() for index in self.table.selectionModel().selectedRows())

    def _selection_changed(self) -> None:
        rows = [self.model.rows[n] for n in self.chosen]
        self.keep_button.setEnabled(
            not self._busy and any(row.readable and not row.taken for row in rows)
        )
        self.leave_button.setEnabled(not self._busy and any(row.taken for row in rows))
        if self.which.value == "chosen":
            self._show_map()

    def _decide(self, keep: bool) -> None:
        paths = tuple(
            row.path
            for n in self.chosen
            if (row := self.model.rows[n]).readable and row.taken != keep
        )
        if paths and not self._busy:
            self.decided.emit(paths, keep)

    def _turn(self) -> None:
        """Space: of several photos, all become what the first is not."""
        rows = [self.model.rows[n] for n in self.chosen if self.model.rows[n].readable]
        if rows:
            self._decide(not rows[0].taken)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_verdict()

    def _fit_verdict(self) -> None:
        """The verdict takes what the other columns leave, as far as it can use it; the last column
        takes the rest."""
        last = self.model.columnCount() - 1
        others = WIDTHS[last] + sum(self.table.columnWidth(c) for c in range(last) if c != VERDICT)
        room = self.table.width() - self.table.verticalScrollBar().sizeHint().width() - 2
        verdict = min(max(room - others, LEAST_VERDICT_PX), MOST_VERDICT_PX)
        self.table.setColumnWidth(VERDICT, verdict)
        self.table.setColumnWidth(last, WIDTHS[last] + max(room - others - verdict, 0))
        self._fit_rows()

    def _fit_rows(self) -> None:
        """Reasons may take several lines."""
        for n in range(self.model.rowCount()):
            index: QModelIndex = self.model.index(n, VERDICT)
            wanted = self.table.fontMetrics().boundingRect(
                0,
                0,
                self.table.columnWidth(VERDICT) - 8,
                1000,
                int(Qt.TextFlag.TextWordWrap),
                str(index.data()),
            )
            self.table.setRowHeight(n, min(max(ROW_PX, wanted.height() + 8), TALLEST_ROW_PX))

    def _say(self, inputs: Inputs | None) -> None:
        if inputs is None:
            self.summary.setText(self.tr("No photos were read yet."))
            self.warnings.hide()
            return
        told = [
            f"⚠ {in_the_windows_words(warning)}"
            for warning in inputs.warnings
            if not any(words in warning for words in TOLD_IN_THE_TABLE)
        ]
        self.warnings.setVisible(bool(told))
        self.warnings.setText("\n\n".join(told))
        sharp, degraded = inputs.sharp, inputs.degraded
        words = self.tr("{n} sharp photos and {m} to correct; {k} left out.").format(
            n=len(sharp.frames),
            m=len(degraded.frames),
            k=len(sharp.rejected) + len(degraded.rejected),
        )
        source = degraded.frames[0].noise.source if degraded.frames else ""
        known = self.tr("as the files say") if source == "NoiseProfile" else source
        noise = self.tr("Noise: {source}.").format(source=known) if source else ""
        self.summary.setText(f"{words} {noise}")

    def _show_map(self) -> None:
        inputs = self._inputs
        seen = None if inputs is None else self._coverage(inputs)
        self.save_button.setEnabled(seen is not None and seen.n_photos > 0)
        if seen is None or not seen.n_photos:
            chosen = self.which.value == "chosen" and inputs is not None
            empty = (
                self.tr("Choose photos in the table")
                if chosen
                else self.tr("No photos yet: read them in step 1")
            )
            self.map.show_map(None, empty=empty)
            self.advice.hide()
            return
        title = self.tr("{n} photos: share with texture").format(n=seen.n_photos)
        pattern = "{:.0%}"
        height, width = self._size(inputs)
        self.map.show_map(
            MapData(title, seen.cells, low=0, high=1, pattern=pattern), aspect=width / height
        )
        told = "; ".join(in_this_language(words) for words in seen.describe())
        self.advice.setVisible(True)
        self.advice.setText(
            f"⚠ {told[:1].upper()}{told[1:]}." if told else self.tr("Texture all over the picture.")
        )

    def _coverage(self, inputs: Inputs) -> Coverage | None:
        match self.which.value:
            case "both":
                return inputs.coverage(MAP_GRID)
            case "sharp":
                return coverage([p.survey for p in inputs.sharp.photos], MAP_GRID)
            case "degraded":
                return coverage([p.survey for p in inputs.degraded.photos], MAP_GRID)
        chosen = {self.model.rows[n].path for n in self.chosen}
        return coverage([p.survey for p in _all(inputs) if p.path in chosen], MAP_GRID)

    def _size(self, inputs: Inputs | None) -> tuple[int, int]:
        first = next(iter(_all(inputs)), None) if inputs is not None else None
        return (2, 3) if first is None else first.frame.size


def _all(inputs: Inputs) -> Sequence[JudgedPhoto]:
    """Every photo that was decoded, used or not."""
    folders = (inputs.sharp, inputs.degraded)
    used = [photo for folder in folders for photo in folder.photos]
    return used + [r.photo for folder in folders for r in folder.rejected if r.photo is not None]
