"""The message over the page's title and the running job below the page."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QToolButton,
    QWidget,
)

from lenscal.gui import theme
from lenscal.gui.background.worker import Progress
from lenscal.gui.translate import in_the_windows_words, in_this_language
from lenscal.gui.widgets.elements import Label, icon_button, mark, muted, tip_text

LONGEST_S = 5999
"""The time left that takes most room: 99 minutes and 59 seconds."""
STEPS = 1000
"""Of the progress bar."""


class MessageBar(QFrame):
    """One message in plain words; details on demand. Stays until it is closed or replaced.

    It lies over the title of the page: a row of its own would push the page away under the mouse.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # By this name the theme's style finds it.
        self.setObjectName("message")
        self.text = Label(wordWrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        # File names may hold what looks like HTML.
        self.details_button = QPushButton(self.tr("Details…"))
        self.details_button.setToolTip(self.tr("Show the technical report, for a bug report"))
        self.details_button.clicked.connect(self._show_details)
        close = QToolButton()
        close.setIcon(theme.icon("close", size=14))
        close.setAutoRaise(True)
        close.setToolTip(self.tr("Close this message"))
        close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        # The text alone grows: buttons stay at the right.
        layout.addWidget(self.text, 1)
        layout.addWidget(self.details_button)
        layout.addWidget(close)
        self._details = ""
        self._over: Callable[[], QRect] = QRect
        # No message yet: an empty frame would only take room.
        self.hide()

    def lie_over(self, area: Callable[[], QRect]) -> None:
        """Where: an area of the widget that it is a child of, asked again as that one changes."""
        self._over = area
        if (parent := self.parentWidget()) is not None:
            parent.installEventFilter(self)

    def place(self) -> None:
        """As wide as its area, and as high as the text needs."""
        area = self._over()
        height = max(self.heightForWidth(area.width()), self.minimumSizeHint().height())
        self.setGeometry(area.x(), area.y(), area.width(), max(height, area.height()))
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Goes along with its parent."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest) and self.isVisible():
            self.place()
        return super().eventFilter(watched, event)

    def show_message(self, text: str, *, kind: str = "info", details: str = "") -> None:
        """kind: info, warning or error; no text takes away what was said."""
        if not text:
            self.hide()
            return
        self.text.setText(in_the_windows_words(text))
        # Kept here, as a box for them is made only when it is asked for.
        self._details = details
        self.details_button.setVisible(bool(details))
        mark(self, "kind", kind)
        self.place()
        self.show()

    def leave_behind(self) -> None:
        """The user goes elsewhere: news are old then, warnings and errors stay."""
        if self.property("kind") == "info":
            self.hide()

    def _show_details(self) -> None:
        box = QMessageBox(
            QMessageBox.Icon.Information, self.tr("Details"), self.text.text(), parent=self
        )
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setDetailedText(self._details)
        # `open` returns at once: nobody else would delete it.
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()


class ElidedLabel(Label):
    """One line of text that ends in … where there is no room; the whole as tooltip."""

    def setText(self, text: str) -> None:
        """Show a text."""
        super().setText(text)
        self.setToolTip(tip_text(text))

    def minimumSizeHint(self) -> QSize:
        """Room for some letters."""
        # A label would ask for all of its text, and widen the window.
        return QSize(60, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """As much of the text as there is room for."""
        painter = QPainter(self)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(
            self.rect(), Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text
        )


class JobBar(QFrame):
    """What is running, how far it is, and how to end it."""

    stop_clicked = Signal()
    cancel_clicked = Signal()
    pause_clicked = Signal()
    """Pause, or go on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("jobBar")
        self.text = ElidedLabel()
        self.time = muted(wrapped=False)
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        # As wide as it gets: the bar must not move every second.
        widest = self.time.fontMetrics().horizontalAdvance(self._time_left(LONGEST_S))
        self.time.setMinimumWidth(widest)
        self.progress = QProgressBar(textVisible=False)
        # A bar that grew with the window would say no more.
        self.progress.setFixedWidth(200)
        self.progress.setAccessibleName(self.tr("Progress of the running job"))
        self._make_buttons()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.setSpacing(12)
        layout.addWidget(self.text, 1)
        for widget in (self.time, self.progress, *self._buttons):
            layout.addWidget(widget)
        self._message = ""
        self.show_paused(False)
        self.hide()

    def _make_buttons(self) -> None:
        self.pause_button = icon_button(self.tr("&Pause"), "pause", "")
        self.pause_button.clicked.connect(self.pause_clicked)
        self.stop_button = icon_button("", "stop", "")
        self.stop_button.clicked.connect(self._stop)
        self.cancel_button = icon_button(
            self.tr("Cancel"), "close", self.tr("Stop now without a result (Esc)")
        )
        self.cancel_button.clicked.connect(self.cancel_clicked)
        self._buttons = (self.pause_button, self.stop_button, self.cancel_button)

    def begin(self, name: str, *, can_stop: bool) -> None:
        """A job starts; `can_stop`: it can end early with a result, and wait."""
        self.text.setText(name)
        self._message = name
        self.show_paused(False)
        self.time.clear()
        # Until the job says how far it is, the bar says only that it runs.
        self.progress.setRange(0, 0)
        # The job before may have had other words.
        self.stop_button.setText(self.tr("&Stop and keep"))
        self.stop_button.setToolTip(self.tr("Stop now and keep what was learnt so far"))
        # What cannot be stopped in the middle cannot wait there either.
        self.pause_button.setVisible(can_stop)
        self.stop_button.setVisible(can_stop)
        for button in self._buttons:
            button.setEnabled(True)
        self.show()

    def update_progress(self, progress: Progress) -> None:
        """What the job says, how far it is and how long it will take."""
        report = progress.report
        self._message = in_this_language(report.message)
        # A job that was cancelled or paused may still report: that must not hide what it waits for.
        if self.cancel_button.isEnabled() and not self._paused:
            self.text.setText(self._message)
        if report.fraction is not None:
            # The first fraction ends the bar that only says that it runs.
            self.progress.setRange(0, STEPS)
            self.progress.setValue(round(STEPS * report.fraction))
        self.time.setText(
            "" if report.seconds_left is None else self._time_left(report.seconds_left)
        )

    def show_paused(self, paused: bool) -> None:
        """Whether the job waits for the user."""
        self._paused = paused
        self.pause_button.setIcon(theme.icon("play" if paused else "pause", size=16))
        self.pause_button.setText(self.tr("&Resume") if paused else self.tr("&Pause"))
        rest = self.tr("Free the computer for a while; nothing is lost (P)")
        self.pause_button.setToolTip(
            tip_text(self.tr("Resume where it was paused (P)") if paused else rest)
        )
        self.text.setText(
            self.tr("Paused: {job}").format(job=self._message) if paused else self._message
        )

    def cancelling(self) -> None:
        """The user has cancelled; the job has not noticed yet."""
        for button in self._buttons:
            button.setEnabled(False)
        self.text.setText(self.tr("Cancelling…"))

    def _stop(self) -> None:
        # The job ends at its next report: a second click would ask for nothing more.
        self.stop_button.setEnabled(False)
        self.pause_button.setEnabled(False)
        self.stop_clicked.emit()

    def _time_left(self, seconds: float) -> str:
        # An estimate may be overrun.
        whole = max(0, round(seconds))
        if whole < 60:
            return self.tr("{s} s left").format(s=whole)
        return self.tr("{m} min {s:02d} s left").format(m=whole // 60, s=whole % 60)
