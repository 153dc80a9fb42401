"""From a lens's pupil to its point spread function: scalar wave optics, colour bands and the
sensor's pixel.

Goodman, Introduction to Fourier Optics, chapter 6. Nothing here or elsewhere in `virtual` comes
from `calibrate`, not even a centroid: an error that both shared would not be seen (inverse crime).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from lenscal.errors import InputError
from lenscal.translation import translatable

FINE = 6
"""Samples of the point spread function per sensor pixel before the pixel's aperture."""
N_PUPIL = 180
"""Length of the square Fourier transform that takes the pupil to the PSF: 30 px."""
_BATCH = 16
"""Positions that are worked out together: bounds the memory."""
_F_NUMBER_SLACK = 0.999
"""f-numbers are rounded: f/1.798 is the widest aperture of an f/1.8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lens(ABC):
    """A lens in front of a sensor, whose pupil a subclass knows.

    Field coordinates are h = (y, x) from the middle of the photo with |h| = 1 in the corners; pupil
    coordinates p = (y, x) with |p| = 1 at the rim: direction cosines of the rays, 1 / (2 f-number)
    wide.

    Attributes
    ----------
    f_number, f_sharp : float
        Widest aperture, and the one that counts as sharp.
    bands_nm : three tuples of wavelengths, for R, G, B
    band_weights : weights of the wavelengths within each band
    olpf_px : float
        Separation of the four images of an optical low-pass filter; 0: none.
    aspect : float
        Width / height of the photo.
    """

    name: str
    focal_mm: float = 35.0
    pixel_pitch_um: float = 4.3
    f_number: float = 1.8
    f_sharp: float = 5.6
    bands_nm: tuple[tuple[float, ...], ...] = (
        (590.0, 610.0, 635.0),
        (515.0, 537.0, 560.0),
        (445.0, 462.0, 480.0),
    )
    band_weights: tuple[float, ...] = (0.25, 0.5, 0.25)
    olpf_px: float = 0.0
    aspect: float = 1.5

    @abstractmethod
    def pupil(
        self,
        h: NDArray[np.float64],
        f_number: float,
        wavelength_nm: float,
        axis: NDArray[np.float64],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Transmission and wavefront on the square grid of pupil coordinates `axis` [q] x `axis`
        [q].

        Parameters
        ----------
        h : ndarray [m, 2]

        Returns
        -------
        float32 ndarray [q, q] or [m, q, q], 0..1
        float32 ndarray [m, q, q], waves at this wavelength; its gradient points where the light
        goes
        """

    def lateral_shift(self, h: NDArray[np.float64]) -> NDArray[np.float64]:
        """Shift [m, 3, 2] px of every colour's image, beside what the wavefronts say."""
        return np.zeros((len(h), 3, 2))

    def field(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Field coordinates h [..., 2] of positions (y, x) in 0..1."""
        p = (np.asarray(positions, np.float64) - 0.5) * np.array([1.0, self.aspect])
        return np.asarray(p / np.hypot(0.5, 0.5 * self.aspect))

    def psf(
        self,
        positions: NDArray[np.float64],
        f_number: float,
        *,
        size: int = 51,
        oversampling: int = 2,
    ) -> NDArray[np.float32]:
        """Point spread functions including the pixel's aperture.

        Parameters
        ----------
        positions : ndarray [n, 2]
            (y, x) in 0..1; slightly outside is allowed (a margin around the photo).
        f_number : float
            Not below the lens's widest.
        size : int
            Odd width K in samples.
        oversampling : int
            Samples per sensor pixel: 1, 2, 3 or 6.

        Returns
        -------
        float32 ndarray [n, 3, K, K]
            Each sums to 1; the centroid averaged over the channels lies in the middle of the array.

        Raises
        ------
        InputError
            The aperture is wider than the lens's widest, or the array does not fit.
        """
        self._check(f_number, size, oversampling)
        # Beyond 0..1 as well: blur fields have a margin.
        h = self.field(np.asarray(positions, np.float64).reshape(-1, 2))
        batches = [h[i : i + _BATCH] for i in range(0, len(h), _BATCH)]
        return np.concatenate(
            [
                _centred(self, _transfer(self, batch, f_number), batch, size, oversampling)
                for batch in batches
            ]
        )

    def opens_to(self, f_number: float) -> bool:
        """Whether the lens has this aperture."""
        return f_number >= self.f_number * _F_NUMBER_SLACK

    def _check(self, f_number: float, size: int, oversampling: int) -> None:
        """Refuse an aperture that the lens does not have, and an array that does not fit."""
        if not self.opens_to(f_number):
            raise InputError(
                translatable(
                    "f/{f_number:g} is wider than the widest aperture of {lens}, f/{widest:g}",
                    f_number=f_number,
                    lens=self.name,
                    widest=self.f_number,
                )
            )
        largest = N_PUPIL * oversampling // FINE - 1
        if FINE % oversampling or size % 2 == 0 or not 1 <= size <= largest:
            raise InputError(
                translatable(
                    "PSF size {size} at {oversampling} x: the size must be odd and fit 30 px",
                    size=size,
                    oversampling=oversampling,
                )
            )


def pupil_axis(f_number: float, wavelength_nm: float, pitch_um: float) -> NDArray[np.float64]:
    """Pupil coordinates [q] (odd, 0 in the middle, a little over the rim) that the Fourier
    transform asks for."""
    # So that the transform's samples are pitch / FINE apart, whatever wavelength and aperture.
    step = 2 * wavelength_nm * 1e-3 * f_number / (N_PUPIL * pitch_um / FINE)
    # A soft rim ends half a step beyond 1.
    reach = int(np.ceil(1 / step + 0.5))
    return np.asarray(np.arange(-reach, reach + 1) * step, np.float64)


def rim(radius: NDArray[np.floating], step: float) -> NDArray[np.float32]:
    """Transmission (float32) of a stop at relative radius 1, soft over one `step` of the pupil's
    grid."""
    return np.asarray(np.clip((1 - radius) / step + 0.5, 0, 1), np.float32)


def _transfer(lens: Lens, h: NDArray[np.float64], f_number: float) -> NDArray[np.complex64]:
    """Transfer functions [m, 3, N, N/2 + 1] of the optics alone (no pixel, no lateral shift), at
    the fine pitch."""
    intensity = np.zeros((len(h), 3, N_PUPIL, N_PUPIL), np.float32)
    for channel, band in enumerate(lens.bands_nm):
        for wavelength, weight in zip(band, lens.band_weights, strict=True):
            axis = pupil_axis(f_number, wavelength, lens.pixel_pitch_um)
            transmission, waves = lens.pupil(h, f_number, wavelength, axis)
            phase = np.float32(2 * np.pi) * waves
            reach = len(axis) // 2
            # The pupil's middle at index 0, as the transform has it.
            index = np.arange(-reach, reach + 1) % N_PUPIL
            full = np.zeros((len(h), N_PUPIL, N_PUPIL), np.complex64)
            full[:, index[:, None], index[None, :]] = transmission * np.cos(phase) + 1j * (
                transmission * np.sin(phase)
            )
            # Fraunhofer: the field in the focus is the pupil's Fourier transform.
            amplitude = scipy.fft.fft2(full, axes=(-2, -1), overwrite_x=True)
            # Every wavelength has the light that its weight says, however much the rims hold back.
            light = N_PUPIL**2 * (transmission**2).sum(axis=(-2, -1), keepdims=True)
            scale = (weight / sum(lens.band_weights) / light).astype(np.float32)
            intensity[:, channel] += scale * (amplitude.real**2 + amplitude.imag**2)
    spectrum: NDArray[np.complex64] = scipy.fft.rfft2(intensity, axes=(-2, -1))
    return spectrum


def _centred(
    lens: Lens,
    transfer: NDArray[np.complex64],
    h: NDArray[np.float64],
    size: int,
    oversampling: int,
) -> NDArray[np.float32]:
    """PSFs [m, 3, size, size] seen by the pixel, lateral colour in, moved so that the mean centroid
    is the middle."""
    fy = scipy.fft.fftfreq(N_PUPIL, 1 / FINE)[:, None]
    fx = scipy.fft.rfftfreq(N_PUPIL, 1 / FINE)[None, :]
    # A square pixel, and four images in a square where there is a low-pass filter.
    low_pass_y, low_pass_x = (np.cos(np.pi * lens.olpf_px * f) for f in (fy, fx))
    pixel = np.sinc(fy) * np.sinc(fx) * low_pass_y * low_pass_x
    transfer = transfer * pixel.astype(np.float32)
    lateral = lens.lateral_shift(h)
    # A common shift of all channels is where the photo is, not how it is blurred.
    shift = lateral - (_mean_shift(transfer) + lateral).mean(axis=1, keepdims=True)
    psf = _sampled(transfer, shift, fy, fx, size, oversampling)
    # Once more by what is left within the array: tails beyond it have pulled at the phase's slope.
    shift = shift - centroids(psf).mean(axis=1, keepdims=True) / oversampling
    return _sampled(transfer, shift, fy, fx, size, oversampling)


def _mean_shift(transfer: NDArray[np.complex64]) -> NDArray[np.float64]:
    """Centroid [m, 3, 2] px from the slope of the phase at frequency 0."""
    slope = np.stack([np.angle(transfer[..., 1, 0]), np.angle(transfer[..., 0, 1])], axis=-1)
    return np.asarray(-slope / (2 * np.pi) * (N_PUPIL / FINE))


def _sampled(
    transfer: NDArray[np.complex64],
    shift: NDArray[np.float64],
    fy: NDArray[np.float64],
    fx: NDArray[np.float64],
    size: int,
    oversampling: int,
) -> NDArray[np.float32]:
    """PSFs [m, 3, size, size] of transfer functions moved by `shift` [m, 3, 2] px, every
    FINE / oversampling-th sample."""
    phase_y = np.exp(-2j * np.pi * fy * shift[..., 0, None, None]).astype(np.complex64)
    phase_x = np.exp(-2j * np.pi * fx * shift[..., 1, None, None]).astype(np.complex64)
    step, half = FINE // oversampling, size // 2
    n = N_PUPIL // step
    # Every step-th row of an inverse transform is that of the spectrum's aliases added up.
    shifted = transfer * phase_y * phase_x
    aliased = shifted.reshape(*transfer.shape[:-2], step, n, -1).sum(axis=-3)
    rows = scipy.fft.ifft(aliased, axis=-2, overwrite_x=True)
    fine = scipy.fft.irfft(rows, n=N_PUPIL, axis=-1)[..., ::step]
    index = np.arange(-half, half + 1) % n
    # Shifting by parts of a sample rings a little below 0.
    psf = np.maximum(fine[..., index[:, None], index[None, :]], 0)
    return np.asarray(psf / psf.sum(axis=(-2, -1), keepdims=True), np.float32)


def centroids(kernels: NDArray[np.floating]) -> NDArray[np.floating]:
    """Centroid [..., 2] as (y, x) of kernels [..., k, k], in samples from the middle of the
    array."""
    axis = np.arange(kernels.shape[-1]) - (kernels.shape[-1] - 1) / 2
    total = kernels.sum(axis=(-2, -1))
    y, x = (kernels.sum(-1) * axis).sum(-1), (kernels.sum(-2) * axis).sum(-1)
    return np.asarray(np.stack([y, x], axis=-1) / total[..., None])
