"""Stage G's statistics: spectral matrices of the planes of both folders, by cell of the field
(docs/method.md, section 3).

Every patch is divided by its own mean brightness: unlike its contrast, blur leaves that as it is,
so both folders weigh their patches alike. And the photos of a folder, which differ in how fine
their texture is, are made as fine as is typical of them, by a mean of logarithms: a mean of powers
would be that of a few photos (docs/experiments/scene-statistics.md, 2026-11-30). The four planes of
a mosaic share one window on the sensor, sampled at their own sites: a window of its own for each
plane would break the near-perfect coherence of the two greens, which weighs most in the likelihood.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lenscal.calibration.packing import Packing, packing_of
from lenscal.calibration.statistics.windowed import hann, mosaic_patches
from lenscal.raw.frame import Frame
from lenscal.system.threads import in_order

SPECTRUM_WINDOW_PX = 64
"""Several times the kernel: 1 to 3 % of the power leaks (docs/experiments/scene-statistics.md,
2026-11-23), and cells of 128 px hold several patches."""
MOST_SPECTRUM_PATCHES = 36
"""A cell and photo."""
LEAST_PATCH_BRIGHTNESS = 1e-3
"""That a patch is divided by at least: noise of black patches would become their signal."""
RINGS = np.array([0.025, 0.055, 0.085, 0.12, 0.15, 0.18, 0.21, 0.25])
"""cycles/px: limits of the rings in which the photos of a folder are made alike."""
DIRECTIONS = 4
N_BINS = (len(RINGS) + 1) * DIRECTIONS
COARSE_BINS = np.isin(np.arange(N_BINS) // DIRECTIONS, (1, 2))
"""0.025 to 0.085 cycles/px: what next to no blur takes away."""
LEAST_TEXTURE = 1e-4
"""Of the coarse texture's power: as much as a contrast of 1 %."""
NOISE_ERROR = 0.05
"""By how much of it the noise's power may be wrong."""
NOISE_COUNTS = 30.0
"""How many times as strong as its noise a photo's coarse texture has to be to count for a quarter
of one without noise: fine texture is about as much weaker than the coarse one."""
SCENES_DIFFER = 0.7
"""Standard deviation of the log fineness of photos, about."""
LEAST_COUNT = 1e-6
"""Patches of a cell that are any: halves are differences of sums, which leave rounding."""


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


def mosaic_spectra(
    shots: Sequence[Frame], cells: tuple[int, int], textures: PhotoTextures | None = None
) -> Iterator[MosaicSpectra]:
    """Yields the growing sums after each photo, which is read beside others.

    textures : of these photos, which are then made alike (`photo_textures`)
    """
    sums = _no_spectra(cells[0] * cells[1], packing_of(shots[0]))
    with closing(in_order(lambda frame: _photo_spectra(frame, cells), shots)) as photos:
        for number, photo in enumerate(photos):
            weight = power = 1.0
            if textures is not None:
                photo = scaled(photo, textures.factor(number))
                weight, power = textures.weight[number], textures.coarse[number]
            sums.matrices[:] += weight / power * photo.matrices
            sums.noise[:] += weight / power * photo.noise
            sums.count[:] += weight * photo.count
            yield sums


def scaled(sums: MosaicSpectra, factor: NDArray[np.float64]) -> MosaicSpectra:
    """Sums whose light has so many times the power [m, m], and whose noise is as it was."""
    planes = range(sums.noise.shape[1])
    matrices = sums.matrices * factor
    matrices[:, planes, planes] += sums.noise[..., None, None] * (1 - factor)
    return replace(sums, matrices=matrices)


def photo_textures(
    shots: Sequence[Frame], cells: tuple[int, int]
) -> Iterator[PhotoTextures | None]:
    """How fine the texture of each photo is, over all of the field; yields None after each photo,
    at last the textures of all.

    A blur takes from all photos of a folder alike; what they differ in are their scenes.
    """
    packing = packing_of(shots[0])
    bins = texture_bins(packing.period)
    count = np.bincount(bins.ravel(), minlength=N_BINS)

    def of_photo(frame: Frame) -> tuple[NDArray[np.float64], float, float]:
        power, noise, n = np.zeros(N_BINS), 0.0, 0
        for patches in _patch_spectra(frame, cells):
            square = (np.abs(patches.spectra) ** 2).mean(1) / patches.brightness[:, None, None] ** 2
            power += np.bincount(bins.ravel(), square.sum(0).ravel(), minlength=N_BINS) / count
            noise += float((patches.noise.mean(1) / patches.brightness**2).sum())
            n += len(square)
        return power / max(n, 1), noise / max(n, 1), float(n > 0)

    found = []
    with closing(in_order(of_photo, shots)) as photos:
        for photo in photos:
            found.append(photo)
            yield None
    power, noise, any_patch = (np.array(v) for v in zip(*found, strict=True))
    signal = power - noise[:, None]
    coarse = (signal * COARSE_BINS * count).sum(1) / (COARSE_BINS * count).sum()
    coarse = np.maximum(coarse, np.maximum(noise, LEAST_TEXTURE))
    # What noise hides is not known, and not taken for a texture that is coarse.
    error = NOISE_ERROR * noise[:, None]
    fineness = np.log(np.maximum(signal, error + 1e-12) / coarse[:, None])
    certainty = 1 / (1 + (error / np.maximum(signal, error + 1e-12) / SCENES_DIFFER) ** 2)
    weight = (coarse / (coarse + NOISE_COUNTS * noise)) ** 2
    yield PhotoTextures(fineness, certainty * any_patch[:, None], coarse, weight, bins)


