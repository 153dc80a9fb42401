"""What is corrected, and how: the card beside the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QPushButton, QWidget

from lenscal.gui.pages.correction.look_box import LookBox
from lenscal.gui.pages.correction.percent_slider import PercentSlider
from lenscal.gui.translate import in_the_windows_words
from lenscal.gui.widgets.choice_box import ChoiceBox
from lenscal.gui.widgets.elements import (
    SidePanel,
    icon_button,
    muted,
    primary,
    section,
    tip_text,
)
from lenscal.gui.widgets.histogram import HistogramView
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.session import Comparison

PANEL_PX = 290
"""Width of the card: the picture gets the rest."""
DEFAULTS = RestoreSettings()
SLOW_METHODS = {Method.DPIR: "DPIR", Method.DIFFPIR: "DiffPIR"}
"""Their names as in the literature, in every language."""


class PhotoBox(QComboBox):
    """Photos by their names."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Long names must not widen the card.
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(16)
        self.setPlaceholderText(self.tr("no photo"))
        self.setToolTip(self.tr("A photo taken with this lens at this aperture"))
        self._photos: list[Path] = []
        self._photo: Path | None = None

    @property
    def photo(self) -> Path | None:
        """What is chosen."""
        index = self.currentIndex()
        # Qt says -1 where nothing is chosen.
        return self._photos[index] if index >= 0 else None

    def photo_at(self, index: int) -> Path:
        """The photo of a line."""
        return self._photos[index]

    def show_photos(self, photos: Sequence[Path], photo: Path | None) -> None:
        """Offer photos, of which one is chosen; one that is not among them comes first."""
        offers = list(photos)
        if photo is not None and photo not in offers:
            # It was opened by hand, and is what the user is at.
            offers.insert(0, photo)
        # Filling the box again would close it while the user chooses.
        if (offers, photo) == (self._photos, self._photo):
            return
        self._photos, self._photo = offers, photo
        self.clear()
        for index, path in enumerate(offers):
            self.addItem(path.name, path)
            self.setItemData(index, tip_text(str(path)), Qt.ItemDataRole.ToolTipRole)
        self.setCurrentIndex(-1 if photo is None else offers.index(photo))


