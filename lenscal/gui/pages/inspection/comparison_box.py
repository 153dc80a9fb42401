"""Which other grid is shown beside the one that is inspected."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QWidget

from lenscal.files.psf.kept_profiles import KeptProfile
from lenscal.gui.widgets.elements import tip_text
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.lens_setting import f_number

NOTHING, TRUTH, OTHER, OPEN = "nothing", "truth", "other", "open"
KEPT = "kept:"
"""Before the number of a kept calibration of the same lens."""


class ComparisonBox(QComboBox):
    """Nothing, the truth where it is known, another profile that was opened, or one to open."""

    compared_chosen = Signal()
    open_clicked = Signal()
    kept_chosen = Signal(object)
    """Path of a kept calibration."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setToolTip(
            self.tr("Show another copy of the lens, another aperture or the truth alongside")
        )
        self.setAccessibleName(self.tr("Compare with"))
        self._truth: PsfGrid | None = None
        self._other: PsfGrid | None = None
        self._other_name = ""
        self._choice = NOTHING
        self._kept: tuple[KeptProfile, ...] = ()
        # `activated` comes from the user alone, not when the box is filled.
        self.activated.connect(self._activated)
        self._fill(NOTHING)

    @property
    def compared(self) -> tuple[PsfGrid | None, str]:
        """What is chosen, and its name."""
        match self.currentData():
            case "truth":
                return self._truth, self.tr("Truth")
            case "other":
                return self._other, self._other_name
        return None, ""

    def differs(self, truth: PsfGrid | None, other: PsfGrid | None, other_name: str) -> bool:
        """Whether these grids are others than those that are offered."""
        # Grids are compared by what they are, not by their kernels.
        return (truth, other, other_name) != (self._truth, self._other, self._other_name)

    def offer(
        self, truth: PsfGrid | None, other: PsfGrid | None, other_name: str, *, show_truth: bool
    ) -> None:
        """Offer other grids; a new other one is chosen, else the truth if `show_truth`, else what
        was chosen before, if it is still there."""
        is_new = other is not None and other is not self._other
        self._truth, self._other, self._other_name = truth, other, other_name
        self._fill(OTHER if is_new else TRUTH if show_truth else self._choice)

    def offer_kept(self, kept: Sequence[KeptProfile]) -> None:
        """Calibrations of the same lens, at this aperture or at others."""
        self._kept = tuple(kept)
        self._fill(self._choice)

    def _fill(self, choice: str) -> None:
        # Filling the box is no choice of the user.
        with QSignalBlocker(self):
            self.clear()
            self.addItem(self.tr("nothing"), NOTHING)
            if self._truth is not None:
                self.addItem(self.tr("the truth"), TRUTH)
            if self._other is not None:
                self.addItem(self._other_name, OTHER)
            words = self.tr("same lens, {aperture} ({date})")
            for number, kept in enumerate(self._kept):
                date, aperture = kept.created[:10], f_number(kept.aperture)
                text = words.format(aperture=aperture, date=date)
                self.addItem(text, f"{KEPT}{number}")
                last, role = self.count() - 1, Qt.ItemDataRole.ToolTipRole
                self.setItemData(last, tip_text(str(kept.path)), role)
            self.addItem(self.tr("another profile…"), OPEN)
            self.setCurrentIndex(max(self.findData(choice), 0))
        self._choice = self.currentData()

    def _activated(self) -> None:
        data = self.currentData()
        if data != OPEN and not data.startswith(KEPT):
            self._choice = data
            self.compared_chosen.emit()
            return
        # Until another profile is there, the choice stays as it was.
        self.setCurrentIndex(max(self.findData(self._choice), 0))
        if data == OPEN:
            self.open_clicked.emit()
        else:
            self.kept_chosen.emit(self._kept[int(data.removeprefix(KEPT))].path)
