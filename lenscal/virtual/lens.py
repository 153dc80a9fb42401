"""A lens that does not exist: its point spread function by wave optics, at every field position and
aperture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from lenscal.optics.nodes import grid_positions
from lenscal.virtual.waves import Lens, rim

LARGEST_PSF = 59
"""Width in samples of the largest PSF at twice the sensor's sampling that `Lens.psf` gives."""
REFERENCE_NM = 550.0
"""Wavelength whose waves the coefficients are."""
_MOST_FREQUENCIES = 32
"""Frequencies of a relative PSF, per cycle/px: kernels reach as far as this many px."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualLens(Lens):
    """Third-order aberrations over the field, colour, diffraction, and one element off the axis.

    Coefficients are waves at 550 nm at the widest aperture:

        W(p, h) = spherical |p|^4 + |p|^2 (coma h + decentre_coma) . p + astigmatism (h . p)^2
                  + (field_curvature |h|^2 + tilt . h + defocus(wavelength)) |p|^2

    Attributes
    ----------
    defocus : (R, G, B)
        Axial colour: waves at the middle of each band, a parabola of the wavelength in between.
    lateral_px : (R, G, B)
        Lateral colour: shift outwards in sensor pixels in the corners; grows with |h|, whatever the
        aperture.
    """

    spherical: float = 0.0
    coma: float = 0.0
    astigmatism: float = 0.0
    field_curvature: float = 0.0
    defocus: tuple[float, float, float] = (0.0, 0.0, 0.0)
    lateral_px: tuple[float, float, float] = (0.0, 0.0, 0.0)
    decentre_coma: tuple[float, float] = (0.0, 0.0)
    tilt: tuple[float, float] = (0.0, 0.0)

    def pupil(
        self,
        h: NDArray[np.float64],
        f_number: float,
        wavelength_nm: float,
        axis: NDArray[np.float64],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """A round stop, and W as the class says."""
        # The three given values hold at the bands' middles.
        anchors = [float(np.average(band, weights=self.band_weights)) for band in self.bands_nm]
        defocus = float(np.polynomial.Polynomial.fit(anchors, self.defocus, 2)(wavelength_nm))
        # Stopped down, the rim lies further in: |p|^4 falls with its fourth power.
        stop = self.f_number / f_number
        py, px = axis[:, None], axis[None, :]
        radius2 = py**2 + px**2
        hy, hx = h[:, 0, None, None], h[:, 1, None, None]
        coma_y = self.coma * hy + self.decentre_coma[0]
        coma_x = self.coma * hx + self.decentre_coma[1]
        tilt_y, tilt_x = self.tilt[0] * hy, self.tilt[1] * hx
        curve = self.field_curvature * (hy**2 + hx**2) + tilt_y + tilt_x + defocus
        waves = (
            stop**4 * self.spherical * radius2**2
            + stop**3 * radius2 * (coma_y * py + coma_x * px)
            + stop**2 * (self.astigmatism * (hy * py + hx * px) ** 2 + curve * radius2)
        )
        transmission = rim(np.sqrt(radius2), axis[1] - axis[0])
        return transmission, (waves * (REFERENCE_NM / wavelength_nm)).astype(np.float32)

    def lateral_shift(self, h: NDArray[np.float64]) -> NDArray[np.float64]:
        """Outwards, in proportion to the distance from the middle."""
        return np.asarray(np.array(self.lateral_px)[None, :, None] * h[:, None, :])


def demo_lens(seed: int = 0) -> VirtualLens:
    """A fast 35 mm lens with a decentred element; the seed turns and scales its faults by up to 15
    %."""
    rng = np.random.default_rng([seed, 35])
    # Seed 0 draws nothing: it is the lens of the docs.
    angle = np.deg2rad(210.0) + (rng.uniform(0, 2 * np.pi) if seed else 0.0)
    scale = [float(v) for v in (rng.uniform(0.85, 1.15, 6) if seed else np.ones(6))]
    lean_y, lean_x = float(np.sin(angle)), float(np.cos(angle))
    return VirtualLens(
        name="Demo 35mm f/1.8",
        spherical=1.6 * scale[0],
        coma=2.5 * scale[1],
        astigmatism=0.6 * scale[2],
        field_curvature=0.25 * scale[2],
        defocus=(0.45, 0.8, 1.2),
        lateral_px=(0.45 * scale[3], 0.0, -0.55 * scale[3]),
        decentre_coma=(0.6 * scale[4] * lean_y, 0.6 * scale[4] * lean_x),
        tilt=(0.5 * scale[5] * lean_x, 0.5 * scale[5] * lean_y),
    )


def small_aperture_lens() -> VirtualLens:
    """The demo lens stopped down to f/16 as its degraded aperture: diffraction, the same nearly
    everywhere."""
    lens = demo_lens()
    return replace(lens, name="Demo 35mm f/1.8 at f/16")


def mirrored(lens: VirtualLens) -> VirtualLens:
    """The lens seen in a mirror: left and right exchanged."""
    (coma_y, coma_x), (tilt_y, tilt_x) = lens.decentre_coma, lens.tilt
    return replace(
        lens, name=f"{lens.name}, mirrored", decentre_coma=(coma_y, -coma_x), tilt=(tilt_y, -tilt_x)
    )


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
    lens: Lens,
    f_number: float,
    positions: NDArray[np.float64],
    *,
    size: int = 25,
    epsilon: float = 1e-6,
) -> NDArray[np.float32]:
    """What turns a photo taken with the sharp aperture's PSF on the axis into one at `f_number`:
    the truth.

        K(f) = D(f) conj(S(f)) / (|S(f)|^2 + epsilon)        |f| < 0.5 cycles/px

    with D the transfer function at each position and S the one of `lens.f_sharp` on the axis,
    colour by colour.

    Parameters
    ----------
    positions : ndarray [n, 2], (y, x) in 0..1
    size : int
        Odd width k in sensor pixels.

    Returns
    -------
    float32 ndarray [n, 3, k, k], each summing to 1
    """

    n = _MOST_FREQUENCIES
    # The PSFs have twice the sensor's samples, so the sensor's frequencies are the lower half.
    k = scipy.fft.fftfreq(2 * n, 1 / (2 * n)).astype(int)
    band = k % (4 * n)

    def transfer(at: NDArray[np.float64], aperture: float) -> NDArray[np.complex128]:
        psf = lens.psf(at, aperture, size=LARGEST_PSF, oversampling=2).astype(np.float64)
        spectra: NDArray[np.complex128] = scipy.fft.fft2(_origin_first(psf, 4 * n), axes=(-2, -1))
        return spectra[..., band[:, None], band[None, :]]

    sharp = transfer(np.array([[0.5, 0.5]]), lens.f_sharp)
    # Wiener's quotient: where the sharp lens passes nothing, neither does the PSF.
    ratio = transfer(positions, f_number) * sharp.conj() / (np.abs(sharp) ** 2 + epsilon)
    whole = scipy.fft.ifft2(ratio, axes=(-2, -1)).real
    # From the origin at [0, 0] to the middle of the array.
    kernels = np.roll(whole, size // 2, axis=(-2, -1))[..., :size, :size]
    return np.asarray(kernels / kernels.sum(axis=(-2, -1), keepdims=True), np.float32)


def _origin_first(kernels: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """Kernels in an n x n array with the central sample at [0, 0]."""
    size = kernels.shape[-1]
    out = np.zeros((*kernels.shape[:-2], n, n), kernels.dtype)
    # Moved round by half the width, so that the transform's phase is that of the shift alone.
    out[..., :size, :size] = kernels
    return np.roll(out, -(size // 2), axis=(-2, -1))


def node_positions(shape: Sequence[int]) -> NDArray[np.float64]:
    """[rows * cols, 2]: the nodes (y, x) in 0..1 of a grid whose outer nodes lie on the photo's
    borders."""
    rows, cols = shape
    return grid_positions(np.linspace(0, 1, rows), np.linspace(0, 1, cols)).reshape(-1, 2)
