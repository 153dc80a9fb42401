"""A lens that does not exist: its point spread function by wave optics, at every field position and aperture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.fft

from lenscal.errors import InputError

FINE = 6
"""Samples of the point spread function per sensor pixel before the pixel's aperture."""
N_PUPIL = 180
"""Length of the square Fourier transform that takes the pupil to the PSF: 30 px."""
MAX_KERNEL = 59
REFERENCE_NM = 550.0
_BATCH = 16


@dataclass(frozen=True, slots=True)
class VirtualLens:
    """Third-order aberrations over the field, colour, diffraction, and one element off the axis.

    Field coordinates are h = (y, x) from the middle of the photo with |h| = 1 in the corners; pupil coordinates
    p = (y, x) with |p| = 1 at the rim. Coefficients are waves at 550 nm at the widest aperture:

        W(p, h) = spherical |p|^4 + |p|^2 (coma h + decentre_coma) . p + astigmatism (h . p)^2
                  + (field_curvature |h|^2 + tilt . h + defocus(wavelength)) |p|^2

    Attributes
    ----------
    f_number, f_sharp : float
        Widest aperture, and the one that counts as sharp.
    defocus : (R, G, B)
        Axial colour: waves at the middle of each band, a parabola of the wavelength in between.
    lateral_px : (R, G, B)
        Lateral colour: shift outwards in sensor pixels in the corners; grows with |h|, whatever the aperture.
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
    spherical: float = 0.0
    coma: float = 0.0
    astigmatism: float = 0.0
    field_curvature: float = 0.0
    defocus: tuple[float, float, float] = (0.0, 0.0, 0.0)
    lateral_px: tuple[float, float, float] = (0.0, 0.0, 0.0)
    decentre_coma: tuple[float, float] = (0.0, 0.0)
    tilt: tuple[float, float] = (0.0, 0.0)
    bands_nm: tuple[tuple[float, ...], ...] = ((590.0, 610.0, 635.0), (515.0, 537.0, 560.0), (445.0, 462.0, 480.0))
    band_weights: tuple[float, ...] = (0.25, 0.5, 0.25)
    olpf_px: float = 0.0
    aspect: float = 1.5

    def field(self, positions: np.ndarray) -> np.ndarray:
        """Field coordinates h [..., 2] of positions (y, x) in 0..1."""
        p = (np.asarray(positions, np.float64) - 0.5) * np.array([1.0, self.aspect])
        return p / np.hypot(0.5, 0.5 * self.aspect)

    def psf(self, positions: np.ndarray, f_number: float, *, size: int = 51, oversampling: int = 2) -> np.ndarray:
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
            raise InputError(f"f/{f_number:g} is wider than the widest aperture of {self.name}, f/{self.f_number:g}")
        if FINE % oversampling or size % 2 == 0 or not 1 <= size <= N_PUPIL * oversampling // FINE - 1:
            raise InputError(f"PSF size {size} at {oversampling} x: the size must be odd and fit 30 px")
        h = self.field(np.asarray(positions, np.float64).reshape(-1, 2))
        parts = [
            _centred(self, _transfer(self, h[i : i + _BATCH], f_number), h[i : i + _BATCH], size, oversampling)
            for i in range(0, len(h), _BATCH)
        ]
        return np.concatenate(parts)


def demo_lens(seed: int = 0) -> VirtualLens:
    """A fast 35 mm lens with a decentred element; the seed turns and scales its faults by up to 15 %."""
    rng = np.random.default_rng([seed, 35])
    angle = np.deg2rad(210.0) + (rng.uniform(0, 2 * np.pi) if seed else 0.0)
    scale = [float(v) for v in (rng.uniform(0.85, 1.15, 6) if seed else np.ones(6))]
    lean = float(np.sin(angle)), float(np.cos(angle))
    return VirtualLens(
        name="Demo 35mm f/1.8",
        spherical=1.6 * scale[0],
        coma=2.5 * scale[1],
        astigmatism=0.6 * scale[2],
        field_curvature=0.25 * scale[2],
        defocus=(0.45, 0.8, 1.2),
        lateral_px=(0.45 * scale[3], 0.0, -0.55 * scale[3]),
        decentre_coma=(0.6 * scale[4] * lean[0], 0.6 * scale[4] * lean[1]),
        tilt=(0.5 * scale[5] * lean[1], 0.5 * scale[5] * lean[0]),
    )


def small_aperture_lens() -> VirtualLens:
    """The demo lens stopped down to f/16 as its degraded aperture: diffraction, the same nearly everywhere."""
    lens = demo_lens()
    return replace(lens, name="Demo 35mm f/1.8 at f/16")


def mirrored(lens: VirtualLens) -> VirtualLens:
    """The lens seen in a mirror: left and right exchanged."""
    (coma_y, coma_x), (tilt_y, tilt_x) = lens.decentre_coma, lens.tilt
    return replace(lens, name=f"{lens.name}, mirrored", decentre_coma=(coma_y, -coma_x), tilt=(tilt_y, -tilt_x))


def swapped_colours(lens: VirtualLens) -> VirtualLens:
    """The lens whose red behaves as its blue did, and the other way round."""
    return replace(
        lens,
        name=f"{lens.name}, red and blue exchanged",
        defocus=lens.defocus[::-1],
        lateral_px=lens.lateral_px[::-1],
        bands_nm=lens.bands_nm[::-1],
    )


def relative_psf(
    lens: VirtualLens, f_number: float, positions: np.ndarray, *, size: int = 25, epsilon: float = 1e-6
) -> np.ndarray:
    """What turns a photo taken with the sharp aperture's PSF on the axis into one at `f_number`: the truth.

        K(f) = D(f) conj(S(f)) / (|S(f)|^2 + epsilon)        |f| < 0.5 cycles/px

    with D the transfer function at each position and S the one of `lens.f_sharp` on the axis, colour by colour.

    Parameters
    ----------
    positions : ndarray [n, 2], (y, x) in 0..1
    size : int
        Odd width k in sensor pixels.

    Returns
    -------
    float32 ndarray [n, 3, k, k], each summing to 1
    """
    def transfer(at: np.ndarray, stop: float) -> np.ndarray:
        psf = lens.psf(at, stop, size=MAX_KERNEL, oversampling=2).astype(np.float64)
        return scipy.fft.fft2(_origin_first(psf, 4 * n), axes=(-2, -1))[..., band[:, None], band[None, :]]

    n = 32
    k = scipy.fft.fftfreq(2 * n, 1 / (2 * n)).astype(int)
    band = k % (4 * n)
    sharp = transfer(np.array([[0.5, 0.5]]), lens.f_sharp)
    ratio = transfer(positions, f_number) * sharp.conj() / (np.abs(sharp) ** 2 + epsilon)
    kernels = np.roll(scipy.fft.ifft2(ratio, axes=(-2, -1)).real, size // 2, axis=(-2, -1))[..., :size, :size]
    return (kernels / kernels.sum(axis=(-2, -1), keepdims=True)).astype(np.float32)


def _transfer(lens: VirtualLens, h: np.ndarray, f_number: float) -> np.ndarray:
    """Transfer functions [m, 3, N, N/2 + 1] of the optics alone (no pixel, no lateral colour), at the fine pitch."""
    pitch_um = lens.pixel_pitch_um / FINE
    stop = lens.f_number / f_number
    anchors = [float(np.average(band, weights=lens.band_weights)) for band in lens.bands_nm]
    parabola = np.polynomial.Polynomial.fit(anchors, lens.defocus, 2)
    intensity = np.zeros((len(h), 3, N_PUPIL, N_PUPIL), np.float32)
    for channel, band in enumerate(lens.bands_nm):
        for wavelength, weight in zip(band, lens.band_weights, strict=True):
            pupil, waves = _pupil(lens, h, f_number, wavelength, pitch_um, stop, float(parabola(wavelength)))
            phase = np.float32(2 * np.pi) * waves
            reach = phase.shape[-1] // 2
            index = np.arange(-reach, reach + 1) % N_PUPIL
            full = np.zeros((len(h), N_PUPIL, N_PUPIL), np.complex64)
            full[:, index[:, None], index[None, :]] = pupil * np.cos(phase) + 1j * (pupil * np.sin(phase))
            amplitude = scipy.fft.fft2(full, axes=(-2, -1), overwrite_x=True)
            scale = np.float32(weight / sum(lens.band_weights) / (N_PUPIL**2 * (pupil**2).sum()))
            intensity[:, channel] += scale * (amplitude.real**2 + amplitude.imag**2)
    spectrum: np.ndarray = scipy.fft.rfft2(intensity, axes=(-2, -1))
    return spectrum


def _pupil(
    lens: VirtualLens,
    h: np.ndarray,
    f_number: float,
    wavelength_nm: float,
    pitch_um: float,
    stop: float,
    defocus: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Transmission [q, q] and wavefront [m, q, q] (float32, waves at this wavelength) on the pupil's square."""
    step = 2 * wavelength_nm * 1e-3 * f_number / (N_PUPIL * pitch_um)
    reach = int(np.ceil(1 / step + 0.5))
    axis = np.arange(-reach, reach + 1) * step
    py, px = axis[:, None], axis[None, :]
    radius2 = py**2 + px**2
    transmission = np.clip((1 - np.sqrt(radius2)) / step + 0.5, 0, 1).astype(np.float32)
    hy, hx = h[:, 0, None, None], h[:, 1, None, None]
    lean_y, lean_x = lens.coma * hy + lens.decentre_coma[0], lens.coma * hx + lens.decentre_coma[1]
    curve = lens.field_curvature * (hy**2 + hx**2) + lens.tilt[0] * hy + lens.tilt[1] * hx + defocus
    waves = (
        stop**4 * lens.spherical * radius2**2
        + stop**3 * radius2 * (lean_y * py + lean_x * px)
        + stop**2 * (lens.astigmatism * (hy * py + hx * px) ** 2 + curve * radius2)
    )
    return transmission, (waves * (REFERENCE_NM / wavelength_nm)).astype(np.float32)


