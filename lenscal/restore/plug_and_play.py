"""Plug-and-play restoration of a whole photo: block by block, finished rows handed on as they
come."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.optics.psf_grid import PsfGrid
from lenscal.prior.denoiser import Denoiser, load_denoiser
from lenscal.restore import wiener
from lenscal.restore.data_step import DataStep
from lenscal.restore.settings import RestoreSettings
from lenscal.restore.tiles import LinearPhoto, Tiling, raised_cosine, tiling_of
from lenscal.restore.wiener_photo import Band
from lenscal.system.threads import several_cores

BLOCK_PX = 1024
"""Side of a block, about: memory against the margins that are worked out twice."""
MARGIN_PX = 32
"""What a block is given around it, so that its own border is not the photo's."""
SEAM_PX = 32
"""Overlap of two blocks, over which one fades into the other."""

Iteration = Callable[[DataStep, Denoiser, range, range, RestoreSettings], Iterator[Tensor]]
"""Yields the estimates [3, h, w], linear, of a block of the given rows and columns; the last one
counts."""


@dataclass(frozen=True, slots=True)
class PriorMethod:
    """A way to let a denoiser and the photo agree, and how many estimates it yields."""

    iteration: Iteration
    n_estimates: int


def prior_denoiser(
    settings: RestoreSettings, device: torch.device, denoiser: Denoiser | None = None
) -> Denoiser:
    """`denoiser`, or where there is none the one that the settings name, on all cores."""
    if denoiser is None:
        denoiser = load_denoiser(Path(settings.prior) if settings.prior else None, device=device)
    return on_all_cores(denoiser)


def plug_and_play(
    photo: LinearPhoto,
    psf: PsfGrid,
    settings: RestoreSettings,
    device: torch.device,
    method: PriorMethod,
    *,
    tiling: Tiling | None = None,
    denoiser: Denoiser | None = None,
    block_px: int = BLOCK_PX,
) -> Generator[Band | float, None, None]:
    """The estimate in bands of rows, from the top; in between, how much of the photo is done.

    Memory: a row of blocks and some hundred MB.
    """
    denoiser = prior_denoiser(settings, device, denoiser)
    height, width = photo.size
    rows, cols = blocks(height, block_px), blocks(width, block_px)
    noise_weight = wiener.noise_weight(settings.denoise)
    done, total = 0, len(rows) * len(cols) * method.n_estimates
    overlap = np.zeros((0, width, 3), np.float32)
    for number, (y, weight_y) in enumerate(rows):
        strip = np.zeros((len(weight_y), width, 3), np.float32)
        # The blocks above have put in their share of the seam.
        strip[: len(overlap)] = overlap
        block_rows = with_margin(y, len(weight_y), height)
        for x, weight_x in cols:
            block_cols = with_margin(x, len(weight_x), width)
            step = DataStep(
                photo, psf, block_rows, block_cols, noise_weight, device, tiling or tiling_of(psf)
            )
            estimates = method.iteration(step, denoiser, block_rows, block_cols, settings)
            for estimate in estimates:  # noqa: B007
                done += 1
                yield done / total
            # Without the margin.
            y0, x0 = y - block_rows.start, x - block_cols.start
            inner = estimate[:, y0 : y0 + len(weight_y), x0 : x0 + len(weight_x)]
            weight = np.outer(weight_y, weight_x).astype(np.float32)[..., None]
            strip[:, x : x + len(weight_x)] += weight * inner.permute(1, 2, 0).cpu().numpy()
        # The last rows are not finished: the blocks below fade into them.
        n_rows = len(weight_y) - (SEAM_PX if number < len(rows) - 1 else 0)
        overlap = strip[n_rows:].copy()
        yield Band(range(y, y + n_rows), strip[:n_rows], None, done / total)


def on_all_cores(denoiser: Denoiser) -> Denoiser:
    """The denoiser, its convolutions spread over all threads: a block cannot be cut without loss,
    since every pixel sees far around itself."""

    def denoised(x: Tensor, sigma: float | Tensor) -> Tensor:
        with several_cores():
            return denoiser(x, sigma)

    return denoised


def with_margin(start: int, length: int, full: int) -> range:
    """The pixels of a block along an axis of `full` px, and MARGIN_PX on both sides of it."""
    return range(max(start - MARGIN_PX, 0), min(start + length + MARGIN_PX, full))


def blocks(length: int, block_px: int = BLOCK_PX) -> list[tuple[int, NDArray[np.float64]]]:
    """First pixel and weights of each block along an axis; neighbours overlap by SEAM_PX, the
    weights sum to 1."""
    count = max(1, round(length / block_px))
    # Blocks of equal size, so that none is a sliver.
    edges = np.linspace(0, length, count + 1).astype(int)
    half = SEAM_PX // 2
    ramp = raised_cosine(SEAM_PX)
    out = []
    for number in range(count):
        first, last = (int(e) for e in edges[number : number + 2])
        before, after = half * (number > 0), half * (number < count - 1)
        weight = np.ones(last - first + before + after)
        if before:
            weight[:SEAM_PX] = ramp
        if after:
            weight[-SEAM_PX:] = ramp[::-1]
        out.append((first - before, weight))
    return out
