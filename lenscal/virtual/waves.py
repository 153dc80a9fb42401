"""From a lens's pupil to its point spread function: scalar wave optics, colour bands and the
sensor's pixel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import scipy.fft

from lenscal.errors import InputError

FINE = 6
"""Samples of the point spread function per sensor pixel before the pixel's aperture."""
N_PUPIL = 180
"""Length of the square Fourier transform that takes the pupil to the PSF: 30 px."""
_BATCH = 16


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
        self, h: np.ndarray, f_number: float, wavelength_nm: float, axis: np.ndarray
    ) -> tuple[np.ndarray, ...]:
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

    def lateral_shift(self, h: np.ndarray) -> np.ndarray:
        """Shift [m, 3, 2] px of every colour's image, beside what the wavefronts say."""
        return np.zeros((len(h), 3, 2))

    def field(self, positions: np.ndarray) -> np.ndarray:
        """Field coordinates h [..., 2] of positions (y, x) in 0..1."""
        p = (np.asarray(positions, np.float64) - 0.5) * np.array([1.0, self.aspect])
        return p / np.hypot(0.5, 0.5 * self.aspect)

    def psf(
        self, positions: np.ndarray, f_number: float, *, size: int = 51, oversampling: int = 2
    ) -> np.ndarray:
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
        if f_number < self.f_number * 0.999:
            raise InputError(
                f"f/{f_number:g} is wider than the widest aperture of {self.name}, f/{self.f_number:g}"
            )
        if (
            FINE % oversampling
            or size % 2 == 0
            or not 1 <= size <= N_PUPIL * oversampling // FINE - 1
        ):
            raise InputError(
                f"PSF size {size} at {oversampling} x: the size must be odd and fit 30 px"
            )
        h = self.field(np.asarray(positions, np.float64).reshape(-1, 2))
        parts = [
            _centred(
                self,
                _transfer(self, h[i : i + _BATCH], f_number),
                h[i : i + _BATCH],
                size,
                oversampling,
            )
            for i in range(0, len(h), _BATCH)
        ]
        return np.concatenate(parts)


def pupil_axis(f_number: float, wavelength_nm: float, pitch_um: float) -> np.ndarray:
    """Pupil coordinates [q] (odd, 0 in the middle, a little over the rim) that the Fourier
    transform asks for."""
    step = 2 * wavelength_nm * 1e-3 * f_number / (N_PUPIL * pitch_um / FINE)
    reach = int(np.ceil(1 / step + 0.5))
    return np.arange(-reach, reach + 1) * step


def rim(radius: np.ndarray, step: float) -> np.ndarray:
    """Transmission (float32) of a stop at relative radius 1, soft over one `step` of the pupil's
    grid."""
    return np.clip((1 - radius) / step + 0.5, 0, 1).astype(np.float32)


def _transfer(lens: Lens, h: np.ndarray, f_number: float) -> np.ndarray:
    """Transfer functions [m, 3, N, N/2 + 1] of the optics alone (no pixel, no lateral shift), at
    the fine pitch."""
    intensity = np.zeros((len(h), 3, N_PUPIL, N_PUPIL), np.float32)
    for channel, band in enumerate(lens.bands_nm):
        for wavelength, weight in zip(band, lens.band_weights, strict=True):
            axis = pupil_axis(f_number, wavelength, lens.pixel_pitch_um)
            transmission, waves = lens.pupil(h, f_number, wavelength, axis)
            phase = np.float32(2 * np.pi) * waves
            reach = len(axis) // 2
            index = np.arange(-reach, reach + 1) % N_PUPIL
            full = np.zeros((len(h), N_PUPIL, N_PUPIL), np.complex64)
            full[:, index[:, None], index[None, :]] = transmission * np.cos(phase) + 1j * (
                transmission * np.sin(phase)
            )
            amplitude = scipy.fft.fft2(full, axes=(-2, -1), overwrite_x=True)
            light = N_PUPIL**2 * (transmission**2).sum(axis=(-2, -1), keepdims=True)
            scale = (weight / sum(lens.band_weights) / light).astype(np.float32)
            intensity[:, channel] += scale * (amplitude.real**2 + amplitude.imag**2)
    spectrum: np.ndarray = scipy.fft.rfft2(intensity, axes=(-2, -1))
    return spectrum


def _centred(
    lens: Lens, transfer: np.ndarray, h: np.ndarray, size: int, oversampling: int
) -> np.ndarray:
    """PSFs [m, 3, size, size] seen by the pixel, lateral colour in, moved so that the mean centroid
    is the middle."""
    fy = scipy.fft.fftfreq(N_PUPIL, 1 / FINE)[:, None]
    fx = scipy.fft.rfftfreq(N_PUPIL, 1 / FINE)[None, :]
    pixel = (
        np.sinc(fy)
        * np.sinc(fx)
        * np.cos(np.pi * lens.olpf_px * fy)
        * np.cos(np.pi * lens.olpf_px * fx)
    )
    transfer = transfer * pixel.astype(np.float32)
    lateral = lens.lateral_shift(h)
    shift = lateral - (_mean_shift(transfer) + lateral).mean(axis=1, keepdims=True)
    psf = _sampled(transfer, shift, fy, fx, size, oversampling)
    shift = shift - centroids(psf).mean(axis=1, keepdims=True) / oversampling
    return _sampled(transfer, shift, fy, fx, size, oversampling)


def _mean_shift(transfer: np.ndarray) -> np.ndarray:
    """Centroid [m, 3, 2] px from the slope of the phase at frequency 0."""
    slope = np.stack([np.angle(transfer[..., 1, 0]), np.angle(transfer[..., 0, 1])], axis=-1)
    return -slope / (2 * np.pi) * (N_PUPIL / FINE)


def _sampled(
    transfer: np.ndarray,
    shift: np.ndarray,
    fy: np.ndarray,
    fx: np.ndarray,
    size: int,
    oversampling: int,
) -> np.ndarray:
    phase_y = np.exp(-2j * np.pi * fy * shift[..., 0, None, None]).astype(np.complex64)
    phase_x = np.exp(-2j * np.pi * fx * shift[..., 1, None, None]).astype(np.complex64)
    step, half = FINE // oversampling, size // 2
    n = N_PUPIL // step
    folded = (transfer * phase_y * phase_x).reshape(*transfer.shape[:-2], step, n, -1).sum(axis=-3)
    rows = scipy.fft.ifft(folded, axis=-2, overwrite_x=True)
    fine = scipy.fft.irfft(rows, n=N_PUPIL, axis=-1)[..., ::step]
    index = np.arange(-half, half + 1) % n
    psf = np.maximum(fine[..., index[:, None], index[None, :]], 0)
    return (psf / psf.sum(axis=(-2, -1), keepdims=True)).astype(np.float32)


def centroids(kernels: np.ndarray) -> np.ndarray:
    """Centroid [..., 2] as (y, x) of kernels [..., k, k], in samples from the middle of the
    array."""
    axis = np.arange(kernels.shape[-1]) - (kernels.shape[-1] - 1) / 2
    total = kernels.sum(axis=(-2, -1))
    return (
        np.stack([(kernels.sum(-1) * axis).sum(-1), (kernels.sum(-2) * axis).sum(-1)], axis=-1)
        / total[..., None]
    )
