"""Restoration by a denoiser used as a diffusion model (DiffPIR): noise is put back after every
step.

For sigma_t falling to the photo's own noise, x_t being an image with white noise of that strength
(in u, see `DataStep`):

    z_t = denoiser(x_t, sigma_t)
    x0_t = argmin_x |K x - y|^2 / N + LAMBDA |x - z_t|^2 / s_t^2
    e_t = (x_t - x0_t) / sigma_t
    x_{t-1} = x0_t + sigma_{t-1} (sqrt(1 - ZETA) e_t + sqrt(ZETA) e)

z_t is what a clean photo may be, x0_t what fits the photo taken as well (`DataStep`), e_t the noise
that x_t then has, e fresh noise, N(0, 1).

That is the published algorithm in variance-exploding form (x_t over the square root of its
alpha-bar). The last estimate is denoised once more at the photo's own level, as in DPIR: what the
data step leaves there is sensor noise.

Zhu, Zhang, Liang, Cao, Wen, Timofte, Van Gool 2023, DOI 10.1109/CVPRW59228.2023.00129.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from lenscal.prior.denoiser import Denoiser
from lenscal.restore.data_step import DataStep
from lenscal.restore.dpir import schedule
from lenscal.restore.plug_and_play import PriorMethod
from lenscal.restore.settings import RestoreSettings

N_STEPS = 15
"""Passes of the denoiser."""
ZETA = 0.3
"""Share of fresh noise: 0 never explores, 1 forgets what the steps before have arrived at."""
CELL_PX = 128
"""Side of the squares of the photo that have random numbers of their own."""


def diffpir(
    step: DataStep, denoiser: Denoiser, rows: range, cols: range, settings: RestoreSettings
) -> Iterator[Tensor]:
    """The estimates [3, h, w] of a block (an `Iteration` of `plug_and_play`); the same for the same
    seed."""
    levels = schedule(step.level, N_STEPS - 1)
    device = step.photo_block.device
    # Begins from the photo as it is plus noise of the first level, not from noise alone.
    noise = fresh_noise(settings.seed, 0, rows, cols).to(device)
    x = step.stabilised(step.photo_block) + levels[0] * noise
    for number, (sigma, following) in enumerate(pairwise([*levels, 0.0]), start=1):
        z = step.linear(denoiser(x[None], sigma)[0])
        yield z
        x_0 = step.stabilised(step(z, sigma))
        # The last pair has no level to go to.
        if following > 0:
            noise = fresh_noise(settings.seed, number, rows, cols).to(device)
            x = x_0 + following * ((1 - ZETA) ** 0.5 / sigma * (x - x_0) + ZETA**0.5 * noise)
    yield step.linear(denoiser(x_0[None], levels[-1])[0])


DIFFPIR = PriorMethod(diffpir, N_STEPS)


def fresh_noise(seed: int, number: int, rows: range, cols: range) -> Tensor:
    """White noise [3, h, w] of step `number` at these places of the photo, whatever block asks for
    it."""
    out = np.empty((3, len(rows), len(cols)), np.float32)
    for cy in range(rows.start // CELL_PX, (rows.stop - 1) // CELL_PX + 1):
        y0, y1 = max(rows.start, cy * CELL_PX), min(rows.stop, (cy + 1) * CELL_PX)
        for cx in range(cols.start // CELL_PX, (cols.stop - 1) // CELL_PX + 1):
            x0, x1 = max(cols.start, cx * CELL_PX), min(cols.stop, (cx + 1) * CELL_PX)
            # Numbers by place, not by block: neighbours agree where they overlap.
            rng = np.random.Generator(np.random.SFC64([seed, number, cy, cx]))
            cell = rng.standard_normal((3, CELL_PX, CELL_PX), np.float32)
            inside = (
                slice(y0 - cy * CELL_PX, y1 - cy * CELL_PX),
                slice(x0 - cx * CELL_PX, x1 - cx * CELL_PX),
            )
            out[:, y0 - rows.start : y1 - rows.start, x0 - cols.start : x1 - cols.start] = cell[
                :, *inside
            ]
    return torch.from_numpy(out)
