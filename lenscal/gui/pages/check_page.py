"""Step 2: what was read, what is thought of it, and what the user decides; where there is texture
to learn from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lenscal.gui.pages.page import Page
from lenscal.gui.pages.photos.photo_rows import rows_of
from lenscal.gui.pages.photos.photo_table import PhotoTable
from lenscal.gui.pages.photos.texture_card import TextureCard
from lenscal.gui.pages.photos.verdict_table import VerdictTable
from lenscal.gui.widgets.elements import icon_button, muted, primary, with_tip
from lenscal.gui.widgets.save_button import SaveButton
from lenscal.intake.inputs import Inputs
from lenscal.session import Session


class CheckPage(Page):
    """The photos in a table, and a map of their texture on the right."""

    next_clicked = Signal()
    decided = Signal(object, bool)
    """Photos (tuple of Path), keep."""
    undo_clicked = Signal()
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_title(
            self.tr("Check"),
            self.tr(
                "What was found in the photos, and which were left out and why. "
                "The decision is yours."
            ),
        )
        self._inputs: Inputs | None = None
        self._decisions: Mapping[Path, bool] | None = None
        self._busy = False
        self.model = PhotoTable()
        # Qt does not own a model that a view shows.
        self.model.setParent(self)
        self.model.decided.connect(self.decided)
        self.table = VerdictTable(self.model)
        self.table.chosen_changed.connect(self._chosen_changed)
        self.table.turned.connect(self._turn)
        self.texture = TextureCard()
        self.texture.which_changed.connect(self._show_map)
        self.map, self.which = self.texture.map, self.texture.which
        self.summary = muted()
        self._make_buttons()
        self._lay_out()

    def _make_buttons(self) -> None:
        self.keep_button = icon_button(
            self.tr("&Keep"), "done", self.tr("Use the selected photos anyway (Space)")
        )
        self.keep_button.clicked.connect(lambda: self._decide(True))
        self.leave_button = icon_button(
            self.tr("&Leave out"), "close", self.tr("Do not use the selected photos (Space)")
        )
        self.leave_button.clicked.connect(lambda: self._decide(False))
        self.undo_button = with_tip(
            QPushButton(self.tr("&Undo")), self.tr("Undo the last decision (Ctrl+Z)")
        )
        self.undo_button.clicked.connect(self.undo_clicked)
        # Until the undo stack says that there is something.
        self.undo_button.setEnabled(False)
        self.next_button = primary(self.tr("Continue to &calibrate"))
        self.next_button.setToolTip(self.tr("The photos are fine"))
        self.next_button.clicked.connect(self.next_clicked)
        self.save_button = SaveButton()
        self.save_button.add(self.tr("The texture &map…"), "texture", self.save_map)
        self.save_button.problem.connect(self.problem)
        self.add_action(self.save_button)

    def _lay_out(self) -> None:
        decide = QHBoxLayout()
        decide.setSpacing(8)
        for button in (self.keep_button, self.leave_button, self.undo_button):
            decide.addWidget(button)
        decide.addStretch()
        left = QVBoxLayout()
        left.setSpacing(8)
        left.addWidget(self.table, 1)
        left.addLayout(decide)
        row = QHBoxLayout()
        row.setSpacing(14)
        # Reasons need width; the map is readable when it is small.
        row.addLayout(left, 7)
        row.addWidget(self.texture, 2)
        bottom = QHBoxLayout()
        bottom.addWidget(self.summary, 1)
        bottom.addWidget(self.next_button)
        self.body.addLayout(row, 1)
        self.body.addLayout(bottom)
        self._show_map()

    # Showing

    def show_session(self, session: Session) -> None:
        """Show what has changed."""
        inputs = session.inputs
        # A calibration needs photos of both sets.
        can_go_on = inputs is not None and bool(inputs.sharp.photos and inputs.degraded.photos)
        self.next_button.setEnabled(can_go_on)
        first = self._decisions is None
        if not first and inputs is self._inputs and session.decisions is self._decisions:
            return
        # Widths that the user has dragged stay when only a verdict changes.
        fresh = inputs is None or self._inputs is None
        self._inputs, self._decisions = inputs, session.decisions
        self.model.show_photos(rows_of(session), session.thumbnails)
        if fresh:
            self.table.reset_widths()
        self.table.fit()
        self.summary.setText(self._summary())
        expected = () if inputs is None else inputs.expectations
        self.texture.show_warnings(() if inputs is None else inputs.warnings, expected)
        self._show_map()
        self._chosen_changed()

    def set_busy(self, busy: bool) -> None:
        """A job runs: its photos stay as they are."""
        self._busy = busy
        self._chosen_changed()

    def _summary(self) -> str:
        inputs = self._inputs
        if inputs is None:
            return self.tr("No photos were read yet.")
        sharp, degraded = inputs.sharp, inputs.degraded
        words = self.tr("{n} sharp photos and {m} to correct; {k} left out.").format(
            n=len(sharp.frames),
            m=len(degraded.frames),
            k=len(sharp.rejected) + len(degraded.rejected),
        )
        return f"{words} {self._noise_words(inputs)}"

    def _noise_words(self, inputs: Inputs) -> str:
        """Where the noise of the photos to correct is known from."""
        frames = inputs.degraded.frames
        source = frames[0].noise.source if frames else ""
        if not source:
            return ""
        if source == "NoiseProfile":
            return self.tr("Noise: as stated in the files.")
        return self.tr("Noise: {source}.").format(source=source)

    def _show_map(self) -> None:
        self.texture.show_inputs(self._inputs, {row.path for row in self.table.chosen_photos})
        self.save_button.setEnabled(not self.texture.empty)

    def _chosen_changed(self) -> None:
        rows = self.table.chosen_photos
        can_keep = any(row.readable and not row.used for row in rows)
        can_leave = any(row.used for row in rows)
        self.keep_button.setEnabled(can_keep and not self._busy)
        self.leave_button.setEnabled(can_leave and not self._busy)
        # The other maps do not depend on what is chosen, and take a moment to draw.
        if self.texture.shows_chosen:
            self._show_map()

    # What the user does

    def save_map(self, path: Path) -> None:
        """The texture map as PNG, SVG or CSV by the suffix."""
        self.texture.save(path, self.save_button)

    def _decide(self, keep: bool) -> None:
        rows = self.table.chosen_photos
        # Photos that are so already need no decision, which undo would count.
        paths = tuple(row.path for row in rows if row.readable and row.used != keep)
        if paths and not self._busy:
            self.decided.emit(paths, keep)

    def _turn(self) -> None:
        """Space: of several photos, all become what the first is not."""
        rows = [row for row in self.table.chosen_photos if row.readable]
        if rows:
            self._decide(not rows[0].used)
