"""The lenses of this computer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QMessageBox,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from lenscal.files.psf.profile import Profile
from lenscal.gui import theme
from lenscal.gui.background.dialog_jobs.library_keeper import LibraryKeeper
from lenscal.gui.translate import in_this_language
from lenscal.gui.widgets.elements import muted, tip_text
from lenscal.gui.widgets.file_dialogs import ask_for_profiles
from lenscal.jobs.window import library as jobs
from lenscal.lens.words import coverage_in_words
from lenscal.library.folder import Damaged, Entry, Library

WIDTH_PX, HEIGHT_PX = 860, 460


class LibraryDialog(QDialog):
    """A table of all profiles, and what can be done with them."""

    open_clicked = Signal(object)
    """Path of a profile that is to be opened."""

    def __init__(
        self, keeper: LibraryKeeper, profile: Profile | None, name: str, parent: QWidget
    ) -> None:
        """profile, name: what is open in the window, if it can be kept."""
        super().__init__(parent)
        self.setWindowTitle(self.tr("Library of lenses"))
        self.resize(WIDTH_PX, HEIGHT_PX)
        self._keeper, self._profile, self._name = keeper, profile, name
        self._entries: tuple[Entry | Damaged, ...] = ()
        self.words = muted(
            self.tr(
                "Profiles on this computer. On the command line, “lenscal correct PHOTO…” takes "
                "each photo's own from here."
            )
        )
        self.problem = muted()
        self._make_table()
        self._make_buttons()
        self._lay_out()
        keeper.changed.connect(self._show)
        keeper.problem.connect(self._say)
        keeper.do(jobs.contents)
        self._enable()

    def _make_table(self) -> None:
        self.table = QTableWidget(0, 4, self)
        self.table.setHorizontalHeaderLabels(
            [self.tr("Profile"), self.tr("Lens"), self.tr("Camera"), self.tr("Apertures")]
        )
        self.table.setAccessibleName(self.tr("Profiles of the library"))
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.itemSelectionChanged.connect(self._enable)
        self.table.itemDoubleClicked.connect(lambda _: self._open())

    def _make_buttons(self) -> None:
        def button(text: str, tip: str, do: Callable[[], None], icon: str = "") -> QPushButton:
            made = QPushButton(text, self)
            if icon:
                made.setIcon(theme.icon(icon, size=16))
            made.setToolTip(tip_text(tip))
            made.clicked.connect(lambda _=False: do())
            # The dialog's Enter is Open's.
            made.setAutoDefault(False)
            return made

        self.open_button = button(
            self.tr("&Open"),
            self.tr("Look at the selected profile, and correct with it"),
            self._open,
        )
        self.open_button.setDefault(True)
        self.add_button = button(
            self.tr("&Add…"), self.tr("Copy profiles into the library"), self._choose, "folder"
        )
        self.keep_button = button(
            self.tr("Add the &present one"),
            self.tr("Keep the profile that is open in the library"),
            self._keep,
        )
        self.remove_button = button(
            self.tr("&Remove…"), self.tr("Delete the selected profiles there (Del)"), self._ask
        )
        QShortcut(QKeySequence(QKeySequence.StandardKey.Delete), self).activated.connect(self._ask)
        self.close_box = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        self.close_box.rejected.connect(self.reject)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        for button in (self.open_button, self.add_button, self.keep_button, self.remove_button):
            row.addWidget(button)
        row.addStretch(1)
        row.addWidget(self.close_box)
        layout = QVBoxLayout(self)
        layout.addWidget(self.words)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.problem)
        layout.addLayout(row)

    @property
    def selected(self) -> list[Entry | Damaged]:
        """What the selected lines show."""
        rows = sorted({index.row() for index in self.table.selectedIndexes()})
        return [self._entries[row] for row in rows]

    @property
    def _to_open(self) -> Entry | None:
        """The one profile that is selected, if it can be read."""
        selected = self.selected
        return selected[0] if len(selected) == 1 and isinstance(selected[0], Entry) else None

    def _show(self, library: Library) -> None:
        self._entries = (*library.entries, *library.damaged)
        self.table.setRowCount(len(self._entries))
        for row, entry in enumerate(self._entries):
            for column, text in enumerate(_texts(entry)):
                item = QTableWidgetItem(text)
                item.setToolTip(tip_text(text))
                self.table.setItem(row, column, item)
        # The last one takes the rest.
        for column in range(self.table.columnCount() - 1):
            self.table.resizeColumnToContents(column)
        listed = [each.problem for each in library.damaged]
        others = [problem for problem in library.problems if problem not in listed]
        self._say("\n".join(in_this_language(problem) for problem in others))
        folder = self.tr("Folder: {folder}").format(folder=library.folder)
        self.table.setToolTip(tip_text(folder))
        self._enable()

    def _say(self, text: str) -> None:
        self.problem.setText(text)
        self.problem.setVisible(bool(text))

    def _enable(self) -> None:
        self.open_button.setEnabled(self._to_open is not None)
        self.remove_button.setEnabled(bool(self.selected))
        self.keep_button.setEnabled(self._profile is not None and bool(self._profile.camera))

    def _open(self) -> None:
        if self._to_open is not None:
            self.open_clicked.emit(self._to_open.path)
            self.accept()

    def _choose(self) -> None:
        paths = ask_for_profiles(self, self.tr("Add to the library"))
        if paths:
            self._keeper.do(partial(jobs.add_files, paths))

    def _keep(self) -> None:
        if self._profile is not None:
            self._keeper.do(partial(jobs.add_profile, self._profile, self._name))

    def _ask(self) -> None:
        """Deleted is deleted: asked first."""
        entries = self.selected
        if not entries:
            return
        names = ", ".join(entry.name for entry in entries)
        words = self.tr("Delete {names} from the library? Copies elsewhere stay.")
        box = QMessageBox(self)
        box.setWindowTitle(self.tr("Remove from the library"))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(words.format(names=names))
        delete = box.addButton(self.tr("&Delete"), QMessageBox.ButtonRole.DestructiveRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        paths = [entry.path for entry in entries]
        box.buttonClicked.connect(lambda button: self._remove(paths) if button is delete else None)
        box.open()

    def _remove(self, paths: Sequence[Path]) -> None:
        self._keeper.do(partial(jobs.remove_files, tuple(paths)))


def _texts(entry: Entry | Damaged) -> tuple[str, str, str, str]:
    """What a line says of a profile; of one that cannot be read: why."""
    if isinstance(entry, Damaged):
        return entry.name, "", "", in_this_language(entry.problem)
    profile = entry.profile
    apertures = "; ".join(in_this_language(w) for w in coverage_in_words(profile))
    return entry.name, profile.lens, profile.camera, apertures
