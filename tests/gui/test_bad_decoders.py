"""A photo that crashes or hangs the decoder is one bad photo in the window, too."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from desktop import drop
from odd_decoders import lead_astray
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lenscal.gui.main_window import MainWindow
from lenscal.system.isolation import calls
from lenscal.system.isolation.calls import end_workers, in_workers


@pytest.fixture
def astray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    lead_astray(tmp_path / "site", monkeypatch)
    monkeypatch.setattr(calls, "PATIENCE_S", 4.0)
    with in_workers():
        yield
    end_workers()


@pytest.mark.usefixtures("astray")
def test_the_window_goes_on_where_a_photo_crashes_the_decoder(
    qtbot: QtBot, window: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    degraded = tmp_path / "degraded"
    shutil.copytree(photo_folders[1], degraded)
    (degraded / "broken.dng").unlink()
    for name in ("crash.dng", "hang.dng"):
        # Not equal to a good one, which would be its copy.
        (degraded / name).write_bytes((degraded / "d0.dng").read_bytes() + name.encode())
    page = window.import_page
    drop(page.sharp.drop, [photo_folders[0]])
    drop(page.degraded.drop, [degraded])
    qtbot.waitUntil(
        lambda: bool(page.degraded.list.previews) and not page.degraded.previews.busy,
        timeout=60_000,
    )
    photos = page.degraded.list.photos
    texts = [photos.item(n).text() for n in range(photos.rowCount())]
    unread = "\ncannot be read: "
    told = {name: why for name, _, why in (text.partition(unread) for text in texts) if why}
    assert told["crash.dng"].startswith("the library that reads it crashed")
    assert told["hang.dng"].startswith("reading it was given up after 4 s")
    assert len(told) == 2
    qtbot.mouseClick(page.read_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not window.controller.busy, timeout=60_000)
    inputs = window.controller.session.inputs
    assert inputs is not None
    rejected = {r.path.name for r in inputs.degraded.rejected if r.photo is None}
    assert rejected == {"crash.dng", "hang.dng"}
    assert len(inputs.degraded.frames) == 3
