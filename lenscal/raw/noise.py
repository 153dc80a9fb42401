"""Sensor noise: variance = a * signal + b on RAW values 0..1, from the DNG NoiseProfile or from the
photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np

from lenscal.raw.frame import Frame, NoiseModel

_BLOCK = 8
_MAX_BLOCKS_PER_SITE = 12_000
_BRIGHTEST = 0.9
_CLIPPED_BLOCK, _CLIPPED_GROUP = 0.1, 0.002
"""Shares of sites at the ends of the range that are too many for a block, and for a group of
blocks."""
_OUTLIER = 4.0
"""A block with this many times its group's median variance holds an edge or a defect, not noise."""
_N_RANGES, _BLOCKS_PER_RANGE = 10, 300
_SMOOTHEST = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16)
"""Groups of a range of brightness, by how smooth the blocks are: shares of its blocks."""
_MIN_BLOCKS = 12
_COARSE_WEIGHT = 0.2
_FREEDOM = (_BLOCK / 1.944) ** 2
"""Independent residuals a block: the second difference [1, -2, 1] correlates its neighbours (sum of
rho^2 = 1.944)."""
_USUAL_SLOPE, _SLOPE_WEIGHT = 9.0, 3.0
"""Texture in the residuals over their correlation with their neighbours: 4 to 12 on virtual
photos."""
_SLOPE_ERROR, _SLOPE_BEND, _EXCESS_ERROR = 0.3, 10.0, 0.9


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """What is measured in blocks of 8 x 8 sites of one place in the pattern: float64 arrays [p, q,
    n].

    `variance` is that of the high-pass residuals; `shared` their mean product with those of the
    eight sites around, to which only texture adds; `coarse` the variance of means of 2 x 2;
    `clipped` the share at the ends of the range.
    """

    mean: np.ndarray
    variance: np.ndarray
    shared: np.ndarray
    coarse: np.ndarray
    clipped: np.ndarray


def noise_from_profile(pairs: Sequence[tuple[float, float]]) -> NoiseModel | None:
    """The model of a DNG NoiseProfile: one pair for all planes or one each for R, G, B; None for
    anything else."""
    if len(pairs) not in (1, 3):
        return None
    per_plane = list(pairs) * (3 // len(pairs))
    r, g, b = per_plane
    return NoiseModel((r[0], g[0], b[0]), (r[1], g[1], b[1]), "NoiseProfile")


def estimate_noise(frames: Sequence[Frame]) -> NoiseModel:
    """Poisson-Gaussian noise of photos taken at one ISO, from their mosaics.

    Second differences in both directions between sites of one place in the pattern (a 3 x 3 mask of
    unit noise gain) see noise and fine texture; blocks of 8 x 8 of them give variance against mean.
    Two things tell texture from noise:
    in each range of brightness the blocks are ordered by the residuals at the pattern's *other*
    places, whose noise is independent, so that choosing smooth blocks does not choose blocks of
    little noise; and what residuals share with those of the sites around them is texture alone.
    variance = a * mean + b + slope * shared is fitted to means over the smoothest blocks, the slope
    near its usual value unless the photos say otherwise. Clipped blocks are left out.

    Grain in the scene that is as fine as the pattern cannot be told from noise.

    Parameters
    ----------
    frames : sequence of Frame
        At least one; of one camera and ISO.

    Returns
    -------
    NoiseModel
        On RAW values 0..1 before white balance. Where too little can be measured: quantisation and
        a photon noise of one RAW step, and `source` says so.

    References
    ----------
    J. Immerkaer, Fast noise variance estimation, CVIU 64 (1996); A. Foi et al., Practical
    Poissonian-Gaussian noise modeling and fitting for single-image raw-data, IEEE TIP 17 (2008).
    """
    first = frames[0]
    blocks = _joined([_measure(frame) for frame in frames])
    step = 1 / (first.white - float(first.black.mean()))
    lines = [_fit(blocks, first.cfa == c, quiet) for c, quiet in _per_colour(blocks, first.cfa)]
    (ar, br), (ag, bg), (ab, bb) = (line or (step, step**2 / 12) for line in lines)
    photos = "1 photo" if len(frames) == 1 else f"{len(frames)} photos"
    source = (
        f"partly assumed: too little to measure in {photos}"
        if None in lines
        else f"estimated from {photos}"
    )
    return NoiseModel((ar, ag, ab), (br, bg, bb), source)


def _measure(frame: Frame) -> _Blocks:
    """Blocks of lines that are spread evenly over the photo."""
    scale = np.float32(frame.white - float(frame.black.mean()))
    (p, q), (height, width) = frame.cfa.shape, frame.mosaic.shape
    n = max(0, (width - 2 * q - 2) // (_BLOCK * q))
    rows = np.arange(0, height - (_BLOCK + 2) * p - 1, _BLOCK * p)
    wanted = max(1, _MAX_BLOCKS_PER_SITE // max(1, n))
    if len(rows) > wanted:
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, wanted).round().astype(int))]
    h, w = (_BLOCK + 2) * p + 2, (n * _BLOCK + 2) * q + 2
    black = np.tile(frame.black, (_BLOCK + 4, n * _BLOCK + 4))[:h, :w]
    empty = np.empty((5, p, q, 0), np.float32)
    parts = [_blocks_of_line(frame.mosaic[y : y + h, :w], black, scale, (p, q)) for y in rows if n]
    stack = np.concatenate([empty, *parts], axis=-1).astype(np.float64)
    # A line's first block begins one site beyond a whole pattern.
    return _Blocks(*np.roll(stack, (1, 1), axis=(1, 2)))


