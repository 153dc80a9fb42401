"""Kernels that a lens can make: rays through a pupil with aberrations that are smooth over the
field (docs/method.md, section 5).

Taps can be anything, and where scenes are unrelated a fit of taps follows the scenes. The light of
a lens reaches the sensor through a pupil, and where a ray arrives is the gradient of the wavefront
there (Welford 1986, Aberrations of Optical Systems, chapters 6 to 8):

    K(f; position, channel) = R(f; channel) sum_p w_p(position) exp(-2 pi i f . d_p(position,
    channel))

with d_p the ray errors at points of the pupil, w_p how much light passes there and R the ratio of
the two apertures' diffraction, itself free within what a focus that differs from photo to photo can
do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.field.polynomials import degrees, polynomials

RINGS, SPOKES = 9, 34
"""306 points of the pupil, rings of equal area: the time of a fit grows with them."""
RAY_FIELD_DEGREE, RAY_COLOUR_DEGREE = 3, 1
"""Of the polynomials over the field: what the channels share, and how they differ. Fourth degree,
or second for colours, gains little (docs/experiments/rays.md, 2026-11-24, later)."""
RAY_SHRINK = (1.0, 0.6, 0.4, 0.15)
"""Expected size of coefficients by degree over the field: lenses bend gently."""
FAMILIES = {
    "defocus": (0.8, ("r2",)),
    "astigmatism": (0.8, ("c2", "s2")),
    "coma": (0.8, ("c1 r2", "s1 r2")),
    "trefoil": (0.15, ("c3", "s3")),
    "spherical": (0.6, ("r4",)),
    "secondary astigmatism": (0.15, ("c2 r2", "s2 r2")),
    "quadrafoil": (0.05, ("c4", "s4")),
    "secondary coma": (0.1, ("c1 r4", "s1 r4")),
    "secondary spherical": (0.1, ("r6",)),
}
"""Aberrations: px (root mean square over the pupil) that coefficients are expected to reach, and
the polynomials of the pupil, each a power of the radius times cos (c) or sin (s) of the angle, with
the angle's own power of the radius."""
SYMMETRIC_SCALES = (2.0, 1.4, 1.0)
"""Expected size, by power of the squared distance from the middle, of what a centred lens does:
aberrations of order m of the angle begin with the m-th power of the distance, and point away from
the middle or across."""
COLOUR_SCALE, SHADING_SCALE, LATERAL_SCALE = 0.3, 0.5, 0.5
WAVELENGTHS_UM = (0.61, 0.537, 0.462)
"""Where the channels of a camera are centred."""
LEAST_MODULATION = 0.05
"""Of the sharp aperture's diffraction, below which nothing is divided by it."""


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """What coefficients are multiplied with at m places of the field.

    terms : [m, terms], normalised Legendre products, smaller for higher degrees
    symmetric : [m, powers, families, aberrations], of a centred lens
    """

    terms: Tensor
    symmetric: Tensor

    def part(self, places: slice) -> Basis:
        """At these of the places."""
        return Basis(self.terms[places], self.symmetric[places])


