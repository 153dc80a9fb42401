"""The window offers what the settings allow: the same limits, choices and defaults as the command
line."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QSpinBox
from pytestqt.qtbot import QtBot

from lenscal.calibration.settings import (
    DEFAULTS,
    GRID_SIDES,
    KERNEL_SIZES_PX,
    CalibrationSettings,
    Quality,
    Stages,
)
from lenscal.files.photos.export_settings import (
    JPEG_QUALITIES,
    ExportSettings,
    OnConflict,
    PhotoFormat,
    Space,
)
from lenscal.gui.pages.calibrate_page import CalibratePage
from lenscal.gui.pages.correct_page import CorrectPage
from lenscal.gui.pages.export_page import ExportPage
from lenscal.intake.photo_files import PHOTO_EXTENSIONS
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.system.device import DEVICES


@pytest.fixture
def page(qtbot: QtBot) -> CalibratePage:
    page = CalibratePage()
    qtbot.addWidget(page)
    return page


def limits(box: QSpinBox) -> tuple[int, int]:
    return box.minimum(), box.maximum()


def test_a_grid_can_have_any_rows_and_columns_that_are_allowed(page: CalibratePage) -> None:
    for box in (page.form.rows, page.form.columns):
        assert limits(box) == (GRID_SIDES[0], GRID_SIDES[-1])
    page.form.rows.setValue(GRID_SIDES[0])
    page.form.columns.setValue(GRID_SIDES[-1])
    assert page.settings.grid == (GRID_SIDES[0], GRID_SIDES[-1])


def test_a_kernel_can_have_every_size_that_is_allowed_or_be_automatic(
    qtbot: QtBot, page: CalibratePage
) -> None:
    box = page.form.kernel_size
    assert page.settings.kernel_size is None
    sizes = []
    while box.value() < box.maximum():
        box.stepUp()
        sizes.append(page.settings.kernel_size)
    assert sizes == list(KERNEL_SIZES_PX)


@pytest.mark.parametrize(("keys", "size"), [("4", 5), ("6", 7), ("7", 7), ("40", 41)])
def test_a_size_that_is_not_allowed_becomes_the_next_one(
    qtbot: QtBot, page: CalibratePage, keys: str, size: int
) -> None:
    box = page.form.kernel_size
    box.selectAll()
    qtbot.keyClicks(box, keys)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert page.settings.kernel_size == size == box.value()


def test_calibration_choices_and_defaults_are_the_declared_ones(page: CalibratePage) -> None:
    assert page.settings == DEFAULTS
    assert page.form.quality.values == tuple(Quality)
    assert page.form.device.values == DEVICES
    assert page.form.stages.values == tuple(Stages)


@pytest.mark.parametrize(
    "settings",
    [
        CalibrationSettings(),
        CalibrationSettings(grid=(GRID_SIDES[0], GRID_SIDES[-1]), kernel_size=KERNEL_SIZES_PX[0]),
        CalibrationSettings(grid=(12, 8), kernel_size=KERNEL_SIZES_PX[-1], seed=7),
        CalibrationSettings(Quality.FULL, "cpu", max_minutes=30, stages=Stages.FM),
    ],
)
def test_settings_from_elsewhere_come_back_unchanged(
    page: CalibratePage, settings: CalibrationSettings
) -> None:
    page.form.show_settings(settings)
    assert page.settings == settings


def test_correction_choices_and_defaults_are_the_declared_ones(qtbot: QtBot) -> None:
    page = CorrectPage()
    qtbot.addWidget(page)
    assert page.settings == RestoreSettings()
    assert page.method.values == tuple(Method)


def test_export_choices_and_defaults_are_the_declared_ones(qtbot: QtBot) -> None:
    page = ExportPage()
    qtbot.addWidget(page)
    assert page.settings == ExportSettings(out=page.folder_row.path)
    card = page.photo_card
    assert set(card.kind.format.values) == set(PhotoFormat)
    assert card.space.values == tuple(Space)
    assert card.conflict.values == tuple(OnConflict)
    assert limits(card.kind.quality) == (JPEG_QUALITIES[0], JPEG_QUALITIES[-1])


def test_dialogs_offer_every_photo_that_can_be_read(qtbot: QtBot) -> None:
    from lenscal.gui.widgets.file_dialogs import photos_filter

    kinds = photos_filter()
    patterns = set(kinds[kinds.index("(") + 1 : kinds.index(")")].split())
    for extension in PHOTO_EXTENSIONS:
        assert {f"*{extension}", f"*{extension.upper()}"} <= patterns
