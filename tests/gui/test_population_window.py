"""Learning a population from the window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lenscal.errors import InputError
from lenscal.gui.dialogs.population_dialog import PopulationDialog
from lenscal.gui.main_window import MainWindow
from lenscal.jobs.populations.saving import SavedPopulation
from lenscal.population.settings import PopulationSettings
from lenscal.reports import Report
from lenscal.stepping import STOP, Job
from lenscal.translation import translatable


class FakeLearning:
    """Stands for the training: goes on until it is stopped, or for some steps."""

    def __init__(self) -> None:
        self.steps, self.problem, self.stopped = 3, "", False
        self.asked: tuple[Path, Path, Path, PopulationSettings] | None = None

    def __call__(
        self, sharp: Path, blurred: Path, out: Path, settings: PopulationSettings
    ) -> Job[SavedPopulation]:
        self.asked = sharp, blurred, out, settings
        sheet = np.zeros((4, 8, 3, 15, 15), np.float32)
        sheet[..., 7, 7] = 1
        for step in range(self.steps):
            message = translatable("Learning")
            reply = yield Report("population", message, step / self.steps, step, kernels=sheet)
            if reply == STOP:
                self.stopped = True
                break
        if self.problem:
            raise InputError(translatable("3 blurred photos show anything"))
        words = translatable("Half of the photos are blurred over more than 3 px")
        return SavedPopulation(out, words, "done")


@pytest.fixture
def learning(window: MainWindow) -> FakeLearning:
    fake = FakeLearning()
    window.controller.tasks = replace(window.controller.tasks, learn_population=fake)
    return fake


def filled(window: MainWindow, tmp_path: Path) -> PopulationDialog:
    window.menus.actions["population"].trigger()
    dialog = window.commands.dialog
    assert isinstance(dialog, PopulationDialog)
    assert not dialog.start_button.isEnabled()
    dialog.sharp.setText(str(tmp_path / "sharp"))
    dialog.blurred.setText(str(tmp_path / "shaken"))
    dialog.out.setText(str(tmp_path / "rig"))
    return dialog


def test_a_population_is_learnt_and_shown(
    qtbot: QtBot, window: MainWindow, learning: FakeLearning, tmp_path: Path
) -> None:
    dialog = filled(window, tmp_path)
    dialog.kernel_size.setValue(21)
    dialog.minutes.setValue(5)
    assert not dialog.sheet.isVisible()
    qtbot.mouseClick(dialog.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Half of the photos" in dialog.state.text(), timeout=20_000)
    expected = PopulationSettings(kernel_size=21, max_minutes=5.0)
    assert learning.asked == (
        tmp_path / "sharp",
        tmp_path / "shaken",
        tmp_path / "rig.lenspop",
        expected,
    )
    assert "rig.lenspop" in dialog.state.text()
    assert dialog.sheet.isVisible() and dialog.sheet.kernels is not None
    assert dialog.start_button.isEnabled() and not dialog.stop_button.isVisible()
    dialog.reject()


def test_it_can_be_stopped_and_kept(
    qtbot: QtBot, window: MainWindow, learning: FakeLearning, tmp_path: Path
) -> None:
    learning.steps = 10**7
    dialog = filled(window, tmp_path)
    dialog.start_button.click()
    qtbot.waitUntil(lambda: dialog.stop_button.isVisible(), timeout=20_000)
    assert not dialog.start_button.isEnabled()
    dialog.stop_button.click()
    qtbot.waitUntil(lambda: not window.controller.busy, timeout=20_000)
    assert learning.stopped
    assert "rig.lenspop" in dialog.state.text()
    dialog.reject()


def test_what_goes_wrong_is_said_in_the_dialog(
    qtbot: QtBot, window: MainWindow, learning: FakeLearning, tmp_path: Path
) -> None:
    learning.problem = "few"
    dialog = filled(window, tmp_path)
    dialog.start_button.click()
    qtbot.waitUntil(lambda: "3 blurred photos" in dialog.state.text(), timeout=20_000)
    assert dialog.start_button.isEnabled()
    dialog.reject()
