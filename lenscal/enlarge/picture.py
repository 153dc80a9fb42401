"""Values of pictures as they were averaged, and as denoisers know them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lenscal.raw.frame import Frame
from lenscal.raw.pictures.kinds import Light
from lenscal.restore.data_step import MOSAIC_NOISE, offset

LEAST_LEVEL = 1.0 / 255
"""Standard deviation of the noise that is reckoned with at least: compression and rounding."""


@dataclass(frozen=True, slots=True)
class Tone:
    """How linear light becomes what denoisers know: u = sqrt(v + c); stored values are that
    already.

    offset : c, or None for stored values
    """

    offset: float | None

    def denoisers(self, values: Tensor) -> Tensor:
        """u of the picture's values."""
        if self.offset is None:
            return values
        return (values + self.offset).clamp(min=0).sqrt()

    def own(self, u: Tensor) -> Tensor:
        """The opposite."""
        if self.offset is None:
            return u
        return u.clamp(min=0).square() - self.offset

    def slope(self, mean: float) -> float:
        """dv/du at a value."""
        if self.offset is None:
            return 1.0
        return float(2 * np.sqrt(max(mean, 0.0) + self.offset))


def tone_of(frame: Frame) -> Tone:
    """Of a picture's stored values, or of light."""
    return Tone(None) if frame.info.light is Light.STORED else Tone(offset(frame))


def noise_variance(frame: Frame, rgb: NDArray[np.float32]) -> float:
    """Of a part [h, w, 3] of a photo, mean over its colours, in its own values."""
    variance = frame.noise.variance(rgb.mean((0, 1)), frame.white_balance).mean()
    return float(variance * (MOSAIC_NOISE if frame.demosaiced else 1.0))
