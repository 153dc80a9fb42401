"""Values of pictures as they were averaged, and as denoisers know them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.blur.power_spectra import patch_powers
from lenscal.raw.frame import Frame
from lenscal.raw.pictures.kinds import Light
from lenscal.restore.data_step import MOSAIC_NOISE, offset

LEAST_LEVEL = 0.3 / 255
"""Standard deviation of the noise that is reckoned with at least: that of rounding to 8 bits."""
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
_FINEST_CY_PER_PX = 0.35
"""Along both axes: from here on blur leaves little of any picture, and noise stays."""
CALM_PX = 64
"""Side of tiles, at most; patches have half of it."""
_CALM = 0.05
"""Quantile over the patches: the calmest of them show what noise there is at most."""


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


def is_grey(frame: Frame) -> bool:
    """Whether its three colours are one and the same, noise included."""
    return len(frame.plane_channels) == 1


def noise_variance(frame: Frame, rgb: NDArray[np.float32]) -> float:
    """Of a part [h, w, 3] of a photo, mean over its colours, in its own values.

    Where a small picture has no smooth parts, its detail is taken for noise: so no more than the
    calmest of it shows.
    """
    variance = frame.noise.variance(rgb.mean((0, 1)), frame.white_balance).mean()
    variance *= MOSAIC_NOISE if frame.demosaiced else 1.0
    return min(float(variance), calm_variance(rgb @ LUMINANCE) / _averaged(frame))


def luminance_variance(frame: Frame, rgb: NDArray[np.float32]) -> float:
    """The same, of the luminance."""
    return noise_variance(frame, rgb) * _averaged(frame)


def _averaged(frame: Frame) -> float:
    """What the luminance keeps of the variance of a colour's noise."""
    # Three times the same: noise does not average out.
    return 1.0 if is_grey(frame) else float((LUMINANCE**2).sum())


def calm_variance(grey: NDArray[np.float32]) -> float:
    """What white noise would have the power of the calmest patches' finest detail."""
    side = min(CALM_PX, *grey.shape) // 2 * 2
    tiles = [
        grey[y : y + side, x : x + side]
        for y in range(0, grey.shape[0] - side + 1, side)
        for x in range(0, grey.shape[1] - side + 1, side)
    ]
    powers = patch_powers(torch.from_numpy(np.stack(tiles)), side // 2)
    fy, fx = torch.fft.fftfreq(side // 2).abs()[:, None], torch.fft.rfftfreq(side // 2)
    finest = powers[:, (fy > _FINEST_CY_PER_PX) & (fx > _FINEST_CY_PER_PX)].mean(1)
    return float(finest.quantile(_CALM))