def texture_bins(period: int) -> NDArray[np.int64]:
    """[m, m]: ring by ring and direction by direction, the bin of each frequency of a plane."""
    f = np.fft.fftfreq(SPECTRUM_WINDOW_PX // period) / period
    radius = np.hypot(f[:, None], f)
    turn = np.arctan2(f[:, None], f) / np.pi % 1
    sector = ((turn + 0.5 / DIRECTIONS) * DIRECTIONS).astype(int) % DIRECTIONS
    return np.asarray(np.searchsorted(RINGS, radius, "right") * DIRECTIONS + sector)


@dataclass(frozen=True, slots=True, eq=False)
class PhotoTextures:
    """What scenes make the spectra of a folder's photos differ in.

    Attributes
    ----------
    fineness : [photos, bins], log power over the photo's own coarse one
    certainty : [photos, bins], 0..1: less where noise hides the texture
    coarse : [photos], power of the coarse texture
    weight : [photos], 0..1: less where that does not stand out from the noise
    bins : [m, m], of the frequencies
    """

    fineness: NDArray[np.float64]
    certainty: NDArray[np.float64]
    coarse: NDArray[np.float64]
    weight: NDArray[np.float64]
    bins: NDArray[np.int64]

    def typical(self, photos: slice = slice(None)) -> NDArray[np.float64]:
        """[bins]: mean fineness of some photos; a mean of powers would be that of the few with the
        finest texture."""
        weight = self.certainty[photos]
        return np.asarray((weight * self.fineness[photos]).sum(0) / np.maximum(weight.sum(0), 1e-9))

    def factor(self, photo: int) -> NDArray[np.float64]:
        """[m, m]: what a photo's power is to be multiplied with to be as fine as is typical."""
        off = self.typical() - self.fineness[photo]
        return np.asarray(np.exp(self.certainty[photo] * off)[self.bins])

    def of_half(self, photos: slice) -> NDArray[np.float64]:
        """[m, m]: power of these photos, made alike by themselves, over that of all."""
        return np.asarray(np.exp(self.typical(photos) - self.typical())[self.bins])


def _no_spectra(n_cells: int, packing: Packing) -> MosaicSpectra:
    m, n = SPECTRUM_WINDOW_PX // packing.period, packing.n
    matrices = np.zeros((n_cells, n, n, m, m), np.complex128)
    return MosaicSpectra(matrices, np.zeros((n_cells, n)), np.zeros(n_cells))


@dataclass(frozen=True, slots=True, eq=False)
class _PatchSpectra:
    """Textured patches of a cell.

    spectra : complex128 [n, p, m, m]
    brightness : [n]
    noise : [n, p], power of the noise
    """

    cell: int
    spectra: NDArray[np.complex128]
    brightness: NDArray[np.float64]
    noise: NDArray[np.float64]


def _patch_spectra(frame: Frame, cells: tuple[int, int]) -> Iterator[_PatchSpectra]:
    # One window on the sensor: with one for each plane kernels came out 15 % too blurred
    # (docs/experiments/scene-statistics.md, 2026-11-22).
    packing = packing_of(frame)
    step, whole = packing.period, hann(SPECTRUM_WINDOW_PX)
    window = np.stack([whole[oy::step, ox::step] for oy, ox in packing.offsets])
    scale = 1 / np.sqrt((window**2).sum((1, 2)).mean())
    for patches in mosaic_patches(frame, cells, SPECTRUM_WINDOW_PX, MOST_SPECTRUM_PATCHES):
        planes = patches.planes
        mean = (planes * window).sum((2, 3)) / window.sum((1, 2))
        brightness = np.maximum(mean.mean(1), LEAST_PATCH_BRIGHTNESS)
        # Means are taken out under the window: they would leak into the lowest frequencies.
        y = np.fft.fft2((planes - mean[:, :, None, None]) * window)
        yield _PatchSpectra(patches.cell, y * scale, brightness, patches.noise)


def _photo_spectra(frame: Frame, cells: tuple[int, int]) -> MosaicSpectra:
    """Sums over the patches of one photo, each over its brightness."""
    sums = _no_spectra(cells[0] * cells[1], packing_of(frame))
    for patches in _patch_spectra(frame, cells):
        # Over its brightness, not its contrast, which blur takes from fine textures: 18 % off
        # became 11 % (docs/experiments/scene-statistics.md, 2026-11-22).
        level = patches.brightness
        y = patches.spectra / level[:, None, None, None]
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
    count = np.maximum(sums.count, LEAST_COUNT)
    matrices, noise = sums.matrices / count[:, None, None, None, None], sums.noise / count[:, None]
    # Sky all over a cell: the rest of the field says what is likeliest there.
    empty = sums.count < LEAST_COUNT
    matrices[empty], noise[empty] = (v.sum(0) / sums.count.sum() for v in totals)
    return matrices, noise
