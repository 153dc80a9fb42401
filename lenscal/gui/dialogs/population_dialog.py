"""Learn how blur differs from photo to photo: two folders, time, and a live sheet of samples."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lenscal.calibration.settings import Quality
from lenscal.files.population.description import KERNEL_SIZES_PX, POPULATION_SUFFIX
from lenscal.gui import theme
from lenscal.gui.background.worker import Progress
from lenscal.gui.last_folder import last_folder
from lenscal.gui.translate import in_this_language
from lenscal.gui.widgets.elements import Form, Label, in_a_row, muted, primary
from lenscal.gui.widgets.file_dialogs import ask_for_folder
from lenscal.gui.widgets.kernels import KernelMosaic
from lenscal.population.settings import KERNEL_PX, PopulationSettings

MOST_MINUTES, MINUTES = 60 * 24 * 7, 60
STEPS = 1000
"""Of the progress bar."""


class PopulationDialog(QDialog):
    """Asks for photos, starts, and shows samples while it learns."""

    start_wanted = Signal(object, object, object, object)
    """Folders of sharp and of blurred photos, where to write, PopulationSettings."""
    stop_wanted = Signal()

    def __init__(self, device: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Learn how photos shake"))
        self._device, self._busy = device, False
        self.sharp, sharp = self._path_row(self.tr("Sharp photos"), self._choose_sharp)
        self.blurred, blurred = self._path_row(self.tr("Blurred photos"), self._choose_blurred)
        self.out, out = self._path_row(self.tr("Save as"), self._choose_out)
        self.kernel_size = QSpinBox(
            self, minimum=KERNEL_SIZES_PX[0], maximum=KERNEL_SIZES_PX[-1], value=KERNEL_PX
        )
        self.kernel_size.setToolTip(self.tr("Wider than the widest blur; wider ones take longer"))
        self.minutes = QSpinBox(self, minimum=1, maximum=MOST_MINUTES, value=MINUTES)
        self.minutes.setToolTip(self.tr("“Stop and keep” ends it earlier"))
        self._fields = Form()
        self._fields.add(self.tr("Sharp photos"), sharp, self.sharp)
        self._fields.add(self.tr("Blurred photos"), blurred, self.blurred)
        self._fields.add(self.tr("Save as"), out, self.out)
        self._fields.add(self.tr("Kernel size, px"), self.kernel_size)
        self._fields.add(self.tr("Minutes at most"), self.minutes)
        self._make_buttons()
        self._lay_out()
        self._enable()

    def sizeHint(self) -> QSize:
        """Room for the samples below the fields."""
        return QSize(680, 640)

    @property
    def settings(self) -> PopulationSettings:
        """What is chosen."""
        return PopulationSettings(
            quality=Quality.STANDARD,
            kernel_size=self.kernel_size.value(),
            max_minutes=float(self.minutes.value()),
            device=self._device,
        )

    def show_busy(self, busy: bool) -> None:
        """It learns, or has ended."""
        self._busy = busy
        self.progress.setVisible(busy)
        self.stop_button.setVisible(busy)
        self.progress.setValue(0)
        self._enable()

    def show_progress(self, progress: Progress) -> None:
        """How far it is, and samples of what is learnt so far."""
        if not self._busy:
            return
        report = progress.report
        self.progress.setValue(round(STEPS * (report.fraction or 0)))
        self.state.setText(in_this_language(report.message))
        if report.kernels is not None:
            self.sheet.show_kernels(report.kernels)
            self.sheet.show()

    def say(self, text: str) -> None:
        """Say how it ended."""
        self.state.setText(text)

    def _path_row(self, name: str, choose: object) -> tuple[QLineEdit, QWidget]:
        field = QLineEdit(self)
        field.setAccessibleName(name)
        field.textChanged.connect(self._enable)
        button = QPushButton(theme.icon("folder", size=16), self.tr("Choose…"), self)
        button.setAccessibleName(f"{self.tr('Choose…')} {name}")
        button.clicked.connect(choose)
        return field, in_a_row(field, button)

    def _make_buttons(self) -> None:
        self.sheet = KernelMosaic(self, selectable=False, empty=self.tr("No samples yet"))
        self.sheet.setAccessibleName(self.tr("Samples"))
        self.sheet.hide()
        self.progress = QProgressBar(self, textVisible=False, maximum=STEPS)
        self.progress.setAccessibleName(self.tr("Progress"))
        self.progress.hide()
        self.state = muted()
        self.start_button = primary(self.tr("&Learn"), "play")
        self.start_button.clicked.connect(self._start)
        self.stop_button = QPushButton(self.tr("&Stop and keep"), self)
        self.stop_button.clicked.connect(self.stop_wanted)
        self.stop_button.hide()
        self.close_button = QPushButton(self.tr("C&lose"), self)
        self.close_button.setToolTip(self.tr("What runs goes on"))
        self.close_button.clicked.connect(self.reject)

    def _lay_out(self) -> None:
        text = self.tr(
            "Two folders of any scenes: sharp photos, and photos that are each blurred in a way of "
            "their own, by a hand, by focus or by air. lenscal learns what these blurs are like. "
            "Hundreds of photos are best. A single blurred photo can then be restored."
        )
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.start_button, self.stop_button, self.close_button):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.addWidget(Label(text, wordWrap=True))
        layout.addLayout(self._fields)
        layout.addWidget(self.sheet, 1)
        layout.addWidget(self.progress)
        layout.addWidget(self.state)
        layout.addStretch(0)
        layout.addLayout(buttons)

    def _enable(self) -> None:
        fields = (self.sharp, self.blurred, self.out)
        filled = all(field.text().strip() for field in fields)
        if hasattr(self, "start_button"):
            self.start_button.setEnabled(filled and not self._busy)

    def _start(self) -> None:
        sharp, blurred, out = (
            Path(field.text().strip()).expanduser()
            for field in (self.sharp, self.blurred, self.out)
        )
        if out.suffix.lower() != POPULATION_SUFFIX:
            out = out.with_name(f"{out.name}{POPULATION_SUFFIX}")
        self.start_wanted.emit(sharp, blurred, out, self.settings)

    def _choose_sharp(self) -> None:
        self._choose_folder(self.sharp, self.tr("Sharp photos"))

    def _choose_blurred(self) -> None:
        self._choose_folder(self.blurred, self.tr("Blurred photos"))

    def _choose_folder(self, field: QLineEdit, title: str) -> None:
        folder = ask_for_folder(self, title)
        if folder is not None:
            field.setText(str(folder))

    def _choose_out(self) -> None:
        kinds = self.tr("Populations of blurs (*.lenspop)")
        start = str(Path(last_folder()) / f"rig{POPULATION_SUFFIX}")
        name, _ = QFileDialog.getSaveFileName(self, self.tr("Save as"), start, kinds)
        if name:
            self.out.setText(name)
