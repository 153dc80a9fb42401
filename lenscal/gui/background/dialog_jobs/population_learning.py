"""Learning a population in its dialog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from lenscal.gui.background.worker import Ending, Outcome
from lenscal.gui.translate import in_this_language

if TYPE_CHECKING:
    from lenscal.gui.controller import Controller
    from lenscal.gui.dialogs.population_dialog import PopulationDialog
    from lenscal.jobs.populations.saving import SavedPopulation
    from lenscal.population.settings import PopulationSettings


class PopulationLearning(QObject):
    """Runs what a dialog asks for, and shows there what comes of it."""

    def __init__(self, controller: Controller, dialog: PopulationDialog) -> None:
        super().__init__(dialog)
        self._controller, self._dialog = controller, dialog
        dialog.start_wanted.connect(self._start)
        dialog.stop_wanted.connect(controller.worker.stop_and_keep)
        controller.worker.progressed.connect(dialog.show_progress)
        controller.jobs.ended.connect(self._ended)

    def _start(self, sharp: Path, blurred: Path, out: Path, settings: PopulationSettings) -> None:
        c = self._controller
        if c.refuse_while_busy():
            return
        self._dialog.show_busy(True)
        c.jobs.start(
            self.tr("Learning how photos shake"),
            lambda: c.tasks.learn_population(sharp, blurred, out, settings),
            self._learnt,
            can_stop=True,
            learns=True,
        )

    def _learnt(self, saved: SavedPopulation) -> None:
        words = self.tr("{sentence}. Saved as {path}.").format(
            sentence=in_this_language(saved.headline), path=saved.path
        )
        notes = "; ".join(in_this_language(note) for note in saved.warnings)
        self._dialog.say(f"{words} ({notes})" if notes else words)

    def _ended(self, outcome: Outcome) -> None:
        self._dialog.show_busy(False)
        if outcome.ending is Ending.CANCELLED:
            self._dialog.say(self.tr("Cancelled."))
        elif outcome.ending is Ending.FAILED:
            # Behind the dialog the window says it, too, with the details.
            self._dialog.say(outcome.message)
