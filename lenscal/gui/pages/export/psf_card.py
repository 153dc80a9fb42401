"""The kernel grid for other programs."""

from __future__ import annotations

from PySide6.QtWidgets import QCheckBox, QWidget

from lenscal.files.psf.psf_formats import PSF_FORMATS
from lenscal.gui.widgets.elements import Card, icon_button, section


class PsfCard(Card):
    """A tick a format, and the button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        texts = {
            "fits": self.tr("FITS, for photutils and astronomy programs"),
            "npz": self.tr("npz, for numpy"),
            "tiff": self.tr("TIFF stack, for ImageJ, DeconvolutionLab2, Siril"),
            "csv": self.tr("CSV table of widths, MTF50 and centres"),
        }
        self._ticks = {name: QCheckBox(texts[name]) for name in PSF_FORMATS}
        self._ticks["fits"].setChecked(True)
        self.button = icon_button(
            self.tr("Write PSF f&iles"),
            "export",
            self.tr("Write the kernel grid for other programs"),
        )
        self.content.addWidget(section(self.tr("PSF files")))
        for tick in self._ticks.values():
            self.content.addWidget(tick)
        self.content.addStretch()
        self.content.addWidget(self.button)

    @property
    def formats(self) -> tuple[str, ...]:
        """Those that are ticked."""
        return tuple(name for name, tick in self._ticks.items() if tick.isChecked())
