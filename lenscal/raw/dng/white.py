"""The camera's answer to white, where a DNG gives white as a colour (AsShotWhiteXY)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

_KELVIN = {
    # EXIF's LightSource numbers, as DNG uses them for CalibrationIlluminant.
    17: 2856.0,
    18: 4874.0,
    19: 6774.0,
    20: 5503.0,
    21: 6504.0,
    22: 7504.0,
    23: 5003.0,
    24: 3200.0,
    1: 5500.0,
    2: 4000.0,
    3: 2850.0,
    4: 5500.0,
    10: 6500.0,
    11: 7500.0,
}
_USUAL_KELVIN = 6504.0


def neutral_of_white(
    white_xy: Sequence[float], matrices: Mapping[int, Sequence[float]]
) -> tuple[float, ...] | None:
    """Camera RGB (green 1) of a white of chromaticity x, y; None where it makes no sense.

    DNG specification 1.4, chapter 6, "Translating White Balance xy Coordinates to Camera Neutral
    Coordinates": the matrix is interpolated between both lights' by the inverse colour temperature.

    matrices : XYZ to camera RGB, 9 numbers row by row, by EXIF's number of the light
    """
    x, y = white_xy
    if not matrices or not (math.isfinite(x) and math.isfinite(y) and 0 < x < 1 and 0 < y < 1):
        return None
    kelvin = _kelvin(x, y)
    lights = sorted((_KELVIN.get(light, _USUAL_KELVIN), tuple(m)) for light, m in matrices.items())
    (low_kelvin, low), (high_kelvin, high) = lights[0], lights[-1]
    share = 1.0
    if high_kelvin > low_kelvin:
        share = (1 / low_kelvin - 1 / kelvin) / (1 / low_kelvin - 1 / high_kelvin)
    share = min(max(share, 0.0), 1.0)
    matrix = ((1 - share) * np.array(low) + share * np.array(high)).reshape(3, 3)
    neutral = matrix @ np.array([x / y, 1.0, (1 - x - y) / y])
    if not np.isfinite(neutral).all() or (neutral <= 0).any():
        return None
    return tuple(float(v) for v in neutral / neutral[1])


def _kelvin(x: float, y: float) -> float:
    """Correlated colour temperature (McCamy, Color Research & Application 17, 142, 1992)."""
    n = (x - 0.3320) / (0.1858 - y) if y != 0.1858 else 0.0
    kelvin = 449 * n**3 + 3525 * n**2 + 6823.3 * n + 5520.33
    return float(min(max(kelvin, 1000.0), 50000.0))