def _centred(lens: VirtualLens, transfer: np.ndarray, h: np.ndarray, size: int, oversampling: int) -> np.ndarray:
    """PSFs [m, 3, size, size] seen by the pixel, lateral colour in, moved so that the mean centroid is the middle."""
    fy = scipy.fft.fftfreq(N_PUPIL, 1 / FINE)[:, None]
    fx = scipy.fft.rfftfreq(N_PUPIL, 1 / FINE)[None, :]
    pixel = np.sinc(fy) * np.sinc(fx) * np.cos(np.pi * lens.olpf_px * fy) * np.cos(np.pi * lens.olpf_px * fx)
    transfer = transfer * pixel.astype(np.float32)
    lateral = np.array(lens.lateral_px)[None, :, None] * h[:, None, :]
    shift = lateral - (_mean_shift(transfer) + lateral).mean(axis=1, keepdims=True)
    psf = _sampled(transfer, shift, fy, fx, size, oversampling)
    shift = shift - centroids(psf).mean(axis=1, keepdims=True) / oversampling
    return _sampled(transfer, shift, fy, fx, size, oversampling)


def _mean_shift(transfer: np.ndarray) -> np.ndarray:
    """Centroid [m, 3, 2] px from the slope of the phase at frequency 0."""
    slope = np.stack([np.angle(transfer[..., 1, 0]), np.angle(transfer[..., 0, 1])], axis=-1)
    return -slope / (2 * np.pi) * (N_PUPIL / FINE)


