"""What the profile is for, and where it and its report are saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QWidget

from lenscal.files.psf.opening import PROFILE_SUFFIX
from lenscal.gui.widgets.elements import Card, icon_button, muted, section
from lenscal.gui.widgets.file_dialogs import profiles_filter
from lenscal.session import Session, Step, lacks

REPORT_SUFFIXES = (".html", ".pdf")


class ProfileCard(Card):
    """One line about the profile, and two buttons."""

    profile_clicked = Signal(object)
    """Path."""
    report_clicked = Signal(object)
    """Path, .html or .pdf."""

    def __init__(self, folder: Callable[[], Path], parent: QWidget | None = None) -> None:
        """folder: where dialogs begin."""
        super().__init__(parent=parent)
        self._folder = folder
        self._name = ""
        self.about = muted()
        self.profile_button = icon_button(
            self.tr("Save the &profile…"),
            "export",
            self.tr("One file with the PSF, the noise and where they come from"),
        )
        self.profile_button.clicked.connect(self._choose_profile)
        self.report_button = icon_button(
            self.tr("Write a &report…"),
            "report",
            self.tr("Kernels, MTF, maps and doubts on one page, HTML or PDF"),
        )
        self.report_button.clicked.connect(self._choose_report)
        buttons = QHBoxLayout()
        buttons.addWidget(self.profile_button, 1)
        buttons.addWidget(self.report_button, 1)
        self.content.addWidget(section(self.tr("Profile")))
        self.content.addWidget(self.about)
        self.content.addStretch()
        self.content.addLayout(buttons)

    def show_session(self, session: Session) -> None:
        """Say what there is to save."""
        self._name = session.psf_name
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

    def _choose_profile(self) -> None:
        start = self._folder() / f"LENS{PROFILE_SUFFIX}"
        name, _ = QFileDialog.getSaveFileName(
            self, self.tr("Save the profile"), str(start), profiles_filter()
        )
        if name:
            self.profile_clicked.emit(_with_suffix(Path(name), PROFILE_SUFFIX))

    def _choose_report(self) -> None:
        start = self._folder() / f"{self._name or 'lens'} report.html"
        kinds = self.tr("Web page (*.html);;PDF (*.pdf)")
        name, kind = QFileDialog.getSaveFileName(self, self.tr("Write a report"), str(start), kinds)
        if not name:
            return
        path = Path(name)
        # Not every desktop's dialog adds the suffix of the kind that was chosen.
        if path.suffix.lower() not in REPORT_SUFFIXES:
            path = _with_suffix(path, ".pdf" if "pdf" in kind else ".html")
        self.report_clicked.emit(path)


def _with_suffix(path: Path, suffix: str) -> Path:
    """The path with the suffix behind its name, which may hold dots of its own ("50mm f1.8")."""
    return path if path.suffix == suffix else path.with_name(path.name + suffix)
