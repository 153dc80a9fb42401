"""The steps at the left of the window, each with its state."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from lenscal.gui import theme
from lenscal.gui.widgets.elements import Label, tip_text
from lenscal.session import Lack, Session, Step, done, lacks

WIDTH_PX, BUTTON_HEIGHT_PX = 244, 54
"""At least: larger text needs more."""
BUTTON_ROOM_PX = (68, 18)
"""Beside and above the text: icon, padding and the list's margins."""


class StepList(QFrame):
    """A button for every step; the checked one is where the user is."""

    chosen = Signal(object)
    """Step."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.titles = {
            Step.IMPORT: self.tr("Import"),
            Step.CHECK: self.tr("Check"),
            Step.CALIBRATE: self.tr("Calibrate"),
            Step.INSPECT: self.tr("Inspect"),
            Step.CORRECT: self.tr("Correct"),
            Step.EXPORT: self.tr("Export"),
        }
        self.buttons: dict[Step, QToolButton] = {}
        self._session = Session()
        self._calibrating = False
        self.setObjectName("steps")
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 14, 10, 12)
        column.setSpacing(4)
        name = Label("lenscal")
        name.setObjectName("title")
        name.setContentsMargins(8, 0, 0, 8)
        column.addWidget(name)
        group = QButtonGroup(self)
        for step, title in self.titles.items():
            button = self._button(step, title)
            group.addButton(button)
            self.buttons[step] = button
            column.addWidget(button)
        column.addStretch()
        self._fit_text()
        # Icons have the colour of the text beside them, which every theme has its own of.
        theme.appearance().changed.connect(self._show)

    def show_session(self, session: Session, *, calibrating: bool) -> None:
        """What each step still needs, or whether it is done."""
        self._session, self._calibrating = session, calibrating
        self._show()

    def choose(self, step: Step) -> None:
        """Say where the user is now."""
        self.buttons[step].setChecked(True)
        # The keyboard would stay on a page that is no longer seen.
        self.buttons[step].setFocus()

    def _button(self, step: Step, title: str) -> QToolButton:
        button = QToolButton()
        button.setCheckable(True)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setIconSize(QSize(22, 22))
        button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        button.setAccessibleName(title)
        button.clicked.connect(lambda _checked=False: self.chosen.emit(step))
        # The icon's colour depends on whether it is checked.
        button.toggled.connect(lambda _on: self._show_step(step))
        return button

    def changeEvent(self, event: QEvent) -> None:
        """Make room where the text has grown."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_text()

    def _fit_text(self) -> None:
        """As wide as the widest that any step can say, so that nothing moves when states change."""
        states = [self.tr(lack.value) for lack in Lack]
        texts = [*states, self.tr("running"), *(f"0  {title}" for title in self.titles.values())]
        width = WIDTH_PX
        for button in self.buttons.values():
            metrics = button.fontMetrics()
            button.setFixedHeight(max(BUTTON_HEIGHT_PX, 2 * metrics.height() + BUTTON_ROOM_PX[1]))
            widest = max(metrics.horizontalAdvance(f"  {text}") for text in texts)
            width = max(width, widest + BUTTON_ROOM_PX[0])
        self.setFixedWidth(width)

    def _show(self) -> None:
        for step in self.buttons:
            self._show_step(step)

    def _show_step(self, step: Step) -> None:
        button, title = self.buttons[step], self.titles[step]
        number, state = list(Step).index(step) + 1, self._state(step)
        button.setText(f"  {number}  {title}\n  {state}")
        tip = self.tr("{title}: {state} (key {n})")
        button.setToolTip(tip_text(tip.format(title=title, state=state, n=number)))
        present = theme.theme()
        colour = present.on_accent if button.isChecked() else present.text
        # Setting an icon lays out the list anew, and this is called for every change.
        if button.property("tint") != colour:
            button.setProperty("tint", colour)
            button.setIcon(theme.icon(step.value, size=22, colour=colour))

    def _state(self, step: Step) -> str:
        if step is Step.CALIBRATE and self._calibrating:
            return self.tr("running")
        lack = lacks(self._session)[step]
        if lack is not None:
            return self.tr(lack.value)
        return self.tr("done") if step in done(self._session) else self.tr("ready")
