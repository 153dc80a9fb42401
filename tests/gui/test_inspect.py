"""Step 4 by hand: cells, views, units, comparing and saving."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtSvg import QSvgRenderer
from pytestqt.qtbot import QtBot

from lenscal.files.psf.profile import Profile, read_profile, write_profile
from lenscal.gui.main_window import MainWindow
from lenscal.gui.pages.inspect_page import InspectPage
from lenscal.gui.pages.inspection.field_maps import FieldView
from lenscal.optics.kernel_pictures import common_size, resized
from lenscal.optics.psf_grid import PsfGrid
from lenscal.session import Step, with_psf

LEFT = Qt.MouseButton.LeftButton
SIZE = (96, 144)


def gaussian_grid(
    shape: tuple[int, int] = (4, 6),
    k: int = 15,
    *,
    right: float = 1.0,
    lateral: float = 0.0,
    confidence: bool = True,
) -> PsfGrid:
    """Width 1 px on the left edge, `right` px on the right one; red to the right of green by
    `lateral` px there."""
    axis = np.arange(k) - k // 2
    kernels = np.empty((*shape, 3, k, k), np.float32)
    for r, c, channel in np.ndindex(*shape, 3):
        part = c / (shape[1] - 1)
        sigma, x = 1 + (right - 1) * part, lateral * part * (channel == 0)
        kernel = np.exp(-(axis[:, None] ** 2 + (axis - x) ** 2) / 2 / sigma**2)
        kernels[r, c, channel] = kernel / kernel.sum()
    sure = np.full((*shape, 3), 0.75, np.float32) if confidence else None
    return PsfGrid(kernels, SIZE, confidence=sure)


@pytest.fixture
def page(window: MainWindow) -> InspectPage:
    grid = gaussian_grid(right=2.0, lateral=0.5)
    window.controller.change(
        with_psf(window.controller.session, grid, "My lens", profile=Profile(psf=grid))
    )
    window.go_to(Step.INSPECT)
    return window.inspect_page


def figures(page: InspectPage) -> dict[str, list[str]]:
    table = page.panel.table
    return {
        table.verticalHeaderItem(row).text(): [
            table.item(row, column).text() for column in range(3)
        ]
        for row in range(table.rowCount())
    }


def show(page: InspectPage, view: FieldView) -> None:
    page.bar.view.setCurrentIndex(list(FieldView).index(view))


def test_a_click_and_the_arrow_keys_choose_a_cell(qtbot: QtBot, page: InspectPage) -> None:
    qtbot.mouseClick(page.mosaic, LEFT, pos=page.mosaic.cell_rect(2, 5).center())
    assert page.panel.title.text() == "Row 3, column 6"
    values = figures(page)
    assert float(values["FWHM"][1]) == pytest.approx(2.3548 * 2, rel=0.02)
    assert float(values["MTF50 sag."][1]) == pytest.approx(
        math.sqrt(math.log(2) / 2) / math.pi / 2, abs=2e-3
    )
    assert values["Centre right"][0] == "+0.50" and values["Confidence"] == ["75%"] * 3
    assert values["Likely error"] == ["14%"] * 3
    page.mosaic.setFocus()
    for key, cell in (
        (Qt.Key.Key_Up, (1, 5)),
        (Qt.Key.Key_Left, (1, 4)),
        (Qt.Key.Key_Down, (2, 4)),
        (Qt.Key.Key_Right, (2, 5)),
        (Qt.Key.Key_Right, (2, 5)),
    ):
        qtbot.keyClick(page.mosaic, key)
        assert page.mosaic.cell == cell
    assert page.panel.title.text() == "Row 3, column 6"


def test_keys_choose_channels_scale_and_view(qtbot: QtBot, page: InspectPage) -> None:
    for key, value in (("R", "R"), ("G", "G"), ("B", "B"), ("A", "all")):
        qtbot.keyClick(page, key)
        assert page.bar.channel.value == value
        expected = {value} if value != "all" else {"R", "G", "B"}
        assert {curve.channel for curve in page.panel.plot.curves} == expected
    assert len(page.panel.plot.curves) == 6
    qtbot.keyClick(page, "L")
    assert page.bar.scale.value == "log"
    qtbot.keyClick(page, "V")
    assert page.field.chart.isVisible() and not page.bar.scale.isVisible()
    qtbot.keyClick(page, "V")
    assert page.left.view is page.left.map and not page.field.chart.isVisible()
    assert "MTF50" in page.left.map.data.title
    for name in ("light, peak = 1", "encircled energy", "contrast (MTF)"):
        qtbot.keyClick(page, "M")
        assert page.panel.plot.data.y_label == name
    qtbot.keyClick(page, "C")
    assert page.panel.picture.pictures[0].contours


def test_scale_and_norm_change_the_pictures(qtbot: QtBot, page: InspectPage) -> None:
    plain = page.mosaic.grab().toImage()
    qtbot.mouseClick(page.bar.scale.buttons["log"], LEFT)
    tails = page.mosaic.grab().toImage()
    assert tails != plain
    qtbot.mouseClick(page.bar.scale.buttons["linear"], LEFT)
    qtbot.mouseClick(page.bar.norm.buttons["global"], LEFT)
    cell = page.mosaic.cell_rect(1, 5).center()
    assert (
        page.mosaic.grab().toImage().pixelColor(cell).green() < 0.7 * plain.pixelColor(cell).green()
    )


def test_maps_show_the_field(qtbot: QtBot, page: InspectPage) -> None:
    show(page, FieldView.MTF50)
    data = page.left.map.data
    assert (np.diff(data.values, axis=1) < 0).all() and (data.low, data.high) == (
        data.values.min(),
        data.values.max(),
    )
    qtbot.mouseClick(page.left.map, LEFT, pos=page.left.map.cell_rect(3, 1).center())
    assert page.panel.title.text() == "Row 4, column 2"
    show(page, FieldView.LATERAL)
    arrows = page.left.map.data.arrows
    assert arrows[0, 5, 0] == pytest.approx([0, 0.5], abs=0.01) and arrows[
        0, 5, 1
    ] == pytest.approx([0, 0], abs=0.01)
    assert "red +0.50 px right" in page.left.map.tip(0, 5)
    show(page, FieldView.CONFIDENCE)
    assert page.left.map.tip(0, 0) == "Row 1, column 1: 75%"
    show(page, FieldView.KERNELS)
    assert page.mosaic.cell == (3, 1)


def test_a_profile_without_confidence_says_so(window: MainWindow) -> None:
    window.controller.change(
        with_psf(window.controller.session, gaussian_grid(confidence=False), "Bare")
    )
    window.go_to(Step.INSPECT)
    page = window.inspect_page
    show(page, FieldView.CONFIDENCE)
    assert page.left.map.data is None
    assert figures(page)["Confidence"] == ["–"] * 3
    assert figures(page)["Likely error"] == ["–"] * 3
    page.left.map.grab()


def test_the_verdict_is_in_words(page: InspectPage) -> None:
    assert page.verdict.text().startswith("Right side much softer than left")


def test_units_follow_the_pixel_size(qtbot: QtBot, page: InspectPage, window: MainWindow) -> None:
    before = float(figures(page)["FWHM"][0]), float(figures(page)["MTF50 sag."][0])
    qtbot.mouseClick(page.bar.units.buttons["um"], LEFT)
    assert page.bar.pitch.isVisible() and page.bar.pitch.value() == 0
    assert page.panel.units.text() == "px, cy/px"
    page.bar.pitch.setValue(5)
    after = float(figures(page)["FWHM"][0]), float(figures(page)["MTF50 sag."][0])
    assert after == (
        pytest.approx(5 * before[0], abs=0.03),
        pytest.approx(200 * before[1], abs=0.2),
    )
    assert page.panel.units.text() == "µm, lp/mm"
    assert page.panel.plot.data.x[-1] == pytest.approx(100)
    show(page, FieldView.MTF50)
    assert page.left.map.data.title.endswith("lp/mm")
    assert window.preferences.values.units == "um"


def test_the_pixel_size_comes_from_the_camera(window: MainWindow) -> None:
    grid = replace(gaussian_grid(), image_size=(4480, 6720))
    profile = Profile(psf=grid, camera="Canon EOS 5D Mark IV")
    window.controller.change(with_psf(window.controller.session, grid, "My lens", profile=profile))
    assert window.inspect_page.bar.pitch.value() == pytest.approx(5.36, rel=0.02)


def test_the_pixel_size_that_was_typed_in_is_kept(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    c, page = window.controller, window.inspect_page
    grid = gaussian_grid()
    c.change(
        replace(
            with_psf(c.session, grid, "First", profile=Profile(psf=grid, camera="Tiny One")),
            pitch_um=3.5,
        )
    )
    window.go_to(Step.INSPECT)
    assert page.bar.pitch.value() == 3.5
    qtbot.mouseClick(page.bar.units.buttons["um"], LEFT)
    page.bar.pitch.setFocus()
    page.bar.pitch.selectAll()
    qtbot.keyClicks(page.bar.pitch, "4.25")
    qtbot.keyClick(page.bar.pitch, Qt.Key.Key_Return)
    assert window.preferences.values.pitches == (("Tiny One", 4.25),)
    c.change(with_psf(c.session, grid, "Second", profile=Profile(psf=grid, camera="Tiny Two")))
    assert page.bar.pitch.value() == 3.5 and window.preferences.values.pitches == (
        ("Tiny One", 4.25),
    )
    c.change(with_psf(c.session, grid, "First", profile=Profile(psf=grid, camera="Tiny One")))
    assert page.bar.pitch.value() == 4.25


def test_another_profile_is_shown_beside(
    qtbot: QtBot, page: InspectPage, window: MainWindow, tmp_path: Path
) -> None:
    other = gaussian_grid((3, 3), 9, right=1.0)
    write_profile(tmp_path / "second copy.lenscal", Profile(psf=other))
    page.compare_wanted.emit(tmp_path / "second copy.lenscal")
    qtbot.waitUntil(lambda: not window.controller.busy, timeout=10_000)
    assert page.compare.currentText() == "second copy" and page.right.isVisible()
    assert window.controller.session.psf_name == "My lens"
    qtbot.mouseClick(page.mosaic, LEFT, pos=page.mosaic.cell_rect(3, 5).center())
    assert page.right.mosaic.cell == (2, 2)
    one, two, change = figures(page)["FWHM"]
    assert float(one) == pytest.approx(4.71, abs=0.1) and float(two) == pytest.approx(
        2.35, abs=0.06
    )
    assert change.startswith("+") and float(change.strip("%")) == pytest.approx(100, abs=0.5)
    assert sum(curve.other for curve in page.panel.plot.curves) == 6
    qtbot.mouseClick(page.right.mosaic, LEFT, pos=page.right.mosaic.cell_rect(0, 0).center())
    assert page.mosaic.cell == (0, 0) and page.right.mosaic.cell == (0, 0)
    show(page, FieldView.MTF50)
    left, right = page.left.map.data, page.right.map.data
    assert (left.low, left.high) == (right.low, right.high)
    page.compare.setCurrentIndex(page.compare.findData("nothing"))
    page.compare.activated.emit(page.compare.currentIndex())
    assert not page.right.isVisible() and page.panel.table.horizontalHeaderItem(0).text() == "R"


def compare_with(
    qtbot: QtBot, page: InspectPage, window: MainWindow, path: Path, grid: PsfGrid
) -> None:
    write_profile(path, Profile(psf=grid))
    page.compare_wanted.emit(path)
    qtbot.waitUntil(lambda: not window.controller.busy, timeout=10_000)


def test_what_parts_two_profiles_is_a_map_and_numbers(
    qtbot: QtBot, page: InspectPage, window: MainWindow, tmp_path: Path
) -> None:
    even = gaussian_grid((3, 3), 15, right=1.0)
    compare_with(qtbot, page, window, tmp_path / "even.lenscal", even)
    assert not page.bar.comparing.isVisible()
    show(page, FieldView.FWHM)
    qtbot.keyClick(page, "D")
    assert page.left.name.text() == "My lens − even" and not page.right.isVisible()
    data = page.left.map.data
    # Alike on the left, twice as wide on the right; nothing is in the middle of the scale.
    assert data.values[:, 0] == pytest.approx(0, abs=0.01)
    assert data.values[:, -1] == pytest.approx(2.355, abs=0.05)
    assert data.low == -data.high and data.high == pytest.approx(data.values.max())
    assert page.left.map.tip(0, 5).endswith("+2.35")
    assert "Width (FWHM) 3.5" in page.verdict.text() and "against 2.3" in page.verdict.text()
    qtbot.mouseClick(page.bar.comparing.buttons["sides"], LEFT)
    assert page.right.isVisible() and page.left.map.data.low > 0


def test_contrast_over_height_is_in_millimetres_of_the_profiles_pixels(
    window: MainWindow, tmp_path: Path
) -> None:
    """A profile that is opened alone knows how large its pixels are."""
    grid = replace(gaussian_grid((5, 7)), image_size=(400, 600))
    path = write_profile(tmp_path / "p.lenscal", Profile(psf=grid, pixel_pitch_um=5.0))
    profile = read_profile(path)
    c = window.controller
    c.change(with_psf(c.session, profile.psf, "My lens", profile=profile))
    window.go_to(Step.INSPECT)
    page = window.inspect_page
    page.bar.set_units("um")
    assert page.bar.pitch.value() == 5
    show(page, FieldView.HEIGHT)
    data = page.field.chart.data
    assert data.unit == "mm" and [name for name, _ in data.key] == ["10 lp/mm", "30 lp/mm"]
    assert data.x[-1] == pytest.approx(math.hypot(399, 599) / 2 * 5e-3)
    # A Gaussian of 1 px everywhere: exp(-2 (pi f)^2) at 0.05 and 0.15 cycles/px.
    for curve, frequency in zip(data.curves, (0.05, 0.05, 0.15, 0.15), strict=True):
        expected = math.exp(-2 * (math.pi * frequency) ** 2)
        assert curve.values == pytest.approx(expected, abs=0.005)


def test_the_value_under_the_mouse_is_told(qtbot: QtBot, page: InspectPage) -> None:
    mosaic = page.mosaic
    qtbot.mouseMove(mosaic, mosaic.cell_rect(1, 5).center())
    told = page.readout.text()
    assert told.startswith("Row 2, column 6") and "pixel +0 right, +0 down: R " in told
    assert "px from the centre" in told
    show(page, FieldView.FWHM)
    qtbot.mouseMove(page.left.map, page.left.map.cell_rect(1, 5).center())
    assert page.readout.text().startswith("Row 2, column 6: 4.7")
    plot = page.panel.plot
    qtbot.mouseMove(plot, QPoint(plot.width() // 2, 40))
    assert "cy/px: R sagittal 0." in page.readout.text()


def test_pictures_and_tables_go_to_the_clipboard(
    qtbot: QtBot, page: InspectPage, window: MainWindow
) -> None:
    clipboard = QGuiApplication.clipboard()
    qtbot.keyClick(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard.image().width() == 2 * page.mosaic.width()
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_C, both)
    lines = clipboard.text().splitlines()
    assert len(lines) == 25 and lines[0].startswith("row\tcol\ty_px\tx_px\tmtf50_R")
    # On the right mouse button, what it is about.
    for widget, beginning in (
        (page.panel.table, "\tR\tG\tB\nFWHM\t"),
        (page.panel.plot, "frequency_cy/px\tR_sagittal"),
        (page.panel.picture, "dy_px\tdx_px\tR\tG\tB\n-7\t-7\t"),
    ):
        assert widget.contextMenuPolicy() is Qt.ContextMenuPolicy.ActionsContextMenu
        next(action for action in widget.actions() if action.text() == "Copy table").trigger()
        assert clipboard.text().startswith(beginning)
    window.go_to(Step.IMPORT)
    qtbot.keyClick(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert window.message_bar.text.text() == "There is no picture to copy here yet."


def test_the_lens_at_another_aperture_is_offered(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    kept = window.controller.folders.kept
    kept.mkdir(parents=True, exist_ok=True)
    grid = gaussian_grid()
    own = Profile(grid, camera="Tiny One", lens="Tiny 35mm f/1.8", created="2026-11-30T05:54:08")
    for name, profile in (
        ("own", own),
        ("f4", replace(own, aperture_degraded=4.0, created="2026-11-29T10:00:00")),
        ("other lens", replace(own, lens="Tiny 50mm f/1.4", created="2026-11-28T10:00:00")),
    ):
        write_profile(kept / f"{name}.lenscal", profile)
    (kept / "damaged.lenscal").write_bytes(b"nothing")
    c = window.controller
    c.change(with_psf(c.session, grid, "My lens", profile=own))
    window.go_to(Step.INSPECT)
    box = window.inspect_page.compare
    texts = [box.itemText(n) for n in range(box.count())]
    assert texts == ["nothing", "same lens, f/4 (2026-11-29)", "another profile…"]
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Down)
    qtbot.waitUntil(lambda: c.session.other is not None and not c.busy, timeout=10_000)
    assert window.inspect_page.right.isVisible() and box.currentText() == "f4"


def test_a_file_that_is_no_profile_is_refused_in_words(
    qtbot: QtBot, page: InspectPage, window: MainWindow, tmp_path: Path
) -> None:
    (tmp_path / "x.lenscal").write_text("nothing")
    page.compare_wanted.emit(tmp_path / "x.lenscal")
    qtbot.waitUntil(lambda: not window.controller.busy, timeout=10_000)
    assert window.message_bar.isVisible() and not page.right.isVisible()


def test_the_truth_is_shown_beside_the_estimate(window: MainWindow) -> None:
    session = with_psf(window.controller.session, gaussian_grid(), "Demo")
    window.controller.change(replace(session, truth=gaussian_grid(k=25)))
    window.go_to(Step.INSPECT)
    page = window.inspect_page
    assert page.right.isVisible() and page.right.name.text() == "Truth"
    assert page.right.mosaic.kernels.shape[-1] == page.mosaic.kernels.shape[-1] == 15


@pytest.mark.parametrize("view", list(FieldView))
def test_what_is_shown_is_saved(page: InspectPage, tmp_path: Path, view: FieldView) -> None:
    show(page, view)
    for suffix in ("png", "svg", "csv"):
        page.outputs.save_field(tmp_path / f"field.{suffix}")
    picture = QImage(str(tmp_path / "field.png"))
    assert picture.width() == 2 * page.field.shown.width()
    colours = {
        picture.pixel(x, y)
        for x in range(0, picture.width(), 7)
        for y in range(0, picture.height(), 7)
    }
    assert len(colours) > 3
    assert QSvgRenderer(str(tmp_path / "field.svg")).isValid()
    with (tmp_path / "field.csv").open(encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    if view is FieldView.HEIGHT:
        assert next(iter(lines[0])) == "image height_px" and len(lines) > 24
        return
    assert len(lines) == 24
    assert lines[-1]["x_px"] == "143.00"
    if view is FieldView.FWHM:
        assert float(lines[5]["fwhm_G_px"]) == pytest.approx(4.71, abs=0.05)


def test_curves_are_saved(page: InspectPage, tmp_path: Path) -> None:
    page.mosaic.choose(0, 0)
    for suffix in ("png", "svg", "csv"):
        page.outputs.save_curves(tmp_path / f"mtf.{suffix}")
    assert not QImage(str(tmp_path / "mtf.png")).isNull()
    assert QSvgRenderer(str(tmp_path / "mtf.svg")).isValid()
    with (tmp_path / "mtf.csv").open(encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert list(lines[0])[:3] == ["frequency_cy/px", "R_sagittal", "R_tangential"]
    at = min(lines, key=lambda line: abs(float(line["frequency_cy/px"]) - 0.1))
    assert float(at["G_sagittal"]) == pytest.approx(math.exp(-2 * (math.pi * 0.1) ** 2), abs=0.01)


def test_the_chosen_kernel_is_saved(page: InspectPage, tmp_path: Path) -> None:
    page.mosaic.choose(2, 5)
    for suffix in ("png", "svg", "csv"):
        page.outputs.save_kernel(tmp_path / f"kernel.{suffix}")
    assert not QImage(str(tmp_path / "kernel.png")).isNull()
    with (tmp_path / "kernel.csv").open(encoding="utf-8") as stream:
        lines = list(csv.DictReader(stream))
    assert len(lines) == 15 * 15 and (lines[0]["dy_px"], lines[0]["dx_px"]) == ("-7", "-7")
    assert sum(float(line["B"]) for line in lines) == pytest.approx(1, abs=1e-5)
    red = sum(float(line["R"]) * float(line["dx_px"]) for line in lines)
    assert red == pytest.approx(0.5, abs=0.01)


def test_what_cannot_be_saved_is_said(
    page: InspectPage, window: MainWindow, tmp_path: Path
) -> None:
    page.outputs.save_field(tmp_path / "missing" / "field.png")
    assert "could not be written" in window.message_bar.text.text()


def test_a_kernel_far_below_zero_is_drawn_in_no_time(window: MainWindow) -> None:
    """Strangers' kernels sum to 1, and may hold anything else."""
    grid = gaussian_grid()
    kernels = grid.kernels.copy()
    # The brightest pixels lie in a column with the darkest one.
    kernels[..., 0, 0] -= 100
    kernels[..., 1, :10] += 10
    c = window.controller
    c.change(with_psf(c.session, replace(grid, kernels=kernels), "Odd"))
    window.go_to(Step.INSPECT)
    page = window.inspect_page
    for which in page.panel.which.buttons:
        page.panel.which.choose(which)
        page.panel.contours.setChecked(True)
        page.panel.grab()
        low, high = page.panel.plot.axes.y_range
        assert -1 <= low <= 0 and high == 1


