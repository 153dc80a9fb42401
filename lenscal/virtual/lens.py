"""A lens that does not exist: its point spread function by wave optics, at every field position and
aperture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.fft

from lenscal.virtual.waves import Lens, rim

MAX_KERNEL = 59
REFERENCE_NM = 550.0


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
        self, h: np.ndarray, f_number: float, wavelength_nm: float, axis: np.ndarray
    ) -> tuple[np.ndarray, ...]:
        anchors = [float(np.average(band, weights=self.band_weights)) for band in self.bands_nm]
        defocus = float(np.polynomial.Polynomial.fit(anchors, self.defocus, 2)(wavelength_nm))
        stop = self.f_number / f_number
        py, px = axis[:, None], axis[None, :]
        radius2 = py**2 + px**2
        hy, hx = h[:, 0, None, None], h[:, 1, None, None]
        lean_y, lean_x = (
            self.coma * hy + self.decentre_coma[0],
            self.coma * hx + self.decentre_coma[1],
        )
        curve = (
            self.field_curvature * (hy**2 + hx**2) + self.tilt[0] * hy + self.tilt[1] * hx + defocus
        )
        waves = (
            stop**4 * self.spherical * radius2**2
            + stop**3 * radius2 * (lean_y * py + lean_x * px)
            + stop**2 * (self.astigmatism * (hy * py + hx * px) ** 2 + curve * radius2)
        )
        return rim(np.sqrt(radius2), axis[1] - axis[0]), (
            waves * (REFERENCE_NM / wavelength_nm)
        ).astype(np.float32)

    def lateral_shift(self, h: np.ndarray) -> np.ndarray:
        return np.array(self.lateral_px)[None, :, None] * h[:, None, :]


def demo_lens(seed: int = 0) -> VirtualLens:
    """A fast 35 mm lens with a decentred element; the seed turns and scales its faults by up to 15
    %."""
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
    lens: Lens, f_number: float, positions: np.ndarray, *, size: int = 25, epsilon: float = 1e-6
) -> np.ndarray:
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

    def transfer(at: np.ndarray, stop: float) -> np.ndarray:
        psf = lens.psf(at, stop, size=MAX_KERNEL, oversampling=2).astype(np.float64)
        return scipy.fft.fft2(_origin_first(psf, 4 * n), axes=(-2, -1))[
            ..., band[:, None], band[None, :]
        ]

    n = 32
    k = scipy.fft.fftfreq(2 * n, 1 / (2 * n)).astype(int)
    band = k % (4 * n)
    sharp = transfer(np.array([[0.5, 0.5]]), lens.f_sharp)
    ratio = transfer(positions, f_number) * sharp.conj() / (np.abs(sharp) ** 2 + epsilon)
    kernels = np.roll(scipy.fft.ifft2(ratio, axes=(-2, -1)).real, size // 2, axis=(-2, -1))[
        ..., :size, :size
    ]
    return (kernels / kernels.sum(axis=(-2, -1), keepdims=True)).astype(np.float32)


def _origin_first(kernels: np.ndarray, n: int) -> np.ndarray:
    """Kernels in an n x n array with the central sample at [0, 0]."""
    size = kernels.shape[-1]
    out = np.zeros((*kernels.shape[:-2], n, n), kernels.dtype)
    out[..., :size, :size] = kernels
    return np.roll(out, -(size // 2), axis=(-2, -1))


def node_positions(shape: Sequence[int]) -> np.ndarray:
    """[rows * cols, 2]: the nodes (y, x) in 0..1 of a grid whose outer nodes lie on the photo's
    borders."""
    rows, cols = shape
    y, x = np.meshgrid(np.linspace(0, 1, rows), np.linspace(0, 1, cols), indexing="ij")
    return np.stack([y.ravel(), x.ravel()], axis=-1)
