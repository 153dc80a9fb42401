"""Step 5 says what is wrong with a photo where it is shown, and computes nothing of it before."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conftest import SIZE, write_photo
from desktop import LEFT, idle
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from lenscal.files.psf.profile import Profile, write_profile
from lenscal.gui.main_window import MainWindow
from lenscal.optics.psf_grid import delta_grid
from lenscal.session import Step


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> MainWindow:
    """The fifth step, with a profile of the tiny lens at f/1.8."""
    grid = delta_grid((3, 4), 5, SIZE)
    kernels = grid.kernels.copy()
    kernels[..., 2, 1:4] = 1 / 3
    profile = Profile(
        replace(grid, kernels=kernels),
        camera="Tiny One",
        lens="Tiny 35mm f/1.8",
        focal_mm=35,
        aperture_degraded=1.8,
    )
    window.controller.open_psf(write_profile(tmp_path / "lens.lenscal", profile))
    idle(qtbot, window)
    window.go_to(Step.CORRECT)
    return window


def settled(qtbot: QtBot, window: MainWindow) -> None:
    preview = window.controller.previewer
    qtbot.waitUntil(lambda: not preview.working, timeout=60_000)


@pytest.mark.parametrize(
    ("photo", "words"),
    [
        ({"aperture": 5.6}, "f/5.6"),
        ({"aperture": 1.8, "lens": "Other 50mm f/1.4"}, "Other 50mm f/1.4"),
    ],
)
def test_a_photo_that_does_not_suit_is_told_before_anything_is_computed(
    qtbot: QtBot, opened: MainWindow, tmp_path: Path, photo: dict[str, object], words: str
) -> None:
    path = write_photo(tmp_path / "other.dng", seed=3, **photo)  # type: ignore[arg-type]
    page = opened.correct_page
    opened.controller.set_photo(path)
    qtbot.waitUntil(page.fit_bar.isVisible, timeout=60_000)
    settled(qtbot, opened)
    assert words in page.fit_bar.text.text() and "Ctrl+O" in page.fit_bar.text.text()
    developed = opened.controller.previewer.developed
    assert developed is not None
    assert np.array_equal(developed.before[0], developed.after[0])
    assert "does not suit" in page.preview_state.text()

    qtbot.mouseClick(page.fit_bar.button, LEFT)
    settled(qtbot, opened)
    assert not np.array_equal(developed.before[0], developed.after[0])
    # What was said still holds.
    assert page.fit_bar.isVisible() and not page.fit_bar.button.isVisible()

    opened.controller.set_photo(write_photo(tmp_path / "right.dng", seed=4, aperture=1.8))
    settled(qtbot, opened)
    assert not page.fit_bar.isVisible()
    right = opened.controller.previewer.developed
    assert right is not None and not np.array_equal(right.before[0], right.after[0])

    # Its former answer was about the other photo.
    opened.controller.set_photo(path)
    qtbot.waitUntil(page.fit_bar.isVisible, timeout=60_000)
    assert page.fit_bar.button.isVisible()


def test_another_profile_is_compared_anew(qtbot: QtBot, opened: MainWindow, tmp_path: Path) -> None:
    opened.controller.set_photo(write_photo(tmp_path / "other.dng", seed=3, aperture=5.6))
    page = opened.correct_page
    qtbot.waitUntil(page.fit_bar.isVisible, timeout=60_000)
    profile = opened.controller.session.profile
    assert profile is not None
    path = write_profile(tmp_path / "f5.lenscal", replace(profile, aperture_degraded=5.6))
    opened.controller.open_psf(path)
    idle(qtbot, opened)
    opened.go_to(Step.CORRECT)
    settled(qtbot, opened)
    assert not page.fit_bar.isVisible()


def test_a_photo_that_cannot_be_read_says_so_where_it_would_be(
    qtbot: QtBot, opened: MainWindow, tmp_path: Path
) -> None:
    broken, page = tmp_path / "broken.dng", opened.correct_page
    broken.write_bytes(b"II*\0 not a photo at all" * 20)
    opened.controller.set_photo(broken)
    qtbot.waitUntil(lambda: "broken.dng" in page.compare.placeholder, timeout=60_000)
    assert "Reading" not in page.compare.placeholder and not page.button.isEnabled()
    # And it stays said, whatever else changes.
    opened.controller.set_restore(replace(opened.controller.session.restore, amount=0.5))
    settled(qtbot, opened)
    assert "broken.dng" in page.compare.placeholder
    opened.controller.set_photo(write_photo(tmp_path / "right.dng", seed=4, aperture=1.8))
    settled(qtbot, opened)
    assert page.button.isEnabled()


def test_while_a_job_runs_the_page_does_not_claim_to_read(
    qtbot: QtBot, opened: MainWindow, read_photos: object
) -> None:
    read_photos()  # type: ignore[operator]
    opened.go_to(Step.CALIBRATE)
    qtbot.mouseClick(opened.calibrate_page.button, LEFT)
    qtbot.waitUntil(lambda: opened.controller.busy, timeout=10_000)
    photo = opened.controller.session.inputs.degraded.frames[0].info.path
    opened.controller.set_photo(photo)
    opened.go_to(Step.CORRECT)
    assert "A job is running" in opened.correct_page.compare.placeholder
    opened.controller.worker.cancel()
    idle(qtbot, opened)
    settled(qtbot, opened)
    assert opened.correct_page.compare.placeholder != "A job is running"


def test_keys_of_the_picture_work_after_a_click_on_its_buttons(
    qtbot: QtBot, opened: MainWindow, tmp_path: Path
) -> None:
    opened.controller.set_photo(write_photo(tmp_path / "right.dng", seed=4, aperture=1.8))
    settled(qtbot, opened)
    page = opened.correct_page
    for button in filter(QPushButton.isVisible, page.bar.findChildren(QPushButton)):
        # Wherever the keyboard was: in a box that has a use of its own for keys.
        page.method.setFocus()
        qtbot.mouseClick(button, LEFT)
        focus = QApplication.focusWidget()
        assert focus is page.compare, button.text()
        held = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(page.compare, "hold_original", held.append)
            qtbot.keyPress(focus, Qt.Key.Key_Space)
            qtbot.keyRelease(focus, Qt.Key.Key_Space)
        assert held == [True, False], button.text()
