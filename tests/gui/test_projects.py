"""Projects, preferences, drops anywhere, undo, pause and resume: on the real window."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import FakeCalibration
from desktop import LEFT, drop, idle, start_calibration, wait_until_still
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lenscal import __version__
from lenscal.calibration.settings import CalibrationSettings, Quality
from lenscal.files.checkpoint import CheckpointFile
from lenscal.files.psf.profile import Profile, write_profile
from lenscal.gui import theme
from lenscal.gui.controller import Controller, Folders
from lenscal.gui.main_window import MainWindow
from lenscal.gui.tasks import Tasks
from lenscal.jobs.window.calibration import (
    calibration_checkpoint,
    remove_forgotten,
    unfinished_calibration,
)
from lenscal.jobs.window.dropped_files import meant_for
from lenscal.optics.psf_grid import delta_grid
from lenscal.preferences import (
    Preferences,
    PreferencesFile,
    ThemeChoice,
    Units,
    preferences_from_json,
)
from lenscal.project import Project, read_project
from lenscal.restore.settings import RestoreSettings
from lenscal.session import Session, Source, Step

# Projects


def test_the_project_is_kept_by_itself_and_opens_again(
    qtbot: QtBot,
    window: MainWindow,
    read_photos: Callable[[], None],
    fake: FakeCalibration,
    photo_folders: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    fake.steps = 3
    read_photos()
    window.controller.decide([photo_folders[0] / "s1.dng"], keep=False)
    window.controller.calibrate()
    idle(qtbot, window)
    qtbot.waitUntil(lambda: window.projects.path is not None, timeout=5000)
    window.projects.save()
    path = window.projects.path
    assert path.parent == tmp_path / "projects" and window.windowTitle() == f"{path.stem} – lenscal"
    assert window.projects.recent == (path,)
    project = read_project(path)
    assert (
        project.sharp.paths == (photo_folders[0],)
        and project.profile == tmp_path / "kept" / "kept.lenscal"
    )
    assert json.loads(path.read_text(encoding="utf-8"))["settings"]["seed"] == 0

    window.controller.folders.kept.joinpath("kept.lenscal").unlink()
    write_profile(
        tmp_path / "kept" / "kept.lenscal",
        Profile(psf=delta_grid((3, 4), 5, (96, 144)), lens="Some lens"),
    )
    qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert window.controller.session.sharp == Source() and window.windowTitle() == "lenscal"
    assert drop(window, [path])
    idle(qtbot, window)
    session = window.controller.session
    assert session.psf.shape == (3, 4) and session.sharp.paths == (photo_folders[0],)
    assert str(photo_folders[0]) in window.import_page.sharp.drop.text.text()
    assert window.projects.path == path
    qtbot.mouseClick(window.import_page.read_button, LEFT)
    idle(qtbot, window)
    assert "s1.dng" in [r.path.name for r in window.controller.session.inputs.sharp.rejected]


def test_saving_under_a_name_moves_the_project_there(
    qtbot: QtBot, window: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    drop(window.import_page.sharp.drop, [photo_folders[0]])
    window.projects.save_as(tmp_path / "my lens")
    assert (tmp_path / "my lens.lensproject").is_file()
    drop(window.import_page.degraded.drop, [photo_folders[1]])
    qtbot.waitUntil(
        lambda: bool(read_project(tmp_path / "my lens.lensproject").degraded.paths), timeout=5000
    )
    assert not (tmp_path / "projects").exists()


def test_a_project_that_cannot_be_kept_is_said_once(
    qtbot: QtBot, window: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "projects").write_text("in the way")
    drop(window.import_page.sharp.drop, [photo_folders[0]])
    qtbot.waitUntil(lambda: "not being saved" in window.message_bar.text.text(), timeout=5000)
    window.message_bar.hide()
    drop(window.import_page.degraded.drop, [photo_folders[1]])
    window.projects.save()
    assert not window.message_bar.isVisible()


def test_folders_that_were_moved_are_linked_again(
    qtbot: QtBot, window: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    shutil.copytree(photo_folders[0], old / "sharp")
    shutil.copytree(photo_folders[1], old / "open")
    drop(window, [old / "open", old / "sharp"])
    window.projects.save_as(tmp_path / "p.lensproject")
    window.commands.new_project()
    old.rename(new)
    drop(window, [tmp_path / "p.lensproject"])
    dialog = window.commands.dialog
    assert set(dialog.find_buttons) == {old / "sharp", old / "open"}
    assert dialog.open_button.text() == "&Open without them"
    dialog.found(old / "sharp", new / "sharp")
    assert not dialog.find_buttons
    qtbot.mouseClick(dialog.open_button, LEFT)
    session = window.controller.session
    assert (session.sharp.paths, session.degraded.paths) == ((new / "sharp",), (new / "open",))
    assert window.commands.dialog is None


def test_a_file_that_is_no_project_is_said_and_nothing_is_lost(
    window: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    drop(window.import_page.sharp.drop, [photo_folders[0]])
    (tmp_path / "bad.lensproject").write_text("{")
    drop(window, [tmp_path / "bad.lensproject"])
    assert "bad.lensproject" in window.message_bar.text.text()
    assert window.controller.session.sharp.paths == (photo_folders[0],)


# Drops


def test_two_folders_on_the_window_are_told_apart_by_their_apertures(
    window: MainWindow, photo_folders: tuple[Path, Path]
) -> None:
    window.go_to(Step.INSPECT)
    drop(window, [photo_folders[1], photo_folders[0]])
    session = window.controller.session
    assert session.sharp.paths == (photo_folders[0],) and session.degraded.paths == (
        photo_folders[1],
    )
    assert window.step is Step.IMPORT


def test_single_folders_fill_what_is_missing(
    window: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    drop(window, [photo_folders[0]])
    drop(window, [photo_folders[1]])
    session = window.controller.session
    assert session.sharp.paths == (photo_folders[0],) and session.degraded.paths == (
        photo_folders[1],
    )
    drop(window, [tmp_path])
    assert "step 1" in window.message_bar.text.text()
    assert window.controller.session is session


def test_what_a_drop_means(photo_folders: tuple[Path, Path], tmp_path: Path) -> None:
    raw = photo_folders[1] / "d0.dng"
    assert meant_for([raw], Session(), Step.CORRECT).photo == raw
    assert meant_for([raw], Session(), Step.IMPORT).sources[0].paths == (raw,)
    assert meant_for([tmp_path / "a.lenscal"], Session(), Step.IMPORT).psf == tmp_path / "a.lenscal"
    (tmp_path / "psf_R.fits").write_bytes(b"")
    assert meant_for([tmp_path], Session(), Step.IMPORT).psf == tmp_path
    assert "letter.txt" in meant_for([tmp_path / "letter.txt"], Session(), Step.IMPORT).problem


def test_what_lies_beside_photos_is_dropped_without_harm(tmp_path: Path) -> None:
    for name in ("IMG_1.CR3", "IMG_1.JPG", "IMG_1.xmp", "IMG_1.CR3.pp3", "MVI_2.MOV", ".DS_Store"):
        (tmp_path / "card" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "card" / name).write_bytes(b"x")
    raw = tmp_path / "card" / "IMG_1.CR3"
    everything = sorted((tmp_path / "card").iterdir())
    for paths in ([tmp_path / "card"], everything):
        assert meant_for(paths, Session(), Step.EXPORT).batch == (raw,)
    assert meant_for(everything, Session(), Step.CORRECT).photo == raw
    picture = tmp_path / "scan.tif"
    picture.write_bytes(b"x")
    assert meant_for([picture], Session(), Step.CORRECT).photo == picture


def test_nothing_is_taken_while_a_job_runs(
    qtbot: QtBot,
    window: MainWindow,
    read_photos: Callable[[], None],
    photo_folders: tuple[Path, Path],
) -> None:
    read_photos()
    start_calibration(qtbot, window)
    drop(window, [photo_folders[1]])
    assert "still running" in window.message_bar.text.text()


# Undo


def test_decisions_are_undone_and_redone_by_keys(
    qtbot: QtBot,
    window: MainWindow,
    read_photos: Callable[[], None],
    photo_folders: tuple[Path, Path],
) -> None:
    read_photos()
    photos = [photo_folders[0] / "s0.dng", photo_folders[0] / "s2.dng"]
    control = Qt.KeyboardModifier.ControlModifier

    def used() -> list[str]:
        return [f.info.path.name for f in window.controller.session.inputs.sharp.frames]

    window.controller.decide(photos, keep=False)
    assert used() == ["s1.dng"]
    qtbot.keyClick(window, Qt.Key.Key_Z, control)
    assert used() == ["s0.dng", "s1.dng", "s2.dng"] and window.controller.session.decisions == {}
    qtbot.keyClick(window, Qt.Key.Key_Y, control)
    assert used() == ["s1.dng"]
    window.controller.set_sources(Source(), Source())
    assert not window.controller.undo_stack.canUndo()


# Pause and resume


def test_a_calibration_pauses_and_goes_on_by_mouse_and_key(
    qtbot: QtBot, window: MainWindow, read_photos: Callable[[], None], fake: FakeCalibration
) -> None:
    fake.steps = 4000
    read_photos()
    start_calibration(qtbot, window)
    qtbot.mouseClick(window.job_bar.pause_button, LEFT)
    assert window.controller.worker.paused and window.job_bar.text.text().startswith("Paused")
    points = wait_until_still(qtbot, lambda: len(window.calibrate_page.curves.points("flow loss")))
    qtbot.keyClick(window, Qt.Key.Key_P)
    qtbot.waitUntil(
        lambda: len(window.calibrate_page.curves.points("flow loss")) > points, timeout=5000
    )
    qtbot.keyClick(window, Qt.Key.Key_P)
    qtbot.mouseClick(window.job_bar.stop_button, LEFT)
    idle(qtbot, window)
    assert window.controller.session.calibration.finished == "stopped"


def test_a_paused_calibration_is_kept_when_the_window_closes(
    qtbot: QtBot, window: MainWindow, read_photos: Callable[[], None], fake: FakeCalibration
) -> None:
    read_photos()
    start_calibration(qtbot, window)
    window.controller.pause_or_go_on()
    window.close()
    window.question.buttons()[0].click()
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=10_000)
    assert (window.controller.folders.kept / "kept.lenscal").exists()


def interrupted(window: MainWindow) -> CheckpointFile:
    """What a calibration of the present photos leaves behind where it is killed."""
    checkpoint = calibration_checkpoint(
        window.controller.session.inputs, window.controller.folders.kept
    )
    checkpoint.path.parent.mkdir(parents=True)
    settings = {"quality": "full", "grid": [4, 6], "kernel_size": 15, "seed": 3, "stages": "auto"}
    checkpoint.save(
        {"made_from": {"settings": settings}, "completed": ["pairs", "P"], "seconds": 600.0}, {}
    )
    return checkpoint


def test_an_interrupted_calibration_is_offered_and_goes_on_with_its_settings(
    qtbot: QtBot, window: MainWindow, read_photos: Callable[[], None], fake: FakeCalibration
) -> None:
    fake.steps = 3
    read_photos()
    assert not window.calibrate_page.continue_button.isVisibleTo(window)
    interrupted(window)
    qtbot.mouseClick(window.import_page.read_button, LEFT)
    window.controller.read_photos()
    idle(qtbot, window)
    window.go_to(Step.CALIBRATE)
    page = window.calibrate_page
    assert page.continue_button.isVisible() and "10 min" in page.continue_about.text()
    qtbot.mouseClick(page.continue_button, LEFT)
    idle(qtbot, window)
    assert fake.resumed
    settings = window.controller.session.settings
    assert (settings.quality, settings.grid, settings.kernel_size, settings.seed) == (
        Quality.FULL,
        (4, 6),
        15,
        3,
    )


def test_other_photos_or_a_damaged_checkpoint_offer_nothing(
    qtbot: QtBot,
    window: MainWindow,
    read_photos: Callable[[], None],
    photo_folders: tuple[Path, Path],
) -> None:
    read_photos()
    checkpoint = interrupted(window)
    inputs, folder = window.controller.session.inputs, window.controller.folders.kept
    assert unfinished_calibration(inputs, folder).stages == ("pairs", "P")
    assert (
        unfinished_calibration(
            inputs.with_decision(photo_folders[0] / "s0.dng", keep=False), folder
        )
        is None
    )
    checkpoint.path.write_bytes(b"nonsense")
    assert unfinished_calibration(inputs, folder) is None
    checkpoint.save({"made_from": {}}, {})
    assert unfinished_calibration(inputs, folder) is None


@pytest.mark.parametrize("other", [{"schema": 5}, {"version": "0.0.1"}])
def test_a_checkpoint_that_would_be_refused_is_not_offered(
    window: MainWindow, read_photos: Callable[[], None], other: dict[str, Any]
) -> None:
    read_photos()
    checkpoint = interrupted(window)
    values = checkpoint.values()
    assert values is not None
    checkpoint.save({**values, "made_from": {**values["made_from"], **other}}, {})
    inputs, folder = window.controller.session.inputs, window.controller.folders.kept
    assert unfinished_calibration(inputs, folder) is None
    assert not remove_forgotten(folder) and checkpoint.path.exists()


def test_an_interrupted_calibration_is_told_at_the_start_and_old_ones_go(
    qtbot: QtBot,
    window: MainWindow,
    read_photos: Callable[[], None],
    photo_folders: tuple[Path, Path],
) -> None:
    read_photos()
    checkpoint = interrupted(window)
    old = checkpoint.path.with_name("old.checkpoint")
    old.write_bytes(b"")
    os.utime(old, (0, 0))
    window.projects.save()
    window.commands.tell_of_unfinished()
    assert "Open recent" in window.message_bar.text.text()
    assert checkpoint.path.exists() and not old.exists()
    checkpoint.remove()
    window.message_bar.hide()
    window.commands.tell_of_unfinished()
    assert not window.message_bar.isVisible()


# Preferences


def test_preferences_are_kept_and_broken_files_cost_only_the_preferences(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "window.json"
    file = PreferencesFile(path)
    file.change(theme=ThemeChoice.DARK, threads=3, units=Units.MICROMETRES, recent=("/a", "/b"))
    file.change(
        pitches=file.values.with_pitch("Canon", 4.1)
        .with_pitch("Ü 1", 3.0)
        .with_pitch("Canon", 4.2)
        .pitches
    )
    assert file.values.pitches == (("Canon", 4.2), ("Ü 1", 3.0))
    assert file.values.with_pitch("Canon", 0).pitches == (("Ü 1", 3.0),)
    assert PreferencesFile(path).values == file.values
    path.write_text("{ broken")
    broken = PreferencesFile(path)
    assert broken.values == Preferences() and "window.json" in broken.problem
    broken.change(threads=2)
    assert PreferencesFile(path).values.threads == 2


def test_a_bad_preference_costs_that_one_and_is_told(tmp_path: Path) -> None:
    path = tmp_path / "window.json"
    path.write_text(json.dumps({"threads": -1, "units": "um", "later": 1}))
    file = PreferencesFile(path)
    assert file.values == Preferences(units=Units.MICROMETRES)
    assert "threads" in file.problem and "units" not in file.problem


@pytest.mark.parametrize(
    "values",
    [
        None,
        [],
        "x",
        {"theme": 5, "device": "tpu", "threads": -1, "units": [], "recent": {}, "cache": 1},
        {"threads": True, "recent": [1, None], "last_folder": "\0"},
        {"pitches": [["x", -1], ["x"], [3, 4], "x", ["x", True], ["x", "4"]]},
    ],
)
def test_preferences_that_make_no_sense_are_left_out(values: object) -> None:
    preferences, problems = preferences_from_json(values)
    assert preferences == Preferences()
    assert problems or values == {}


def test_recent_projects_are_few_and_unique(tmp_path: Path) -> None:
    values = Preferences()
    for number in [*range(15), 12]:
        values = values.with_recent(tmp_path / f"{number}.lensproject")
    assert [Path(name).stem for name in values.recent] == [
        "12",
        "14",
        "13",
        "11",
        "10",
        "9",
        "8",
        "7",
        "6",
        "5",
    ]


def test_preferences_cannot_be_kept_where_the_disk_does_not_let(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    file = PreferencesFile(tmp_path / "file" / "window.json")
    file.change(threads=2)
    assert file.values.threads == 2 and "not kept" in caplog.text


def test_the_preferences_dialog_changes_theme_device_and_threads_at_once(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, threads = QApplication.instance(), []
    monkeypatch.setattr("lenscal.gui.commands.use_threads", threads.append)
    try:
        qtbot.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
        dialog = window.commands.dialog
        dialog.theme.setCurrentIndex(dialog.theme.findData(ThemeChoice.DARK))
        dialog.device.setCurrentIndex(dialog.device.findData("cpu"))
        dialog.threads.setValue(2)
        before = window.import_page.demo_button.icon().cacheKey()
        dialog.buttons.accepted.emit()
        assert window.commands.dialog is None and theme.theme().name == "dark" and threads == [2]
        assert window.import_page.demo_button.icon().cacheKey() != before
        assert (
            window.controller.session.settings.device
            == window.controller.session.restore.device
            == "cpu"
        )
        assert window.preferences.values == replace(
            Preferences(), theme=ThemeChoice.DARK, device="cpu", threads=2
        )
        qtbot.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
        window.commands.dialog.theme.setCurrentIndex(0)
        window.commands.dialog.reject()
        assert window.preferences.values.theme == ThemeChoice.DARK
    finally:
        window.commands.change_preferences(Preferences(theme=ThemeChoice.LIGHT))
        app.setStyleSheet("")


def test_a_window_begins_with_its_preferences_and_says_what_is_broken(
    qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "window.json"
    path.write_text("[")
    win = MainWindow(
        Controller(Tasks(), Folders(tmp_path / "cache", tmp_path / "kept")), PreferencesFile(path)
    )
    qtbot.addWidget(win)
    assert "window.json" in win.message_bar.text.text()
    path.write_text(json.dumps({"device": "cpu"}))
    other = MainWindow(
        Controller(Tasks(), Folders(tmp_path / "cache", tmp_path / "kept")), PreferencesFile(path)
    )
    qtbot.addWidget(other)
    assert other.controller.session.settings == CalibrationSettings(device="cpu")
    for window in (win, other):
        window.close()


def test_about_tells_versions_and_folders_to_copy(qtbot: QtBot, window: MainWindow) -> None:
    window.menus.actions["about"].trigger()
    dialog = window.commands.dialog
    assert (
        __version__ in dialog.facts.text()
        and str(window.controller.folders.kept) in dialog.facts.text()
    )
    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert QApplication.clipboard().text() == dialog.facts.text()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert window.commands.dialog is None


def test_keys_are_told(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.keyClick(window, Qt.Key.Key_F1, Qt.KeyboardModifier.ShiftModifier)
    assert window.commands.dialog.windowTitle() == "Keys"
    window.commands.dialog.reject()
    assert window.commands.dialog is None


def test_a_profile_that_is_away_stays_in_the_project(
    qtbot: QtBot, window: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    path, profile = tmp_path / "p.lensproject", tmp_path / "usb" / "lens.lenscal"
    profile.parent.mkdir()
    write_profile(profile, Profile(psf=delta_grid((3, 4), 5, (96, 144)), lens="Some lens"))
    drop(window.import_page.sharp.drop, [photo_folders[0]])
    window.controller.open_psf(profile)
    idle(qtbot, window)
    window.projects.save_as(path)
    assert read_project(path).profile == profile
    window.commands.new_project()
    profile.write_bytes(b"damaged")
    window.projects.open(path, read_project(path))
    idle(qtbot, window)
    assert window.controller.session.psf is None
    drop(window.import_page.degraded.drop, [photo_folders[1]])
    window.projects.save()
    assert read_project(path).profile == profile and read_project(path).degraded.paths == (
        photo_folders[1],
    )


def test_the_device_is_this_computers(window: MainWindow, tmp_path: Path) -> None:
    project = Project(
        Source((tmp_path,)),
        settings=CalibrationSettings(device="cuda"),
        restore=RestoreSettings(device="cuda"),
    )
    window.projects.open(tmp_path / "p.lensproject", project)
    session = window.controller.session
    assert (
        session.settings.device
        == session.restore.device
        == window.preferences.values.device
        == "auto"
    )
