"""Pictures and tables to the clipboard, and the menus that offer it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QWidget

from lenscal.gui.drawing.save_plots import PNG_SCALE, Drawn


def copy_picture(widget: Drawn) -> None:
    """What a widget shows, as large as a PNG file of it."""
    image = QImage(widget.size() * PNG_SCALE, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    painter.scale(PNG_SCALE, PNG_SCALE)
    widget.draw(painter)
    painter.end()
    QGuiApplication.clipboard().setImage(image)


def copy_table(heads: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Cells with tabs between them, as spreadsheets take them."""
    rows = ["\t".join(line) for line in (heads, *lines)]
    QGuiApplication.clipboard().setText("\n".join(rows) + "\n")


def offer(widget: QWidget, entries: Sequence[tuple[str, Callable[[], object]]]) -> list[QAction]:
    """Give a widget a menu on the right mouse button and the menu key."""
    actions = []
    for text, do in entries:
        action = QAction(text, widget)
        # The default takes what `triggered` sends along.
        action.triggered.connect(lambda _=False, do=do: do())
        widget.addAction(action)
        actions.append(action)
    widget.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
    return actions
