"""What every step's page has in common."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from lenscal.gui.widgets.elements import Label
from lenscal.session import Session


class Page(QWidget):
    """Title, one sentence, and the step's own widgets in `body`. Pages show a session and emit what
    the user wants."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._heading = Label()
        self._heading.setObjectName("title")
        self._sentence = Label(wordWrap=True)
        self._sentence.setObjectName("subtitle")
        self.body = QVBoxLayout()
        self.body.setSpacing(12)
        layout = self._layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 14, 20, 16)
        layout.setSpacing(2)
        self._head = QHBoxLayout()
        self._words = QVBoxLayout()
        self._words.setSpacing(2)
        self._words.addWidget(self._heading)
        self._words.addWidget(self._sentence)
        # The title grows: actions stand at the right.
        self._head.addLayout(self._words, 1)
        layout.addLayout(self._head)
        # The title belongs to the page as a whole, not to the first row below it.
        layout.addSpacing(10)
        layout.addLayout(self.body, 1)

    def set_title(self, title: str, sentence: str) -> None:
        """The step's name, and what it is for."""
        self._heading.setText(title)
        self._sentence.setText(sentence)

    @property
    def title_area(self) -> QRect:
        """What the title and its sentence take, without the actions beside them."""
        # A page that has just been turned to may not be laid out yet.
        self._layout.activate()
        return self._words.geometry()

    def add_action(self, widget: QWidget) -> None:
        """A widget beside the title."""
        self._head.addWidget(widget, 0, Qt.AlignmentFlag.AlignBottom)

    def show_session(self, session: Session) -> None:
        """Show what has changed."""

    def copy_picture(self) -> bool:
        """Put what the page shows above all on the clipboard; whether there was anything."""
        return False

    def copy_table(self) -> bool:
        """The data behind it."""
        return False

    def set_busy(self, busy: bool) -> None:
        """A job runs: nothing else can be started."""
