"""What menus, keys and drops do."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog

from lenscal.gui import theme
from lenscal.gui.dialogs import AboutDialog, KeysDialog, PreferencesDialog, RelinkDialog
from lenscal.gui.last_folder import last_folder, remember
from lenscal.jobs.window.dropped_files import meant_for
from lenscal.preferences import Preferences, numerical_threads
from lenscal.project import SUFFIX, missing
from lenscal.session import Step
from lenscal.system.threads import use_threads

if TYPE_CHECKING:
    from lenscal.gui.main_window import MainWindow


FORGET_S = 60 * 24 * 3600
"""Age from which on an interrupted calibration is removed."""


class Commands(QObject):
    """Each can be started from wherever the user is; what cannot be done now is said."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self.dialog: QDialog | None = None
        self._theme = window.preferences.values.theme
        self._device = window.controller.session.settings.device
        self._threads = window.preferences.values.threads

    def open_files(self, paths: Sequence[Path]) -> None:
        """Whatever they are: a project, a profile, folders or photos."""
        if self._says_busy():
            return
        remember(paths[0])
        meant = meant_for(paths, self.window.controller.session, self.window.step)
        if meant.project is not None:
            self.open_project(meant.project)
        elif meant.psf is not None:
            self.window.controller.open_psf(meant.psf)
        elif meant.photo is not None:
            self.window.controller.set_photo(meant.photo)
            self.window.go_to(Step.CORRECT)
        elif meant.batch:
            self.window.export_page.add_photos(meant.batch)
        elif meant.sources is not None:
            self.window.controller.set_sources(*meant.sources)
            self.window.go_to(Step.IMPORT)
        elif meant.problem:
            self.window.message_bar.show_message(meant.problem, kind="warning")

    def open_project(self, path: Path) -> None:
        """Open a project; what it misses is asked for first."""
        if self._says_busy():
            return
        project = self.window.projects.read(path)
        if project is None:
            return
        if not missing(project):
            self.window.projects.open(path, project)
            return
        dialog = RelinkDialog(project)
        dialog.ready.connect(lambda found: self.window.projects.open(path, found))
        self._show_dialog(dialog)

    def new_project(self) -> None:
        if not self._says_busy():
            self.window.projects.new()

    def choose_file(self) -> None:
        if self.window.step is Step.CORRECT and not self.window.controller.busy:
            self.window.correct_page.choose_photo()
            return
        kinds = self.tr("Projects and profiles (*{project} *.lenscal)").format(project=SUFFIX)
        name, _ = QFileDialog.getOpenFileName(self.window, self.tr("Open"), last_folder(), kinds)
        if name:
            self.open_files([Path(name)])

    def choose_project(self) -> None:
        start = Path(last_folder()) / f"{self.window.projects.title or self.tr('My lens')}{SUFFIX}"
        kinds = self.tr("lenscal projects (*{suffix})").format(suffix=SUFFIX)
        name, _ = QFileDialog.getSaveFileName(
            self.window, self.tr("Save the project"), str(start), kinds
        )
        if name:
            remember(Path(name).parent)
            self.window.projects.save_as(Path(name))

    def choose_photos(self, role: str) -> None:
        if not self._says_busy():
            self.window.go_to(Step.IMPORT)
            panel = (
                self.window.import_page.sharp
                if role == "sharp"
                else self.window.import_page.degraded
            )
            panel.drop.folder_button.click()

    def try_demo(self) -> None:
        if not self._says_busy():
            self.window.controller.demo()

    def read_photos(self) -> None:
        self.window.go_to(Step.IMPORT)
        self.window.import_page.read_button.click()

    def calibrate(self) -> None:
        self.window.go_to(Step.CALIBRATE)
        self.window.calibrate_page.button.click()

    def export(self) -> None:
        self.window.go_to(Step.EXPORT)
        self.window.export_page.export_photos()

    def pause_or_go_on(self) -> None:
        worker = self.window.controller.worker
        if not self.window.controller.calibrating:
            return
        if worker.paused:
            worker.go_on()
        else:
            worker.pause()
        self.window.job_bar.show_paused(worker.paused)

    def tell_of_unfinished(self) -> None:
        """At the start: a calibration that was interrupted can go on; those that nobody missed for
        long are removed."""
        left = []
        for path in (self.window.controller.folders.kept / "unfinished").glob("*.checkpoint"):
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - FORGET_S:
                    path.unlink()
                else:
                    left.append(path)
        if left and self.window.projects.recent:
            text = self.tr(
                "A calibration was interrupted. To go on: open its project (File, Open recent), read the photos and "
                "press Continue in step 3."
            )
            self.window.message_bar.show_message(text)

    def show_preferences(self) -> None:
        dialog = PreferencesDialog(self.window.preferences.values)
        dialog.chosen.connect(self.change_preferences)
        self._show_dialog(dialog)

    def change_preferences(self, preferences: Preferences) -> None:
        self.window.preferences.change(
            **{f.name: getattr(preferences, f.name) for f in fields(preferences)}
        )
        self.apply(self.window.preferences.values)

    def show_keys(self) -> None:
        self._show_dialog(KeysDialog())

    def show_about(self) -> None:
        folders, preferences = self.window.controller.folders, self.window.preferences.path
        places = {
            "calibrations": str(folders.kept),
            "projects": str(folders.projects),
            "cache": str(folders.cache),
        }
        if preferences is not None:
            places["preferences"] = str(preferences)
        self._show_dialog(AboutDialog(places))

    def _show_dialog(self, dialog: QDialog) -> None:
        """Over the window, without blocking it; one at a time."""
        if self.dialog is not None:
            self.dialog.reject()
        dialog.setParent(self.window, dialog.windowFlags())
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.finished.connect(self._dialog_closed)
        self.dialog = dialog
        dialog.open()

    def _dialog_closed(self) -> None:
        self.dialog = None

    def _says_busy(self) -> bool:
        if self.window.controller.busy:
            text = self.tr("{job} is still running: wait for it or cancel it first.")
            self.window.message_bar.show_message(
                text.format(job=self.window.controller.worker.name), kind="warning"
            )
        return self.window.controller.busy

    def apply(self, preferences: Preferences) -> None:
        """Looks, device, threads and units."""
        application = QApplication.instance()
        if isinstance(application, QApplication) and self._theme != preferences.theme:
            self._theme = preferences.theme
            theme.apply(application, preferences.theme)
            for step in self.window.step_buttons:
                self.window.show_step(step)
        if preferences.device != self._device:
            self._device = preferences.device
            session = self.window.controller.session
            self.window.controller.change(
                replace(
                    session,
                    settings=replace(session.settings, device=preferences.device),
                    restore=replace(session.restore, device=preferences.device),
                )
            )
        if preferences.threads != self._threads:
            self._threads = preferences.threads
            use_threads(numerical_threads(preferences))
        self.window.inspect_page.set_units(preferences.units)
