"""How well one picture fits another once the shift between them is taken away.

scikit-image has both (`phase_cross_correlation`, `peak_signal_noise_ratio`), and the tests compare
with them; it is no runtime dependency, and its registration has no limit to the shift, which a
blurred photo needs lest it takes another period of a repeating scene.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.system.threads import in_order

BORDER_PX = 16
"""Left out of every comparison: Fourier shifts wrap around, and corrections guess there."""
MAX_SHIFT_PX = 8
"""Largest shift that is looked for: kernels of a calibration are off by less."""
REFINEMENTS_PX = (0.25, 0.05, 0.01, 0.005)
"""Steps of finer and finer searches; each covers the step before it."""
LEAST_ERROR = 1e-20
"""Mean squared error of pictures that are equal, so that their PSNR is a number."""

Picture = NDArray[np.floating[Any]]
"""[H, W, C]."""


def common_shift(image: Picture, reference: Picture) -> tuple[float, float]:
    """The shift (dy, dx) in px, at most `MAX_SHIFT_PX`, that moves `image` best onto `reference`.

    Maximises the cross-correlation over all channels: on whole pixels first, then on finer and
    finer grids of the cross-spectrum's Fourier sum (Guizar-Sicairos et al. 2008), to 0.005 px.
    """

    def cross_spectrum(c: int) -> NDArray[np.complex128]:
        # Less the mean, which correlates alike at every shift and only costs digits.
        spectra = (
            np.fft.rfft2(picture[..., c] - picture[..., c].mean()) for picture in (reference, image)
        )
        of_reference, of_image = spectra
        return np.asarray(of_reference * of_image.conj())

    cross = sum(in_order(cross_spectrum, range(image.shape[-1])))
    height, width = image.shape[:2]
    # Whole pixels first, to come near the right maximum.
    correlation = np.fft.irfft2(cross, s=(height, width))
    near = np.arange(-MAX_SHIFT_PX, MAX_SHIFT_PX + 1)
    window = correlation[np.ix_(near % height, near % width)]
    iy, ix = np.unravel_index(int(window.argmax()), window.shape)
    dy, dx = float(near[iy]), float(near[ix])
    fy, fx = np.fft.fftfreq(height), np.fft.rfftfreq(width)
    # A real transform keeps half of the spectrum: each of its terms stands for two.
    twice = np.where((fx == 0) | (fx == 0.5), 1.0, 2.0)
    for step in REFINEMENTS_PX:
        # Two small matrix products in place of a transform of a picture many times as large.
        offsets = np.arange(-5, 6) * step
        rows = np.exp(2j * np.pi * np.outer(dy + offsets, fy))
        cols = np.exp(2j * np.pi * np.outer(fx, dx + offsets)) * twice[:, None]
        # Of whole spectra the sum would be real; of half of one, its real part is what counts.
        values = (rows @ cross @ cols).real
        iy, ix = np.unravel_index(int(values.argmax()), values.shape)
        dy, dx = dy + float(offsets[iy]), dx + float(offsets[ix])
    return dy, dx


def shifted(image: Picture, shift: tuple[float, float]) -> NDArray[np.float64]:
    """`image` moved by (dy, dx) px with Fourier interpolation (the borders wrap around)."""
    from scipy.ndimage import fourier_shift

    height, width = image.shape[:2]
    result = np.empty(image.shape)

    def move(c: int) -> None:
        # By Fourier: interpolation in the picture would blur it, and so change its PSNR.
        spectrum = fourier_shift(np.fft.rfft2(image[..., c]), shift, n=width, axis=-1)
        result[..., c] = np.fft.irfft2(spectrum, s=(height, width))

    for _ in in_order(move, range(image.shape[-1])):
        pass
    return result


def registered_psnr(image: Picture, reference: Picture) -> float:
    """PSNR in dB (peak 1.0) of linear pictures after removing their common shift, without a border
    of `BORDER_PX`."""
    inner = (slice(BORDER_PX, -BORDER_PX),) * 2
    # Kernels leave open where the photo lies: a shift of 0.1 px must not count as blur.
    registered = shifted(image.astype(np.float64), common_shift(image, reference))
    error = float(np.mean((registered[inner] - reference[inner]) ** 2))
    return float(-10 * np.log10(max(error, LEAST_ERROR)))