@dataclass(frozen=True, slots=True, eq=False)
class RayField:
    """Kernels as functions of numbers theta [n] that are expected to lie around 0, most of them
    within 0.5.

    kernel_size : int, px
    errors : [points, aberrations, 2], (dy, dx) px of a coefficient of one
    shades : [points, 5], what the logarithm of the light through the pupil is made of
    diffraction : [3, m, m // 2 + 1], of the degraded aperture over that of the sharp one
    fy, fx : [m], [m // 2 + 1], cycles/px
    scales : [terms, aberrations] of what the channels share
    taps : [k * k, 2], (y, x) px of the taps from the middle
    aspect : width of the photo over its height
    """

    kernel_size: int
    errors: Tensor
    shades: Tensor
    diffraction: Tensor
    fy: Tensor
    fx: Tensor
    scales: Tensor
    taps: Tensor
    aspect: float

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the parts of theta, in their order."""
        terms, aberrations = self.scales.shape
        return {
            "shared": (terms, aberrations),
            "symmetric": (len(SYMMETRIC_SCALES), len(FAMILIES)),
            "colour": (_terms(RAY_COLOUR_DEGREE), 3, aberrations),
            "shading": (terms, self.shades.shape[1]),
            "lateral": (terms, 3, 2),
            "softness": (2, 3),
        }

    def parts(self, theta: Tensor) -> dict[str, Tensor]:
        """Theta [n] by name, in the shapes of `shapes`."""
        sizes = [int(np.prod(shape)) for shape in self.shapes.values()]
        blocks = theta.split(sizes)
        return {
            name: block.view(shape)
            for (name, shape), block in zip(self.shapes.items(), blocks, strict=True)
        }

    @property
    def count(self) -> int:
        """n, the length of theta."""
        return sum(int(np.prod(shape)) for shape in self.shapes.values())

    def basis(self, positions: NDArray[np.float64]) -> Basis:
        """What coefficients are multiplied with at field positions [n, 2]."""
        columns = polynomials(positions, RAY_FIELD_DEGREE)
        # Normalised Legendre products, times what the prior expects of their degree.
        size = [
            np.sqrt((2 * i + 1) * (2 * j + 1)) * RAY_SHRINK[i + j]
            for i, j in degrees(RAY_FIELD_DEGREE)
        ]
        y, x = (2 * positions - 1).T
        # The place as a complex number: its powers turn as aberrations do.
        h = (x * self.aspect + 1j * y) / np.hypot(1, self.aspect)
        radial = np.abs(h[:, None]) ** (2 * np.arange(len(SYMMETRIC_SCALES))) * SYMMETRIC_SCALES
        symmetric = np.zeros((*radial.shape, len(FAMILIES), self.errors.shape[1]))
        for aberration, (name, family) in enumerate(zip(_names(), _families(), strict=True)):
            m, even, _ = _meaning(name)
            # Turned with the place: the pattern points away from the middle.
            angular = (h**m).real if even else (h**m).imag
            symmetric[:, :, family, aberration] = (
                float(self.scales[0, aberration]) * radial * angular[:, None]
            )
        return Basis(
            *(torch.from_numpy(array).to(self.errors) for array in (columns * size, symmetric))
        )

    def kernels(self, theta: Tensor, at: Basis) -> Tensor:
        """[m, 3, k * k], of sum 1, for theta [n] at m places."""
        otf = self.bundle(theta, at) * self.diffraction * self.softness(theta)
        return self.taps_of(otf)

    def taps_of(self, otf: Tensor) -> Tensor:
        """[m, 3, k * k], of sum 1, of transfer functions [m, 3, fy, fx]."""
        n, half = len(self.fy), self.kernel_size // 2
        # The origin to the middle of the frame; what falls outside is cut.
        image = torch.fft.irfft2(otf, s=(n, n)).roll((half, half), (-2, -1))
        taps = image[..., : self.kernel_size, : self.kernel_size].flatten(-2)
        kernels: Tensor = taps / taps.sum(-1, keepdim=True)
        return kernels

    def softness(self, theta: Tensor) -> Tensor:
        """[3, fy, fx]: what focus that differs from photo to photo leaves: their mean is softer
        than any of them."""
        narrow, wide = self.parts(theta)["softness"][..., None, None]
        f = torch.hypot(self.fy[:, None], self.fx)
        return torch.exp(-0.5 * narrow * f - 2 * wide * f * f)

    def bundle(self, theta: Tensor, at: Basis) -> Tensor:
        """[m, 3, fy, fx]: transfer functions of the rays alone, for theta [n] at m places."""
        components, basis = self.parts(theta), at.terms
        linear = [
            t for t, (i, j) in enumerate(degrees(RAY_FIELD_DEGREE)) if i + j <= RAY_COLOUR_DEGREE
        ]
        coefficients = basis @ (components["shared"] * self.scales)
        # What a centred lens does goes to a higher order than the polynomials
        # (docs/experiments/rays.md, 2026-11-23, later).
        coefficients = coefficients + torch.einsum(
            "mkfa,kf->ma", at.symmetric, components["symmetric"]
        )
        colour = torch.einsum("mt,tca->mca", basis[:, linear], components["colour"])
        coefficients = coefficients[:, None] + COLOUR_SCALE * self.scales[0] * colour
        # A softmax: light is positive and sums to one.
        light = (SHADING_SCALE * (basis @ components["shading"]) @ self.shades.T).softmax(-1)[
            :, None
        ]
        errors = torch.einsum("mca,pai->mcpi", coefficients, self.errors)
        # Centred first: what coma moves is lateral colour's to say.
        errors = errors - (errors * light[..., None]).sum(2, keepdim=True)
        errors = (
            errors
            + LATERAL_SCALE * torch.einsum("mt,tci->mci", basis, components["lateral"])[:, :, None]
        )
        # sum_p w_p exp(-2 pi i f . d_p), at every frequency.
        dy, dx = (2 * torch.pi * errors).unbind(-1)
        along_y, along_x = dy[:, :, None] * self.fy[:, None], dx[:, :, None] * self.fx[:, None]
        # exp(-i y) exp(-i x) summed over the pupil, in real numbers: complex ones take a quarter
        # longer.
        rows = torch.cat([along_y.cos(), along_y.sin()], 2) * light[:, :, None]
        products = rows @ torch.cat([along_x.cos(), along_x.sin()], 2).mT
        (cc, cs), (sc, ss) = (half.chunk(2, -1) for half in products.chunk(2, -2))
        return torch.complex(cc - ss, -(cs + sc))

    def groups(self) -> tuple[Tensor, Tensor]:
        """[n] number of the group of each of theta but the softness, and [groups] how many are in
        each.

        A lens has an aberration or has it not: what belongs to one family and degree over the field
        shrinks together.
        """
        family = _families()
        degree = [i + j for i, j in degrees(RAY_FIELD_DEGREE)]
        n = len(FAMILIES)
        shared = [f + n * d for d in degree for f in family]
        symmetric = [f + n * (RAY_FIELD_DEGREE + 2) for _ in SYMMETRIC_SCALES for f in range(n)]
        colour = [
            f + n * (RAY_FIELD_DEGREE + 1)
            for _ in range(3 * _terms(RAY_COLOUR_DEGREE))
            for f in family
        ]
        shading_group = n * (RAY_FIELD_DEGREE + 3)
        sizes = {name: int(np.prod(shape)) for name, shape in self.shapes.items()}
        number = [
            *shared,
            *symmetric,
            *colour,
            *[shading_group] * sizes["shading"],
            *[shading_group + 1] * sizes["lateral"],
        ]
        index = torch.tensor(number, device=self.errors.device)
        return index, torch.bincount(index).to(self.errors)


def ray_field(
    kernel_size: int,
    device: torch.device,
    *,
    f_numbers: tuple[float | None, float | None] = (None, None),
    pitch_um: float | None = None,
    aspect: float = 1.0,
) -> RayField:
    """A field of kernels of kernel_size x kernel_size px.

    f_numbers : of the degraded and the sharp photos; without them, or without pitch_um, there is no
    diffraction
    pitch_um : distance of the pixels, micrometres
    aspect : width of the photos over their height
    """
    # Rings of equal area: every point stands for as much light.
    radius = np.sqrt((np.arange(RINGS) + 0.5) / RINGS)
    # Each ring is turned by half a spoke: points must not line up.
    turn = (np.arange(SPOKES)[None] + np.arange(RINGS)[:, None] * 0.5) * 2 * np.pi / SPOKES
    y, x = (radius[:, None] * np.sin(turn)).ravel(), (radius[:, None] * np.cos(turn)).ravel()
    names = _names()
    errors = np.stack([_slopes(name, y, x) for name in names], 1)
    scale = np.array([s for s, members in FAMILIES.values() for _ in members])
    scales = np.broadcast_to(scale, (_terms(RAY_FIELD_DEGREE), len(names)))
    shades = np.stack([y, x, y * y + x * x - 0.5, y * y - x * x, 2 * y * x], 1) * 2
    # Twice the kernel: light that leaves on one side must not come back on the other.
    m = max(32, 2 * (kernel_size + 1))
    fy, fx = np.fft.fftfreq(m), np.fft.rfftfreq(m)
    ratio = np.ones((3, m, m // 2 + 1))
    degraded, sharp = f_numbers
    if degraded is not None and sharp is not None and pitch_um is not None:
        per_um = np.hypot(fy[:, None], fx) / pitch_um
        degraded_mtf, sharp_mtf = (
            np.stack([diffraction_mtf(per_um * w * number) for w in WAVELENGTHS_UM])
            for number in (degraded, sharp)
        )
        # Kernels are relative to the sharp photos, whose aperture diffracts, too.
        ratio = degraded_mtf / np.maximum(sharp_mtf, LEAST_MODULATION)
    places = np.arange(kernel_size) - kernel_size // 2
    taps = np.stack(np.meshgrid(places, places, indexing="ij"), -1).reshape(-1, 2)
    arrays = errors, shades, ratio, fy, fx, scales, taps
    slopes, shading, diffraction, rows, cols, sizes, around = (
        torch.from_numpy(np.ascontiguousarray(a)).float().to(device) for a in arrays
    )
    return RayField(kernel_size, slopes, shading, diffraction, rows, cols, sizes, around, aspect)


def diffraction_mtf(frequency: NDArray[np.float64]) -> NDArray[np.float64]:
    """Modulation transfer of a perfect round aperture; frequency in units of its cutoff, 1 /
    (wavelength f-number).

    Goodman 2005, Introduction to Fourier Optics, section 6.3.
    """
    s = np.clip(frequency, 0, 1)
    return np.asarray(2 / np.pi * (np.arccos(s) - s * np.sqrt(1 - s * s)))


def _slopes(name: str, y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """[points, 2]: (dW/dy, dW/dx) of a polynomial of the pupil, mean 0, root mean square 1."""
    m, even, power = _meaning(name)
    z = x + 1j * y
    r2 = np.abs(z) ** 2
    angular, angular_slope = z**m, m * z ** max(m - 1, 0)
    radial, radial_slope = r2 ** (power // 2), power * r2 ** max(power // 2 - 1, 0)
    # The product rule for r^power z^m; (x + iy)' is 1 along x and i along y.
    by_x, by_y = (
        radial_slope * x * angular + radial * angular_slope,
        radial_slope * y * angular + 1j * radial * angular_slope,
    )
    slopes = np.stack([by_y, by_x], -1)
    out = slopes.real if even else slopes.imag
    # A tilt of all rays is a shift, which other numbers stand for.
    out = out - out.mean(0)
    return np.asarray(out / np.sqrt((out**2).sum(-1).mean()))


def aberrations() -> list[tuple[int, bool, int]]:
    """Of each polynomial of the pupil: the order of the angle, whether of its cosine, and the power
    of the radius beyond that order."""
    return [_meaning(name) for name in _names()]


def _names() -> list[str]:
    return [name for _, members in FAMILIES.values() for name in members]


def _families() -> list[int]:
    """Number of the family of each aberration."""
    return [number for number, (_, members) in enumerate(FAMILIES.values()) for _ in members]


def _meaning(name: str) -> tuple[int, bool, int]:
    """Order of the angle, whether of its cosine, and power of the radius beyond that order."""
    power, m, even = 0, 0, True
    for word in name.split():
        if word[0] == "r":
            power = int(word[1:])
        else:
            m, even = int(word[1:]), word[0] == "c"
    return m, even, power


def _terms(degree: int) -> int:
    return len(degrees(degree))
