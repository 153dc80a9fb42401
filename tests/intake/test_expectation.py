"""What more photos are worth, before any calibration."""

from __future__ import annotations

import numpy as np
import pytest

from lenscal.intake.coverage import Coverage
from lenscal.intake.expectation import (
    ERROR_AT_BEST,
    error_by_photos,
    error_with,
    expectations,
    photos_for_half,
)


@pytest.mark.parametrize("same_scenes", [True, False])
def test_more_photos_and_less_noise_are_better(same_scenes: bool) -> None:
    errors = [error_with(n, same_scenes=same_scenes, noise_a=1e-3) for n in (1, 4, 16, 64, 4096)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] == pytest.approx(ERROR_AT_BEST, rel=0.02)
    clean = error_with(8, same_scenes=same_scenes, noise_a=1e-4)
    assert clean < error_with(8, same_scenes=same_scenes, noise_a=1e-2)
    assert error_with(8, same_scenes=True, noise_a=1e-3) < error_with(
        8, same_scenes=False, noise_a=1e-3
    )


def test_so_many_more_photos_halve_the_error() -> None:
    more = photos_for_half(6, same_scenes=False, noise_a=1e-4)
    assert more is not None
    now, then, before = (
        error_with(n, same_scenes=False, noise_a=1e-4) for n in (6, 6 + more, 5 + more)
    )
    assert then <= now / 2 < before
    # What cannot be halved is not promised.
    assert photos_for_half(60, same_scenes=False, noise_a=1e-4) is None


def test_the_curve_begins_at_what_is_there() -> None:
    curve = error_by_photos(12, same_scenes=False, noise_a=1e-4)
    assert curve[0] == (12, error_with(12, same_scenes=False, noise_a=1e-4))
    assert [n for n, _ in curve] == sorted({n for n, _ in curve})
    assert len(curve) >= 3


def test_no_photos_promise_nothing() -> None:
    coverage = Coverage(np.ones((2, 2), np.float32), np.zeros((2, 2, 3), np.float32), 0)
    assert list(expectations([], [], coverage)) == []
