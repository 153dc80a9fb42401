"""Plots of every step as pictures and tables."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from desktop import start_calibration
from PySide6.QtGui import QColor, QImage
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lenscal.gui import theme
from lenscal.gui.main_window import MainWindow

SUFFIXES = ("png", "svg", "csv")


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def colours(path: Path) -> set[int]:
    picture = QImage(str(path))
    return {
        picture.pixel(x, y)
        for x in range(0, picture.width(), 3)
        for y in range(0, picture.height(), 3)
    }


def test_the_texture_map_is_saved(
    window: MainWindow, read_photos: Callable[[], None], tmp_path: Path
) -> None:
    assert not window.check_page.save_button.isEnabled()
    read_photos()
    page = window.check_page
    assert page.save_button.isEnabled()
    for suffix in SUFFIXES:
        page.save_map(tmp_path / f"texture.{suffix}")
    assert len(colours(tmp_path / "texture.png")) > 3
    assert QSvgRenderer(str(tmp_path / "texture.svg")).isValid()
    lines = table(tmp_path / "texture.csv")
    assert len(lines) == 6 * 8 and (lines[-1]["row"], lines[-1]["col"]) == ("5", "7")
    assert all(0 <= float(line["share"]) <= 1 for line in lines)


def test_kernels_and_losses_are_saved(
    qtbot: QtBot, window: MainWindow, read_photos: Callable[[], None], tmp_path: Path
) -> None:
    page = window.calibrate_page
    assert not page.save_button.isEnabled()
    read_photos()
    start_calibration(qtbot, window)
    qtbot.waitUntil(page.save_button.isEnabled, timeout=5000)
    for suffix in SUFFIXES:
        page.save_kernels(tmp_path / f"kernels.{suffix}")
        page.save_curves(tmp_path / f"losses.{suffix}", page.curves)
    assert len(colours(tmp_path / "kernels.png")) > 2 and len(colours(tmp_path / "losses.png")) > 2
    assert QSvgRenderer(str(tmp_path / "losses.svg")).isValid()
    kernels = table(tmp_path / "kernels.csv")
    assert len(kernels) == 64 * 13 * 13
    assert sum(
        float(line["G"]) for line in kernels if line["row"] == line["col"] == "3"
    ) == pytest.approx(1)
    losses = table(tmp_path / "losses.csv")
    assert losses[0] == {"curve": "flow loss", "x": "0", "y": "1"}


def test_what_cannot_be_written_is_said(
    window: MainWindow, read_photos: Callable[[], None], tmp_path: Path
) -> None:
    read_photos()
    window.check_page.save_map(tmp_path / "missing" / "texture.csv")
    assert "could not be written" in window.message_bar.text.text()


def test_names_of_curves_follow_the_theme(
    qtbot: QtBot, qapp: QApplication, window: MainWindow
) -> None:
    (curves,) = window.calibrate_page.curves.plots
    former = theme.theme().name
    try:
        theme.apply(qapp, "dark")
        curves.add_points([("loss", 0, 1.0), ("loss", 1, 0.5)])
        theme.apply(qapp, "light")
        qtbot.waitUntil(
            lambda: QColor(theme.theme().text).name() in curves._legend.items[0][1].item.toHtml()
        )
    finally:
        theme.apply(qapp, former)


def test_states_of_photos_follow_the_theme(
    qapp: QApplication, window: MainWindow, tmp_path: Path
) -> None:
    queue, former = window.export_page.queue, theme.theme().name
    window.export_page.add_photos([tmp_path / "a.dng"])
    queue.begin()
    try:
        for name in ("dark", "light"):
            theme.apply(qapp, name)
            assert queue.item(0, 1).foreground().color() == QColor(theme.THEMES[name].muted)
    finally:
        theme.apply(qapp, former)
