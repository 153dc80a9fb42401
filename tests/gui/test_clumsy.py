"""What goes wrong at a clumsy hand is said in words, and nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from desktop import LEFT, drop, idle
from pytestqt.qtbot import QtBot

from lenscal.gui.main_window import MainWindow
from lenscal.intake.inputs import Inputs
from lenscal.session import Step


def test_swapped_sets_are_noticed_and_swapped_back(
    qtbot: QtBot,
    window: MainWindow,
    read_photos: Callable[[], None],
    photo_folders: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    page = window.import_page
    assert not page.swap_button.isVisible()
    monkeypatch.setattr(Inputs, "swapped", property(lambda _: True))
    read_photos()
    assert "swapped" in window.message_bar.text.text() and window.step is Step.CHECK
    window.go_to(Step.IMPORT)
    qtbot.mouseClick(page.swap_button, LEFT)
    session = window.controller.session
    assert (session.sharp.paths, session.degraded.paths) == (
        (photo_folders[1],),
        (photo_folders[0],),
    )
    assert session.inputs is None and page.sharp.paths == (photo_folders[1],)
    qtbot.waitUntil(
        lambda: not page.sharp.previews.busy and not page.degraded.previews.busy, timeout=10_000
    )


@pytest.mark.parametrize("folder", ["", "  ", "pictures", "~nobody-of-that-name/x"])
def test_nothing_is_written_to_where_the_program_was_started(
    qtbot: QtBot,
    exporting: MainWindow,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    page = exporting.export_page
    page.folder.setText(folder)
    for button in (page.photos_button, page.psf_button, page.folder_row.show_button):
        qtbot.mouseClick(button, LEFT)
        idle(qtbot, exporting)
        assert "folder" in exporting.message_bar.text.text()
    assert not list(tmp_path.iterdir())


def test_a_place_that_takes_no_files_is_said_in_words(
    qtbot: QtBot, exporting: MainWindow, tmp_path: Path
) -> None:
    page, message = exporting.export_page, exporting.message_bar.text
    (tmp_path / "file").write_text("")
    page.folder.setText(str(tmp_path / "file" / "inside"))
    for button in (page.photos_button, page.psf_button):
        qtbot.mouseClick(button, LEFT)
        idle(qtbot, exporting)
        assert "choose another place" in message.text() and "Unexpected" not in message.text()
        exporting.message_bar.hide()


def test_a_full_disk_is_said_for_its_photo(
    qtbot: QtBot, exporting: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Path, *args: object, **kwargs: object) -> None:
        raise OSError(28, os.strerror(28), str(self))

    monkeypatch.setattr(Path, "replace", full)
    for way in ("replace", "link"):
        monkeypatch.setattr(os, way, lambda source, target: full(Path(target)))
    qtbot.mouseClick(exporting.export_page.photos_button, LEFT)
    idle(qtbot, exporting)
    queue = exporting.export_page.queue
    assert (
        "No space left" in queue.words(queue.photos[0])
        and "0 of 1" in exporting.message_bar.text.text()
    )
    assert not list(Path(exporting.export_page.folder.text()).iterdir())


def test_photos_that_vanish_are_said_once_each(
    qtbot: QtBot, exporting: MainWindow, tmp_path: Path
) -> None:
    gone = tmp_path / "gone.dng"
    exporting.export_page.add_photos([gone])
    qtbot.mouseClick(exporting.export_page.photos_button, LEFT)
    idle(qtbot, exporting)
    assert exporting.message_bar.text.text().count("gone.dng") == 1


def test_a_folder_that_vanishes_can_come_back(
    qtbot: QtBot, window: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    sharp = tmp_path / "sharp"
    sharp.mkdir()
    for photo in photo_folders[0].iterdir():
        (sharp / photo.name).write_bytes(photo.read_bytes())
    page = window.import_page
    drop(page.sharp.drop, [sharp])
    drop(page.degraded.drop, [photo_folders[1]])
    qtbot.waitUntil(
        lambda: not page.sharp.previews.busy and not page.degraded.previews.busy, timeout=10_000
    )
    sharp.rename(tmp_path / "elsewhere")
    qtbot.mouseClick(page.read_button, LEFT)
    idle(qtbot, window)
    assert "there is no such" in window.message_bar.text.text() and window.step is Step.IMPORT
    (tmp_path / "elsewhere").rename(sharp)
    qtbot.mouseClick(page.read_button, LEFT)
    idle(qtbot, window)
    assert window.step is Step.CHECK and not window.message_bar.isVisible()


def test_likely_mistakes_are_told_before_anything_is_read(
    qtbot: QtBot, window: MainWindow, photo_folders: tuple[Path, Path]
) -> None:
    page = window.import_page
    sharp, wide = photo_folders
    drop(page.sharp.drop, [wide])
    drop(page.degraded.drop, [sharp])
    qtbot.waitUntil(
        lambda: "The sharp photos are at f/1.8, the others at f/5.6" in page.doubt.text(),
        timeout=10_000,
    )
    qtbot.mouseClick(page.swap_button, LEFT)
    qtbot.waitUntil(
        lambda: len(page.sharp.list.previews) == 3 and len(page.degraded.list.previews) == 4,
        timeout=10_000,
    )
    assert not page.doubt.text()
    drop(page.degraded.drop, [sharp])
    assert "same photos" in page.doubt.text()
    drop(page.degraded.drop, [wide])
    qtbot.waitUntil(lambda: len(page.degraded.list.previews) == 4, timeout=10_000)
    page.degraded.fields.aperture.setValue(5.6)
    assert "at f/5.6" in page.doubt.text()
    page.degraded.fields.aperture.setValue(16)  # stopped down so far that it blurs: nothing wrong
    assert not page.doubt.text()


def test_a_folder_of_damaged_jpegs_says_so(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    for n in range(2):
        (tmp_path / f"{n}.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    drop(window.import_page.sharp.drop, [tmp_path])
    panel = window.import_page.sharp
    qtbot.waitUntil(lambda: "2 cannot be read" in panel.summary.text(), timeout=5000)
    assert "cut off" in panel.list.photos.item(0).text()
