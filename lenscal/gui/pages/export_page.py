"""Step 6: write photos, the profile and PSF files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QT_TR_NOOP, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from lenscal.errors import InputError, LenscalError
from lenscal.files.photos.export_settings import (
    ExportSettings,
    OnConflict,
    PhotoFormat,
    Space,
    output_path,
)
from lenscal.files.psf.psf_formats import PSF_FORMATS
from lenscal.gui import theme
from lenscal.gui.last_folder import last_folder, remember
from lenscal.gui.pages.page import Page, card, form, muted, primary, section, with_tip
from lenscal.gui.translate import error_in_words, in_the_windows_words
from lenscal.gui.widgets.drop_zone import RAW_PATTERNS
from lenscal.gui.widgets.format_choice import FormatChoice
from lenscal.gui.widgets.queue import PhotoQueue
from lenscal.gui.widgets.sides import Sides
from lenscal.session import Session, Step, lacks

if TYPE_CHECKING:
    from lenscal.jobs import PhotoResult

SPACES = {
    Space.SRGB: QT_TR_NOOP("sRGB"),
    Space.DISPLAY_P3: QT_TR_NOOP("Display P3"),
    Space.PROPHOTO: QT_TR_NOOP("ProPhoto RGB"),
    Space.CAMERA_LINEAR: QT_TR_NOOP("Camera, linear (TIFF)"),
}
CONFLICTS = {
    OnConflict.UNIQUE: QT_TR_NOOP("Choose a new name"),
    OnConflict.OVERWRITE: QT_TR_NOOP("Overwrite"),
    OnConflict.SKIP: QT_TR_NOOP("Skip"),
    OnConflict.ERROR: QT_TR_NOOP("Say so"),
}
WHICH = {
    "one": QT_TR_NOOP("The photo of step 5"),
    "all": QT_TR_NOOP("All photos to correct"),
    "list": QT_TR_NOOP("A list of photos"),
}


class ExportPage(Page):
    photos_clicked = Signal(object, object, bool, bool)
    """Photos (tuple of Path), ExportSettings, whether masks are written too, whether photos that do
    not fit."""
    profile_clicked = Signal(object)
    report_clicked = Signal(object)
    """Path, .html or .pdf."""
    psf_clicked = Signal(object, object)
    """Folder, names of the formats."""
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_title(
            self.tr("Export"),
            self.tr("Write corrected photos, the profile and PSF files for other programs."),
        )
        self.which, self.space, self.conflict = QComboBox(), QComboBox(), QComboBox()
        for box, items in ((self.which, WHICH), (self.space, SPACES), (self.conflict, CONFLICTS)):
            for value, text in items.items():
                box.addItem(self.tr(str(text)), value)
        self.kind = FormatChoice()
        self.kind.changed.connect(self._show_example)
        self.which.setToolTip(self.tr("Photos are corrected with the settings of step 5"))
        self.space.setToolTip(self.tr("The colour profile is written into the photo"))
        self.conflict.setToolTip(
            self.tr("What happens where a file of that name exists; originals are never touched")
        )
        self.template = with_tip(
            QLineEdit("{name}_lenscal"), self.tr("{name}: of the photo; {method}: the correction")
        )
        self.example = muted()
        self.save_mask = QCheckBox(self.tr("Also write masks: where it was corrected"))
        self.save_mask.setToolTip(
            self.tr("A grey PNG beside each photo: white where it was corrected")
        )
        self.strangers = QCheckBox(self.tr("Also photos that do not fit the profile"))
        self.strangers.setToolTip(
            self.tr(
                "Of another camera, lens, focal length or aperture: corrected with a warning instead of left out"
            )
        )
        self.folder = with_tip(
            QLineEdit(str(Path.home() / "lenscal")), self.tr("Photos and PSF files go here")
        )
        for edit in (self.template, self.folder):
            edit.textChanged.connect(lambda _: self._show_example())
        for box in (self.space, self.conflict):
            box.currentIndexChanged.connect(lambda _: self._show_example())
        self.which.currentIndexChanged.connect(lambda _: self._show_queue())
        self.queue = PhotoQueue()
        self.queue.removed.connect(self._take_out)
        self.add_button = QPushButton(theme.icon("photo", size=16), self.tr("&Add photos…"))
        self.add_button.setToolTip(
            self.tr("Any RAW photos taken with this lens at this aperture; or drop them here")
        )
        self.add_button.clicked.connect(self._choose_photos)
        self.clear_button = QPushButton(self.tr("C&lear"))
        self.clear_button.setToolTip(
            self.tr("Take all photos out of the list; files stay where they are")
        )
        self.clear_button.clicked.connect(lambda: self._take_out(self._listed))
        browse = QPushButton(theme.icon("folder", size=16), self.tr("Choose…"))
        browse.setToolTip(self.tr("Choose the folder to write to"))
        browse.clicked.connect(self._choose_folder)
        self.open_button = with_tip(
            QPushButton(self.tr("Sho&w")), self.tr("Show the folder on the desktop")
        )
        self.open_button.clicked.connect(self._open_folder)
        where = QHBoxLayout()
        where.addWidget(QLabel(self.tr("Folder")))
        where.addWidget(self.folder, 1)
        where.addWidget(browse)
        where.addWidget(self.open_button)

        photos, column = card()
        fields = form()
        for label, widget in (
            (self.tr("Photos"), self.which),
            (self.tr("Format"), self.kind),
            (self.tr("Colour space"), self.space),
            (self.tr("File name"), self.template),
            (self.tr("If it exists"), self.conflict),
        ):
            fields.add(label, widget)
        fields.add("", self.example)
        fields.add("", self.save_mask)
        fields.add("", self.strangers)
        self.photos_button = primary(self.tr("Write the p&hotos"), "export")
        self.photos_button.setToolTip(self.tr("Correct and write the photos (Ctrl+E)"))
        self.photos_button.clicked.connect(self.export_photos)
        column.addWidget(section(self.tr("Corrected photos")))
        column.addLayout(fields)
        column.addStretch()
        column.addWidget(self.photos_button)

        profile, column = card()
        self.profile_about = muted()
        self.profile_button = QPushButton(
            theme.icon("export", size=16), self.tr("Save the &profile…")
        )
        self.profile_button.setToolTip(
            self.tr("One file with the PSF, the noise and where they come from")
        )
        self.profile_button.clicked.connect(self._choose_profile)
        self.report_button = QPushButton(theme.icon("report", size=16), self.tr("Write a &report…"))
        self.report_button.setToolTip(
            self.tr("Kernels, MTF, maps and doubts on one page, HTML or PDF")
        )
        self.report_button.clicked.connect(self._choose_report)
        both = QHBoxLayout()
        both.addWidget(self.profile_button, 1)
        both.addWidget(self.report_button, 1)
        column.addWidget(section(self.tr("Profile")))
        column.addWidget(self.profile_about)
        column.addStretch()
        column.addLayout(both)

        psf, column = card()
        tips = {
            "fits": self.tr("FITS, for photutils and astronomy programs"),
            "npz": self.tr("npz, for numpy"),
            "tiff": self.tr("TIFF stack, for ImageJ, DeconvolutionLab2, Siril"),
            "csv": self.tr("CSV table of widths, MTF50 and centres"),
        }
        self.psf_formats = {name: QCheckBox(tips[name]) for name in PSF_FORMATS}
        self.psf_formats["fits"].setChecked(True)
        self.psf_button = QPushButton(theme.icon("export", size=16), self.tr("Write P&SF files"))
        self.psf_button.setToolTip(self.tr("Write the kernel grid for other programs"))
        self.psf_button.clicked.connect(self._export_psf)
        column.addWidget(section(self.tr("PSF files")))
        for tick in self.psf_formats.values():
            column.addWidget(tick)
        column.addStretch()
        column.addWidget(self.psf_button)

        right = QVBoxLayout()
        right.setSpacing(12)
        right.addWidget(profile)
        right.addWidget(psf, 1)
        cards = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        cards.setSpacing(16)
        cards.addWidget(photos, 1)
        cards.addLayout(right, 1)
        heading = QHBoxLayout()
        heading.addWidget(section(self.tr("Photos to write")))
        heading.addStretch()
        heading.addWidget(self.add_button)
        heading.addWidget(self.clear_button)
        self.results = muted()
        self.results.hide()
        listed = QVBoxLayout()
        listed.setSpacing(12)
        listed.addLayout(heading)
        listed.addWidget(self.queue, 1)
        listed.addWidget(self.results)
        self.sides = Sides(where, cards, listed)
        self.body.addWidget(self.sides, 1)
        self._listed: tuple[Path, ...] = ()
        self._session = Session()
        self._busy = self._writing = False
        self._show_queue()

    @property
    def photos(self) -> tuple[Path, ...]:
        """What is to be written."""
        session = self._session
        match self.which.currentData():
            case "list":
                return self._listed
            case "all":
                return (
                    tuple(frame.info.path for frame in session.inputs.degraded.frames)
                    if session.inputs
                    else ()
                )
            case _:
                return (session.photo,) if session.photo is not None else ()

    @property
    def out(self) -> Path:
        """The folder to write to, as it is typed in; nothing may be there yet."""
        typed = Path(self.folder.text().strip())
        try:
            return typed.expanduser()
        except RuntimeError:
            # ~somebody who has no home here.
            return typed

    @property
    def settings(self) -> ExportSettings:
        """
        Raises
        ------
        InputError
            The file name or the formats make no sense.
        """
        return ExportSettings(
            out=self.out,
            format=self.kind.value,
            space=Space(self.space.currentData()),
            template=self.template.text(),
            on_conflict=OnConflict(self.conflict.currentData()),
            jpeg_quality=self.kind.quality.value(),
            depth=self.kind.chosen_depth,
        )

    def add_photos(self, photos: Iterable[Path]) -> None:
        """Put photos on the list, and the list to use."""
        self._listed = tuple(dict.fromkeys((*self._listed, *photos)))
        self.which.setCurrentIndex(self.which.findData("list"))
        self._show_queue()

    def begin_writing(self) -> None:
        self._writing = True
        self.results.hide()
        self.queue.begin()

    def show_progress(self, message: str) -> None:
        if self._writing:
            self.queue.show_message(message)

    def show_done(self, text: str) -> None:
        """What was written last."""
        self.results.setText(text)
        self.results.show()

    def show_results(self, results: Sequence[PhotoResult]) -> None:
        self._writing = False
        self.queue.finish(results)

    def show_session(self, session: Session) -> None:
        self._session = session
        if session.profile is None or session.profile.is_bare:
            text = (
                self.tr("PSF files were opened: there is no profile to save.")
                if session.psf
                else ""
            )
        else:
            lens = session.profile.lens or session.profile.camera or self.tr("Unknown lens")
            aperture = session.profile.aperture_degraded
            at = self.tr(" at f/{n:g}").format(n=aperture) if aperture else ""
            text = f"{lens}{at}"
        lack = lacks(session)[Step.EXPORT]
        self.profile_about.setText(self.tr(lack.value) if lack else text)
        self._show_queue()
        self._enable()

    def set_busy(self, busy: bool) -> None:
        self._busy = busy
        if not busy and self._writing:
            self._writing = False
            self.queue.cancelled()
        self._enable()

    def export_photos(self) -> None:
        if not self.photos_button.isEnabled():
            return
        photos = self.photos
        if not self._has_folder():
            return
        if not photos:
            self.problem.emit(
                self.tr("There is no photo to write: choose one in step 5, or add photos.")
            )
            return
        try:
            settings = self.settings
        except InputError as error:
            self.problem.emit(error_in_words(error))
            return
        self.photos_clicked.emit(
            photos, settings, self.save_mask.isChecked(), self.strangers.isChecked()
        )

    def _show_queue(self) -> None:
        self.queue.show_photos(self.photos)
        self.clear_button.setVisible(self.which.currentData() == "list")
        self._show_example()

    def _show_example(self) -> None:
        """What the next file will be called, or what is wrong with the name."""
        self.kind.show_space(Space(self.space.currentData()))
        self.space.setEnabled(self.kind.value is not PhotoFormat.DNG and not self._busy)
        photos = self.photos
        source = photos[0] if photos else Path("IMG_1234.CR3")
        try:
            path = output_path(source, self.settings, method=self._session.restore.method.value)
            there = path.exists()
        except LenscalError as error:
            self.example.setText("⚠ " + in_the_windows_words(error_in_words(error)))
            return
        except OSError as error:
            self.example.setText(f"⚠ {error.strerror or error}")
            return
        if there and self.settings.on_conflict is OnConflict.SKIP:
            self.example.setText(
                self.tr("{name} is there already and will be skipped").format(name=path.name)
            )
        else:
            replaced = self.tr(" (replaces the present one)") if there else ""
            self.example.setText(f"{source.name} → {path.name}{replaced}")

    def _take_out(self, photos: Iterable[Path]) -> None:
        if self._busy:
            return
        gone = set(photos)
        self._listed = tuple(photo for photo in self.photos if photo not in gone)
        self.which.setCurrentIndex(self.which.findData("list"))
        self._show_queue()

    def _choose_photos(self) -> None:
        patterns = f"{RAW_PATTERNS} {RAW_PATTERNS.upper()}"
        kinds = self.tr("RAW photos ({patterns});;All files (*)").format(patterns=patterns)
        names, _ = QFileDialog.getOpenFileNames(self, self.tr("Add photos"), last_folder(), kinds)
        if names:
            remember(names[0])
            self.add_photos(Path(name) for name in names)

    def _open_folder(self) -> None:
        folder = self.out
        if folder.is_dir():
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
        else:
            self.problem.emit(
                self.tr(
                    "There is no folder {folder} yet: it is made when something is written."
                ).format(folder=folder)
            )

    def _export_psf(self) -> None:
        if not self._has_folder():
            return
        formats = tuple(name for name, box in self.psf_formats.items() if box.isChecked())
        if not formats:
            self.problem.emit(self.tr("No kind of PSF file is ticked: tick at least one."))
            return
        self.psf_clicked.emit(self.out, formats)

    def _has_folder(self) -> bool:
        """Whether it is a whole path: nothing is written to wherever the program was started."""
        there = self.out.is_absolute()
        if not there:
            self.folder.setFocus()
            self.problem.emit(self.tr("Choose the folder to write to, or type in its whole path."))
        return there

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, self.tr("Folder to write to"), last_folder()
        )
        if folder:
            self.folder.setText(folder)

    def _choose_profile(self) -> None:
        start = self.out / "LENS.lenscal"
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("Save the profile"), str(start), self.tr("lenscal profiles (*.lenscal)")
        )
        if name:
            path = Path(name)
            self.profile_clicked.emit(
                path if path.suffix == ".lenscal" else path.with_name(path.name + ".lenscal")
            )

    def _choose_report(self) -> None:
        start = self.out / f"{self._session.psf_name or 'lens'} report.html"
        kinds = self.tr("Web page (*.html);;PDF (*.pdf)")
        name, kind = QFileDialog.getSaveFileName(self, self.tr("Write a report"), str(start), kinds)
        if name:
            path, suffix = Path(name), ".pdf" if "pdf" in kind else ".html"
            known = path.suffix.lower() in (".html", ".pdf")
            self.report_clicked.emit(path if known else path.with_name(path.name + suffix))

    def _enable(self) -> None:
        there = self._session.psf is not None and not self._busy
        self.photos_button.setEnabled(there)
        self.psf_button.setEnabled(there)
        self.report_button.setEnabled(there)
        for widget in (
            self.which,
            self.add_button,
            self.clear_button,
            self.conflict,
            self.template,
        ):
            widget.setEnabled(not self._busy)
        self.kind.set_busy(self._busy)
        self._show_example()
        profile = self._session.profile
        self.profile_button.setEnabled(there and profile is not None and not profile.is_bare)
