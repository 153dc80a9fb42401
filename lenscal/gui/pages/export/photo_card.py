"""Which corrected photos are written, and how: the first card of step 6."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QLineEdit, QWidget

from lenscal.errors import LenscalError
from lenscal.files.photos.export_settings import (
    PLAIN,
    ExportSettings,
    Look,
    OnConflict,
    PhotoFormat,
    Space,
    output_path,
)
from lenscal.gui.pages.export.format_choice import FormatChoice
from lenscal.gui.translate import error_in_words, in_the_windows_words
from lenscal.gui.widgets.choice_box import ChoiceBox
from lenscal.gui.widgets.elements import Card, Form, muted, primary, section, with_tip

DEFAULTS = ExportSettings(out=Path())
EXAMPLE = Path("IMG_1234.CR3")
"""Stands for a photo where there is none."""


class Which(StrEnum):
    """Photos to write."""

    ONE = "one"
    ALL = "all"
    LIST = "list"


class PhotoCard(Card):
    """Fields, an example of a written name, and the button."""

    changed = Signal()
    """Files would be written otherwise."""
    which_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._busy = False
        self._make_choices()
        self._make_fields()
        self.button = primary(self.tr("Write &the photos"), "export")
        self.button.setToolTip(self.tr("Correct and write the photos (Ctrl+E)"))
        self._lay_out()
        self.which.currentIndexChanged.connect(lambda _: self.which_changed.emit())
        self.kind.changed.connect(self.changed)
        self.template.textChanged.connect(lambda _: self.changed.emit())
        self.keep_pictures.toggled.connect(lambda _: self.changed.emit())
        for box in (self.space, self.conflict):
            box.currentIndexChanged.connect(lambda _: self.changed.emit())

    def _make_choices(self) -> None:
        self.which = ChoiceBox(
            {
                Which.ONE: self.tr("Current photo"),
                Which.ALL: self.tr("All photos to correct"),
                Which.LIST: self.tr("A list of photos"),
            },
            self.tr("Photos are corrected with the settings of step 5"),
        )
        self.space = ChoiceBox(
            {
                Space.SRGB: self.tr("sRGB"),
                Space.DISPLAY_P3: self.tr("Display P3"),
                Space.PROPHOTO: self.tr("ProPhoto RGB"),
                Space.CAMERA_LINEAR: self.tr("Camera, linear (TIFF)"),
            },
            self.tr("The colour profile is embedded in the photo"),
        )
        self.conflict = ChoiceBox(
            {
                OnConflict.UNIQUE: self.tr("Choose a new name"),
                OnConflict.OVERWRITE: self.tr("Overwrite"),
                OnConflict.SKIP: self.tr("Skip"),
                OnConflict.ERROR: self.tr("Stop with an error"),
            },
            self.tr("What happens if a file of that name exists; originals are never touched"),
        )
        self.space.choose(DEFAULTS.space)
        self.conflict.choose(DEFAULTS.on_conflict)

    def _make_fields(self) -> None:
        self.kind = FormatChoice(DEFAULTS)
        self.template = with_tip(
            QLineEdit(DEFAULTS.template),
            self.tr("{name}: the photo’s name; {method}: the correction"),
        )
        self.example = muted()
        self.save_mask = with_tip(
            QCheckBox(self.tr("Also write masks of what was corrected")),
            self.tr("A grey PNG beside each photo, white where it was corrected"),
        )
        self.keep_pictures = with_tip(
            QCheckBox(self.tr("Pictures keep their format (PNG, JPEG, TIFF)")),
            self.tr(
                "With the bit depth and colour profile of the original; these fields "
                "are for RAW photos"
            ),
        )
        self.keep_pictures.setChecked(DEFAULTS.keep_pictures)
        self._look = PLAIN
        self.as_viewed = with_tip(
            QCheckBox(),
            self.tr(
                "TIFF, PNG and JPEG of RAW photos become as bright as they are shown in step 5"
            ),
        )
        self.as_viewed.toggled.connect(lambda _: self.changed.emit())
        self.strangers = with_tip(
            QCheckBox(self.tr("Also photos that do not fit the profile")),
            self.tr(
                "Photos of another camera, lens, focal length or aperture are "
                "corrected with a warning instead of being left out"
            ),
        )
        self.library = with_tip(
            QCheckBox(self.tr("Each photo with its own profile from the library")),
            self.tr("By camera, lens, focal length and aperture; see File, Library of lenses"),
        )

    def _lay_out(self) -> None:
        self._fields = fields = Form()
        fields.add(self.tr("Photos"), self.which)
        fields.add(self.tr("Format"), self.kind)
        fields.add(self.tr("Colour space"), self.space)
        fields.add(self.tr("File name"), self.template)
        fields.add(self.tr("If it exists"), self.conflict)
        options = self.keep_pictures, self.as_viewed, self.save_mask, self.strangers, self.library
        fields.add("", self.example)
        for widget in options:
            # From the left: their words are long.
            fields.addRow(widget)
        self.content.addWidget(section(self.tr("Corrected photos")))
        self.content.addLayout(fields)
        # The button stands at the bottom, as in the other cards.
        self.content.addStretch()
        self.content.addWidget(self.button)

    def settings(self, folder: Path) -> ExportSettings:
        """What is chosen, for photos that are written to a folder.

        Raises
        ------
        InputError
            The file name or the formats make no sense.
        """
        return ExportSettings(
            out=folder,
            format=self.kind.value,
            space=self.space.value,
            template=self.template.text(),
            on_conflict=self.conflict.value,
            jpeg_quality=self.kind.quality.value(),
            depth=self.kind.chosen_depth,
            keep_pictures=self.keep_pictures.isChecked(),
            look=self._look if self._brightens else PLAIN,
        )

    def show_look(self, look: Look) -> None:
        """How photos are brightened in step 5."""
        self._look = look
        words = self.tr("Exposure and tone as viewed ({ev:+.1f} EV)")
        self.as_viewed.setText(words.format(ev=look.exposure_ev))
        self._enable()

    @property
    def _is_developed(self) -> bool:
        """Whether what is written is made to be looked at."""
        linear = self.space.value is Space.CAMERA_LINEAR
        return self.kind.value is not PhotoFormat.DNG and not linear

    @property
    def _brightens(self) -> bool:
        return self.as_viewed.isChecked() and self._is_developed

    def show_example(self, photos: Sequence[Path], folder: Path, method: str) -> None:
        """What the next file will be called, or what is wrong with the name.

        Parameters
        ----------
        photos : those that are to be written
        method : of correction, which may be a part of the name
        """
        # The space decides how many bits a TIFF has.
        self.kind.show_space(self.space.value)
        self._enable()
        # The first one stands for all.
        source = photos[0] if photos else EXAMPLE
        try:
            settings = self.settings(folder)
            path = output_path(source, settings, method=method)
            # A folder that cannot be reached raises here, as writing would.
            exists = path.exists()
        except LenscalError as error:
            words = self.tr("⚠ {problem}")
            problem = in_the_windows_words(error_in_words(error))
            self.example.setText(words.format(problem=problem))
            return
        except OSError as error:
            words = self.tr("⚠ {problem}")
            self.example.setText(words.format(problem=error.strerror or error))
            return
        if not exists:
            words = self.tr("{source} → {name}")
        elif settings.on_conflict is OnConflict.SKIP:
            words = self.tr("{name} already exists and will be skipped")
        else:
            words = self.tr("{source} → {name} (replaces the existing file)")
        self.example.setText(words.format(source=source.name, name=path.name))

    def set_busy(self, busy: bool) -> None:
        """A job runs: photos cannot be written otherwise than they are."""
        self._busy = busy
        self.kind.set_busy(busy)
        for widget in (self.which, self.conflict, self.template, self.keep_pictures):
            widget.setEnabled(not busy)
        self._enable()

    def _enable(self) -> None:
        # A DNG holds the camera's own colours, whatever is chosen.
        fixed = self.kind.value is PhotoFormat.DNG
        self.space.setEnabled(not fixed and not self._busy)
        # A choice that changes nothing takes no room.
        self._fields.setRowVisible(self.as_viewed, not self._look.is_plain)
        self.as_viewed.setEnabled(self._is_developed and not self._busy)
