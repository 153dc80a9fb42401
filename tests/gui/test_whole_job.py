"""The whole job on the virtual lens, with the real calibration kept short; and by the keyboard
alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from coarse_lens import traced_coarsely
from conftest import FakeCalibration
from desktop import drop, shown
from early_ends import end_fits_early
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from lenscal.files.psf.profile import read_profile
from lenscal.gui.controller import Controller, Folders
from lenscal.gui.main_window import MainWindow
from lenscal.gui.tasks import Tasks
from lenscal.session import Step

CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def real_window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    """Nothing in it stands for anything else; small photos, and a calibration that ends early."""
    controller = Controller(Tasks(), Folders(tmp_path / "cache", tmp_path / "kept"))
    controller.demo_size, controller.demo_photos = (300, 420), 4
    with traced_coarsely() as patch, shown(qtbot, controller, patience_ms=240_000) as window:
        end_fits_early(patch)
        yield window


def test_the_virtual_lens_by_one_click_and_then_by_keys_alone(
    qtbot: QtBot, real_window: MainWindow, tmp_path: Path
) -> None:
    window, c = real_window, real_window.controller
    qtbot.mouseClick(window.import_page.demo_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: c.calibrating, timeout=240_000)
    qtbot.waitUntil(lambda: window.calibrate_page.mosaic.kernels is not None, timeout=240_000)
    assert window.step is Step.CALIBRATE and window.calibrate_page.truth.isVisible()
    assert window.calibrate_page.messages.device.text().startswith("Computing on")
    window.menus.actions["stop"].trigger()
    qtbot.waitUntil(lambda: not c.busy, timeout=240_000)
    session = c.session
    assert session.calibration is not None, window.message_bar.text.text()
    assert session.calibration.finished == "stopped" and session.truth is not None
    assert read_profile(session.psf_path).psf.shape == (8, 8)
    assert session.unfinished is not None and window.calibrate_page.continue_button.isVisible()

    qtbot.keyClick(window, Qt.Key.Key_5)
    qtbot.waitUntil(
        lambda: c.previewer.developed is not None and not c.previewer.working, timeout=240_000
    )
    developed = c.previewer.developed
    assert not np.array_equal(developed.after[0], developed.before[0])

    qtbot.keyClick(window, Qt.Key.Key_6)
    window.export_page.folder.setFocus()
    window.export_page.folder.selectAll()
    qtbot.keyClicks(QApplication.focusWidget(), str(tmp_path / "out"))
    qtbot.keyClick(window, Qt.Key.Key_E, CONTROL)
    qtbot.waitUntil(lambda: not c.busy, timeout=240_000)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["degraded_lenscal.tif"], (
        window.message_bar.text.text()
    )


def test_every_control_can_be_reached_and_says_what_it_is(
    qtbot: QtBot, window: MainWindow, read_photos: Callable[[], None], fake: FakeCalibration
) -> None:
    """By Tab alone, on each page; what takes the focus has a name, a text, a tooltip or a label."""
    fake.steps = 2
    read_photos()
    window.controller.calibrate()
    qtbot.waitUntil(lambda: not window.controller.busy, timeout=20_000)
    for step in Step:
        window.go_to(step)
        stops = []
        for _ in range(120):
            qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
            widget = QApplication.focusWidget()
            if widget in stops:
                break
            stops.append(widget)
        page = window.pages.by_step[step]
        inside = [w for w in stops if page.isAncestorOf(w)]
        assert inside, step
        for widget in inside:
            text = getattr(widget, "text", str)()
            parent = widget.parentWidget()
            name = (
                widget.accessibleName()
                or widget.toolTip()
                or text
                or parent.toolTip()
                or parent.accessibleName()
            )
            assert name, f"{step}: {widget}"
    window.go_to(Step.CALIBRATE)
    page = window.calibrate_page
    reached = [w for w in page.form.inputs if w.isEnabled()]
    assert len(reached) == len(page.form.inputs) and page.button.isEnabled()


def test_the_menus_do_what_the_buttons_do(
    qtbot: QtBot, window: MainWindow, read_photos: Callable[[], None], fake: FakeCalibration
) -> None:
    fake.steps = 400
    read_photos()
    actions = window.menus.actions
    assert not actions["stop"].isEnabled() and actions["calibrate"].isEnabled()
    actions["calibrate"].trigger()
    qtbot.waitUntil(lambda: window.controller.calibrating, timeout=5000)
    assert actions["stop"].isEnabled() and not actions["calibrate"].isEnabled()
    for number, step in enumerate(Step, start=1):
        qtbot.keyClick(window, str(number))
        assert window.step is step
    actions["pause"].trigger()
    assert window.controller.worker.paused
    actions["cancel"].trigger()
    assert window.question is not None
    next(b for b in window.question.buttons() if "Cancel" in b.text()).click()
    qtbot.waitUntil(lambda: not window.controller.busy, timeout=10_000)
    assert fake.closed and not actions["cancel"].isEnabled()


def test_the_question_can_be_answered_by_keys(
    qtbot: QtBot, window: MainWindow, read_photos: Callable[[], None], fake: FakeCalibration
) -> None:
    read_photos()
    window.go_to(Step.CALIBRATE)
    window.calibrate_page.button.setFocus()
    qtbot.keyClick(window.calibrate_page.button, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.controller.calibrating, timeout=5000)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.keyClick(window.question, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.question is None, timeout=3000)
    assert window.controller.calibrating
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    keep = next(b for b in window.question.buttons() if "Stop" in b.text())
    keep.setFocus()
    qtbot.keyClick(keep, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: not window.controller.busy, timeout=10_000)
    assert window.controller.session.calibration.finished == "stopped"


def test_two_folders_become_a_corrected_photo_by_at_most_eight_clicks(
    qtbot: QtBot,
    window: MainWindow,
    photo_folders: tuple[Path, Path],
    fake: FakeCalibration,
    tmp_path: Path,
) -> None:
    """Both folders dropped, and then the mouse alone."""
    fake.steps = 2
    # It stands for the folder in the user's home that is proposed.
    window.export_page.folder.setText(str(tmp_path / "lenscal"))
    n_clicks = 0

    def click(button: QWidget) -> None:
        nonlocal n_clicks
        n_clicks += 1
        assert button.isVisible() and button.isEnabled(), button
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: not window.controller.busy, timeout=30_000)

    for folder, row in zip(
        photo_folders, (window.import_page.sharp, window.import_page.degraded), strict=True
    ):
        drop(row.drop, [folder])
    click(window.import_page.read_button)
    click(window.step_list.buttons[Step.CALIBRATE])
    click(window.calibrate_page.button)
    click(window.step_list.buttons[Step.CORRECT])
    click(window.correct_page.button)
    click(window.step_list.buttons[Step.EXPORT])
    click(window.export_page.photos_button)
    assert n_clicks <= 8
    written = tmp_path / "lenscal" / "d0_lenscal.tif"
    assert written.is_file(), window.message_bar.text.text()
