"""Plug-and-play restoration with a learnt denoiser (DPIR): half-quadratic splitting.

Repeat for sigma_k falling from 49/255 to the photo's own noise:

    x_k = argmin_x |K x - y|^2 / N + LAMBDA |x - z_{k-1}|^2 / s_k^2        (`DataStep`)
    z_k = denoiser(x_k, sigma_k)

Zhang, Li, Zuo, Zhang, Van Gool, Timofte 2021, DOI 10.1109/TPAMI.2021.3088914.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from torch import Tensor

from lenscal.prior.denoiser import Denoiser
from lenscal.restore.data_step import DataStep
from lenscal.restore.plug_and_play import PriorMethod
from lenscal.restore.settings import RestoreSettings

N_ITERATIONS = 8
"""As published."""
SIGMA_FIRST = 49 / 255
"""As published: the strongest noise that denoisers for photos know well."""
_LEAST_SIGMA = 1e-4
"""A photo without noise still needs a level to end at."""


def dpir(
    step: DataStep, denoiser: Denoiser, rows: range, cols: range, settings: RestoreSettings
) -> Iterator[Tensor]:
    """The estimates z_1, z_2, ... [3, h, w] of a block (an `Iteration` of `plug_and_play`)."""
    z = step.photo_block
    for sigma in schedule(step.level):
        # What fits the photo, near the last guess; then what a photo may be, near that.
        x = step(z, sigma)
        z = step.linear(denoiser(step.stabilised(x)[None], sigma)[0])
        yield z


DPIR = PriorMethod(dpir, N_ITERATIONS)


def schedule(sigma_last: float, count: int = N_ITERATIONS) -> list[float]:
    """Noise levels, falling log-uniformly from 49/255, as far as denoisers know them well, to the
    photo's own."""
    # A photo noisier than the first level has a constant schedule.
    last = min(max(sigma_last, _LEAST_SIGMA), SIGMA_FIRST)
    return [float(sigma) for sigma in np.geomspace(SIGMA_FIRST, last, count)]
