"""No words are cut, in any step, with large text and in small windows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cut_words import cut_words
from desktop import idle
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from lenscal.files.psf.profile import Profile
from lenscal.gui import theme
from lenscal.gui.main_window import SMALLEST_PX, MainWindow
from lenscal.optics.psf_grid import delta_grid
from lenscal.session import Step, with_psf

SIZES = {"laptop": (1280, 720), "smallest": SMALLEST_PX}
"""In the window's own pixels, of which a screen of 2560 x 1440 has 1280 x 720 at 200 %."""


@pytest.fixture(params=[0, 6], ids=["usual text", "large text"])
def text(request: pytest.FixtureRequest, qapp: QApplication) -> Iterator[float]:
    """So many points more than usual, in the program's own looks."""
    usual, style, look = qapp.font(), qapp.styleSheet(), theme.appearance().theme.name
    theme.apply(qapp, "light")
    font = QFont(usual)
    font.setPointSizeF(usual.pointSizeF() + request.param)
    qapp.setFont(font)
    yield request.param
    qapp.setFont(usual)
    theme.apply(qapp, look)
    qapp.setStyleSheet(style)


@pytest.fixture
def filled(
    text: float,
    qtbot: QtBot,
    window: MainWindow,
    read_photos: Callable[[], None],
    photo_folders: tuple[Path, Path],
    tmp_path: Path,
) -> MainWindow:
    """The window with photos, a profile of a lens with a long name, and a photo to correct."""
    read_photos()
    c = window.controller
    grid = replace(
        delta_grid((3, 4), 13, (96, 144)), confidence=np.full((3, 4, 3), 0.7, np.float32)
    )
    profile = Profile(
        grid,
        camera="NIKON CORPORATION NIKON D750",
        lens="AF-S Zoom-Nikkor 24-70mm f/2.8G ED",
        focal_mm=35.0,
        aperture_sharp=5.6,
        aperture_degraded=1.8,
        pixel_pitch_um=5.95,
        curves={"flow loss": [(n, 1 / (n + 1)) for n in range(9)]},
    )
    session = with_psf(c.session, grid, "AF-S Zoom-Nikkor 24-70mm f-2.8G ED.lenscal")
    c.change(replace(session, profile=profile, photo=photo_folders[1] / "d0.dng"))
    window.export_page.folder.setText(str(tmp_path / "out"))
    idle(qtbot, window)
    return window


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_no_words_are_cut_in_any_step(
    qtbot: QtBot, filled: MainWindow, size: tuple[int, int], text: float
) -> None:
    filled.resize(*size)
    cut, scrolls = [], []
    for step in Step:
        filled.go_to(step)
        qtbot.wait(60)
        cut += [f"{step.name}: {words}" for words in cut_words(filled)]
        room = filled.pages.currentWidget()
        bars = room.horizontalScrollBar(), room.verticalScrollBar()
        scrolls += [
            f"{step.name}: {bar.orientation().name} by {bar.maximum()} px"
            for bar in bars
            if bar.maximum()
        ]
    assert cut == []
    # Only large text takes more than even a small screen has.
    assert text or scrolls == []


def test_what_is_cut_is_found(qtbot: QtBot) -> None:
    """The check itself: by its own width, and by what it stands in."""
    outer = QWidget()
    qtbot.addWidget(outer)
    outer.resize(200, 100)
    whole, short, wrapped = (QLabel("some words", outer) for _ in range(3))
    for n, label in enumerate((whole, short, wrapped)):
        label.setGeometry(0, 30 * n, 180, 25)
    outside = QLabel("outside", outer)
    outside.setGeometry(150, 5, 180, 20)
    short.resize(20, 25)
    wrapped.setWordWrap(True)
    wrapped.resize(45, 12)
    outer.show()
    found = cut_words(outer)
    assert len(found) == 3 and sum("reaches out" in words for words in found) == 1