def test_without_kernels_nothing_can_be_done(window: MainWindow) -> None:
    window.go_to(Step.INSPECT)
    page = window.inspect_page
    assert not page.save_button.isEnabled() and not page.next_button.isEnabled()
    for view in FieldView:
        show(page, view)
        page.left.view.grab()


def test_kernels_are_cut_to_a_common_size_without_losing_light() -> None:
    small, large = gaussian_grid(k=9).kernels, gaussian_grid(k=25).kernels
    assert common_size(small, large) == 9
    wide = gaussian_grid(k=25, right=4.0).kernels
    size = common_size(small, wide)
    assert 9 < size <= 25
    assert (resized(wide, size) ** 2).sum() >= 0.99 * (wide**2).sum()
    assert resized(small, 11)[..., 1:-1, 1:-1] == pytest.approx(small)


def test_a_single_kernel_is_shown_in_every_view(window: MainWindow, tmp_path: Path) -> None:
    """What one blur for whole pictures gives."""
    axis = np.arange(9) - 4
    kernel = np.exp(-(axis[:, None] ** 2 + axis**2) / 2 / 1.5**2)
    kernels = np.broadcast_to(np.float32(kernel / kernel.sum()), (1, 1, 3, 9, 9)).copy()
    sure = np.full((1, 1, 3), 0.8, np.float32)
    grid = PsfGrid(kernels, SIZE, confidence=sure)
    window.controller.change(
        with_psf(window.controller.session, grid, "One blur", profile=Profile(psf=grid))
    )
    window.go_to(Step.INSPECT)
    page = window.inspect_page
    for view in FieldView:
        show(page, view)
        assert not window.grab().isNull()
    assert float(figures(page)["FWHM"][1]) == pytest.approx(2.3548 * 1.5, rel=0.05)
