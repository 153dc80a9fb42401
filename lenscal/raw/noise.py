"""Sensor noise: variance = a * signal + b on RAW values 0..1, from the DNG NoiseProfile or from the photos."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lenscal.raw.frame import Frame, NoiseModel

_BLOCK = 8
_MAX_BLOCKS_PER_PLANE = 12_000
_N_BINS = 24
_MIN_BLOCKS_PER_BIN = 40
_CLIP = 0.9
_SMOOTHEST = 0.015
"""Share of the blocks of a range of brightness that is measured: few photos have more without fine texture."""
_EFFECTIVE_SHARE = 1 / 1.944**2
"""Independent values a residual: the second difference [1, -2, 1] correlates its neighbours (sum of rho^2 = 1.944)."""


def noise_from_profile(pairs: Sequence[tuple[float, float]]) -> NoiseModel | None:
    """The model of a DNG NoiseProfile: one pair for all planes or one each for R, G, B; None for anything else."""
    if len(pairs) not in (1, 3):
        return None
    per_plane = list(pairs) * (3 // len(pairs))
    r, g, b = per_plane
    return NoiseModel((r[0], g[0], b[0]), (r[1], g[1], b[1]), "NoiseProfile")


def estimate_noise(frames: Sequence[Frame]) -> NoiseModel:
    """Poisson-Gaussian noise of photos taken at one ISO, from their mosaics.

    Sites of one colour and place in the pattern form a plane. Its second differences in both directions (a 3 x 3
    mask of unit noise gain) see noise and fine texture; blocks of 8 x 8 of them give variance against mean. In each
    range of brightness only the blocks count that are smoothest on coarser scales, judged on sums of 2 x 2 sites, so
    that the choice does not depend on the noise that is measured; of these, the median variance. A line a * s + b is
    fitted to the medians, points above it counting less. Clipped blocks are left out.

    Parameters
    ----------
    frames : sequence of Frame
        At least one; of one camera and ISO.

    Returns
    -------
    NoiseModel
        On RAW values 0..1 before white balance. Where too little can be measured: quantisation and a photon noise of
        one RAW step, and `source` says so.

    References
    ----------
    J. Immerkaer, Fast noise variance estimation, CVIU 64 (1996); A. Foi et al., Practical Poissonian-Gaussian noise
    modeling and fitting for single-image raw-data, IEEE TIP 17 (2008).
    """
    a, b, measured = [], [], 0
    for channel in range(3):
        blocks = [_measure(frame, channel) for frame in frames]
        mean, variance, texture = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
        line = _fit(mean, variance, texture)
        measured += line is not None
        frame = frames[0]
        step = 1 / (frame.white - float(frame.black.mean()))
        a_c, b_c = line or (step, step**2 / 12)
        a.append(a_c)
        b.append(b_c)
    photos = "1 photo" if len(frames) == 1 else f"{len(frames)} photos"
    source = f"estimated from {photos}" if measured == 3 else f"partly assumed: too little to measure in {photos}"
    return NoiseModel((a[0], a[1], a[2]), (b[0], b[1], b[2]), source)


def _measure(frame: Frame, channel: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, residual variance and coarse texture of the blocks of one colour: three arrays [n]."""
    scale = frame.white - float(frame.black.mean())
    p, q = frame.cfa.shape
    parts = []
    for y, x in zip(*np.nonzero(frame.cfa == channel), strict=True):
        plane = frame.mosaic[y::p, x::q]
        lines = _line_blocks(plane.shape)
        for row in lines:
            tile = (plane[row : row + _BLOCK + 2].astype(np.float32) - frame.black[y, x]) / np.float32(scale)
            parts.append(_blocks_of_line(tile))
    if not parts:
        return np.empty(0), np.empty(0), np.empty(0)
    mean, variance, texture = (np.concatenate(column) for column in zip(*parts, strict=True))
    return mean, variance, texture


def _line_blocks(shape: tuple[int, ...]) -> np.ndarray:
    """First rows of the lines of blocks to look at, spread evenly over the plane."""
    per_line = max(1, (shape[1] - 2) // _BLOCK)
    rows = np.arange(0, shape[0] - _BLOCK - 1, _BLOCK)
    wanted = max(1, _MAX_BLOCKS_PER_PLANE // per_line)
    return rows[np.unique(np.linspace(0, len(rows) - 1, wanted).round().astype(int))] if len(rows) > wanted else rows


def _blocks_of_line(tile: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One line of blocks, float32 [10, w]: mean, variance of the residual, coarse texture; clipped blocks left out."""
    n = (tile.shape[1] - 2) // _BLOCK
    if n < 1:
        return np.empty(0), np.empty(0), np.empty(0)
    tile = tile[:, : n * _BLOCK + 2]
    d = tile[:-2] - 2 * tile[1:-1] + tile[2:]
    residual = (d[:, :-2] - 2 * d[:, 1:-1] + d[:, 2:]) / 6
    inner = tile[1:-1, 1:-1]
    shaped = inner.reshape(_BLOCK, n, _BLOCK).transpose(1, 0, 2)
    variance = (residual**2).reshape(_BLOCK, n, _BLOCK).mean(axis=(0, 2))
    coarse = shaped.reshape(n, _BLOCK // 2, 2, _BLOCK // 2, 2).mean(axis=(2, 4))
    texture = coarse.var(axis=(1, 2))
    mean = shaped.mean(axis=(1, 2))
    good = (shaped.max(axis=(1, 2)) < _CLIP) & (shaped.min(axis=(1, 2)) > -0.5) & (variance > 0)
    return mean[good], variance[good], texture[good]


def _fit(mean: np.ndarray, variance: np.ndarray, texture: np.ndarray) -> tuple[float, float] | None:
    """a, b of the line through the smooth blocks' median variance; None where there are too few blocks."""
    if mean.size < 4 * _MIN_BLOCKS_PER_BIN:
        return None
    n_bins = int(np.clip(mean.size // (4 * _MIN_BLOCKS_PER_BIN), 1, _N_BINS))
    order = np.argsort(mean)
    s, v, w = [], [], []
    for part in np.array_split(order, n_bins):
        smooth = part[np.argsort(texture[part])[: max(_MIN_BLOCKS_PER_BIN // 2, int(_SMOOTHEST * part.size))]]
        s.append(mean[smooth].mean())
        v.append(np.median(variance[smooth]) / _median_of_mean_square())
        w.append(np.sqrt(smooth.size))
    return _robust_line(np.array(s), np.array(v), np.array(w))


def _median_of_mean_square() -> float:
    """Median of the mean square of a block's unit-variance residuals (Wilson-Hilferty's chi-square)."""
    freedom = _BLOCK**2 * _EFFECTIVE_SHARE
    return (1 - 2 / (9 * freedom)) ** 3


def _robust_line(s: np.ndarray, v: np.ndarray, weight: np.ndarray) -> tuple[float, float] | None:
    """Non-negative a, b minimising relative residuals; points far above the line (texture) count less."""
    from scipy.optimize import nnls

    scale = v.copy()
    a = b = 0.0
    for _ in range(20):
        row = weight / scale
        (a, b), _ = nnls(np.stack([np.maximum(s, 0) * row, row], axis=1), v * row)
        model = np.maximum(a * np.maximum(s, 0) + b, 1e-12)
        excess = np.maximum((v - model) / model, 0)
        scale = model * np.sqrt(1 + (excess / 0.1) ** 2)
    return (float(a), float(b)) if a > 0 or b > 0 else None
