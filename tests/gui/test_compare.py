"""Laws of zoom and pan, and a view without a photo."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt
from pytestqt.exceptions import capture_exceptions
from pytestqt.qtbot import QtBot

from lenscal.gui.widgets.compare.compare_view import CompareView
from lenscal.gui.widgets.compare.viewport import MAX_SCALE, Viewport

PANEL = QRectF(0, 0, 400, 300)
PHOTO = QSize(800, 450)
places = st.tuples(st.floats(0, 400), st.floats(0, 300)).map(lambda at: QPointF(*at))
shifts = st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)).map(lambda by: QPointF(*by))
scales = st.floats(1e-3, 1e3)


def fitted() -> Viewport:
    viewport = Viewport()
    assert viewport.set_size(PHOTO)
    viewport.fit(PANEL)
    return viewport


def photo_point(viewport: Viewport, at: QPointF) -> tuple[float, float]:
    """What of the photo lies at a place of the screen."""
    corner = viewport.on_screen(QRectF(0, 0, 1, 1), PANEL).topLeft()
    point = (at - corner) / viewport.scale
    return point.x(), point.y()


def test_all_of_a_photo_fits() -> None:
    viewport = fitted()
    assert viewport.fitted and viewport.visible_px(PANEL) == (0, 0, 800, 450)
    assert viewport.scale == pytest.approx(0.5)


def test_a_small_photo_is_not_blown_up() -> None:
    viewport = Viewport()
    viewport.set_size(QSize(40, 30))
    viewport.fit(PANEL)
    assert viewport.scale == 1


@given(at=places, scale=st.floats(0.5, MAX_SCALE))
def test_zooming_in_keeps_the_point_at_the_anchor(at: QPointF, scale: float) -> None:
    viewport = fitted()
    before = photo_point(viewport, at)
    viewport.zoom(scale, at, PANEL)
    inside = 0 <= before[0] <= 800 and 0 <= before[1] <= 450
    if inside:
        assert photo_point(viewport, at) == pytest.approx(before, abs=1e-6)


@given(scale=scales)
def test_the_scale_stays_within_its_limits(scale: float) -> None:
    viewport = fitted()
    least = viewport.scale
    viewport.zoom(scale, PANEL.center(), PANEL)
    assert least <= viewport.scale <= MAX_SCALE


@given(scale=scales, shift=shifts)
def test_some_of_the_photo_is_always_seen(scale: float, shift: QPointF) -> None:
    viewport = fitted()
    viewport.zoom(scale, PANEL.center(), PANEL)
    viewport.pan(shift)
    part = viewport.visible_px(PANEL)
    assert part is not None
    left, top, right, bottom = part
    assert 0 <= left < right <= 800 and 0 <= top < bottom <= 450


def test_a_photo_of_the_same_size_stays_where_it_was() -> None:
    viewport = fitted()
    viewport.zoom(2, QPointF(10, 10), PANEL)
    part = viewport.visible_px(PANEL)
    assert not viewport.set_size(PHOTO) and viewport.visible_px(PANEL) == part
    assert viewport.set_size(QSize(450, 800))


def test_without_a_photo_nothing_can_be_moved(qtbot: QtBot) -> None:
    view = CompareView()
    qtbot.addWidget(view)
    view.show()
    with capture_exceptions() as exceptions:
        for key in (Qt.Key.Key_Left, Qt.Key.Key_Down, Qt.Key.Key_Plus):
            qtbot.keyClick(view, key)
        qtbot.mousePress(view, Qt.MouseButton.LeftButton, pos=QPoint(20, 20))
        qtbot.mouseMove(view, QPoint(80, 90))
        qtbot.mouseRelease(view, Qt.MouseButton.LeftButton)
    assert not exceptions and view.visible_part is None
    view.show_photo((np.zeros((30, 40, 3), np.uint8),), (np.ones((30, 40, 3), np.uint8),))
    assert view.visible_part == (0, 0, 40, 30)
