"""Patches as the velocity network sees them: brightness and contrast are the scenes'."""

from __future__ import annotations

from torch import Tensor

LEAST_CONTRAST = 1e-4
"""Added to a patch's contrast, so that a plain one is not divided by nothing."""


def by_contrast(patches: Tensor) -> Tensor:
    """Every plane of [n, p, m, m] without its mean, all planes over the patch's own contrast.

    The contrast is a part of any gradient: with it the matching gradient is that of the
    divergence between *normalised* patches, without it that of none (tests/calibration/matching).
    """
    centred = patches - patches.mean((-1, -2), keepdim=True)
    contrast = centred.square().mean((1, 2, 3), keepdim=True)
    # A root has no slope at 0.
    return centred / ((contrast + 1e-12).sqrt() + LEAST_CONTRAST)


def by_fixed_contrast(patches: Tensor) -> Tensor:
    """The same with a contrast that is a number, not part of any gradient."""
    centred = patches - patches.mean((-1, -2), keepdim=True)
    contrast = centred.detach().square().mean((1, 2, 3), keepdim=True).sqrt()
    return centred / (contrast + LEAST_CONTRAST)
