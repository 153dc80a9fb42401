"""Restore one photo whose own blur nobody knows, by what is known of its rig's blurs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from lenscal.deblur.settings import DEFAULTS, DeblurMethod, DeblurSettings
from lenscal.gui.dialogs.photo_dialog import PhotoDialog
from lenscal.gui.translate import in_this_language
from lenscal.gui.widgets.choice_box import ChoiceBox
from lenscal.gui.widgets.elements import Label, icon_button, primary, section, tip_text, with_tip
from lenscal.gui.widgets.file_dialogs import ask_for_folder, ask_for_photo, ask_for_population
from lenscal.gui.widgets.kernels import KernelMosaic
from lenscal.jobs.window.deblurring import Deblurred

KERNELS_PX = 136
ROWS = 2
"""Of kernels: in one they would be too small to be seen."""


class DeblurDialog(PhotoDialog):
    """A rig, a photo, what comes of them, and how sure that is."""

    start_wanted = Signal(object, object, object)
    """Path of the rig, of the photo, DeblurSettings."""
    save_wanted = Signal(object, object)
    """Deblurred, Path of a folder."""

    def __init__(self, photo: Path | None, device: str, parent: QWidget | None = None) -> None:
        super().__init__(
            self.tr("Deblur a photo"),
            self.tr("Choose a rig and a photo, then press Restore."),
            parent,
        )
        self._device = device
        self._rig: Path | None = None
        self._photo = photo
        self._deblurred: Deblurred | None = None
        self._make_panel()
        self._show_choice()

    @property
    def settings(self) -> DeblurSettings:
        """What is chosen."""
        return DeblurSettings(DeblurMethod(self.method.value), device=self._device)

    def choose(self, *, rig: Path | None = None, photo: Path | None = None) -> None:
        """Take a rig's file or a photo; what was shown of others goes."""
        self._rig, self._photo = rig or self._rig, photo or self._photo
        self._deblurred = None
        self._show_choice()

    def show_deblurred(self, deblurred: Deblurred) -> None:
        """The photo is restored."""
        self._deblurred = deblurred
        shown = deblurred.comparison
        self.compare.show_photo(shown.before, shown.after, shown.mask)
        self.kernels.show_kernels(_in_rows(deblurred.kernels[0]))
        self.confidence.setText(
            self.tr("The kernels agree by {share:.0%}.").format(share=deblurred.agreement)
        )
        doubts = [] if deblurred.doubt is None else [deblurred.doubt]
        self.say(" ".join(in_this_language(words) for words in (*doubts, *deblurred.notes)))
        self._enable()

    def _make_panel(self) -> None:
        self.rig_name, self.photo_name = Label(wordWrap=True), Label(wordWrap=True)
        self.rig_button = icon_button(
            self.tr("&Choose a rig…"),
            "folder",
            self.tr("What “lenscal population” has learnt of a camera's or a hand's blurs"),
        )
        self.rig_button.clicked.connect(self._choose_rig)
        self.photo_button = icon_button(
            self.tr("&Open a photo…"), "photo", self.tr("A blurred photo of this rig")
        )
        self.photo_button.clicked.connect(self._choose_photo)
        self.method = ChoiceBox(
            {
                DeblurMethod.FAST: self.tr("Fast – seconds"),
                DeblurMethod.SAMPLING: self.tr("Sampling – for well-learnt rigs"),
                DeblurMethod.JOINT: self.tr("Joint – kernel and picture side by side"),
            },
            self.tr("How the photo's own kernel is found"),
        )
        self.method.choose(DEFAULTS.method)
        self.start_button = primary(self.tr("&Restore"), "play")
        self.start_button.clicked.connect(self._start)
        self.kernels = KernelMosaic(self.panel, selectable=False, empty=self.tr("None drawn yet"))
        self.kernels.setFixedHeight(KERNELS_PX)
        self.confidence = Label(wordWrap=True)
        self.save_button = icon_button(
            self.tr("&Save into a folder…"), "export", self.tr("The original stays as it is")
        )
        self.save_button.clicked.connect(self._save)
        self._lay_out()

    def _lay_out(self) -> None:
        column = self.panel.content
        column.addWidget(section(self.tr("Rig")))
        column.addWidget(self.rig_name)
        column.addWidget(self.rig_button)
        column.addWidget(section(self.tr("Photo")))
        column.addWidget(self.photo_name)
        column.addWidget(self.photo_button)
        column.addSpacing(4)
        column.addWidget(self.method)
        column.addWidget(self.start_button)
        column.addWidget(self.progress)
        column.addWidget(self.cancel_button)
        column.addWidget(
            with_tip(
                section(self.tr("Kernels")),
                self.tr("The one that was used, at the left, and those that were drawn for it"),
            )
        )
        column.addWidget(self.kernels)
        column.addWidget(self.confidence)
        column.addWidget(self.state)
        column.addStretch(1)
        column.addWidget(self.save_button)
        column.addWidget(self.close_button)

    def _show_choice(self) -> None:
        for label, path in ((self.rig_name, self._rig), (self.photo_name, self._photo)):
            label.setText(self.tr("none chosen") if path is None else path.name)
            label.setToolTip(tip_text("" if path is None else str(path)))
        if self._deblurred is None:
            self.compare.show_photo((), ())
            self.kernels.show_kernels(None)
            self.confidence.clear()
            self.state.clear()
        self._enable()

    def _enable(self) -> None:
        chosen = self._rig is not None and self._photo is not None
        self.start_button.setEnabled(chosen and not self._busy)
        self.save_button.setEnabled(self._deblurred is not None and not self._busy)
        for widget in (self.rig_button, self.photo_button, self.method):
            widget.setEnabled(not self._busy)

    def _choose_rig(self) -> None:
        path = ask_for_population(self, self.tr("Choose a rig"))
        if path is not None:
            self.choose(rig=path)

    def _choose_photo(self) -> None:
        path = ask_for_photo(self, self.tr("Open a photo"), self._photo)
        if path is not None:
            self.choose(photo=path)

    def _start(self) -> None:
        self.start_wanted.emit(self._rig, self._photo, self.settings)

    def _save(self) -> None:
        folder = ask_for_folder(self, self.tr("Save into a folder"), to_write=True)
        if folder is not None:
            self.save_wanted.emit(self._deblurred, folder)


def _in_rows(kernels: NDArray[np.float32]) -> NDArray[np.float32]:
    """Kernels [n, 3, k, k] as [ROWS, m, 3, k, k]; the last cells may be dark."""
    missing = -len(kernels) % ROWS
    dark = np.zeros((missing, *kernels.shape[1:]), np.float32)
    filled = np.concatenate([kernels, dark])
    return filled.reshape(ROWS, -1, *kernels.shape[1:])
