"""Plots: data lie where the axes say, nothing is drawn outside, and reports and window draw one
picture."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QByteArray
from PySide6.QtGui import QFont, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from lenscal.gui.drawing.painting import QtFont, paint
from lenscal.optics.psf_grid import PsfGrid
from lenscal.plots import psf_plots
from lenscal.plots.charts import Axes, KeyEntry, Line, line_chart
from lenscal.plots.drawing import Box, Drawing, Polygon, Polyline, Words, readable_on, ticks
from lenscal.plots.histogram import Histogram, histogram_drawing
from lenscal.plots.maps import (
    SCALE,
    MapData,
    cell_box,
    field_map,
    map_area,
    map_height,
    scale_colour,
)
from lenscal.plots.svg import REPORT_STYLE, to_svg

SIZE = (400.0, 240.0)
UNIT_AXES = Axes("x", y_range=(0.0, 4.0))


def gaussian_grid(shape: tuple[int, int], size: int = 13) -> PsfGrid:
    """Wider towards the right; red moved 0.5 px to the right of green everywhere."""
    u = np.arange(size) - size // 2
    kernels = np.empty((*shape, 3, size, size), np.float32)
    for c, shift in enumerate((0.5, 0.0, 0.0)):
        for col in range(shape[1]):
            sigma = 0.8 + 0.1 * col
            blur = np.exp(-(u[:, None] ** 2 + (u - shift) ** 2) / 2 / sigma**2)
            kernels[:, col, c] = blur / blur.sum()
    return PsfGrid(kernels, (400, 600), confidence=np.full((*shape, 3), 0.8, np.float32))


@pytest.mark.parametrize(
    "draw",
    [
        psf_plots.height_plot,
        psf_plots.mtf_plot,
        psf_plots.mtf50_map,
        psf_plots.width_map,
        psf_plots.confidence_map,
        psf_plots.lateral_colour_plot,
    ],
)
@pytest.mark.parametrize("shape", [(5, 6), (1, 1), (1, 30), (30, 1)])
def test_plots_are_well_formed_and_inside(
    draw: Callable[[PsfGrid], str], shape: tuple[int, int]
) -> None:
    root = ElementTree.fromstring(draw(gaussian_grid(shape)))
    _, _, width, height = (float(n) for n in (root.get("viewBox") or "").split())
    for node in root.iter():
        for text in (node.get("points") or "").split():
            x, y = (float(n) for n in text.split(","))
            assert -1 <= x <= width + 1 and -1 <= y <= height + 1
        if node.get("x") is not None:
            assert 0 <= float(node.get("x") or 0) <= width
            assert 0 <= float(node.get("y") or 0) <= height


def chart(*lines: Line) -> Drawing:
    return line_chart(lines, UNIT_AXES, (), SIZE, REPORT_STYLE)


def curves(drawing: Drawing) -> list[NDArray[np.float64]]:
    """Points of what is drawn in the colour of data."""
    return [
        item.points
        for item in drawing.items
        if isinstance(item, Polyline) and item.colour == "#123456"
    ]


def test_curves_are_drawn_to_scale() -> None:
    """The middle of both ranges lies in the middle; what is not finite is left out."""
    x = np.array([0.0, 1.0, 2.0, 3.0])
    (points,) = curves(chart(Line(x[[0, 1, 3]], np.array([0.0, np.nan, 4.0]), "#123456")))
    assert len(points) == 2
    (left, bottom), (right, top) = points
    (middle,) = curves(
        chart(
            Line(np.array([0.0, 1.5, 3.0]), np.array([0.0, 2.0, 4.0]), "#123456"),
        )
    )
    np.testing.assert_allclose(middle[1], [(left + right) / 2, (top + bottom) / 2])
    assert 0 < left < right < SIZE[0] and 0 < top < bottom < SIZE[1]


def test_numbers_stand_beside_their_lines() -> None:
    drawing = chart(Line(np.array([0.0, 1.0]), np.array([0.0, 4.0]), "#123456"))
    (points,) = curves(drawing)
    heights = {item.text: item.y for item in drawing.items if isinstance(item, Words)}
    assert heights["0"] > heights["2"] > heights["4"]
    np.testing.assert_allclose([heights["4"]], points[1][1])


@pytest.mark.parametrize("y", [[], [np.nan], [1.0], [1.0, 1.0]])
def test_curves_without_extent_do_no_harm(y: list[float]) -> None:
    line = Line(np.arange(len(y), dtype=float), np.array(y), "#123456")
    for lines in ((), (line,)):
        svg = to_svg(line_chart(lines, Axes("step", "loss"), (), SIZE, REPORT_STYLE))
        assert "nan" not in svg


@pytest.mark.parametrize("y", [[2.785, 2.837], [2.8371, 2.8371], [1000.0, 1000.4]])
def test_no_two_numbers_of_an_axis_read_alike(y: list[float]) -> None:
    drawing = chart_of_own_range(y)
    texts = [item.text for item in drawing.items if isinstance(item, Words)]
    assert len(texts) > 4 and len(set(texts)) == len(texts)


def test_a_level_curve_runs_through_the_middle() -> None:
    (points,) = curves(chart_of_own_range([2.8371, 2.8371]))
    assert 0.3 * SIZE[1] < points[0][1] < 0.6 * SIZE[1]


def chart_of_own_range(y: list[float]) -> Drawing:
    line = Line(np.arange(len(y)) + 0.25, np.array(y), "#123456")
    return line_chart([line], Axes("step", "loss"), (), SIZE, REPORT_STYLE)


def test_ticks_are_the_multiples_within_the_range() -> None:
    assert [f"{value:g}" for value in ticks(0.0, 1.0, 0.5)] == ["0", "0.5", "1"]
    assert ticks(-0.3, 0.3, 0.2) == pytest.approx([-0.2, 0.0, 0.2])


def test_cells_are_shaded_by_value() -> None:
    data = MapData("", np.array([[0.0, 1.0]]), pattern="{:.2f}")
    drawing = field_map(data, SIZE, 2.0, REPORT_STYLE)
    cells = [item for item in drawing.items if isinstance(item, Box)][1:]
    assert [cell.fill for cell in cells] == [SCALE[0], SCALE[-1]]
    numbers = [i for i in drawing.items if isinstance(i, Words) and i.text in ("0.00", "1.00")]
    # One in each cell, one at each end of the scale.
    assert [n.text for n in numbers] == ["0.00", "1.00", "0.00", "1.00"]
    assert [n.colour for n in numbers[:2]] == [readable_on(SCALE[0]), readable_on(SCALE[-1])]


def test_scale_grows_lighter_and_takes_any_value() -> None:
    lightness = [
        sum(int(scale_colour(part)[n : n + 2], 16) for n in (1, 3, 5))
        for part in np.linspace(0, 1, 21)
    ]
    assert lightness == sorted(lightness)
    assert scale_colour(-3) == scale_colour(float("nan")) == SCALE[0]
    assert scale_colour(7) == SCALE[-1]


def test_cells_tile_the_area() -> None:
    area = map_area((301.0, 233.0), 1.5)
    boxes = [[cell_box(area, (3, 4), row, col) for col in range(4)] for row in range(3)]
    for row in boxes:
        for (x, _, w, _), (following, _, _, _) in itertools.pairwise(row):
            assert x + w + 1 == following
    assert boxes[0][0][0] == round(area[0])


@pytest.mark.parametrize("aspect", [1.5, 0.7])
def test_a_map_as_high_as_asked_for_is_filled(aspect: float) -> None:
    left, _, width, _ = map_area((300.0, float(map_height(300, aspect))), aspect)
    assert left == pytest.approx(10, abs=1) and width == pytest.approx(280, abs=1)


def test_histogram_has_the_counts_heights() -> None:
    counts = np.zeros((3, 256), int)
    counts[:, 100], counts[:, 200] = 400, 100
    drawing = histogram_drawing(
        Histogram(counts, 0.0, 0.2), ("black", "clipped"), SIZE, "#ffffff", REPORT_STYLE
    )
    red = next(item for item in drawing.items if isinstance(item, Polygon))
    heights = red.points[0, 1] - red.points[1:-1, 1]
    # By their roots.
    assert heights[100] == pytest.approx(2 * heights[200])
    words = {item.text: item.colour for item in drawing.items if isinstance(item, Words)}
    assert words == {"black": REPORT_STYLE.muted, "clipped": REPORT_STYLE.warn}


def pixels(image: QImage) -> NDArray[np.int64]:
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return data[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def test_svg_and_painter_draw_the_same(qapp: QApplication) -> None:
    """All but the letters, whose fonts differ: few pixels differ by much."""
    x = np.linspace(0, 1, 50)
    lines = [Line(x, 4 * x**2, "#c0392b"), Line(x, 4 - 4 * x, "#2460b8", dashed=True)]
    key = [KeyEntry("one", "#c0392b"), KeyEntry("other", "#2460b8", dashed=True)]
    data = MapData("title", np.arange(12.0).reshape(3, 4), high=11.0)
    for drawing in (
        line_chart(lines, UNIT_AXES, key, SIZE, REPORT_STYLE),
        field_map(data, SIZE, 1.5, REPORT_STYLE),
    ):
        pictures = []
        for back_end in ("svg", "painter"):
            image = QImage(int(SIZE[0]), int(SIZE[1]), QImage.Format.Format_RGB32)
            image.fill(0xFFFFFFFF)
            painter = QPainter(image)
            if back_end == "svg":
                QSvgRenderer(QByteArray(to_svg(drawing).encode())).render(painter)
            else:
                font = QFont("sans-serif")
                font.setPixelSize(11)
                painter.setFont(font)
                paint(painter, drawing)
            painter.end()
            pictures.append(pixels(image))
        differ = (np.abs(pictures[0] - pictures[1]).max(axis=-1) > 64).mean()
        assert differ < 0.03


def test_qt_measures_text(qapp: QApplication) -> None:
    font = QtFont(QFont())
    assert font.width_px("wide words") > font.width_px("w") > 0
    assert 0 < font.size_px < font.line_px


def test_letters_of_names_are_escaped() -> None:
    svg = to_svg(Drawing(9, 9, (Words(1, 1, "a < b & c", "#000000"),)))
    assert re.search("a &lt; b &amp; c", svg)


def test_no_lateral_colour_draws_no_endless_arrows() -> None:
    """Of one grey kernel; the scale's own arrow was 1e11 px long."""
    kernel = np.zeros((1, 1, 3, 5, 5), np.float32)
    kernel[..., 2, 2] = 1
    text = psf_plots.lateral_colour_plot(PsfGrid(kernel, (300, 400)))
    # Colours are no numbers.
    text = re.sub(r"#[0-9a-f]{6}", "", text)
    numbers = [abs(float(number)) for number in re.findall(r"-?\d+\.\d+|-?\d{5,}", text)]
    assert numbers and max(numbers) < 1e5


def test_the_unit_beside_a_map_is_covered_by_no_number() -> None:
    """A photo whose edges lie at round distances has numbers at them."""
    kernel = np.full((8, 8, 3, 3, 3), 1 / 9, np.float32)
    root = ElementTree.fromstring(psf_plots.mtf50_map(PsfGrid(kernel, (4000, 6000))))
    places = [
        (float(t.attrib["x"]), float(t.attrib["y"]), t.text)
        for t in root.iter("{http://www.w3.org/2000/svg}text")
    ]
    ((x, y),) = [(x, y) for x, y, text in places if text == "px"]
    near = [text for u, v, text in places if abs(u - x) < 16 and abs(v - y) < 11 and text != "px"]
    assert near == []
    assert {"-2000", "3000", "2000"} <= {str(text) for _, _, text in places}