def _sampled(
    transfer: np.ndarray, shift: np.ndarray, fy: np.ndarray, fx: np.ndarray, size: int, oversampling: int
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
    """Centroid [..., 2] as (y, x) of kernels [..., k, k], in samples from the middle of the array."""
    axis = np.arange(kernels.shape[-1]) - (kernels.shape[-1] - 1) / 2
    total = kernels.sum(axis=(-2, -1))
    return np.stack([(kernels.sum(-1) * axis).sum(-1), (kernels.sum(-2) * axis).sum(-1)], axis=-1) / total[..., None]


def _origin_first(kernels: np.ndarray, n: int) -> np.ndarray:
    """Kernels in an n x n array with the central sample at [0, 0]."""
    size = kernels.shape[-1]
    out = np.zeros((*kernels.shape[:-2], n, n), kernels.dtype)
    out[..., :size, :size] = kernels
    return np.roll(out, -(size // 2), axis=(-2, -1))


def node_positions(shape: Sequence[int]) -> np.ndarray:
    """[rows * cols, 2]: the nodes (y, x) in 0..1 of a grid whose outer nodes lie on the photo's borders."""
    rows, cols = shape
    y, x = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, cols), indexing="ij")
    return np.stack([y.ravel(), x.ravel()], axis=-1)
