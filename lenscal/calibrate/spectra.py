"""Stage G's statistics: spectral matrices of degraded mosaics and of demosaiced sharp photos, by cell of the field.

Every patch is divided by its own mean brightness: unlike its contrast, blur leaves that as it is, so both folders weigh
their patches alike. The four planes of a mosaic share one window on the sensor, sampled at their own sites: a window of
its own for each plane would break the near-perfect coherence of the two greens, which weighs most in the likelihood.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from lenscal.calibrate.packed import pack_mosaic
from lenscal.calibrate.paired import Shot
from lenscal.calibrate.windowed import hann, mosaic_patches, sharp_patches

WINDOW_PX = 64
MOST_PATCHES = 36
"""A cell and photo."""
DARKEST = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class DegradedSpectra:
    """Sums over patches.

    matrices : complex128 [cells, 4, 4, m, m], Y_p Y_q^* of packed patches, m = WINDOW_PX / 2
    noise : [cells, 4], the noise's share in the diagonal
    count : [cells]
    """

    matrices: np.ndarray
    noise: np.ndarray
    count: np.ndarray


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceSpectra:
    """Sums over sharp patches: matrices complex128 [cells, 3, 3, n, n], n = WINDOW_PX; count [cells]."""

    matrices: np.ndarray
    count: np.ndarray


def degraded_spectra(shots: Sequence[Shot], cells: tuple[int, int]) -> Iterator[DegradedSpectra]:
    """Yields the growing sums after each photo."""
    m, n_cells = WINDOW_PX // 2, cells[0] * cells[1]
    window = np.stack([*pack_mosaic(hann(WINDOW_PX))])
    scale = 1 / np.sqrt((window**2).sum((1, 2)).mean())
    sums = DegradedSpectra(
        np.zeros((n_cells, 4, 4, m, m), np.complex128), np.zeros((n_cells, 4)), np.zeros(n_cells)
    )
    for shot in shots:
        for patches in mosaic_patches(shot, cells, WINDOW_PX, MOST_PATCHES):
            planes = np.stack([pack_mosaic(v) for v in patches.values])
            mean = (planes * window).sum((2, 3)) / window.sum((1, 2))
            level = np.maximum(mean.mean(1), DARKEST)
            y = np.fft.fft2((planes - mean[:, :, None, None]) * window) * (scale / level)[:, None, None, None]
            sums.matrices[patches.cell] += np.einsum("npyx,nqyx->pqyx", y, y.conj())
            sums.noise[patches.cell] += (patches.noise / level[:, None] ** 2).sum(0)
            sums.count[patches.cell] += len(y)
        yield sums


def reference_spectra(
    shots: Sequence[Shot], cells: tuple[int, int], lateral: np.ndarray | None
) -> Iterator[ReferenceSpectra]:
    """Sums of the sharp photos' spectral matrices, without noise and lateral colour.

    Parameters
    ----------
    lateral : ndarray [cells, 3, 2] or None
        (dy, dx) px of R, G, B at the cells; None: the reference lies on the axis.

    Yields the growing sums after each photo.
    """
    n, n_cells = WINDOW_PX, cells[0] * cells[1]
    window = hann(n)
    scale = 1 / np.sqrt((window**2).sum())
    sums = ReferenceSpectra(np.zeros((n_cells, 3, 3, n, n), np.complex128), np.zeros(n_cells))
    f = np.fft.fftfreq(n)
    for shot in shots:
        reach = shot.noise_correlation.shape[-1] // 2
        lags = np.exp(-2j * np.pi * np.outer(f, np.arange(-reach, reach + 1)))
        colour = np.einsum("yi,cij,xj->cyx", lags, shot.noise_correlation, lags).real
        sites = np.bincount(shot.frame.cfa.ravel(), minlength=3) / shot.frame.cfa.size
        for cell, patches, variance in sharp_patches(shot, cells, n, MOST_PATCHES):
            mean = (patches * window).sum((2, 3)) / window.sum()
            level = np.maximum(mean @ sites, DARKEST)
            x = np.fft.fft2((patches - mean[:, :, None, None]) * window) * (scale / level)[:, None, None, None]
            if lateral is not None:
                shift = lateral[cell][:, :, None, None]
                x = x * np.exp(2j * np.pi * (f[:, None] * shift[:, 0] + f[None, :] * shift[:, 1]))
            sums.matrices[cell] += np.einsum("npyx,nqyx->pqyx", x, x.conj())
            share = (variance / level[:, None] ** 2).sum(0)
            sums.matrices[cell, range(3), range(3)] -= share[:, None, None] * colour
            sums.count[cell] += len(x)
        yield sums
