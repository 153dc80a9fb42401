"""Stage T's statistics: third-order spectra of the green sites, by cell of the field
(docs/method.md, section 4).

B(f1, f2) = <Y(f1) Y(f2) Y*(f1 + f2)> of a blurred scene has the phase of the kernel's own K(f1)
K(f2) K*(f1 + f2), added to that of the scene: it knows the odd part of the kernel (the lean of
coma), which spectra do not. Greens fill a quincunx and are read as they are, without demosaicing:
no aliases below 0.25 cycles/px.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.packing import Packing, Scalar, packing_of
from lenscal.calibration.statistics.windowed import MosaicPatches, hann, mosaic_patches
from lenscal.raw.frame import Frame
from lenscal.system.threads import in_order

TRIAD_WINDOW_PX = 32
"""Half of what second order uses: triads grow with the fourth power of it, and kernels are small
(docs/experiments/scene-statistics.md tried 64)."""
MOST_TRIAD_PATCHES = 110
"""A cell and photo."""
HIGHEST_TRIAD_FREQUENCY = 0.25
"""cycles/px: above, the quincunx of the greens has aliases."""
LEAST_POWER = 2.0
"""Power of a patch over its noise's, below which it is left out: it would only add noise."""
LEAST_GAIN_BRIGHTNESS = 1e-6
"""Brightness of a patch that the gain is worked out with at least."""
LEAST_IN_CELL = 8
"""Patches of a cell that its bispectrum is compared with others' for."""
_WINDOW_RATIO = (5 / 16 / (3 / 8)) ** 2
"""Sum of a Hann window's cube over the sum of its square, in two dimensions."""


@dataclass(frozen=True, slots=True, eq=False)
class Bispectra:
    """Sums over patches, each over its own contrast.

    values : complex128 [cells, triads]
    power : [cells, n, n], |Y|^2
    count : [cells]
    """

    values: NDArray[np.complex128]
    power: NDArray[np.float64]
    count: NDArray[np.float64]


def triads() -> NDArray[np.int64]:
    """int [n, 3, 2]: (ky, kx) of f1, f2 and f1 + f2 in units of 1 / TRIAD_WINDOW_PX, every triangle
    once."""
    highest = HIGHEST_TRIAD_FREQUENCY * TRIAD_WINDOW_PX
    reach = np.arange(-int(highest), int(highest) + 1)
    frequencies = [(int(y), int(x)) for y in reach for x in reach if 0 < np.hypot(y, x) <= highest]
    below_highest, rows, triangles = set(frequencies), [], set()
    for i, a in enumerate(frequencies):
        for b in frequencies[i:]:
            c = a[0] + b[0], a[1] + b[1]
            # Real scenes: a triangle and its mirror image tell the same, as do its corners.
            triangle = frozenset((a, b, (-c[0], -c[1])))
            mirrored = frozenset((-y, -x) for y, x in triangle)
            if c in below_highest and triangle not in triangles and mirrored not in triangles:
                triangles.add(triangle)
                rows.append((a, b, c))
    return np.array(rows)


def bispectra(
    shots: Sequence[Frame], cells: tuple[int, int], triad: NDArray[np.int64]
) -> Iterator[Bispectra]:
    """Yields the growing sums after each photo, which is read beside others; the noise's own third
    moments are taken out."""
    sums = _no_bispectra(cells[0] * cells[1], len(triad))
    with closing(in_order(lambda frame: _photo_bispectra(frame, cells, triad), shots)) as photos:
        for photo in photos:
            sums.values[:] += photo.values
            sums.power[:] += photo.power
            sums.count[:] += photo.count
            yield sums


def _no_bispectra(n_cells: int, n_triads: int) -> Bispectra:
    values = np.zeros((n_cells, n_triads), np.complex128)
    return Bispectra(
        values, np.zeros((n_cells, TRIAD_WINDOW_PX, TRIAD_WINDOW_PX)), np.zeros(n_cells)
    )


def _photo_bispectra(frame: Frame, cells: tuple[int, int], triad: NDArray[np.int64]) -> Bispectra:
    """Sums over the patches of one photo."""
    n = TRIAD_WINDOW_PX
    index = [torch.from_numpy((triad[:, k, 0] % n) * n + triad[:, k, 1] % n) for k in range(3)]
    sums = _no_bispectra(cells[0] * cells[1], len(triad))
    packing = packing_of(frame)
    # Red and blue sites are zeros: the greens are read where they stand.
    window = hann(n) * _greens(np.ones((packing.n, 1, 1)), packing, n)
    for patches in mosaic_patches(frame, cells, n, MOST_TRIAD_PATCHES):
        green = _green_spectra(patches, window, packing)
        if green is None:
            continue
        y = green.spectra
        # B(f1, f2) = Y(f1) Y(f2) Y*(f1 + f2), one value for each triad.
        a, b, c = (y[:, i] for i in index)
        noise_triple = _noise_triple(green, index, window)
        sums.values[patches.cell] += (a * b * c.conj()).sum(0).numpy() - noise_triple
        sums.power[patches.cell] += y.abs().square().sum(0).view(n, n).numpy()
        sums.count[patches.cell] += len(y)
    return sums


