"""Sets that were given the wrong way round."""

from __future__ import annotations

import numpy as np
import pytest

from lenscal.intake.inputs import ImportedFolder, Inputs, Judged
from lenscal.intake.survey import N_DIRECTIONS, Survey


def folder(*detail: float) -> ImportedFolder:
    light, place = np.full((2, 3), 0.3, np.float32), np.zeros((2, 3), np.uint8)
    return ImportedFolder(
        tuple(Judged(None, Survey(light, place, np.full(N_DIRECTIONS, d))) for d in detail), ()
    )


@pytest.mark.parametrize(
    ("sharp", "degraded", "swapped"),
    [
        (folder(-7.5, -7.4), folder(-8.5, -8.4), False),
        (folder(-8.5, -8.4), folder(-7.5, -7.4), True),
        (folder(-7.5), folder(-7.4, -7.5), False),
        (folder(np.nan, -8.0), folder(-7.0, np.nan), True),
        (folder(np.nan), folder(-7.0), False),
        (folder(), folder(-7.0), False),
    ],
)
def test_finer_detail_in_the_photos_to_correct_is_noticed(sharp, degraded, swapped):
    assert Inputs(sharp, degraded).swapped == swapped
