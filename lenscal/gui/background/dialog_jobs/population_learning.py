"""Learning a population in its dialog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.gui.background.dialog_jobs.dialog_job import DialogJob
from lenscal.gui.translate import in_this_language

if TYPE_CHECKING:
    from lenscal.gui.controller import Controller
    from lenscal.gui.dialogs.population_dialog import PopulationDialog
    from lenscal.jobs.populations.saving import SavedPopulation
    from lenscal.population.settings import PopulationSettings


class PopulationLearning(DialogJob):
    """Learns a population, and says what it is like."""

    def __init__(self, controller: Controller, dialog: PopulationDialog) -> None:
        super().__init__(controller, dialog)
        self._dialog = dialog
        dialog.start_wanted.connect(self._start)
        dialog.stop_wanted.connect(controller.worker.stop_and_keep)

    def _start(self, sharp: Path, blurred: Path, out: Path, settings: PopulationSettings) -> None:
        learn = self._controller.tasks.learn_population
        self.run(
            self.tr("Learning how photos shake"),
            lambda: learn(sharp, blurred, out, settings),
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