def scatter(sums: Bispectra, triad: NDArray[np.int64]) -> float:
    """How many times as far apart bispectra of different places are as those of equal scenes would
    be (1: not at all), where every place should show the same.

    Patches of one subject are no independent draws: few photos look surer than they are (what
    generalised linear models call overdispersion: McCullagh & Nelder 1989, section 4.5).
    """
    filled = sums.count >= LEAST_IN_CELL
    if filled.sum() < 2:
        return 1.0
    n, count = TRIAD_WINDOW_PX, sums.count[filled][:, None]
    values, power = sums.values[filled], sums.power[filled] / count[..., None]
    product = np.prod([power[:, triad[:, k, 0] % n, triad[:, k, 1] % n] for k in range(3)], axis=0)
    deviation = values / count - values.sum(0) / count.sum()
    # A place's own part of the mean draws this to it.
    variance = product * (1 / count - 1 / count.sum())
    return float((np.abs(deviation) ** 2).sum() / max(float(variance.sum()), 1e-30))


@dataclass(frozen=True, slots=True, eq=False)
class GreenSpectra:
    """Textured patches of a cell, seen through the green sites alone.

    spectra : complex64 [n, TRIAD_WINDOW_PX^2], each over its own contrast
    contrast : [n], mean power of the spectra before that
    mean : [n], brightness
    noise, third : [n], second and third moments of a green site's noise
    """

    spectra: Tensor
    contrast: NDArray[np.float64]
    mean: NDArray[np.float64]
    noise: NDArray[np.float64]
    third: NDArray[np.float64]


def _green_spectra(
    patches: MosaicPatches, window: NDArray[np.float64], packing: Packing
) -> GreenSpectra | None:
    """Spectra of the patches whose texture stands out from the noise; None where none does.

    window : [TRIAD_WINDOW_PX, TRIAD_WINDOW_PX], zero where no green is measured
    """
    values = _greens(patches.planes, packing, TRIAD_WINDOW_PX)
    sites = np.array(packing.channels) == 1
    # The brightness that the noise goes with, under the same window.
    mean = (values * window).sum((1, 2)) / window.sum()
    centred = (values - mean[:, None, None]) * window
    y = torch.fft.fft2(torch.from_numpy(centred.astype(np.float32)))
    noise, third = patches.noise[:, sites].mean(1), patches.third[:, sites].mean(1)
    # Strong scenes would outvote all others: third order grows with the cube of the contrast.
    contrast = y.abs().square().mean((1, 2)).numpy()
    # Plain patches tell nothing of phases; divided by their contrast they would shout.
    textured = contrast > LEAST_POWER * noise * (window**2).sum()
    if not textured.any():
        return None
    y, contrast = y[torch.from_numpy(textured)], contrast[textured]
    spectra = (y / torch.from_numpy(np.sqrt(contrast)).float()[:, None, None]).flatten(1)
    return GreenSpectra(spectra, contrast, mean[textured], noise[textured], third[textured])


def _greens(planes: NDArray[Scalar], packing: Packing, n: int) -> NDArray[Scalar]:
    """[..., n, n]: the green planes of [..., p, m, m] at their sites, zero at all others."""
    green = np.zeros((*planes.shape[:-3], n, n), planes.dtype)
    step = packing.period
    for plane, (oy, ox) in enumerate(packing.offsets):
        if packing.channels[plane] == 1:
            green[..., oy::step, ox::step] = planes[..., plane, :, :]
    return green


def _noise_triple(
    green: GreenSpectra, index: list[Tensor], window: NDArray[np.float64]
) -> NDArray[np.float64]:
    """[triads]: what the noise adds to the sum of the triple products.

    Photon noise is as strong as the light below it, so it goes along with the scene (first term),
    and is skew by itself (second).
    """
    square, cube = (window**2).sum(), (window**3).sum()
    contrast, third = green.contrast, green.third
    noise_power = torch.from_numpy(green.noise * square / contrast).float()[:, None]
    power = green.spectra.abs().square() - noise_power
    # The noise's third moment per light, which is what the scene's spectrum is multiplied with.
    gain = third / np.maximum(green.mean, LEAST_GAIN_BRIGHTNESS)
    strength = torch.from_numpy(np.sqrt(np.maximum(gain, 0) / contrast)).float()[:, None]
    # <n(f1) n(f2) Y*> and its two relatives: noise as strong as the light there.
    poisson = (power * strength).sum(0)
    skewness = (third / contrast**1.5).sum() * cube
    return np.asarray(_WINDOW_RATIO * sum(poisson[i] for i in index) + skewness)
