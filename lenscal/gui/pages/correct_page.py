"""Step 5: correct a photo and compare."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QT_TR_NOOP, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from lenscal.gui import theme
from lenscal.gui.last_folder import last_folder, remember
from lenscal.gui.pages.page import Page, card, in_a_row, muted, primary, section, with_tip
from lenscal.gui.translate import in_the_windows_words
from lenscal.gui.widgets.choice import Choice
from lenscal.gui.widgets.compare import CompareView, View
from lenscal.gui.widgets.drop_zone import RAW_PATTERNS
from lenscal.gui.widgets.histogram import HistogramView, histogram
from lenscal.jobs.window.preview import Developed
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.session import Comparison, Session, Step, lacks

METHODS = {
    Method.WIENER: QT_TR_NOOP("Wiener – fast"),
    Method.DPIR: QT_TR_NOOP("DPIR – slow, with a learnt prior"),
    Method.DIFFPIR: QT_TR_NOOP("DiffPIR – slowest, draws fine detail"),
    Method.NONE: QT_TR_NOOP("None – develop only"),
}


class PercentSlider(QWidget):
    """A share 0..1 with its number."""

    changed = Signal(float)

    def __init__(self, name: str, value: float, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, 100)
        self.slider.setValue(round(value * 100))
        self.slider.setToolTip(tip)
        self.slider.setAccessibleName(name)
        self._number = QLabel(alignment=Qt.AlignmentFlag.AlignRight)
        heading = QHBoxLayout()
        heading.addWidget(QLabel(name))
        heading.addWidget(self._number)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(heading)
        layout.addWidget(self.slider)
        self.slider.valueChanged.connect(self._moved)
        self._moved(self.slider.value())

    @property
    def value(self) -> float:
        return self.slider.value() / 100

    def set_value(self, value: float) -> None:
        """Without telling anybody."""
        self.slider.blockSignals(True)
        self.slider.setValue(round(value * 100))
        self.slider.blockSignals(False)
        self._number.setText(f"{self.slider.value()} %")

    def _moved(self, value: int) -> None:
        self._number.setText(f"{value} %")
        self.changed.emit(value / 100)


class CorrectPage(Page):
    photo_chosen = Signal(object)
    correct_clicked = Signal()
    settings_changed = Signal(object)
    part_visible = Signal(object)
    """left, top, right, bottom of what is seen of the photo, or None."""
    next_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.set_title(
            self.tr("Correct"),
            self.tr(
                "Try the correction on a photo. Hold the space bar to see the photo as it was."
            ),
        )
        self.photos = with_tip(
            QComboBox(), self.tr("A photo taken with this lens at this aperture")
        )
        self.photos.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.photos.setMinimumContentsLength(16)
        self.photos.setPlaceholderText(self.tr("no photo"))
        self.photos.activated.connect(lambda i: self.photo_chosen.emit(self.photos.itemData(i)))
        self.open_button = QPushButton(theme.icon("photo", size=16), self.tr("&Open a photo…"))
        self.open_button.setToolTip(
            self.tr("Any RAW photo of this lens; or drop it onto the picture (Ctrl+O)")
        )
        self.open_button.clicked.connect(self.choose_photo)
        self.method = with_tip(QComboBox(), self.tr("How the blur is undone"))
        for value, text in METHODS.items():
            self.method.addItem(self.tr(str(text)), value)
        self.amount = PercentSlider(
            self.tr("Amount"), 1.0, self.tr("0 % leaves the photo as it is")
        )
        self.denoise = PercentSlider(
            self.tr("Noise handling"),
            0.5,
            self.tr("0 % keeps all detail and grain, 100 % is smooth"),
        )
        self.method.activated.connect(lambda _: self._changed())
        for slider in (self.amount, self.denoise):
            slider.changed.connect(lambda _: self._changed())
        self.button = primary(self.tr("&Correct the whole photo"), "play")
        self.button.setToolTip(
            self.tr("The visible part is corrected by itself; nothing is written yet")
        )
        self.button.clicked.connect(self._start)
        self.state = muted()
        self.preview_state = muted()
        self.histogram = HistogramView()
        self.next_button = QPushButton(self.tr("Go on to &export"))
        self.next_button.clicked.connect(self.next_clicked)
        panel, column = card()
        panel.setFixedWidth(290)
        column.addWidget(section(self.tr("Photo")))
        column.addWidget(self.photos)
        column.addWidget(self.open_button)
        column.addSpacing(8)
        column.addWidget(section(self.tr("Correction")))
        column.addWidget(self.method)
        column.addWidget(self.amount)
        column.addWidget(self.denoise)
        column.addSpacing(4)
        column.addWidget(self.button)
        column.addWidget(self.state)
        column.addWidget(self.preview_state)
        column.addStretch()
        column.addWidget(section(self.tr("Visible part")))
        column.addWidget(self.histogram)
        column.addWidget(self.next_button)

        self.compare = CompareView()
        self.compare.moved.connect(self._moved)
        self.view = Choice(
            (
                (View.SPLIT, self.tr("Split"), self.tr("Before and after with a line to drag")),
                (
                    View.SIDE_BY_SIDE,
                    self.tr("Side by side"),
                    self.tr("Two pictures that move together"),
                ),
                (View.BEFORE, self.tr("Before"), self.tr("The photo as it was")),
                (View.AFTER, self.tr("After"), self.tr("The corrected photo")),
                (View.MASK, self.tr("Mask"), self.tr("Where the photo is corrected (white)")),
            )
        )
        self.view.chosen.connect(lambda value: self.compare.show_view(View(value)))
        self._histogram_timer = QTimer(self)
        self._histogram_timer.setSingleShot(True)
        self._histogram_timer.setInterval(80)
        self._histogram_timer.timeout.connect(self._draw_histogram)
        self.fit_button = with_tip(
            QPushButton(self.tr("Fit")), self.tr("The whole photo (double click)")
        )
        self.fit_button.clicked.connect(self._fit)
        self.full_button = with_tip(
            QPushButton(self.tr("100 %")), self.tr("One photo pixel is one screen pixel (Z)")
        )
        self.full_button.clicked.connect(self.toggle_zoom)
        self.zoom = muted()
        self.zoom.setWordWrap(False)
        self.zoom.setMinimumWidth(self.zoom.fontMetrics().horizontalAdvance("0000 %"))
        self.zoom.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.compare.zoomed.connect(lambda scale: self.zoom.setText(f"{scale * 100:.0f} %"))
        bar = QHBoxLayout()
        bar.addWidget(self.view)
        bar.addStretch()
        bar.addWidget(self.zoom)
        bar.addSpacing(6)
        bar.addWidget(in_a_row(self.fit_button, self.full_button))
        picture = QVBoxLayout()
        picture.addLayout(bar)
        picture.addWidget(self.compare, 1)
        row = QHBoxLayout()
        row.setSpacing(16)
        row.addLayout(picture, 1)
        row.addWidget(panel)
        self.body.addLayout(row, 1)
        self._busy = self._ready = False
        self._shown: Comparison | None = None
        self._developed: Developed | None = None
        self._pictures: tuple[np.ndarray, ...] = ()
        self._session = Session()
        self._listed: object = None
        self._show_settings(self._session.restore)

    @property
    def settings(self) -> RestoreSettings:
        method = Method(self.method.currentData())
        return replace(
            self._session.restore,
            method=method,
            amount=self.amount.value,
            denoise=self.denoise.value,
        )

    def show_session(self, session: Session) -> None:
        lack = lacks(session)[Step.CORRECT]
        self._session, self._ready = session, lack is None
        self.compare.placeholder = self.tr(lack.value) if lack else self.tr("Reading the photo…")
        self.compare.update()
        self._list_photos(session)
        if session.restore != self.settings:
            self._show_settings(session.restore)
        comparison = session.comparison
        if comparison is not self._shown or (
            self._developed is not None and self._developed.photo != session.photo
        ):
            self._shown = comparison
            self._show_pictures()
        if lack:
            self.state.setText(self.tr(lack.value))
        elif comparison:
            words = self.tr("{name} with {method}, amount {amount:.0%}.")
            method = self.tr(str(METHODS[comparison.settings.method]))
            self.state.setText(
                words.format(
                    name=comparison.photo.name, method=method, amount=comparison.settings.amount
                )
            )
        else:
            self.state.clear()
        self.state.setVisible(bool(self.state.text()))
        self.next_button.setEnabled(session.psf is not None)
        self._enable()

    def show_developed(self, developed: Developed) -> None:
        """The photo was read: show it as it was, with what is corrected of it so far."""
        self._developed = developed
        self._show_pictures()

    def show_painted(self) -> None:
        """More of the photo is corrected."""
        self.compare.update()
        self._redraw_histogram()

    def show_preview_state(self, state: str) -> None:
        told = {
            "working": self.tr("Correcting what is visible…"),
            "finer": self.tr("Shown with Wiener, until {method} is ready…").format(
                method=self._short_name
            ),
            "quick": self.tr(
                "Shown with Wiener: zoom in, or correct the whole photo, to see {method}."
            ).format(method=self._short_name),
            "large": self.tr("Zoom in to see the correction, or correct the whole photo."),
            "done": self.tr("The visible part is corrected."),
            "off": "",
        }
        self.preview_state.setText(in_the_windows_words(told.get(state, state)))

    def show_preview_fraction(self, fraction: float) -> None:
        """How far a slow method is."""
        words = self.tr("Shown with Wiener, until {method} is ready: {n:.0%}")
        self.preview_state.setText(words.format(method=self._short_name, n=fraction))

    @property
    def _short_name(self) -> str:
        return self.method.currentText().partition(" – ")[0]

    def _show_pictures(self) -> None:
        shown, developed = self._shown, self._developed
        if shown is not None:
            self._pictures = shown.after
            self.compare.show_photo(shown.before, shown.after, shown.mask)
            self.preview_state.clear()
        elif developed is not None and developed.photo == self._session.photo:
            self._pictures = developed.after
            self.compare.show_photo(developed.before, developed.after, developed.mask)
        else:
            self._pictures = ()
            self.compare.show_photo((), ())
        self._redraw_histogram()

    def _show_settings(self, settings: RestoreSettings) -> None:
        self.method.setCurrentIndex(self.method.findData(settings.method))
        self.amount.set_value(settings.amount)
        self.denoise.set_value(settings.denoise)

    def _changed(self) -> None:
        self.settings_changed.emit(self.settings)

    def _moved(self) -> None:
        part = self.compare.visible_part
        self.part_visible.emit(part)
        if part is not None:
            self._redraw_histogram()

    def _redraw_histogram(self) -> None:
        """Soon; not where nobody sees it, as when the window has just been closed."""
        if self.isVisible():
            self._histogram_timer.start()

    def _draw_histogram(self) -> None:
        part = self.compare.visible_part
        if part is None or not self._pictures:
            self.histogram.show_histogram(None)
            return
        # From the level that has about as many pixels as the screen.
        left, top, right, bottom = part
        level = min(max(int(np.log2(max(1 / self.compare.scale, 1))), 0), len(self._pictures) - 1)
        rows, cols = (
            slice(top >> level, (bottom >> level) + 1),
            slice(left >> level, (right >> level) + 1),
        )
        self.histogram.show_histogram(histogram(self._pictures[level][rows, cols]))

    def set_busy(self, busy: bool) -> None:
        self._busy = busy
        self._enable()

    def hideEvent(self, event: QHideEvent) -> None:
        self._histogram_timer.stop()
        super().hideEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        self._histogram_timer.start()
        super().showEvent(event)

    def choose_photo(self) -> None:
        kinds = self.tr("RAW photos ({patterns});;All files (*)").format(
            patterns=f"{RAW_PATTERNS} {RAW_PATTERNS.upper()}"
        )
        start = self.photos.currentData()
        folder = str(start.parent) if isinstance(start, Path) else last_folder()
        name, _ = QFileDialog.getOpenFileName(self, self.tr("Open a photo"), folder, kinds)
        if name:
            remember(name)
            self.photo_chosen.emit(Path(name))

    def toggle_zoom(self) -> None:
        """100 %, or back to the whole photo."""
        if abs(self.compare.scale - 1) < 1e-6:
            self._fit()
        else:
            self.compare.zoom(1.0)

    def _fit(self) -> None:
        self.compare.fit()
        self.compare.update()

    def _list_photos(self, session: Session) -> None:
        known = (
            [frame.info.path for frame in session.inputs.degraded.frames] if session.inputs else []
        )
        if session.photo is not None and session.photo not in known:
            known.insert(0, session.photo)
        if (known, session.photo) == self._listed:
            return
        self._listed = (known, session.photo)
        self.photos.clear()
        for path in known:
            self.photos.addItem(path.name, path)
            self.photos.setItemData(self.photos.count() - 1, str(path), Qt.ItemDataRole.ToolTipRole)
        self.photos.setCurrentIndex(known.index(session.photo) if session.photo is not None else -1)

    def _start(self) -> None:
        self.settings_changed.emit(self.settings)
        self.correct_clicked.emit()

    def _enable(self) -> None:
        self.button.setEnabled(self._ready and not self._busy)
        for widget in (self.photos, self.open_button, self.method, self.amount, self.denoise):
            widget.setEnabled(not self._busy)
