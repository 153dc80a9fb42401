"""Enlarge one photo with the kernel that it shows to have gone through when it was made smaller."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from lenscal.enlarge.settings import DEFAULTS, FACTORS, EnlargeMethod, EnlargeSettings
from lenscal.gui.background.worker import Progress
from lenscal.gui.pages.correction.view_bar import ViewBar
from lenscal.gui.translate import in_this_language
from lenscal.gui.widgets.choice_box import ChoiceBox
from lenscal.gui.widgets.compare.compare_view import CompareView, View
from lenscal.gui.widgets.elements import (
    Card,
    Label,
    icon_button,
    muted,
    primary,
    section,
    tip_text,
    with_tip,
)
from lenscal.gui.widgets.file_dialogs import ask_for_folder, ask_for_photo
from lenscal.gui.widgets.kernels import KernelMosaic
from lenscal.jobs.window.enlarging import Enlarged

PANEL_PX, KERNEL_PX = 290, 120
STEPS = 1000
"""Of the progress bar."""


class EnlargeDialog(QDialog):
    """A photo, by how much, and what comes of it beside a plain enlargement."""

    start_wanted = Signal(object, object, object)
    """Path of the photo, EnlargeSettings, Path of a folder."""
    cancel_wanted = Signal()

    def __init__(
        self, photo: Path | None, folder: Path, device: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Enlarge a photo"))
        self._photo, self._folder, self._device = photo, folder, device
        self._busy = False
        self._make_picture()
        self._make_panel()
        row = QHBoxLayout(self)
        row.setSpacing(16)
        picture = QVBoxLayout()
        picture.addWidget(self.bar)
        picture.addWidget(self.compare, 1)
        row.addLayout(picture, 1)
        row.addWidget(self.panel)
        self.choose()

    def sizeHint(self) -> QSize:
        """Nearly as large as the window over which it opens."""
        return QSize(1120, 640)

    @property
    def settings(self) -> EnlargeSettings:
        """What is chosen."""
        return EnlargeSettings(
            int(self.factor.value), EnlargeMethod(self.method.value), device=self._device
        )

    def choose(self, *, photo: Path | None = None, folder: Path | None = None) -> None:
        """Take a photo or a folder; what was shown of another photo goes."""
        self._photo, self._folder = photo or self._photo, folder or self._folder
        for label, path in ((self.photo_name, self._photo), (self.folder_name, self._folder)):
            label.setText(self.tr("none chosen") if path is None else path.name)
            label.setToolTip("" if path is None else tip_text(str(path)))
        if photo is not None:
            self.compare.show_photo((), ())
            self.kernel.show_kernels(None)
            self.state.clear()
        self._enable()

    def show_busy(self, busy: bool) -> None:
        """A job runs, or has ended."""
        self._busy = busy
        self.progress.setVisible(busy)
        self.cancel_button.setVisible(busy)
        self.progress.setValue(0)
        self._enable()

    def show_progress(self, progress: Progress) -> None:
        """How far the job is."""
        fraction = progress.report.fraction
        self.progress.setRange(0, STEPS if fraction is not None else 0)
        self.progress.setValue(round(STEPS * (fraction or 0)))
        self.state.setText(in_this_language(progress.report.message))

    def show_enlarged(self, enlarged: Enlarged) -> None:
        """The photo is written."""
        self.compare.show_photo(enlarged.before, enlarged.after)
        self.kernel.show_kernels(enlarged.kernel)
        words = [self.tr("Written: {path}").format(path=enlarged.output)]
        if enlarged.axes_px is not None:
            wide = self.tr("The photo had gone through a kernel of {first:.2f} × {second:.2f} px.")
            words.append(wide.format(first=enlarged.axes_px[0], second=enlarged.axes_px[1]))
        self.say("\n".join((*words, *(in_this_language(text) for text in enlarged.warnings))))

    def say(self, text: str) -> None:
        """Say how a job ended."""
        self.state.setText(text)

    def reject(self) -> None:
        """Close; a job that runs is of no use any more."""
        if self._busy:
            self.cancel_wanted.emit()
        super().reject()

    def _make_picture(self) -> None:
        self.compare, self.bar = CompareView(self), ViewBar(self)
        self.compare.placeholder = self.tr("Choose a photo, then press Enlarge.")
        self.bar.view.chosen.connect(lambda value: self.compare.show_view(View(value)))
        self.bar.fit_clicked.connect(self.compare.fit)
        self.bar.full_clicked.connect(lambda: self.compare.zoom(1.0))
        self.compare.zoomed.connect(self.bar.show_scale)

    def _make_panel(self) -> None:
        self.panel = Card(parent=self)
        self.panel.setFixedWidth(PANEL_PX)
        self.photo_name, self.folder_name = Label(wordWrap=True), Label(wordWrap=True)
        self.photo_button = icon_button(
            self.tr("&Open a photo…"), "photo", self.tr("RAW, PNG, JPEG or TIFF")
        )
        self.photo_button.clicked.connect(self._choose_photo)
        self.folder_button = icon_button(
            self.tr("Choose a &folder…"), "folder", self.tr("The original stays as it is")
        )
        self.folder_button.clicked.connect(self._choose_folder)
        self.factor = ChoiceBox(
            {str(n): self.tr("{n} times as large").format(n=n) for n in FACTORS},
            self.tr("How much wider and higher the photo becomes"),
        )
        self.factor.choose(str(DEFAULTS.factor))
        self.method = ChoiceBox(
            {
                EnlargeMethod.PNP: self.tr("Photo prior"),
                EnlargeMethod.NETWORK: self.tr("Network trained on the photo – slow"),
            },
            self.tr("What fills in the detail"),
        )
        self.method.choose(DEFAULTS.method)
        self.start_button = primary(self.tr("&Enlarge"), "play")
        self.start_button.clicked.connect(
            lambda: self.start_wanted.emit(self._photo, self.settings, self._folder)
        )
        self.progress = QProgressBar(textVisible=False)
        self.progress.setAccessibleName(self.tr("Progress"))
        self.cancel_button = QPushButton(self.tr("Ca&ncel"))
        self.cancel_button.clicked.connect(self.cancel_wanted)
        self.kernel = KernelMosaic(self.panel, selectable=False, empty=self.tr("Not known yet"))
        self.kernel.setFixedHeight(KERNEL_PX)
        self.state = muted()
        self.close_button = QPushButton(self.tr("C&lose"))
        self.close_button.clicked.connect(self.reject)
        self._lay_out()

    def _lay_out(self) -> None:
        column = self.panel.content
        column.addWidget(section(self.tr("Photo")))
        column.addWidget(self.photo_name)
        column.addWidget(self.photo_button)
        column.addWidget(section(self.tr("Write to")))
        column.addWidget(self.folder_name)
        column.addWidget(self.folder_button)
        column.addSpacing(4)
        for widget in (
            self.factor,
            self.method,
            self.start_button,
            self.progress,
            self.cancel_button,
        ):
            column.addWidget(widget)
        tip = self.tr("What light the photo had gone through when it was made smaller")
        column.addWidget(with_tip(section(self.tr("Kernel")), tip))
        column.addWidget(self.kernel)
        column.addWidget(self.state)
        column.addStretch(1)
        column.addWidget(self.close_button)
        self.progress.hide()
        self.cancel_button.hide()

    def _enable(self) -> None:
        self.start_button.setEnabled(self._photo is not None and not self._busy)
        for widget in (self.photo_button, self.folder_button, self.factor, self.method):
            widget.setEnabled(not self._busy)

    def _choose_photo(self) -> None:
        path = ask_for_photo(self, self.tr("Open a photo"), self._photo)
        if path is not None:
            self.choose(photo=path)

    def _choose_folder(self) -> None:
        folder = ask_for_folder(self, self.tr("Write to"), to_write=True)
        if folder is not None:
            self.choose(folder=folder)
