"""The whole job by hand on the real window: drops, clicks and keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import FakeCalibration
from desktop import LEFT, drop, idle, start_calibration
from psf_forms import PSF_FORMS
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from lenscal.files.psf.profile import Profile, write_profile
from lenscal.gui.background.worker import Progress
from lenscal.gui.main_window import MainWindow
from lenscal.gui.step_list import StepList
from lenscal.jobs.window.calibration import DEVICE
from lenscal.optics.psf_grid import delta_grid
from lenscal.reports import Report
from lenscal.session import Session, Step


def answer(window: MainWindow, text: str) -> None:
    button = next(
        b for b in window.question.findChildren(QPushButton) if text in b.text().replace("&", "")
    )
    button.click()


def test_dropped_folders_are_read_and_shown(
    qtbot: QtBot,
    window: MainWindow,
    read_photos: Callable[[], None],
    photo_folders: tuple[Path, Path],
) -> None:
    read_photos()
    assert window.step is Step.CHECK
    model = window.check_page.model
    assert model.rowCount() == 7
    texts = [
        [model.data(model.index(r, c)) for c in range(model.columnCount())]
        for r in range(model.rowCount())
    ]
    assert texts[0][0] == "s0.dng" and texts[0][3] == "f/5.6" and texts[0][5] == "200"
    broken = next(row for row in texts if row[0] == "broken.dng")
    assert broken[2].startswith("left out: ") and len(broken[2]) > 15
    assert (
        model.data(model.index(0, 0), Qt.ItemDataRole.DecorationRole).availableSizes()[0].width()
        > 20
    )
    assert window.controller.session.photo == photo_folders[1] / "d0.dng"


def test_wrong_folders_give_a_message_and_the_window_lives(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    empty = tmp_path / "nothing here"
    empty.mkdir()
    drop(window.import_page.sharp.drop, [empty])
    assert not window.import_page.read_button.isEnabled()
    drop(window.import_page.degraded.drop, [tmp_path / "missing"])
    qtbot.mouseClick(window.import_page.read_button, LEFT)
    idle(qtbot, window)
    assert window.message_bar.isVisible()
    assert "nothing here" in window.message_bar.text.text()
    assert not window.message_bar.details_button.isVisible()
    assert window.step is Step.IMPORT
    assert window.import_page.read_button.isEnabled()


def test_calibration_is_watched_to_its_end(
    qtbot: QtBot, window: MainWindow, read_photos: Callable[[], None], fake: FakeCalibration
) -> None:
    fake.steps = 40
    read_photos()
    start_calibration(qtbot, window)
    assert window.job_bar.isVisible() and window.job_bar.stop_button.isVisible()
    assert not window.calibrate_page.button.isEnabled()
    assert "running" in window.step_list.buttons[Step.CALIBRATE].text()
    qtbot.waitUntil(lambda: window.calibrate_page.mosaic.kernels is not None, timeout=5000)
    idle(qtbot, window)
    assert len(window.calibrate_page.curves.points("flow loss")) == 40
    assert window.controller.session.psf is not None
    assert not window.job_bar.isVisible()
    assert "done" in window.step_list.buttons[Step.CALIBRATE].text()
    assert "kept.lenscal" in window.message_bar.text.text()
    qtbot.mouseClick(window.calibrate_page.next_button, LEFT)
    assert window.step is Step.INSPECT


def test_cancel_in_the_middle_leaves_no_result(
    qtbot: QtBot, window: MainWindow, read_photos: Callable[[], None], fake: FakeCalibration
) -> None:
    read_photos()
    start_calibration(qtbot, window)
    qtbot.mouseClick(window.job_bar.cancel_button, LEFT)
    idle(qtbot, window)
    assert fake.closed
    assert window.controller.session.psf is None
    assert "cancelled" in window.message_bar.text.text()
    assert window.calibrate_page.button.isEnabled()


def test_stop_in_the_middle_keeps_the_result(
    qtbot: QtBot, window: MainWindow, read_photos: Callable[[], None], fake: FakeCalibration
) -> None:
    read_photos()
    start_calibration(qtbot, window)
    qtbot.mouseClick(window.job_bar.stop_button, LEFT)
    idle(qtbot, window)
    assert fake.stopped_at is not None and not fake.closed
    assert window.controller.session.calibration.finished == "stopped"


@pytest.mark.parametrize("bug", [False, True])
def test_an_error_in_the_middle_is_said_in_words(
    qtbot: QtBot,
    window: MainWindow,
    read_photos: Callable[[], None],
    fake: FakeCalibration,
    bug: bool,
) -> None:
    fake.fail_at = 15
    if bug:
        fake.error = RuntimeError("index 3 is out of bounds")
    read_photos()
    start_calibration(qtbot, window)
    idle(qtbot, window)
    text = window.message_bar.text.text()
    assert text == (
        "Unexpected: index 3 is out of bounds"
        if bug
        else "The graphics card ran out of memory: choose CPU"
    )
    assert window.message_bar.details_button.isVisible() == bug
    assert window.calibrate_page.button.isEnabled()


def test_escape_asks_and_going_on_goes_on(
    qtbot: QtBot, window: MainWindow, read_photos: Callable[[], None], fake: FakeCalibration
) -> None:
    read_photos()
    start_calibration(qtbot, window)
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.question is not None, timeout=3000)
    answer(window, "Keep running")
    qtbot.waitUntil(lambda: window.question is None, timeout=3000)
    assert window.controller.busy
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    answer(window, "Cancel the job")
    idle(qtbot, window)
    assert fake.closed and window.isVisible()


def test_the_question_goes_away_when_the_job_ends(
    qtbot: QtBot, window: MainWindow, read_photos: Callable[[], None], fake: FakeCalibration
) -> None:
    fake.steps = 60
    read_photos()
    start_calibration(qtbot, window)
    window.ask_before_cancelling()
    assert window.question is not None
    idle(qtbot, window)
    qtbot.waitUntil(lambda: window.question is None, timeout=3000)
    assert window.controller.session.psf is not None


@pytest.mark.parametrize(("choice", "closed"), [("Stop and keep", False), ("Cancel the job", True)])
def test_closing_in_the_middle_asks_then_closes(
    qtbot: QtBot,
    window: MainWindow,
    read_photos: Callable[[], None],
    fake: FakeCalibration,
    choice: str,
    closed: bool,
) -> None:
    read_photos()
    start_calibration(qtbot, window)
    window.close()
    assert window.isVisible() and window.question is not None
    answer(window, choice)
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=10_000)
    assert not window.controller.busy
    assert fake.closed == closed
    assert (window.controller.folders.kept / "kept.lenscal").exists() != closed
    assert not window.controller.folders.cache.exists()


def test_closing_can_be_thought_over(
    qtbot: QtBot, window: MainWindow, read_photos: Callable[[], None], fake: FakeCalibration
) -> None:
    read_photos()
    start_calibration(qtbot, window)
    window.close()
    answer(window, "Keep running")
    qtbot.waitUntil(lambda: window.question is None, timeout=3000)
    assert window.isVisible() and window.controller.busy


def test_inspect_correct_compare_and_export(
    qtbot: QtBot,
    window: MainWindow,
    read_photos: Callable[[], None],
    fake: FakeCalibration,
    tmp_path: Path,
) -> None:
    fake.steps = 5
    read_photos()
    window.go_to(Step.CALIBRATE)
    qtbot.mouseClick(window.calibrate_page.button, LEFT)
    idle(qtbot, window)

    qtbot.keyClick(window, Qt.Key.Key_4)
    assert window.step is Step.INSPECT
    mosaic = window.inspect_page.mosaic
    qtbot.mouseClick(mosaic, LEFT, pos=mosaic.cell_rect(2, 5).center())
    assert mosaic.cell == (2, 5)
    assert window.inspect_page.panel.title.text() == "Row 3, column 6"
    assert window.inspect_page.panel.table.rowCount() >= 4

    qtbot.keyClick(window, Qt.Key.Key_5)
    qtbot.mouseClick(window.correct_page.button, LEFT)
    idle(qtbot, window)
    comparison = window.controller.session.comparison
    assert comparison is not None, window.message_bar.text.text()
    assert comparison.before[0].shape == comparison.after[0].shape == (96, 144, 3)
    assert np.abs(comparison.before[0].astype(int) - comparison.after[0]).mean() < 12

    view = window.correct_page.compare
    line = QPoint(view.width() // 2, view.height() // 3)
    qtbot.mousePress(view, LEFT, pos=line)
    qtbot.mouseMove(view, QPoint(view.width() // 4, view.height() // 3))
    qtbot.mouseRelease(view, LEFT)
    assert view.split == pytest.approx(0.25, abs=0.01)

    qtbot.keyClick(window, Qt.Key.Key_6)
    page = window.export_page
    page.folder.setText(str(tmp_path / "out"))
    qtbot.mouseClick(page.photos_button, LEFT)
    idle(qtbot, window)
    qtbot.mouseClick(page.psf_button, LEFT)
    idle(qtbot, window)
    page.profile_clicked.emit(tmp_path / "out" / "mine.lenscal", False)
    idle(qtbot, window)
    files = {path.name for path in (tmp_path / "out").iterdir()}
    assert files == {"d0_lenscal.tif", "psf_R.fits", "psf_G.fits", "psf_B.fits", "mine.lenscal"}

    drop(window.correct_page, [tmp_path / "out" / "d0_lenscal.tif"])
    window.controller.open_psf(tmp_path / "out" / "mine.lenscal")
    idle(qtbot, window)
    assert window.controller.session.psf_name == "Tiny 35mm f/1.8"


def test_space_shows_the_original_while_it_is_held(qtbot: QtBot, window: MainWindow) -> None:
    window.go_to(Step.CORRECT)
    view = window.correct_page.compare
    qtbot.keyPress(window, Qt.Key.Key_Space)
    assert view.shows_original
    qtbot.keyRelease(window, Qt.Key.Key_Space)
    assert not view.shows_original


def test_steps_are_reached_by_number_keys_and_say_what_they_lack(
    qtbot: QtBot, window: MainWindow
) -> None:
    for number, step in enumerate(Step, start=1):
        qtbot.keyClick(window, str(number))
        assert window.step is step
    assert "Choose sharp photos" in window.step_list.buttons[Step.CHECK].text()
    assert "Calibrate or open a profile" in window.step_list.buttons[Step.CORRECT].text()
    assert not window.correct_page.button.isEnabled()
    assert not window.export_page.photos_button.isEnabled()


def test_a_bad_name_template_is_said_before_anything_is_written(
    qtbot: QtBot,
    window: MainWindow,
    read_photos: Callable[[], None],
    fake: FakeCalibration,
    tmp_path: Path,
) -> None:
    fake.steps = 2
    read_photos()
    window.controller.calibrate()
    idle(qtbot, window)
    window.go_to(Step.EXPORT)
    page = window.export_page
    page.folder.setText(str(tmp_path / "out"))
    page.template.setText("same for all")
    qtbot.mouseClick(page.photos_button, LEFT)
    assert "{name}" in window.message_bar.text.text()
    assert not (tmp_path / "out").exists()


def test_dropping_something_that_is_no_file_is_refused(window: MainWindow) -> None:
    assert not drop(window.import_page.sharp.drop, [])
    assert window.controller.session.sharp.paths == ()


def test_a_profile_that_is_none_gives_a_message(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = tmp_path / "text.lenscal"
    path.write_text("hello")
    window.import_page.profile_chosen.emit(Path(path))
    idle(qtbot, window)
    assert "text.lenscal" in window.message_bar.text.text()
    assert not window.message_bar.details_button.isVisible()


def test_a_dropped_profile_is_opened(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    grid = delta_grid((3, 4), 5, (96, 144))
    write_profile(tmp_path / "a.lenscal", Profile(psf=grid, lens="Some lens"))
    drop(window.import_page.sharp.drop, [tmp_path / "a.lenscal"])
    idle(qtbot, window)
    assert window.step is Step.INSPECT
    assert window.controller.session.psf.shape == (3, 4)
    assert window.controller.session.sharp.paths == ()


@pytest.mark.parametrize("form", PSF_FORMS)
def test_every_form_of_a_psf_is_opened_and_dropped_alike(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, form: str
) -> None:
    grid = delta_grid((3, 4), 5, (96, 144))
    path = PSF_FORMS[form](Profile(grid, lens="Some lens"), tmp_path)
    for give in (window.controller.open_psf, lambda path: drop(window, [path])):
        window.controller.change(replace(window.controller.session, psf=None, profile=None))
        give(path)
        qtbot.waitUntil(lambda: not window.controller.busy, timeout=5000)
        session = window.controller.session
        assert session.profile is not None, window.message_bar.text.text()
        np.testing.assert_array_equal(session.profile.psf.kernels, grid.kernels)
        assert session.profile.lens == ("Some lens" if "profile" in form else "")
        assert window.export_page.profile_card.profile_button.isEnabled() == ("profile" in form)


def test_messages_name_the_windows_fields(window: MainWindow) -> None:
    window.message_bar.show_message(
        "use one lens only, or name it with --lens; see --unknown-option"
    )
    assert (
        window.message_bar.text.text()
        == "use one lens only, or name it with “Lens” in step 1; see --unknown-option"
    )


def test_the_device_is_no_progress(window: MainWindow) -> None:
    window.job_bar.begin("Calibrating", can_stop=True)
    window.controller.worker.progressed.emit(Progress(Report(DEVICE, "cpu"), ()))
    assert window.job_bar.text.text() == "Calibrating"
    window.job_bar.hide()


def test_a_cancelled_calibration_is_not_taken_for_the_one_before(
    qtbot: QtBot, window: MainWindow, read_photos: Callable[[], None], fake: FakeCalibration
) -> None:
    fake.steps = 3
    read_photos()
    window.controller.calibrate()
    idle(qtbot, window)
    page = window.calibrate_page
    learnt, text = page.mosaic.kernels, page.messages.stage.text()
    fake.steps = 1000
    start_calibration(qtbot, window)
    qtbot.waitUntil(lambda: bool(page.curves.names), timeout=5000)
    window.go_to(Step.CHECK)
    qtbot.mouseClick(window.job_bar.cancel_button, LEFT)
    idle(qtbot, window)
    assert np.array_equal(page.mosaic.kernels, learnt)
    assert page.messages.stage.text() == "Cancelled" and text != "Cancelled"
    assert page.messages.result.text().startswith("The previous calibration is shown.")
    assert not page.curves.names


@pytest.mark.parametrize("points", [9, 16, 24])
def test_the_steps_grow_with_the_desktops_text(qtbot: QtBot, points: float) -> None:
    """Text of 16 points is what large print on a desktop comes to; none of it may be cut."""
    steps = StepList()
    qtbot.addWidget(steps)
    font = QFont(steps.font())
    font.setPointSizeF(points)
    steps.setFont(font)
    steps.show_session(Session(), calibrating=False)
    steps.show()
    for button in steps.buttons.values():
        metrics = button.fontMetrics()
        lines = button.text().splitlines()
        assert len(lines) == 2
        assert button.height() >= 2 * metrics.height()
        widest = max(metrics.horizontalAdvance(line) for line in lines)
        assert button.width() >= widest + button.iconSize().width()
