"""Step 1: two sets of RAW photos, a profile, or the virtual lens."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDoubleSpinBox, QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from lenscal.gui import theme
from lenscal.gui.pages.page import Page, card, form, muted, primary, section
from lenscal.gui.widgets.drop_zone import DropZone
from lenscal.session import Session, Source, Step, lacks


class SourcePanel(QWidget):
    """One photo set: where it is, and what to type in where EXIF does not say."""

    changed = Signal()
    profile_dropped = Signal(object)

    def __init__(self, title: str, hint: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.paths: tuple[Path, ...] = ()
        self.drop = DropZone(title, hint)
        self.drop.setMinimumHeight(190)
        self.drop.chosen.connect(self.choose)
        self.aperture = QDoubleSpinBox(minimum=0, maximum=64, singleStep=0.1, decimals=1, prefix="f/")
        self.aperture.setSpecialValueText(self.tr("from the photos"))
        self.aperture.setToolTip(self.tr("For a lens that does not tell its aperture, or to pick one of several"))
        self.focal = QDoubleSpinBox(minimum=0, maximum=3000, decimals=1, suffix=" mm")
        self.focal.setSpecialValueText(self.tr("from the photos"))
        self.focal.setToolTip(self.tr("For a lens that does not tell its focal length"))
        self.lens = QLineEdit(placeholderText=self.tr("from the photos"))
        self.lens.setToolTip(self.tr("For a lens that does not tell its name, as it is listed by lensfun"))
        for spin in (self.aperture, self.focal):
            spin.valueChanged.connect(lambda _: self.changed.emit())
        self.lens.editingFinished.connect(self.changed)
        fields = form()
        fields.addRow(self.tr("Aperture"), self.aperture)
        fields.addRow(self.tr("Focal length"), self.focal)
        fields.addRow(self.tr("Lens"), self.lens)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(self.drop, 1)
        layout.addLayout(fields)

    def choose(self, paths: tuple[Path, ...]) -> None:
        if paths[0].suffix == ".lenscal":
            self.profile_dropped.emit(paths[0])
            return
        self.paths = paths
        self.drop.show_paths(paths)
        self.changed.emit()

    @property
    def source(self) -> Source:
        return Source(
            self.paths, self.aperture.value() or None, self.lens.text().strip() or None, self.focal.value() or None
        )

    def show_source(self, source: Source) -> None:
        if source == self.source:
            return
        self.blockSignals(True)
        self.paths = source.paths
        self.drop.show_paths(source.paths)
        self.aperture.setValue(source.aperture or 0)
        self.focal.setValue(source.focal_mm or 0)
        self.lens.setText(source.lens or "")
        self.blockSignals(False)


class ImportPage(Page):
    sources_changed = Signal(object, object)
    read_clicked = Signal()
    demo_clicked = Signal()
    profile_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_title(
            self.tr("Import"),
            self.tr(
                "Two sets of RAW photos taken with one lens at one focal length. The same scenes from a tripod are "
                "best; other scenes will do. Choose distant or flat subjects that are rich in detail."
            ),
        )
        self.sharp = SourcePanel(
            self.tr("Sharp photos"), self.tr("Drop a folder of RAW photos taken at a good aperture, for example f/5.6")
        )
        self.degraded = SourcePanel(
            self.tr("Photos to correct"),
            self.tr("Drop a folder of RAW photos taken at the aperture that is to be corrected, for example wide open"),
        )
        for panel in (self.sharp, self.degraded):
            panel.changed.connect(lambda: self.sources_changed.emit(self.sharp.source, self.degraded.source))
            panel.profile_dropped.connect(self.profile_chosen)
        sets = QHBoxLayout()
        sets.setSpacing(16)
        sets.addWidget(self.sharp, 1)
        sets.addWidget(self.degraded, 1)
        self.read_button = primary(self.tr("&Read the photos"), "play")
        self.read_button.setToolTip(self.tr("Decode both sets and check what was read"))
        self.read_button.clicked.connect(self.read_clicked)
        self.lack = muted()
        self.lack.setWordWrap(False)
        action = QHBoxLayout()
        action.addStretch()
        action.addWidget(self.lack)
        action.addSpacing(8)
        action.addWidget(self.read_button)
        other, row = card(horizontal=True)
        self.demo_button = QPushButton(theme.icon("app", size=16), self.tr("Try the &virtual lens"))
        self.demo_button.setToolTip(self.tr("Take photos with a simulated lens, calibrate it and correct a photo"))
        self.demo_button.clicked.connect(self.demo_clicked)
        self.profile_button = QPushButton(theme.icon("inspect", size=16), self.tr("Open a &profile…"))
        self.profile_button.setToolTip(self.tr("Go on with a lens that was calibrated before"))
        self.profile_button.clicked.connect(self._choose_profile)
        row.addWidget(section(self.tr("No photos at hand?")))
        row.addWidget(muted(self.tr("Begin with a lens whose faults are known, or with a finished calibration.")), 1)
        row.addWidget(self.demo_button)
        row.addWidget(self.profile_button)
        self.body.addLayout(sets, 1)
        self.body.addLayout(action)
        self.body.addWidget(other)
        self._busy = False
        self._ready = False

    def show_session(self, session: Session) -> None:
        self.sharp.show_source(session.sharp)
        self.degraded.show_source(session.degraded)
        lack = lacks(session)[Step.IMPORT]
        self.lack.setText(self.tr(lack.value) if lack else "")
        self._ready = lack is None
        self._enable()

    def set_busy(self, busy: bool) -> None:
        self._busy = busy
        self._enable()

    def _enable(self) -> None:
        self.read_button.setEnabled(self._ready and not self._busy)
        for widget in (self.demo_button, self.profile_button, self.sharp, self.degraded):
            widget.setEnabled(not self._busy)

    def _choose_profile(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Open a profile"), str(Path.home()), self.tr("lenscal profiles (*.lenscal)")
        )
        if name:
            self.profile_chosen.emit(Path(name))
