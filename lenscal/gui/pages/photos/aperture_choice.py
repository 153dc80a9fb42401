"""Of photos at several apertures, those of one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from lenscal.gui.widgets.choice import Choice
from lenscal.gui.widgets.elements import without_margins
from lenscal.intake.grouping import group_by_aperture
from lenscal.raw.frame import PhotoInfo
from lenscal.raw.lens_setting import APERTURE_TOLERANCE, agree

UNKNOWN = "unknown"
"""In place of an f-number, of photos that do not tell it."""


class ApertureChoice(QWidget):
    """One button an aperture, the chosen one pressed; hidden where there is one aperture only."""

    aperture_chosen = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choice: Choice | None = None
        """None where there is nothing to choose."""
        self._row = QHBoxLayout(self)
        without_margins(self._row)
        self.hide()

    def show_photos(self, infos: Sequence[PhotoInfo], aperture: float) -> None:
        """Offer the apertures of these photos; `aperture` is the chosen one, 0: none."""
        groups = group_by_aperture(infos)
        if self.choice is not None:
            # It is deleted later, when no click is on its way to it any more.
            self.choice.hide()
            self.choice.deleteLater()
            self.choice = None
        # One aperture leaves nothing to choose.
        self.setVisible(len(groups) > 1)
        if len(groups) < 2:
            return
        tip = self.tr("Use only the photos taken at this aperture")
        of_aperture, of_unknown = self.tr("f/{f:g} ({n})"), self.tr("unknown ({n})")
        items = []
        for f, photos in groups.items():
            words = (of_aperture if f else of_unknown).format(f=f, n=len(photos))
            items.append((UNKNOWN if f is None else f"{f:g}", words, tip))
        self.choice = Choice(items)
        self.choice.chosen.connect(self._choose)
        self.choice.mark(self._name_of(aperture, list(groups)))
        self._row.addWidget(self.choice)

    def takes(self, info: PhotoInfo, aperture: float) -> bool:
        """Whether a photo belongs to what is chosen."""
        # A photo that does not tell its aperture takes the one that is typed in.
        if self.choice is None or not aperture or info.aperture is None:
            return True
        return agree(info.aperture, aperture, APERTURE_TOLERANCE)

    def _name_of(self, aperture: float, apertures: Sequence[float | None]) -> str | None:
        """The button of an aperture."""
        for offered in apertures:
            if offered and aperture and agree(offered, aperture, APERTURE_TOLERANCE):
                return f"{offered:g}"
        return None

    def _choose(self, name: str) -> None:
        if name != UNKNOWN:
            self.aperture_chosen.emit(float(name))
