"""Whatever the settings file is, the window starts, and says what is wrong."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from test_fuzz_readers import CORPUS

from lenscal.preferences import PreferencesFile

pytest.importorskip("PySide6")

CASES = [case for case in sorted(CORPUS.iterdir()) if case.name.startswith("window.json")]


@pytest.mark.parametrize("case", [*CASES, None], ids=lambda case: case.name if case else "pipe")
def test_the_window_starts(tmp_path: Path, case: Path | None, qtbot, monkeypatch) -> None:
    from lenscal.gui.controller import Controller
    from lenscal.gui.main_window import MainWindow
    from lenscal.gui.tasks import Tasks
    from lenscal.jobs.window.folders import user_folders

    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "window.json"
    if case is not None:
        path.write_bytes(case.read_bytes())
    elif sys.platform != "win32":
        os.mkfifo(path)
    preferences = PreferencesFile(path)
    assert preferences.problem
    controller = Controller(Tasks(), user_folders(preferences.values.cache))
    window = MainWindow(controller, preferences)
    qtbot.addWidget(window)
    window.show()
    assert window.isVisible()
    controller.close()
