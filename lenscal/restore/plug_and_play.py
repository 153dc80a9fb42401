"""Plug-and-play restoration of a whole photo: block by block, finished rows handed on as they
come."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lenscal.optics.psf_grid import PsfGrid
from lenscal.prior.denoiser import Denoiser, load_denoiser
from lenscal.restore import wiener
from lenscal.restore.data_step import DataStep
from lenscal.restore.settings import RestoreSettings
from lenscal.restore.tiles import LinearPhoto, Tiling, tiling_of
from lenscal.restore.wiener_photo import Band
from lenscal.system.threads import several_cores

BLOCK_PX, MARGIN_PX, SEAM_PX = 1024, 32, 32

Iteration = Callable[[DataStep, Denoiser, range, range, RestoreSettings], Iterator[Tensor]]
"""Yields the estimates [3, h, w], linear, of a block of the given rows and columns; the last one
counts."""


def plug_and_play(
    photo: LinearPhoto,
    psf: PsfGrid,
    settings: RestoreSettings,
    device: torch.device,
    iteration: Iteration,
    n_steps: int,
    *,
    tiling: Tiling | None = None,
    denoiser: Denoiser | None = None,
    block_px: int = BLOCK_PX,
) -> Generator[Band | float, None, None]:
    """The estimate in bands of rows, from the top; in between, how much of the photo is done.

    Memory: a row of blocks and some hundred MB. `n_steps`: how many estimates `iteration` yields.
    """
    if denoiser is None:
        denoiser = load_denoiser(Path(settings.prior) if settings.prior else None, device=device)
    denoiser = on_all_cores(denoiser)
    height, width = photo.size
    rows, cols = blocks(height, block_px), blocks(width, block_px)
    noise_weight = wiener.noise_weight(settings.denoise)
    done, total = 0, len(rows) * len(cols) * n_steps
    overlap = np.zeros((0, width, 3), np.float32)
    for number, (y, weight_y) in enumerate(rows):
        strip = np.zeros((len(weight_y), width, 3), np.float32)
        strip[: len(overlap)] = overlap
        block_rows = range(max(y - MARGIN_PX, 0), min(y + len(weight_y) + MARGIN_PX, height))
        for x, weight_x in cols:
            block_cols = range(max(x - MARGIN_PX, 0), min(x + len(weight_x) + MARGIN_PX, width))
            step = DataStep(
                photo, psf, block_rows, block_cols, noise_weight, device, tiling or tiling_of(psf)
            )
            for estimate in iteration(step, denoiser, block_rows, block_cols, settings):  # noqa: B007
                done += 1
                yield done / total
            top, left = y - block_rows.start, x - block_cols.start
            inner = (
                estimate[:, top : top + len(weight_y), left : left + len(weight_x)]
                .permute(1, 2, 0)
                .cpu()
                .numpy()
            )
            weight = np.outer(weight_y, weight_x).astype(np.float32)[..., None]
            strip[:, x : x + len(weight_x)] += weight * inner
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


def blocks(length: int, block_px: int = BLOCK_PX) -> list[tuple[int, np.ndarray]]:
    """First pixel and weights of each block along an axis; neighbours overlap by SEAM_PX, the
    weights sum to 1."""
    count = max(1, round(length / block_px))
    edges = np.linspace(0, length, count + 1).astype(int)
    half = SEAM_PX // 2
    ramp = np.sin(0.5 * np.pi * (np.arange(SEAM_PX) + 0.5) / SEAM_PX) ** 2
    out = []
    for number in range(count):
        first, last = (int(e) for e in edges[number : number + 2])
        left, right = half * (number > 0), half * (number < count - 1)
        weight = np.ones(last - first + left + right)
        if left:
            weight[:SEAM_PX] = ramp
        if right:
            weight[-SEAM_PX:] = ramp[::-1]
        out.append((first - left, weight))
    return out
