"""Steps 1 and 2 by hand: what is seen of chosen photos, mixed folders, manual lenses, decisions and
coverage."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import write_photo
from desktop import drop
from picture_files import scene, srgb, stored, write_picture
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from lenscal.gui.background.photo_previews import PhotoPreviews
from lenscal.gui.main_window import MainWindow
from lenscal.gui.pages.check_page import CheckPage
from lenscal.gui.pages.photos.exif_words import date_text, exif_text
from lenscal.gui.pages.photos.source_panel import SourcePanel
from lenscal.project import project_of
from lenscal.raw.frame import PhotoInfo
from lenscal.raw.pictures.kinds import Light
from lenscal.session import Lack, Step, lacks

LEFT = Qt.MouseButton.LeftButton


def wait_for_previews(qtbot: QtBot, *panels: SourcePanel) -> None:
    qtbot.waitUntil(
        lambda: all(p.list.previews and not p.previews.busy for p in panels), timeout=20_000
    )


def idle(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: not window.controller.busy, timeout=60_000)


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """One folder with both apertures."""
    folder = tmp_path / "both"
    folder.mkdir()
    for n in range(3):
        write_photo(folder / f"a{n}.dng", aperture=5.6, seed=n)
        write_photo(folder / f"b{n}.dng", aperture=1.8, seed=10 + n)
    return folder


@pytest.fixture
def checked(qtbot: QtBot, window: MainWindow, read_photos: Callable[[], None]) -> CheckPage:
    read_photos()
    idle(qtbot, window)
    assert window.step is Step.CHECK
    return window.check_page


def row_of(page: CheckPage, name: str) -> int:
    return next(n for n, row in enumerate(page.model.rows) if row.path.name == name)


def verdict_of(page: CheckPage, name: str) -> str:
    return page.model.data(page.model.index(row_of(page, name), 2))


def tick_at(page: CheckPage, name: str) -> QPoint:
    """Middle of the tick of a photo, in the table's viewport."""
    index = page.model.index(row_of(page, name), 0)
    option = QStyleOptionViewItem()
    option.initFrom(page.table)
    option.rect = page.table.visualRect(index)
    option.features = QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator
    rect: QRect = page.table.style().subElementRect(
        QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, page.table
    )
    return rect.center()


# Import


def test_photos_are_seen_as_soon_as_they_are_dropped(
    qtbot: QtBot, window: MainWindow, photo_folders: tuple[Path, Path]
) -> None:
    panel = window.import_page.degraded
    drop(panel.drop, [photo_folders[1]])
    wait_for_previews(qtbot, panel)
    texts = [panel.list.photos.item(n).text() for n in range(panel.list.photos.rowCount())]
    assert texts[1] == "d0.dng\nf/1.8 · 35 mm · ISO 200 · 1/100 s · 2026-01-01 12:00"
    assert (
        texts[0].startswith("broken.dng\ncannot be read: ")
        and not panel.list.photos.item(0).isEnabled()
    )
    assert (
        panel.list.photos.item(0).icon().availableSizes()
        and panel.list.photos.item(1).icon().availableSizes()
    )
    assert "4 photos" in panel.summary.text() and "1 cannot be read" in panel.summary.text()
    assert "Tiny 35mm f/1.8" in panel.summary.text()


def test_a_mixed_folder_is_split_by_aperture(qtbot: QtBot, window: MainWindow, mixed: Path) -> None:
    page = window.import_page
    drop(page.sharp.drop, [mixed])
    qtbot.waitUntil(lambda: bool(page.degraded.paths), timeout=20_000)
    wait_for_previews(qtbot, page.sharp, page.degraded)
    session = window.controller.session
    assert (session.sharp.aperture, session.degraded.aperture) == (5.6, 1.8)
    assert session.sharp.paths == session.degraded.paths == (mixed,)
    rows = [n for n in range(6) if not page.sharp.list.isRowHidden(n)]
    assert [page.sharp.list.photos.item(n).text()[:2] for n in rows] == ["a0", "a1", "a2"]
    qtbot.mouseClick(page.read_button, LEFT)
    idle(qtbot, window)
    inputs = window.controller.session.inputs
    assert [p.path.name for p in inputs.sharp.photos] == ["a0.dng", "a1.dng", "a2.dng"]
    assert [p.path.name for p in inputs.degraded.photos] == ["b0.dng", "b1.dng", "b2.dng"]


