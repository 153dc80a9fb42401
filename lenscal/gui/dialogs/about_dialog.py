"""Versions and folders."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QVBoxLayout,
    QWidget,
)

from lenscal import __version__
from lenscal.gui import theme
from lenscal.gui.dialogs.licences_dialog import LicencesDialog
from lenscal.gui.widgets.elements import Label, muted
from lenscal.jobs.licences import versions


class AboutDialog(QDialog):
    """Versions and folders, to be copied into a report of a fault."""

    def __init__(self, places: Mapping[str, str], parent: QWidget | None = None) -> None:
        """places: what is kept where."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("About lenscal"))
        self.setMinimumWidth(560)
        picture = Label()
        picture.setPixmap(theme.icon("app", size=48).pixmap(48, 48))
        picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        name = Label(f"lenscal {__version__}")
        name.setObjectName("title")
        about = muted(
            self.tr(
                "Learns how a lens blurs from ordinary photos, and removes that blur "
                "from others. Free software under the GNU GPL, version 3 or later."
            )
        )
        # The program first, as whoever reads the report asks for it first.
        lines = [
            f"lenscal: {__version__}",
            *(f"{key}: {value}" for key, value in {**versions(), **places}.items()),
        ]
        self.facts = Label("\n".join(lines), wordWrap=True)
        self.facts.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.facts.setAccessibleName(self.tr("Versions and folders"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = buttons.addButton(
            self.tr("&Copy"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.copy_button.setToolTip(self.tr("Copy versions and folders, for a bug report"))
        self.copy_button.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(self.facts.text())
        )
        self.licences_button = buttons.addButton(
            self.tr("&Licences…"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.licences_button.setToolTip(self.tr("Of the libraries and data that lenscal uses"))
        self.licences_button.clicked.connect(lambda: LicencesDialog(self).open())
        buttons.rejected.connect(self.reject)
        head = QVBoxLayout()
        head.addWidget(name)
        head.addWidget(about)
        top = QHBoxLayout()
        top.setSpacing(14)
        top.addWidget(picture)
        top.addLayout(head, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(14)
        layout.addLayout(top)
        layout.addWidget(self.facts)
        layout.addWidget(buttons)
