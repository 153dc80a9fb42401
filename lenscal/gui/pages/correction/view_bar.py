"""Above the picture: which of its two states is seen, and how large."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QPushButton, QWidget

from lenscal.gui.pages.flow_layout import FlowLayout
from lenscal.gui.widgets.choice import Choice
from lenscal.gui.widgets.compare.compare_view import View
from lenscal.gui.widgets.elements import in_a_row, muted, with_tip


class ViewBar(QWidget):
    """Views to choose from, the present scale, and buttons that change it."""

    fit_clicked = Signal()
    full_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = Choice(
            (
                (View.SPLIT, self.tr("Split"), self.tr("Before and after, with a line to drag")),
                (
                    View.SIDE_BY_SIDE,
                    self.tr("Side by side"),
                    self.tr("Two pictures that move together"),
                ),
                (View.BEFORE, self.tr("Before"), self.tr("The original photo")),
                (View.AFTER, self.tr("After"), self.tr("The corrected photo")),
                (View.MASK, self.tr("Mask"), self.tr("Where the photo is corrected (white)")),
                (
                    View.TRUTH,
                    self.tr("Truth"),
                    self.tr("The corrected photo beside what a perfect lens would have taken"),
                ),
            )
        )
        self.offer_truth(False)
        self._scale = muted(wrapped=False)
        # As wide as it gets: buttons must not move while the wheel turns.
        widest = self._scale.fontMetrics().horizontalAdvance("0000 %")
        self._scale.setMinimumWidth(widest)
        self._scale.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        fit = with_tip(QPushButton(self.tr("Fit")), self.tr("The whole photo (double click)"))
        fit.clicked.connect(self.fit_clicked)
        full = with_tip(
            QPushButton(self.tr("100 %")), self.tr("One photo pixel is one screen pixel (Z)")
        )
        full.clicked.connect(self.full_clicked)
        for button in (*self.view.buttons.values(), fit, full):
            # A click leaves the keyboard to the picture, whose keys follow next.
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        row = FlowLayout(self, spacing_px=16)
        row.addWidget(self.view)
        row.addWidget(in_a_row(self._scale, fit, full))

    def offer_truth(self, known: bool) -> None:
        """Only the virtual lens's photos have one."""
        self.view.buttons[View.TRUTH].setVisible(known)
        if not known and self.view.value == View.TRUTH:
            self.view.choose(View.SPLIT)

    def show_scale(self, scale: float) -> None:
        """Screen px per photo px."""
        self._scale.setText(self.tr("{n:.0f} %").format(n=scale * 100))
