"""What else is at hand against blur: one average kernel with textbook methods, or mere
sharpening."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy.fft import irfft2, next_fast_len, rfft2
from scipy.ndimage import gaussian_filter

from lenscal.optics.psf_grid import PsfGrid

Deblur = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(photo float32 [H, W, 3], kernels [3, k, k]) -> corrected photo."""


def average_kernels(psf: PsfGrid) -> np.ndarray:
    """[3, k, k]: the mean over the field, one for each colour."""
    return psf.kernels.mean(axis=(0, 1))


def uniform_wiener(rgb: np.ndarray, kernels: np.ndarray, balance: float) -> np.ndarray:
    """Wiener-Hunt deconvolution as scikit-image's `restoration.wiener` does it: the prior is a
    Laplacian."""
    laplacian = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]], float)
    out = np.empty_like(rgb)
    for c in range(3):
        padded, inner, size = _padded(rgb[..., c], kernels.shape[-1])
        otf, roughness = _transfer(kernels[c], size), _transfer(laplacian, size)
        spectrum = (
            rfft2(padded, s=size)
            * otf.conj()
            / (np.abs(otf) ** 2 + balance * np.abs(roughness) ** 2)
        )
        out[..., c] = irfft2(spectrum, s=size)[inner]
    return out


def richardson_lucy(rgb: np.ndarray, kernels: np.ndarray, steps: int) -> np.ndarray:
    """Richardson-Lucy deconvolution, as `restoration.richardson_lucy`, started from the photo."""
    out = np.empty_like(rgb)
    for c in range(3):
        padded, inner, size = _padded(rgb[..., c], kernels.shape[-1])
        seen = np.maximum(padded, 1e-6)
        otf, guess = _transfer(kernels[c], size), seen.copy()
        for _ in range(steps):
            ratio = seen / np.maximum(irfft2(rfft2(guess) * otf, s=size), 1e-6)
            guess = guess * np.maximum(irfft2(rfft2(ratio) * otf.conj(), s=size), 0)
        out[..., c] = guess[inner]
    return out


def unsharp_mask(rgb: np.ndarray, radius: float, amount: float) -> np.ndarray:
    """The photo plus `amount` times its difference from itself blurred by a Gaussian of `radius`
    px."""
    return np.asarray(rgb + amount * (rgb - gaussian_filter(rgb, (radius, radius, 0))), np.float32)


def _settings() -> dict[str, Mapping[str, Deblur]]:
    def wiener(balance: float) -> Deblur:
        return lambda rgb, kernels: uniform_wiener(rgb, kernels, balance)

    def lucy(steps: int) -> Deblur:
        return lambda rgb, kernels: richardson_lucy(rgb, kernels, steps)

    def unsharp(radius: float, amount: float) -> Deblur:
        return lambda rgb, kernels: unsharp_mask(rgb, radius, amount)

    return {
        "Wiener, one kernel": {
            f"balance {b:g}": wiener(b) for b in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
        },
        "Richardson-Lucy, one kernel": {f"{n} steps": lucy(n) for n in (2, 5, 10, 20)},
        "unsharp mask": {
            f"{radius:g} px, {amount:.0%}": unsharp(radius, amount)
            for radius in (0.7, 1.0, 2.0)
            for amount in (0.25, 0.5, 1.0, 1.5)
        },
    }


BASELINES = _settings()
"""Name -> settings in words -> method. Of the settings the best counts: chosen with the truth in
sight."""


def _padded(
    channel: np.ndarray, kernel: int
) -> tuple[np.ndarray, tuple[slice, slice], tuple[int, int]]:
    """The channel mirrored around to a size that is quick to transform, where it lies in that, and
    the size."""
    margin = 2 * kernel
    height, width = channel.shape
    size = (
        next_fast_len(height + 2 * margin, real=True),
        next_fast_len(width + 2 * margin, real=True),
    )
    around = ((margin, size[0] - height - margin), (margin, size[1] - width - margin))
    padded = np.pad(channel.astype(np.float64), around, mode="symmetric")
    return padded, (slice(margin, margin + height), slice(margin, margin + width)), size


def _transfer(kernel: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    placed = np.zeros(size)
    side = kernel.shape[-1]
    placed[:side, :side] = kernel
    return np.asarray(rfft2(np.roll(placed, (-(side // 2), -(side // 2)), (0, 1))))
