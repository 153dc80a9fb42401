"""Where on the sensor there is texture to learn from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from lenscal.files import field_csv
from lenscal.gui.pages.photos.photo_rows import DEGRADED, SHARP
from lenscal.gui.translate import in_the_windows_words, in_this_language
from lenscal.gui.widgets.choice import Choice
from lenscal.gui.widgets.elements import Card, muted, scrolled, section
from lenscal.gui.widgets.field_map import FieldMap
from lenscal.gui.widgets.save_button import SaveButton
from lenscal.intake.coverage import Coverage, coverage
from lenscal.intake.inputs import Inputs, JudgedPhoto
from lenscal.plots.maps import MapData

MAP_GRID = (6, 8)
"""Rows and columns: as fine as the numbers in the cells can be read."""
NO_PHOTO_SIZE = (2, 3)
"""(height, width) of an empty map: a photo's usual proportions."""
BOTH, CHOSEN = "both", "chosen"
REPORTED_IN_THE_TABLE = (" photo left out: ", " photo kept: ")
"""Warnings with these words stand beside their photos."""


class TextureCard(Card):
    """The map, what is missing, and what else is to be minded."""

    which_changed = Signal()
    """Photos of another set are to be shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self._coverage: Coverage | None = None
        self.which = self._make_which()
        self.map = FieldMap(selectable=False, snug=True)
        self.map.setToolTip(
            self.tr(
                "Share of photos with texture at each place on the sensor: kernels are "
                "reliable where it is high"
            )
        )
        self.advice, self.warnings = muted(), muted()
        notes = QWidget()
        words = QVBoxLayout(notes)
        words.setContentsMargins(0, 0, 6, 0)
        words.setSpacing(10)
        words.addWidget(self.advice)
        words.addWidget(self.warnings)
        words.addStretch()
        self.content.addWidget(section(self.tr("Where there is texture")))
        self.content.addWidget(self.which)
        self.content.addWidget(self.map)
        self.content.addWidget(scrolled(notes, self.tr("Things to note")), 1)

    def _make_which(self) -> Choice:
        both_tip = self.tr("The set with less texture, cell by cell: learning needs both")
        degraded_tip = self.tr("The photos to correct that are used")
        chosen_tip = self.tr("The photos selected in the table")
        which = Choice(
            (
                (BOTH, self.tr("Both"), both_tip),
                (SHARP, self.tr("Sharp"), self.tr("The sharp photos that are used")),
                (DEGRADED, self.tr("To correct"), degraded_tip),
                (CHOSEN, self.tr("Chosen"), chosen_tip),
            )
        )
        which.chosen.connect(lambda _: self.which_changed.emit())
        return which

    @property
    def shows_chosen(self) -> bool:
        """Whether the map follows what is chosen in the table."""
        return self.which.value == CHOSEN

    @property
    def empty(self) -> bool:
        """Whether there is nothing to save."""
        return self._coverage is None

    def show_inputs(self, inputs: Inputs | None, selection: Collection[Path]) -> None:
        """Draw the map of what was read; `selection` are the photos that are
        chosen in the table."""
        self._coverage = None if inputs is None else self._coverage_of(inputs, selection)
        if inputs is None or self._coverage is None:
            if self.shows_chosen and inputs is not None:
                words = self.tr("Select photos in the table")
            else:
                words = self.tr("No photos yet: read them in step 1")
            self.map.show_map(None, empty=words)
            self.advice.hide()
            return
        # In the photo's proportions, so that places can be found in it.
        height, width = _photo_size(inputs)
        data = MapData(self._title, self._coverage.cells, low=0, high=1, pattern="{:.0%}")
        self.map.show_map(data, aspect=width / height)
        self._show_advice(self._coverage)

    def _coverage_of(self, inputs: Inputs, selection: Collection[Path]) -> Coverage | None:
        match self.which.value:
            case "both":
                shares = inputs.coverage(MAP_GRID)
            case "sharp":
                shares = coverage([photo.survey for photo in inputs.sharp.photos], MAP_GRID)
            case "degraded":
                shares = coverage([photo.survey for photo in inputs.degraded.photos], MAP_GRID)
            case _:
                photos = [photo for photo in _all_photos(inputs) if photo.path in selection]
                shares = coverage([photo.survey for photo in photos], MAP_GRID)
        # A share of no photos is no map.
        return shares if shares is not None and shares.n_photos else None

    @property
    def _title(self) -> str:
        n = 0 if self._coverage is None else self._coverage.n_photos
        return self.tr("{n} photos: share with texture").format(n=n)

    def _show_advice(self, shares: Coverage) -> None:
        words = "; ".join(in_this_language(text) for text in shares.describe())
        if words:
            sentence = words[:1].upper() + words[1:]
            self.advice.setText(self.tr("⚠ {sentence}.").format(sentence=sentence))
        else:
            self.advice.setText(self.tr("Texture all over the picture."))
        self.advice.show()

    def show_warnings(self, warnings: Sequence[str], expected: Sequence[str] = ()) -> None:
        """What else is to be minded of all that was read, and what it can be expected to give."""
        lines = [in_the_windows_words(words) for words in expected if words not in warnings]
        lines += [
            f"⚠ {in_the_windows_words(warning)}"
            for warning in warnings
            if not any(words in warning for words in REPORTED_IN_THE_TABLE)
        ]
        self.warnings.setText("\n\n".join(lines))
        self.warnings.setVisible(bool(lines))

    def save(self, path: Path, button: SaveButton) -> None:
        """The map as PNG, SVG or CSV by the suffix."""
        if self._coverage is None:
            return
        cells = self._coverage.cells
        rows, cols = np.indices(cells.shape)
        columns: list[tuple[str, NDArray[np.generic]]] = [
            ("row", rows.ravel()),
            ("col", cols.ravel()),
            ("share", cells.ravel()),
        ]
        table = field_csv.column_table(columns)
        button.save(path, self.map, lambda: field_csv.write_table(path, table), self._title)


def _all_photos(inputs: Inputs) -> Sequence[JudgedPhoto]:
    """Every photo that was decoded, used or not."""
    folders = (inputs.sharp, inputs.degraded)
    photos = [photo for folder in folders for photo in folder.photos]
    left_out = [rejected.photo for folder in folders for rejected in folder.rejected]
    return photos + [photo for photo in left_out if photo is not None]


def _photo_size(inputs: Inputs) -> tuple[int, int]:
    """(height, width) px."""
    photos = _all_photos(inputs)
    return photos[0].frame.size if photos else NO_PHOTO_SIZE
