"""The window says where kernels are no lens's, and makes nothing of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from desktop import LEFT, drop, idle
from pytestqt.qtbot import QtBot

from lenscal.files.psf.profile import Profile, write_profile
from lenscal.gui.main_window import MainWindow
from lenscal.optics.psf_grid import delta_grid
from lenscal.project import Project, write_project
from lenscal.session import Source, Step


@pytest.fixture
def hostile(tmp_path: Path) -> Path:
    grid = delta_grid((3, 4), 13, (96, 144))
    kernels = np.zeros_like(grid.kernels)
    kernels[..., 6, 6], kernels[..., 6, 7] = 1000, -999
    profile = Profile(replace(grid, kernels=kernels), lens="Tiny 35mm f/1.8")
    return write_profile(tmp_path / "hostile.lenscal", profile)


@pytest.mark.parametrize("in_project", [False, True])
def test_it_is_said_when_it_is_opened_and_nothing_is_written(
    qtbot: QtBot,
    window: MainWindow,
    hostile: Path,
    tmp_path: Path,
    photo_folders: tuple[Path, Path],
    in_project: bool,
) -> None:
    path = hostile
    if in_project:
        project = Project(sharp=Source((photo_folders[0],)), profile=hostile)
        path = write_project(tmp_path / "p.lensproject", project, {})
    drop(window, [path])
    idle(qtbot, window)
    assert window.step is Step.INSPECT and window.message_bar.isVisible()
    assert "far above and below zero" in window.message_bar.text.text()
    window.go_to(Step.EXPORT)
    # It stays while the user looks around.
    assert window.message_bar.isVisible()
    out = tmp_path / "out"
    window.export_page.folder.setText(str(out))
    qtbot.mouseClick(window.export_page.psf_button, LEFT)
    idle(qtbot, window)
    assert "no lens's" in window.message_bar.text.text()
    window.controller.write_report(tmp_path / "r.html")
    idle(qtbot, window)
    assert "no lens's" in window.message_bar.text.text()
    assert not out.exists() and not (tmp_path / "r.html").exists()
