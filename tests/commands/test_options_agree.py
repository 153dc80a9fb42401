"""The command line, the settings and the window offer the same choices, limits and defaults."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from lenscal.benchmark.parts import Part
from lenscal.calibration.settings import (
    GRID_SIDES,
    KERNEL_SIZES_PX,
    CalibrationSettings,
    Family,
    Quality,
    Stages,
)
from lenscal.commands.calibrate import calibration_settings
from lenscal.commands.correct import correction_settings, export_settings
from lenscal.commands.option_groups import virtual_photos
from lenscal.commands.parser import DEMO_QUALITY, build_parser
from lenscal.errors import InputError
from lenscal.files.photos.export_settings import (
    DEPTHS,
    ExportSettings,
    OnConflict,
    PhotoFormat,
    Space,
)
from lenscal.files.psf.psf_formats import ALL_FORMATS, PSF_FORMATS
from lenscal.gui.pages.calibration.settings_form import SettingsForm
from lenscal.gui.widgets.device_names import device_names
from lenscal.restore.settings import AMOUNT_LIMITS, DENOISE_LIMITS, Method, RestoreSettings
from lenscal.system.device import DEVICES
from lenscal.virtual.dataset import VirtualSettings
from lenscal.virtual.limits import N_PHOTOS

CALIBRATE = ["calibrate", "sharp", "degraded", "--out", "x.lenscal"]
CORRECT = ["correct", "x.lenscal", "a.dng", "--out", "out"]


def option(command: str, name: str) -> argparse.Action:
    parser = build_parser()
    (commands,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
    return next(a for a in commands.choices[command]._actions if name in a.option_strings)


@pytest.mark.parametrize(
    ("command", "name", "choices"),
    [
        ("calibrate", "--quality", Quality),
        ("demo", "--quality", Quality),
        ("benchmark", "--quality", Quality),
        ("calibrate", "--stages", Stages),
        ("calibrate", "--family", Family),
        ("benchmark", "--stages", Stages),
        ("calibrate", "--device", DEVICES),
        ("correct", "--device", DEVICES),
        ("benchmark", "--device", DEVICES),
        ("correct", "--method", Method),
        ("correct", "--format", PhotoFormat),
        ("correct", "--space", Space),
        ("correct", "--depth", DEPTHS),
        ("correct", "--on-conflict", OnConflict),
        ("export-psf", "--format", (*PSF_FORMATS, ALL_FORMATS)),
        ("benchmark", "--only", Part),
    ],
)
def test_choices_are_those_of_the_settings(command: str, name: str, choices: Iterable[Any]) -> None:
    values = [getattr(choice, "value", choice) for choice in choices]
    assert option(command, name).choices == values


def test_saying_nothing_gives_the_defaults_of_the_settings() -> None:
    parser = build_parser()
    assert calibration_settings(parser.parse_args(CALIBRATE)) == CalibrationSettings()
    correct = parser.parse_args(CORRECT)
    assert correction_settings(correct) == RestoreSettings()
    assert export_settings(correct) == ExportSettings(Path("out"))
    demo = parser.parse_args(["demo"])
    assert calibration_settings(demo) == CalibrationSettings(quality=DEMO_QUALITY)
    virtual = VirtualSettings()
    assert virtual_photos(demo) == (virtual.n_photos, virtual.size)


@pytest.mark.parametrize(
    ("arguments", "inside"),
    [
        (["--grid", f"{GRID_SIDES[0]}x{GRID_SIDES[-1]}"], True),
        (["--grid", f"{GRID_SIDES[0] - 1}x8"], False),
        (["--grid", f"8x{GRID_SIDES[-1] + 1}"], False),
        (["--kernel-size", f"{KERNEL_SIZES_PX[0]}"], True),
        (["--kernel-size", f"{KERNEL_SIZES_PX[-1]}"], True),
        (["--kernel-size", f"{KERNEL_SIZES_PX[0] - 2}"], False),
        (["--kernel-size", f"{KERNEL_SIZES_PX[0] + 1}"], False),
        (["--kernel-size", f"{KERNEL_SIZES_PX[-1] + 2}"], False),
        (["--max-minutes", "0.1"], True),
        (["--max-minutes", "0"], False),
        (["--max-minutes", "nan"], False),
        (["--max-minutes", "inf"], False),
        (["--seed", "-1"], False),
    ],
)
def test_limits_of_a_calibration_are_those_of_its_settings(
    arguments: list[str], inside: bool
) -> None:
    args = build_parser().parse_args([*CALIBRATE, *arguments])
    if inside:
        calibration_settings(args)
    else:
        with pytest.raises(InputError, match=arguments[0]):
            calibration_settings(args)


@pytest.mark.parametrize(
    ("name", "limits"), [("--amount", AMOUNT_LIMITS), ("--denoise", DENOISE_LIMITS)]
)
def test_limits_of_a_correction_are_those_of_its_settings(
    name: str, limits: tuple[float, float]
) -> None:
    parser = build_parser()
    for value in limits:
        correction_settings(parser.parse_args([*CORRECT, name, str(value)]))
    for value in (limits[0] - 0.1, limits[1] + 0.1, float("nan")):
        with pytest.raises(InputError, match=name):
            correction_settings(parser.parse_args([*CORRECT, f"{name}={value}"]))


def test_the_demo_takes_the_numbers_of_photos_that_are_declared(run: Any) -> None:
    code, _, err = run("demo", "--photos", N_PHOTOS[-1] + 1)
    assert code == 2 and f"choose {N_PHOTOS[0]} to {N_PHOTOS[-1]}" in err


def test_the_window_has_a_name_for_every_device() -> None:
    assert tuple(device_names()) == DEVICES
    assert all(name != device for device, name in device_names().items())


@pytest.mark.parametrize("side", [GRID_SIDES[0], GRID_SIDES[-1]])
@pytest.mark.parametrize("size", [None, KERNEL_SIZES_PX[0], KERNEL_SIZES_PX[-1]])
def test_the_window_takes_every_limit_of_a_calibration(
    qtbot: Any, side: int, size: int | None
) -> None:
    form = SettingsForm()
    qtbot.addWidget(form)
    settings = CalibrationSettings(grid=(side, GRID_SIDES[0]), kernel_size=size)
    form.show_settings(settings)
    assert form.settings == settings
    form.rows.setValue(GRID_SIDES[-1] + 1)
    assert form.settings.grid[0] == GRID_SIDES[-1]
