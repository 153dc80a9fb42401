"""Mean power spectra of tiles, in which no few contrasty tiles outvote the rest."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

COARSE_BAND_CY_PER_PX = (0.02, 0.09)
"""Where a patch's own power is taken: above what a window leaks from its mean, and low enough that
blur leaves it."""
OWN_POWER_SHARE = 0.0
"""Exponent of a patch's own coarse power that it is divided by: 1 lets patches that are nearly all
noise count as much as others, 0 lets a few contrasty ones rule (docs/experiments/pictures.md)."""


@dataclass(frozen=True, slots=True, eq=False)
class MeanPower:
    """The mean power spectrum of the patches of a set of photos.

    Attributes
    ----------
    power : Tensor [w, w // 2 + 1]
        Weighted mean of |FFT|^2 over the window's energy: white noise of variance v has v.
    noise : float
        What noise adds to it, as far as it is known beforehand.
    """

    power: Tensor
    noise: float


def frequencies(window_px: int, device: torch.device | None = None) -> Tensor:
    """|f| of an rfft2 over windows of that size, cycles/px, [w, w // 2 + 1]."""
    f = torch.fft.fftfreq(window_px, device=device)
    return torch.hypot(f[:, None], torch.fft.rfftfreq(window_px, device=device)[None])


def hann(window_px: int, device: torch.device | None = None) -> Tensor:
    """[w, w], of unit energy."""
    line = torch.hann_window(window_px, periodic=True, device=device)
    window = line[:, None] * line
    return window / window.square().sum().sqrt()


def patch_powers(tiles: Tensor, window_px: int) -> Tensor:
    """|FFT|^2 [m, w, w // 2 + 1] of the half-overlapping windows of tiles [n, s, s]."""
    window = hann(window_px, tiles.device)
    patches = tiles.unfold(1, window_px, window_px // 2).unfold(2, window_px, window_px // 2)
    patches = patches.flatten(0, 2)
    # Under the window, so that nothing of the mean is left to leak.
    mean = (patches * window.square()).sum((1, 2), keepdim=True)
    power: Tensor = torch.fft.rfft2((patches - mean) * window).abs().square()
    return power


def mean_power(tiles: Tensor, variance: Tensor, window_px: int) -> MeanPower:
    """The mean power of tiles [n, s, s] whose noise has the variance [n]."""
    powers = patch_powers(tiles, window_px)
    noise = variance.repeat_interleave(len(powers) // len(tiles))
    f = frequencies(window_px, tiles.device)
    coarse = (f >= COARSE_BAND_CY_PER_PX[0]) & (f <= COARSE_BAND_CY_PER_PX[1])
    own = (powers[:, coarse].mean(1) - noise).clamp(min=0)
    # Patches without anything but noise would otherwise count without limit.
    floor = 0.1 * own.median() + 1e-12
    weight = (own + floor) ** -OWN_POWER_SHARE
    weight = weight / weight.sum()
    return MeanPower((weight[:, None, None] * powers).sum(0), float((weight * noise).sum()))
