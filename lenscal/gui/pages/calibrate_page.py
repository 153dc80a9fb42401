"""Step 3: learn the kernel grid, and watch it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QT_TR_NOOP, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lenscal.calibrate.result import Calibration
from lenscal.calibrate.settings import KERNEL_PX, CalibrationSettings, Quality, Stages
from lenscal.files import field_csv
from lenscal.gui import theme
from lenscal.gui.background.worker import Progress
from lenscal.gui.dialogs.preferences_dialog import DEVICES
from lenscal.gui.pages.page import Page, card, form, muted, primary, scrolled, section, with_tip
from lenscal.gui.translate import in_the_windows_words, in_this_language
from lenscal.gui.widgets.curves import Curves
from lenscal.gui.widgets.kernels import KernelMosaic
from lenscal.gui.widgets.save_button import SaveButton
from lenscal.jobs.window.calibration import DEVICE
from lenscal.optics.kernel_pictures import resized
from lenscal.optics.psf_grid import PsfGrid
from lenscal.session import Session, Step, Unfinished, lacks

UNSEEN = "re-blur "
"""Curves whose name begins so are distances to photos that were kept out."""

QUALITIES = {
    Quality.QUICK: QT_TR_NOOP("Quick – minutes"),
    Quality.STANDARD: QT_TR_NOOP("Standard"),
    Quality.FULL: QT_TR_NOOP("Full – as good as it gets"),
}
STAGES = {
    Stages.AUTO: QT_TR_NOOP("Chosen by the photos"),
    Stages.G: QT_TR_NOOP("Spectra only"),
    Stages.GT: QT_TR_NOOP("Spectra and third order"),
    Stages.P: QT_TR_NOOP("Pairs of the same scene"),
    Stages.ALL: QT_TR_NOOP("All that apply"),
}
ENDINGS = {
    "done": QT_TR_NOOP("Calibrated"),
    "stopped": QT_TR_NOOP("Stopped early and kept"),
    "time": QT_TR_NOOP("Kept when the time was up"),
}


class CalibratePage(Page):
    calibrate_clicked = Signal()
    continue_clicked = Signal()
    settings_changed = Signal(object)
    next_clicked = Signal()
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_title(
            self.tr("Calibrate"),
            self.tr("Learn how the lens blurs at every place of the picture and in every colour."),
        )
        self.quality = with_tip(
            QComboBox(), self.tr("How long to train: quick for a look, full for a result to keep")
        )
        self.device = with_tip(
            QComboBox(), self.tr("What computes; automatic takes a graphics card if there is one")
        )
        self.stages = with_tip(
            QComboBox(), self.tr("Which ways of learning are used; if in doubt, leave it")
        )
        for box, items in (
            (self.quality, QUALITIES),
            (self.device, DEVICES),
            (self.stages, STAGES),
        ):
            for value, text in items.items():
                box.addItem(self.tr(str(text)), value)
        self.grid = with_tip(
            QSpinBox(minimum=2, maximum=16, value=8), self.tr("Kernels along each side")
        )
        self.kernel_size = QSpinBox(minimum=3, maximum=41, singleStep=2, value=3, suffix=" px")
        self.kernel_size.setSpecialValueText(self.tr("automatic"))
        self.kernel_size.setToolTip(
            self.tr(
                "Side of one kernel, an odd number. Automatic: 13 px, more where the blur is wider"
            )
        )
        self.minutes = QDoubleSpinBox(minimum=0, maximum=10000, decimals=0, suffix=" min")
        self.minutes.setSpecialValueText(self.tr("no limit"))
        self.minutes.setToolTip(self.tr("Keep what was learnt when this time is up"))
        self.seed = with_tip(
            QSpinBox(minimum=0, maximum=2**31 - 1), self.tr("The same seed gives the same result")
        )
        self._inputs = (
            self.quality,
            self.device,
            self.stages,
            self.grid,
            self.kernel_size,
            self.minutes,
            self.seed,
        )
        self.button = primary(self.tr("&Calibrate"), "play")
        self.button.setToolTip(
            self.tr("Begin; it can be stopped at any time and keeps what it has learnt")
        )
        self.button.clicked.connect(self._start)
        self.continue_about = muted()
        self.continue_button = QPushButton(theme.icon("play", size=16), self.tr("C&ontinue"))
        self.continue_button.setToolTip(
            self.tr("Go on where the calibration of these photos was interrupted")
        )
        self.continue_button.clicked.connect(self._continue)
        self.stage = section("")
        self.stage.setWordWrap(True)
        self.device_notice = muted()
        self.device_notice.hide()
        self.result = muted()
        self.lack = muted()
        self.next_button = primary(self.tr("&Inspect the result"))
        self.next_button.clicked.connect(self.next_clicked)
        self.next_button.hide()
        self.save_button = SaveButton()
        self.save_button.problem.connect(self.problem)
        self.save_button.add(self.tr("The &kernels…"), "kernels", self.save_kernels)
        self.save_button.add(
            self.tr("The &losses…"), "losses", lambda path: self.save_curves(path, self.curves)
        )
        self.save_button.add(
            self.tr("The &distance to unseen photos…"),
            "unseen",
            lambda path: self.save_curves(path, self.unseen),
        )
        self.add_action(self.save_button)

        fields = form()
        for label, field in zip(
            (
                self.tr("Quality"),
                self.tr("Device"),
                self.tr("Method"),
                self.tr("Grid"),
                self.tr("Kernel"),
                self.tr("At most"),
                self.tr("Seed"),
            ),
            self._inputs,
            strict=True,
        ):
            fields.add(label, field)
        panel, column = card()
        panel.setFixedWidth(310)
        column.addWidget(section(self.tr("Settings")))
        column.addLayout(fields)
        column.addWidget(self.button)
        column.addWidget(self.lack)
        column.addWidget(self.continue_about)
        column.addWidget(self.continue_button)
        column.addSpacing(6)
        told = QWidget()
        words = QVBoxLayout(told)
        words.setContentsMargins(0, 0, 6, 0)
        for widget in (self.stage, self.device_notice, self.result):
            words.addWidget(widget)
        words.addStretch()
        column.addWidget(scrolled(told, self.tr("What the calibration says")), 1)
        column.addWidget(self.next_button)

        self.mosaic = KernelMosaic(selectable=False)
        self.mosaic.setMinimumSize(300, 260)
        self.truth = KernelMosaic(selectable=False)
        self.truth.setMinimumSize(260, 260)
        self.truth.setAccessibleName(self.tr("True kernels of the virtual lens"))
        self.truth_title = section(self.tr("Truth: what the virtual lens does"))
        self.kernels_title = section(self.tr("Kernels"))
        self.curves = Curves(x_label=self.tr("step"), y_label=self.tr("loss"))
        self.unseen = Curves(x_label=self.tr("look"), y_label=self.tr("distance"), dots=True)
        self.unseen.setToolTip(
            self.tr(
                "How far the re-blurred sharp photos are from unseen degraded ones; the floor is the least"
            )
        )
        kernels = QGridLayout()
        kernels.setSpacing(6)
        kernels.setRowStretch(1, 1)
        for column_number, (title, mosaic) in enumerate(
            ((self.kernels_title, self.mosaic), (self.truth_title, self.truth))
        ):
            kernels.addWidget(title, 0, column_number)
            kernels.addWidget(mosaic, 1, column_number)
        plots = QGridLayout()
        plots.setSpacing(6)
        plots.setRowStretch(1, 1)
        for column_number, (words_above, plot) in enumerate(
            (
                (self.tr("Losses"), self.curves),
                (self.tr("Distance to unseen photos"), self.unseen),
            )
        ):
            plot.setMinimumHeight(130)
            heading = section(words_above)
            heading.setMinimumWidth(1)
            plots.addWidget(heading, 0, column_number)
            plots.addWidget(plot, 1, column_number)
            plots.setColumnStretch(column_number, 1)
        live = QVBoxLayout()
        live.setSpacing(10)
        live.addLayout(kernels, 5)
        live.addLayout(plots, 3)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addWidget(panel)
        row.addLayout(live, 1)
        self.body.addLayout(row, 1)
        self._busy = self._ready = False
        self._shown: Calibration | None = None
        self._problem = ""
        """How the last calibration ended, where it has no result."""
        self._truth: PsfGrid | None = None
        self._settings: CalibrationSettings | None = None

    @property
    def settings(self) -> CalibrationSettings:
        size = self.kernel_size.value()
        return CalibrationSettings(
            quality=Quality(self.quality.currentData()),
            device=self.device.currentData(),
            grid=(self.grid.value(), self.grid.value()),
            kernel_size=None if size == self.kernel_size.minimum() else size | 1,
            seed=self.seed.value(),
            max_minutes=self.minutes.value() or None,
            stages=Stages(self.stages.currentData()),
        )

    def show_settings(self, settings: CalibrationSettings) -> None:
        self.quality.setCurrentIndex(self.quality.findData(settings.quality))
        self.device.setCurrentIndex(self.device.findData(settings.device))
        self.stages.setCurrentIndex(max(self.stages.findData(settings.stages), 0))
        self.grid.setValue(settings.grid[0])
        self.kernel_size.setValue(settings.kernel_size or self.kernel_size.minimum())
        self.minutes.setValue(settings.max_minutes or 0)
        self.seed.setValue(settings.seed)

    def begin(self) -> None:
        """A calibration starts: forget the last one's curves."""
        for curves in (self.curves, self.unseen):
            curves.clear()
            curves.say(self.tr("Drawn while it calibrates"))
        self.device_notice.hide()
        self.mosaic.show_kernels(None)
        self.result.clear()
        self._shown, self._problem = None, ""
        self.next_button.hide()

    def show_progress(self, progress: Progress) -> None:
        if progress.report.stage == DEVICE:
            self._show_device(progress.report.message)
            return
        self.stage.setText(in_this_language(progress.report.message))
        if progress.points:
            self.curves.add_points([p for p in progress.points if not p[0].startswith(UNSEEN)])
            self.unseen.add_points(
                [
                    (name.removeprefix(UNSEEN), x, y)
                    for name, x, y in progress.points
                    if name.startswith(UNSEEN)
                ]
            )
        if progress.report.kernels is not None:
            if self._truth is not None and self.truth.kernels is not None:
                size = progress.report.kernels.shape[-1]
                if self.truth.kernels.shape[-1] != min(size, self._truth.kernel_size):
                    self._show_truth(size)
            self.mosaic.show_kernels(progress.report.kernels)
            self.save_button.setEnabled(True)

    def save_kernels(self, path: Path) -> None:
        """The kernel grid as it is now, as PNG, SVG or CSV by the suffix."""
        kernels = self.mosaic.kernels
        if kernels is not None:
            self.save_button.save(path, self.mosaic, lambda: field_csv.write_kernels(path, kernels))

    def save_curves(self, path: Path, curves: Curves) -> None:
        """Curves as PNG, SVG or CSV by the suffix."""
        self.save_button.save(
            path,
            curves,
            lambda: field_csv.write_points(
                path, {name: curves.points(name) for name in curves.names}
            ),
        )

    def show_problem(self, text: str) -> None:
        self._problem = text
        self.stage.setText(text)

    def show_session(self, session: Session) -> None:
        lack = lacks(session)[Step.CALIBRATE]
        self._ready = lack is None
        self._show_unfinished(session.unfinished if self._ready else None)
        self.truth.setVisible(session.truth is not None)
        self.truth_title.setVisible(session.truth is not None)
        self.kernels_title.setText(
            self.tr("Estimate") if session.truth is not None else self.tr("Kernels")
        )
        if session.truth is not self._truth:
            self._truth = session.truth
            self._show_truth(session.settings.kernel_size or KERNEL_PX)
        self.lack.setText(self.tr(lack.value) if lack else "")
        self.lack.setVisible(lack is not None)
        self.next_button.setVisible(session.psf is not None and not self._busy)
        if session.settings is not self._settings:
            self._settings = session.settings
            self.show_settings(session.settings)
        calibration = session.calibration
        if calibration is not None and calibration is not self._shown:
            self._shown = calibration
            for curves in (self.curves, self.unseen):
                if self._problem:
                    curves.clear()
                    curves.say(self.tr("Gone: the last calibration has left no result"))
                else:
                    curves.say(self.tr("None in this calibration: it went without training"))
            self.mosaic.show_kernels(calibration.psf.kernels)
            self.stage.setText(
                self._problem
                or self.tr(str(ENDINGS.get(calibration.finished, calibration.finished)))
            )
            before = (
                [self.tr("What is shown is the calibration before it.")] if self._problem else []
            )
            self.result.setText("\n\n".join([*before, self._summary(calibration)]))
        self._enable()

    def _show_truth(self, size: int) -> None:
        """The middle of the true kernels, as large as those that are learnt."""
        if self._truth is None:
            self.truth.show_kernels(None)
        else:
            self.truth.show_kernels(
                resized(self._truth.kernels, min(size, self._truth.kernel_size))
            )

    def _show_unfinished(self, found: Unfinished | None) -> None:
        for widget in (self.continue_about, self.continue_button):
            widget.setVisible(found is not None)
        if found is not None:
            words = self.tr(
                "A calibration of these photos ({quality}) did not end; {time} of its work are kept."
            )
            quality = self.tr(str(QUALITIES[found.settings.quality]))
            minutes, seconds = self.tr("{n:.0f} min"), self.tr("{n:.0f} s")
            time = (
                minutes.format(n=found.seconds / 60)
                if found.seconds >= 90
                else seconds.format(n=found.seconds)
            )
            self.continue_about.setText(words.format(quality=quality, time=time))

    def _show_device(self, kind: str) -> None:
        name = self.tr(str(DEVICES.get(kind, kind)))
        text = self.tr("Computing on: {device}.").format(device=name)
        if kind == "cpu" and self.device.currentData() == "auto":
            text += " " + self.tr(
                "No graphics card was found that can help: it takes longer this way."
            )
        self.device_notice.setText(text)
        self.device_notice.show()

    def _continue(self) -> None:
        self.settings_changed.emit(self.settings)
        self.continue_clicked.emit()

    def set_busy(self, busy: bool) -> None:
        self._busy = busy
        self._enable()

    def _enable(self) -> None:
        self.button.setEnabled(self._ready and not self._busy)
        self.save_button.setEnabled(self.mosaic.kernels is not None)
        self.continue_button.setEnabled(self._ready and not self._busy)
        for box in self._inputs:
            box.setEnabled(not self._busy)

    def _start(self) -> None:
        self.settings_changed.emit(self.settings)
        self.calibrate_clicked.emit()

    def _summary(self, c: Calibration) -> str:
        scenes = (
            self.tr("The same scenes were found in both sets.")
            if c.same_scenes
            else self.tr("Unrelated scenes.")
        )
        lines = [
            self.tr("{s:.0f} s on {device}. {scenes}").format(
                s=c.seconds, device=c.device, scenes=scenes
            )
        ]
        names = {
            "estimate": self.tr("this calibration"),
            "floor": self.tr("two halves of the degraded photos differ by"),
            "delta": self.tr("no correction"),
            "average": self.tr("one kernel for all"),
        }
        figures = [f"{names[key]} {value:.3g}" for key, value in c.reblur.items() if key in names]
        if figures:
            lines.append(
                self.tr("Distance to unseen photos: {figures}.").format(figures=", ".join(figures))
            )
        lines += [f"⚠ {in_the_windows_words(warning)}" for warning in c.warnings]
        return "\n\n".join(lines)
