"""Sensor noise: variance = a * signal + b on RAW values 0..1, from the DNG NoiseProfile or from the
photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lenscal.raw.frame import Frame, NoiseModel, Sampling
from lenscal.raw.signal.smooth_blocks import smooth_lines
from lenscal.translation import translatable

Floats = NDArray[np.floating]

PROFILE = "NoiseProfile"
"""`NoiseModel.source` of what a file tells."""

_BLOCK = 8
_MAX_BLOCKS_PER_SITE = 12_000
"""Enough for the smoothest blocks of every range of brightness, and as fast on large sensors."""
_BRIGHTEST = 0.9
"""Of the range: brighter blocks may hold clipped peaks of noise, which would lower the variance."""
_CLIPPED_FROM = 0.98
"""Of the range; a site that reads 0 counts as clipped too."""
_CLIPPED_BLOCK, _CLIPPED_GROUP = 0.1, 0.002
"""Shares of sites at the ends of the range that are too many for a block, and for a group of
blocks."""
_OUTLIER = 4.0
"""A block with this many times its group's median variance holds an edge or a defect, not noise."""
_N_RANGES, _BLOCKS_PER_RANGE = 10, 300
_SMOOTHEST = (0.0, 0.01, 0.02, 0.04, 0.08, 0.16)
"""Groups of a range of brightness, by how smooth the blocks are: shares of its blocks."""
_MIN_BLOCKS = 12
"""Of a group: fewer have no mean to speak of."""
_COARSE_WEIGHT = 0.2
"""Of the variance of means of 2 x 2 when blocks are ordered: they see less noise, but coarser
texture, than the residuals."""
_FREEDOM = (_BLOCK / 1.944) ** 2
"""Independent residuals a block: the second difference [1, -2, 1] correlates its neighbours (sum of
rho^2 = 1.944)."""
_USUAL_SLOPE, _SLOPE_WEIGHT = 9.0, 3.0
"""Texture in the residuals over their correlation with their neighbours: 4 to 12 on virtual
photos."""
_SLOPE_ERROR, _SLOPE_BEND, _EXCESS_ERROR = 0.3, 10.0, 0.9
"""Relative errors of what a group's variance is explained by: the texture that its slope gives;
more of it where texture exceeds the noise; and what texture and noise leave unexplained. They keep
textured groups from pulling the line."""
_ROUNDS = 30
"""The weights depend on the line, so it is fitted anew with those of the line before."""
_LEAST_VARIANCE = 1e-12
"""Keeps weights finite; far below the rounding of any sensor."""


@dataclass(frozen=True, slots=True, eq=False)
class _Blocks:
    """What is measured in blocks of 8 x 8 sites of one place in the pattern: float64 arrays [p, q,
    n].

    `variance` is that of the high-pass residuals; `shared` their mean product with those of the
    eight sites around, to which only texture adds; `coarse` the variance of means of 2 x 2;
    `clipped` the share at the ends of the range.
    """

    mean: Floats
    variance: Floats
    shared: Floats
    coarse: Floats
    clipped: Floats


