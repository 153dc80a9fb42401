"""The menus of the window: everything can be reached from them, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from lenscal.gui.commands import Commands
from lenscal.gui.controller import Controller
from lenscal.gui.pages.correction.look_box import STEPS
from lenscal.gui.projects import Projects
from lenscal.gui.step_pages import StepPages
from lenscal.gui.widgets.compare.compare_view import ZOOM_STOPS
from lenscal.gui.widgets.elements import tip_text
from lenscal.session import Step

NOT_WHILE_BUSY = (
    "new",
    "sharp",
    "degraded",
    "demo",
    "export",
    "read",
    "calibrate",
    "train",
    "deblur",
    "population",
    "enlarge",
)


class Menus(QObject):
    """Fills a menu bar; `actions` has all by name."""

    quit_wanted = Signal()
    cancel_wanted = Signal()
    presenter_wanted = Signal()

    def __init__(
        self,
        bar: QMenuBar,
        controller: Controller,
        commands: Commands,
        projects: Projects,
        pages: StepPages,
    ) -> None:
        super().__init__(bar)
        self._bar, self._commands, self._projects = bar, commands, projects
        self.actions: dict[str, QAction] = {}
        self._add_file_menu()
        self._add_edit_menu(controller)
        self._add_job_menu(controller)
        self._steps = bar.addMenu(self.tr("&Step"))
        self._add_view_menu(pages)
        about = bar.addMenu(self.tr("&Help"))
        self._add(about, "documents", self.tr("&Documents"), "F1", commands.show_documents)
        self._add(about, "keys", self.tr("&Keys"), "Shift+F1", commands.show_keys)
        self._add(about, "about", self.tr("&About lenscal"), "", commands.show_about)

    def add_steps(self, titles: Mapping[Step, str], go_to: Callable[[Step], object]) -> None:
        """The steps, with the keys 1 to 6."""
        for number, (step, title) in enumerate(titles.items(), start=1):
            self._add(self._steps, f"step {step}", title, str(number), partial(go_to, step))

    def show_allowed(self, *, busy: bool, can_stop: bool) -> None:
        """What a running job allows."""
        for name in ("pause", "stop"):
            self.actions[name].setEnabled(can_stop)
        self.actions["cancel"].setEnabled(busy)
        for name in NOT_WHILE_BUSY:
            self.actions[name].setEnabled(not busy)

    def _add(
        self, menu: QMenu, name: str, text: str, keys: str, slot: Callable[[], object]
    ) -> None:
        # Actions of a menu in the window's bar have their keys in the whole window.
        action = QAction(text, self._bar)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(lambda _checked=False: slot())
        menu.addAction(action)
        self.actions[name] = action

    def _add_file_menu(self) -> None:
        files, do = self._bar.addMenu(self.tr("&File")), self._commands
        self._add(files, "new", self.tr("&New project"), "Ctrl+N", do.new_project)
        self._add(files, "open", self.tr("&Open…"), "Ctrl+O", do.choose_file)
        recent = files.addMenu(self.tr("Open &recent"))
        # Each time, as projects come and go while the window is open.
        recent.aboutToShow.connect(lambda: self._fill_recent(recent))
        self._add(files, "save", self.tr("&Save project as…"), "Ctrl+S", do.choose_project)
        files.addSeparator()
        sharp, degraded = self.tr("Choose s&harp photos…"), self.tr("Choose photos to &correct…")
        self._add(files, "sharp", sharp, "", lambda: do.choose_photos("sharp"))
        self._add(files, "degraded", degraded, "", lambda: do.choose_photos("degraded"))
        self._add(files, "demo", self.tr("Try the &virtual lens"), "", do.try_demo)
        files.addSeparator()
        library = self.tr("&Library of lenses…")
        self._add(files, "library", library, "Ctrl+L", do.show_library)
        self._add(files, "export", self.tr("&Export the photos"), "Ctrl+E", do.export)
        share = self.tr("Save a copy of the profile to sh&are…")
        self._add(files, "share", share, "", do.share_profile)
        files.addSeparator()
        self._add(files, "quit", self.tr("&Quit"), "Ctrl+Q", self.quit_wanted.emit)

    def _add_edit_menu(self, controller: Controller) -> None:
        edit, stack = self._bar.addMenu(self.tr("&Edit")), controller.undo_stack
        # The stack's own actions name what would be undone, and turn grey.
        undo, redo = stack.createUndoAction(self._bar), stack.createRedoAction(self._bar)
        undo.setShortcut(QKeySequence("Ctrl+Z"))
        redo.setShortcuts([QKeySequence("Ctrl+Y"), QKeySequence("Ctrl+Shift+Z")])
        edit.addActions([undo, redo])
        edit.addSeparator()
        copy, table = self.tr("&Copy the picture"), self.tr("Copy the &table")
        self._add(edit, "copy", copy, "Ctrl+C", self._commands.copy_picture)
        self._add(edit, "copy table", table, "Ctrl+Shift+C", self._commands.copy_table)
        edit.addSeparator()
        show = self._commands.show_preferences
        self._add(edit, "preferences", self.tr("&Preferences…"), "Ctrl+,", show)

    def _add_job_menu(self, controller: Controller) -> None:
        job, do = self._bar.addMenu(self.tr("&Job")), self._commands
        self._add(job, "read", self.tr("&Read the photos"), "", do.read_photos)
        self._add(job, "calibrate", self.tr("&Calibrate"), "", do.calibrate)
        train = self.tr("&Train a network for this lens…")
        self._add(job, "train", train, "", do.train_network)
        self._add(job, "deblur", self.tr("&Deblur a photo…"), "Ctrl+D", do.deblur)
        population = self.tr("&Learn how photos shake…")
        self._add(job, "population", population, "", do.learn_population)
        self._add(job, "enlarge", self.tr("&Enlarge a photo…"), "Ctrl+U", do.enlarge)
        job.addSeparator()
        pause, stop = controller.pause_or_go_on, controller.worker.stop_and_keep
        self._add(job, "pause", self.tr("&Pause or resume"), "P", pause)
        self._add(job, "stop", self.tr("&Stop and keep"), "", stop)
        self._add(job, "cancel", self.tr("C&ancel…"), "Esc", self.cancel_wanted.emit)

    def _add_view_menu(self, pages: StepPages) -> None:
        view, page = self._bar.addMenu(self.tr("&View")), pages.correct_page
        self._add(view, "zoom", self.tr("&100 % or whole photo"), "Z", page.toggle_zoom)
        zoom_by = page.compare.zoom_by
        self._add(view, "in", self.tr("Zoom &in"), "Ctrl++", lambda: zoom_by(1.25))
        self._add(view, "out", self.tr("Zoom &out"), "Ctrl+-", lambda: zoom_by(0.8))
        self._add(view, "fit", self.tr("&Whole photo"), "Ctrl+0", page.compare.fit)
        scales = view.addMenu(self.tr("&Scale"))
        for number, scale in enumerate(ZOOM_STOPS, start=1):
            text = self.tr("{n:.0f} %").format(n=100 * scale)
            slot = partial(page.compare.zoom, scale)
            self._add(scales, f"scale {number}", text, f"Ctrl+{number}", slot)
        view.addSeparator()
        brighter, darker = self.tr("&Brighter"), self.tr("&Darker")
        self._add(view, "brighter", brighter, "Ctrl+Up", lambda: page.change_exposure(STEPS // 2))
        self._add(view, "darker", darker, "Ctrl+Down", lambda: page.change_exposure(-STEPS // 2))
        view.addSeparator()
        presenter = self.tr("&Presenter mode")
        self._add(view, "presenter", presenter, "F11", self.presenter_wanted.emit)

    def _fill_recent(self, menu: QMenu) -> None:
        menu.clear()
        for path in self._projects.recent:
            action = QAction(path.stem, menu)
            action.setToolTip(tip_text(str(path)))
            action.setStatusTip(str(path))
            action.triggered.connect(
                lambda _checked=False, path=path: self._commands.open_project(path)
            )
            menu.addAction(action)
        # Two projects of one name can be told apart by their folders only.
        menu.setToolTipsVisible(True)
        if menu.isEmpty():
            nothing = QAction(self.tr("No projects yet"), menu)
            nothing.setEnabled(False)
            menu.addAction(nothing)
