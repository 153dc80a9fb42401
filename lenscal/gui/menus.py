"""The menus of the window: everything can be reached from them, too."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

if TYPE_CHECKING:
    from lenscal.gui.main_window import MainWindow


def make_menus(window: MainWindow) -> dict[str, QAction]:
    """Fill the menu bar; actions that come and go with the job by name."""
    bar, c, do = window.menuBar(), window.controller, window.commands
    files, edit = bar.addMenu(window.tr("&File")), bar.addMenu(window.tr("&Edit"))
    job, step, view = (
        bar.addMenu(window.tr("&Job")),
        bar.addMenu(window.tr("&Step")),
        bar.addMenu(window.tr("&View")),
    )
    about = bar.addMenu(window.tr("&Help"))
    made: dict[str, QAction] = {}

    def add(menu: QMenu, name: str, text: str, keys: str, slot: Callable[[], object]) -> None:
        action = QAction(text, window)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _checked=False: slot())
        menu.addAction(action)
        made[name] = action

    add(files, "new", window.tr("&New project"), "Ctrl+N", do.new_project)
    add(files, "open", window.tr("&Open…"), "Ctrl+O", do.choose_file)
    recent = files.addMenu(window.tr("Open &recent"))
    recent.aboutToShow.connect(lambda: _fill_recent(window, recent))
    add(files, "save", window.tr("&Save project as…"), "Ctrl+S", do.choose_project)
    files.addSeparator()
    add(files, "sharp", window.tr("Choose s&harp photos…"), "", lambda: do.choose_photos("sharp"))
    add(
        files,
        "degraded",
        window.tr("Choose photos to &correct…"),
        "",
        lambda: do.choose_photos("degraded"),
    )
    add(files, "demo", window.tr("Try the &virtual lens"), "", do.try_demo)
    files.addSeparator()
    add(files, "export", window.tr("&Export the photos"), "Ctrl+E", do.export)
    files.addSeparator()
    add(files, "quit", window.tr("&Quit"), "Ctrl+Q", window.close)

    undo, redo = c.undo_stack.createUndoAction(window), c.undo_stack.createRedoAction(window)
    undo.setShortcut(QKeySequence("Ctrl+Z"))
    redo.setShortcuts([QKeySequence("Ctrl+Y"), QKeySequence("Ctrl+Shift+Z")])
    edit.addActions([undo, redo])
    edit.addSeparator()
    add(edit, "preferences", window.tr("&Preferences…"), "Ctrl+,", do.show_preferences)

    add(job, "read", window.tr("&Read the photos"), "", do.read_photos)
    add(job, "calibrate", window.tr("&Calibrate"), "", do.calibrate)
    job.addSeparator()
    add(job, "pause", window.tr("&Pause or go on"), "P", do.pause_or_go_on)
    add(job, "stop", window.tr("&Stop and keep"), "", c.worker.stop_and_keep)
    add(job, "cancel", window.tr("C&ancel…"), "Esc", window.ask_before_cancelling)

    for number, (value, title) in enumerate(window.titles.items(), start=1):
        add(step, f"step {value}", title, str(number), partial(window.go_to, value))

    add(view, "zoom", window.tr("&100 % or whole photo"), "Z", window.correct_page.toggle_zoom)
    add(
        view,
        "in",
        window.tr("Zoom &in"),
        "Ctrl++",
        lambda: window.correct_page.compare.zoom_by(1.25),
    )
    add(
        view,
        "out",
        window.tr("Zoom &out"),
        "Ctrl+-",
        lambda: window.correct_page.compare.zoom_by(0.8),
    )

    add(about, "keys", window.tr("&Keys"), "F1", do.show_keys)
    add(about, "about", window.tr("&About lenscal"), "", do.show_about)
    return made


def _fill_recent(window: MainWindow, menu: QMenu) -> None:
    menu.clear()
    for path in window.projects.recent:
        action = QAction(path.stem, menu)
        action.setToolTip(str(path))
        action.setStatusTip(str(path))
        action.triggered.connect(
            lambda _checked=False, path=path: window.commands.open_project(path)
        )
        menu.addAction(action)
    menu.setToolTipsVisible(True)
    if menu.isEmpty():
        nothing = QAction(window.tr("No projects yet"), menu)
        nothing.setEnabled(False)
        menu.addAction(nothing)
