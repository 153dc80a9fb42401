"""Profiles to give away, and the preference that nothing written says whose it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import exiv2
import pytest
from desktop import LEFT, idle
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from lenscal.files.psf.profile import Profile, ProfilePhoto, read_profile, write_profile
from lenscal.gui.dialogs.licences_dialog import LicencesDialog
from lenscal.gui.main_window import MainWindow
from lenscal.optics.psf_grid import delta_grid
from lenscal.preferences import Preferences, PreferencesFile
from lenscal.session import Step

SERIAL = "SN47110815"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    photos = (ProfilePhoto("IMG_0815.dng", "sharp", "ab" * 32),)
    profile = Profile(
        delta_grid((3, 4), 5, (96, 144)), lens="Tiny 35mm f/1.8", lens_serial=SERIAL, photos=photos
    )
    return write_profile(tmp_path / "own.lenscal", profile)


@pytest.fixture
def opened(qtbot: QtBot, window: MainWindow, own: Path, tmp_path: Path) -> MainWindow:
    window.controller.open_psf(own)
    idle(qtbot, window)
    window.go_to(Step.EXPORT)
    window.export_page.folder.setText(str(tmp_path / "out"))
    return window


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[str]]:
    """What dialogs are told, the next one first, and what they had proposed."""
    given: list[str] = []
    proposed: list[str] = []

    def answer(_parent: object, _title: str, start: str, *_: object) -> tuple[str, str]:
        proposed.append(start)
        return given.pop(0), "Web page (*.html)"

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    return given, proposed


@pytest.mark.parametrize("menu", [False, True])
def test_a_copy_to_share(
    qtbot: QtBot,
    opened: MainWindow,
    answers: tuple[list[str], list[str]],
    tmp_path: Path,
    menu: bool,
) -> None:
    given, proposed = answers
    given += [str(tmp_path / "copy"), str(tmp_path / "full")]
    card = opened.export_page.profile_card
    if menu:
        opened.go_to(Step.IMPORT)
        opened.menus.actions["share"].trigger()
        assert opened.step is Step.EXPORT
    else:
        qtbot.mouseClick(card.share_button, LEFT)
    idle(qtbot, opened)
    qtbot.mouseClick(card.profile_button, LEFT)
    idle(qtbot, opened)
    shared, full = (read_profile(tmp_path / f"{name}.lenscal") for name in ("copy", "full"))
    assert (shared.lens_serial, full.lens_serial) == ("", SERIAL)
    assert (shared.photos[0].name, full.photos[0].name) == ("sharp 1", "IMG_0815.dng")
    # Not cut at the slash of the lens's name.
    folder = tmp_path / "out"
    assert [Path(name) for name in proposed] == [
        folder / "Tiny 35mm f-1.8 to share.lenscal",
        folder / "Tiny 35mm f-1.8.lenscal",
    ]


def test_the_opened_profile_is_not_replaced_by_its_copy(
    qtbot: QtBot, opened: MainWindow, answers: tuple[list[str], list[str]], own: Path
) -> None:
    answers[0].append(str(own))
    before = own.read_bytes()
    qtbot.mouseClick(opened.export_page.profile_card.share_button, LEFT)
    assert not opened.controller.busy and own.read_bytes() == before
    assert "choose another name" in opened.message_bar.text.text()


def test_without_a_profile_there_is_nothing_to_share(window: MainWindow) -> None:
    window.menus.actions["share"].trigger()
    assert "There is no profile to share" in window.message_bar.text.text()


def test_the_preference_holds_for_all_that_is_written(
    qtbot: QtBot,
    opened: MainWindow,
    answers: tuple[list[str], list[str]],
    photo_folders: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    qtbot.keyClick(opened, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    dialog = opened.commands.dialog
    assert not dialog.private.isChecked()
    qtbot.mouseClick(dialog.private, LEFT, pos=QPoint(10, dialog.private.height() // 2))
    assert dialog.private.isChecked()
    dialog.buttons.accepted.emit()
    assert opened.preferences.values == replace(Preferences(), private=True)
    answers[0].extend([str(tmp_path / "p.lenscal"), str(tmp_path / "r.html")])
    page = opened.export_page
    qtbot.mouseClick(page.profile_card.profile_button, LEFT)
    idle(qtbot, opened)
    qtbot.mouseClick(page.profile_card.report_button, LEFT)
    idle(qtbot, opened)
    assert read_profile(tmp_path / "p.lenscal").lens_serial == ""
    report = (tmp_path / "r.html").read_text()
    assert "Tiny 35mm" in report and SERIAL not in report and "IMG_0815" not in report
    photo = tmp_path / "d0.dng"
    photo.write_bytes((photo_folders[1] / "d0.dng").read_bytes())
    image = exiv2.ImageFactory.open(str(photo))
    image.readMetadata()
    image.exifData()["Exif.Photo.BodySerialNumber"] = SERIAL
    image.writeMetadata()
    page.add_photos([photo])
    qtbot.mouseClick(page.photos_button, LEFT)
    idle(qtbot, opened)
    (written,) = (tmp_path / "out").iterdir()
    assert SERIAL.encode() in photo.read_bytes() and SERIAL.encode() not in written.read_bytes()


def test_the_preference_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "window.json"
    PreferencesFile(path).change(private=True)
    assert PreferencesFile(path).values.private


def test_licences_are_shown(qtbot: QtBot, window: MainWindow) -> None:
    window.menus.actions["about"].trigger()
    dialog = window.commands.dialog
    qtbot.mouseClick(dialog.licences_button, LEFT)
    (shown,) = dialog.findChildren(LicencesDialog)
    assert shown.isVisible() and "numpy" in shown.list.toPlainText()
    assert shown.list.isReadOnly()
    qtbot.keyClick(shown, Qt.Key.Key_Escape)
    assert not shown.isVisible() and dialog.isVisible()
    dialog.reject()
