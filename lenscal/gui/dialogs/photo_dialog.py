"""What dialogs that work on one photo share: its picture, a panel, and how far a job is."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from lenscal.gui.background.worker import Progress
from lenscal.gui.pages.correction.view_bar import ViewBar
from lenscal.gui.translate import in_this_language
from lenscal.gui.widgets.compare.compare_view import CompareView, View
from lenscal.gui.widgets.elements import Card, muted

PANEL_PX = 290
STEPS = 1000
"""Of the progress bar."""


class PhotoDialog(QDialog):
    """Before and after on the left, what is chosen and said on the right."""

    cancel_wanted = Signal()

    def __init__(self, title: str, empty: str, parent: QWidget | None = None) -> None:
        """empty: what stands where no photo is."""
        super().__init__(parent)
        self.setWindowTitle(title)
        self._busy = False
        self.compare, self.bar = CompareView(self), ViewBar(self)
        self.compare.placeholder = empty
        self.bar.view.chosen.connect(lambda value: self.compare.show_view(View(value)))
        self.bar.fit_clicked.connect(self.compare.fit)
        self.bar.full_clicked.connect(lambda: self.compare.zoom(1.0))
        self.compare.zoomed.connect(self.bar.show_scale)
        self.panel = Card(parent=self)
        self.panel.setFixedWidth(PANEL_PX)
        self.progress = QProgressBar(textVisible=False)
        self.progress.setAccessibleName(self.tr("Progress"))
        self.cancel_button = QPushButton(self.tr("Ca&ncel"))
        self.cancel_button.clicked.connect(self.cancel_wanted)
        self.state = muted()
        self.close_button = QPushButton(self.tr("C&lose"))
        self.close_button.clicked.connect(self.reject)
        self.progress.hide()
        self.cancel_button.hide()
        row = QHBoxLayout(self)
        row.setSpacing(16)
        picture = QVBoxLayout()
        picture.addWidget(self.bar)
        picture.addWidget(self.compare, 1)
        row.addLayout(picture, 1)
        row.addWidget(self.panel)

    def sizeHint(self) -> QSize:
        """Nearly as large as the window over which it opens."""
        return QSize(1120, 640)

    def show_busy(self, busy: bool) -> None:
        """A job runs, or has ended."""
        self._busy = busy
        self.progress.setVisible(busy)
        self.cancel_button.setVisible(busy)
        self.progress.setValue(0)
        self._enable()

    def show_progress(self, progress: Progress) -> None:
        """How far the job is."""
        fraction = progress.report.fraction
        self.progress.setRange(0, STEPS if fraction is not None else 0)
        self.progress.setValue(round(STEPS * (fraction or 0)))
        self.state.setText(in_this_language(progress.report.message))

    def say(self, text: str) -> None:
        """Say how a job ended."""
        self.state.setText(text)

    def reject(self) -> None:
        """Close; a job that runs is of no use any more."""
        if self._busy:
            self.cancel_wanted.emit()
        super().reject()

    def _enable(self) -> None:
        """What can be done now."""
