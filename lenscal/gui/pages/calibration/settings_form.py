"""What the user decides about a calibration, within the limits that its settings declare."""

from __future__ import annotations

from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox, QWidget

from lenscal.calibration.settings import (
    DEFAULTS,
    GRID_SIDES,
    KERNEL_PX,
    KERNEL_SIZES_PX,
    CalibrationSettings,
    Quality,
    Stages,
)
from lenscal.gui.widgets.choice_box import ChoiceBox
from lenscal.gui.widgets.device_names import device_names, grey_missing
from lenscal.gui.widgets.elements import Form, Label, in_a_row, tip_text, with_tip, without_margins

MOST_MINUTES = 10_000
"""A week: a limit beyond it is none."""
MOST_SEED = 2**31 - 1
"""What a spin box can hold."""


class KernelSizeBox(QSpinBox):
    """One of the declared kernel sizes, or automatic, which stands one step below the smallest."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        step = KERNEL_SIZES_PX.step
        self.setRange(KERNEL_SIZES_PX[0] - step, KERNEL_SIZES_PX[-1])
        self.setSingleStep(step)
        self.setSuffix(self.tr(" px"))
        self.setSpecialValueText(self.tr("automatic"))
        self.setToolTip(
            tip_text(
                self.tr(
                    "Side of one kernel, an odd number. Automatic: {n} px, "
                    "more where the blur is wider"
                ).format(n=KERNEL_PX)
            )
        )
        self.editingFinished.connect(self._make_odd)

    @property
    def size_px(self) -> int | None:
        """The chosen size; None: automatic."""
        return None if self.value() == self.minimum() else self._odd

    def show_size(self, size_px: int | None) -> None:
        """Choose a size; None: automatic."""
        self.setValue(size_px or self.minimum())

    @property
    def _odd(self) -> int:
        # The next odd number up: a kernel has a middle pixel.
        return self.value() | 1

    def _make_odd(self) -> None:
        # Arrows keep to the steps, but any number can be typed.
        self.setValue(self._odd)


class SettingsForm(QWidget):
    """One field a setting."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._make_choices()
        self._make_numbers()
        fields = Form(self)
        without_margins(fields)
        fields.add(self.tr("Quality"), self.quality)
        fields.add(self.tr("Device"), self.device)
        fields.add(self.tr("Method"), self.stages)
        grid = in_a_row(self.rows, Label(self.tr("×")), self.columns)
        fields.add(self.tr("Grid"), grid, self.rows)
        fields.add(self.tr("Kernel"), self.kernel_size)
        fields.add(self.tr("Time limit"), self.minutes)
        fields.add(self.tr("Seed"), self.seed)
        self.inputs: tuple[QWidget, ...] = (
            self.quality,
            self.device,
            self.stages,
            self.rows,
            self.columns,
            self.kernel_size,
            self.minutes,
            self.seed,
        )
        """All fields, in the order of the keyboard."""
        # Qt's own starting values are the lowest ones.
        self.show_settings(DEFAULTS)

    def _make_choices(self) -> None:
        # No choice is left out: one that a project or a profile brings along has to be shown.
        self.quality = ChoiceBox(
            {
                Quality.QUICK: self.tr("Quick – minutes"),
                Quality.STANDARD: self.tr("Standard"),
                Quality.FULL: self.tr("Full – best"),
            },
            self.tr("How long to train: quick for a first look, full for the best result"),
        )
        self.device = ChoiceBox(
            device_names(),
            self.tr("The device to compute on; automatic uses a graphics card if there is one"),
        )
        grey_missing(self.device)
        self.stages = ChoiceBox(
            {
                Stages.AUTO: self.tr("Automatic (recommended)"),
                Stages.G: self.tr("Spectra only"),
                Stages.GT: self.tr("Spectra and third order"),
                Stages.P: self.tr("Pairs of the same scene"),
                Stages.FM: self.tr("Flow matching (Meanti et al. 2025)"),
                Stages.GTFM: self.tr("Flow matching begun from spectra"),
                Stages.ALL: self.tr("All of them"),
            },
            self.tr("How the kernels are learnt; if in doubt, leave it on automatic"),
        )

    def _make_numbers(self) -> None:
        self.rows, self.columns = (
            QSpinBox(minimum=GRID_SIDES[0], maximum=GRID_SIDES[-1]) for _ in range(2)
        )
        self.rows.setToolTip(self.tr("Kernels from top to bottom"))
        self.columns.setToolTip(self.tr("Kernels from left to right"))
        self.kernel_size = KernelSizeBox()
        self.minutes = QDoubleSpinBox(
            minimum=0, maximum=MOST_MINUTES, decimals=0, suffix=self.tr(" min")
        )
        # 0 is what the settings call None.
        self.minutes.setSpecialValueText(self.tr("none"))
        self.minutes.setToolTip(self.tr("Stop after this time and keep what was learnt"))
        self.seed = with_tip(
            QSpinBox(minimum=0, maximum=MOST_SEED),
            self.tr("The same seed gives the same result"),
        )

    @property
    def settings(self) -> CalibrationSettings:
        """What is chosen."""
        return CalibrationSettings(
            quality=self.quality.value,
            device=self.device.value,
            grid=(self.rows.value(), self.columns.value()),
            kernel_size=self.kernel_size.size_px,
            seed=self.seed.value(),
            # The box says "no limit" at 0.
            max_minutes=self.minutes.value() or None,
            stages=self.stages.value,
        )

    def set_busy(self, busy: bool) -> None:
        """Settings of a running calibration cannot be changed."""
        for field in self.inputs:
            field.setEnabled(not busy)

    def show_settings(self, settings: CalibrationSettings) -> None:
        """Choose what the settings say."""
        self.quality.choose(settings.quality)
        self.device.choose(settings.device)
        self.stages.choose(settings.stages)
        rows, columns = settings.grid
        self.rows.setValue(rows)
        self.columns.setValue(columns)
        self.kernel_size.show_size(settings.kernel_size)
        self.minutes.setValue(settings.max_minutes or 0)
        self.seed.setValue(settings.seed)
