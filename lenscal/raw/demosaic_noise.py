"""How demosaicing correlates the noise of neighbouring pixels: LibRaw's, and that of cameras."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lenscal.raw.frame import Frame

X_TRANS_PERIOD = (6, 6)
_REACH_PX = 3
"""Of correlations that are kept; demosaicing looks no further."""
_BLOCK_PX = 16
_MOST_BLOCKS = 4000
_SMOOTHEST = 0.05
"""Share of the blocks that noise is looked at in: most hold texture, too."""
_FEWEST = 30
_MOST_TEXTURE = 2.0
"""Variance over the noise's, from which on a block shows texture, which goes along as well."""
_CLIPPED = 0.95
_WHITE = 0.1
"""Correlations below are those of white noise, measured with errors."""

# One quadrant each, by |dy| and |dx|: the noise has no preferred side.
_RED_BLUE = (
    (1.20, 0.40, 0.10, 0.04),
    (0.40, 0.185, 0.073, 0.029),
    (0.10, 0.073, 0.037, 0.011),
    (0.04, 0.029, 0.011, 0.002),
)
_GREEN = (
    (1.22, 0.24, 0.017, 0.004),
    (0.24, 0.0, 0.0, 0.001),
    (0.017, 0.0, 0.004, 0.002),
    (0.004, 0.001, 0.002, 0.001),
)


def ahd_noise_correlation() -> NDArray[np.float64]:
    """[3, 7, 7]: autocorrelation of the noise of a demosaiced photo, relative to the variance of
    one RAW site.

    Measured on the virtual camera and on a Canon EOS D30: known noise was added to the mosaic, both
    were demosaiced and subtracted. Photos differed by about 10 %. AHD chooses directions by the
    data, noise included, and so amplifies it.
    """
    lags = np.abs(np.arange(-3, 4))
    tables = [np.array(table)[np.ix_(lags, lags)] for table in (_RED_BLUE, _GREEN, _RED_BLUE)]
    return np.stack(tables).astype(np.float64)


# The same of X-Trans, which LibRaw demosaics in its own way: here colours go along, too.
_X_TRANS_RED_BLUE = (
    (1.09, 0.395, 0.142, 0.076),
    (0.395, 0.161, 0.068, 0.036),
    (0.142, 0.068, 0.019, 0.007),
    (0.076, 0.036, 0.007, 0.006),
)
_X_TRANS_GREEN = (
    (1.094, 0.249, -0.002, -0.003),
    (0.249, 0.027, -0.004, 0.0),
    (-0.002, -0.004, 0.002, 0.0),
    (-0.003, 0.0, 0.0, 0.001),
)
_X_TRANS_WITH_GREEN = (
    (0.516, 0.05, -0.062, -0.031),
    (0.05, -0.035, -0.021, -0.008),
    (-0.062, -0.021, -0.004, -0.002),
    (-0.031, -0.008, -0.002, -0.001),
)
_X_TRANS_RED_WITH_BLUE = (
    (0.231, -0.025, -0.069, -0.032),
    (-0.025, -0.04, -0.011, 0.0),
    (-0.069, -0.011, 0.006, 0.006),
    (-0.032, 0.0, 0.006, 0.006),
)


def x_trans_noise_correlation() -> NDArray[np.float32]:
    """[3, 3, 7, 7], see `Frame.noise_correlation`: of X-Trans photos as LibRaw demosaics them.

    Measured like AHD's on three virtual photos of ISO 200 to 3200, whose figures in the middle
    differed by a quarter.
    """
    lags = np.abs(np.arange(-_REACH_PX, _REACH_PX + 1))
    tables = (_X_TRANS_RED_BLUE, _X_TRANS_GREEN, _X_TRANS_WITH_GREEN, _X_TRANS_RED_WITH_BLUE)
    same, green, beside, opposite = (np.array(t, np.float32)[np.ix_(lags, lags)] for t in tables)
    return np.array(
        [[same, beside, opposite], [beside, green, beside], [opposite, beside, same]], np.float32
    )


def measured_noise_correlation(frame: Frame) -> NDArray[np.float32] | None:
    """[3, 3, 7, 7], see `Frame.noise_correlation`, from the smoothest blocks of a photo without a
    mosaic; None where its noise is white, or nothing is smooth enough to tell.

    Every block loses its mean, slopes and bends; what is left is noise where its variance is that
    of the noise model. Blocks count alike: each over its own variance.
    """
    blocks, mean = _blocks(frame)
    if len(blocks) < _FEWEST:
        return None
    residual = _without_bends(blocks)
    variance = residual.var(axis=(1, 2))
    channels = np.array(frame.plane_channels)
    expected = frame.noise.variance(mean, channels=channels)
    excess = (variance / np.maximum(expected, 1e-12)).mean(axis=-1)
    smoothest = np.argsort(excess)[: max(_FEWEST, int(_SMOOTHEST * len(blocks)))]
    smoothest = smoothest[excess[smoothest] < _MOST_TEXTURE]
    if len(smoothest) < _FEWEST:
        return None
    residual = residual[smoothest] / np.sqrt(variance[smoothest])[:, None, None]
    table = _correlation(residual)
    beside = table.copy()
    beside[range(len(channels)), range(len(channels)), _REACH_PX, _REACH_PX] = 0
    if np.abs(beside).max() < _WHITE:
        return None
    # One plane stands for all three.
    return np.asarray(np.broadcast_to(table, (3, 3, *table.shape[2:])), np.float32)


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
    n, r = residual.shape[-1], _REACH_PX
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
