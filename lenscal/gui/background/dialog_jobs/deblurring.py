"""Deblurring a photo in its dialog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from lenscal.gui.background.worker import Ending, Outcome

if TYPE_CHECKING:
    from lenscal.deblur.settings import DeblurSettings
    from lenscal.gui.controller import Controller
    from lenscal.gui.dialogs.deblur_dialog import DeblurDialog
    from lenscal.jobs.window.deblurring import Deblurred


class Deblurring(QObject):
    """Runs what a dialog asks for, and shows there what comes of it."""

    def __init__(self, controller: Controller, dialog: DeblurDialog) -> None:
        super().__init__(dialog)
        self._controller, self._dialog = controller, dialog
        dialog.start_wanted.connect(self._start)
        dialog.save_wanted.connect(self._save)
        dialog.cancel_wanted.connect(controller.worker.cancel)
        controller.worker.progressed.connect(dialog.show_progress)
        controller.jobs.ended.connect(self._ended)

    def _start(self, rig: Path, photo: Path, settings: DeblurSettings) -> None:
        c = self._controller
        if c.refuse_while_busy():
            return
        self._dialog.show_busy(True)
        c.jobs.start(
            self.tr("Deblurring"),
            lambda: c.tasks.deblur(rig, photo, settings),
            self._dialog.show_deblurred,
        )

    def _save(self, deblurred: Deblurred, folder: Path) -> None:
        c = self._controller
        if c.refuse_while_busy():
            return
        self._dialog.show_busy(True)
        c.jobs.start(
            self.tr("Saving"), lambda: c.tasks.save_deblurred(deblurred, folder), self._saved
        )

    def _saved(self, path: Path) -> None:
        self._dialog.say(self.tr("Saved as {path}").format(path=path))

    def _ended(self, outcome: Outcome) -> None:
        self._dialog.show_busy(False)
        if outcome.ending is Ending.CANCELLED:
            self._dialog.say(self.tr("Cancelled."))
        elif outcome.ending is Ending.FAILED:
            # Behind the dialog the window says it, too, with the details.
            self._dialog.say(outcome.message)
