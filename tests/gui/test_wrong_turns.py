"""What the window proposes and replaces: no wrong turn that a user would have to notice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from desktop import LEFT, idle
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QLabel,
    QMenu,
    QMessageBox,
    QPushButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from lenscal.calibration.settings import Stages
from lenscal.gui import app
from lenscal.gui.controller import Controller, Folders
from lenscal.gui.last_folder import last_folder, remember
from lenscal.gui.main_window import MainWindow
from lenscal.gui.pages.calibration.settings_form import SettingsForm
from lenscal.gui.tasks import Tasks
from lenscal.gui.widgets import device_names
from lenscal.preferences import PreferencesFile
from lenscal.session import Step
from lenscal.system import device


def boxes(window: MainWindow) -> list[QMessageBox]:
    return [b for b in window.findChildren(QMessageBox) if b.isVisible()]


def button(box: QMessageBox, text: str) -> Any:
    (found,) = (b for b in box.buttons() if b.text().replace("&", "") == text)
    assert isinstance(found, QPushButton)
    return found


def test_psf_files_that_are_there_are_replaced_only_when_asked(
    qtbot: QtBot, exporting: MainWindow, tmp_path: Path
) -> None:
    page, out = exporting.export_page, tmp_path / "out"
    qtbot.mouseClick(page.psf_button, LEFT)
    idle(qtbot, exporting)
    first = {p.name: p.stat().st_mtime_ns for p in out.iterdir()}
    assert set(first) == {"psf_R.fits", "psf_G.fits", "psf_B.fits"}

    qtbot.mouseClick(page.psf_button, LEFT)
    (box,) = boxes(exporting)
    assert "psf_R.fits" in box.text() and str(out) in box.text()
    # Pressed in haste.
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert not boxes(exporting) and not exporting.controller.busy
    assert {p.name: p.stat().st_mtime_ns for p in out.iterdir()} == first

    qtbot.mouseClick(page.psf_button, LEFT)
    (box,) = boxes(exporting)
    qtbot.mouseClick(button(box, "Replace"), LEFT)
    idle(qtbot, exporting)
    now = {p.name: p.stat().st_mtime_ns for p in out.iterdir()}
    assert set(now) == set(first) and all(now[name] > first[name] for name in now)


def test_dialogs_begin_at_home_and_not_where_the_program_was_started(
    qapp: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = last_folder()
    try:
        qapp.setProperty("lenscalLastFolder", None)
        monkeypatch.chdir(tmp_path)
        # What older versions have kept, too.
        for nothing in ("", "."):
            remember(nothing)
            assert last_folder() == str(Path.home())
        remember(tmp_path / "a.dng")
        assert last_folder() == str(tmp_path)
    finally:
        remember(before)


def test_the_demo_shows_what_it_runs(
    qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = []
    inner = window.controller.tasks.calibrate

    def noted(inputs: Any, settings: Any, *rest: Any, **how: Any) -> Any:
        ran.append(settings.stages)
        return inner(inputs, settings, *rest, **how)

    from dataclasses import replace

    c = window.controller
    c.tasks = replace(c.tasks, calibrate=noted)
    c.demo_size, c.demo_photos = (256, 384), 4
    qtbot.mouseClick(window.import_page.demo_button, LEFT)
    qtbot.waitUntil(lambda: bool(ran), timeout=120_000)
    assert ran == [Stages.ALL]
    assert window.calibrate_page.settings.stages is Stages.ALL
    c.worker.cancel()
    idle(qtbot, window)


@pytest.mark.parametrize(
    ("platform", "version", "driver", "there"),
    [
        ("linux", "2.13.0+cpu", "libcuda.so.1", ("auto", "cpu")),
        ("linux", "2.13.0+cu128", None, ("auto", "cpu")),
        ("linux", "2.13.0+cu128", "libcuda.so.1", ("auto", "cpu", "cuda")),
        ("darwin", "2.13.0", None, ("auto", "cpu", "mps")),
    ],
)
def test_devices_that_a_computer_lacks_cannot_be_chosen(
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    version: str,
    driver: str | None,
    there: tuple[str, ...],
) -> None:
    monkeypatch.setattr(device.sys, "platform", platform)
    monkeypatch.setattr(device, "_torch_version", lambda: version)
    monkeypatch.setattr(device.ctypes.util, "find_library", lambda _: driver)
    assert device.likely_devices() == there
    monkeypatch.setattr(device_names, "likely_devices", lambda: there)
    monkeypatch.setattr(device.sys, "platform", "linux")
    form = SettingsForm()
    qtbot.addWidget(form)
    model = form.device.model()
    enabled = [
        form.device.itemData(i) for i in range(form.device.count()) if model.item(i).isEnabled()
    ]
    assert tuple(enabled) == there


def letter(text: str) -> str:
    """The key that Alt makes of a text with an ampersand."""
    return QKeySequence.mnemonic(text).toString()


def letters_of(*parts: QWidget) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in parts:
        buttons = [b.text() for b in part.findChildren(QAbstractButton)]
        labels = [label.text() for label in part.findChildren(QLabel) if label.buddy() is not None]
        for text in (*buttons, *labels):
            if letter(text):
                found.setdefault(letter(text), []).append(text)
    return found


def test_alt_and_a_letter_lead_to_one_place(window: MainWindow) -> None:
    """A letter that a page and the menu bar share opens neither."""
    bar = {letter(action.text()): action.text() for action in window.menuBar().actions()}
    assert len(bar) == 6
    wrong = {}
    for step, page in window.pages.by_step.items():
        for key, texts in letters_of(page, window.job_bar, window.message_bar).items():
            if len(texts) > 1 or key in bar:
                wrong[step, key] = [*texts, bar.get(key)]
    assert wrong == {}


def test_so_do_the_letters_of_each_menu(window: MainWindow) -> None:
    for action in window.menuBar().actions():
        menu = action.menu()
        assert isinstance(menu, QMenu)
        texts = [item.text() for item in menu.actions() if letter(item.text())]
        assert len({letter(text) for text in texts}) == len(texts), texts


def test_a_new_project_takes_messages_of_the_former_one_away(
    qtbot: QtBot, exporting: MainWindow
) -> None:
    qtbot.mouseClick(exporting.export_page.psf_button, LEFT)
    idle(qtbot, exporting)
    assert exporting.export_page.results.isVisible()
    exporting.controller.message.emit("something went wrong", "error", "")
    assert exporting.message_bar.isVisible()
    qtbot.keyClick(exporting, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    assert not exporting.message_bar.isVisible()
    exporting.go_to(Step.EXPORT)
    assert not exporting.export_page.results.isVisible()


class Screen:
    def __init__(self, width: int, height: int) -> None:
        self._size = QRect(0, 0, width, height)

    def availableGeometry(self) -> QRect:
        return self._size


@pytest.mark.parametrize("room", [(1280, 720), (1366, 768), (1280, 800), (2560, 1440)])
def test_the_first_window_fits_on_the_screen(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, room: tuple[int, int]
) -> None:
    monkeypatch.setattr(window, "screen", lambda: Screen(*room))
    app.place(window, "", app.DEFAULT_SIZE)
    assert window.width() < room[0] and window.height() < room[1]
    assert window.width() <= 1280 and window.height() <= 800
    if room == (2560, 1440):
        assert (window.width(), window.height()) == (1280, 800)


def test_size_and_place_are_remembered(qtbot: QtBot, tmp_path: Path) -> None:
    file = PreferencesFile(tmp_path / "window.json")
    first = MainWindow(Controller(Tasks(), Folders(tmp_path / "c1", tmp_path / "kept")), file)
    qtbot.addWidget(first)
    first.show()
    # Qt keeps a window on the screen, and the one of these tests is small.
    first.setGeometry(40, 30, 1000, 720)
    first.close()
    again = PreferencesFile(tmp_path / "window.json")
    second = MainWindow(Controller(Tasks(), Folders(tmp_path / "c2", tmp_path / "kept")), again)
    qtbot.addWidget(second)
    app.place(second, again.values.geometry, app.DEFAULT_SIZE)
    assert (second.width(), second.height()) == (1000, 720)
    # What was asked for counts more, and what is damaged for nothing.
    app.place(second, again.values.geometry, (1000, 700))
    assert second.height() == 700
    app.place(second, "no geometry", app.DEFAULT_SIZE)
    second.close()


def test_a_message_moves_nothing_under_the_mouse(qtbot: QtBot, window: MainWindow) -> None:
    bar, page = window.message_bar, window.calibrate_page
    window.go_to(Step.CALIBRATE)
    qtbot.waitUntil(lambda: page.isVisible() and page.button.width() > 0, timeout=5000)
    before = page.button.mapTo(window, QPoint(0, 0)), page.geometry()
    for text in ("Short.", "Long: " + "there is very much to say about this photo, " * 12):
        window._show_message(text, "warning", "")
        qtbot.waitUntil(bar.isVisible, timeout=5000)
        QApplication.processEvents()
        assert (page.button.mapTo(window, QPoint(0, 0)), page.geometry()) == before
        # All of it can be read, and what stands beside the title can still be clicked.
        assert bar.height() >= bar.heightForWidth(bar.width())
        save = page.save_button
        where = save.mapTo(bar.parentWidget(), save.rect().center())
        assert not bar.geometry().contains(where)
    window.resize(1000, 720)
    qtbot.waitUntil(lambda: bar.width() < 1000, timeout=5000)
    window.go_to(Step.EXPORT)
    QApplication.processEvents()
    assert bar.isVisible() and bar.width() > 300
