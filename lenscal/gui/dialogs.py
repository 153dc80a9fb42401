"""Preferences, finding what a project misses, keys, about."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from PySide6.QtCore import QT_TR_NOOP, Qt, Signal, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lenscal import __version__
from lenscal.gui import theme
from lenscal.gui.last_folder import last_folder, remember
from lenscal.gui.pages.page import form, in_a_row, muted, section, with_tip
from lenscal.preferences import Preferences, ThemeChoice, Units
from lenscal.project import Project, missing, relinked

THEMES = {
    ThemeChoice.SYSTEM: QT_TR_NOOP("As the desktop"),
    ThemeChoice.LIGHT: QT_TR_NOOP("Light"),
    ThemeChoice.DARK: QT_TR_NOOP("Dark"),
}
DEVICES = {
    "auto": QT_TR_NOOP("Automatic"),
    "cpu": QT_TR_NOOP("Processor (CPU)"),
    "cuda": QT_TR_NOOP("NVIDIA graphics card (CUDA)"),
    "mps": QT_TR_NOOP("Apple graphics (MPS)"),
}
UNITS = {
    Units.PIXELS: QT_TR_NOOP("Pixels and cycles per pixel"),
    Units.MICROMETRES: QT_TR_NOOP("Micrometres and line pairs per mm"),
}


class PreferencesDialog(QDialog):
    """What holds for every project."""

    chosen = Signal(object)
    """Preferences."""

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Preferences"))
        self.setMinimumWidth(520)
        self._given = preferences
        self.theme = with_tip(QComboBox(), self.tr("Light or dark window"))
        self.device = with_tip(QComboBox(), self.tr("What computes calibrations and corrections"))
        self.units = with_tip(
            QComboBox(), self.tr("How widths and frequencies are given in step 4")
        )
        for box, items, value in (
            (self.theme, THEMES, preferences.theme),
            (self.device, DEVICES, preferences.device),
            (self.units, UNITS, preferences.units),
        ):
            for item, text in items.items():
                box.addItem(self.tr(str(text)), item)
            box.setCurrentIndex(box.findData(value))
        self.threads = QSpinBox(minimum=0, maximum=1024, value=preferences.threads)
        self.threads.setSpecialValueText(self.tr("Automatic"))
        self.threads.setToolTip(
            self.tr("Processor threads of a job; automatic leaves one for the window")
        )
        self.cache = QLineEdit(preferences.cache, placeholderText=self.tr("the usual place"))
        self.cache.setToolTip(self.tr("Decoded photos go here while the window is open: gigabytes"))
        browse = QPushButton(theme.icon("folder", size=16), self.tr("Choose…"))
        browse.setToolTip(self.tr("Choose the folder for decoded photos"))
        browse.clicked.connect(self._choose_cache)
        fields = form()
        for label, field in (
            (self.tr("&Theme"), self.theme),
            (self.tr("&Device"), self.device),
            (self.tr("&Units"), self.units),
            (self.tr("Th&reads"), self.threads),
        ):
            fields.add(label, field)
        fields.add(self.tr("Cac&he folder"), in_a_row(self.cache, browse), self.cache)
        standard = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(standard.Ok | standard.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(14)
        layout.addLayout(fields)
        held = self.tr(
            "Device and threads hold from the next job on, the cache folder from the next start on."
        )
        layout.addWidget(muted(held))
        layout.addWidget(self.buttons)
        self.accepted.connect(lambda: self.chosen.emit(self.preferences))

    @property
    def preferences(self) -> Preferences:
        return replace(
            self._given,
            theme=self.theme.currentData(),
            device=self.device.currentData(),
            threads=self.threads.value(),
            units=self.units.currentData(),
            cache=self.cache.text().strip(),
        )

    def _choose_cache(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, self.tr("Folder for decoded photos"), self.cache.text() or last_folder()
        )
        if folder:
            self.cache.setText(folder)


class RelinkDialog(QDialog):
    """A project's folders that are no longer where they were."""

    ready = Signal(object)
    """Project, with what was found again."""

    def __init__(self, project: Project, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Not found"))
        self.setMinimumWidth(620)
        self.project = project
        self.find_buttons: dict[Path, QPushButton] = {}
        self._rows = QGridLayout()
        self._rows.setColumnStretch(0, 1)
        standard = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(standard.Open | standard.Cancel)
        self.open_button = self.buttons.button(standard.Open)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addWidget(
            section(self.tr("These are no longer where the project has them. Where are they now?"))
        )
        layout.addLayout(self._rows)
        layout.addWidget(self.buttons)
        self.accepted.connect(lambda: self.ready.emit(self.project))
        self._show()

    def found(self, old: Path, new: Path) -> None:
        """`old` is now `new`; what lay beside it is looked for beside the new place."""
        self.project = relinked(self.project, old, new)
        for other in missing(self.project):
            beside = new.parent / other.name
            if other.parent == old.parent and beside.exists():
                self.project = relinked(self.project, other, beside)
        self._show()

    def _show(self) -> None:
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self.find_buttons.clear()
        gone = missing(self.project)
        for row, path in enumerate(gone):
            label = QLabel(str(path), wordWrap=True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            button = QPushButton(theme.icon("find", size=16), self.tr("Find…"))
            button.setToolTip(self.tr("Choose where {name} is now").format(name=path.name))
            button.clicked.connect(lambda _checked=False, path=path: self._find(path))
            self._rows.addWidget(label, row, 0)
            self._rows.addWidget(button, row, 1)
            self.find_buttons[path] = button
        if not gone:
            self._rows.addWidget(QLabel(self.tr("Everything was found.")), 0, 0)
        self.open_button.setText(self.tr("&Open without them") if gone else self.tr("&Open"))

    def _find(self, path: Path) -> None:
        title = self.tr("Where is {name}?").format(name=path.name)
        if path.suffix:
            name, _ = QFileDialog.getOpenFileName(self, title, last_folder())
        else:
            name = QFileDialog.getExistingDirectory(self, title, last_folder())
        if name:
            remember(name)
            self.found(path, Path(name))


KEYS = (
    ("1 – 6", QT_TR_NOOP("Go to a step")),
    ("Ctrl+O", QT_TR_NOOP("Open a project, a profile or, in step 5, a photo")),
    ("Ctrl+S", QT_TR_NOOP("Keep the project under a name of its own")),
    ("Ctrl+Z, Ctrl+Y", QT_TR_NOOP("Undo and redo what was decided about photos")),
    ("Ctrl+E", QT_TR_NOOP("Write the corrected photos")),
    ("Space", QT_TR_NOOP("Hold for the photo as it was (also: \\)")),
    ("Z", QT_TR_NOOP("100 % or the whole photo")),
    ("+ –", QT_TR_NOOP("Zoom; the arrow keys move the photo")),
    ("R G B A, L, V", QT_TR_NOOP("Channels, linear or logarithmic, and next view in step 4")),
    ("P", QT_TR_NOOP("Pause the calibration, or go on")),
    ("Esc", QT_TR_NOOP("Ask whether to cancel the running job")),
    ("Ctrl+,", QT_TR_NOOP("Preferences")),
)


class AboutDialog(QDialog):
    """Versions and folders, to be copied into a report of a fault."""

    def __init__(self, places: Mapping[str, str], parent: QWidget | None = None) -> None:
        """places: what is kept where."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("About lenscal"))
        self.setMinimumWidth(560)
        picture = QLabel()
        picture.setPixmap(theme.icon("app", size=48).pixmap(48, 48))
        picture.setAlignment(Qt.AlignmentFlag.AlignTop)
        name = QLabel(f"lenscal {__version__}")
        name.setObjectName("title")
        about = muted(
            self.tr(
                "Learns from ordinary photos how a lens blurs, and takes that blur out of others. Free software."
            )
        )
        versions = {
            "Qt": qVersion(),
            **{name: _version(name) for name in ("torch", "numpy", "rawpy")},
        }
        system = {"system": platform.platform(), "Python": platform.python_version(), **versions}
        lines = [
            f"lenscal: {__version__}",
            *(f"{key}: {value}" for key, value in {**system, **places}.items()),
        ]
        self.facts = QLabel("\n".join(lines), wordWrap=True)
        self.facts.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.facts.setAccessibleName(self.tr("Versions and folders"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy_button = buttons.addButton(
            self.tr("&Copy"), QDialogButtonBox.ButtonRole.ActionRole
        )
        self.copy_button.setToolTip(self.tr("Copy versions and folders, for a report of a fault"))
        self.copy_button.clicked.connect(
            lambda: QGuiApplication.clipboard().setText(self.facts.text())
        )
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


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "–"


class KeysDialog(QDialog):
    """The keyboard in one table."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keys"))
        rows = QGridLayout()
        rows.setHorizontalSpacing(24)
        for row, (keys, text) in enumerate(KEYS):
            rows.addWidget(section(keys), row, 0)
            rows.addWidget(QLabel(self.tr(str(text))), row, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(rows)
        layout.addSpacing(10)
        layout.addWidget(buttons)
