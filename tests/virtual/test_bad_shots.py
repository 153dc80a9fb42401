"""Deliberate bad shots: kernels, determinism, and what the files say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bad_shots import BadShot, disc_kernel, line_kernel, write_bad_shot

from lenscal.raw.metadata import read_info
from lenscal.virtual.dataset import VirtualSettings

SETTINGS = VirtualSettings(size=(128, 192), iso=400)


@pytest.mark.parametrize(("angle", "axis"), [(0.0, 1), (np.pi / 2, 0)])
def test_a_streak_has_its_length_and_no_width(angle: float, axis: int) -> None:
    kernel = line_kernel(24.0, angle)
    place = np.arange(len(kernel)) - len(kernel) // 2
    along, across = kernel.sum(axis=1 - axis), kernel.sum(axis=axis)
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    assert (along * place).sum() == pytest.approx(0, abs=1e-3)
    assert (along * place**2).sum() == pytest.approx(24**2 / 12, rel=0.1)
    assert (across * place**2).sum() == pytest.approx(0, abs=1e-6)


def test_a_disc_is_round_and_has_its_radius() -> None:
    kernel = disc_kernel(9.0)
    place = np.arange(len(kernel)) - len(kernel) // 2
    assert kernel.sum() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(kernel, kernel.T, atol=1e-7)
    assert (kernel.sum(axis=0) * place**2).sum() == pytest.approx(9**2 / 4, rel=0.05)


def test_equal_arguments_give_equal_files_that_say_their_aperture(tmp_path: Path) -> None:
    once = write_bad_shot(tmp_path / "a.dng", BadShot.MOVED, SETTINGS, 3, aperture=1.8)
    again = write_bad_shot(tmp_path / "new" / "b.dng", BadShot.MOVED, SETTINGS, 3, aperture=1.8)
    other = write_bad_shot(tmp_path / "c.dng", BadShot.MOVED, SETTINGS, 4, aperture=1.8)
    assert once.read_bytes() == again.read_bytes() != other.read_bytes()
    wrong = write_bad_shot(tmp_path / "d.dng", BadShot.WRONG_APERTURE, SETTINGS, 3, aperture=1.8)
    assert read_info(once).aperture == pytest.approx(1.8)
    assert read_info(wrong).aperture == pytest.approx(3.6)
