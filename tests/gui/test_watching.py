"""What a room sees of a calibration: stages, times and results; presenter's mode."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from desktop import idle, start_calibration
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from lenscal.calibration.result import Calibration
from lenscal.files.psf.profile import Profile, write_profile
from lenscal.gui.background.worker import Progress
from lenscal.gui.main_window import MainWindow
from lenscal.gui.pages.calibration import stage_strip
from lenscal.gui.pages.calibration.loss_plots import LossPlots
from lenscal.gui.pages.calibration.messages import CalibrationMessages
from lenscal.gui.pages.calibration.stage_strip import RATE_S, StageBox, StageRecords, StageStrip
from lenscal.gui.widgets.curves import Curves
from lenscal.optics.psf_grid import PsfGrid, delta_grid
from lenscal.raw.frame import NoiseModel
from lenscal.reports import Report
from lenscal.session import Step
from lenscal.translation import join_translatable

LEFT = Qt.MouseButton.LeftButton
WORDS = join_translatable("", ["words"])


def report(stage: str, step: int = 0, **others: object) -> Report:
    return Report(stage, WORDS, step=step, **others)


def test_stages_are_followed_with_times_and_what_they_brought() -> None:
    records = StageRecords()
    records.take(report("pairs"), [], 10.0)
    records.take(report("plan", stages=("L", "GT", "M")), [], 12.0)
    assert [(s.name, s.began, s.ended) for s in records.stages[:2]] == [
        ("pairs", 10.0, None),
        ("L", None, None),
    ]
    records.take(report("L"), [], 13.0)
    records.take(report("L"), [0.8], 14.0)
    records.take(report("GT"), [], 15.0)
    # One that nobody has announced comes before those that are still to come.
    records.take(report("R"), [], 20.0)
    records.take(report("R"), [0.7, 0.65], 21.0)
    assert [s.name for s in records.stages] == ["pairs", "L", "GT", "R", "M"]
    pairs, colour, third, rays, matching = records.stages
    assert pairs.seconds(99.0) == 3 and third.seconds(99.0) == 5
    assert (colour.before, colour.after) == (None, 0.8)
    assert (third.before, third.after) == (0.8, None)
    assert (rays.before, rays.after) == (0.8, 0.65) and records.running is rays
    assert matching.seconds(99.0) is None
    records.end(25.0)
    assert [s.name for s in records.stages] == ["pairs", "L", "GT", "R"]
    assert rays.ended == 25.0 and records.running is None


def test_steps_a_second_are_counted_within_a_stage() -> None:
    records = StageRecords()
    for second in range(int(2 * RATE_S) + 1):
        records.take(report("F", step=20 * second), [], float(second))
    assert records.steps_a_second == pytest.approx(20)
    records.take(report("M", step=0), [], 20.0)
    assert records.steps_a_second is None


def test_the_strip_tells_a_stage_in_a_box(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = SimpleNamespace(monotonic=lambda: now)
    monkeypatch.setattr(stage_strip, "time", clock)
    now = 100.0
    strip = StageStrip()
    qtbot.addWidget(strip)
    strip.begin()
    strip.take(report("plan", stages=("L", "GT")), [])
    strip.take(report("L"), [("re-blur distance", 0, 0.81)])
    now = 107.0
    strip.take(report("GT", seconds_left=75.0), [("re-blur distance", 1, 0.64)])
    boxes = strip.findChildren(QWidget, "card")
    texts = [(box.name.text(), box.time.text(), box.brought.text()) for box in boxes]
    assert texts[0] == ("✓ Colour", "7 s", "0.81")
    assert texts[1] == ("▶ Third order", "0 s", "0.81 → 0.64")
    assert "0:07 elapsed" in strip.time.text() and "about 1:15 left" in strip.time.text()
    box = strip.findChildren(QWidget, "card")[1]
    assert "0.810 before, 0.640 after" in box.toolTip()
    strip.end()
    assert "left" not in strip.time.text()


def test_losses_have_axes_of_their_own(qtbot: QtBot) -> None:
    plots = LossPlots(x_label="step")
    qtbot.addWidget(plots)
    plots.show()
    for step in range(5):
        plots.add_points([("flow loss", step, 1.0 - 0.1 * step)])
        plots.add_points([("velocity gap", step, 7e-4 - 1e-5 * step)])
    for plot in plots.plots:
        # Else at the next time it is painted.
        plot.plot.getViewBox().updateAutoRange()
    ranges = [plot.plot.viewRange()[1] for plot in plots.plots]
    assert len(ranges) == 2 and ranges[0][0] > 0.5 and ranges[1][1] < 1e-3
    assert plots.names == ["flow loss", "velocity gap"]
    assert plots.points("velocity gap")[-1] == (4, pytest.approx(6.6e-4))
    plots.clear()
    assert plots.names == [] and len(plots.plots) == 1 and plots.points("flow loss") == []


def test_the_floor_is_one_line(window: MainWindow) -> None:
    live = window.calibrate_page.live
    for n, (distance, floor) in enumerate(((0.8, 0.60), (0.7, 0.59), (0.62, 0.59))):
        live.add_points([("re-blur distance", n, distance), ("re-blur floor", n, floor)])
    assert live.unseen.names == ["distance"] and live.unseen.level == pytest.approx(0.59)
    live.clear_curves("")
    assert live.unseen.level is None


def test_a_level_alone_is_to_be_seen(qtbot: QtBot) -> None:
    curves = Curves()
    qtbot.addWidget(curves)
    curves.show()
    curves.show_level("floor", 0.5)
    curves.plot.getViewBox().updateAutoRange()
    low, high = curves.plot.viewRange()[1]
    assert low < 0.5 < high and curves.plot.isVisible()


def calibration(psf: PsfGrid) -> Calibration:
    noise = NoiseModel((1e-4,) * 3, (1e-6,) * 3, "test")
    distances = {"estimate": 0.611, "floor": 0.592, "delta": 0.811}
    return Calibration(psf, noise, (), True, {}, distances, (), "done", "cpu", 1.0, 10, 0)


def test_results_are_numbers_against_the_truth(qtbot: QtBot) -> None:
    messages = CalibrationMessages()
    qtbot.addWidget(messages)
    psf = delta_grid((3, 4), 5, (96, 144))
    messages.show_result(calibration(psf), "", psf)
    text = messages.result.text()
    assert "the kernels agree to 100.0% (no correction: 100.0%" in text
    # From the least there can be to what would be without.
    figures = text[text.index("unseen photos differ") :]
    assert figures.index("0.59") < figures.index("0.61") < figures.index("0.81")
    messages.show_result(calibration(psf), "")
    assert "truth" not in messages.result.text()


def test_a_calibration_fills_the_strip(
    qtbot: QtBot, window: MainWindow, read_photos: object
) -> None:
    read_photos()
    start_calibration(qtbot, window)
    strip = window.calibrate_page.live.strip
    assert strip.isVisible()
    assert [stage.name for stage in strip.records.stages] == ["F"]
    window.controller.worker.progressed.emit(
        Progress(Report("device", "cpu\nSome processor, 8 cores, 16 GiB"), ())
    )
    device = window.calibrate_page.messages.device.text()
    assert "(Some processor, 8 cores, 16 GiB)" in device
    window.controller.worker.stop_and_keep()
    idle(qtbot, window)
    assert strip.records.running is None and "elapsed" in strip.time.text()


def test_kernels_and_curves_are_copied_from_a_menu(window: MainWindow) -> None:
    page, clipboard = window.calibrate_page, QGuiApplication.clipboard()
    window.go_to(Step.CALIBRATE)
    page.live.show_kernels(delta_grid((3, 4), 5, (96, 144)).kernels)
    page.live.add_points([("flow loss", n, 1.0 / (n + 1)) for n in range(5)])
    for widget in (page.mosaic, page.curves, page.unseen):
        clipboard.clear()
        assert [action.text() for action in widget.actions()] == ["Copy picture", "Save as…"]
        widget.actions()[0].trigger()
        assert clipboard.image().size() == 2 * widget.size()


def test_the_last_time_says_how_long_it_will_take(
    qtbot: QtBot, window: MainWindow, read_photos: object
) -> None:
    kept = window.controller.folders.kept
    kept.mkdir(parents=True, exist_ok=True)
    grid = delta_grid((3, 4), 5, (96, 144))
    profile = Profile(grid, created="2026-11-30", settings={"quality": "quick"}, seconds=300.0)
    write_profile(kept / "a.lenscal", profile)
    page = window.calibrate_page
    read_photos()
    window.go_to(Step.CALIBRATE)
    assert not page.time_ahead.isVisible()
    page.form.quality.setFocus()
    qtbot.keyClick(page.form.quality, Qt.Key.Key_Up)
    assert page.time_ahead.text() == "Last time on this computer: 5 min for 0 photos."
    assert page.time_ahead.isVisible()


def test_presenter_mode_hides_panels_and_keeps_keys(qtbot: QtBot, window: MainWindow) -> None:
    size, points = window.size(), QApplication.font().pointSizeF()
    qtbot.keyClick(window, Qt.Key.Key_F11)
    assert window.isFullScreen() and not window.menuBar().isVisible()
    assert not window.step_list.isVisible()
    assert QApplication.font().pointSizeF() > 1.3 * points
    for key, step in (("3", Step.CALIBRATE), ("5", Step.CORRECT), ("4", Step.INSPECT)):
        qtbot.keyClick(window, key)
        assert window.step is step
    qtbot.keyClick(window, "3")
    assert not window.calibrate_page.panel.isVisible() and window.calibrate_page.live.isVisible()
    qtbot.keyClick(window, Qt.Key.Key_F11)
    qtbot.waitUntil(lambda: not window.isFullScreen(), timeout=3000)
    assert window.menuBar().isVisible() and window.step_list.isVisible()
    assert window.calibrate_page.panel.isVisible()
    assert QApplication.font().pointSizeF() == points
    qtbot.waitUntil(lambda: window.size() == size, timeout=3000)
    # Once: a key that two hear is heard by none.
    qtbot.keyClick(window, "1")
    assert window.step is Step.IMPORT


def test_presenter_mode_leaves_hidden_what_was_hidden(window: MainWindow) -> None:
    window.step_list.hide()
    window.presenter.toggle()
    window.presenter.toggle()
    assert window.step_list.isHidden() and not window.calibrate_page.panel.isHidden()


@pytest.mark.parametrize("width_px", [360, 670, 1400])
def test_names_of_stages_are_cut_at_no_width(qtbot: QtBot, width_px: int) -> None:
    strip = StageStrip()
    qtbot.addWidget(strip)
    strip.resize(width_px, 200)
    strip.begin()
    names = ("pairs", "L", "G", "GT", "F", "M", "P", "R")
    strip.take(report("plan", stages=names), [])
    for stage, distance in (("G", 0.81), ("GT", 0.80)):
        strip.take(report(stage), [("re-blur distance", 0, distance)])
    qtbot.wait(50)
    boxes = [box for box in strip.findChildren(StageBox) if box.isVisible()]
    assert len(boxes) == len(names)
    for box in boxes:
        for label in (box.name, box.time, box.brought):
            assert label.width() >= label.sizeHint().width() or not label.text()


def test_an_opened_profile_shows_its_kernels_and_curves_until_another_document(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    page = window.calibrate_page
    psf = delta_grid((3, 4), 5, (96, 144))
    curves = {"flow loss": [(0, 1.0), (10, 0.5)], "re-blur distance": [(0, 0.8), (1, 0.6)]}
    write_profile(tmp_path / "a.lenscal", Profile(psf=psf, lens="A", curves=curves))
    window.commands.open_file(tmp_path / "a.lenscal")
    idle(qtbot, window)
    assert page.mosaic.kernels is not None and page.mosaic.kernels.shape[:2] == (3, 4)
    assert page.curves.points("flow loss") == [(0, 1.0), (10, 0.5)]
    assert page.unseen.points("distance") == [(0, 0.8), (1, 0.6)]

    write_profile(tmp_path / "b.lenscal", Profile(psf=delta_grid((2, 2), 5, (96, 144)), lens="B"))
    window.commands.open_file(tmp_path / "b.lenscal")
    idle(qtbot, window)
    assert page.mosaic.kernels.shape[:2] == (2, 2) and page.curves.points("flow loss") == []

    window.menus.actions["new"].trigger()
    assert page.mosaic.kernels is None
