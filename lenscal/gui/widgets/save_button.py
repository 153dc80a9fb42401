"""A button whose menu saves plots: pictures as PNG or SVG, data as CSV."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QMenu, QPushButton, QWidget

from lenscal.errors import LenscalError
from lenscal.gui import theme
from lenscal.gui.drawing.save_plots import Drawn, save_picture
from lenscal.gui.last_folder import last_folder, remember
from lenscal.gui.translate import error_in_words

SUFFIXES = (".png", ".svg", ".csv")


class SaveButton(QPushButton):
    """Asks where to, and saves by the file's suffix."""

    problem = Signal(str)
    """Why a plot could not be saved."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(theme.icon("export", size=16), "", parent)
        self.setText(self.tr("Save &as…"))
        self.setToolTip(self.tr("Pictures as PNG or SVG, data as CSV"))
        self.setMenu(QMenu(self))

    def add(self, text: str, name: str, save: Callable[[Path], None]) -> None:
        """A plot: its line in the menu, the name that is proposed for its file, and what saves
        it."""
        # The default takes what `triggered` sends along.
        self.menu().addAction(text).triggered.connect(lambda _=False: self.ask_where(name, save))

    def save(
        self, path: Path, widget: Drawn, write_csv: Callable[[], object], title: str = ""
    ) -> None:
        """A plot as PNG, SVG or CSV by the suffix; what went wrong is said."""
        # What cannot be written is a message, not a crash: the user chose the place.
        try:
            if path.suffix.lower() == ".csv":
                write_csv()
            else:
                save_picture(widget, path, title)
        except LenscalError as error:
            self.problem.emit(error_in_words(error))
        except OSError as error:
            self.problem.emit(f"{path}: {error.strerror or error}")

    def ask_where(self, name: str, save: Callable[[Path], None]) -> None:
        """Ask for a file, proposing a name, and have the plot saved there."""
        kinds = self.tr("PNG picture (*.png);;SVG picture (*.svg);;CSV table (*.csv)")
        # A picture is what most want; the name is a suggestion.
        start = str(Path(last_folder()) / f"{name}.png")
        answer, kind = QFileDialog.getSaveFileName(self, self.tr("Save as"), start, kinds)
        if answer:
            path = Path(answer)
            remember(path)
            if path.suffix.lower() not in SUFFIXES:
                # The dialog's kind of file, "PNG picture (*.png)", names the suffix that is meant.
                path = path.with_name(path.name + kind.rpartition("*")[2].rstrip(")"))
            save(path)
