"""Step 1: two sets of RAW photos, a profile, or the virtual lens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from lenscal.files.photos.photo_preview import Glance
from lenscal.gui import theme
from lenscal.gui.last_folder import last_folder, remember
from lenscal.gui.pages.page import Page, card, muted, primary, section
from lenscal.gui.pages.source_panel import SourcePanel
from lenscal.intake.grouping import group_by_aperture, split_by_aperture
from lenscal.raw.lens_setting import APERTURE_TOLERANCE, agree
from lenscal.session import Session, Step, lacks

BEST_APERTURE = 8
"""Beyond it lenses get worse again: up to it the photos at the smaller aperture are the sharp
ones."""
OTHER_PX = 1100
"""Most width of what is offered to who has no photos: words and buttons stay together."""


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
        known: dict[Path, Glance] = {}
        self.sharp = SourcePanel(
            self.tr("Sharp photos"),
            self.tr("Drop a folder of RAW photos taken at a good aperture,\nfor example f/5.6"),
            known,
        )
        self.degraded = SourcePanel(
            self.tr("Photos to correct"),
            self.tr(
                "Drop a folder of RAW photos taken at the aperture to be corrected,\nfor example wide open"
            ),
            known,
        )
        sets = QHBoxLayout()
        sets.setSpacing(16)
        for panel in (self.sharp, self.degraded):
            panel.changed.connect(
                lambda: self.sources_changed.emit(self.sharp.source, self.degraded.source)
            )
            panel.profile_dropped.connect(self.profile_chosen)
            panel.looked.connect(lambda panel=panel: self._looked(panel))
            sets.addWidget(panel, 1)
        self.read_button = primary(self.tr("&Read the photos"), "play")
        self.read_button.setToolTip(self.tr("Decode both sets and check what was read"))
        self.read_button.clicked.connect(self.read_clicked)
        self.lack = muted()
        self.lack.setWordWrap(False)
        self.swap_button = QPushButton(self.tr("S&wap the two sets"))
        self.swap_button.setToolTip(
            self.tr("The sharp photos become those to correct, and the other way round")
        )
        self.swap_button.clicked.connect(
            lambda: self.sources_changed.emit(self.degraded.source, self.sharp.source)
        )
        action = QHBoxLayout()
        self.doubt = muted()
        self.doubt.setWordWrap(False)
        action.addWidget(self.swap_button)
        action.addWidget(self.doubt)
        action.addStretch()
        action.addWidget(self.lack)
        action.addSpacing(8)
        action.addWidget(self.read_button)
        self.other, row = card(horizontal=True)
        self.demo_button = QPushButton(theme.icon("app", size=16), self.tr("Try the &virtual lens"))
        self.demo_button.setToolTip(
            self.tr("Take photos with a simulated lens, calibrate it and correct a photo")
        )
        self.demo_button.clicked.connect(self.demo_clicked)
        self.profile_button = QPushButton(
            theme.icon("inspect", size=16), self.tr("Open a &profile…")
        )
        self.profile_button.setToolTip(self.tr("Go on with a lens that was calibrated before"))
        self.profile_button.clicked.connect(self._choose_profile)
        row.addWidget(section(self.tr("No photos at hand?")))
        row.addWidget(
            muted(
                self.tr("Begin with a lens whose faults are known, or with a finished calibration.")
            ),
            1,
        )
        row.addWidget(self.demo_button)
        row.addWidget(self.profile_button)
        self.other.setMaximumWidth(OTHER_PX)
        other = QHBoxLayout()
        other.addWidget(self.other, 1)
        other.addStretch()
        self.body.addLayout(sets, 1)
        self.body.addLayout(action)
        self.body.addLayout(other)
        self._busy = False
        self._ready = False

    def show_session(self, session: Session) -> None:
        self.sharp.show_source(session.sharp)
        self.degraded.show_source(session.degraded)
        lack = lacks(session)[Step.IMPORT]
        self.lack.setText(self.tr(lack.value) if lack else "")
        self._ready = lack is None
        self._show_doubt()
        self._enable()

    def set_busy(self, busy: bool) -> None:
        self._busy = busy
        self._enable()

    def close_down(self) -> None:
        """The end of the window: nothing is looked at any more."""
        for panel in (self.sharp, self.degraded):
            panel.glances.close()

    def _looked(self, panel: SourcePanel) -> None:
        self._split(panel)
        self._show_doubt()

    def _show_doubt(self) -> None:
        """What is likely a mistake, before anything is read."""
        self.doubt.clear()
        if self.sharp.source == self.degraded.source and self.sharp.paths:
            self.doubt.setText(self.tr("⚠ Both sets are the same photos"))
            return
        f, g = (_aperture(panel) for panel in (self.sharp, self.degraded))
        if f is None or g is None:
            return
        if agree(f, g, APERTURE_TOLERANCE):
            self.doubt.setText(self.tr("⚠ Both sets were taken at f/{f:g}").format(f=f))
        elif f < g <= BEST_APERTURE:
            self.doubt.setText(
                self.tr("⚠ The sharp photos are at f/{f:g}, the others at f/{g:g}").format(f=f, g=g)
            )

    def _split(self, panel: SourcePanel) -> None:
        """A folder that holds both sets, dropped while the other one is empty, is split by its
        apertures."""
        other = self.degraded if panel is self.sharp else self.sharp
        apertures = split_by_aperture(panel.infos)
        if apertures is None or self._busy or other.paths or panel.source.aperture is not None:
            return
        sharp, degraded = (replace(panel.source, aperture=f) for f in apertures)
        self.sources_changed.emit(sharp, degraded)

    def _enable(self) -> None:
        self.read_button.setEnabled(self._ready and not self._busy)
        self.swap_button.setVisible(bool(self.sharp.paths or self.degraded.paths))
        self.swap_button.setEnabled(not self._busy)
        for widget in (self.demo_button, self.profile_button, self.sharp, self.degraded):
            widget.setEnabled(not self._busy)

    def _choose_profile(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, self.tr("Open a profile"), last_folder(), self.tr("lenscal profiles (*.lenscal)")
        )
        if name:
            remember(name)
            self.profile_chosen.emit(Path(name))


def _aperture(panel: SourcePanel) -> float | None:
    """Of a set's photos: typed in, or what all of them say."""
    if panel.source.aperture is not None:
        return panel.source.aperture
    told = group_by_aperture(panel.infos)
    return next(iter(told)) if len(told) == 1 else None
