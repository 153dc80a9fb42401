"""How kernels are shown: the row of choices above them, and their keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from lenscal.gui.pages.flow_layout import FlowLayout
from lenscal.gui.pages.inspection.field_maps import NO_MAPS, FieldView, view_names
from lenscal.gui.pages.inspection.pitch_box import PitchBox
from lenscal.gui.widgets.choice import Choice
from lenscal.gui.widgets.choice_box import ChoiceBox
from lenscal.gui.widgets.kernels import KernelMosaic
from lenscal.optics.kernel_pictures import ALL_CHANNELS
from lenscal.optics.units import DisplayUnits

LINEAR, LOG = "linear", "log"
PER_CELL, GLOBAL = "cell", "global"
PIXELS, MICROMETRES = "px", "um"
SIDE_BY_SIDE, DIFFERENCE = "sides", "difference"


class DisplayBar(QWidget):
    """View, channel, brightness and units."""

    changed = Signal()
    """Something else is to be shown."""
    units_chosen = Signal(str)
    """PIXELS or MICROMETRES, by the user."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view = ChoiceBox(view_names(), self.tr("The figure mapped over the field (V)"))
        self.view.setAccessibleName(self.tr("The figure mapped over the field"))
        self._make_pixel_choices()
        self._make_units()
        # It goes on below in a narrow window: buttons must not be cut.
        row = self.row = FlowLayout(self)
        for widget in (self.view, self.channel, self.scale, self.norm, self.comparing):
            row.addWidget(widget)
        row.addWidget(self.units)
        row.addWidget(self.pitch)
        self.view.currentIndexChanged.connect(lambda _: self.changed.emit())
        for choice in (self.channel, self.scale, self.norm, self.comparing):
            choice.chosen.connect(lambda _: self.changed.emit())

    def _make_pixel_choices(self) -> None:
        all_tip = self.tr("Red, green and blue together; in maps their mean (A)")
        self.channel = Choice(
            (
                (ALL_CHANNELS, self.tr("All"), all_tip),
                ("R", self.tr("R"), self.tr("Red only (R)")),
                ("G", self.tr("G"), self.tr("Green only (G)")),
                ("B", self.tr("B"), self.tr("Blue only (B)")),
            )
        )
        log_tip = self.tr("Logarithmic: shows the faint tails, three decades (L)")
        self.scale = Choice(
            (
                (LINEAR, self.tr("Linear"), self.tr("Linear brightness (L)")),
                (LOG, self.tr("Log"), log_tip),
            )
        )
        global_tip = self.tr("The highest peak of all is white: shows how peaks fall off")
        self.norm = Choice(
            (
                (PER_CELL, self.tr("Each cell"), self.tr("Every kernel's own peak is white")),
                (GLOBAL, self.tr("All cells"), global_tip),
            )
        )

        self.comparing = Choice(
            (
                (SIDE_BY_SIDE, self.tr("Both"), self.tr("Both lenses side by side (D)")),
                (
                    DIFFERENCE,
                    self.tr("Difference"),
                    self.tr("The difference between the two lenses (D)"),
                ),
            )
        )

    def _make_units(self) -> None:
        self.units = Choice(
            (
                (PIXELS, self.tr("px"), self.tr("Pixels, and cycles per pixel")),
                (MICROMETRES, self.tr("µm"), self.tr("Micrometres, and line pairs per millimetre")),
            )
        )
        self.units.chosen.connect(lambda _: self._units_changed())
        # Kept in the preferences: it holds for every profile.
        self.units.chosen.connect(self.units_chosen)
        self.pitch = PitchBox()
        # It means nothing as long as pixels are shown.
        self.pitch.hide()
        self.pitch.valueChanged.connect(lambda _: self.changed.emit())

    def add_keys(self, page: QWidget) -> None:
        """Letters that do the same as buttons, wherever the keyboard is on a page."""
        # No field of the page takes letters.
        for key, channel in (("A", ALL_CHANNELS), ("R", "R"), ("G", "G"), ("B", "B")):
            self.add_key(page, key, partial(self.channel.choose, channel))
        self.add_key(page, "L", self._turn_scale)
        self.add_key(page, "V", self._next_view)
        self.add_key(page, "D", self._turn_difference)

    def add_key(self, page: QWidget, key: str, action: Callable[[], None]) -> None:
        """A letter that does something wherever the keyboard is on a page."""
        shortcut = QShortcut(QKeySequence(key), page)
        shortcut.activated.connect(action)

    def _turn_scale(self) -> None:
        self.scale.choose(LINEAR if self.log else LOG)

    def _turn_difference(self) -> None:
        if self.comparing.isVisible():
            self.comparing.choose(SIDE_BY_SIDE if self.difference else DIFFERENCE)

    def _next_view(self) -> None:
        self.view.setCurrentIndex((self.view.currentIndex() + 1) % self.view.count())

    @property
    def log(self) -> bool:
        """Whether brightness is logarithmic."""
        return self.scale.value == LOG

    @property
    def difference(self) -> bool:
        """Whether two lenses are shown as what parts them."""
        return self.comparing.value == DIFFERENCE

    @property
    def display_units(self) -> DisplayUnits:
        """Micrometres where they are wanted and the pitch is known."""
        return DisplayUnits(self.pitch.pitch_um if self.units.value == MICROMETRES else None)

    def set_units(self, units: str) -> None:
        """PIXELS or MICROMETRES, as the preferences say."""
        # Not `choose`, whose signal would write the preferences again.
        self.units.buttons[units].setChecked(True)
        self._units_changed()

    def _units_changed(self) -> None:
        self.pitch.setVisible(self.units.value == MICROMETRES)
        self.changed.emit()

    def offer_what_matters(self, *, compared: bool) -> None:
        """Choices that change nothing in this view are hidden, or cannot be made."""
        kernels = self.view.value is FieldView.KERNELS
        self.scale.setVisible(kernels)
        self.norm.setVisible(kernels)
        self.comparing.setVisible(compared and self.view.value not in NO_MAPS)
        # Lateral colour is between channels; hidden, the row would jump.
        self.channel.setEnabled(self.view.value is not FieldView.LATERAL)

    def apply_to(self, mosaic: KernelMosaic) -> None:
        """Show kernels as it is chosen."""
        mosaic.show_as(
            channel=self.channel.value,
            log=self.log,
            per_cell=self.norm.value == PER_CELL,
        )
