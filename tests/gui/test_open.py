"""Open opens what a file is, in every step; a file's name alone opens the window on it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import write_photo
from desktop import idle
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from lenscal.cli import main
from lenscal.files.psf.profile import Profile, write_profile
from lenscal.gui import app
from lenscal.gui.main_window import MainWindow
from lenscal.optics.psf_grid import delta_grid
from lenscal.project import Project, write_project
from lenscal.session import Source, Step

STEPS = list(Step)


@pytest.fixture
def files(tmp_path: Path, photo_folders: tuple[Path, Path]) -> dict[str, Path]:
    profile = Profile(delta_grid((3, 4), 5, (96, 144)), lens="Some lens")
    project = Project(sharp=Source((photo_folders[0],)))
    return {
        "profile": write_profile(tmp_path / "x.lenscal", profile),
        "project": write_project(tmp_path / "x.lensproject", project, {}),
        "photo": write_photo(tmp_path / "x.dng", aperture=1.8, seed=1),
    }


@pytest.mark.parametrize("step", STEPS)
def test_ctrl_o_opens_what_a_file_is(
    qtbot: QtBot,
    window: MainWindow,
    files: dict[str, Path],
    monkeypatch: pytest.MonkeyPatch,
    step: Step,
) -> None:
    chosen = dict.fromkeys(files)
    filters = []

    def answer(_parent: object, _title: str, _folder: str, kinds: str) -> tuple[str, str]:
        filters.append(kinds)
        return str(chosen["now"]), ""

    monkeypatch.setattr(QFileDialog, "getOpenFileName", answer)

    def press(name: str) -> None:
        window.go_to(step)
        chosen["now"] = files[name]
        qtbot.keyClick(window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
        idle(qtbot, window)

    press("profile")
    session = window.controller.session
    assert session.psf_path == files["profile"] and window.step is Step.INSPECT
    # It is not taken for a photo.
    assert session.photo is None
    press("photo")
    assert window.controller.session.photo == files["photo"] and window.step is Step.CORRECT
    press("project")
    assert window.projects.path == files["project"]
    assert all(word in filters[0] for word in ("*.lenscal", "*.lensproject", "*.dng", "*.CR3"))


def test_a_files_name_alone_opens_the_window(
    files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str | None] = []

    def run(project: str | None = None, **_: Any) -> int:
        opened.append(project)
        return 0

    monkeypatch.setattr(app, "run", run)
    monkeypatch.chdir(tmp_path)
    for name in [*map(str, files.values()), str(tmp_path), "x.dng"]:
        assert main([name]) == 0
        assert opened[-1] == name
    # A folder that is called as a command does not hide it; others have to be there.
    (tmp_path / "info").mkdir()
    assert main(["info", "--help"]) == 0 and len(opened) == 5
    assert main(["./info"]) == 0 and opened[-1] == "./info"
    assert main(["nothing.lenscal"]) == 2 and len(opened) == 6
