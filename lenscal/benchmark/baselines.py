"""What else is at hand against blur: one average kernel with textbook methods, or mere
sharpening. The methods are scikit-image's: nobody need believe that we wrote them well."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.fft import next_fast_len

from lenscal.errors import InputError
from lenscal.optics.psf_grid import PsfGrid
from lenscal.translation import translatable

Image = NDArray[np.float32]
Kernels = NDArray[np.floating]
Deblur = Callable[[Image, Kernels], Image]
"""(photo float32 [H, W, 3], kernels [3, k, k]) -> corrected photo."""

_MARGIN_KERNELS = 2
"""Of mirrored pixels around the photo, in kernels: what a border spoils stays out of the photo."""
_DARKEST = 1e-6
"""Richardson-Lucy is for positive light; noise around black is not."""


def scikit_image(module: str) -> Any:
    """A module of scikit-image, e.g. "restoration": it belongs to the extra "benchmark".

    Raises
    ------
    InputError
        It is not installed.
    """
    try:
        return importlib.import_module(f"skimage.{module}")
    except ImportError as error:
        raise InputError(
            translatable(
                "corrections are compared with scikit-image's, which is not installed: "
                "pip install 'lenscal[benchmark]', or measure something else with --only"
            )
        ) from error


def average_kernels(psf: PsfGrid) -> Kernels:
    """[3, k, k]: the mean over the field, one for each colour."""
    return np.asarray(psf.kernels.mean(axis=(0, 1)))


def uniform_wiener(rgb: Image, kernels: Kernels, balance: float) -> Image:
    """Wiener-Hunt deconvolution with a Laplacian as its prior, which `balance` weighs."""
    restoration = scikit_image("restoration")

    # Not clipped: the comparison clips all methods alike.
    def deconvolved(channel: NDArray[np.float64], kernel: Kernels) -> NDArray[np.float64]:
        return np.asarray(restoration.wiener(channel, kernel, balance, clip=False))

    return _by_channel(rgb, kernels, deconvolved)


def richardson_lucy(rgb: Image, kernels: Kernels, n_steps: int) -> Image:
    """Richardson-Lucy deconvolution, started from a grey picture."""
    restoration = scikit_image("restoration")

    def deconvolved(channel: NDArray[np.float64], kernel: Kernels) -> NDArray[np.float64]:
        light = np.maximum(channel, _DARKEST)
        return np.asarray(restoration.richardson_lucy(light, kernel, n_steps, clip=False))

    return _by_channel(rgb, kernels, deconvolved)


def unsharp_mask(rgb: Image, radius: float, amount: float) -> Image:
    """The photo plus `amount` times its difference from itself blurred by a Gaussian of `radius`
    px."""
    sharpen = scikit_image("filters").unsharp_mask
    # preserve_range: else light above 1, which white balance makes, would be cut off. The axis as
    # 2, not -1: scikit-image 0.26 takes that for the first one, and returns unset memory.
    sharpened = sharpen(rgb, radius, amount, preserve_range=True, channel_axis=2)
    return np.asarray(sharpened, np.float32)


def _by_channel(
    rgb: Image,
    kernels: Kernels,
    method: Callable[[NDArray[np.float64], Kernels], NDArray[np.float64]],
) -> Image:
    """Correct each colour by itself, mirrored around: scikit-image takes photos for periodic
    (Wiener) or for dark beyond their borders (Richardson-Lucy)."""
    margin = _MARGIN_KERNELS * kernels.shape[-1]
    height, width = rgb.shape[:2]
    # To sizes that are quick to transform.
    behind = [next_fast_len(n + 2 * margin, real=True) - n - margin for n in (height, width)]
    around = ((margin, behind[0]), (margin, behind[1]))
    inner = (slice(margin, margin + height), slice(margin, margin + width))
    corrected = np.empty_like(rgb)
    for c in range(3):
        padded = np.pad(rgb[..., c].astype(np.float64), around, mode="symmetric")
        corrected[..., c] = method(padded, kernels[c])[inner]
    return corrected


def _settings() -> dict[str, Mapping[str, Deblur]]:
    def wiener(balance: float) -> Deblur:
        return lambda rgb, kernels: uniform_wiener(rgb, kernels, balance)

    def lucy(n_steps: int) -> Deblur:
        return lambda rgb, kernels: richardson_lucy(rgb, kernels, n_steps)

    def unsharp(radius: float, amount: float) -> Deblur:
        return lambda rgb, kernels: unsharp_mask(rgb, radius, amount)

    return {
        "Wiener, one kernel": {
            f"balance {b:g}": wiener(b) for b in (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
        },
        "Richardson-Lucy, one kernel": {f"{n} steps": lucy(n) for n in (3, 5, 8, 12, 20)},
        "unsharp mask": {
            f"{radius:g} px, {amount:.0%}": unsharp(radius, amount)
            for radius in (0.7, 1.0, 2.0)
            for amount in (0.25, 0.5, 1.0, 1.5)
        },
    }


BASELINES = _settings()
"""Name -> settings in words -> method. Of the settings the best counts: chosen with the truth in
sight."""
