"""The format of written photos, and the bits or the quality that it leaves to choose."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSpinBox, QWidget

from lenscal.files.photos.export_settings import (
    DEPTHS,
    JPEG_QUALITIES,
    ExportSettings,
    PhotoFormat,
    Space,
)
from lenscal.gui.widgets.choice_box import ChoiceBox
from lenscal.gui.widgets.elements import without_margins


class FormatChoice(QWidget):
    """A format has one depth, two to choose from, or a quality; what cannot be chosen is shown all
    the same."""

    changed = Signal()

    def __init__(self, defaults: ExportSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._depth = defaults.depth
        self._space = defaults.space
        self._busy = False
        self._make_boxes(defaults)
        row = QHBoxLayout(self)
        without_margins(row, spacing_px=8)
        for widget in (self.format, self.bits, self.quality):
            row.addWidget(widget, 1)
        # Labels lead to a widget as a whole.
        self.setFocusProxy(self.format)
        self.format.currentIndexChanged.connect(lambda _: self._format_chosen())
        self.bits.activated.connect(lambda _: self._depth_chosen())
        self._show()

    def _make_boxes(self, defaults: ExportSettings) -> None:
        self.format = ChoiceBox(
            {
                PhotoFormat.TIFF: self.tr("TIFF"),
                PhotoFormat.DNG: self.tr("Linear DNG"),
                PhotoFormat.PNG: self.tr("PNG"),
                PhotoFormat.JPEG: self.tr("JPEG"),
            },
            self.tr("Exposure data and other metadata of the original are kept"),
        )
        self.format.choose(defaults.format)
        self.bits = QComboBox()
        self.bits.setToolTip(
            self.tr("Bits per channel: 16 to edit the photo further, 8 for smaller files")
        )
        self.bits.setAccessibleName(self.tr("Bits per channel"))
        self.quality = QSpinBox(
            minimum=JPEG_QUALITIES[0],
            maximum=JPEG_QUALITIES[-1],
            value=defaults.jpeg_quality,
            prefix=self.tr("quality "),
        )
        self.quality.setToolTip(self.tr("JPEG quality: from 95 on, the eye sees no difference"))
        self.quality.setAccessibleName(self.tr("JPEG quality"))

    @property
    def value(self) -> PhotoFormat:
        """The chosen format."""
        return self.format.value

    @property
    def chosen_depth(self) -> int:
        """Bits a channel where the format leaves a choice."""
        return self._depth

    def show_space(self, space: Space) -> None:
        """The colour space that goes with it: the camera's own is written as floating point."""
        self._space = space
        self._show()

    def set_busy(self, busy: bool) -> None:
        """A job writes photos: nothing can be chosen."""
        self._busy = busy
        self._show()

    def _format_chosen(self) -> None:
        self._show()
        self.changed.emit()

    def _depth_chosen(self) -> None:
        self._depth = self.bits.currentData()
        self.changed.emit()

    @property
    def _only_depth(self) -> int | None:
        """Bits a channel where the format leaves no choice."""
        if self.value is PhotoFormat.DNG:
            return 16
        if self.value is PhotoFormat.TIFF and self._space is Space.CAMERA_LINEAR:
            return 32
        return None

    def _show(self) -> None:
        only = self._only_depth
        words = {
            16: self.tr("16 bit"),
            8: self.tr("8 bit"),
            32: self.tr("32 bit, floating point"),
        }
        # `activated` is not emitted by this: what the user chose is kept for formats with a choice.
        self.bits.clear()
        for bits in DEPTHS if only is None else (only,):
            self.bits.addItem(words[bits], bits)
        self.bits.setCurrentIndex(self.bits.findData(only or self._depth))
        jpeg = self.value is PhotoFormat.JPEG
        # Bits or quality: no format has both.
        self.bits.setVisible(not jpeg)
        self.quality.setVisible(jpeg)
        self.bits.setEnabled(only is None and not self._busy)
        for widget in (self.format, self.quality):
            widget.setEnabled(not self._busy)
