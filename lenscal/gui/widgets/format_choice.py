"""The format of written photos, and the bits or the quality that it leaves to choose."""

from __future__ import annotations

from PySide6.QtCore import QT_TR_NOOP, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSpinBox, QWidget

from lenscal.files.photos.export_settings import DEPTHS, PhotoFormat, Space

FORMATS = {
    PhotoFormat.TIFF: QT_TR_NOOP("TIFF"),
    PhotoFormat.DNG: QT_TR_NOOP("Linear DNG"),
    PhotoFormat.PNG: QT_TR_NOOP("PNG"),
    PhotoFormat.JPEG: QT_TR_NOOP("JPEG"),
}
BITS = {16: QT_TR_NOOP("16 bit"), 8: QT_TR_NOOP("8 bit"), 32: QT_TR_NOOP("32 bit, floating point")}


class FormatChoice(QWidget):
    """A format has one depth, two to choose from, or a quality; what cannot be chosen is shown all
    the same."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.format, self.bits = QComboBox(), QComboBox()
        for form, text in FORMATS.items():
            self.format.addItem(self.tr(str(text)), form)
        self.format.setToolTip(self.tr("Exposure data and other metadata of the original are kept"))
        self.bits.setToolTip(
            self.tr("Bits a channel: 16 to edit the photo further, 8 for smaller files")
        )
        self.bits.setAccessibleName(self.tr("Bits a channel"))
        self.quality = QSpinBox(minimum=1, maximum=100, value=95, prefix=self.tr("quality "))
        self.quality.setToolTip(
            self.tr("Of JPEG: 95 and more cannot be told from the original by eye")
        )
        self.quality.setAccessibleName(self.tr("Quality of JPEG"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for widget in (self.format, self.bits, self.quality):
            row.addWidget(widget, 1)
        self.setFocusProxy(self.format)
        self._depth = 16
        self._busy = False
        self._space = Space.SRGB
        self.format.currentIndexChanged.connect(lambda _: self._show())
        self.format.currentIndexChanged.connect(lambda _: self.changed.emit())
        self.bits.activated.connect(lambda _: self._chosen())
        self._show()

    @property
    def value(self) -> PhotoFormat:
        return PhotoFormat(self.format.currentData())

    @property
    def chosen_depth(self) -> int:
        """Bits a channel where the format leaves a choice, 8 or 16."""
        return self._depth

    def show_space(self, space: Space) -> None:
        """The colour space that goes with it: the camera's own is written as floating point."""
        self._space = space
        self._show()

    def set_busy(self, busy: bool) -> None:
        self._busy = busy
        self._show()

    def _chosen(self) -> None:
        self._depth = self.bits.currentData()
        self.changed.emit()

    def _show(self) -> None:
        linear = self.value is PhotoFormat.TIFF and self._space is Space.CAMERA_LINEAR
        fixed = 16 if self.value is PhotoFormat.DNG else 32 if linear else None
        self.bits.clear()
        for bits in DEPTHS if fixed is None else (fixed,):
            self.bits.addItem(self.tr(str(BITS[bits])), bits)
        self.bits.setCurrentIndex(self.bits.findData(fixed or self._depth))
        self.bits.setVisible(self.value is not PhotoFormat.JPEG)
        self.bits.setEnabled(fixed is None and not self._busy)
        self.quality.setVisible(self.value is PhotoFormat.JPEG)
        for widget in (self.format, self.quality):
            widget.setEnabled(not self._busy)
