"""The message above the page and the running job below it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QToolButton,
    QWidget,
)

from lenscal.gui import theme
from lenscal.gui.background.worker import Progress
from lenscal.gui.translate import in_the_windows_words, in_this_language


class MessageBar(QFrame):
    """One message in plain words; details on demand. Stays until it is closed or replaced."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("message")
        self.text = QLabel(wordWrap=True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
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
        layout.addWidget(self.text, 1)
        layout.addWidget(self.details_button)
        layout.addWidget(close)
        self._details = ""
        self.hide()

    def show_message(self, text: str, *, kind: str = "info", details: str = "") -> None:
        """kind: info, warning or error."""
        self.text.setText(in_the_windows_words(text))
        self._details = details
        self.details_button.setVisible(bool(details))
        self.setProperty("kind", kind)
        self.style().unpolish(self)
        self.style().polish(self)
        self.show()

    def leave_behind(self) -> None:
        """The user goes elsewhere: news are old then, warnings and errors stay."""
        if self.property("kind") == "info":
            self.hide()

    def _show_details(self) -> None:
        box = QMessageBox(
            QMessageBox.Icon.Information, self.tr("Details"), self.text.text(), parent=self
        )
        box.setDetailedText(self._details)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.open()


class ElidedLabel(QLabel):
    """One line of text that ends in … where there is no room; the whole as tooltip."""

    def setText(self, text: str) -> None:
        super().setText(text)
        self.setToolTip(text)

    def minimumSizeHint(self) -> QSize:
        return QSize(60, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
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
        self.time = QLabel()
        self.time.setProperty("muted", True)
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.time.setMinimumWidth(self.time.fontMetrics().horizontalAdvance(self._time_left(5999)))
        self.progress = QProgressBar(textVisible=False)
        self.progress.setFixedWidth(200)
        self.progress.setAccessibleName(self.tr("Progress of the running job"))
        self.pause_button = QPushButton(theme.icon("pause", size=16), self.tr("&Pause"))
        self.pause_button.clicked.connect(self.pause_clicked)
        self.stop_button = QPushButton(theme.icon("stop", size=16), "")
        self.stop_button.clicked.connect(self._stop)
        self.cancel_button = QPushButton(theme.icon("close", size=16), self.tr("Cancel"))
        self.cancel_button.setToolTip(self.tr("End now without a result (Esc)"))
        self.cancel_button.clicked.connect(self.cancel_clicked)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.setSpacing(12)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.time)
        layout.addWidget(self.progress)
        layout.addWidget(self.pause_button)
        layout.addWidget(self.stop_button)
        layout.addWidget(self.cancel_button)
        self._message = ""
        self.show_paused(False)
        self.hide()

    def begin(self, name: str, *, can_stop: bool) -> None:
        self.text.setText(name)
        self._message = name
        self.show_paused(False)
        self.pause_button.setVisible(can_stop)
        self.pause_button.setEnabled(True)
        self.time.clear()
        self.progress.setRange(0, 0)
        self.stop_button.setText(self.tr("&Stop and keep"))
        self.stop_button.setToolTip(self.tr("End now and keep what was learnt so far"))
        self.stop_button.setVisible(can_stop)
        self.stop_button.setEnabled(True)
        self.cancel_button.setEnabled(True)
        self.show()

    def update_progress(self, progress: Progress) -> None:
        report = progress.report
        self._message = in_this_language(report.message)
        if self.cancel_button.isEnabled() and not self._paused:
            self.text.setText(self._message)
        if report.fraction is not None:
            self.progress.setRange(0, 1000)
            self.progress.setValue(round(1000 * report.fraction))
        self.time.setText(
            "" if report.seconds_left is None else self._time_left(report.seconds_left)
        )

    def show_paused(self, paused: bool) -> None:
        """Whether the job waits for the user."""
        self._paused = paused
        self.pause_button.setIcon(theme.icon("play" if paused else "pause", size=16))
        self.pause_button.setText(self.tr("Go &on") if paused else self.tr("&Pause"))
        rest = self.tr("Leave the computer to others for a while; nothing is lost (P)")
        self.pause_button.setToolTip(self.tr("Go on where it was paused (P)") if paused else rest)
        self.text.setText(
            self.tr("Paused: {job}").format(job=self._message) if paused else self._message
        )

    def cancelling(self) -> None:
        """The user has cancelled; the job has not noticed yet."""
        self.cancel_button.setEnabled(False)
        self.stop_button.setEnabled(False)
        self.pause_button.setEnabled(False)
        self.text.setText(self.tr("Cancelling…"))

    def _stop(self) -> None:
        self.stop_button.setEnabled(False)
        self.pause_button.setEnabled(False)
        self.stop_clicked.emit()

    def _time_left(self, seconds: float) -> str:
        whole = max(0, round(seconds))
        if whole < 60:
            return self.tr("{s} s left").format(s=whole)
        return self.tr("{m} min {s:02d} s left").format(m=whole // 60, s=whole % 60)
