"""Stage G's statistics: spectral matrices of the mosaics of both folders, by cell of the field.

Every patch is divided by its own mean brightness: unlike its contrast, blur leaves that as it is,
so both folders weigh their patches alike. The four planes of a mosaic share one window on the
sensor, sampled at their own sites: a window of its own for each plane would break the near-perfect
coherence of the two greens, which weighs most in the likelihood.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np

from lenscal.calibrate.packing import pack_mosaic
from lenscal.calibrate.statistics.windowed import hann, mosaic_patches
from lenscal.raw.frame import Frame
from lenscal.system.threads import in_order

WINDOW_PX = 64
MOST_PATCHES = 36
"""A cell and photo."""
DARKEST = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class MosaicSpectra:
    """Sums over patches.

    matrices : complex128 [cells, 4, 4, m, m], Y_p Y_q^* of packed patches, m = WINDOW_PX / 2
    noise : [cells, 4], the noise's share in the diagonal
    count : [cells]
    """

    matrices: np.ndarray
    noise: np.ndarray
    count: np.ndarray


def mosaic_spectra(shots: Sequence[Frame], cells: tuple[int, int]) -> Iterator[MosaicSpectra]:
    """Yields the growing sums after each photo, which is read beside others."""
    n_cells = cells[0] * cells[1]
    sums = _no_spectra(n_cells)
    with closing(in_order(lambda frame: _photo_spectra(frame, cells), shots)) as photos:
        for photo in photos:
            sums.matrices[:] += photo.matrices
            sums.noise[:] += photo.noise
            sums.count[:] += photo.count
            yield sums


def _no_spectra(n_cells: int) -> MosaicSpectra:
    m = WINDOW_PX // 2
    matrices = np.zeros((n_cells, 4, 4, m, m), np.complex128)
    return MosaicSpectra(matrices, np.zeros((n_cells, 4)), np.zeros(n_cells))


def _photo_spectra(frame: Frame, cells: tuple[int, int]) -> MosaicSpectra:
    """Sums over the patches of one photo."""
    window = np.stack([*pack_mosaic(hann(WINDOW_PX))])
    scale = 1 / np.sqrt((window**2).sum((1, 2)).mean())
    sums = _no_spectra(cells[0] * cells[1])
    for patches in mosaic_patches(frame, cells, WINDOW_PX, MOST_PATCHES):
        planes = np.stack([pack_mosaic(v) for v in patches.values])
        mean = (planes * window).sum((2, 3)) / window.sum((1, 2))
        level = np.maximum(mean.mean(1), DARKEST)
        # Means are taken out under the window: they would leak into the lowest frequencies.
        y = np.fft.fft2((planes - mean[:, :, None, None]) * window)
        y = y * (scale / level)[:, None, None, None]
        sums.matrices[patches.cell] += np.einsum("npyx,nqyx->pqyx", y, y.conj())
        sums.noise[patches.cell] += (patches.noise / level[:, None] ** 2).sum(0)
        sums.count[patches.cell] += len(y)
    return sums


def mean_matrices(sums: MosaicSpectra, chosen: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Mean matrices and noise of every cell, empty ones like all together; or of the chosen cells
    together [1, ...]."""
    parts = sums.matrices, sums.noise
    if chosen is not None:
        matrices, noise = (
            p[chosen].sum(0, keepdims=True) / sums.count[chosen].sum() for p in parts
        )
        return matrices, noise
    count = np.maximum(sums.count, 1)
    matrices, noise = sums.matrices / count[:, None, None, None, None], sums.noise / count[:, None]
    empty = sums.count == 0
    matrices[empty], noise[empty] = (p.sum(0) / sums.count.sum() for p in parts)
    return matrices, noise
