"""Moving images by parts of a pixel without losing detail."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

SINC_HALF_WIDTH = 8
"""px: where the sinc is cut off; detail up to 0.4 cycles/px passes unchanged."""
WINDOW_BETA = 5.0
"""Of the Kaiser window: larger ones ring less and pass less detail."""


def sinc_shift(image: Tensor, shift: Tensor) -> Tensor:
    """image [c, h, w] at s + shift [c, 2] px, cropped by `SINC_HALF_WIDTH` on every side
    (Kaiser-windowed sinc).

    Meant for shifts of up to 2 px: the window does not move along.
    """
    m = SINC_HALF_WIDTH
    j = torch.arange(-m, m + 1, device=image.device, dtype=image.dtype)
    # Cut off without a window, a sinc rings at every edge.
    window = torch.kaiser_window(
        2 * m + 1, periodic=False, beta=WINDOW_BETA, device=image.device, dtype=image.dtype
    )
    # Along rows, then columns: a shift is separable.
    for axis in range(2):
        taps = torch.sinc(j - shift[:, axis, None].to(image.dtype)) * window
        # Cut off, a sinc no longer sums to one, and would change the brightness.
        taps = taps / taps.sum(-1, keepdim=True)
        shape = (-1, 1, 2 * m + 1, 1) if axis == 0 else (-1, 1, 1, 2 * m + 1)
        image = F.conv2d(image[None], taps.view(shape), groups=len(image))[0]
    return image