def test_another_aperture_is_picked_by_a_click(
    qtbot: QtBot, window: MainWindow, mixed: Path
) -> None:
    write_photo(mixed / "c0.dng", aperture=8, seed=30)
    page = window.import_page
    drop(page.degraded.drop, [mixed])
    qtbot.waitUntil(lambda: bool(page.sharp.paths), timeout=20_000)
    wait_for_previews(qtbot, page.sharp, page.degraded)
    assert list(page.sharp.apertures.choice.buttons) == ["1.8", "5.6", "8"]
    qtbot.mouseClick(page.sharp.apertures.choice.buttons["8"], LEFT)
    assert window.controller.session.sharp.aperture == 8
    assert page.sharp.fields.aperture.value() == 8 and page.sharp.apertures.choice.value == "8"
    assert window.controller.session.degraded.aperture == 1.8


def test_a_set_that_is_there_is_not_replaced_by_a_split(
    qtbot: QtBot, window: MainWindow, mixed: Path, photo_folders: tuple[Path, Path]
) -> None:
    page = window.import_page
    drop(page.degraded.drop, [photo_folders[1]])
    drop(page.sharp.drop, [mixed])
    wait_for_previews(qtbot, page.sharp, page.degraded)
    session = window.controller.session
    assert session.degraded.paths == (photo_folders[1],) and session.sharp.aperture is None
    assert page.sharp.apertures.isVisible()
    qtbot.mouseClick(page.sharp.apertures.choice.buttons["5.6"], LEFT)
    assert window.controller.session.sharp.aperture == 5.6


