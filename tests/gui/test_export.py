"""The sixth step: names, the queue, originals that are never touched."""

from __future__ import annotations

import hashlib
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from desktop import drop
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox
from pytestqt.qtbot import QtBot

from lenscal.files.photos.export_settings import OnConflict, PhotoFormat, Space
from lenscal.files.psf.profile import Profile
from lenscal.files.report.document import Document
from lenscal.gui.drawing import pdf
from lenscal.gui.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton


def choose(box: QComboBox, value: object) -> None:
    box.setCurrentIndex(box.findData(value))


def write(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.mouseClick(window.export_page.photos_button, LEFT)
    qtbot.waitUntil(lambda: not window.controller.busy, timeout=60_000)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_the_example_follows_what_is_typed(
    exporting: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    page = exporting.export_page
    assert page.photo_card.example.text() == "d0.dng → d0_lenscal.tif"
    page.template.setText("{name}-{method}")
    choose(page.kind.format, PhotoFormat.JPEG)
    assert page.photo_card.example.text() == "d0.dng → d0-wiener.jpg"
    page.template.setText("{nme}")
    assert (
        "{nme}" in page.photo_card.example.text()
        and "“File name”" in page.photo_card.example.text()
    )
    page.template.setText("{name}")
    choose(page.kind.format, PhotoFormat.DNG)
    assert not page.photo_card.space.isEnabled()
    page.folder.setText(str(photo_folders[1]))
    choose(page.photo_card.conflict, OnConflict.OVERWRITE)
    assert "original" in page.photo_card.example.text()
    choose(page.photo_card.conflict, OnConflict.UNIQUE)
    assert page.photo_card.example.text() == "d0.dng → d0-2.dng"
    choose(page.photo_card.conflict, OnConflict.SKIP)
    assert "skipped" in page.photo_card.example.text()


def test_pictures_keep_their_format_unless_told_otherwise(
    exporting: MainWindow, tmp_path: Path
) -> None:
    card = exporting.export_page.photo_card
    pictures = [Path("plate.PNG")]
    card.show_example(pictures, tmp_path, "wiener")
    assert card.example.text() == "plate.PNG → plate_lenscal.PNG"
    assert card.settings(tmp_path).keep_pictures
    card.keep_pictures.setChecked(False)
    card.show_example(pictures, tmp_path, "wiener")
    assert card.example.text() == "plate.PNG → plate_lenscal.tif"


def test_a_batch_tells_of_every_photo_and_touches_no_original(
    qtbot: QtBot, exporting: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    shutil.copytree(photo_folders[1], photos)
    before = digests(photos)
    page = exporting.export_page
    assert drop(exporting, [photos])
    assert [p.name for p in page.queue.photos] == ["broken.dng", "d0.dng", "d1.dng", "d2.dng"]
    page.queue.selectRow(3)
    qtbot.keyClick(page.queue, Qt.Key.Key_Delete)
    assert [p.name for p in page.queue.photos] == ["broken.dng", "d0.dng", "d1.dng"]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "d1_lenscal.png").write_bytes(b"mine")
    choose(page.kind.format, PhotoFormat.PNG)
    choose(page.photo_card.conflict, OnConflict.SKIP)
    page.photo_card.save_mask.setChecked(True)
    write(qtbot, exporting)
    assert page.queue.words(photos / "broken.dng").startswith("not written: ")
    assert page.queue.words(photos / "d0.dng").startswith("written as d0_lenscal.png")
    assert page.queue.words(photos / "d1.dng").startswith("skipped")
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "d0_lenscal.png",
        "d0_lenscal_mask.png",
        "d1_lenscal.png",
    }
    assert (tmp_path / "out" / "d1_lenscal.png").read_bytes() == b"mine"
    assert digests(photos) == before
    text = exporting.message_bar.text.text()
    assert "1 of 3 photos written" in text and "broken.dng" in text and "d1.dng" not in text


def test_a_folder_that_cannot_be_written_to_is_said(
    qtbot: QtBot, exporting: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("a file")
    write(qtbot, exporting)
    assert str(tmp_path / "out") in exporting.message_bar.text.text()
    assert exporting.export_page.photos_button.isEnabled()
    assert exporting.export_page.queue.words(photo_folders[1] / "d0.dng") == "not written"


def test_photos_of_another_lens_are_left_out_unless_asked_for(
    qtbot: QtBot, exporting: MainWindow, tmp_path: Path
) -> None:
    c = exporting.controller
    c.change(replace(c.session, profile=Profile(psf=c.session.psf, lens="Another lens")))
    write(qtbot, exporting)
    assert not list(tmp_path.glob("out/*.tif"))
    words = exporting.export_page.queue.words(c.session.photo)
    assert (
        "the profile is for Another lens" in words
        and exporting.export_page.strangers.text() in words
    )
    qtbot.mouseClick(exporting.export_page.strangers, LEFT)
    write(qtbot, exporting)
    assert [p.name for p in tmp_path.glob("out/*.tif")] == ["d0_lenscal.tif"]
    assert "the profile is for Another lens" in exporting.export_page.queue.words(c.session.photo)


def forty(photo: Path, folder: Path) -> Path:
    """A new folder with so many copies of a photo."""
    folder.mkdir()
    for number in range(40):
        shutil.copy(photo, folder / f"p{number}.dng")
    return folder


def test_a_batch_can_be_cancelled_in_the_middle(
    qtbot: QtBot, exporting: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    drop(exporting, [forty(photo_folders[1] / "d0.dng", tmp_path / "many")])
    page = exporting.export_page
    qtbot.mouseClick(page.photos_button, LEFT)
    qtbot.waitUntil(
        lambda: (tmp_path / "out").exists() and any((tmp_path / "out").iterdir()), timeout=20_000
    )
    qtbot.mouseClick(exporting.job_bar.cancel_button, LEFT)
    qtbot.waitUntil(lambda: not exporting.controller.busy, timeout=20_000)
    files = {path.name for path in (tmp_path / "out").glob("*.tif")}
    assert 0 < len(files) < 40
    words = [page.queue.words(photo) for photo in page.queue.photos]
    assert {w.removeprefix("written as ") for w in words if w != "not written"} == files
    assert words[39] == "not written"
    assert f"{len(files)} of 40 photos were written" in exporting.message_bar.text.text()
    assert not list((tmp_path / "out").glob(".*"))


def test_closing_in_a_batch_offers_to_finish_the_present_photo(
    qtbot: QtBot, exporting: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    drop(exporting, [forty(photo_folders[1] / "d0.dng", tmp_path / "many")])
    qtbot.mouseClick(exporting.export_page.photos_button, LEFT)
    qtbot.waitUntil(
        lambda: (tmp_path / "out").exists() and any((tmp_path / "out").iterdir()), timeout=20_000
    )
    exporting.close()
    stop = next(b for b in exporting.question.buttons() if "Stop after this photo" in b.text())
    qtbot.mouseClick(stop, LEFT)
    qtbot.waitUntil(lambda: not exporting.isVisible(), timeout=20_000)
    assert 0 < len(list((tmp_path / "out").glob("*.tif"))) < 40 and not list(
        (tmp_path / "out").glob(".*")
    )


def test_clearing_the_list_empties_it_and_nothing_is_written(
    qtbot: QtBot, exporting: MainWindow, photo_folders: tuple[Path, Path]
) -> None:
    page = exporting.export_page
    page.add_photos([photo_folders[1] / "d1.dng", photo_folders[1] / "d1.dng"])
    assert len(page.queue.photos) == 1
    qtbot.mouseClick(page.clear_button, LEFT)
    assert page.queue.photos == ()
    qtbot.mouseClick(page.photos_button, LEFT)
    assert "add photos" in exporting.message_bar.text.text()


@pytest.mark.parametrize("suffix", [".html", ".pdf"])
def test_a_report_is_written(
    qtbot: QtBot, exporting: MainWindow, tmp_path: Path, suffix: str
) -> None:
    page = exporting.export_page
    page.report_clicked.emit(tmp_path / f"my report{suffix}", False)
    qtbot.waitUntil(lambda: not exporting.controller.busy, timeout=30_000)
    assert (tmp_path / f"my report{suffix}").stat().st_size > 5000, (
        exporting.message_bar.text.text()
    )
    assert f"my report{suffix}" in page.results.text()


def test_what_can_be_chosen_goes_with_the_format(exporting: MainWindow) -> None:
    page = exporting.export_page
    kind = page.kind
    assert kind.bits.isEnabled() and [kind.bits.itemData(n) for n in range(kind.bits.count())] == [
        8,
        16,
    ]
    assert page.settings.depth == 16
    choose(kind.bits, 8)
    kind.bits.activated.emit(kind.bits.currentIndex())
    assert page.settings.depth == 8
    choose(kind.format, PhotoFormat.DNG)
    assert not kind.bits.isEnabled() and kind.bits.currentData() == 16
    choose(kind.format, PhotoFormat.JPEG)
    kind.quality.setValue(80)
    assert (
        kind.quality.isVisible() and not kind.bits.isVisible() and page.settings.jpeg_quality == 80
    )
    choose(kind.format, PhotoFormat.TIFF)
    choose(page.photo_card.space, Space.CAMERA_LINEAR)
    assert kind.bits.currentText().startswith("32 bit") and not kind.bits.isEnabled()
    choose(page.photo_card.space, Space.SRGB)
    assert kind.bits.isEnabled() and kind.bits.currentData() == 8


def test_photos_of_8_bit_are_written(qtbot: QtBot, exporting: MainWindow, tmp_path: Path) -> None:
    kind = exporting.export_page.kind
    choose(kind.bits, 8)
    kind.bits.activated.emit(kind.bits.currentIndex())
    write(qtbot, exporting)
    assert tifffile.imread(tmp_path / "out" / "d0_lenscal.tif").dtype == np.uint8


def test_pdf_is_drawn_in_the_windows_thread(
    qtbot: QtBot,
    exporting: MainWindow,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Qt's text documents, made in a worker, can stop the window for ever."""
    threads = []

    def write_and_note(document: Document, path: Path) -> Path:
        threads.append(threading.current_thread())
        return write_pdf(document, path)

    write_pdf = pdf.write_pdf
    monkeypatch.setattr(pdf, "write_pdf", write_and_note)
    exporting.export_page.report_clicked.emit(tmp_path / "lens.pdf", False)
    qtbot.waitUntil(lambda: not exporting.controller.busy, timeout=30_000)
    assert (tmp_path / "lens.pdf").stat().st_size > 5000
    assert threads == [threading.main_thread()]
