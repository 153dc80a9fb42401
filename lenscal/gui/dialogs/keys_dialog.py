"""The keyboard in one table."""

from __future__ import annotations

from PySide6.QtCore import QT_TR_NOOP
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QVBoxLayout,
    QWidget,
)

from lenscal.gui.widgets.elements import Label, section

KEYS = (
    ("1 – 6", QT_TR_NOOP("Go to a step")),
    ("Ctrl+O", QT_TR_NOOP("Open a project, a profile or a photo")),
    ("Ctrl+S", QT_TR_NOOP("Save the project under a name")),
    ("Ctrl+L", QT_TR_NOOP("Library of lenses")),
    ("Ctrl+Z, Ctrl+Y", QT_TR_NOOP("Undo and redo decisions about photos")),
    ("Ctrl+D, Ctrl+U", QT_TR_NOOP("Deblur or enlarge a photo")),
    ("Ctrl+E", QT_TR_NOOP("Write the corrected photos")),
    ("Space", QT_TR_NOOP("Hold to see the original photo (also: \\)")),
    ("Z", QT_TR_NOOP("100 % or the whole photo")),
    ("Ctrl+1 – Ctrl+5", QT_TR_NOOP("25, 50, 100, 200, 400 %; Ctrl+0: the whole photo")),
    ("Ctrl+↑, Ctrl+↓", QT_TR_NOOP("Look at the photo brighter or darker")),
    ("Ctrl+C, Ctrl+Shift+C", QT_TR_NOOP("Copy the picture or the table of a step")),
    ("+ –", QT_TR_NOOP("Zoom; the arrow keys move the photo")),
    ("R G B A, L, V", QT_TR_NOOP("Channels, linear or logarithmic, and next view in step 4")),
    ("M, C, D", QT_TR_NOOP("Next plot, contours and the difference of two lenses in step 4")),
    ("[ ]", QT_TR_NOOP("Open the lens or stop it down by a third of a stop in step 4")),
    ("P", QT_TR_NOOP("Pause or resume the calibration")),
    ("Esc", QT_TR_NOOP("Ask whether to cancel the running job")),
    ("F11", QT_TR_NOOP("Presenter mode: full screen, without panels, in large type")),
    ("Ctrl+,", QT_TR_NOOP("Preferences")),
    ("F1, Shift+F1", QT_TR_NOOP("Documents; this table")),
)


class KeysDialog(QDialog):
    """The keyboard in one table."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keys"))
        rows = QGridLayout()
        rows.setHorizontalSpacing(24)
        for row, (keys, text) in enumerate(KEYS):
            rows.addWidget(section(keys), row, 0)
            rows.addWidget(Label(self.tr(str(text))), row, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(rows)
        layout.addSpacing(10)
        layout.addWidget(buttons)