def test_a_manual_lens_is_typed_in(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    folders = [tmp_path / "s", tmp_path / "d"]
    for n, folder in enumerate(folders):
        folder.mkdir()
        write_photo(folder / "x.dng", aperture=0, seed=n, lens="")
    page = window.import_page
    for panel, folder in zip((page.sharp, page.degraded), folders, strict=True):
        drop(panel.drop, [folder])
        wait_for_previews(qtbot, panel)
        assert "type in the aperture" in panel.summary.text()
    qtbot.mouseClick(page.read_button, LEFT)
    idle(qtbot, window)
    assert "“Aperture” of the sharp photos" in window.message_bar.text.text()
    for panel, text in ((page.sharp, "8"), (page.degraded, "2")):
        for field, keys in (
            (panel.fields.aperture, text),
            (panel.fields.lens, "Old 50mm f/2"),
            (panel.fields.focal, "50"),
        ):
            field.setFocus()
            field.selectAll()
            qtbot.keyClicks(field, keys)
            qtbot.keyClick(field, Qt.Key.Key_Tab)
    qtbot.mouseClick(page.read_button, LEFT)
    idle(qtbot, window)
    info = window.controller.session.inputs.degraded.photos[0].frame.info
    assert (info.aperture, info.lens, info.focal_mm) == (2, "Old 50mm f/2", 50)


def test_a_folder_without_photos_says_so_at_once(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    panel = window.import_page.sharp
    (tmp_path / "notes.txt").write_text("x")
    drop(panel.drop, [tmp_path])
    qtbot.waitUntil(lambda: "no RAW files" in panel.drop.text.text(), timeout=5000)
    assert panel.list.photos.rowCount() == 0


def test_the_former_folder_is_not_mixed_with_the_new_one(
    qtbot: QtBot, window: MainWindow, mixed: Path, photo_folders: tuple[Path, Path]
) -> None:
    panel = window.import_page.sharp
    drop(panel.drop, [mixed])
    drop(panel.drop, [photo_folders[0]])
    wait_for_previews(qtbot, panel)
    assert [preview.info.path.parent for preview in panel.list.previews] == [photo_folders[0]] * 3


def test_closing_ends_the_looking(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, photo_folders: tuple[Path, Path]
) -> None:
    for n in range(60):
        shutil.copy(photo_folders[0] / "s0.dng", tmp_path / f"{n}.dng")
    drop(window.import_page.sharp.drop, [tmp_path])
    qtbot.waitUntil(lambda: bool(window.import_page.sharp.list.previews), timeout=20_000)
    window.close()
    assert not window.import_page.sharp.previews.busy
    assert len(window.import_page.sharp.list.previews) < 60


def test_looking_again_uses_what_is_known(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, photo_folders: tuple[Path, Path]
) -> None:
    calls = []
    from lenscal.gui.background import photo_previews

    plain = photo_previews.read_preview
    monkeypatch.setattr(
        photo_previews, "read_preview", lambda path: calls.append(path) or plain(path)
    )
    looker = PhotoPreviews()
    for _ in range(2):
        with qtbot.waitSignal(looker.finished, timeout=20_000):
            looker.look(photo_folders[:1])
    looker.close()
    assert len(calls) == 3


def test_words_for_exif() -> None:
    assert date_text("2026:01:31 09:08:07") == "2026-01-31 09:08" and date_text("") == "–"
    assert exif_text(PhotoInfo(Path("x"))) == "f/? · ? mm · ISO ?"
    assert exif_text(
        PhotoInfo(Path("x"), aperture=1.4142, focal_mm=85, iso=6400, exposure_s=2)
    ) == ("f/1.41 · 85 mm · ISO 6400 · 2 s")


# Check


def test_a_photo_is_left_out_and_taken_back_by_its_tick(
    qtbot: QtBot, window: MainWindow, checked: CheckPage
) -> None:
    qtbot.mouseClick(checked.table.viewport(), LEFT, pos=tick_at(checked, "d1.dng"))
    assert verdict_of(checked, "d1.dng") == "left out by you"
    assert [p.path.name for p in window.controller.session.inputs.degraded.photos] == [
        "d0.dng",
        "d2.dng",
    ]
    assert "3 sharp photos and 2 to correct; 2 left out" in checked.summary.text()
    qtbot.mouseClick(checked.table.viewport(), LEFT, pos=tick_at(checked, "d1.dng"))
    assert verdict_of(checked, "d1.dng") == "kept by you"
    assert len(window.controller.session.inputs.degraded.photos) == 3


def test_decisions_are_undone_and_redone(
    qtbot: QtBot, window: MainWindow, checked: CheckPage
) -> None:
    assert not checked.undo_button.isEnabled()
    checked.table.selectRow(row_of(checked, "s1.dng"))
    qtbot.mouseClick(checked.leave_button, LEFT)
    assert len(window.controller.session.inputs.sharp.photos) == 2
    assert [row.path.name for row in checked.table.chosen_photos] == ["s1.dng"]
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (
        len(window.controller.session.inputs.sharp.photos) == 3
        and verdict_of(checked, "s1.dng") == "used"
    )
    qtbot.keyClick(window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert verdict_of(checked, "s1.dng") == "left out by you"
    qtbot.mouseClick(checked.undo_button, LEFT)
    assert verdict_of(checked, "s1.dng") == "used" and not checked.undo_button.isEnabled()


def test_space_turns_all_that_are_chosen(
    qtbot: QtBot, window: MainWindow, checked: CheckPage
) -> None:
    checked.table.setFocus()
    checked.table.selectRow(0)
    qtbot.keyClick(checked.table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert checked.table.chosen_indices == [0, 1]
    qtbot.keyClick(checked.table, Qt.Key.Key_Space)
    assert [verdict_of(checked, f"s{n}.dng") for n in range(3)] == [
        "left out by you",
        "left out by you",
        "used",
    ]
    qtbot.keyClick(checked.table, Qt.Key.Key_Space)
    assert len(window.controller.session.inputs.sharp.photos) == 3


def test_what_cannot_be_read_cannot_be_kept(
    qtbot: QtBot, window: MainWindow, checked: CheckPage
) -> None:
    row = row_of(checked, "broken.dng")
    checked.table.selectRow(row)
    assert not checked.keep_button.isEnabled() and not checked.leave_button.isEnabled()
    qtbot.mouseClick(checked.table.viewport(), LEFT, pos=tick_at(checked, "broken.dng"))
    assert verdict_of(checked, "broken.dng").startswith("left out: ")
    assert window.controller.session.decisions == {}
    picture = checked.model.data(checked.model.index(row, 0), Qt.ItemDataRole.DecorationRole)
    assert not picture.isNull()


def test_a_set_without_photos_cannot_go_on(
    qtbot: QtBot, window: MainWindow, checked: CheckPage
) -> None:
    checked.table.setFocus()
    checked.table.selectAll()
    qtbot.mouseClick(checked.leave_button, LEFT)
    assert lacks(window.controller.session)[Step.CALIBRATE] is Lack.ALL_LEFT_OUT
    assert not checked.next_button.isEnabled()
    qtbot.mouseClick(checked.keep_button, LEFT)
    assert checked.next_button.isEnabled()


def test_a_flat_photo_is_left_out_with_its_reason_and_kept_by_hand(
    qtbot: QtBot, window: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    from lenscal.files.photos.dng import DngInfo, write_raw_dng

    folder = tmp_path / "sky"
    shutil.copytree(photo_folders[1], folder)
    (folder / "broken.dng").unlink()
    flat = np.random.default_rng(0).normal(6000, 30, (96, 144)).astype(np.uint16)
    write_raw_dng(
        folder / "sky.dng",
        flat,
        info=DngInfo(
            cfa="RGGB",
            black=512,
            white=16383,
            make="Tiny",
            model="Tiny One",
            lens="Tiny 35mm f/1.8",
            f_number=1.8,
            focal_mm=35,
            iso=200,
            exposure_s=0.01,
            date_time="2026:01:01 12:00:00",
            noise_profile=[(1.5e-4, 1e-6)],
            colour_matrix=np.array([[0.7, -0.2, -0.05], [-0.4, 1.2, 0.2], [-0.1, 0.2, 0.6]]),
            as_shot_neutral=(0.5, 1.0, 0.625),
        ),
    )
    drop(window.import_page.sharp.drop, [photo_folders[0]])
    drop(window.import_page.degraded.drop, [folder])
    qtbot.mouseClick(window.import_page.read_button, LEFT)
    idle(qtbot, window)
    page = window.check_page
    reason = verdict_of(page, "sky.dng")
    assert reason.startswith("left out: ") and len(reason) > 20
    assert page.model.data(page.model.index(row_of(page, "sky.dng"), 3)) == "f/1.8"
    page.table.selectRow(row_of(page, "sky.dng"))
    qtbot.mouseClick(page.keep_button, LEFT)
    assert verdict_of(page, "sky.dng").startswith("kept by you, but ")
    assert "sky.dng" in [p.path.name for p in window.controller.session.inputs.degraded.photos]
    qtbot.mouseClick(page.which.buttons["chosen"], LEFT)
    assert page.map.data.values.max() < 0.2


def test_coverage_is_shown_for_each_set(qtbot: QtBot, checked: CheckPage) -> None:
    assert checked.map.data.values.shape == (6, 8)
    assert checked.map.data.title.startswith("3 photos")
    for value in ("sharp", "degraded"):
        qtbot.mouseClick(checked.which.buttons[value], LEFT)
        assert checked.map.data.title.startswith("3 photos")
    checked.table.clearSelection()
    qtbot.mouseClick(checked.which.buttons["chosen"], LEFT)
    assert checked.map.data is None
    checked.table.selectRow(0)
    assert checked.map.data.title.startswith("1 photo")
    checked.map.grab()


def test_sets_of_pictures_are_read_and_judged(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    page = window.import_page
    for folder, panel in (("clean", page.sharp), ("blurred", page.degraded)):
        for n in range(3):
            pixels = stored(srgb(scene((128, 192), seed=n)), np.uint8)
            write_picture(tmp_path / folder / f"{folder}{n}.png", pixels)
        # What lies beside them is no photo.
        (tmp_path / folder / "notes.txt").write_text("x")
        drop(panel.drop, [tmp_path / folder])
        qtbot.waitUntil(lambda panel=panel: len(panel.infos) == 3, timeout=10000)
        assert "3 photos" in panel.summary.text()
        assert "type in" not in panel.summary.text()
        assert "192 × 128 px" in panel.list.photos.item(0).text()
    qtbot.mouseClick(page.read_button, LEFT)
    qtbot.waitUntil(lambda: window.controller.session.inputs is not None, timeout=20000)
    inputs = window.controller.session.inputs
    assert inputs is not None
    assert [photo.path.name for photo in inputs.sharp.photos] == [f"clean{n}.png" for n in range(3)]


def test_what_the_values_of_pictures_mean_is_asked_for_pictures_alone(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, photo_folders: tuple[Path, Path]
) -> None:
    page = window.import_page
    drop(page.sharp.drop, [photo_folders[0]])
    wait_for_previews(qtbot, page.sharp)
    assert not page.sharp.fields.light.isVisible()
    for panel, name in ((page.sharp, "s"), (page.degraded, "d")):
        folder = tmp_path / name
        folder.mkdir()
        write_picture(folder / "x.png", stored(srgb(scene((384, 512))), np.uint8))
        drop(panel.drop, [folder])
        wait_for_previews(qtbot, panel)
    box = page.degraded.fields.light
    assert box.isVisible()
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    # Both sets are compared: one choice holds for both.
    assert page.sharp.fields.light.value is Light.STORED
    qtbot.mouseClick(page.read_button, LEFT)
    idle(qtbot, window)
    inputs = window.controller.session.inputs
    folders = (inputs.sharp, inputs.degraded)
    lights = {
        photo.frame.info.light
        for folder in folders
        for photo in (*folder.photos, *(r.photo for r in folder.rejected if r.photo))
    }
    assert lights == {Light.STORED}
    # A project keeps it.
    assert project_of(window.controller.session).sharp.light is Light.STORED
