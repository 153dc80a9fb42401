"""Enlarging a photo from the window."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lenscal.enlarge.settings import EnlargeMethod
from lenscal.gui.dialogs.enlarge_dialog import EnlargeDialog
from lenscal.gui.main_window import MainWindow
from lenscal.session import Step


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """Dead leaves of a few pixels, blurred and halved; higher than wide."""
    rng = np.random.default_rng(0)
    scene = np.full((280, 200, 3), 90, np.float32)
    for _ in range(900):
        y, x, r = rng.integers(0, 280), rng.integers(0, 200), int(rng.integers(3, 16))
        cv2.circle(scene, (int(x), int(y)), r, tuple(map(float, rng.integers(30, 230, 3))), -1)
    small = cv2.GaussianBlur(scene, (0, 0), 1.2)[::2, ::2]
    cv2.imwrite(str(tmp_path / "<i>small.png"), small.round().astype(np.uint8))
    return tmp_path / "<i>small.png"


def test_a_picture_is_enlarged_and_shown_beside_a_plain_enlargement(
    window: MainWindow, photo: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    action = window.menus.actions["enlarge"]
    assert action.shortcut().toString() == "Ctrl+U"
    action.trigger()
    dialog = window.commands.dialog
    assert isinstance(dialog, EnlargeDialog) and not dialog.start_button.isEnabled()
    dialog.choose(photo=photo, folder=tmp_path / "out")
    assert dialog.photo_name.text() == "<i>small.png"
    assert dialog.settings.factor == 2 and dialog.settings.method is EnlargeMethod.PNP
    qtbot.mouseClick(dialog.start_button, Qt.MouseButton.LeftButton)
    assert dialog.cancel_button.isVisible() and not dialog.start_button.isEnabled()
    qtbot.waitUntil(lambda: dialog.start_button.isEnabled(), timeout=120_000)
    written = cv2.imread(str(tmp_path / "out" / "<i>small_x2.png"))
    assert written is not None, dialog.state.text()
    assert written.shape == (280, 200, 3)
    assert "_x2.png" in dialog.state.text() and "kernel of" in dialog.state.text()
    assert dialog.kernel.kernels is not None and dialog.kernel.kernels.shape[:3] == (1, 1, 3)
    # The middle of the photo, and of the file that was written.
    part = dialog.compare.visible_part
    assert part is not None
    dialog.reject()


def test_a_photo_that_cannot_be_read_is_said_in_the_dialog(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnot a picture")
    window.go_to(Step.CORRECT)
    qtbot.mouseClick(window.correct_page.enlarge_button, Qt.MouseButton.LeftButton)
    dialog = window.commands.dialog
    assert isinstance(dialog, EnlargeDialog)
    dialog.choose(photo=tmp_path / "broken.png", folder=tmp_path / "out")
    dialog.start_button.click()
    qtbot.waitUntil(lambda: dialog.start_button.isEnabled(), timeout=60_000)
    assert "broken.png" in dialog.state.text()
    assert not (tmp_path / "out").exists()
    dialog.reject()
