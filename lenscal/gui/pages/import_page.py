"""Step 1: two sets of RAW photos, a profile, or the virtual lens."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QPushButton, QWidget

from lenscal.files.photos.photo_preview import PhotoPreview
from lenscal.gui.pages.page import Page
from lenscal.gui.pages.photos.source_panel import SourcePanel
from lenscal.gui.widgets.elements import Card, icon_button, muted, primary, section, with_tip
from lenscal.gui.widgets.file_dialogs import ask_for_profile
from lenscal.intake.grouping import group_by_aperture, split_by_aperture
from lenscal.raw.lens_setting import APERTURE_TOLERANCE, agree
from lenscal.session import Session, Step, lacks

BEST_APERTURE = 8
"""Beyond it lenses get worse again: up to it the photos at the smaller aperture are the sharp
ones."""
OTHER_PX = 1100
"""Most width of what is offered to who has no photos: words and buttons stay together."""


class ImportPage(Page):
    """Both sets side by side, and below them what can be done with or without them."""

    sources_changed = Signal(object, object)
    """The sharp photos' Source, and that of the photos to correct."""
    read_clicked = Signal()
    demo_clicked = Signal()
    profile_chosen = Signal(object)
    """Path."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_title(
            self.tr("Import"),
            self.tr(
                "Two sets of RAW photos, or of pictures, taken with one lens at one focal length. "
                "The same scenes from a tripod are best; other scenes will do. "
                "Choose distant or flat subjects that are rich in detail."
            ),
        )
        self._busy = self._ready = False
        self._make_sets()
        sets = QHBoxLayout()
        sets.setSpacing(16)
        for panel in self.panels:
            sets.addWidget(panel, 1)
        self.body.addLayout(sets, 1)
        self.body.addLayout(self._make_actions())
        self.body.addLayout(self._make_other())

    # Building

    def _make_sets(self) -> None:
        # Sets that are swapped, or split, show the same photos again.
        previews: dict[Path, PhotoPreview] = {}
        self.sharp = SourcePanel(
            self.tr("Sharp photos"),
            self.tr("Drop a folder of RAW photos taken at a good aperture,\nfor example f/5.6"),
            previews,
        )
        self.degraded = SourcePanel(
            self.tr("Photos to correct"),
            self.tr(
                "Drop a folder of RAW photos taken at the aperture to be corrected,\n"
                "for example wide open"
            ),
            previews,
        )
        for panel in self.panels:
            panel.changed.connect(lambda panel=panel: self._emit_sources(panel))
            panel.profile_dropped.connect(self.profile_chosen)
            panel.previewed.connect(lambda panel=panel: self._previewed(panel))

    @property
    def panels(self) -> tuple[SourcePanel, SourcePanel]:
        """Sharp, and to be corrected."""
        return self.sharp, self.degraded

    def _make_actions(self) -> QHBoxLayout:
        self.read_button = primary(self.tr("&Read the photos"), "play")
        self.read_button.setToolTip(self.tr("Decode both sets and check the photos"))
        self.read_button.clicked.connect(self.read_clicked)
        self.swap_button = with_tip(
            QPushButton(self.tr("S&wap the two sets")),
            self.tr("The sharp photos become the ones to correct, and vice versa"),
        )
        self.swap_button.clicked.connect(self._swap)
        self.lack, self.doubt = muted(wrapped=False), muted(wrapped=False)
        row = QHBoxLayout()
        row.addWidget(self.swap_button)
        row.addWidget(self.doubt)
        row.addStretch()
        row.addWidget(self.lack)
        # What is missing stands beside the button that it holds back.
        row.addSpacing(8)
        row.addWidget(self.read_button)
        return row

    def _make_other(self) -> QHBoxLayout:
        """What there is to do without photos."""
        self.demo_button = icon_button(
            self.tr("&Try the virtual lens"),
            "app",
            self.tr("Take photos with a simulated lens, calibrate it and correct a photo"),
        )
        self.demo_button.clicked.connect(self.demo_clicked)
        self.profile_button = icon_button(
            self.tr("&Open a profile…"),
            "inspect",
            self.tr("Continue with a lens that was calibrated before"),
        )
        self.profile_button.clicked.connect(self._choose_profile)
        words = self.tr("Start with a simulated lens, or with a finished calibration.")
        card = Card(QBoxLayout.Direction.LeftToRight)
        card.setMaximumWidth(OTHER_PX)
        card.content.addWidget(section(self.tr("Other ways to start")))
        card.content.addWidget(muted(words), 1)
        card.content.addWidget(self.demo_button)
        card.content.addWidget(self.profile_button)
        row = QHBoxLayout()
        row.addWidget(card, 1)
        row.addStretch()
        return row

    # Showing

    def show_session(self, session: Session) -> None:
        """Show what has changed."""
        self.sharp.show_source(session.sharp)
        self.degraded.show_source(session.degraded)
        lack = lacks(session)[Step.IMPORT]
        self.lack.setText(self.tr(lack.value) if lack else "")
        self._ready = lack is None
        self.doubt.setText(self._doubt())
        self._enable()

    def set_busy(self, busy: bool) -> None:
        """A job runs: nothing else can be started."""
        self._busy = busy
        self._enable()

    def close_down(self) -> None:
        """The end of the window: nothing is looked at any more."""
        for panel in self.panels:
            panel.previews.close()

    def _enable(self) -> None:
        self.read_button.setEnabled(self._ready and not self._busy)
        # Without photos there is nothing to swap.
        self.swap_button.setVisible(any(panel.paths for panel in self.panels))
        self.swap_button.setEnabled(not self._busy)
        for widget in (self.demo_button, self.profile_button, *self.panels):
            widget.setEnabled(not self._busy)

    def _doubt(self) -> str:
        """What is likely a mistake, before anything is read."""
        if self.sharp.source == self.degraded.source and self.sharp.paths:
            return self.tr("⚠ Both sets are the same photos")
        f, g = (_aperture(panel) for panel in self.panels)
        if f is None or g is None:
            return ""
        if agree(f, g, APERTURE_TOLERANCE):
            return self.tr("⚠ Both sets were taken at f/{f:g}").format(f=f)
        # A wider aperture is the sharper one only where diffraction rules.
        if f < g <= BEST_APERTURE:
            words = self.tr("⚠ The sharp photos are at f/{f:g}, the others at f/{g:g}")
            return words.format(f=f, g=g)
        return ""

    # What the user does

    def _emit_sources(self, changed: SourcePanel) -> None:
        # Sets in different light cannot be compared: the last choice holds for both.
        light = changed.source.light
        sharp, degraded = (replace(panel.source, light=light) for panel in self.panels)
        self.sources_changed.emit(sharp, degraded)

    def _swap(self) -> None:
        self.sources_changed.emit(self.degraded.source, self.sharp.source)

    def _previewed(self, panel: SourcePanel) -> None:
        # First, as it may change what there is to doubt.
        self._split(panel)
        self.doubt.setText(self._doubt())

    def _split(self, panel: SourcePanel) -> None:
        """A folder that holds both sets, dropped while the other one is empty, is split by its
        apertures."""
        other = self.degraded if panel is self.sharp else self.sharp
        apertures = split_by_aperture(panel.infos)
        if apertures is None or self._busy or other.paths or panel.source.aperture is not None:
            return
        sharp, degraded = (replace(panel.source, aperture=f) for f in apertures)
        self.sources_changed.emit(sharp, degraded)

    def _choose_profile(self) -> None:
        path = ask_for_profile(self, self.tr("Open a profile"))
        if path is not None:
            self.profile_chosen.emit(path)


def _aperture(panel: SourcePanel) -> float | None:
    """Of a set's photos: typed in, or what all of them say."""
    if panel.source.aperture is not None:
        return panel.source.aperture
    groups = group_by_aperture(panel.infos)
    return next(iter(groups)) if len(groups) == 1 else None
