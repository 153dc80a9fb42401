"""Stage G's statistics: spectral matrices of the planes of both folders, by cell of the field
(docs/method.md, section 3).

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
from numpy.typing import NDArray

from lenscal.calibrate.packing import Packing, packing_of
from lenscal.calibrate.statistics.windowed import hann, mosaic_patches
from lenscal.raw.frame import Frame
from lenscal.system.threads import in_order

SPECTRUM_WINDOW_PX = 64
"""Several times the kernel: 1 to 3 % of the power leaks (docs/experiments/scene-statistics.md,
2026-11-23), and cells of 128 px hold several patches."""
MOST_SPECTRUM_PATCHES = 36
"""A cell and photo."""
LEAST_PATCH_BRIGHTNESS = 1e-3
"""That a patch is divided by at least: noise of black patches would become their signal."""


@dataclass(frozen=True, slots=True, eq=False)
class MosaicSpectra:
    """Sums over patches.

    matrices : complex128 [cells, p, p, m, m], Y_p Y_q^* of the planes of patches,
        m = SPECTRUM_WINDOW_PX over the planes' period
    noise : [cells, p], the noise's share in the diagonal
    count : [cells]
    """

    matrices: NDArray[np.complex128]
    noise: NDArray[np.float64]
    count: NDArray[np.float64]


def mosaic_spectra(shots: Sequence[Frame], cells: tuple[int, int]) -> Iterator[MosaicSpectra]:
    """Yields the growing sums after each photo, which is read beside others."""
    sums = _no_spectra(cells[0] * cells[1], packing_of(shots[0]))
    with closing(in_order(lambda frame: _photo_spectra(frame, cells), shots)) as photos:
        for photo in photos:
            sums.matrices[:] += photo.matrices
            sums.noise[:] += photo.noise
            sums.count[:] += photo.count
            yield sums


def _no_spectra(n_cells: int, packing: Packing) -> MosaicSpectra:
    m, n = SPECTRUM_WINDOW_PX // packing.period, packing.n
    matrices = np.zeros((n_cells, n, n, m, m), np.complex128)
    return MosaicSpectra(matrices, np.zeros((n_cells, n)), np.zeros(n_cells))


def _photo_spectra(frame: Frame, cells: tuple[int, int]) -> MosaicSpectra:
    """Sums over the patches of one photo."""
    # One window on the sensor: with one for each plane kernels came out 15 % too blurred
    # (docs/experiments/scene-statistics.md, 2026-11-22).
    packing = packing_of(frame)
    step, whole = packing.period, hann(SPECTRUM_WINDOW_PX)
    window = np.stack([whole[oy::step, ox::step] for oy, ox in packing.offsets])
    scale = 1 / np.sqrt((window**2).sum((1, 2)).mean())
    sums = _no_spectra(cells[0] * cells[1], packing)
    for patches in mosaic_patches(frame, cells, SPECTRUM_WINDOW_PX, MOST_SPECTRUM_PATCHES):
        planes = patches.planes
        mean = (planes * window).sum((2, 3)) / window.sum((1, 2))
        # Over its brightness, not its contrast, which blur takes from fine textures: 18 % off
        # became 11 % (docs/experiments/scene-statistics.md, 2026-11-22).
        level = np.maximum(mean.mean(1), LEAST_PATCH_BRIGHTNESS)
        # Means are taken out under the window: they would leak into the lowest frequencies.
        y = np.fft.fft2((planes - mean[:, :, None, None]) * window)
        y = y * (scale / level)[:, None, None, None]
        sums.matrices[patches.cell] += np.einsum("npyx,nqyx->pqyx", y, y.conj())
        sums.noise[patches.cell] += (patches.noise / level[:, None] ** 2).sum(0)
        sums.count[patches.cell] += len(y)
    return sums


def mean_matrices(
    sums: MosaicSpectra, cells: NDArray[np.bool_] | None
) -> tuple[NDArray[np.complex128], NDArray[np.float64]]:
    """Mean matrices and noise of every cell, empty ones like all together; or of those that
    `cells` [cells] picks, together [1, ...]."""
    totals = sums.matrices, sums.noise
    if cells is not None:
        matrices, noise = (v[cells].sum(0, keepdims=True) / sums.count[cells].sum() for v in totals)
        return matrices, noise
    count = np.maximum(sums.count, 1)
    matrices, noise = sums.matrices / count[:, None, None, None, None], sums.noise / count[:, None]
    # Sky all over a cell: the rest of the field says what is likeliest there.
    empty = sums.count == 0
    matrices[empty], noise[empty] = (v.sum(0) / sums.count.sum() for v in totals)
    return matrices, noise
