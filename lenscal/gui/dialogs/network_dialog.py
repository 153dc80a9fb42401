"""What a restoration network is trained on, and how long."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from lenscal.gui import theme
from lenscal.gui.widgets.elements import Form, Label, in_a_row, with_tip
from lenscal.gui.widgets.file_dialogs import ask_for_folder
from lenscal.supervised.settings import DEFAULTS

MOST_MINUTES = 60 * 24 * 7


@dataclass(frozen=True, slots=True)
class NetworkChoice:
    """What the user has chosen."""

    photos: Path
    minutes: float
    resume: bool


class NetworkDialog(QDialog):
    """Asks for sharp photos and for time."""

    chosen = Signal(object)
    """NetworkChoice."""

    def __init__(self, *, has_network: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Train a network for this lens"))
        self.setMinimumWidth(520)
        self.folder = QLineEdit(placeholderText=self.tr("a folder of sharp photos"))
        self.folder.setAccessibleName(self.tr("Sharp photos"))
        self.folder.setToolTip(self.tr("RAW files or pictures of any camera and lens"))
        self.browse = QPushButton(theme.icon("folder", size=16), self.tr("Choose…"))
        self.browse.setToolTip(self.tr("Choose the folder of sharp photos"))
        self.browse.clicked.connect(self._choose_folder)
        self.minutes = QSpinBox(minimum=1, maximum=MOST_MINUTES, value=round(DEFAULTS.minutes))
        self.minutes.setToolTip(self.tr("“Stop and keep” ends it earlier"))
        self.resume = with_tip(
            QCheckBox(self.tr("Go on with the network that the profile has")),
            self.tr("Otherwise a new one takes its place"),
        )
        self.resume.setChecked(has_network)
        self.resume.setVisible(has_network)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.train_button = self.buttons.addButton(
            self.tr("&Train"), QDialogButtonBox.ButtonRole.AcceptRole
        )
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.folder.textChanged.connect(self._enable)
        self._lay_out()
        self._enable()
        self.accepted.connect(lambda: self.chosen.emit(self.choice))

    @property
    def choice(self) -> NetworkChoice:
        """What the fields say."""
        folder = Path(self.folder.text().strip()).expanduser()
        return NetworkChoice(folder, float(self.minutes.value()), self.resume.isChecked())

    def _lay_out(self) -> None:
        text = self.tr(
            "lenscal blurs crops of these photos as this lens does, and teaches a network to undo "
            "it. The network is kept in the profile; step 5 then offers it as “Network”. Dozens of "
            "photos are better than a few."
        )
        fields = Form()
        fields.add(self.tr("Sharp photos"), in_a_row(self.folder, self.browse))
        fields.add(self.tr("Minutes"), self.minutes)
        layout = QVBoxLayout(self)
        layout.addWidget(Label(text, wordWrap=True))
        layout.addLayout(fields)
        layout.addWidget(self.resume)
        layout.addWidget(self.buttons)

    def _enable(self) -> None:
        self.train_button.setEnabled(bool(self.folder.text().strip()))

    def _choose_folder(self) -> None:
        folder = ask_for_folder(self, self.tr("Sharp photos"))
        if folder is not None:
            self.folder.setText(str(folder))
