"""What the profile is for, and where it and its report are saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from lenscal.files.psf.opening import PROFILE_SUFFIX
from lenscal.gui.widgets.elements import Card, icon_button, muted, section
from lenscal.gui.widgets.file_dialogs import profiles_filter
from lenscal.printable import file_stem
from lenscal.session import Session, Step, lacks

REPORT_SUFFIXES = (".html", ".pdf")


class ProfileCard(Card):
    """One line about the profile, and two buttons."""

    profile_clicked = Signal(object, bool)
    """Path, whether without what says whose it is."""
    report_clicked = Signal(object, bool)
    """Path, .html or .pdf; whether without what says whose it is."""
    problem = Signal(str)

    def __init__(self, folder: Callable[[], Path], parent: QWidget | None = None) -> None:
        """folder: where dialogs begin."""
        super().__init__(parent=parent)
        self._folder = folder
        self._name = ""
        self._opened: Path | None = None
        self.private = False
        """What the preferences say of all files that are written."""
        self.about = muted()
        self.profile_button = icon_button(
            self.tr("Save the pr&ofile…"),
            "export",
            self.tr("One file with the PSF, the noise and their origin"),
        )
        self.profile_button.clicked.connect(self._choose_profile)
        self.share_button = icon_button(
            self.tr("Save a copy to share…"),
            "export",
            self.tr("The same PSF without serial numbers and names of photos"),
        )
        self.share_button.clicked.connect(self.choose_shared_copy)
        self.report_button = icon_button(
            self.tr("Write a &report…"),
            "report",
            self.tr("Kernels, MTF, maps and doubts as a document, HTML or PDF"),
        )
        self.report_button.clicked.connect(self._choose_report)
        buttons = QHBoxLayout()
        buttons.addWidget(self.profile_button, 1)
        buttons.addWidget(self.report_button, 1)
        self.content.addWidget(section(self.tr("Profile")))
        self.content.addWidget(self.about)
        self.content.addStretch()
        self.content.addLayout(buttons)
        self.content.addWidget(self.share_button)

    def show_session(self, session: Session) -> None:
        """Say what there is to save."""
        self._name, self._opened = session.psf_name, session.psf_path
        lack = lacks(session)[Step.EXPORT]
        self.about.setText(self.tr(lack.value) if lack else self._description(session))

    def _description(self, session: Session) -> str:
        profile = session.profile
        # A bare profile holds kernels alone: saved, it would promise more than it has.
        if profile is None or profile.is_bare:
            if session.psf is None:
                return ""
            return self.tr("PSF files were opened: there is no profile to save.")
        lens = profile.lens or profile.camera or self.tr("Unknown lens")
        if not profile.aperture_degraded:
            return lens
        words = self.tr("{lens} at f/{n:g}")
        return words.format(lens=lens, n=profile.aperture_degraded)

    def choose_shared_copy(self) -> None:
        """Ask where a copy goes that can be given away."""
        path = self._chosen(self.tr("Save a copy to share"), f"{self._stem} to share")
        if path is not None:
            self._save(path, private=True)

    def _choose_profile(self) -> None:
        path = self._chosen(self.tr("Save the profile"), self._stem)
        if path is not None:
            self._save(path, private=self.private)

    @property
    def _stem(self) -> str:
        """What files of this profile are called, if the user has no other name."""
        return file_stem(self._name) or "lens"

    def _save(self, path: Path, *, private: bool) -> None:
        # What such a copy lacks would be gone for good.
        if private and path.exists() and self._opened in (path, path.resolve()):
            words = self.tr("{name} is the profile itself: choose another name for the copy.")
            self.problem.emit(words.format(name=path.name))
            return
        self.profile_clicked.emit(path, private)

    def _chosen(self, title: str, name: str) -> Path | None:
        start = self._folder() / f"{name}{PROFILE_SUFFIX}"
        chosen, _ = QFileDialog.getSaveFileName(self, title, str(start), profiles_filter())
        return _with_suffix(Path(chosen), PROFILE_SUFFIX) if chosen else None

    def _choose_report(self) -> None:
        start = self._folder() / f"{self._stem} report.html"
        kinds = self.tr("Web page (*.html);;PDF (*.pdf)")
        name, kind = QFileDialog.getSaveFileName(self, self.tr("Write a report"), str(start), kinds)
        if not name:
            return
        path = Path(name)
        # Not every desktop's dialog adds the suffix of the kind that was chosen.
        if path.suffix.lower() not in REPORT_SUFFIXES:
            path = _with_suffix(path, ".pdf" if "pdf" in kind else ".html")
        self.report_clicked.emit(path, self.private)


def _with_suffix(path: Path, suffix: str) -> Path:
    """The path with the suffix behind its name, which may hold dots of its own ("50mm f1.8")."""
    return path if path.suffix == suffix else path.with_name(path.name + suffix)
