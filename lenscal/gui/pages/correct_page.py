"""Step 5: correct a photo and compare."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lenscal.files.photos.colour import SPACES, look_curve
from lenscal.files.photos.export_settings import EXPOSURE_LIMITS_EV, Look, Space
from lenscal.gui.background.previewer import PreviewState
from lenscal.gui.drawing.copying import offer
from lenscal.gui.pages.correction.correction_panel import CorrectionPanel
from lenscal.gui.pages.correction.fit_bar import FitBar
from lenscal.gui.pages.correction.view_bar import ViewBar
from lenscal.gui.pages.page import Page
from lenscal.gui.translate import in_the_windows_words
from lenscal.gui.widgets.compare.compare_view import CompareView, View
from lenscal.gui.widgets.elements import icon_button
from lenscal.gui.widgets.file_dialogs import ask_for_photo
from lenscal.jobs.window.preview import Developed
from lenscal.plots.histogram import histogram
from lenscal.restore.settings import RestoreSettings
from lenscal.session import Comparison, Session, Step, lacks

BRIGHT_PERCENT, NEARLY_WHITE = 99.0, 0.8
"""Automatic exposure: so many pixels are darker than this light."""
HISTOGRAM_WAIT_MS = 80
"""Counting pixels takes some milliseconds: a pan or a zoom asks for it once, not at every move."""


class CorrectPage(Page):
    """The picture before and after, and what is done to it on the right."""

    photo_chosen = Signal(object)
    """Path."""
    correct_clicked = Signal()
    settings_changed = Signal(object)
    """RestoreSettings."""
    look_changed = Signal(object)
    """Look."""
    part_visible = Signal(object)
    """left, top, right, bottom of what is seen of the photo, or None."""
    next_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_title(
            self.tr("Correct"),
            self.tr("Try the correction on a photo. Hold the space bar to see the original."),
        )
        self.deblur_button = icon_button(
            self.tr("Deblur a shaken photo…"),
            "photo",
            self.tr("Its blur is its own: found by what a rig's photos have in common (Ctrl+D)"),
        )
        self.enlarge_button = icon_button(
            self.tr("Enlarge a photo…"),
            "photo",
            self.tr("By the kernel that it went through when it was made smaller (Ctrl+U)"),
        )
        for button in (self.deblur_button, self.enlarge_button):
            self.add_action(button)
        self._busy = self._ready = False
        self._comparison: Comparison | None = None
        self._developed: Developed | None = None
        self._pictures: tuple[NDArray[np.uint8], ...] = ()
        """The corrected photo's pyramid, of which the histogram is."""
        self._session = Session()
        self._unreadable: tuple[Path | None, str] | None = None
        """The last photo that could not be read, and why."""
        self._make_panel()
        self._make_picture()
        self._histogram_timer = QTimer(self)
        # Each move starts it anew, so it counts once they have ended.
        self._histogram_timer.setSingleShot(True)
        self._histogram_timer.setInterval(HISTOGRAM_WAIT_MS)
        self._histogram_timer.timeout.connect(self._draw_histogram)

    def _make_panel(self) -> None:
        self.panel = CorrectionPanel()
        self.panel.photo_chosen.connect(self.photo_chosen)
        self.panel.open_button.clicked.connect(self.choose_photo)
        self.panel.settings_changed.connect(self._emit_settings)
        self.panel.button.clicked.connect(self._start)
        self.panel.look.changed.connect(self.look_changed)
        self.panel.look.auto_clicked.connect(self._find_exposure)
        self._curve: NDArray[np.uint8] | None = None
        """What the session's look makes of the values of the screen's photos."""
        self.panel.next_button.clicked.connect(self.next_clicked)
        self.method, self.amount = self.panel.method, self.panel.amount
        self.button, self.preview_state = self.panel.button, self.panel.preview_state

    def _make_picture(self) -> None:
        self.compare = CompareView()
        self.bar, self.fit_bar = ViewBar(), FitBar()
        self.view = self.bar.view
        self.view.chosen.connect(lambda value: self.compare.show_view(View(value)))
        self.bar.fit_clicked.connect(self.compare.fit)
        self.bar.full_clicked.connect(self.toggle_zoom)
        for clicked in (self.view.chosen, self.bar.fit_clicked, self.bar.full_clicked):
            # Also where another part of the page had the keyboard before.
            clicked.connect(lambda *_: self.compare.setFocus())
        self.compare.zoomed.connect(self.bar.show_scale)
        offer(
            self.compare,
            (
                (self.tr("Copy picture"), self.copy_picture),
                (self.tr("Whole photo"), self.compare.fit),
                (self.tr("100 %"), lambda: self.compare.zoom(1.0)),
            ),
        )
        self.compare.moved.connect(self._moved)
        picture = QVBoxLayout()
        picture.addWidget(self.bar)
        picture.addWidget(self.fit_bar)
        picture.addWidget(self.compare, 1)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addLayout(picture, 1)
        row.addWidget(self.panel)
        self.body.addLayout(row, 1)

    # Showing

    @property
    def settings(self) -> RestoreSettings:
        """What is chosen."""
        return self.panel.settings

    def show_session(self, session: Session) -> None:
        """Show what has changed."""
        lack = lacks(session)[Step.CORRECT]
        self._session, self._ready = session, lack is None
        self._say_what_is_missing()
        inputs = session.inputs
        photos = [] if inputs is None else [frame.info.path for frame in inputs.degraded.frames]
        self.panel.photos.show_photos(photos, session.photo)
        # A slider that is being dragged must not be put back.
        if session.restore != self.settings:
            self.panel.show_settings(session.restore)
        self._show_look(session.look)
        self._show_comparison(session)
        # What is missing comes before what was there.
        if lack:
            self.panel.show_state(self.tr(lack.value))
        self.panel.next_button.setEnabled(session.psf is not None)
        self._enable()

    def _show_comparison(self, session: Session) -> None:
        comparison, developed = session.comparison, self._developed
        outdated = developed is not None and developed.photo != session.photo
        if comparison is not self._comparison or outdated:
            self._comparison = comparison
            self._show_pictures()
        self.panel.show_comparison(comparison)

    def _show_look(self, look: Look) -> None:
        if look != self.panel.look.look:
            self.panel.look.show_look(look)
        curve = look_curve(look, SPACES[Space.SRGB], np.dtype(np.uint8))
        self._curve = curve
        self.compare.show_values(curve)
        self._redraw_histogram()

    def show_developed(self, developed: Developed) -> None:
        """The photo was read: show it as it was, with what is corrected of it so far."""
        self._developed = developed
        self._show_pictures()

    def show_painted(self) -> None:
        """More of the photo is corrected."""
        self.compare.update()
        self._redraw_histogram()

    def show_preview_state(self, state: str) -> None:
        """How far the visible part is."""
        self.panel.show_preview_state(state)
        # All else is why a photo could not be read, or not be corrected.
        if state not in set(PreviewState) and not self._is_shown:
            self._unreadable = (self._session.photo, state)
        elif state == PreviewState.WORKING:
            self._unreadable = None
        self._say_what_is_missing()
        self._enable()

    @property
    def _is_shown(self) -> bool:
        """Whether the photo has been read."""
        return self._developed is not None and self._developed.photo == self._session.photo

    @property
    def _problem(self) -> str:
        """Why the session's photo cannot be read; empty where it can, as far as is known."""
        photo, problem = self._unreadable or (None, "")
        return problem if photo == self._session.photo else ""

    def _say_what_is_missing(self) -> None:
        lack = lacks(self._session)[Step.CORRECT]
        if lack:
            words = self.tr(lack.value)
        elif self._problem:
            words = in_the_windows_words(self._problem)
        elif self._busy:
            words = self.tr("A job is running: the photo is read when it has ended.")
        else:
            words = self.tr("Reading the photo…")
        # The words for a missing photo are drawn by the view.
        self.compare.placeholder = words
        self.compare.update()

    def show_preview_fraction(self, fraction: float) -> None:
        """How far a slow method is."""
        self.panel.show_preview_fraction(fraction)

    def _show_pictures(self) -> None:
        """The corrected photo, else the developed one with what is corrected of it so far."""
        comparison, developed = self._comparison, self._developed
        if developed is not None and developed.photo != self._session.photo:
            developed = None
        truth = () if developed is None else developed.truth
        self.bar.offer_truth(bool(truth))
        if comparison is not None:
            self._pictures = comparison.after
            self.compare.show_photo(comparison.before, comparison.after, comparison.mask, truth)
            # The whole photo is corrected: nothing is under way.
            self.preview_state.clear()
        elif developed is not None:
            self._pictures = developed.after
            self.compare.show_photo(developed.before, developed.after, developed.mask, truth)
        else:
            self._pictures = ()
            # The photo of before must not stand beside the name of the new one.
            self.compare.show_photo((), ())
        self._redraw_histogram()

    def set_busy(self, busy: bool) -> None:
        """A job runs: nothing else can be started."""
        self._busy = busy
        self._say_what_is_missing()
        self._enable()

    def _enable(self) -> None:
        self.button.setEnabled(self._ready and not self._busy and not self._problem)
        self.panel.set_busy(self._busy)

    # The histogram of the visible part

    def _moved(self) -> None:
        part = self.compare.visible_part
        # The previewer corrects this part first.
        self.part_visible.emit(part)
        if part is not None:
            self._redraw_histogram()

    def _redraw_histogram(self) -> None:
        """Soon; not where nobody sees it, as when the window has just been closed."""
        if self.isVisible():
            self._histogram_timer.start()

    def _draw_histogram(self) -> None:
        visible = self._visible_pixels()
        if visible is None:
            self.panel.histogram.show_histogram(None)
            return
        shown = visible if self._curve is None else self._curve[visible]
        self.panel.histogram.show_histogram(histogram(shown))

    def _visible_pixels(self) -> NDArray[np.uint8] | None:
        """What is seen of the corrected photo, in about the screen's pixels."""
        part = self.compare.visible_part
        if part is None or not self._pictures:
            return None
        # From the level that has about as many pixels as the screen.
        shrink = max(1 / self.compare.scale, 1)
        level = min(int(np.log2(shrink)), len(self._pictures) - 1)
        left, top, right, bottom = (px >> level for px in part)
        # Shifting has rounded the right and lower border down.
        return self._pictures[level][top : bottom + 1, left : right + 1]

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody sees the histogram any more."""
        self._histogram_timer.stop()
        super().hideEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        """The histogram may be old."""
        self._histogram_timer.start()
        super().showEvent(event)

    # What the user does

    def choose_photo(self) -> None:
        """Ask for a photo to correct."""
        photo = ask_for_photo(self, self.tr("Open a photo"), self.panel.photos.photo)
        if photo is not None:
            self.photo_chosen.emit(photo)

    def change_exposure(self, steps: int) -> None:
        """Look at the photo brighter or darker."""
        self.panel.look.change_exposure(steps)

    def _find_exposure(self) -> None:
        """An exposure at which the bright parts of what is seen are nearly white."""
        visible = self._visible_pixels()
        if visible is None:
            return
        light = SPACES[Space.SRGB].decode(np.arange(256) / 255)
        bright = light[int(np.percentile(visible.max(axis=-1), BRIGHT_PERCENT))]
        low, high = EXPOSURE_LIMITS_EV
        ev = float(np.clip(np.log2(NEARLY_WHITE / max(float(bright), 1e-6)), low, high))
        look = self.panel.look
        look.show_look(replace(look.look, exposure_ev=ev))
        self.look_changed.emit(look.look)

    def copy_picture(self) -> bool:
        """What is seen of the photo."""
        if self._pictures:
            QGuiApplication.clipboard().setPixmap(self.compare.grab())
        return bool(self._pictures)

    def toggle_zoom(self) -> None:
        """100 %, or back to the whole photo."""
        # Zooming in steps seldom hits 100 % exactly.
        if abs(self.compare.scale - 1) < 1e-6:
            self.compare.fit()
        else:
            self.compare.zoom(1.0)

    def _emit_settings(self) -> None:
        self.settings_changed.emit(self.settings)

    def _start(self) -> None:
        self._emit_settings()
        self.correct_clicked.emit()
