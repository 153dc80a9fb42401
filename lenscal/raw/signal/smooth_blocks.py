"""Noise that goes along from pixel to pixel, in the smoothest blocks of photos without a mosaic: a
camera or a program has demosaiced or smoothed them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.raw.demosaic_noise import REACH_PX
from lenscal.raw.frame import Frame, NoiseModel

_BLOCK_PX = 16
_SHAPES = 6
"""Polynomials of second degree over a block."""
_LUCK = 1.2
"""Standard deviations that the smoothest blocks lie below the mean: 2.1 where the whole photo is
plain, 1.3 where a fifth of it is, 0 where hardly anything is."""
_MOST_BLOCKS = 4000
_RANGES = 6
"""Of brightness: noise grows with it, and each has its own smoothest blocks."""
_SMOOTHEST = 0.05
"""Share of a range's blocks that noise is looked at in: most hold texture, too."""
_FEWEST = 30
_CLIPPED = 0.95
_WHITE = 0.2
"""Correlation with a neighbour, up to which noise counts as white: measured with errors, and with
some texture."""
_ALIKE = 0.6
"""Correlation of colours at one place, from which on it is texture: noise that LibRaw or a camera
demosaiced has up to 0.54, grain in the scene from 0.66 (docs/experiments/sensors.md)."""
_EXCESS = 2.5
"""Variance over the noise's, from which on blocks show texture."""
_TEXTURE = 0.15
"""Correlation three pixels away, from which on it is texture that goes along, not noise."""


@dataclass(frozen=True, slots=True, eq=False)
class SmoothBlocks:
    """The smoothest blocks of each range of brightness, RAW values 0..1.

    residual : [n, b, b, planes], without mean, slopes and bends
    mean : [n, planes]
    ranges : int [n]
    """

    residual: NDArray[np.float32]
    mean: NDArray[np.float32]
    ranges: NDArray[np.intp]


