"""A share that is chosen with a slider."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider, QVBoxLayout, QWidget

from lenscal.gui.widgets.elements import Label, tip_text, without_margins


class PercentSlider(QWidget):
    """A share 0..1 with its name and its number."""

    changed = Signal(float)

    def __init__(self, name: str, value: float, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        # Whole percents: finer steps cannot be seen.
        self.slider.setRange(0, 100)
        self.slider.setToolTip(tip_text(tip))
        self.slider.setAccessibleName(name)
        self._number = Label(alignment=Qt.AlignmentFlag.AlignRight)
        heading = QHBoxLayout()
        heading.addWidget(Label(name))
        heading.addWidget(self._number)
        layout = QVBoxLayout(self)
        without_margins(layout, spacing_px=2)
        layout.addLayout(heading)
        layout.addWidget(self.slider)
        self.set_value(value)
        # Only now, as the first value is no change.
        self.slider.valueChanged.connect(self._show_number)
        self.slider.valueChanged.connect(lambda percent: self.changed.emit(percent / 100))

    @property
    def value(self) -> float:
        """The share, 0..1."""
        return self.slider.value() / 100

    def set_value(self, value: float) -> None:
        """Choose a share without `changed`."""
        with QSignalBlocker(self.slider):
            self.slider.setValue(round(value * 100))
        self._show_number(self.slider.value())

    def _show_number(self, percent: int) -> None:
        self._number.setText(self.tr("{n} %").format(n=percent))
