"""How wrong a kernel may be, as a filter that uses it needs to know it.

A kernel K + dK is known as K. Both sum to 1, so dK(0) = 0, and to the lowest order in the frequency
f an error is light in the wrong place: |dK(f)| = 2 pi f s, where s is how far the light is
misplaced, in px. That is what estimated kernels show: the errors of stage P grow with f up to 0.45
cycles/px (s = 0.07 px). The channels' errors are taken as independent, the safe choice: no channel
is then trusted to mend what another lost for want of a good kernel.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

RELATIVE_MISPLACEMENT = 0.1
"""Of the kernel's own width. Even where every node is exact, interpolating between nodes and
cutting off tails cost as much: on virtual photos the true kernels gain 0.2 dB with it, estimated
ones 0.2 dB, wrong ones (the field's average) 4 dB. A kernel that is a single pixel has no width:
what it leaves as it is stays as it is."""
LEAST_CONFIDENCE = 1e-3
"""Less is taken as this: a node without any confidence would have an endless error."""


def width_px(kernels: Tensor) -> Tensor:
    """Standard deviation [...] in px of the Gaussian that is as concentrated as each kernel [...,
    k, k]; 0 for a delta.

    sqrt((1 / sum K^2 - 1) / (4 pi)): unlike a second moment, hardly touched by faint tails.
    """
    # A kernel with negative lobes may have a sum of squares near 0: no wider than the photo.
    area = 1 / kernels.square().sum((-1, -2)).clamp(min=1e-6)
    return ((area - 1).clamp(min=0) / (4 * math.pi)).sqrt()


def misplacement_px(kernels: Tensor, confidence: Tensor | None = None) -> Tensor:
    """How far a kernel's light may be misplaced, s [...] in px.

    Parameters
    ----------
    kernels : Tensor [..., k, k]
    confidence : Tensor [...] or None
        exp(-2 d), where d is the relative L2 error found by comparing independent fits. It comes on
        top of what is expected of any kernel. An error that is white has |dK|^2 = d^2 sum K^2 at
        every frequency, and the mean of (2 pi f s)^2 over all frequencies is (2 pi s)^2 / 6.
    """
    # In proportion to the width: a wide kernel's nodes differ more from one another.
    usual = (RELATIVE_MISPLACEMENT * width_px(kernels)).square()
    if confidence is None:
        return usual.sqrt()
    # Back from the confidence to the error that it was made of.
    error = -confidence.clamp(LEAST_CONFIDENCE, 1).log() / 2
    estimated = error.square() * kernels.square().sum((-1, -2)) * 6 / (2 * math.pi) ** 2
    # A point says that nothing is to be undone: however unsure, the photo stays as it is.
    estimated = torch.where(usual > 0, estimated, 0)
    # Independent errors: their squares add up.
    return (usual + estimated).sqrt()


def error_power(misplacement: Tensor, f: Tensor) -> Tensor:
    """E |dK(f)|^2 [..., *] at f [*] cycles/px of kernels whose light is misplaced by `misplacement`
    [...] px."""
    return (2 * math.pi * misplacement.view(*misplacement.shape, *(1,) * f.ndim) * f).square()
