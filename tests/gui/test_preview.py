"""The correct step: what is visible is corrected by itself, by the code that exports."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PySide6.QtCore import QPoint, QPointF, Qt
from pytestqt.qtbot import QtBot

from lenscal.files.photos.photo_files import upright
from lenscal.gui.background import previewer
from lenscal.gui.controller import Controller, Folders
from lenscal.gui.main_window import MainWindow
from lenscal.gui.tasks import Tasks
from lenscal.gui.widgets.compare.compare_view import CompareView, View
from lenscal.jobs.window.preview import (
    Developed,
    Piece,
    Rect,
    blocks_of,
    missing_pieces,
    paint,
    sensor_part,
    take_back,
)
from lenscal.optics.psf_grid import PsfGrid, delta_grid
from lenscal.plots.histogram import histogram
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.session import Comparison, Step, with_psf
from lenscal.stepping import Job
from lenscal.system.threads import thread_count

LEFT = Qt.MouseButton.LeftButton


def blurring_grid() -> PsfGrid:
    grid = delta_grid((3, 4), 5, (96, 144))
    kernels = grid.kernels.copy()
    kernels[..., 2, 1:4] = 1 / 3
    return replace(grid, kernels=kernels)


@pytest.fixture
def correcting(qtbot: QtBot, window: MainWindow, photo_folders: tuple[Path, Path]) -> MainWindow:
    """The window in the fifth step, with a photo and a grid that blurs."""
    c = window.controller
    c.change(
        replace(with_psf(c.session, blurring_grid(), "grid"), photo=photo_folders[1] / "d0.dng")
    )
    window.go_to(Step.CORRECT)
    return window


def settled(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.controller.previewer.developed is not None, timeout=20_000)
    qtbot.waitUntil(lambda: not window.controller.previewer.working, timeout=20_000)


def test_the_visible_part_is_corrected_by_itself_as_the_whole_is(
    qtbot: QtBot, correcting: MainWindow
) -> None:
    settled(qtbot, correcting)
    page, developed = correcting.correct_page, correcting.controller.previewer.developed
    preview = developed.after[0].copy()
    assert np.abs(preview.astype(int) - developed.before[0]).mean() > 1
    assert page.preview_state.text() == "The visible part is corrected."
    assert developed.mask.any()
    qtbot.waitUntil(lambda: page.panel.histogram.histogram is not None, timeout=3000)
    qtbot.mouseClick(page.button, LEFT)
    qtbot.waitUntil(lambda: not correcting.controller.busy, timeout=20_000)
    comparison = correcting.controller.session.comparison
    assert np.array_equal(comparison.after[0], preview)
    assert np.array_equal(comparison.mask, developed.mask)


def test_a_slider_renews_the_preview_and_drops_the_comparison(
    qtbot: QtBot, correcting: MainWindow
) -> None:
    page, c = correcting.correct_page, correcting.controller
    settled(qtbot, correcting)
    c.compare()
    qtbot.waitUntil(lambda: not c.busy, timeout=20_000)
    full = c.session.comparison.after[0]
    page.amount.slider.setFocus()
    for _ in range(5):
        qtbot.keyClick(page.amount.slider, Qt.Key.Key_PageDown)
    assert c.session.restore.amount == pytest.approx(0.5) and c.session.comparison is None
    settled(qtbot, correcting)
    developed = c.previewer.developed
    half = developed.after[0].astype(int)
    before = developed.before[0].astype(int)
    assert 0.2 < np.abs(half - before).mean() / np.abs(full.astype(int) - before).mean() < 0.8
    page.method.setCurrentIndex(page.method.findData(Method.NONE))
    page.method.activated.emit(page.method.currentIndex())
    qtbot.waitUntil(lambda: np.array_equal(developed.after[0], developed.before[0]), timeout=5000)
    assert not developed.mask.any()


def test_a_slow_method_takes_the_place_of_the_fast_one(
    qtbot: QtBot, correcting: MainWindow
) -> None:
    page, previewer = correcting.correct_page, correcting.controller.previewer
    settled(qtbot, correcting)
    wiener = previewer.developed.after[0].copy()
    states, fractions, first = [], [], []
    previewer.state.connect(states.append)
    previewer.fraction.connect(fractions.append)
    previewer.painted.connect(lambda: first.append(previewer.developed.after[0].copy()))
    page.method.setCurrentIndex(page.method.findData(Method.DPIR))
    page.method.activated.emit(page.method.currentIndex())
    assert np.array_equal(previewer.developed.after[0], wiener), (
        "what was there stays until something is ready"
    )
    qtbot.waitUntil(lambda: "done" in states, timeout=60_000)
    assert states == ["working", "finer", "done"] and fractions
    assert np.array_equal(first[0], wiener) and not np.array_equal(
        previewer.developed.after[0], wiener
    )
    assert page.preview_state.text() == "The visible part is corrected."


def test_what_is_too_large_for_a_slow_method_is_shown_quickly(
    qtbot: QtBot, correcting: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lenscal.jobs.window.preview.SLOW_MOST_PX", 96 * 144 - 1)
    settled(qtbot, correcting)
    wiener = correcting.controller.previewer.developed.after[0].copy()
    correcting.controller.set_restore(RestoreSettings(method=Method.DPIR))
    settled(qtbot, correcting)
    assert "to see DPIR" in correcting.correct_page.preview_state.text()
    assert np.array_equal(correcting.controller.previewer.developed.after[0], wiener)


def test_a_photo_that_cannot_be_read_is_said_and_another_one_works(
    qtbot: QtBot, correcting: MainWindow, photo_folders: tuple[Path, Path]
) -> None:
    c, page = correcting.controller, correcting.correct_page
    c.set_photo(photo_folders[1] / "broken.dng")
    qtbot.waitUntil(lambda: "broken.dng" in page.preview_state.text(), timeout=10_000)
    c.set_photo(photo_folders[1] / "d1.dng")
    settled(qtbot, correcting)
    assert c.previewer.developed.photo.name == "d1.dng"
    assert page.compare.visible_part == (0, 0, 144, 96)


def test_a_job_has_the_processor_for_itself(qtbot: QtBot, correcting: MainWindow) -> None:
    c = correcting.controller
    settled(qtbot, correcting)
    c.previewer.hold(True)
    c.set_restore(replace(c.session.restore, amount=0.3))
    qtbot.wait(200)
    assert not c.previewer.working
    assert np.array_equal(c.previewer.developed.after[0], c.previewer.developed.before[0])
    c.previewer.hold(False)
    settled(qtbot, correcting)
    assert not np.array_equal(c.previewer.developed.after[0], c.previewer.developed.before[0])


def test_the_window_closes_while_a_preview_works(
    qtbot: QtBot, photo_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    controller = Controller(Tasks(), Folders(tmp_path / "cache", tmp_path / "kept"))
    window = MainWindow(controller)
    qtbot.addWidget(window)
    window.show()
    controller.change(
        replace(
            with_psf(controller.session, blurring_grid(), "g"), photo=photo_folders[1] / "d0.dng"
        )
    )
    window.go_to(Step.CORRECT)
    qtbot.waitUntil(lambda: not controller.previewer.idle.is_set(), timeout=5000)
    window.close()
    assert controller.previewer.idle.is_set() and not controller.folders.cache.exists()


def test_space_and_backslash_show_the_original_wherever_the_focus_is(
    qtbot: QtBot, correcting: MainWindow
) -> None:
    settled(qtbot, correcting)
    view = correcting.correct_page.compare
    for widget in (correcting.correct_page.amount.slider, correcting.correct_page.method, view):
        widget.setFocus()
        for key in (Qt.Key.Key_Space, Qt.Key.Key_Backslash):
            qtbot.keyPress(widget, key)
            assert view.shows_original
            qtbot.keyRelease(widget, key)
            assert not view.shows_original
    assert not correcting.correct_page.method.view().isVisible()


# The picture


@pytest.fixture
def view(qtbot: QtBot) -> CompareView:
    view = CompareView()
    qtbot.addWidget(view)
    view.resize(401, 300)
    pixels = np.random.default_rng(0).integers(0, 255, (600, 802, 3), dtype=np.uint8)
    view.show_photo((pixels,), (255 - pixels,), np.full((600, 802), 200, np.uint8))
    view.show()
    return view


def test_zoom_to_400_percent_keeps_the_point_under_the_pointer(view: CompareView) -> None:
    assert view.visible_part == (0, 0, 802, 600)
    view.zoom(4.0, QPointF(100, 75))
    left, top, right, bottom = view.visible_part
    assert (right - left, bottom - top) == pytest.approx((100, 75), abs=2)
    assert left + 25 == pytest.approx(200, abs=2) and top + 19 == pytest.approx(150, abs=2)
    assert view.grab().toImage().pixelColor(150, 150) == view.grab().toImage().pixelColor(151, 150)


def test_both_sides_move_together(qtbot: QtBot, view: CompareView) -> None:
    view.show_view(View.SIDE_BY_SIDE)
    view.zoom(4.0)
    parts = []
    view.moved.connect(lambda: parts.append(view.visible_part))
    qtbot.mousePress(view, LEFT, pos=QPoint(300, 150))
    qtbot.mouseMove(view, QPoint(260, 150))
    qtbot.mouseRelease(view, LEFT)
    assert parts
    picture = view.grab().toImage()
    for x, y in ((20, 40), (77, 200), (150, 111)):
        before, after = picture.pixelColor(x, y), picture.pixelColor(x + 201, y)
        assert abs(before.red() + after.red() - 255) <= 1


def test_the_mask_is_shown_in_grey(view: CompareView) -> None:
    view.show_view(View.MASK)
    colour = view.grab().toImage().pixelColor(200, 150)
    assert colour.red() == colour.green() == colour.blue() == 200


def test_nothing_is_copied_and_painting_is_seen_at_once(view: CompareView) -> None:
    pixels = np.zeros((600, 802, 3), np.uint8)
    view.show_photo((pixels,), (pixels,))
    view.show_view(View.AFTER)
    assert view.grab().toImage().pixelColor(200, 150).red() == 0
    pixels[:] = 90
    view.update()
    assert view.grab().toImage().pixelColor(200, 150).red() == 90


# Pieces


@pytest.mark.parametrize("orientation", range(1, 9))
def test_parts_of_the_upright_photo_are_found_on_the_sensor(orientation: int) -> None:
    sensor = np.arange(7 * 11 * 3).reshape(7, 11, 3)
    turned = upright(sensor, orientation)
    rect = (1, 2, 5, 6)
    rows, cols = sensor_part(rect, (7, 11), orientation)
    assert np.array_equal(upright(sensor[np.ix_(rows, cols)], orientation), turned[2:6, 1:5])


def levels(pixels: np.ndarray) -> tuple[np.ndarray, ...]:
    half = pixels[::2, ::2].copy()
    return pixels, half, half[::2, ::2].copy()


def test_painting_reaches_every_level_and_can_be_taken_back() -> None:
    before = levels(np.full((400, 600, 3), 100, np.uint8))
    developed = Developed(
        None, None, before, tuple(p.copy() for p in before), np.zeros((400, 600), np.uint8)
    )
    rect = (256, 0, 512, 256)
    paint(
        developed,
        Piece(rect, np.full((256, 256, 3), 200, np.uint8), np.full((256, 256), 255, np.uint8)),
    )
    for number, level in enumerate(developed.after):
        assert (level[: 256 >> number, 256 >> number : 512 >> number] == 200).all()
        assert (level[:, : 256 >> number] == 100).all() and (
            level[(256 >> number) + 1 :] == 100
        ).all()
    assert developed.mask[100, 300] == 255 and developed.mask[300, 300] == 0
    take_back(developed, rect)
    assert all((level == 100).all() for level in developed.after) and not developed.mask.any()


def test_pieces_cover_what_is_missing_from_the_middle_outwards() -> None:
    size = (4000, 6000)
    visible = (1000, 900, 3000, 2100)
    pieces = missing_pieces(visible, set(), size, Method.WIENER)
    covered = {block for piece in pieces for block in blocks_of(piece)}
    assert covered >= set(blocks_of(visible))
    assert pieces[0][0] <= 2000 <= pieces[0][2] + 200
    assert missing_pieces(visible, covered, size, Method.WIENER) == []
    pieces_to_the_right = missing_pieces((1300, 900, 3300, 2100), covered, size, Method.WIENER)
    assert min(p[0] for p in pieces_to_the_right) == 3072
    assert max(p[2] for p in pieces_to_the_right) == 3328
    assert missing_pieces((0, 0, 6000, 4000), set(), size, Method.WIENER) is None
    assert missing_pieces(visible, set(), size, Method.DPIR) is None
    edge = missing_pieces((5800, 3900, 6000, 4000), set(), size, Method.WIENER)
    assert edge == [(5632, 3840, 6000, 4000)]


def test_slow_methods_come_in_small_pieces_from_the_middle_outwards() -> None:
    visible = (1000, 600, 2200, 1500)
    pieces = missing_pieces(visible, set(), (4000, 6000), Method.DPIR)
    assert {block for piece in pieces for block in blocks_of(piece)} == set(blocks_of(visible))
    assert all(len(list(blocks_of(piece))) == 1 for piece in pieces)
    far = [np.hypot((p[0] + p[2]) / 2 - 1600, (p[1] + p[3]) / 2 - 1050) for p in pieces]
    assert far == sorted(far) and far[0] < 256


@pytest.mark.parametrize(
    "visible", [(0, 0, 1800, 1200), (100, 300, 2900, 2200), (0, 0, 1100, 1100)]
)
def test_correcting_the_first_piece_again_and_again_comes_to_an_end(visible: Rect) -> None:
    size, blocks, turns = (2400, 3000), set(), 0
    while pieces := missing_pieces(visible, blocks, size, Method.WIENER):
        new = set(blocks_of(pieces[0])) - blocks
        assert new, "a piece that brings nothing new would be corrected for ever"
        blocks |= new
        turns += 1
    assert blocks == set(blocks_of(visible)) and turns <= 9


def test_a_histogram_counts_what_is_clipped() -> None:
    pixels = np.full((1000, 1000, 3), 128, np.uint8)
    pixels[:100, :, 0] = 255
    pixels[-50:] = 0
    counted = histogram(pixels)
    assert counted.white == pytest.approx(0.1, abs=0.01) and counted.black == pytest.approx(
        0.05, abs=0.01
    )
    assert counted.counts[1, 128] > counted.counts[1, 0] > 0
    assert histogram(np.zeros((0, 5, 3), np.uint8)).white == 0


def test_settings_that_do_nothing_begin_no_work(qtbot: QtBot, correcting: MainWindow) -> None:
    settled(qtbot, correcting)
    c = correcting.controller
    c.set_restore(RestoreSettings(amount=0))
    qtbot.waitUntil(lambda: correcting.correct_page.preview_state.text() == "", timeout=3000)
    assert not c.previewer.developed.mask.any()


def test_a_job_begins_when_the_preview_has_ended_with_the_same_threads(
    qtbot: QtBot, correcting: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pressed while the visible part is being corrected: neither may change what the other gets."""
    page, c = correcting.correct_page, correcting.controller
    settled(qtbot, correcting)
    working, beside, threads = threading.Event(), [], []
    real_part, real_compare = previewer.correct_part, c.tasks.compare

    def correct_part(*arguments: Any) -> Job[Piece]:
        working.set()
        try:
            for report in real_part(*arguments):
                time.sleep(0.02)
                yield report
        finally:
            working.clear()

    def compare(*arguments: Any) -> Job[tuple[Comparison, tuple[str, ...]]]:
        beside.append(working.is_set())
        threads.append((torch.get_num_threads(), thread_count()))
        return (yield from real_compare(*arguments))

    monkeypatch.setattr(previewer, "correct_part", correct_part)
    c.tasks = replace(c.tasks, compare=compare)
    for number in range(6):
        busy_preview = number > 0
        if busy_preview:
            c.set_restore(replace(c.session.restore, amount=1 - number / 10))
            qtbot.waitUntil(working.is_set, timeout=20_000)
        qtbot.mouseClick(page.button, LEFT)
        qtbot.waitUntil(lambda: not c.busy, timeout=20_000)
        settled(qtbot, correcting)
    assert beside == [False] * 6
    assert len(set(threads)) == 1
