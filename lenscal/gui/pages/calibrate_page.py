"""Step 3: learn the kernel grid, and watch it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from lenscal.calibration.result import Calibration
from lenscal.calibration.settings import KERNEL_PX, CalibrationSettings
from lenscal.files import field_csv
from lenscal.files.psf.kept_profiles import last_duration
from lenscal.files.psf.profile import Profile
from lenscal.gui.background.worker import Progress
from lenscal.gui.drawing.copying import copy_picture, offer
from lenscal.gui.pages.calibration.live_view import LiveView
from lenscal.gui.pages.calibration.loss_plots import LossPlots
from lenscal.gui.pages.calibration.messages import CalibrationMessages
from lenscal.gui.pages.calibration.settings_form import SettingsForm
from lenscal.gui.pages.page import Page
from lenscal.gui.widgets.curves import Curves
from lenscal.gui.widgets.elements import (
    Card,
    SidePanel,
    icon_button,
    muted,
    primary,
    scrolled,
    section,
)
from lenscal.gui.widgets.save_button import SaveButton
from lenscal.jobs.window.calibration import DEVICE
from lenscal.optics.psf_grid import PsfGrid
from lenscal.session import Session, Step, Unfinished, lacks

PANEL_PX = 310
"""Width of settings and messages: the plots get the rest."""


class CalibratePage(Page):
    """Settings and messages on the left, live kernels and curves on the right."""

    calibrate_clicked = Signal()
    continue_clicked = Signal()
    settings_changed = Signal(object)
    """CalibrationSettings."""
    next_clicked = Signal()
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_title(
            self.tr("Calibrate"),
            self.tr("Learn how the lens blurs everywhere in the picture and in every colour."),
        )
        self._busy = self._ready = False
        self._calibration: Calibration | None = None
        self._opened: Profile | None = None
        """Whose kernels and curves are shown, where it is no calibration of this session."""
        self.kept_in: Path | None = None
        """Where calibrations are kept: how long the last one took says how long this one will."""
        self._time_asked: tuple[object, ...] = ()
        self._problem = ""
        """How the last calibration ended, where it has no result."""
        self._settings: CalibrationSettings | None = None
        self._truth: PsfGrid | None = None
        self.form = SettingsForm()
        self.messages = CalibrationMessages()
        self.live = LiveView()
        self.mosaic, self.truth = self.live.mosaic, self.live.truth
        self.curves, self.unseen = self.live.curves, self.live.unseen
        self.lack, self.time_ahead = muted(), muted()
        self.form.quality.currentIndexChanged.connect(lambda _: self._show_time_ahead())
        self.continue_about = muted()
        self._make_buttons()
        self._make_save_button()
        row = QHBoxLayout()
        row.setSpacing(16)
        self.panel = self._panel()
        row.addWidget(self.panel)
        # What is learnt gets all the room there is.
        row.addWidget(self.live, 1)
        self.body.addLayout(row, 1)

    # Building

    def _make_buttons(self) -> None:
        self.button = primary(self.tr("&Calibrate"), "play")
        self.button.setToolTip(self.tr("Start; you can stop at any time and keep what was learnt"))
        self.button.clicked.connect(self._start)
        self.continue_button = icon_button(
            self.tr("C&ontinue"),
            "play",
            self.tr("Continue where the calibration of these photos was interrupted"),
        )
        self.continue_button.clicked.connect(self._continue)
        self.next_button = primary(self.tr("&Inspect the result"))
        self.next_button.clicked.connect(self.next_clicked)
        # Until there is a result.
        self.next_button.hide()

    def _make_save_button(self) -> None:
        self.save_button = SaveButton()
        self.save_button.problem.connect(self.problem)
        add = self.save_button.add
        add(self.tr("The &kernels…"), "kernels", self.save_kernels)
        add(self.tr("The &losses…"), "losses", lambda path: self.save_curves(path, self.curves))
        add(
            self.tr("The &distance to unseen photos…"),
            "unseen",
            lambda path: self.save_curves(path, self.unseen),
        )
        self.add_action(self.save_button)
        self._add_menus()

    def _add_menus(self) -> None:
        """On the right mouse button, over what they are about."""
        copy, save = self.tr("Copy picture"), self.tr("Save as…")
        ask = self.save_button.ask_where
        offer(
            self.mosaic,
            ((copy, self.copy_picture), (save, lambda: ask("kernels", self.save_kernels))),
        )
        for name, curves in (("losses", self.curves), ("unseen", self.unseen)):
            write = partial(self.save_curves, curves=curves)
            offer(
                curves,
                ((copy, partial(copy_picture, curves)), (save, partial(ask, name, write))),
            )

    def _panel(self) -> Card:
        panel = SidePanel(PANEL_PX)
        column = panel.content
        column.addWidget(section(self.tr("Settings")))
        column.addWidget(self.form)
        column.addWidget(self.button)
        column.addWidget(self.lack)
        column.addWidget(self.time_ahead)
        column.addWidget(self.continue_about)
        column.addWidget(self.continue_button)
        column.addSpacing(6)
        # Warnings may be longer than the window is high.
        column.addWidget(scrolled(self.messages, self.tr("What the calibration says")), 1)
        column.addWidget(self.next_button)
        return panel

    # Showing

    @property
    def settings(self) -> CalibrationSettings:
        """What is chosen."""
        return self.form.settings

    def begin(self) -> None:
        """A calibration starts: forget the last one's curves."""
        self.live.clear_curves(self.tr("Drawn while it calibrates"))
        # Old kernels beside new messages would be taken for new ones.
        self.live.show_kernels(None)
        self.messages.clear()
        self.live.strip.begin()
        self._calibration, self._opened, self._problem = None, None, ""
        self.next_button.hide()

    def show_progress(self, progress: Progress) -> None:
        """What the calibration has learnt so far."""
        report = progress.report
        if report.stage == DEVICE:
            automatic = self.form.device.value == "auto"
            self.messages.show_device(report.message, automatic=automatic)
            return
        self.live.strip.take(report, progress.points)
        self.messages.show_stage(report.message)
        self.live.add_points(progress.points)
        if report.samples is not None:
            self.live.samples.show_patches(report.samples)
        if report.kernels is not None:
            self.live.show_kernels(report.kernels)
            # A session says so only at the end, but kernels can be saved as soon as they are there.
            self.save_button.setEnabled(True)

    def show_problem(self, text: str) -> None:
        """The calibration has ended without a result."""
        self._problem = text
        self.messages.stage.setText(text)

    def show_session(self, session: Session) -> None:
        """Show what has changed."""
        lack = lacks(session)[Step.CALIBRATE]
        self._ready = lack is None
        self.lack.setText(self.tr(lack.value) if lack else "")
        self.lack.setVisible(lack is not None)
        self._show_unfinished(session.unfinished if self._ready else None)
        self._truth = session.truth
        self.live.show_truth(session.truth, session.settings.kernel_size or KERNEL_PX)
        self.next_button.setVisible(session.psf is not None and not self._busy)
        # What is being changed in the fields must not be put back by every other change.
        if session.settings is not self._settings:
            self._settings = session.settings
            self.form.show_settings(session.settings)
        self._show_time_ahead()
        calibration = session.calibration
        if calibration is not None and calibration is not self._calibration:
            self._show_calibration(calibration)
            self._opened = session.profile
        elif calibration is None and session.profile is not self._opened and not self._busy:
            self._show_opened(session.profile)
        self._enable()

    def _show_time_ahead(self) -> None:
        """What the last calibration of this quality took on this computer."""
        quality = self.form.quality.value
        asked = quality, self._calibration, self._ready, self.kept_in
        # It reads files: only where the answer may be another one.
        if asked == self._time_asked:
            return
        self._time_asked = asked
        folder = self.kept_in if self._ready else None
        last = None if folder is None else last_duration(folder, quality)
        self.time_ahead.setVisible(last is not None)
        if last is not None:
            words = self.tr("Last time on this computer: {time} for {n} photos.")
            time = self.messages.time_text(last[0])
            self.time_ahead.setText(words.format(time=time, n=last[1]))

    def _show_calibration(self, calibration: Calibration) -> None:
        self._calibration = calibration
        if self._problem:
            self.live.clear_curves(self.tr("The last calibration left no result"))
        else:
            self.live.show_words(self.tr("This calibration needed no training"))
        self.mosaic.show_kernels(calibration.psf.kernels)
        self.messages.show_result(calibration, self._problem, self._truth)

    def _show_opened(self, profile: Profile | None) -> None:
        """What a profile that was opened tells of the calibration it comes from."""
        self._opened, self._calibration = profile, None
        if not self._problem:
            self.messages.clear()
        self.live.clear_curves(self.tr("Drawn while it calibrates"))
        self.live.show_kernels(None if profile is None else profile.psf.kernels)
        if profile is None:
            return
        if profile.curves:
            self.live.show_curves(profile.curves)
        else:
            self.live.show_words(self.tr("This profile holds no curves"))

    def _show_unfinished(self, unfinished: Unfinished | None) -> None:
        for widget in (self.continue_about, self.continue_button):
            widget.setVisible(unfinished is not None)
        if unfinished is None:
            return
        words = self.tr(
            "A calibration of these photos ({quality}) was interrupted; the work of its "
            "first {time} was saved."
        )
        quality = self.form.quality.text_of(unfinished.settings.quality)
        time = self.messages.time_text(unfinished.seconds)
        self.continue_about.setText(words.format(quality=quality, time=time))

    def set_busy(self, busy: bool) -> None:
        """A job runs: nothing else can be started."""
        self._busy = busy
        if not busy:
            self.live.strip.end()
        self._enable()

    def copy_picture(self) -> bool:
        """The kernels as they are now."""
        if self.mosaic.kernels is not None:
            copy_picture(self.mosaic)
        return self.mosaic.kernels is not None

    def _enable(self) -> None:
        self.button.setEnabled(self._ready and not self._busy)
        self.continue_button.setEnabled(self._ready and not self._busy)
        self.save_button.setEnabled(self.mosaic.kernels is not None)
        self.form.set_busy(self._busy)

    # What the user does

    def save_kernels(self, path: Path) -> None:
        """The kernel grid as it is now, as PNG, SVG or CSV by the suffix."""
        kernels = self.mosaic.kernels
        if kernels is not None:
            self.save_button.save(path, self.mosaic, lambda: field_csv.write_kernels(path, kernels))

    def save_curves(self, path: Path, curves: Curves | LossPlots) -> None:
        """Curves as PNG, SVG or CSV by the suffix."""
        points = {name: curves.points(name) for name in curves.names}
        self.save_button.save(path, curves, lambda: field_csv.write_points(path, points))

    def _start(self) -> None:
        # The session has to know them before the job asks for them.
        self.settings_changed.emit(self.settings)
        self.calibrate_clicked.emit()

    def _continue(self) -> None:
        self.settings_changed.emit(self.settings)
        self.continue_clicked.emit()
