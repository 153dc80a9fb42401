"""The noise of photos as spectral matrices: white where the sensor's own values are read,
correlated between pixels and colours where something was made of them before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lenscal.calibration.packing import Packing
from lenscal.raw.demosaic_noise import ahd_noise_correlation
from lenscal.raw.frame import Frame, Sampling

LEAST_NOISE = 0.02
"""Of white noise: measured correlations are a little off, but no frequency is without noise."""


def noise_correlation(frames: Sequence[Frame]) -> NDArray[np.float64] | None:
    """[3, 3, n, n]: the photos' mean (`Frame.noise_correlation`); None where their noise is
    white."""
    tables = [frame.noise_correlation for frame in frames if frame.noise_correlation is not None]
    return np.mean(tables, axis=0, dtype=np.float64) if tables else None


def autocorrelation(frames: Sequence[Frame]) -> NDArray[np.float64]:
    """[3, n, n]: of the noise in `Frame.rgb`, by channel, over the variance of a RAW value."""
    if frames[0].sampling is Sampling.BAYER:
        return ahd_noise_correlation()
    table = noise_correlation(frames)
    if table is None:
        return np.ones((3, 1, 1))
    return np.asarray(table[range(3), range(3)])


def noise_shape(
    correlation: NDArray[np.float64] | None, packing: Packing, n: int
) -> NDArray[np.complex128] | None:
    """Spectral matrices [p, p, n, n] of the noise of p planes of variance 1; None where it is
    white."""
    # A mosaic's sites were measured each by itself.
    if correlation is None or packing.period > 1:
        return None
    lags = np.arange(correlation.shape[-1]) - correlation.shape[-1] // 2
    wave = np.exp(-2j * np.pi * np.fft.fftfreq(n)[:, None] * lags)
    channels = list(packing.channels)
    table = correlation[channels][:, channels]
    spectrum = np.einsum("yi,pqij,xj->yxpq", wave, table, wave)
    # A table of few lags, measured with errors, need not be a covariance: this makes it one.
    values, vectors = np.linalg.eigh((spectrum + spectrum.conj().swapaxes(-1, -2)) / 2)
    values = np.maximum(values, LEAST_NOISE)
    shape = (vectors * values[..., None, :]) @ vectors.conj().swapaxes(-1, -2)
    return np.asarray(shape.transpose(2, 3, 0, 1))


def noise_matrices(
    variance: NDArray[np.float64], shape: NDArray[np.complex128] | None
) -> NDArray[np.inexact]:
    """Spectral matrices [cells, p, p, ...] for variances [cells, p] of the planes: of white noise
    [cells, p, p, 1, 1], else with the frequencies of shape [p, p, ...]."""
    if shape is None:
        unit = np.eye(variance.shape[1])
        return np.asarray(variance[:, :, None, None, None] * unit[..., None, None])
    root = np.sqrt(variance)
    pairs = root[:, :, None] * root[:, None]
    return np.asarray(pairs.reshape(*pairs.shape, *(1,) * (shape.ndim - 2)) * shape)
