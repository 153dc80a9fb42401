"""The library of lenses, in the window."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QMessageBox

from lenscal.files.psf.profile import Profile, write_profile
from lenscal.gui.dialogs import library_dialog
from lenscal.optics.psf_grid import delta_grid
from lenscal.session import Step, with_psf
from lenscal.system.user_folders import LIBRARY_VARIABLE


def profile(lens, f_number=1.8):
    return Profile(
        delta_grid((2, 2), 5, (96, 144)),
        camera="Nikon D750",
        lens=lens,
        focal_mm=35.0,
        pixel_pitch_um=4.3,
        aperture_sharp=5.6,
        aperture_degraded=f_number,
        created="2026-11-30",
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    folder = tmp_path / "library"
    monkeypatch.setenv(LIBRARY_VARIABLE, str(folder))
    return folder


def shown(dialog):
    return [dialog.table.item(row, 0).text() for row in range(dialog.table.rowCount())]


def test_add_open_and_remove(window, qtbot, tmp_path, folder, monkeypatch):
    source = write_profile(tmp_path / "fast.lenscal", profile("Fast 35mm f/1.8"))
    own = profile("Own 50mm f/2")
    window.controller.change(with_psf(window.controller.session, own.psf, "My lens", profile=own))
    window.menus.actions["library"].trigger()
    dialog = window.commands.dialog
    keeper = window.commands.library_keeper
    assert not dialog.open_button.isEnabled() and dialog.keep_button.isEnabled()
    monkeypatch.setattr(library_dialog, "ask_for_profiles", lambda *_: (source,))
    dialog.add_button.click()
    qtbot.waitUntil(lambda: shown(dialog) == ["fast"])
    dialog.keep_button.click()
    qtbot.waitUntil(lambda: shown(dialog) == ["fast", "My lens"])
    assert (folder / "My lens.lenscal").exists()
    assert "f/1.8 to f/11.2 predicted" in dialog.table.item(0, 3).text()
    # Asked first; the button deletes.
    dialog.table.selectRow(1)
    dialog.remove_button.click()
    box = dialog.findChild(QMessageBox)
    assert "My lens" in box.text()
    with qtbot.waitSignal(keeper.changed):
        next(b for b in box.buttons() if box.buttonRole(b).name == "DestructiveRole").click()
    assert shown(dialog) == ["fast"] and not (folder / "My lens.lenscal").exists()
    dialog.table.selectRow(0)
    dialog.open_button.click()
    qtbot.waitUntil(lambda: window.controller.session.psf_name == "Fast 35mm f/1.8")


def test_what_cannot_be_added_is_said(window, qtbot, tmp_path, folder, monkeypatch):
    bad = tmp_path / "bad.lenscal"
    bad.write_bytes(b"junk")
    window.commands.show_library()
    dialog = window.commands.dialog
    monkeypatch.setattr(library_dialog, "ask_for_profiles", lambda *_: (bad,))
    # Nothing is open that could be kept.
    assert not dialog.keep_button.isEnabled()
    dialog.add_button.click()
    qtbot.waitUntil(lambda: "bad.lenscal" in dialog.problem.text())
    assert dialog.problem.isVisible() and not folder.exists()
    assert window.pages.step is Step.IMPORT


def test_a_batch_can_take_each_photos_profile_from_the_library(
    exporting, qtbot, tmp_path, folder, make_dng
):
    folder.mkdir()
    other = replace(profile("Other 85mm f/1.8"), camera="Lenscal Test", focal_mm=85.0)
    write_profile(folder / "other.lenscal", other)
    photo = make_dng(
        tmp_path / "p.dng", size=(96, 144), lens="Other 85mm f/1.8", focal_mm=85.0, f_number=1.8
    )
    page, results = exporting.export_page, []
    exporting.controller.photos_written.connect(results.extend)
    page.add_photos([photo])
    # Not with the profile that is open, which is of another lens.
    page.photo_card.library.setChecked(True)
    page.folder.setText(str(tmp_path / "out"))
    page.export_photos()
    qtbot.waitUntil(lambda: bool(results), timeout=30_000)
    assert [(r.problem, r.profiles) for r in results] == [("", (folder / "other.lenscal",))]


def test_a_damaged_one_is_listed_with_the_reason_and_can_be_removed(
    window, qtbot, tmp_path, folder
):
    folder.mkdir()
    write_profile(folder / "fast.lenscal", profile("Fast 35mm f/1.8"))
    bad, elsewhere = folder / "bad.lenscal", tmp_path / "bad.lenscal"
    for path in (bad, elsewhere):
        path.write_bytes(b"junk")
    (folder / "folder.lenscal").mkdir()
    window.commands.show_library()
    dialog = window.commands.dialog
    qtbot.waitUntil(lambda: shown(dialog) == ["fast", "bad"])
    assert "bad.lenscal" in dialog.table.item(1, 3).text()
    # What has no line is said below.
    assert "folder.lenscal" in dialog.problem.text() and "bad" not in dialog.problem.text()
    dialog.table.selectRow(1)
    assert dialog.remove_button.isEnabled() and not dialog.open_button.isEnabled()
    # Nor by a double click.
    dialog.table.itemDoubleClicked.emit(dialog.table.item(1, 0))
    assert dialog.isVisible()
    dialog.remove_button.click()
    box = dialog.findChild(QMessageBox)
    with qtbot.waitSignal(window.commands.library_keeper.changed):
        next(b for b in box.buttons() if box.buttonRole(b).name == "DestructiveRole").click()
    assert shown(dialog) == ["fast"] and not bad.exists() and elsewhere.exists()
