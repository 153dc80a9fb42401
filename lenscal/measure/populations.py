"""How near a learnt population of kernels comes to the true one.

Two figures are always printed together: recall (whether each true kernel is among the samples) and
a distance of the distributions. Nearest neighbours alone praise blobs: a round Gaussian is near
everything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.population.shapes import shapes_of

SAMPLES, TRUE = 400, 300
"""Samples among which true kernels are looked for, and true ones that are."""
SHIFT_PX = 2
"""By which kernels are moved onto each other, along both axes."""
LEAST_DEVIATION = 0.05
"""px or shares, of a descriptor: true kernels that are all alike in it (round ones in elongation)
would make any sample endlessly far from them. Those of shaken hands deviate by more."""

Kernels = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class PopulationFigures:
    """Of samples, against kernels that were kept out.

    Attributes
    ----------
    recall : mean, over true kernels, of the best normalised cross-correlation among the samples
    precision : mean, over samples, of the best among true kernels
    energy : energy distance of (rms length, elongation, compactness, direction as two numbers,
        skew), each over its true standard deviation, or `LEAST_DEVIATION` where that is less
    """

    recall: float
    precision: float
    energy: float


def population_figures(samples: Kernels, true: Kernels) -> PopulationFigures:
    """Compare samples [n, k, k] with true kernels [m, k, k] of the same size."""
    best = best_correlations(samples[:SAMPLES], true[:TRUE])
    return PopulationFigures(
        float(best.max(1).mean()), float(best.max(0).mean()), energy_distance(samples, true)
    )


def best_correlations(samples: Kernels, true: Kernels) -> NDArray[np.float64]:
    """[m, n]: normalised cross-correlation of each true kernel and each sample where it is
    largest."""
    a, b = _normalised(samples), _normalised(true)
    flat = b.reshape(len(b), -1)
    best = np.full((len(b), len(a)), -1.0)
    shifts = range(-SHIFT_PX, SHIFT_PX + 1)
    for dy in shifts:
        for dx in shifts:
            moved = np.roll(a, (dy, dx), (1, 2)).reshape(len(a), -1)
            np.maximum(best, flat @ moved.T, out=best)
    return best


def _normalised(kernels: Kernels) -> NDArray[np.float64]:
    """In a frame with room for shifts, without their mean, of norm 1."""
    room = (SHIFT_PX, SHIFT_PX)
    framed = np.pad(np.asarray(kernels, np.float64), ((0, 0), room, room))
    framed -= framed.mean((1, 2), keepdims=True)
    return np.asarray(framed / np.linalg.norm(framed, axis=(1, 2), keepdims=True))


def energy_distance(samples: Kernels, true: Kernels) -> float:
    """2 E|X - Y| - E|X - X'| - E|Y - Y'| (Szekely and Rizzo 2013, DOI
    10.1016/j.jspi.2013.03.018) of the kernels' descriptors; 0 where distributions are equal,
    unbiased, and so at times a little below."""
    x, y = (shapes_of(kernels).descriptors for kernels in (samples, true))
    scale = np.maximum(y.std(0), LEAST_DEVIATION)
    x, y = x / scale, y / scale

    def distance(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
        return float(np.linalg.norm(p[:, None] - q, axis=-1).sum())

    n, m = len(x), len(y)
    between = 2 * distance(x, y) / (n * m)
    return between - distance(x, x) / (n * (n - 1)) - distance(y, y) / (m * (m - 1))