def _blocks_of_line(
    raw: np.ndarray, black: np.ndarray, scale: np.float32, pattern: tuple[int, int]
) -> np.ndarray:
    """One line of n blocks, uint16 [10 p + 2, (8 n + 2) q + 2], as the rows of `_Blocks`: [5, p, q,
    n]."""
    p, q = pattern
    value = (raw - black) / scale
    d = value[: -2 * p] - 2 * value[p:-p] + value[2 * p :]
    d = (d[:, : -2 * q] - 2 * d[:, q:-q] + d[:, 2 * q :]) / 6
    residual = d[1:-1, 1:-1]
    around = d[:-2] + d[1:-1] + d[2:]
    around = around[:, :-2] + around[:, 1:-1] + around[:, 2:] - residual
    inner = (slice(p + 1, -p - 1), slice(q + 1, -q - 1))
    clipped = (raw[inner] == 0) | (value[inner] > 0.98)
    n = residual.shape[1] // (_BLOCK * q)

    def per_block(x: np.ndarray) -> np.ndarray:
        columns = x.reshape(_BLOCK, -1).sum(
            axis=0, dtype=np.float32
        )  # whole rows first: several times faster
        return columns.reshape(p, n, _BLOCK, q).sum(axis=2).transpose(0, 2, 1) / np.float32(
            _BLOCK**2
        )

    pairs = np.ascontiguousarray(value[inner]).reshape(_BLOCK // 2, 2, p, -1)
    pairs = (pairs[:, 0] + pairs[:, 1]).reshape(_BLOCK // 2, p, n, _BLOCK // 2, 2, q)
    half = (pairs[..., 0, :] + pairs[..., 1, :]) / 4
    coarse = half.var(axis=(0, 3)).transpose(0, 2, 1)
    return np.stack(
        [
            per_block(value[inner]),
            per_block(residual**2),
            per_block(residual * around) / 8,
            coarse,
            per_block(clipped),
        ]
    )


def _joined(parts: Sequence[_Blocks]) -> _Blocks:
    return _Blocks(
        *(np.concatenate([getattr(b, f.name) for b in parts], axis=-1) for f in fields(_Blocks))
    )


def _per_colour(blocks: _Blocks, cfa: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """For each colour the texture [p, q, n] that the *other* places of the pattern see, in units of
    their noise."""
    level = np.ones_like(blocks.mean)
    for c in range(3):
        here = cfa == c
        good = _good(blocks)[here]
        a, b = _lower_line(blocks.mean[here][good], blocks.variance[here][good])
        level[here] = np.maximum(a * np.maximum(blocks.mean[here], 0) + b, 1e-12)
    fine = blocks.variance / level
    coarse = blocks.coarse / level
    total = (fine + _COARSE_WEIGHT * coarse).sum(axis=(0, 1))
    return [(c, total - fine) for c in range(3)]


def _good(blocks: _Blocks) -> np.ndarray:
    return (blocks.mean < _BRIGHTEST) & (blocks.clipped < _CLIPPED_BLOCK) & (blocks.variance > 0)


def _lower_line(mean: np.ndarray, variance: np.ndarray) -> tuple[float, float]:
    """A line along the lower edge of the cloud: proportional to the noise, roughly."""
    if mean.size < 2 * _MIN_BLOCKS:
        return 0.0, 1.0
    parts = np.array_split(np.argsort(mean), int(np.clip(mean.size // 40, 1, 12)))
    s = np.array([max(mean[part].mean(), 0) for part in parts])
    v = np.array([np.quantile(variance[part], 0.05) for part in parts])
    a, b, _ = _solved(s, v, np.zeros_like(v), v)
    return a, b


def _fit(blocks: _Blocks, here: np.ndarray, texture: np.ndarray) -> tuple[float, float] | None:
    """a, b of one colour; None where there are too few blocks."""
    good = _good(blocks)[here]
    mean, variance, shared, clipped = (
        x[here][good] for x in (blocks.mean, blocks.variance, blocks.shared, blocks.clipped)
    )
    groups = []
    for part in np.array_split(
        np.argsort(mean), int(np.clip(mean.size // _BLOCKS_PER_RANGE, 1, _N_RANGES))
    ):
        smooth_first = part[np.argsort(texture[here][good][part])]
        ends = [round(share * part.size) for share in _SMOOTHEST]
        for start, stop in pairwise(ends):
            group = smooth_first[start:stop]
            if group.size >= _MIN_BLOCKS and clipped[group].mean() < _CLIPPED_GROUP:
                groups.append(group[variance[group] < _OUTLIER * np.median(variance[group])])
    if len(groups) < 2:
        return None
    s, v, x = (np.array([y[group].mean() for group in groups]) for y in (mean, variance, shared))
    return _line_under_texture(np.maximum(s, 0), v, x, np.array([group.size for group in groups]))


def _line_under_texture(
    s: np.ndarray, v: np.ndarray, x: np.ndarray, n: np.ndarray
) -> tuple[float, float] | None:
    """Non-negative a, b of v = a s + b + slope x for means over n blocks. The more texture, the
    less a group counts."""
    slope, noise = _USUAL_SLOPE, v
    a = b = 0.0
    for _ in range(30):
        texture = slope * x
        doubt = _SLOPE_ERROR * texture * (1 + _SLOPE_BEND * np.maximum(texture, 0) / noise)
        excess = _EXCESS_ERROR * np.maximum(v - noise - texture, 0)
        a, b, slope = _solved(
            s, v, x, np.sqrt(noise**2 * 2 / (_FREEDOM * n) + doubt**2 + excess**2)
        )
        noise = np.maximum(a * s + b, 1e-12)
    return (a, b) if a > 0 or b > 0 else None


def _solved(
    s: np.ndarray, v: np.ndarray, x: np.ndarray, error: np.ndarray
) -> tuple[float, float, float]:
    """Non-negative least squares of v = a s + b + slope x, the slope drawn to its usual value."""
    from scipy.optimize import nnls

    rows = np.vstack(
        [
            np.stack([s, np.ones_like(s), x], axis=1) / error[:, None],
            [0, 0, _SLOPE_WEIGHT / _USUAL_SLOPE],
        ]
    )
    (a, b, slope), _ = nnls(rows, np.append(v / error, _SLOPE_WEIGHT))
    return float(a), float(b), float(slope)
