"""How near one kernel comes to the true one, wherever in their frames both lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

FIELD_PX = 64
"""Side of the frame in which kernels are compared; they must be smaller."""
FINER = 8
"""Steps of a pixel in which shifts are looked for."""

Kernel = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class KernelFigures:
    """Of an estimate that was moved onto the truth (sub-pixel).

    Attributes
    ----------
    ncc : normalised cross-correlation of both, their means taken off in the frame
    rel_l2 : norm of the difference over that of the truth
    """

    ncc: float
    rel_l2: float


def kernel_figures(estimate: Kernel, truth: Kernel) -> KernelFigures:
    """Compare kernels [k, k] (k may differ), which count as of sum 1."""
    a, b = (_framed(kernel / kernel.sum()) for kernel in (estimate, truth))
    moved = _moved_onto(a, b)
    x, y = moved - moved.mean(), b - b.mean()
    ncc = (x * y).sum() / np.sqrt((x * x).sum() * (y * y).sum())
    return KernelFigures(float(ncc), float(np.linalg.norm(moved - b) / np.linalg.norm(b)))


def best_gaussian(truth: Kernel) -> NDArray[np.float64]:
    """The isotropic Gaussian [k, k] nearest to a kernel: what any estimate should beat."""
    axis = np.arange(truth.shape[0]) - truth.shape[0] // 2

    def gaussian(log_sigma: float) -> NDArray[np.float64]:
        kernel = np.exp(-(axis[:, None] ** 2 + axis**2) / 2 / np.exp(2 * log_sigma))
        return np.asarray(kernel / kernel.sum())

    found = minimize_scalar(
        lambda s: kernel_figures(gaussian(s), truth).rel_l2, bounds=(-1.5, 2.5), method="bounded"
    )
    return gaussian(float(found.x))


def delta(size: int) -> NDArray[np.float64]:
    """No blur, [size, size]."""
    kernel = np.zeros((size, size))
    kernel[size // 2, size // 2] = 1
    return kernel


def _framed(kernel: Kernel) -> NDArray[np.float64]:
    frame = np.zeros((FIELD_PX, FIELD_PX))
    k = kernel.shape[0]
    start = FIELD_PX // 2 - k // 2
    frame[start : start + k, start : start + k] = kernel
    return frame


def _moved_onto(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """a, moved by the shift that correlates best."""
    spectrum = np.fft.fft2(a)
    product = np.fft.fftshift(spectrum.conj() * np.fft.fft2(b))
    fine = FIELD_PX * FINER
    wide = np.zeros((fine, fine), complex)
    inner = slice((fine - FIELD_PX) // 2, (fine + FIELD_PX) // 2)
    wide[inner, inner] = product
    correlation = np.fft.ifft2(np.fft.ifftshift(wide)).real
    place = np.unravel_index(int(correlation.argmax()), correlation.shape)
    dy, dx = ((n if n < fine // 2 else n - fine) / FINER for n in place)
    f = np.fft.fftfreq(FIELD_PX)
    return np.asarray(
        np.fft.ifft2(spectrum * np.exp(-2j * np.pi * (f[:, None] * dy + f * dx))).real
    )
