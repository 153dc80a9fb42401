"""A confidence is an expected error, and back."""

from __future__ import annotations

import numpy as np
import pytest

from lenscal.files.psf.quality_words import confidence_in_words
from lenscal.optics.expected_error import (
    confidence_of,
    expected_error,
    expected_mtf50_error,
    field_variation,
)
from lenscal.optics.psf_grid import PsfGrid, Reference


def test_confidence_and_error_are_two_names_of_one_number() -> None:
    errors = np.array([0.0, 0.05, 0.2, 0.9])
    assert expected_error(confidence_of(errors)) == pytest.approx(errors, abs=1e-6)
    assert (np.diff(confidence_of(errors)) < 0).all()
    assert np.isfinite(expected_error(np.zeros(1)))
    # A sure kernel's error is not "-0%".
    assert f"{float(expected_error(np.ones(1))[0]):.0%}" == "0%"
    assert expected_mtf50_error(0.1, same_scenes=True) < expected_mtf50_error(0.1, same_scenes=None)


def test_one_kernel_everywhere_does_not_vary() -> None:
    kernels = np.zeros((2, 3, 3, 5, 5), np.float32)
    kernels[..., 2, 2] = 1
    assert field_variation(kernels) == 0
    kernels[0, ..., 2, 2:4] = 0.5
    assert 0.2 < field_variation(kernels) < 0.7


def test_words_say_both() -> None:
    kernels = np.zeros((2, 2, 3, 5, 5), np.float32)
    kernels[..., 2, 2] = 1
    sure = np.full((2, 2, 3), confidence_of(np.array(0.1)), np.float32)
    words = confidence_in_words(PsfGrid(kernels, (64, 96), Reference.AXIS, sure), False)
    assert any("10%" in w and "MTF50 5%" in w for w in words)
    assert confidence_in_words(PsfGrid(kernels, (64, 96), Reference.AXIS)) == []
