"""How near a grid comes to another one that is known to be true, quickly enough to be shown at
once; `lenscal.measure` has all figures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.optics.mtf import centroid_px
from lenscal.optics.psf_grid import PsfGrid, delta_grid

Floats = NDArray[np.float64]

SIGMA_PX = 0.7
"""Of the Gaussian through which kernels are seen: detail finer than pixels is not judged."""
_GREEN = 1


@dataclass(frozen=True, slots=True)
class Agreement:
    """Means over the truth's nodes and colours.

    Attributes
    ----------
    correlation, uncorrected : float
        Of the kernels with the true ones, 1 where they are alike; and that of no blur at all.
    lateral_px : float
        By which red and blue are misplaced against green.
    """

    correlation: float
    uncorrected: float
    lateral_px: float


def agreement(estimate: PsfGrid, truth: PsfGrid) -> Agreement:
    """Compare at the truth's nodes. A shift that all kernels share is no fault: photos that do not
    show the same scene cannot tell it."""
    true = truth.kernels.reshape(-1, *truth.kernels.shape[2:]).astype(np.float64)
    at = truth.positions.reshape(-1, 2)
    found = estimate.at(at).astype(np.float64)
    nothing = delta_grid((1, 1), truth.kernel_size, truth.image_size).at(at).astype(np.float64)
    places = centroid_px(found), centroid_px(true)
    lateral = [place - place[:, [_GREEN]] for place in places]
    off = np.linalg.norm(lateral[0] - lateral[1], axis=-1)[:, [0, 2]]
    return Agreement(
        correlation=_correlation(found, true),
        uncorrected=_correlation(nothing, true),
        lateral_px=float(off.mean()),
    )


def _correlation(kernels: Floats, true: Floats) -> float:
    """Mean normalised correlation of kernels [n, 3, k, k] and [n, 3, m, m], after their common
    shift."""
    size = 2 * max(kernels.shape[-1], true.shape[-1])
    shift = (centroid_px(true) - centroid_px(kernels)).mean(axis=(0, 1))
    frequency = np.fft.fftfreq(size)
    y, x = frequency[:, None], frequency[: size // 2 + 1]
    seen = np.exp(-2 * (np.pi * SIGMA_PX) ** 2 * (y**2 + x**2))
    ones = (
        centred_transfer(kernels, size) * seen * np.exp(-2j * np.pi * (y * shift[0] + x * shift[1]))
    )
    others = centred_transfer(true, size) * seen
    product = (ones * others.conj()).real.sum(axis=(-1, -2))
    norms = [np.sqrt((np.abs(t) ** 2).sum(axis=(-1, -2))) for t in (ones, others)]
    return float((product / (norms[0] * norms[1])).mean())


def centred_transfer(kernels: Floats, size: int) -> NDArray[np.complex128]:
    """Transfer [..., size, size / 2 + 1] with the kernels' [..., k, k] middle as origin."""
    spectrum = np.fft.rfft2(kernels, (size, size))
    frequency, half = np.fft.fftfreq(size), kernels.shape[-1] // 2
    y, x = frequency[:, None], frequency[: size // 2 + 1]
    return np.asarray(spectrum * np.exp(2j * np.pi * half * (y + x)))
