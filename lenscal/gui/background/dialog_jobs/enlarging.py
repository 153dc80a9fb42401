"""Enlarging a photo in its dialog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.gui.background.dialog_jobs.dialog_job import DialogJob

if TYPE_CHECKING:
    from lenscal.enlarge.settings import EnlargeSettings
    from lenscal.gui.controller import Controller
    from lenscal.gui.dialogs.enlarge_dialog import EnlargeDialog


class Enlarging(DialogJob):
    """Enlarges a photo into a folder."""

    def __init__(self, controller: Controller, dialog: EnlargeDialog) -> None:
        super().__init__(controller, dialog)
        self._dialog = dialog
        dialog.start_wanted.connect(self._start)
        dialog.cancel_wanted.connect(controller.worker.cancel)

    def _start(self, photo: Path, settings: EnlargeSettings, folder: Path) -> None:
        enlarge = self._controller.tasks.enlarge
        self.run(
            self.tr("Enlarging"),
            lambda: enlarge(photo, settings, folder),
            self._dialog.show_enlarged,
        )
