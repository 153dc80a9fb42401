"""Two windows, or a window and another program, on one project: the second is told, nothing is
lost."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import FakeCalibration
from desktop import LEFT, drop, idle, shown
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox
from pytestqt.qtbot import QtBot

from lenscal.files.write_claim import is_claimed
from lenscal.gui.controller import Controller, Folders
from lenscal.gui.main_window import MainWindow
from lenscal.gui.tasks import Tasks
from lenscal.jobs.window.calibration import calibration_checkpoint, unfinished_calibration
from lenscal.preferences import Preferences, PreferencesFile, Units
from lenscal.project import Project, read_project, write_project
from lenscal.session import Source

HOLDER = """
import sys
from pathlib import Path
from lenscal.files.write_claim import claimed
claim = claimed(Path(sys.argv[1]))
print(claim is not None, flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user cache"))


@contextmanager
def another_program(path: Path) -> Iterator[subprocess.Popen[str]]:
    """One that has the project open."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        assert process.stdout is not None and process.stdout.readline() == "True\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def project(photo_folders: tuple[Path, Path], tmp_path: Path) -> Path:
    project = Project(sharp=Source((photo_folders[0],)))
    return write_project(tmp_path / "lens.lensproject", project, {})


def changed_by_another(path: Path, photos: Path) -> None:
    write_project(path, replace(read_project(path), degraded=Source((photos,), aperture=2.0)), {})


def question(window: MainWindow) -> QMessageBox:
    (box,) = (b for b in window.findChildren(QMessageBox) if b.isVisible())
    return box


def press(qtbot: QtBot, window: MainWindow, start: str) -> None:
    box = question(window)
    (button,) = (b for b in box.buttons() if b.text().replace("&", "").startswith(start))
    qtbot.mouseClick(button, LEFT)


def test_what_another_program_has_open_is_opened_as_a_copy(
    window: MainWindow, project: Path, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    with another_program(project):
        before = project.read_bytes()
        drop(window, [project])
        assert "open in another window" in window.message_bar.text.text()
        assert window.controller.session.sharp.paths == (photo_folders[0],)
        drop(window.import_page.degraded.drop, [photo_folders[1]])
        window.projects.save()
        assert project.read_bytes() == before
        copy = window.projects.path
        assert copy is not None and copy.parent == tmp_path / "projects"
        assert read_project(copy).degraded.paths == (photo_folders[1],)


def test_a_killed_program_has_nothing_open(window: MainWindow, project: Path) -> None:
    with another_program(project) as process:
        process.kill()
        process.wait()
        drop(window, [project])
        assert window.projects.path == project and not window.message_bar.isVisible()


def test_two_windows(
    qtbot: QtBot, window: MainWindow, project: Path, photo_folders: tuple[Path, Path]
) -> None:
    drop(window, [project])
    folder = project.parent
    with shown(qtbot, Controller(Tasks(), Folders(folder / "cache 2", folder / "kept"))) as second:
        drop(second, [project])
        assert second.projects.path is None and window.projects.path == project
        assert "open in another window" in second.message_bar.text.text()
        second.projects.save_as(project)
        assert "is open in another window" in second.message_bar.text.text()
        # Once the first has gone on to something else, the second can have it.
        window.commands.new_project()
        drop(second, [project])
        assert second.projects.path == project
    assert not is_claimed(project)


def test_the_same_window_opens_it_again(window: MainWindow, project: Path) -> None:
    drop(window, [project])
    drop(window, [project])
    assert window.projects.path == project and not window.message_bar.isVisible()


def in_conflict(qtbot: QtBot, window: MainWindow, project: Path, photos: tuple[Path, Path]) -> None:
    """A window whose project another program has changed, and which has changed itself."""
    drop(window, [project])
    changed_by_another(project, photos[1])
    drop(window.import_page.sharp.drop, [photos[1]])
    qtbot.waitUntil(lambda: bool(window.findChildren(QMessageBox)), timeout=5000)


def test_later_keeps_both_in_the_end(
    qtbot: QtBot,
    window: MainWindow,
    project: Path,
    photo_folders: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    in_conflict(qtbot, window, project, photo_folders)
    theirs = project.read_bytes()
    assert "lens" in question(window).text()
    qtbot.keyClick(question(window), Qt.Key.Key_Escape)
    drop(window.import_page.degraded.drop, [photo_folders[0]])
    window.projects.save()
    # Asked once.
    assert not [b for b in window.findChildren(QMessageBox) if b.isVisible()]
    assert project.read_bytes() == theirs
    window.close()
    assert project.read_bytes() == theirs
    (copy,) = (tmp_path / "projects").iterdir()
    assert read_project(copy).sharp.paths == (photo_folders[1],)


def test_overwrite(
    qtbot: QtBot, window: MainWindow, project: Path, photo_folders: tuple[Path, Path]
) -> None:
    in_conflict(qtbot, window, project, photo_folders)
    press(qtbot, window, "Overwrite")
    assert read_project(project).sharp.paths == (photo_folders[1],)
    assert window.projects.path == project
    # And as long as nobody else writes it, it goes on as ever.
    drop(window.import_page.sharp.drop, [photo_folders[0]])
    window.projects.save()
    assert read_project(project).sharp.paths == (photo_folders[0],)


def test_save_as(
    qtbot: QtBot,
    window: MainWindow,
    project: Path,
    photo_folders: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_conflict(qtbot, window, project, photo_folders)
    theirs = project.read_bytes()
    mine = tmp_path / "mine.lensproject"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(mine), ""))
    press(qtbot, window, "Keep both")
    assert project.read_bytes() == theirs and window.projects.path == mine
    assert read_project(mine).sharp.paths == (photo_folders[1],)


def test_open_the_changed_one(
    qtbot: QtBot,
    window: MainWindow,
    project: Path,
    photo_folders: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    in_conflict(qtbot, window, project, photo_folders)
    press(qtbot, window, "Open the changed")
    assert window.projects.path == project
    assert window.controller.session.degraded.aperture == 2.0
    # This window's own is not lost either.
    (copy,) = (tmp_path / "projects").iterdir()
    assert read_project(copy).sharp.paths == (photo_folders[1],)


def test_a_calibration_that_runs_elsewhere_was_not_interrupted(
    qtbot: QtBot, window: MainWindow, read_photos: object, photo_folders: tuple[Path, Path]
) -> None:
    read_photos()  # type: ignore[operator]
    inputs, kept = window.controller.session.inputs, window.controller.folders.kept
    checkpoint = calibration_checkpoint(inputs, kept)
    checkpoint.path.parent.mkdir(parents=True)
    made_from = {"settings": {}, "schema": 0, "version": ""}
    values = {"made_from": made_from, "completed": ["P"], "seconds": 60.0}
    from lenscal import __version__
    from lenscal.calibration.checkpoint_schema import CHECKPOINT_SCHEMA

    made_from |= {"schema": CHECKPOINT_SCHEMA, "version": __version__}
    checkpoint.save(values, {})
    window.projects.save()
    assert unfinished_calibration(inputs, kept) is not None
    with another_program(checkpoint.path):
        assert unfinished_calibration(inputs, kept) is None
        window.commands.tell_of_unfinished()
        assert not window.message_bar.isVisible()
    window.commands.tell_of_unfinished()
    assert "interrupted" in window.message_bar.text.text()


def test_a_second_calibration_of_the_same_photos_is_refused(
    qtbot: QtBot, window: MainWindow, read_photos: object, fake: FakeCalibration
) -> None:
    read_photos()  # type: ignore[operator]
    controller = window.controller
    controller.tasks = replace(controller.tasks, calibrate=Tasks().calibrate)
    checkpoint = calibration_checkpoint(controller.session.inputs, controller.folders.kept)
    with another_program(checkpoint.path):
        window.commands.calibrate()
        idle(qtbot, window)
    assert "another window calibrates these photos" in window.message_bar.text.text()


def test_preferences_of_two_windows_are_merged(tmp_path: Path) -> None:
    path = tmp_path / "window.json"
    one, other = PreferencesFile(path), PreferencesFile(path)
    one.change(units=Units.MICROMETRES)
    other.change(threads=3)
    assert PreferencesFile(path).values == replace(
        Preferences(), units=Units.MICROMETRES, threads=3
    )
    assert other.values.units is Units.MICROMETRES


def test_recent_projects_of_two_windows_are_merged(
    qtbot: QtBot, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "window.json"
    assert QApplication.instance() is not None
    windows = []
    for number in range(2):
        folders = Folders(tmp_path / f"cache {number}", tmp_path / "kept")
        windows.append(MainWindow(Controller(Tasks(), folders), PreferencesFile(path)))
        qtbot.addWidget(windows[-1])
    names = []
    for number, window in enumerate(windows):
        drop(window.import_page.sharp.drop, [photo_folders[number]])
        window.projects.save_as(tmp_path / f"{number}.lensproject")
        names.append(str(window.projects.path))
    assert set(PreferencesFile(path).values.recent) == set(names)
    for window in windows:
        window.close()
