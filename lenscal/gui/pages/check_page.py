"""Step 2: what was read, and what was left out and why."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QTableView, QWidget

from lenscal.gui.pages.page import Page, muted, primary
from lenscal.gui.pages.photo_table import ROW_PX, PhotoTable, rows_of
from lenscal.gui.wording import in_the_windows_words
from lenscal.session import Session


class CheckPage(Page):
    next_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_title(self.tr("Check"), self.tr("What was read from the photos, and which were left out and why."))
        self.model = PhotoTable()
        self.model.setParent(self)
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setIconSize(QSize(78, 52))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setAlternatingRowColors(True)
        self.table.setShowGrid(False)
        self.table.setAccessibleName(self.tr("Photos"))
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(ROW_PX)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.horizontalHeader().setHighlightSections(False)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.summary = muted()
        self.warnings = muted()
        self.next_button = primary(self.tr("Go on to &calibrate"))
        self.next_button.setToolTip(self.tr("The photos are right"))
        self.next_button.clicked.connect(self.next_clicked)
        bottom = QHBoxLayout()
        bottom.addWidget(self.summary, 1)
        bottom.addWidget(self.next_button)
        self.body.addWidget(self.table, 1)
        self.body.addWidget(self.warnings)
        self.body.addLayout(bottom)
        self._shown: object = self

    def show_session(self, session: Session) -> None:
        self.next_button.setEnabled(session.inputs is not None)
        if session.inputs is self._shown:
            return
        self._shown = session.inputs
        rows = rows_of(session)
        self.model.show_photos(rows, session.thumbnails)
        self.table.horizontalHeader().resizeSections(QHeaderView.ResizeMode.ResizeToContents)
        for column, widest in ((0, 260), (2, 320), (8, 360)):
            self.table.setColumnWidth(column, min(self.table.columnWidth(column), widest))
        self.warnings.setVisible(session.inputs is not None and bool(session.inputs.warnings))
        if session.inputs is None:
            self.summary.setText(self.tr("No photos were read yet."))
            return
        self.warnings.setText("\n".join(f"⚠ {in_the_windows_words(warning)}" for warning in session.inputs.warnings))
        sharp, degraded = session.inputs.sharp, session.inputs.degraded
        words = self.tr("{n} sharp photos and {m} to correct; {k} left out.").format(
            n=len(sharp.frames), m=len(degraded.frames), k=len(sharp.rejected) + len(degraded.rejected)
        )
        source = degraded.frames[0].noise.source if degraded.frames else ""
        noise = self.tr("Noise: {source}.").format(source=source) if source else ""
        self.summary.setText(f"{words} {noise}")
