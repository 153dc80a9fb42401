"""Step 6: write photos, the profile and PSF files."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QT_TR_NOOP, Signal
from PySide6.QtWidgets import (
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

from lenscal.errors import InputError
from lenscal.files.export_settings import ExportSettings, OnConflict, PhotoFormat, Space
from lenscal.gui import theme
from lenscal.gui.pages.page import Page, card, form, muted, primary, section, with_tip
from lenscal.gui.tasks import PSF_FORMATS
from lenscal.session import Session, Step, lacks

FORMATS = {
    PhotoFormat.TIFF: QT_TR_NOOP("TIFF, 16 bit"),
    PhotoFormat.PNG: QT_TR_NOOP("PNG, 16 bit"),
    PhotoFormat.JPEG: QT_TR_NOOP("JPEG"),
}
SPACES = {
    Space.SRGB: QT_TR_NOOP("sRGB"),
    Space.DISPLAY_P3: QT_TR_NOOP("Display P3"),
    Space.PROPHOTO: QT_TR_NOOP("ProPhoto RGB"),
    Space.CAMERA_LINEAR: QT_TR_NOOP("Camera, linear (TIFF, 32 bit)"),
}
CONFLICTS = {
    OnConflict.UNIQUE: QT_TR_NOOP("Choose a new name"),
    OnConflict.OVERWRITE: QT_TR_NOOP("Overwrite"),
    OnConflict.SKIP: QT_TR_NOOP("Skip"),
    OnConflict.ERROR: QT_TR_NOOP("Say so"),
}
WHICH = {"one": QT_TR_NOOP("The photo of step 5"), "all": QT_TR_NOOP("All photos to correct")}


class ExportPage(Page):
    photos_clicked = Signal(object, object)
    """Photos (tuple of Path), ExportSettings."""
    profile_clicked = Signal(object)
    psf_clicked = Signal(object, object)
    """Folder, names of the formats."""
    problem = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_title(
            self.tr("Export"), self.tr("Write corrected photos, the profile and PSF files for other programs.")
        )
        self.which, self.format, self.space, self.conflict = QComboBox(), QComboBox(), QComboBox(), QComboBox()
        for box, items in (
            (self.which, WHICH), (self.format, FORMATS), (self.space, SPACES), (self.conflict, CONFLICTS),
        ):  # fmt: skip
            for value, text in items.items():
                box.addItem(self.tr(str(text)), value)
        self.which.setToolTip(self.tr("Photos are corrected with the settings of step 5"))
        self.format.setToolTip(self.tr("Exposure data and other metadata of the original are kept"))
        self.space.setToolTip(self.tr("The colour profile is written into the photo"))
        self.conflict.setToolTip(self.tr("What happens where a file of that name exists; originals are never touched"))
        self.template = with_tip(QLineEdit("{name}_lenscal"), self.tr("{name}: of the photo; {method}: the correction"))
        self.folder = with_tip(QLineEdit(str(Path.home() / "lenscal")), self.tr("Photos and PSF files go here"))
        browse = QPushButton(theme.icon("folder", size=16), self.tr("Choose…"))
        browse.setToolTip(self.tr("Choose the folder to write to"))
        browse.clicked.connect(self._choose_folder)
        where = QHBoxLayout()
        where.addWidget(QLabel(self.tr("Folder")))
        where.addWidget(self.folder, 1)
        where.addWidget(browse)

        photos, column = card()
        fields = form()
        for label, widget in (
            (self.tr("Photos"), self.which), (self.tr("Format"), self.format), (self.tr("Colour space"), self.space),
            (self.tr("File name"), self.template), (self.tr("If it exists"), self.conflict),
        ):  # fmt: skip
            fields.addRow(label, widget)
        self.photos_button = primary(self.tr("Write the p&hotos"), "export")
        self.photos_button.setToolTip(self.tr("Correct and write the photos (Ctrl+E)"))
        self.photos_button.clicked.connect(self.export_photos)
        column.addWidget(section(self.tr("Corrected photos")))
        column.addLayout(fields)
        column.addStretch()
        column.addWidget(self.photos_button)

        profile, column = card()
        self.profile_about = muted()
        self.profile_button = primary(self.tr("Save the &profile…"), "export")
        self.profile_button.setToolTip(self.tr("One file with the PSF, the noise and where they come from"))
        self.profile_button.clicked.connect(self._choose_profile)
        column.addWidget(section(self.tr("Profile")))
        column.addWidget(self.profile_about)
        column.addStretch()
        column.addWidget(self.profile_button)

        psf, column = card()
        tips = {
            "fits": self.tr("FITS, for photutils and astronomy programs"), "npz": self.tr("npz, for numpy"),
            "tiff": self.tr("TIFF stack, for ImageJ, DeconvolutionLab2, Siril"),
            "csv": self.tr("CSV table of widths, MTF50 and centres"),
        }  # fmt: skip
        self.psf_formats = {name: QCheckBox(tips[name]) for name in PSF_FORMATS}
        self.psf_formats["fits"].setChecked(True)
        self.psf_button = primary(self.tr("Write P&SF files"), "export")
        self.psf_button.setToolTip(self.tr("Write the kernel grid for other programs"))
        self.psf_button.clicked.connect(self._export_psf)
        column.addWidget(section(self.tr("PSF files")))
        for tick in self.psf_formats.values():
            column.addWidget(tick)
        column.addStretch()
        column.addWidget(self.psf_button)

        right = QVBoxLayout()
        right.setSpacing(16)
        right.addWidget(profile, 1)
        right.addWidget(psf, 1)
        cards = QHBoxLayout()
        cards.setSpacing(16)
        cards.addWidget(photos, 1)
        cards.addLayout(right, 1)
        self.results = muted()
        self.body.addLayout(where)
        self.body.addLayout(cards)
        self.body.addWidget(self.results)
        self.body.addStretch(1)
        self._session = Session()
        self._busy = False

    def show_session(self, session: Session) -> None:
        self._session = session
        if session.profile is None:
            text = self.tr("PSF files were opened: there is no profile to save.") if session.psf else ""
        else:
            lens = session.profile.lens or session.profile.camera or self.tr("Unknown lens")
            aperture = session.profile.aperture_degraded
            at = self.tr(" at f/{n:g}").format(n=aperture) if aperture else ""
            text = f"{lens}{at}"
        lack = lacks(session)[Step.EXPORT]
        self.profile_about.setText(self.tr(lack.value) if lack else text)
        self._enable()

    def set_busy(self, busy: bool) -> None:
        self._busy = busy
        self._enable()

    def export_photos(self) -> None:
        if not self.photos_button.isEnabled():
            return
        frames = self._session.inputs.degraded.frames if self._session.inputs else ()
        photos = tuple(frame.info.path for frame in frames) if self.which.currentData() == "all" else ()
        if not photos and self._session.photo is not None:
            photos = (self._session.photo,)
        if not photos:
            self.problem.emit(self.tr("There is no photo to write: choose one in step 5."))
            return
        try:
            settings = ExportSettings(
                out=Path(self.folder.text()).expanduser(),
                format=PhotoFormat(self.format.currentData()),
                space=Space(self.space.currentData()),
                template=self.template.text(),
                on_conflict=OnConflict(self.conflict.currentData()),
            )
        except InputError as error:
            self.problem.emit(str(error))
            return
        self.photos_clicked.emit(photos, settings)

    def _export_psf(self) -> None:
        formats = tuple(name for name, box in self.psf_formats.items() if box.isChecked())
        if not formats:
            self.problem.emit(self.tr("No kind of PSF file is ticked: tick at least one."))
            return
        self.psf_clicked.emit(Path(self.folder.text()).expanduser(), formats)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder to write to"), self.folder.text())
        if folder:
            self.folder.setText(folder)

    def _choose_profile(self) -> None:
        start = Path(self.folder.text()) / "LENS.lenscal"
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("Save the profile"), str(start), self.tr("lenscal profiles (*.lenscal)")
        )
        if name:
            path = Path(name)
            self.profile_clicked.emit(path if path.suffix == ".lenscal" else path.with_name(path.name + ".lenscal"))

    def _enable(self) -> None:
        there = self._session.psf is not None and not self._busy
        self.photos_button.setEnabled(there)
        self.psf_button.setEnabled(there)
        self.profile_button.setEnabled(there and self._session.profile is not None)
