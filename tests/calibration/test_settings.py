"""What the user decides: limits, and what reading them costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lenscal.calibration.settings import GRID_SIDES, KERNEL_SIZES_PX, CalibrationSettings
from lenscal.errors import InputError


def test_settings_are_read_without_numpy() -> None:
    """The command line's parser and its help need choices and limits only."""
    code = "import sys, lenscal.calibration.settings; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "torch"} & set(done.stdout.split())


@pytest.mark.parametrize("side", [GRID_SIDES[0], GRID_SIDES[-1]])
@pytest.mark.parametrize("size", [KERNEL_SIZES_PX[0], KERNEL_SIZES_PX[-1]])
def test_limits_themselves_are_allowed(side: int, size: int) -> None:
    settings = CalibrationSettings(grid=(side, side), kernel_size=size)
    assert settings.kernel_size == size


@pytest.mark.parametrize(
    "settings",
    [
        {"grid": (1, 8)},
        {"grid": (8, 65)},
        {"kernel_size": 3},
        {"kernel_size": 12},
        {"kernel_size": 43},
        {"max_minutes": 0.0},
        {"max_minutes": float("inf")},
        {"max_minutes": float("nan")},
        {"device": "abacus"},
    ],
)
def test_values_beyond_their_limits_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(InputError, match=f"--{next(iter(settings)).replace('_', '-')}"):
        CalibrationSettings(**settings)  # type: ignore[arg-type]
