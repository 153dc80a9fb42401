"""What demosaicing does to noise and fine detail, as a Wiener filter needs to know it.

A demosaiced photo is not the sharp one plus white noise: red and blue, known at every fourth site,
carry noise of low frequency only, and detail that the mosaic cannot hold comes back at wrong
frequencies (aliasing).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

_FREQUENCY = (0.015, 0.05, 0.095, 0.145, 0.195, 0.245, 0.295, 0.345, 0.395, 0.445, 0.5, 0.565, 0.66)
_NOISE = (
    (5.46, 4.25, 3.30, 2.40, 1.64, 1.16, 0.81, 0.60, 0.45, 0.36, 0.30, 0.21, 0.17),
    (3.27, 2.41, 2.32, 2.15, 2.01, 1.90, 1.73, 1.54, 1.38, 1.23, 1.08, 0.74, 0.55),
    (5.71, 4.45, 3.56, 2.65, 1.88, 1.39, 1.05, 0.82, 0.66, 0.55, 0.47, 0.34, 0.25),
)
_ALIAS = (
    (1e-4, 0.0017, 0.0083, 0.025, 0.038, 0.102, 0.194, 0.285, 0.358, 0.542, 0.777, 2.03, 3.97),
    (3e-5, 0.0001, 0.0005, 0.0019, 0.005, 0.014, 0.041, 0.100, 0.163, 0.395, 0.731, 2.28, 4.57),
    (1e-4, 0.0023, 0.0122, 0.036, 0.058, 0.148, 0.273, 0.413, 0.427, 0.895, 1.285, 2.44, 4.96),
)
"""LibRaw's AHD, R, G, B by spatial frequency in cycles/px (rings over all directions), on 16 photos
in linear light, halved in size, sigma 0.6 px of blur, white balance (2, 1, 1.6). _NOISE: noise
power over the variance of a RAW value; _ALIAS: power of demosaic(mosaic(x)) - x over that of x."""
_NOT_ALIAS, _MISTRUST = 0.01, 6.0
"""What is below 1 % leaks from other rings in measuring. Aliases are worse than noise of their
power, since they are structured and follow the signal: weighed six times the corrected photos come
out best (by 0.4 dB)."""


def demosaic_spectra(f: Tensor, *, demosaiced: bool) -> tuple[Tensor, Tensor]:
    """Noise power for RAW noise of variance 1, and the power by which to mistrust detail of power 1
    as aliased.

    Parameters
    ----------
    f : Tensor [...], cycles/px

    Returns
    -------
    noise, alias : Tensor [3, ...]
        Ones and zeros where the photo was never a mosaic.
    """
    if not demosaiced:
        return torch.ones(3, *f.shape, device=f.device), torch.zeros(3, *f.shape, device=f.device)
    at = f.cpu().numpy()
    # Interpolated on the processor: numpy has it, and the curves have no finer structure.
    tables = (
        np.stack([np.interp(at, _FREQUENCY, row) for row in table]) for table in (_NOISE, _ALIAS)
    )
    noise, alias = (torch.as_tensor(t, dtype=torch.float32, device=f.device) for t in tables)
    return noise, _MISTRUST * (alias - _NOT_ALIAS).clamp(min=0)


def alias_doubt(alias: Tensor, otf: Tensor) -> Tensor:
    """The power alias |K|^2 |1 - K|^2 by which to mistrust a photo for its aliases [n, 3, ...].

    A sharp photo has aliases too. They belong to it, and only what the lens changed is to be
    changed back: with a delta for a kernel (K = 1) a photo stays as it is.
    """
    power = squared(otf)
    return alias * power * (1 - 2 * otf.real + power).clamp(0, 1)


def squared(z: Tensor) -> Tensor:
    """|z|^2 of complex numbers.

    By hand, since z.abs().square() takes a root first, which is slower.
    """
    parts = torch.view_as_real(z)
    return parts.square().sum(-1)
