"""Sets that were given the wrong way round."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lenscal.intake.inputs import ImportedFolder, Inputs, JudgedPhoto
from lenscal.intake.survey import N_DIRECTIONS, Survey
from lenscal.raw.frame import Frame, NoiseModel, PhotoInfo

FRAME = Frame(
    PhotoInfo(Path("a.dng")),
    np.zeros((2, 2), np.uint16),
    np.array([[0, 1], [1, 2]], np.uint8),
    np.zeros((2, 2), np.float32),
    1.0,
    np.zeros((2, 2, 3), np.uint16),
    1.0,
    np.ones(3, np.float32),
    np.ones((1, 1, 3), np.float32),
    "",
    NoiseModel((0, 0, 0), (0, 0, 0)),
)


def folder(*detail: float) -> ImportedFolder:
    light, kinds = np.full((2, 3), 0.3, np.float32), np.zeros((2, 3), np.uint8)
    return ImportedFolder(
        tuple(JudgedPhoto(FRAME, Survey(light, kinds, np.full(N_DIRECTIONS, d))) for d in detail),
        (),
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
def test_finer_detail_in_the_photos_to_correct_is_noticed(
    sharp: ImportedFolder, degraded: ImportedFolder, swapped: bool
) -> None:
    assert Inputs(sharp, degraded).swapped == swapped
