"""Deblurring a photo from the window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lenscal.deblur.settings import DeblurMethod, DeblurSettings
from lenscal.errors import InputError
from lenscal.gui.dialogs.deblur_dialog import DeblurDialog
from lenscal.gui.main_window import MainWindow
from lenscal.jobs.window.deblurring import Deblurred
from lenscal.reports import Report
from lenscal.restore.settings import RestoreSettings
from lenscal.session import Comparison
from lenscal.stepping import Job
from lenscal.translation import translatable


class FakeDeblurring:
    """Stands for the search: some reports, then a photo that was restored, or what went wrong."""

    def __init__(self) -> None:
        self.asked: tuple[Path, Path, DeblurSettings] | None = None
        self.saved_to: Path | None = None
        self.steps, self.problem = 3, ""

    def __call__(self, rig: Path, photo: Path, settings: DeblurSettings) -> Job[Deblurred]:
        self.asked = rig, photo, settings
        for step in range(self.steps):
            yield Report("deblur", translatable("Drawing kernels"), step / self.steps, step)
        if self.problem:
            raise InputError(translatable("it is flat"))
        before, after = (np.full((40, 60, 3), grey, np.uint8) for grey in (60, 90))
        comparison = Comparison(
            photo, RestoreSettings(), (before,), (after,), before[..., 0].copy()
        )
        kernels = np.zeros((1, 7, 3, 15, 15), np.float32)
        kernels[..., 7, 7] = 1
        doubt = translatable("the kernels differ")
        source: Any = None
        return Deblurred(comparison, kernels, 0.62, doubt, (), source)

    def save(self, deblurred: Deblurred, folder: Path) -> Job[Path]:
        self.saved_to = folder
        yield Report("correct", translatable("Writing"), 1.0)
        return folder / "photo.tif"


@pytest.fixture
def search(window: MainWindow) -> FakeDeblurring:
    fake = FakeDeblurring()
    window.controller.tasks = replace(
        window.controller.tasks, deblur=fake, save_deblurred=fake.save
    )
    return fake


def opened(window: MainWindow) -> DeblurDialog:
    window.menus.actions["deblur"].trigger()
    dialog = window.commands.dialog
    assert isinstance(dialog, DeblurDialog)
    return dialog


def test_a_photo_is_restored_and_saved_by_mouse_and_keys(
    window: MainWindow,
    search: FakeDeblurring,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    assert window.menus.actions["deblur"].shortcut().toString() == "Ctrl+D"
    dialog = opened(window)
    assert not dialog.start_button.isEnabled() and not dialog.save_button.isEnabled()
    dialog.choose(rig=tmp_path / "rig.lenspop", photo=tmp_path / "<b>photo.png")
    assert dialog.photo_name.text() == "<b>photo.png"
    for method in DeblurMethod:
        dialog.method.choose(method)
        assert dialog.settings.method is method
    dialog.method.choose(DeblurMethod.FAST)
    qtbot.mouseClick(dialog.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.save_button.isEnabled(), timeout=10000)
    assert search.asked is not None
    assert search.asked[:2] == (tmp_path / "rig.lenspop", tmp_path / "<b>photo.png")
    assert search.asked[2].method is DeblurMethod.FAST
    assert "62%" in dialog.confidence.text() or "62 %" in dialog.confidence.text()
    assert "the kernels differ" in dialog.state.text()
    assert dialog.kernels.kernels is not None
    assert dialog.compare.visible_part is not None
    ask = "lenscal.gui.dialogs.deblur_dialog.ask_for_folder"
    monkeypatch.setattr(ask, lambda *_args, **_kwargs: tmp_path)
    qtbot.keyClick(dialog.save_button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: "photo.tif" in dialog.state.text(), timeout=10000)
    assert search.saved_to == tmp_path
    dialog.choose(photo=tmp_path / "another.png")
    assert not dialog.save_button.isEnabled()
    assert dialog.kernels.kernels is None
    dialog.reject()


def test_what_goes_wrong_is_said_where_the_user_is(
    window: MainWindow, search: FakeDeblurring, qtbot: QtBot, tmp_path: Path
) -> None:
    search.problem = "flat"
    dialog = opened(window)
    dialog.choose(rig=tmp_path / "rig.lenspop", photo=tmp_path / "photo.png")
    dialog.start_button.click()
    qtbot.waitUntil(lambda: "it is flat" in dialog.state.text(), timeout=10000)
    assert dialog.start_button.isEnabled()
    assert not dialog.save_button.isEnabled()
    dialog.reject()


def test_closing_the_dialog_ends_its_job(
    window: MainWindow, search: FakeDeblurring, qtbot: QtBot, tmp_path: Path
) -> None:
    search.steps = 10**9
    dialog = opened(window)
    dialog.choose(rig=tmp_path / "rig.lenspop", photo=tmp_path / "photo.png")
    dialog.start_button.click()
    qtbot.waitUntil(lambda: dialog.state.text() != "", timeout=10000)
    assert dialog.cancel_button.isVisible() and not dialog.start_button.isEnabled()
    dialog.reject()
    qtbot.waitUntil(lambda: not window.controller.busy, timeout=10000)


def test_a_photo_is_restored_for_the_screen_and_written_without_a_second_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import cv2
    from small_rig import small_rig

    from lenscal.deblur import latent_search
    from lenscal.files.population.population_file import write_population
    from lenscal.jobs.populations.deblurring import FoundBlur
    from lenscal.jobs.window.deblurring import deblur_for_screen, save_deblurred
    from lenscal.resource_files import resource
    from lenscal.stepping import finish

    smaller = {"N_DRAWN": 64, "N_JUDGED": 8, "N_STARTS": 4, "STEPS": 2}
    for name, value in smaller.items():
        monkeypatch.setattr(latent_search, name, value)
    photo = tmp_path / "photo.png"
    picture = cv2.imread(str(resource("scenes") / "house.jpg"))
    cv2.imwrite(str(photo), cv2.blur(picture[100:340, 100:340], (5, 1)))
    rig = write_population(tmp_path / "rig.lenspop", small_rig())
    deblurred = finish(deblur_for_screen(rig, photo, DeblurSettings(DeblurMethod.FAST)))
    assert deblurred.kernels.shape[:3] == (1, len(deblurred.source.found[photo].kernels) + 1, 3)
    before, after = deblurred.comparison.before[0], deblurred.comparison.after[0]
    assert before.shape == after.shape and not np.array_equal(before, after)
    monkeypatch.setattr(FoundBlur, "kernels_of", None)
    path = finish(save_deblurred(deblurred, tmp_path / "out"))
    written = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    assert np.abs(written.astype(int) - after).mean() < 1
