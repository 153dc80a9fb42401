"""What holds for every project."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QT_TR_NOOP, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lenscal.gui import theme
from lenscal.gui.last_folder import last_folder
from lenscal.gui.widgets.device_names import device_names, grey_missing
from lenscal.gui.widgets.elements import Form, in_a_row, muted, with_tip
from lenscal.preferences import Preferences, ThemeChoice, Units

THEMES = {
    ThemeChoice.SYSTEM: QT_TR_NOOP("Same as the desktop"),
    ThemeChoice.LIGHT: QT_TR_NOOP("Light"),
    ThemeChoice.DARK: QT_TR_NOOP("Dark"),
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
        self._former = preferences
        self.theme = with_tip(QComboBox(), self.tr("Light or dark window"))
        self.device = with_tip(
            QComboBox(), self.tr("The device that calibrations and corrections run on")
        )
        self.units = with_tip(QComboBox(), self.tr("Units of widths and frequencies in step 4"))
        for box, items, value in (
            (self.theme, THEMES, preferences.theme),
            (self.units, UNITS, preferences.units),
        ):
            for item, text in items.items():
                box.addItem(self.tr(str(text)), item)
            box.setCurrentIndex(box.findData(value))
        for device, name in device_names().items():
            self.device.addItem(name, device)
        grey_missing(self.device)
        self.device.setCurrentIndex(self.device.findData(preferences.device))
        self.threads = QSpinBox(minimum=0, maximum=1024, value=preferences.threads)
        self.threads.setSpecialValueText(self.tr("Automatic"))
        self.threads.setToolTip(
            self.tr("Processor threads of a job; automatic leaves one for the window")
        )
        self.cache = QLineEdit(
            preferences.cache, placeholderText=self.tr("the system's cache folder")
        )
        self.cache.setToolTip(self.tr("Decoded photos go here while the window is open: gigabytes"))
        browse = QPushButton(theme.icon("folder", size=16), self.tr("Choose…"))
        browse.setToolTip(self.tr("Choose the folder for decoded photos"))
        browse.clicked.connect(self._choose_cache)
        self.private = with_tip(
            QCheckBox(self.tr("Write files without places, serial numbers and photo names")),
            self.tr(
                "Applies to photos, profiles and reports written in step 6; copies "
                "kept on this computer are not changed"
            ),
        )
        self.private.setChecked(preferences.private)
        self._lay_out(browse)
        # Only on OK: Cancel leaves all as it was.
        self.accepted.connect(lambda: self.chosen.emit(self.preferences))

    def _lay_out(self, browse: QPushButton) -> None:
        fields = Form()
        for label, field in (
            (self.tr("&Theme"), self.theme),
            (self.tr("&Device"), self.device),
            (self.tr("&Units"), self.units),
            (self.tr("Th&reads"), self.threads),
        ):
            fields.add(label, field)
        fields.add(self.tr("Cac&he folder"), in_a_row(self.cache, browse), self.cache)
        fields.add(self.tr("Privacy"), self.private)
        standard = QDialogButtonBox.StandardButton
        self.buttons = QDialogButtonBox(standard.Ok | standard.Cancel)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(14)
        layout.addLayout(fields)
        note = self.tr(
            "Device and threads take effect with the next job, the cache folder when "
            "lenscal starts next."
        )
        layout.addWidget(muted(note))
        layout.addWidget(self.buttons)

    @property
    def preferences(self) -> Preferences:
        """What the fields say; what has no field here stays as it was."""
        return replace(
            self._former,
            theme=self.theme.currentData(),
            device=self.device.currentData(),
            threads=self.threads.value(),
            units=self.units.currentData(),
            cache=self.cache.text().strip(),
            private=self.private.isChecked(),
        )

    def _choose_cache(self) -> None:
        folder = QFileDialog.getExistingDirectory(
            self, self.tr("Folder for decoded photos"), self.cache.text() or last_folder()
        )
        if folder:
            self.cache.setText(folder)