class CorrectionPanel(SidePanel):
    """Photo, method and strengths, and what has come of them."""

    settings_changed = Signal()
    photo_chosen = Signal(object)
    """Path."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(PANEL_PX, parent)
        self._others = DEFAULTS
        """Settings that have no field here are kept as they are."""
        self._make_photo_fields()
        self._make_settings()
        self.button = primary(self.tr("&Correct the whole photo"), "play")
        self.button.setToolTip(
            self.tr("The visible part is corrected automatically; nothing is written yet")
        )
        self.state, self.preview_state = muted(), muted()
        self.histogram = HistogramView()
        self.look = LookBox()
        self.next_button = QPushButton(self.tr("Co&ntinue to export"))
        self._lay_out()
        self.show_settings(DEFAULTS)

    def _make_photo_fields(self) -> None:
        self.photos = PhotoBox()
        self.photos.activated.connect(
            lambda index: self.photo_chosen.emit(self.photos.photo_at(index))
        )
        self.open_button = icon_button(
            self.tr("&Open a photo…"),
            "photo",
            self.tr("Any photo of this lens; or drop it onto the picture"),
        )

    def _make_settings(self) -> None:
        self.method = ChoiceBox(
            {
                Method.WIENER: self.tr("Wiener – fast"),
                Method.NETWORK: self.tr("Network – trained for this lens"),
                Method.DPIR: self.tr("DPIR – slow, cleanest detail"),
                Method.DIFFPIR: self.tr("DiffPIR – slowest, may invent fine detail"),
                Method.NONE: self.tr("None – develop only"),
            },
            self.tr("How the blur is removed"),
        )
        self.train_button = QPushButton(self.tr("&Train a network…"))
        self.train_button.setToolTip(self.tr("On sharp photos of any kind; kept in the profile"))
        # Only what the user does: showing a session must not change it.
        self.method.activated.connect(lambda _: self.settings_changed.emit())
        self.method.currentIndexChanged.connect(lambda _: self._show_train_button())
        self.amount = PercentSlider(
            self.tr("Amount"), DEFAULTS.amount, self.tr("0 % leaves the photo unchanged")
        )
        self.denoise = PercentSlider(
            self.tr("Noise reduction"),
            DEFAULTS.denoise,
            self.tr("0 % keeps all detail and grain, 100 % is smooth"),
        )
        for slider in (self.amount, self.denoise):
            slider.changed.connect(lambda _: self.settings_changed.emit())

    def _lay_out(self) -> None:
        column = self.content
        column.addWidget(section(self.tr("Photo")))
        column.addWidget(self.photos)
        column.addWidget(self.open_button)
        column.addSpacing(8)
        column.addWidget(section(self.tr("Correction")))
        column.addWidget(self.method)
        column.addWidget(self.train_button)
        column.addWidget(self.amount)
        column.addWidget(self.denoise)
        column.addSpacing(4)
        column.addWidget(self.button)
        column.addWidget(self.state)
        column.addWidget(self.preview_state)
        # The histogram keeps its place, whatever is said above it.
        column.addStretch(1)
        column.addWidget(self.look)
        column.addSpacing(4)
        column.addWidget(section(self.tr("Visible part")))
        # In a low window the histogram is the first that gives way.
        column.addWidget(self.histogram, 2)
        column.addWidget(self.next_button)

    @property
    def settings(self) -> RestoreSettings:
        """What is chosen."""
        return replace(
            self._others,
            method=self.method.value,
            amount=self.amount.value,
            denoise=self.denoise.value,
        )

    def show_settings(self, settings: RestoreSettings) -> None:
        """Choose what the settings say."""
        self._others = settings
        self.method.choose(settings.method)
        self._show_train_button()
        self.amount.set_value(settings.amount)
        self.denoise.set_value(settings.denoise)

    def _show_train_button(self) -> None:
        self.train_button.setVisible(self.method.value is Method.NETWORK)

    def set_busy(self, busy: bool) -> None:
        """Settings of a running correction cannot be changed."""
        fields = (self.photos, self.open_button, self.method, self.amount, self.denoise)
        for widget in (*fields, self.train_button):
            widget.setEnabled(not busy)

    def show_comparison(self, comparison: Comparison | None) -> None:
        """How the photo in sight was corrected as a whole; None: it was not."""
        text = ""
        if comparison is not None:
            text = self.tr("{name} with {method}, amount {amount:.0%}.").format(
                name=comparison.photo.name,
                method=self.method.text_of(comparison.settings.method),
                amount=comparison.settings.amount,
            )
        self.show_state(text)

    def show_state(self, text: str) -> None:
        """How far the whole photo is; nothing takes no room."""
        self.state.setText(text)
        self.state.setVisible(bool(text))

    def show_preview_state(self, state: str) -> None:
        """How far the visible part is: a state of the previewer, or why it could not be
        corrected."""
        words = {
            "working": self.tr("Correcting the visible part…"),
            "finer": self.tr("Shown with Wiener, until {method} is ready…"),
            "quick": self.tr(
                "Shown with Wiener: zoom in, or correct the whole photo, to see {method}."
            ),
            "large": self.tr("Zoom in to see the correction, or correct the whole photo."),
            "done": self.tr("The visible part is corrected."),
            "unfit": self.tr("Not corrected: the photo does not suit the profile."),
            "off": "",
        }
        # Anything else is an error's message.
        if state in words:
            text = words[state].format(method=self._method_name)
        else:
            text = in_the_windows_words(state)
        self.preview_state.setText(text)

    def show_preview_fraction(self, fraction: float) -> None:
        """How far a slow method is."""
        words = self.tr("Shown with Wiener, until {method} is ready: {n:.0%}")
        self.preview_state.setText(words.format(method=self._method_name, n=fraction))

    @property
    def _method_name(self) -> str:
        """Without what the box says about it."""
        if self.method.value is Method.NETWORK:
            return self.tr("the network")
        return SLOW_METHODS.get(self.method.value, self.method.currentText())
