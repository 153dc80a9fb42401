"""A slider over the apertures that a profile knows or predicts."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSlider, QWidget

from lenscal.files.psf.profile import Profile
from lenscal.gui.translate import in_this_language
from lenscal.gui.widgets.elements import Label, muted, tip_text, without_margins
from lenscal.jobs.window.apertures import ApertureKernels
from lenscal.lens.coverage import Group, groups_of
from lenscal.raw.lens_setting import f_number

STOPS_PER_STEP = 1 / 3
SLIDER_PX = 220


class ApertureBar(QWidget):
    """Hidden where a profile predicts nothing."""

    aperture_chosen = Signal(float)
    """f-number, by the user."""
    photographed_chosen = Signal()
    """The profile's own kernels."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._profile: Profile | None = None
        self.f_numbers: tuple[float, ...] = ()
        """One for each place of the slider."""
        label = Label(self.tr("Aperture"))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setFixedWidth(SLIDER_PX)
        self.slider.setPageStep(3)
        self.slider.setTickPosition(QSlider.TickPosition.TicksBelow)
        self.slider.setTickInterval(3)
        self.slider.setAccessibleName(self.tr("Aperture"))
        self.slider.setToolTip(
            self.tr(
                "Stop the lens down: kernels that were not photographed are predicted ([ and ])"
            )
        )
        label.setBuddy(self.slider)
        self.value = Label()
        self.words = muted(wrapped=False)
        row = QHBoxLayout(self)
        without_margins(row, spacing_px=10)
        for widget in (label, self.slider, self.value, self.words):
            row.addWidget(widget)
        row.addStretch(1)
        self.slider.valueChanged.connect(self._moved)
        self.hide()

    def offer(self, profile: Profile | None) -> None:
        """The apertures of a profile, its own first."""
        self._profile = profile
        group = None if profile is None else _group_of(profile)
        reach = None if group is None else group.range
        own = profile.aperture_degraded if profile is not None else None
        with QSignalBlocker(self.slider):
            self.f_numbers = () if reach is None or own is None else _steps(own, reach.narrowest)
            self.slider.setRange(0, max(len(self.f_numbers) - 1, 0))
            self.slider.setValue(0)
        self.setVisible(len(self.f_numbers) > 1)
        self.show_photographed()

    @property
    def f_number(self) -> float | None:
        """Where the slider stands; None where nothing is offered."""
        return self.f_numbers[self.slider.value()] if self.f_numbers else None

    def step(self, by: int) -> None:
        """Stop down, or open, by a third of a stop."""
        if self.isVisible():
            self.slider.setValue(self.slider.value() + by)

    def show_photographed(self) -> None:
        """The kernels that are shown were photographed."""
        self.value.setText(f_number(self.f_number) if self.f_numbers else "")
        self._say(self.tr("photographed"))

    def show_kernels(self, kernels: ApertureKernels) -> None:
        """What is known of the kernels that are shown."""
        prediction = kernels.prediction
        if prediction is None:
            self.show_photographed()
            return
        words = self.tr("predicted from {sources}; expected error {error}")
        sources = ", ".join(in_this_language(source) for source in prediction.sources)
        self._say(words.format(sources=sources, error=f"{prediction.expected_error:.0%}"))

    def show_working(self, working: bool) -> None:
        """Kernels are being looked for."""
        if working:
            self._say(self.tr("stopping down…"))

    def show_problem(self, problem: str) -> None:
        """Why there are none."""
        self._say(problem)

    def _say(self, text: str) -> None:
        self.words.setText(text)
        self.words.setToolTip(tip_text(text))

    def _moved(self) -> None:
        chosen = self.f_number
        if chosen is None:
            return
        self.value.setText(f_number(chosen))
        if self.slider.value() == 0:
            self.photographed_chosen.emit()
        else:
            self.aperture_chosen.emit(chosen)


def _group_of(profile: Profile) -> Group:
    """The calibrations that belong to the profile's first one."""
    groups = groups_of(profile)
    return next((g for g in groups if profile in g.members), groups[0])


def _steps(widest: float, narrowest: float) -> tuple[float, ...]:
    """f-numbers a third of a stop apart."""
    values, number = [widest], 1
    while (value := widest * 2 ** (number * STOPS_PER_STEP / 2)) <= narrowest * 1.02:
        values.append(value)
        number += 1
    return tuple(values)
