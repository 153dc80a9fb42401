"""What is typed in where the photos do not tell it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QLineEdit, QWidget

from lenscal.gui.widgets.choice_box import ChoiceBox
from lenscal.gui.widgets.elements import Form, without_margins
from lenscal.raw.pictures.kinds import Light
from lenscal.session import Source

FIELDS_PX = 560
"""Most width: labels stay beside their fields on a wide screen."""


class SourceFields(QWidget):
    """Aperture, focal length and lens; 0 and nothing: as the photos say. Of pictures, what their
    values mean."""

    edited = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMaximumWidth(FIELDS_PX)
        self.aperture = QDoubleSpinBox(
            minimum=0, maximum=64, singleStep=0.1, decimals=1, prefix=self.tr("f/")
        )
        self.aperture.setToolTip(
            self.tr("For a lens that does not record its aperture, or to pick one of several")
        )
        self.focal = QDoubleSpinBox(minimum=0, maximum=3000, decimals=1, suffix=self.tr(" mm"))
        self.focal.setToolTip(self.tr("For a lens that does not record its focal length"))
        self.lens = QLineEdit(placeholderText=self.tr("from the photos"))
        self.lens.setToolTip(
            self.tr("For a lens that does not record its name; as listed by lensfun")
        )
        for box in (self.aperture, self.focal):
            box.setSpecialValueText(self.tr("from the photos"))
            box.valueChanged.connect(lambda _: self.edited.emit())
        # A name that is half typed in is no lens.
        self.lens.editingFinished.connect(self.edited)
        self.light = ChoiceBox(
            {
                Light.LINEAR: self.tr("decoded to linear light"),
                Light.STORED: self.tr("taken as they are stored"),
            },
            self.tr(
                "Lenses blur light, so a picture’s tone curve is undone by its colour profile, or "
                "as sRGB’s. Take values as they are where they are linear already, or to repeat a "
                "paper’s tests"
            ),
        )
        self.light.currentIndexChanged.connect(lambda _: self.edited.emit())
        self._lay_out()
        self.show_light(pictures=False)

    def _lay_out(self) -> None:
        self._fields = fields = Form(self)
        without_margins(fields)
        fields.add(self.tr("Aperture"), self.aperture)
        fields.add(self.tr("Focal length"), self.focal)
        fields.add(self.tr("Lens"), self.lens)
        fields.add(self.tr("Values"), self.light)

    def show_light(self, *, pictures: bool) -> None:
        """Ask what values mean, where the set has pictures; RAW files tell."""
        self._fields.setRowVisible(self.light, pictures)

    def source(self, paths: tuple[Path, ...]) -> Source:
        """The photos of these paths with what is typed in."""
        return Source(
            paths,
            self.aperture.value() or None,
            self.lens.text().strip() or None,
            self.focal.value() or None,
            self.light.value,
        )

    def show_source(self, source: Source) -> None:
        """Fill in what is known, without `edited`."""
        # The form's own signal alone: its fields need theirs to draw themselves.
        self.blockSignals(True)
        self.aperture.setValue(source.aperture or 0)
        self.focal.setValue(source.focal_mm or 0)
        self.lens.setText(source.lens or "")
        self.light.choose(source.light)
        self.blockSignals(False)

    def clear_aperture(self) -> None:
        """Take the photos' own, without `edited`."""
        self.blockSignals(True)
        self.aperture.setValue(0)
        self.blockSignals(False)