def smooth_blocks(frame: Frame) -> SmoothBlocks | None:
    """None where a photo has too few blocks that do not clip."""
    blocks, mean = _blocks(frame)
    if len(blocks) < _FEWEST * _RANGES:
        return None
    residual = _without_bends(blocks)
    variance = residual.var(axis=(1, 2))
    # All colours together: each over what it usually is.
    roughness = (variance / np.median(variance, axis=0).clip(1e-12)).sum(axis=-1)
    chosen, ranges = [], []
    for number, part in enumerate(np.array_split(np.argsort(mean.sum(axis=-1)), _RANGES)):
        n = max(_FEWEST // _RANGES, round(_SMOOTHEST * len(part)))
        chosen.append(part[np.argsort(roughness[part])[:n]])
        ranges.append(np.full(n, number))
    taken = np.concatenate(chosen)
    return SmoothBlocks(residual[taken], mean[taken], np.concatenate(ranges))


def measured_noise_correlation(
    frame: Frame, noise: NoiseModel | None
) -> NDArray[np.float32] | None:
    """[3, 3, 7, 7], see `Frame.noise_correlation`; None where the noise is white, or nothing is
    smooth enough to tell.

    noise : what is known of it otherwise, from the file; fine texture goes along as noise may, and
        without it only colours tell the two apart: those of texture go along with each other
    """
    smooth = smooth_blocks(frame)
    if smooth is None or _is_textured(smooth, frame, noise):
        return None
    # Blocks count alike: each over its own variance.
    deviation = np.sqrt(smooth.residual.var(axis=(1, 2)).clip(1e-12))
    table = _correlation(smooth.residual / deviation[:, None, None])
    own = table[range(len(table)), range(len(table))]
    beside = max(own[:, REACH_PX, REACH_PX + 1].min(), own[:, REACH_PX + 1, REACH_PX].min())
    beyond = max(own[:, REACH_PX, 0].max(), own[:, 0, REACH_PX].max())
    alike = float((table[..., REACH_PX, REACH_PX] - np.eye(len(table))).max())
    if beside < _WHITE or beyond > _TEXTURE or (noise is None and alike > _ALIKE):
        return None
    # One plane stands for all three.
    return np.asarray(np.broadcast_to(table, (3, 3, *table.shape[2:])), np.float32)


def _is_textured(smooth: SmoothBlocks, frame: Frame, noise: NoiseModel | None) -> bool:
    """Whether even the smoothest blocks show more than noise, or nobody can tell."""
    if noise is None:
        return len(frame.plane_channels) == 1
    expected = noise.variance(smooth.mean, channels=np.array(frame.plane_channels))
    excess = smooth.residual.var(axis=(1, 2)) / np.maximum(expected, 1e-12)
    return float(np.median(excess)) > _EXCESS


def smooth_lines(frames: Sequence[Frame]) -> list[tuple[float, float] | None]:
    """(a, b) of variance = a * mean + b for R, G, B, from the blocks of all photos; None for a
    colour whose blocks do not tell."""
    from scipy.optimize import nnls

    measured = [(smooth_blocks(frame), frame.noise_correlation) for frame in frames]
    lines: list[tuple[float, float] | None] = []
    n_planes = len(frames[0].plane_channels)
    for plane, channel in enumerate(frames[0].plane_channels):
        points = [
            (
                part.mean[here, plane].mean(),
                part.residual[here, ..., plane].var() / _kept(correlation, channel, n_planes),
            )
            for part, correlation in measured
            if part is not None
            for here in (part.ranges == number for number in range(_RANGES))
        ]
        if not points:
            lines.append(None)
            continue
        s, v = (np.array(x, np.float64) for x in zip(*points, strict=True))
        v = np.maximum(v, 1e-12)
        # Errors in proportion to the variance.
        (a, b), _ = nnls(np.stack([np.maximum(s, 0), np.ones_like(s)], 1) / v[:, None], v / v)
        lines.append((float(a), float(b)) if a > 0 or b > 0 else None)
    return lines * (3 // len(lines))


def _kept(correlation: NDArray[np.float32] | None, channel: int, n_planes: int) -> float:
    """The share of the noise's variance that the smoothest blocks show.

    Mean, slopes and bends are taken out: they are of low frequencies, at which noise that goes
    along has more power. And of blocks without texture those are the smoothest that have less noise
    by chance.
    """
    table = np.ones((1, 1)) if correlation is None else correlation[channel, channel]
    slow, spread = float(np.clip(table.sum(), 1, 10)), float((table**2).sum())
    by_chance = _LUCK * np.sqrt(2 * spread / (n_planes * _BLOCK_PX**2))
    return (1 - _SHAPES / _BLOCK_PX**2 * slow) * float(1 - by_chance)


def _blocks(frame: Frame) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """RAW values 0..1 [n, 16, 16, planes] of unclipped blocks, evenly spread, and their means."""
    height, width = frame.size
    rows, cols = height // _BLOCK_PX, width // _BLOCK_PX
    thin = max(1.0, (rows * cols / _MOST_BLOCKS) ** 0.5)
    tops, lefts = (
        np.unique(np.linspace(0, n - 1, max(1, round(n / thin))).astype(int)) * _BLOCK_PX
        for n in (rows, cols)
    )
    kept = []
    for top in tops:
        band = slice(top, top + _BLOCK_PX)
        value, multiplier = frame.planes_tile(band, slice(0, width))
        raw = np.moveaxis(value / multiplier, 0, -1)
        for left in lefts:
            block = raw[:, left : left + _BLOCK_PX]
            if block.min() > 0 and block.max() < _CLIPPED:
                kept.append(block)
    blocks = np.stack(kept) if kept else np.zeros((0, _BLOCK_PX, _BLOCK_PX, 1), np.float32)
    return blocks, blocks.mean(axis=(1, 2))


def _without_bends(blocks: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blocks [n, b, b, planes] without the polynomials of second degree that fit them best."""
    axis = np.linspace(-1, 1, _BLOCK_PX)
    y, x = (v.ravel() for v in np.meshgrid(axis, axis, indexing="ij"))
    shapes, _ = np.linalg.qr(np.stack([y * 0 + 1, y, x, y * y, y * x, x * x], -1))
    flat = blocks.reshape(len(blocks), _BLOCK_PX**2, -1)
    fitted = np.einsum("sk,tk,ntc->nsc", shapes, shapes, flat, optimize=True)
    return np.asarray(flat - fitted, np.float32).reshape(blocks.shape)


def _correlation(residual: NDArray[np.float32]) -> NDArray[np.float64]:
    """[planes, planes, 7, 7]: mean products of blocks [n, b, b, planes] of variance 1."""
    n, r = residual.shape[-1], REACH_PX
    table = np.zeros((n, n, 2 * r + 1, 2 * r + 1))
    middle = residual[:, r:-r, r:-r]
    for dy in range(-r, r + 1):
        for dx in range(-r, r + 1):
            rows = slice(r + dy, _BLOCK_PX - r + dy)
            cols = slice(r + dx, _BLOCK_PX - r + dx)
            product = np.einsum("nyxc,nyxd->cd", residual[:, rows, cols], middle, optimize=True)
            table[:, :, r + dy, r + dx] = product / middle[..., 0].size
    # A covariance is its own mirror image.
    return np.asarray((table + table[:, :, ::-1, ::-1].swapaxes(0, 1)) / 2)
