"""Enlarge a photo: block by block, finished rows handed on as they come."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.enlarge.fold_step import LAMBDA, FoldStep, interpolated
from lenscal.enlarge.picture import LEAST_LEVEL, Tone, noise_variance
from lenscal.prior.denoiser import Denoiser
from lenscal.raw.frame import Frame
from lenscal.restore.dpir import schedule
from lenscal.restore.plug_and_play import SEAM_PX, blocks
from lenscal.restore.tiles import read_mirrored

BLOCK_PX = 384
"""Side of a block, px of the enlarged picture over its factor's half: memory against margins that
are worked out twice."""
MARGIN_PX = 24
"""px of the picture around a block: its own border repeats, which must not be seen."""
N_ITERATIONS = 10
NETWORK_WEIGHT = 0.02
"""How much a network's estimate counts against the picture in the step that follows it."""

Estimate = Callable[[Tensor, float], Iterator[Tensor]]
"""Yields estimates [3, s h, s w] of a block [3, h, w] whose values have the noise variance; the
last one counts."""
Bands = Generator[tuple[range, NDArray[np.float32]] | float, None, None]


def denoised(kernel: Tensor, factor: int, tone: Tone, denoiser: Denoiser) -> Estimate:
    """Plug-and-play: what fits the picture and what a photo may be, in turns (DPIR)."""

    def estimate(block: Tensor, variance: float) -> Iterator[Tensor]:
        step = FoldStep(block, kernel, factor)
        slope = tone.slope(float(block.mean()))
        level = max(variance**0.5 / slope, LEAST_LEVEL)
        z = interpolated(block, factor)
        for sigma in schedule(level, N_ITERATIONS):
            # N a of the module's formula, in the picture's own values.
            x = step(z, LAMBDA * (level / sigma) ** 2)
            z = tone.own(denoiser(tone.denoisers(x)[None], sigma)[0])
            yield z

    return estimate


def by_network(kernel: Tensor, factor: int, network: Callable[[Tensor], Tensor]) -> Estimate:
    """A network's estimate, then what of it fits the picture."""

    def estimate(block: Tensor, variance: float) -> Iterator[Tensor]:
        guess = network(interpolated(block, factor))
        yield FoldStep(block, kernel, factor)(guess, NETWORK_WEIGHT)

    return estimate


def enlarged_bands(frame: Frame, factor: int, estimate: Estimate, n_estimates: int) -> Bands:
    """Rows of the enlarged photo and their values [h, s W, 3], from the top; in between, how much
    is done. Memory: a row of blocks."""
    height, width = frame.size
    side = max(2 * BLOCK_PX // factor, 2 * SEAM_PX)
    rows, cols = blocks(height, side), blocks(width, side)
    done, total = 0, len(rows) * len(cols) * n_estimates
    overlap = np.zeros((0, factor * width, 3), np.float32)
    for number, (y, weight_y) in enumerate(rows):
        strip = np.zeros((factor * len(weight_y), factor * width, 3), np.float32)
        strip[: len(overlap)] = overlap
        for x, weight_x in cols:
            part = (range(y, y + len(weight_y)), range(x, x + len(weight_x)))
            block, variance = _block(frame, *part)
            found = block
            for found in estimate(block, variance):  # noqa: B007
                done += 1
                yield done / total
            inner = found[:, factor * MARGIN_PX :, factor * MARGIN_PX :]
            inner = inner[:, : factor * len(weight_y), : factor * len(weight_x)]
            # The same weight for all pixels that one becomes.
            weight = np.outer(weight_y.repeat(factor), weight_x.repeat(factor))
            place = slice(factor * x, factor * (x + len(weight_x)))
            strip[:, place] += (
                weight[..., None].astype(np.float32) * inner.permute(1, 2, 0).cpu().numpy()
            )
        finished = len(weight_y) - (SEAM_PX if number < len(rows) - 1 else 0)
        overlap = strip[factor * finished :].copy()
        yield range(factor * y, factor * (y + finished)), strip[: factor * finished]


def _block(frame: Frame, rows: range, cols: range) -> tuple[Tensor, float]:
    """A block with its margin [3, h, w], and the variance of its noise."""
    wide = [range(r.start - MARGIN_PX, r.stop + MARGIN_PX) for r in (rows, cols)]
    rgb = read_mirrored(frame, *wide)
    return torch.from_numpy(rgb).permute(2, 0, 1).contiguous(), noise_variance(frame, rgb)