def noise_from_profile(pairs: Sequence[tuple[float, float]]) -> NoiseModel | None:
    """The model of a DNG NoiseProfile: one pair for all planes or one each for R, G, B; None for
    anything else."""
    # Of four colours or two planes nobody says which is which.
    if len(pairs) not in (1, 3):
        return None
    per_plane = list(pairs) * (3 // len(pairs))
    r, g, b = per_plane
    return NoiseModel((r[0], g[0], b[0]), (r[1], g[1], b[1]), PROFILE)


def estimate_noise(frames: Sequence[Frame]) -> NoiseModel:
    """Poisson-Gaussian noise of photos taken at one ISO, from their mosaics; without one, from
    every second pixel of each plane, as if those were sites of a mosaic.

    Second differences in both directions between sites of one place in the pattern (a 3 x 3 mask of
    unit noise gain) see noise and fine texture; blocks of 8 x 8 of them give variance against mean.
    Two things tell texture from noise:
    in each range of brightness the blocks are ordered by the residuals at the pattern's *other*
    places, whose noise is independent, so that choosing smooth blocks does not choose blocks of
    little noise; and what residuals share with those of the sites around them is texture alone.
    variance = a * mean + b + slope * shared is fitted to means over the smoothest blocks, the slope
    near its usual value unless the photos say otherwise. Clipped blocks are left out.

    Where the noise itself goes along from pixel to pixel (`Frame.noise_correlation`), it is the
    variance of the smoothest blocks of 16 x 16 pixels (`signal/smooth_blocks.py`).

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
    # Noise that goes along from pixel to pixel would pass for texture below.
    along = [frame for frame in frames if frame.noise_correlation is not None]
    if along and not first.mosaic.size:
        return _model(smooth_lines(along), first, len(along))
    blocks = _joined([_measure(frame) for frame in frames])
    places = _colours_of_places(first)
    lines = [
        _fit(blocks, places == colour, texture)
        for colour, texture in _texture_by_colour(blocks, places)
    ]
    if first.sampling is Sampling.MONOCHROME:
        lines = [lines[1]] * 3
    return _model(lines, first, len(frames))


def noise_of_smoothest(frame: Frame) -> NoiseModel:
    """Noise as the smoothest twentieth of the blocks show it, about a fifth too low: steadier than
    an estimate where a photo is small, and no texture makes it larger than what all blocks show."""
    blocks, places = _measure(frame), _colours_of_places(frame)
    lines = []
    for colour in range(3):
        here = places == colour
        good = _good(blocks)[here]
        lines.append(_lower_line(blocks.mean[here][good], blocks.variance[here][good]))
    if frame.sampling is Sampling.MONOCHROME:
        lines = [lines[1]] * 3
    (ar, br), (ag, bg), (ab, bb) = lines
    return NoiseModel((ar, ag, ab), (br, bg, bb))


def _model(lines: Sequence[tuple[float, float] | None], frame: Frame, n_photos: int) -> NoiseModel:
    # Where nothing can be measured: one RAW step of photon noise, and its rounding.
    step = 1 / frame.full_scale
    (ar, br), (ag, bg), (ab, bb) = (line or (step, step**2 / 12) for line in lines)
    return NoiseModel((ar, ag, ab), (br, bg, bb), _source(n_photos, partly=None in lines))


def _source(n_photos: int, *, partly: bool) -> str:
    photos = translatable("1 photo")
    if n_photos != 1:
        photos = translatable("{n} photos", n=n_photos)
    if partly:
        return translatable("partly assumed: too little to measure in {photos}", photos=photos)
    return translatable("estimated from {photos}", photos=photos)


def _colours_of_places(frame: Frame) -> NDArray[np.uint8]:
    """The colour of each place of `_Blocks`, uint8 [p, q]."""
    if frame.mosaic.size:
        return frame.cfa
    return np.tile(np.repeat(np.array(frame.plane_channels, np.uint8), 2), (2, 1))


def _measure(frame: Frame) -> _Blocks:
    if frame.mosaic.size:
        limit = _CLIPPED_FROM * frame.clipping[frame.cfa]
        return _measure_plane(frame.mosaic, frame.black, np.float32(frame.full_scale), limit)
    # Every second pixel: the noise of direct neighbours may go together.
    planes = [
        _measure_plane(
            frame.rgb[..., c],
            np.full((2, 2), frame.rgb_black[c], np.float32),
            np.float32(frame.white_balance[c] / frame.rgb_scale),
            np.full((2, 2), _CLIPPED_FROM * frame.clipping[c], np.float32),
        )
        for c in frame.plane_channels
    ]
    parts = (tuple(getattr(plane, f.name) for plane in planes) for f in fields(_Blocks))
    return _Blocks(*(np.concatenate(part, axis=1) for part in parts))


def _measure_plane(
    raw: NDArray[np.uint16],
    black: NDArray[np.float32],
    scale: np.float32,
    limit: NDArray[np.float32],
) -> _Blocks:
    """Blocks of lines that are spread evenly over the photo, of a plane [h, w] whose black levels,
    and values 0..1 from which on it clips, are [p, q]."""
    (p, q), (height, width) = black.shape, raw.shape
    n = max(0, (width - 2 * q - 2) // (_BLOCK * q))
    rows = np.arange(0, height - (_BLOCK + 2) * p - 1, _BLOCK * p)
    n_lines = max(1, _MAX_BLOCKS_PER_SITE // max(1, n))
    if len(rows) > n_lines:
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, n_lines).round().astype(int))]
    h, w = (_BLOCK + 2) * p + 2, (n * _BLOCK + 2) * q + 2
    black, limit = (np.tile(v, (_BLOCK + 4, n * _BLOCK + 4))[:h, :w] for v in (black, limit))
    empty = np.empty((5, p, q, 0), np.float32)
    parts = [_blocks_of_line(raw[y : y + h, :w], black, scale, limit, (p, q)) for y in rows if n]
    stack = np.concatenate([empty, *parts], axis=-1).astype(np.float64)
    # A line's first block begins one site beyond a whole pattern.
    return _Blocks(*np.roll(stack, (1, 1), axis=(1, 2)))


def _blocks_of_line(
    raw: NDArray[np.uint16],
    black: NDArray[np.float32],
    scale: np.float32,
    limit: NDArray[np.float32],
    pattern: tuple[int, int],
) -> NDArray[np.float32]:
    """One line of n blocks, uint16 [10 p + 2, (8 n + 2) q + 2], as the rows of `_Blocks`: [5, p, q,
    n]."""
    p, q = pattern
    value = (raw - black) / scale
    # Second differences between sites of one colour, down and across; over 6, noise keeps its
    # variance.
    down = value[: -2 * p] - 2 * value[p:-p] + value[2 * p :]
    second_differences = (down[:, : -2 * q] - 2 * down[:, q:-q] + down[:, 2 * q :]) / 6
    residual = second_differences[1:-1, 1:-1]
    # The eight sites around are of other places in the pattern: their noise is independent.
    around = second_differences[:-2] + second_differences[1:-1] + second_differences[2:]
    around = around[:, :-2] + around[:, 1:-1] + around[:, 2:] - residual
    inner = (slice(p + 1, -p - 1), slice(q + 1, -q - 1))
    clipped = (raw[inner] == 0) | (value[inner] > limit[inner])
    n = residual.shape[1] // (_BLOCK * q)

    def per_block(x: NDArray[np.floating] | NDArray[np.bool_]) -> NDArray[np.float32]:
        # Whole rows first: several times faster.
        columns = x.reshape(_BLOCK, -1).sum(axis=0, dtype=np.float32)
        total = columns.reshape(p, n, _BLOCK, q).sum(axis=2).transpose(0, 2, 1)
        return np.asarray(total / np.float32(_BLOCK**2))

    return np.stack(
        [
            per_block(value[inner]),
            per_block(residual**2),
            per_block(residual * around) / 8,
            _coarse_variance(value[inner], n, pattern),
            per_block(clipped),
        ]
    )


def _coarse_variance(
    value: NDArray[np.float32], n: int, pattern: tuple[int, int]
) -> NDArray[np.float32]:
    """Variance [p, q, n], over each block, of the means of 2 x 2 sites of one place."""
    p, q = pattern
    rows = np.ascontiguousarray(value).reshape(_BLOCK // 2, 2, p, -1)
    rows = (rows[:, 0] + rows[:, 1]).reshape(_BLOCK // 2, p, n, _BLOCK // 2, 2, q)
    means = (rows[..., 0, :] + rows[..., 1, :]) / 4
    return np.asarray(means.var(axis=(0, 3)).transpose(0, 2, 1))


def _joined(parts: Sequence[_Blocks]) -> _Blocks:
    return _Blocks(
        *(np.concatenate([getattr(b, f.name) for b in parts], axis=-1) for f in fields(_Blocks))
    )


def _texture_by_colour(blocks: _Blocks, cfa: NDArray[np.uint8]) -> list[tuple[int, Floats]]:
    """For each colour the texture [p, q, n] that the *other* places of the pattern see, in units of
    their noise."""
    level = np.ones_like(blocks.mean)
    for colour in range(3):
        here = cfa == colour
        good = _good(blocks)[here]
        a, b = _lower_line(blocks.mean[here][good], blocks.variance[here][good])
        line = a * np.maximum(blocks.mean[here], 0) + b
        level[here] = np.maximum(line, _LEAST_VARIANCE)
    fine = blocks.variance / level
    coarse = blocks.coarse / level
    total = (fine + _COARSE_WEIGHT * coarse).sum(axis=(0, 1))
    # Without a block's own residuals: else smooth blocks would be those of little noise.
    return [(colour, total - fine) for colour in range(3)]


def _good(blocks: _Blocks) -> NDArray[np.bool_]:
    unclipped = (blocks.mean < _BRIGHTEST) & (blocks.clipped < _CLIPPED_BLOCK)
    return np.asarray(unclipped & (blocks.variance > 0))


def _lower_line(mean: Floats, variance: Floats) -> tuple[float, float]:
    """A line along the lower edge of the cloud: proportional to the noise, roughly."""
    if mean.size < 2 * _MIN_BLOCKS:
        return 0.0, 1.0
    parts = np.array_split(np.argsort(mean), int(np.clip(mean.size // 40, 1, 12)))
    s = np.array([max(mean[part].mean(), 0) for part in parts])
    v = np.array([np.quantile(variance[part], 0.05) for part in parts])
    # Only the order of blocks hangs on it: no texture term, errors in proportion.
    a, b, _ = _solved(s, v, np.zeros_like(v), v)
    return a, b


def _fit(blocks: _Blocks, here: NDArray[np.bool_], texture: Floats) -> tuple[float, float] | None:
    """a, b of one colour; None where there are too few blocks."""
    good = _good(blocks)[here]
    mean, variance, shared, clipped = (
        x[here][good] for x in (blocks.mean, blocks.variance, blocks.shared, blocks.clipped)
    )
    by_texture = texture[here][good]
    n_ranges = int(np.clip(mean.size // _BLOCKS_PER_RANGE, 1, _N_RANGES))
    groups = []
    for part in np.array_split(np.argsort(mean), n_ranges):
        # Within a range, so that smooth does not come to mean dark.
        smooth_first = part[np.argsort(by_texture[part])]
        ends = [round(share * part.size) for share in _SMOOTHEST]
        for start, stop in pairwise(ends):
            group = smooth_first[start:stop]
            if group.size >= _MIN_BLOCKS and clipped[group].mean() < _CLIPPED_GROUP:
                groups.append(group[variance[group] < _OUTLIER * np.median(variance[group])])
    # Two numbers need two groups at least.
    if len(groups) < 2:
        return None
    s, v, x = (np.array([y[group].mean() for group in groups]) for y in (mean, variance, shared))
    return _line_under_texture(np.maximum(s, 0), v, x, np.array([group.size for group in groups]))


def _line_under_texture(
    s: Floats, v: Floats, x: Floats, n: NDArray[np.integer]
) -> tuple[float, float] | None:
    """Non-negative a, b of v = a s + b + slope x for means over n blocks. The more texture, the
    less a group counts."""
    slope, noise = _USUAL_SLOPE, v
    a = b = 0.0
    for _ in range(_ROUNDS):
        texture = slope * x
        doubt = _SLOPE_ERROR * texture * (1 + _SLOPE_BEND * np.maximum(texture, 0) / noise)
        excess = _EXCESS_ERROR * np.maximum(v - noise - texture, 0)
        # A variance's own standard error, from the residuals that are independent.
        sampling = noise**2 * 2 / (_FREEDOM * n)
        a, b, slope = _solved(s, v, x, np.sqrt(sampling + doubt**2 + excess**2))
        noise = np.maximum(a * s + b, _LEAST_VARIANCE)
    # No noise at all is no measurement: the caller assumes some.
    return (a, b) if a > 0 or b > 0 else None


def _solved(s: Floats, v: Floats, x: Floats, error: Floats) -> tuple[float, float, float]:
    """Non-negative least squares of v = a s + b + slope x, the slope drawn to its usual value."""
    from scipy.optimize import nnls

    measured = np.stack([s, np.ones_like(s), x], axis=1) / error[:, None]
    # One more equation: with little texture in the photos, the slope stays at its usual value.
    usual = [0, 0, _SLOPE_WEIGHT / _USUAL_SLOPE]
    rows = np.vstack([measured, usual])
    (a, b, slope), _ = nnls(rows, np.append(v / error, _SLOPE_WEIGHT))
    return float(a), float(b), float(slope)
