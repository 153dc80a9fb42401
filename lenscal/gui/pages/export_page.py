"""Step 6: write photos, the profile and PSF files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from lenscal.errors import InputError
from lenscal.files.photos.export_settings import ExportSettings
from lenscal.files.psf.psf_export import psf_file_names
from lenscal.gui.dialogs.replace_question import ReplaceQuestion
from lenscal.gui.pages.export.folder_row import FolderRow
from lenscal.gui.pages.export.photo_card import PhotoCard, Which
from lenscal.gui.pages.export.photo_queue import PhotoQueue
from lenscal.gui.pages.export.profile_card import ProfileCard
from lenscal.gui.pages.export.psf_card import PsfCard
from lenscal.gui.pages.page import Page
from lenscal.gui.translate import error_in_words
from lenscal.gui.widgets.elements import icon_button, muted, section, with_tip
from lenscal.gui.widgets.file_dialogs import ask_for_photos
from lenscal.gui.widgets.sides import Sides
from lenscal.session import Session

if TYPE_CHECKING:
    from lenscal.jobs import PhotoResult


class ExportPage(Page):
    """What is written and where, in cards, and the photos of the next batch."""

    photos_clicked = Signal(object, object, bool, bool, bool)
    """Photos (tuple of Path), ExportSettings, whether masks are written too, whether photos that do
    not fit."""
    profile_clicked = Signal(object, bool)
    """Path, whether without what says whose it is."""
    report_clicked = Signal(object, bool)
    """Path, .html or .pdf; whether without what says whose it is."""
    psf_clicked = Signal(object, object)
    """Folder, names of the formats."""
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_title(
            self.tr("Export"),
            self.tr("Write corrected photos, the profile and PSF files for other programs."),
        )
        self._own_list: tuple[Path, ...] = ()
        """The user's own list."""
        self._session = Session()
        self._busy = self._writing = False
        self._make_cards()
        self._make_queue()
        self.sides = Sides(self.folder_row, self._lay_out_cards(), self._lay_out_queue())
        self.body.addWidget(self.sides, 1)
        self._show_queue()

    # Building

    def _make_cards(self) -> None:
        self.folder_row = FolderRow()
        self.folder_row.changed.connect(self._show_example)
        self.folder_row.problem.connect(self.problem)
        self.folder = self.folder_row.field
        self.photo_card = PhotoCard()
        self.photo_card.changed.connect(self._show_example)
        self.photo_card.which_changed.connect(self._show_queue)
        self.photo_card.button.clicked.connect(self.export_photos)
        self.photos_button = self.photo_card.button
        self.kind, self.template = self.photo_card.kind, self.photo_card.template
        self.strangers = self.photo_card.strangers
        self.profile_card = ProfileCard(lambda: self.folder_row.path)
        self.profile_card.profile_clicked.connect(self.profile_clicked)
        self.profile_card.report_clicked.connect(self.report_clicked)
        self.profile_card.problem.connect(self.problem)
        self.psf_card = PsfCard()
        self.psf_card.button.clicked.connect(self._export_psf)
        self.psf_button = self.psf_card.button

    def _make_queue(self) -> None:
        self.queue = PhotoQueue()
        self.queue.removed.connect(self._take_out)
        self.add_button = icon_button(
            self.tr("&Add photos…"),
            "photo",
            self.tr("Any photos taken with this lens; or drop them here"),
        )
        self.add_button.clicked.connect(self._choose_photos)
        self.clear_button = with_tip(
            QPushButton(self.tr("C&lear")),
            self.tr("Remove all photos from the list; the files are not touched"),
        )
        self.clear_button.clicked.connect(lambda: self._take_out(self._own_list))
        self.results = muted()
        self.results.hide()

    def _lay_out_cards(self) -> QBoxLayout:
        right = QVBoxLayout()
        right.setSpacing(12)
        right.addWidget(self.profile_card)
        right.addWidget(self.psf_card, 1)
        cards = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        cards.setSpacing(16)
        cards.addWidget(self.photo_card, 1)
        cards.addLayout(right, 1)
        return cards

    def _lay_out_queue(self) -> QVBoxLayout:
        heading = QHBoxLayout()
        heading.addWidget(section(self.tr("Photos to write")))
        heading.addStretch()
        heading.addWidget(self.add_button)
        heading.addWidget(self.clear_button)
        column = QVBoxLayout()
        column.setSpacing(12)
        column.addLayout(heading)
        column.addWidget(self.queue, 1)
        column.addWidget(self.results)
        return column

    # What is chosen

    @property
    def photos(self) -> tuple[Path, ...]:
        """What is to be written."""
        session = self._session
        match self.photo_card.which.value:
            case Which.LIST:
                return self._own_list
            case Which.ALL:
                frames = () if session.inputs is None else session.inputs.degraded.frames
                return tuple(frame.info.path for frame in frames)
        return () if session.photo is None else (session.photo,)

    @property
    def settings(self) -> ExportSettings:
        """How photos are to be written.

        Raises
        ------
        InputError
            The file name or the formats make no sense.
        """
        return replace(
            self.photo_card.settings(self.folder_row.path), private=self.profile_card.private
        )

    def set_private(self, private: bool) -> None:
        """Whether nothing is written that says where photos were taken, and with which devices."""
        self.profile_card.private = private

    def add_photos(self, photos: Iterable[Path]) -> None:
        """Put photos on the list, each once, and the list to use."""
        self._use_list((*self._own_list, *photos))

    def _take_out(self, photos: Iterable[Path]) -> None:
        if not self._busy:
            unwanted = set(photos)
            # From what is in sight, whether or not that was the list.
            self._use_list(photo for photo in self.photos if photo not in unwanted)

    def _use_list(self, photos: Iterable[Path]) -> None:
        # Each once, in the order in which they came.
        self._own_list = tuple(dict.fromkeys(photos))
        self.photo_card.which.choose(Which.LIST)
        self._show_queue()

    # Showing

    def show_session(self, session: Session) -> None:
        """Show what has changed."""
        self._session = session
        if session.psf is None:
            # What was written is of a former project.
            self.results.hide()
        self.profile_card.show_session(session)
        self.photo_card.show_look(session.look)
        self._show_queue()
        self._enable()

    def set_busy(self, busy: bool) -> None:
        """A job runs: nothing else can be started. At the end of one that did not say what became
        of the photos, it was cancelled."""
        self._busy = busy
        if not busy and self._writing:
            self._writing = False
            self.queue.cancelled()
        self._enable()

    def begin_writing(self) -> None:
        """A batch starts."""
        self._writing = True
        self.results.hide()
        self.queue.begin()

    def show_progress(self, message: str) -> None:
        """What the running job says, if it writes photos."""
        if self._writing:
            self.queue.show_message(message)

    def show_results(self, results: Sequence[PhotoResult]) -> None:
        """What became of the batch's photos."""
        self._writing = False
        self.queue.finish(results)

    def show_done(self, text: str) -> None:
        """What was written last."""
        self.results.setText(text)
        self.results.show()

    def _show_queue(self) -> None:
        self.queue.show_photos(self.photos)
        # Photos that other pages have chosen cannot be cleared here.
        self.clear_button.setVisible(self.photo_card.which.value is Which.LIST)
        self._show_example()

    def _show_example(self) -> None:
        method = self._session.restore.method.value
        self.photo_card.show_example(self.photos, self.folder_row.path, method)

    def _enable(self) -> None:
        ready = self._session.psf is not None and not self._busy
        for button in (self.photos_button, self.psf_button, self.profile_card.report_button):
            button.setEnabled(ready)
        profile = self._session.profile
        savable = profile is not None and not profile.is_bare
        for button in (self.profile_card.profile_button, self.profile_card.share_button):
            button.setEnabled(ready and savable)
        for button in (self.add_button, self.clear_button):
            button.setEnabled(not self._busy)
        self.photo_card.set_busy(self._busy)
        self._show_example()

    # What the user does

    def export_photos(self) -> None:
        """Write the photos, if that is possible; else what is missing is said."""
        # The menu and Ctrl+E lead here, too.
        if not self.photos_button.isEnabled() or not self.folder_row.check():
            return
        photos = self.photos
        if not photos:
            self.problem.emit(self.tr("No photo to write: choose one in step 5, or add photos."))
            return
        try:
            settings = self.settings
        except InputError as error:
            self.problem.emit(error_in_words(error))
            return
        save_mask = self.photo_card.save_mask.isChecked()
        card = self.photo_card
        strangers, library = card.strangers.isChecked(), card.library.isChecked()
        self.photos_clicked.emit(photos, settings, save_mask, strangers, library)

    def _export_psf(self) -> None:
        if not self.folder_row.check():
            return
        folder, formats = self.folder_row.path, self.psf_card.formats
        if not formats:
            self.problem.emit(self.tr("No PSF file format is ticked: tick at least one."))
            return
        there = [name for name in psf_file_names(formats) if (folder / name).exists()]
        if not there:
            self.psf_clicked.emit(folder, formats)
            return
        question = ReplaceQuestion(there, str(folder), self)
        question.replace_chosen.connect(lambda: self.psf_clicked.emit(folder, formats))
        question.open()

    def _choose_photos(self) -> None:
        photos = ask_for_photos(self, self.tr("Add photos"))
        if photos:
            self.add_photos(photos)
