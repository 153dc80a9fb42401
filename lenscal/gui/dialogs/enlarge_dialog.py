"""Enlarge one photo with the kernel that it shows to have gone through when it was made smaller."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from lenscal.enlarge.settings import DEFAULTS, FACTORS, EnlargeMethod, EnlargeSettings
from lenscal.gui.dialogs.photo_dialog import PhotoDialog
from lenscal.gui.translate import in_this_language
from lenscal.gui.widgets.choice_box import ChoiceBox
from lenscal.gui.widgets.elements import Label, icon_button, primary, section, tip_text, with_tip
from lenscal.gui.widgets.file_dialogs import ask_for_folder, ask_for_photo
from lenscal.gui.widgets.kernels import KernelMosaic
from lenscal.jobs.window.enlarging import Enlarged

KERNEL_PX = 120


class EnlargeDialog(PhotoDialog):
    """A photo, by how much, and what comes of it beside a plain enlargement."""

    start_wanted = Signal(object, object, object)
    """Path of the photo, EnlargeSettings, Path of a folder."""

    def __init__(
        self, photo: Path | None, folder: Path, device: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(
            self.tr("Enlarge a photo"), self.tr("Choose a photo, then press Enlarge."), parent
        )
        self._photo, self._folder, self._device = photo, folder, device
        self._make_panel()
        self.choose()

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
            label.setToolTip(tip_text("" if path is None else str(path)))
        if photo is not None:
            self.compare.show_photo((), ())
            self.kernel.show_kernels(None)
            self.state.clear()
        self._enable()

    def show_enlarged(self, enlarged: Enlarged) -> None:
        """The photo is written."""
        self.compare.show_photo(enlarged.before, enlarged.after)
        self.kernel.show_kernels(enlarged.kernel)
        words = [self.tr("Written: {path}").format(path=enlarged.output)]
        if enlarged.axes_px is not None:
            wide = self.tr("The photo had gone through a kernel of {first:.2f} × {second:.2f} px.")
            words.append(wide.format(first=enlarged.axes_px[0], second=enlarged.axes_px[1]))
        self.say("\n".join((*words, *(in_this_language(text) for text in enlarged.warnings))))

    def _make_panel(self) -> None:
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
        self.kernel = KernelMosaic(self.panel, selectable=False, empty=self.tr("Not known yet"))
        self.kernel.setFixedHeight(KERNEL_PX)
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
