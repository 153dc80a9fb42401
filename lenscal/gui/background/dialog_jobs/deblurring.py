"""Deblurring a photo in its dialog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.gui.background.dialog_jobs.dialog_job import DialogJob

if TYPE_CHECKING:
    from lenscal.deblur.settings import DeblurSettings
    from lenscal.gui.controller import Controller
    from lenscal.gui.dialogs.deblur_dialog import DeblurDialog
    from lenscal.jobs.window.deblurring import Deblurred


class Deblurring(DialogJob):
    """Restores a photo, and writes it."""

    def __init__(self, controller: Controller, dialog: DeblurDialog) -> None:
        super().__init__(controller, dialog)
        self._dialog = dialog
        dialog.start_wanted.connect(self._start)
        dialog.save_wanted.connect(self._save)
        dialog.cancel_wanted.connect(controller.worker.cancel)

    def _start(self, rig: Path, photo: Path, settings: DeblurSettings) -> None:
        deblur = self._controller.tasks.deblur
        self.run(
            self.tr("Deblurring"),
            lambda: deblur(rig, photo, settings),
            self._dialog.show_deblurred,
        )

    def _save(self, deblurred: Deblurred, folder: Path) -> None:
        save = self._controller.tasks.save_deblurred
        self.run(self.tr("Saving"), lambda: save(deblurred, folder), self._saved)

    def _saved(self, path: Path) -> None:
        self._dialog.say(self.tr("Saved as {path}").format(path=path))
