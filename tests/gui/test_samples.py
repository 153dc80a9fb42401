"""What a velocity network generates, in step 3 while it learns."""

from __future__ import annotations

from typing import Any

import numpy as np

from lenscal.calibration.settings import Stages
from lenscal.gui.background.worker import Progress, _Throttle
from lenscal.gui.pages.calibrate_page import CalibratePage
from lenscal.gui.pages.calibration.samples_view import GAP_PX, in_rows
from lenscal.reports import Report
from lenscal.translation import translatable


def patches(value: float) -> np.ndarray:
    return np.full((2, 3, 8, 8, 3), value, np.float32)


def test_patches_are_shown_when_there_are_any(qtbot: Any) -> None:
    page = CalibratePage()
    qtbot.addWidget(page)
    page.show()
    samples = page.live.samples
    assert samples.isHidden()
    page.show_progress(Progress(Report("F", translatable("working")), ()))
    assert samples.isHidden()
    page.show_progress(Progress(Report("F", translatable("working"), samples=patches(1.0)), ()))
    assert samples.isVisible()
    picture = samples.rows.grab().toImage()
    assert picture.pixelColor(10, 10).lightness() > 200
    page.begin()
    assert samples.isHidden()


def test_photos_lie_above_what_is_generated() -> None:
    both = np.stack([patches(0.0)[0], patches(1.0)[1]])
    picture = in_rows(both)
    side = 8 + 2 * GAP_PX
    assert picture.shape == (2 * side, 3 * side, 3)
    assert picture[side // 2, side // 2, 0] == 0 and picture[-side // 2, side // 2, 0] == 255


def test_reports_that_are_left_out_lose_no_patches() -> None:
    seen: list[Progress] = []
    forward = _Throttle(seen.append)
    forward(Report("F", translatable("first")))
    forward(Report("F", translatable("with patches"), samples=patches(1.0)))
    forward(Report("F", translatable("after")))
    forward.flush()
    assert [p.report.samples is not None for p in seen] == [False, True]


def test_flow_matching_can_be_chosen_by_its_name(qtbot: Any) -> None:
    page = CalibratePage()
    qtbot.addWidget(page)
    box = page.form.stages
    box.setCurrentIndex(box.findText("Flow matching (Meanti et al. 2025)"))
    assert page.settings.stages is Stages.FM
