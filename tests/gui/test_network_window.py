"""Training a network for the lens from the window, and choosing it in step 5."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lenscal.files.network_weights import NetworkDescription
from lenscal.files.psf.profile import Profile, read_profile, write_profile
from lenscal.gui.dialogs.network_dialog import NetworkDialog
from lenscal.gui.main_window import MainWindow
from lenscal.jobs.window.network import SavedNetwork, train_network
from lenscal.optics.psf_grid import delta_grid
from lenscal.reports import Report
from lenscal.restore.settings import Method
from lenscal.session import Step
from lenscal.stepping import STOP, Job, finish
from lenscal.supervised.settings import NetworkSettings
from lenscal.translation import translatable

DESCRIPTION = NetworkDescription("a network", 0.9)
WEIGHTS = {"head.weight": np.zeros((2, 2), np.float32)}


class FakeTraining:
    """Stands for the training: goes on until it is stopped, or for some steps."""

    def __init__(self, steps: int = 3, share: float = 0.9) -> None:
        self.steps, self.share = steps, share
        self.asked: tuple[Path | None, Path, NetworkSettings] | None = None

    def __call__(
        self, profile: Profile, path: Path | None, photos: Path, settings: NetworkSettings
    ) -> Job[SavedNetwork]:
        self.asked = path, photos, settings
        for step in range(self.steps):
            message = translatable("Training the network")
            if (yield Report("train", message, step / self.steps, step)) == STOP:
                break
        trained = replace(profile, network=DESCRIPTION, network_weights=WEIGHTS)
        return SavedNetwork(trained, path, self.share, 0.7, ())


@pytest.fixture
def lens(tmp_path: Path) -> Path:
    return write_profile(
        tmp_path / "lens.lenscal", Profile(delta_grid((2, 2), 5, (96, 144)), lens="Tiny")
    )


@pytest.fixture
def training(window: MainWindow) -> FakeTraining:
    fake = FakeTraining()
    window.controller.tasks = replace(window.controller.tasks, train_network=fake)
    return fake


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow, lens: Path) -> MainWindow:
    window.controller.open_psf(lens)
    qtbot.waitUntil(lambda: not window.controller.busy, timeout=20_000)
    window.go_to(Step.CORRECT)
    return window


def dialog_of(window: MainWindow) -> NetworkDialog:
    dialog = window.commands.dialog
    assert isinstance(dialog, NetworkDialog)
    return dialog


def test_without_a_profile_there_is_nothing_to_train_for(window: MainWindow) -> None:
    window.menus.actions["train"].trigger()
    assert window.commands.dialog is None
    assert "no profile" in window.message_bar.text.text()


def test_a_network_is_trained_from_step_5(
    qtbot: QtBot, opened: MainWindow, training: FakeTraining, lens: Path, tmp_path: Path
) -> None:
    panel = opened.correct_page.panel
    assert not panel.train_button.isVisible()
    panel.method.choose(Method.NETWORK)
    panel.settings_changed.emit()
    assert panel.train_button.isVisible()
    qtbot.mouseClick(panel.train_button, Qt.MouseButton.LeftButton)
    dialog = dialog_of(opened)
    assert not dialog.train_button.isEnabled() and not dialog.resume.isVisible()
    dialog.folder.setText(str(tmp_path))
    dialog.minutes.setValue(5)
    qtbot.mouseClick(dialog.train_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not opened.controller.busy, timeout=20_000)
    assert training.asked == (lens, tmp_path, NetworkSettings(minutes=5))
    session = opened.controller.session
    assert session.profile is not None and session.profile.network is DESCRIPTION
    assert session.psf_saved
    assert "+0.70 dB" in opened.message_bar.text.text()
    # The next time there is one to go on with.
    opened.menus.actions["train"].trigger()
    assert dialog_of(opened).resume.isVisible() and dialog_of(opened).choice.resume
    dialog_of(opened).reject()


def test_a_network_that_is_no_better_is_said(
    qtbot: QtBot, opened: MainWindow, training: FakeTraining, tmp_path: Path
) -> None:
    training.share = 0.0
    opened.menus.actions["train"].trigger()
    dialog_of(opened).folder.setText(str(tmp_path))
    dialog_of(opened).accept()
    qtbot.waitUntil(lambda: not opened.controller.busy, timeout=20_000)
    assert "not better than the Wiener filter" in opened.message_bar.text.text()


def test_it_can_be_stopped_and_kept(
    qtbot: QtBot, opened: MainWindow, training: FakeTraining, tmp_path: Path
) -> None:
    training.steps = 10**7
    opened.menus.actions["train"].trigger()
    dialog_of(opened).folder.setText(str(tmp_path))
    dialog_of(opened).accept()
    qtbot.waitUntil(lambda: opened.controller.busy and opened.job_bar.isVisible())
    assert "keep" in opened.job_bar.stop_button.text()
    assert not opened.correct_page.panel.train_button.isEnabled()
    opened.controller.worker.stop_and_keep()
    qtbot.waitUntil(lambda: not opened.controller.busy, timeout=20_000)
    session = opened.controller.session
    assert session.profile is not None and session.profile.network is DESCRIPTION


@pytest.mark.parametrize("has_file", [True, False])
def test_the_profile_is_written_where_it_was(
    lens: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_file: bool
) -> None:
    from lenscal import jobs
    from lenscal.supervised.held_out import HeldOut

    class Trained:
        held_out = HeldOut(0.9, {1.0: 30.0}, {1.0: 30.5})
        notes = ()

    def trained(profile: Profile, *_: object) -> Job[tuple[Profile, Trained]]:
        yield Report("train", translatable("Training the network"))
        return replace(profile, network=DESCRIPTION, network_weights=WEIGHTS), Trained()

    monkeypatch.setattr(jobs, "train_network", trained)
    (tmp_path / "sharp").mkdir()
    (tmp_path / "sharp" / "a.png").write_bytes(b"")
    path = lens if has_file else None
    saved = finish(train_network(read_profile(lens), path, tmp_path / "sharp", NetworkSettings()))
    assert saved.path == path and saved.gain_db == pytest.approx(0.5)
    assert (read_profile(lens).network is not None) == has_file
