"""What restoring a photo needs to know of those that a population was learnt from."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from lenscal.population.pieces import Pieces, Sampler

_CROPS = 2048


def sharp_spectrum(sharp: Pieces, side: int) -> NDArray[np.float32]:
    """[side, side // 2 + 1]: mean power of sharp pieces, each over its own contrast; white noise of
    variance 1 has 1 everywhere."""
    generator = torch.Generator().manual_seed(0)
    crops, _ = Sampler(sharp).draw(_CROPS, 1, side, generator)
    crops = crops[:, 0].mean(1)
    crops = crops - crops.mean((-1, -2), keepdim=True)
    crops = crops / crops.square().mean((-1, -2), keepdim=True).sqrt().clamp(min=1e-6)
    profile = torch.hann_window(side, periodic=True)
    window = torch.outer(profile, profile)
    spectrum = torch.fft.rfft2(crops * window)
    power = (spectrum.real.square() + spectrum.imag.square()).mean(0)
    return np.asarray((power / window.square().sum()).numpy(), np.float32)


def noise_share(blurred: Pieces) -> float:
    """Median standard deviation of the noise over the contrast of a piece."""
    brightness = blurred.values.mean((-1, -2)).clamp(min=0)
    variance = blurred.photon[blurred.photo] * brightness + blurred.read[blurred.photo]
    contrast = blurred.values.var((-1, -2)).clamp(min=1e-12)
    return float((variance / contrast).sqrt().median())
