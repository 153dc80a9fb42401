"""Looking at photos: exposure, tone curve and scales, by mouse and keys; on request in files."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import exiv2
import numpy as np
import pytest
import tifffile
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from lenscal.files.photos.export_settings import Look, Tone
from lenscal.gui.main_window import MainWindow
from lenscal.gui.widgets.compare.compare_view import ZOOM_STOPS, CompareView, View
from lenscal.optics.psf_grid import delta_grid
from lenscal.session import Step, with_psf

LEFT, CTRL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def looking(qtbot: QtBot, window: MainWindow, photo_folders: tuple[Path, Path]) -> MainWindow:
    """The window in the fifth step, with a photo to be seen."""
    c = window.controller
    session = with_psf(c.session, delta_grid((3, 4), 5, (96, 144)), "grid")
    c.change(replace(session, photo=photo_folders[1] / "d0.dng"))
    window.go_to(Step.CORRECT)
    qtbot.waitUntil(lambda: c.previewer.developed is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not c.previewer.working, timeout=20_000)
    return window


def brightness(view: CompareView) -> float:
    """Of the middle of the photo as it is painted."""
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    y, x = image.height() // 2, image.width() // 2
    return float(rows[y - 20 : y + 20, x + 10 : x + 50].mean())


def test_the_slider_and_keys_brighten_what_is_seen_and_nothing_else(
    qtbot: QtBot, looking: MainWindow
) -> None:
    page, c = looking.correct_page, looking.controller
    page.compare.show_view(View.AFTER)
    plain, pixels = brightness(page.compare), c.previewer.developed.after[0].copy()
    settings = c.session.restore
    qtbot.keyClick(page.panel.look.slider, Qt.Key.Key_PageDown)
    darker = brightness(page.compare)
    assert c.session.look == Look(-1.0) and darker < 0.9 * plain
    for _ in range(4):
        qtbot.keyClick(looking, Qt.Key.Key_Up, CTRL)
    assert c.session.look == Look(1.0) and brightness(page.compare) > plain
    qtbot.mouseClick(page.panel.look.tone.buttons[Tone.FILM], LEFT)
    assert c.session.look == Look(1.0, Tone.FILM)
    # The correction is as it was, and its picture with it.
    assert c.session.restore is settings
    assert np.array_equal(c.previewer.developed.after[0], pixels)


def test_a_mask_is_not_brightened(looking: MainWindow) -> None:
    page, c = looking.correct_page, looking.controller
    page.compare.show_view(View.MASK)
    before = page.compare.grab().toImage()
    c.change(replace(c.session, look=Look(3.0)))
    assert page.compare.grab().toImage() == before


def test_auto_finds_an_exposure(qtbot: QtBot, looking: MainWindow) -> None:
    page, c = looking.correct_page, looking.controller
    c.change(replace(c.session, look=Look(-4.0)))
    qtbot.mouseClick(page.panel.look.auto, LEFT)
    assert -1 < c.session.look.exposure_ev < 3
    qtbot.waitUntil(lambda: page.panel.histogram.histogram is not None, timeout=3000)


def test_what_is_seen_is_written_on_request(
    qtbot: QtBot, looking: MainWindow, tmp_path: Path
) -> None:
    page, c = looking.export_page, looking.controller
    looking.go_to(Step.EXPORT)
    page.folder.setText(str(tmp_path))
    card = page.photo_card
    assert not card.as_viewed.isVisible()
    c.change(replace(c.session, look=Look(-2.0)))
    assert card.as_viewed.isVisible() and "-2.0 EV" in card.as_viewed.text()
    means = []
    for ticked in (False, True):
        assert card.as_viewed.isChecked() is ticked
        qtbot.mouseClick(page.photos_button, LEFT)
        qtbot.waitUntil(lambda: not c.busy, timeout=60_000)
        name = "d0_lenscal-2.tif" if ticked else "d0_lenscal.tif"
        means.append(tifffile.imread(tmp_path / name).mean())
        card.as_viewed.click()
    assert means[1] < 0.7 * means[0]


def test_scales_have_keys(qtbot: QtBot, looking: MainWindow) -> None:
    view = looking.correct_page.compare
    for key, scale in zip("12345", ZOOM_STOPS, strict=True):
        qtbot.keyClick(looking, key, CTRL)
        # The photo is small: less than all of it is never shown.
        assert view.scale == max(scale, 1.0)
    qtbot.keyClick(looking, "0", CTRL)
    assert view.scale == 1.0
    qtbot.keyClick(looking, Qt.Key.Key_C, CTRL)
    assert QGuiApplication.clipboard().image().width() == view.width()


def test_the_virtual_lens_has_its_truth_beside(
    qtbot: QtBot, looking: MainWindow, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    page, c = looking.correct_page, looking.controller
    button = page.view.buttons[View.TRUTH]
    assert not button.isVisible()
    for name, source in (("degraded", "d1.dng"), ("reference", "d2.dng")):
        path = tmp_path / f"{name}.dng"
        shutil.copy(photo_folders[1] / source, path)
        image = exiv2.ImageFactory.open(str(path))
        image.readMetadata()
        image.exifData()["Exif.Image.Make"] = "Lenscal"
        image.writeMetadata()
    c.set_photo(tmp_path / "degraded.dng")
    qtbot.waitUntil(lambda: button.isVisible(), timeout=20_000)
    qtbot.mouseClick(button, LEFT)
    assert page.compare.view is View.TRUTH
    developed = c.previewer.developed
    right = page.compare.grab().toImage()
    # In the middle of the right half lies the middle of the true photo.
    y, x = (side // 2 for side in developed.truth[0].shape[:2])
    at = QPoint(3 * page.compare.width() // 4, page.compare.height() // 2)
    shown = right.pixelColor(at)
    around = developed.truth[0][y - 2 : y + 3, x - 2 : x + 3].reshape(-1, 3).tolist()
    assert [shown.red(), shown.green(), shown.blue()] in around
    # Another photo has none: the view goes back to what it can show.
    c.set_photo(photo_folders[1] / "d0.dng")
    qtbot.waitUntil(lambda: not button.isVisible(), timeout=20_000)
    assert page.compare.view is View.SPLIT


def test_the_wheel_halts_at_round_scales(qtbot: QtBot) -> None:
    view = CompareView()
    qtbot.addWidget(view)
    view.resize(600, 400)
    photo = np.zeros((1600, 2400, 3), np.uint8)
    view.show_photo((photo,), (photo,))
    view.zoom(0.3)
    seen = []
    for _ in range(12):
        turn(view, 1)
        seen.append(view.scale)
    assert {0.5, 1.0, 2.0} <= set(seen)
    for _ in range(12):
        turn(view, -1)
        seen.append(view.scale)
    assert seen.count(1.0) == 2 and seen.count(0.5) == 2


def turn(view: CompareView, notches: int) -> None:
    at = QPointF(300, 200)
    event = QWheelEvent(
        at,
        at,
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)
