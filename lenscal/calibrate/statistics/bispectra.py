"""Stage T's statistics: third-order spectra of the green sites, by cell of the field.

B(f1, f2) = <Y(f1) Y(f2) Y*(f1 + f2)> of a blurred scene has the phase of the kernel's own K(f1)
K(f2) K*(f1 + f2), added to that of the scene: it knows the odd part of the kernel (the lean of
coma), which spectra do not. Greens fill a quincunx and are read as they are, without demosaicing:
no aliases below 0.25 cycles/px.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lenscal.calibrate.statistics.windowed import hann, mosaic_patches
from lenscal.raw.frame import Frame

WINDOW_PX = 32
MOST_PATCHES = 110
"""A cell and photo."""
HIGHEST_FREQUENCY = 0.25
_WINDOW_RATIO = (5 / 16 / (3 / 8)) ** 2
"""Sum of a Hann window's cube over the sum of its square, in two dimensions."""


@dataclass(frozen=True, slots=True, eq=False)
class Bispectra:
    """Sums over patches, each over its own contrast.

    values : complex128 [cells, triads]
    power : [cells, n, n], |Y|^2
    count : [cells]
    """

    values: np.ndarray
    power: np.ndarray
    count: np.ndarray


def triads() -> np.ndarray:
    """int [n, 3, 2]: (ky, kx) of f1, f2 and f1 + f2 in units of 1 / WINDOW_PX, every triangle
    once."""
    highest = HIGHEST_FREQUENCY * WINDOW_PX
    reach = np.arange(-int(highest), int(highest) + 1)
    places = [(int(y), int(x)) for y in reach for x in reach if 0 < np.hypot(y, x) <= highest]
    known, found, seen = set(places), [], set()
    for i, a in enumerate(places):
        for b in places[i:]:
            c = a[0] + b[0], a[1] + b[1]
            triangle = frozenset((a, b, (-c[0], -c[1])))
            mirrored = frozenset((-y, -x) for y, x in triangle)
            if c in known and triangle not in seen and mirrored not in seen:
                seen.add(triangle)
                found.append((a, b, c))
    return np.array(found)


def bispectra(
    shots: Sequence[Frame], cells: tuple[int, int], triad: np.ndarray
) -> Iterator[Bispectra]:
    """Yields the growing sums after each photo; the noise's own third moments are taken out."""
    n, n_cells = WINDOW_PX, cells[0] * cells[1]
    window = hann(n)
    index = [torch.from_numpy((triad[:, k, 0] % n) * n + triad[:, k, 1] % n) for k in range(3)]
    sums = Bispectra(
        np.zeros((n_cells, len(triad)), np.complex128), np.zeros((n_cells, n, n)), np.zeros(n_cells)
    )
    for frame in shots:
        green = np.tile(frame.cfa == 1, (n // 2, n // 2))
        sites = frame.cfa.ravel() == 1
        seen = window * green
        square, cube = (seen**2).sum(), (seen**3).sum()
        for patches in mosaic_patches(frame, cells, n, MOST_PATCHES):
            mean = (patches.values * seen).sum((1, 2)) / seen.sum()
            y = torch.fft.fft2(
                torch.from_numpy(((patches.values - mean[:, None, None]) * seen).astype(np.float32))
            )
            noise, third = patches.noise[:, sites].mean(1), patches.third[:, sites].mean(1)
            raw = y.abs().square().mean((1, 2)).numpy()
            textured = raw > 2 * noise * square
            if not textured.any():
                continue
            y, raw, noise, third = (
                y[torch.from_numpy(textured)],
                raw[textured],
                noise[textured],
                third[textured],
            )
            y = (y / torch.from_numpy(np.sqrt(raw)).float()[:, None, None]).flatten(1)
            a, b, c = (y[:, i] for i in index)
            power = y.abs().square() - torch.from_numpy(noise * square / raw).float()[:, None]
            gain = third / np.maximum(mean[textured], 1e-6)
            poisson = (
                power * torch.from_numpy(np.sqrt(np.maximum(gain, 0) / raw)).float()[:, None]
            ).sum(0)
            biased = (
                _WINDOW_RATIO * sum(poisson[i] for i in index) + (third / raw**1.5).sum() * cube
            )
            sums.values[patches.cell] += (a * b * c.conj()).sum(0).numpy() - np.asarray(biased)
            sums.power[patches.cell] += y.abs().square().sum(0).view(n, n).numpy()
            sums.count[patches.cell] += len(y)
        yield sums
