"""How photos are brightened to be looked at: below the correction, which does not depend on it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSlider, QVBoxLayout, QWidget

from lenscal.files.photos.export_settings import EXPOSURE_LIMITS_EV, Look, Tone
from lenscal.gui.widgets.choice import Choice
from lenscal.gui.widgets.elements import Label, section, tip_text, with_tip, without_margins

STEPS = 6
"""Of the slider, in one EV: finer ones are not seen."""


class LookBox(QWidget):
    """Exposure and tone curve, and a button that finds an exposure."""

    changed = Signal(object)
    """Look."""
    auto_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make_parts()
        head = QHBoxLayout()
        head.addWidget(section(self.tr("Viewing")), 1)
        head.addWidget(self.auto)
        name = QHBoxLayout()
        name.addWidget(Label(self.tr("Exposure")))
        name.addWidget(self._number)
        column = QVBoxLayout(self)
        without_margins(column, spacing_px=2)
        column.addLayout(head)
        column.addLayout(name)
        column.addWidget(self.slider)
        column.addWidget(self.tone)

    def _make_parts(self) -> None:
        self.slider = QSlider(Qt.Orientation.Horizontal)
        low, high = (round(ev * STEPS) for ev in EXPOSURE_LIMITS_EV)
        self.slider.setRange(low, high)
        self.slider.setPageStep(STEPS)
        self.slider.setAccessibleName(self.tr("Exposure for viewing"))
        self.slider.setToolTip(
            self.tr("Brightens what is shown, before and after alike; the correction is unchanged")
        )
        self._number = Label(alignment=Qt.AlignmentFlag.AlignRight)
        self.auto = with_tip(
            QPushButton(self.tr("Auto")), self.tr("Find an exposure for the visible part")
        )
        self.auto.setProperty("choice", True)
        self.auto.clicked.connect(self.auto_clicked)
        film_tip = self.tr("More contrast; brightened highlights are compressed, not clipped")
        self.tone = Choice(
            (
                (Tone.LINEAR, self.tr("Linear"), self.tr("No tone curve: light as it was")),
                (Tone.FILM, self.tr("Film-like"), film_tip),
            )
        )
        self._show_number(0)
        self.slider.valueChanged.connect(self._show_number)
        self.slider.valueChanged.connect(lambda _: self.changed.emit(self.look))
        self.tone.chosen.connect(lambda _: self.changed.emit(self.look))

    @property
    def look(self) -> Look:
        """What is chosen."""
        return Look(self.slider.value() / STEPS, Tone(self.tone.value))

    def show_look(self, look: Look) -> None:
        """Choose a look without `changed`."""
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(look.exposure_ev * STEPS))
        self._show_number(self.slider.value())
        self.tone.mark(look.tone)

    def change_exposure(self, steps: int) -> None:
        """Brighter or darker by steps, as if the slider were moved."""
        self.slider.setValue(self.slider.value() + steps)

    def _show_number(self, steps: int) -> None:
        self._number.setText(self.tr("{ev:+.1f} EV").format(ev=steps / STEPS))
        self._number.setToolTip(tip_text(self.tr("0: as the camera exposed it")))
