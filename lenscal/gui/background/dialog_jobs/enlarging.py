"""Enlarging a photo in its dialog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from lenscal.gui.background.worker import Ending, Outcome

if TYPE_CHECKING:
    from lenscal.enlarge.settings import EnlargeSettings
    from lenscal.gui.controller import Controller
    from lenscal.gui.dialogs.enlarge_dialog import EnlargeDialog


class Enlarging(QObject):
    """Runs what a dialog asks for, and shows there what comes of it."""

    def __init__(self, controller: Controller, dialog: EnlargeDialog) -> None:
        super().__init__(dialog)
        self._controller, self._dialog = controller, dialog
        dialog.start_wanted.connect(self._start)
        dialog.cancel_wanted.connect(controller.worker.cancel)
        controller.worker.progressed.connect(dialog.show_progress)
        controller.jobs.ended.connect(self._ended)

    def _start(self, photo: Path, settings: EnlargeSettings, folder: Path) -> None:
        c = self._controller
        if c.refuse_while_busy():
            return
        self._dialog.show_busy(True)
        c.jobs.start(
            self.tr("Enlarging"),
            lambda: c.tasks.enlarge(photo, settings, folder),
            self._dialog.show_enlarged,
        )

    def _ended(self, outcome: Outcome) -> None:
        self._dialog.show_busy(False)
        if outcome.ending is Ending.CANCELLED:
            self._dialog.say(self.tr("Cancelled."))
        elif outcome.ending is Ending.FAILED:
            # Behind the dialog the window says it, too, with the details.
            self._dialog.say(outcome.message)
