"""A lens traced from its prescription: exact skew rays give the wavefront, waves.py the point
spread function.

Per field angle and wavelength, rays are traced through the spheres. A ray that leaves with
direction cosines (L, M) has the optical path W(L, M) from the incoming plane wave to the foot of
the perpendicular from the image point on it (Hamilton's angle characteristic); the image is the
Fourier transform of exp(2 pi i W / wavelength) over the directions that no rim holds back. W and
the heights at the rims are smooth: they are kept as polynomials of the direction and of the field
angle. Amplitude per direction is taken as even (the sine condition).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lenscal.virtual.prescriptions import Prescription
from lenscal.virtual.waves import Lens, rim

GREEN_NM = 550.0
"""Wavelength that is focused and that the chief ray has."""
_RAYS = 61
"""Rays on a side of the bundle's square."""
_DEGREE, _RIM_DEGREE = 10, 6
"""Of the polynomials of the direction: for the path, and for the heights at the rims."""
_HEIGHTS = 12
"""Field heights at which rays are traced."""
_HIGHEST = 1.08
"""Field height up to which rays are traced: the scene goes a little beyond the photo's corners."""
_FIELD_TERMS = 6
"""Even powers of the field height in each coefficient."""
_FOCUS_F_NUMBER = 4.0
_BEYOND = 1.06
"""Rays up to this relative height at a rim take part in the fits, so that a soft rim has something
to stand on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedLens(Lens):
    """A prescription scaled to `focal_mm`, focused on the axis at f/4.

    Attributes
    ----------
    half_field_deg : float
        Field angle in the photo's corners.
    focus_um : float
        The sensor's distance behind the best focus.
    """

    prescription: Prescription
    half_field_deg: float = 20.0
    focus_um: float = 0.0

    def pupil(
        self,
        h: NDArray[np.float64],
        f_number: float,
        wavelength_nm: float,
        axis: NDArray[np.float64],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The stop and all rims that the rays pass, and the path of the traced rays."""
        model = _model(self, wavelength_nm)
        height = np.hypot(h[:, 0], h[:, 1])
        # The lens is round: rays are known for the direction (1, 0), so the pupil is turned there.
        on_axis = np.tile([1.0, 0.0], (len(h), 1))
        off_axis = height[:, None] > 1e-9
        along = np.divide(h, height[:, None], out=on_axis, where=off_axis)
        cosines = (axis / (2 * f_number * model.scale)).astype(np.float32)
        y, x = cosines[:, None], cosines[None, :]
        ay, ax = along.astype(np.float32).T[..., None, None]
        r, t2 = ay * y + ax * x, np.square(ax * y - ay * x)
        path = _evaluated(model.path.at(height), r, t2)
        step = 1.5 * (axis[1] - axis[0])
        transmission = np.ones(r.shape, np.float32)
        for number, squared in enumerate(model.rims):
            # The first is the stop, which closes with the f-number.
            opening = (
                stop_radius(self.prescription, f_number, self.f_number) if number == 0 else 1.0
            )
            height_at_rim = np.sqrt(np.maximum(_evaluated(squared.at(height), r, t2), 0))
            transmission *= rim(height_at_rim / np.float32(opening), step)
        return transmission, path * np.float32(-1e6 / wavelength_nm)


@dataclass(frozen=True, slots=True, eq=False)
class Rays:
    """Rays [n] that have left the last surface (mm; the axis is the third coordinate, 0 at the last
    vertex).

    Attributes
    ----------
    at, towards : ndarray [n, 3]
    path : ndarray [n]
        Optical path from the start.
    squared : ndarray [n, surfaces]
        Squared distance from the axis at every surface.
    """

    at: NDArray[np.float64]
    towards: NDArray[np.float64]
    path: NDArray[np.float64]
    squared: NDArray[np.float64]


def trace(
    prescription: Prescription,
    at: NDArray[np.float64],
    towards: NDArray[np.float64],
    wavelength_nm: float,
) -> Rays:
    """Follow rays exactly through all surfaces; those that miss one or are totally reflected become
    NaN.

    Parameters
    ----------
    at, towards : ndarray [n, 3]
        Points (mm; the third coordinate is 0 at the first vertex) and unit vectors.
    """
    at, towards = np.array(at, np.float64), np.array(towards, np.float64)
    path, index, squared = np.zeros(len(at)), 1.0, []
    for surface in prescription.surfaces:
        behind = surface.index_at(wavelength_nm)
        curvature = 1 / surface.radius if surface.radius else 0.0
        # To the plane through the vertex, then on or back to the sphere: well conditioned also for
        # planes.
        to_plane = -at[:, 2] / towards[:, 2]
        foot = at + to_plane[:, None] * towards
        slope = towards[:, 2] - curvature * (foot * towards).sum(1)
        bow = curvature * (foot**2).sum(1)
        with np.errstate(invalid="ignore"):
            to_sphere = bow / (slope + np.sqrt(slope**2 - curvature * bow))
            at = foot + to_sphere[:, None] * towards
            path += index * (to_plane + to_sphere)
            squared.append(at[:, 0] ** 2 + at[:, 1] ** 2)
            # Snell's law for vectors.
            normal = np.array([0.0, 0.0, 1.0]) - curvature * at
            ratio = index / behind
            incidence = (normal * towards).sum(1)
            refracted = np.sqrt(1 - ratio**2 * (1 - incidence**2))
            towards = ratio * towards + (refracted - ratio * incidence)[:, None] * normal
        index = behind
        # The next vertex is the origin.
        at[:, 2] -= surface.distance
    at[:, 2] += prescription.surfaces[-1].distance
    return Rays(at, towards, path, np.stack(squared, axis=1))


def paraxial(prescription: Prescription, wavelength_nm: float = GREEN_NM) -> tuple[float, float]:
    """Focal length and distance of the focus behind the last vertex, mm."""
    height, angle, index = 1.0, 0.0, 1.0
    # A ray near the axis: refraction by each surface's power, then straight on.
    for surface in prescription.surfaces:
        behind = surface.index_at(wavelength_nm)
        power = (behind - index) / surface.radius if surface.radius else 0.0
        angle = (index * angle - height * power) / behind
        index = behind
        focus = -height / angle
        height += surface.distance * angle
    return -1 / angle, focus


def sensor_plane(lens: TracedLens) -> tuple[float, float]:
    """Distance of the sensor behind the last vertex in the prescription's mm, and the lens's size
    in prescriptions."""
    size = lens.focal_mm / paraxial(lens.prescription)[0]
    return _axial_focus(lens.prescription) + lens.focus_um * 1e-3 / size, size


@lru_cache(maxsize=64)
def stop_radius(prescription: Prescription, f_number: float, widest: float) -> float:
    """Radius of the stop at an f-number over the one at the widest: the axial ray leaves with sine
    1 / (2 f-number)."""

    return _stop_mm(prescription, f_number) / _stop_mm(prescription, widest)


def _axial_fan(prescription: Prescription) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sine of the image angle and height at the stop (mm, as printed) of rays from an axial point
    far away."""
    start = np.zeros((201, 3))
    # Some rays higher than the widest stop lets through, which is half the entrance pupil's width.
    start[:, 0] = np.linspace(0, 0.62 * prescription.focal_mm / prescription.f_number, 201)
    rays = trace(prescription, start, np.tile([0.0, 0.0, 1.0], (201, 1)), GREEN_NM)
    good = np.isfinite(rays.path)
    return -rays.towards[good, 0], np.sqrt(rays.squared[good, prescription.stop])


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    """Polynomial coefficients of (r, t^2) as polynomials of the field height.

    coefficients : [terms, field terms]; powers : [terms, 2] of r and t^2. Mirror symmetry: the
    coefficient of r^a is even or odd in the height as a is.
    """

    coefficients: NDArray[np.float64]
    powers: NDArray[np.int_]

    def at(self, height: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int_]]:
        """Coefficients [m, terms] at heights [m], and the powers."""
        basis = _field_basis(height, self.powers[:, 0])
        return (basis * self.coefficients).sum(axis=-1), self.powers


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    """Path (mm) and squared relative height at the stop, then at every rim; directions are in units
    of `scale`."""

    path: _Field
    rims: tuple[_Field, ...]
    scale: float


@lru_cache(maxsize=64)
def _model(lens: TracedLens, wavelength_nm: float) -> _Model:
    """The lens at a wavelength: rays traced at some field heights, and polynomials through them."""
    prescription = lens.prescription
    scale = 0.5 / lens.f_number
    # Denser towards the corners, where aberrations change most.
    heights = _HIGHEST * np.sin(np.linspace(0, np.pi / 2, _HEIGHTS))
    rims = [
        prescription.stop,
        *(n for n, surface in enumerate(prescription.surfaces) if surface.diameter),
    ]
    path_terms, rim_terms = [], []
    for height in heights:
        path, relative, r, t2 = _wavefront(lens, height, wavelength_nm, rims)
        basis = _monomials(r, t2, _powers(_DEGREE))
        # Fits over the rays that get through: hundreds for some 36 terms.
        path_terms.append(np.linalg.lstsq(basis, path, rcond=None)[0])
        basis = _monomials(r, t2, _powers(_RIM_DEGREE))
        rim_terms.append(np.linalg.lstsq(basis, relative, rcond=None)[0])
    path_field = _over_the_field(heights, np.stack(path_terms), _powers(_DEGREE))
    squared = np.stack(rim_terms)
    rim_fields = [
        _over_the_field(heights, squared[..., n], _powers(_RIM_DEGREE)) for n in range(len(rims))
    ]
    return _Model(path_field, tuple(rim_fields), scale)


def _wavefront(
    lens: TracedLens, height: float, wavelength_nm: float, rims: list[int]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """What the rays of one field height that get through show.

    Returns
    -------
    path : [n] optical path to the foot of the perpendicular from the image point, mm of the lens,
        without its mean
    relative : [n, rims] squared height at each rim over the rim's
    r, t2 : [n] direction along the field and squared direction across it
    """
    prescription = lens.prescription
    scale = 0.5 / lens.f_number
    tangent = height * np.tan(np.deg2rad(lens.half_field_deg))
    plane, size = sensor_plane(lens)
    diameters = [prescription.surfaces[n].diameter / 2 for n in rims[1:]]
    # The stop at the widest aperture: smaller ones only close it.
    limits = np.array([_stop_mm(prescription, lens.f_number), *diameters])
    # The green chief ray says where the image is, for all wavelengths: lateral colour is in W.
    image, middle = _chief(prescription, tangent, plane)
    rays, start = _bundle(prescription, tangent, wavelength_nm)
    relative = rays.squared[:, rims] / limits**2
    good = np.isfinite(rays.path) & (relative.max(axis=1) < _BEYOND**2)
    at, towards = rays.at[good], rays.towards[good]
    to_foot = ((np.array([image, 0.0, plane]) - at) * towards).sum(1)
    path = rays.path[good] + start[good] + to_foot
    r, t2 = (towards[:, 0] - middle) / scale, (towards[:, 1] / scale) ** 2
    return (path - path.mean()) * size, relative[good], r, t2


def _over_the_field(
    heights: NDArray[np.float64], values: NDArray[np.float64], powers: NDArray[np.int_]
) -> _Field:
    """Fit values [heights, terms] by even or odd polynomials of the height."""
    basis = _field_basis(heights, powers[:, 0])
    coefficients = [
        np.linalg.lstsq(basis[:, n], values[:, n], rcond=None)[0] for n in range(len(powers))
    ]
    return _Field(np.stack(coefficients), powers)


def _field_basis(height: NDArray[np.float64], parity: NDArray[np.int_]) -> NDArray[np.float64]:
    """[m, terms, field terms]: height^(2 k), times the height where the term is odd."""
    # A round lens: W does not change when field and pupil are turned together.
    even = height[:, None] ** (2 * np.arange(_FIELD_TERMS))
    odd = parity[:, None] % 2 == 1
    return np.asarray(even[:, None, :] * np.where(odd, height[:, None, None], 1.0))


def _powers(degree: int) -> NDArray[np.int_]:
    """[terms, 2]: powers of r and of t^2 whose sum, t's counted twice, is at most the degree."""
    return np.array([(a, b) for b in range(degree // 2 + 1) for a in range(degree - 2 * b + 1)])


def _monomials(
    r: NDArray[np.float64], t2: NDArray[np.float64], powers: NDArray[np.int_]
) -> NDArray[np.float64]:
    """[n, terms]: r^a t^(2 b) of directions [n]."""
    return np.asarray(r[:, None] ** powers[:, 0] * t2[:, None] ** powers[:, 1])


def _evaluated(
    polynomial: tuple[NDArray[np.float64], NDArray[np.int_]],
    r: NDArray[np.float32],
    t2: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Values [m, q, q] (float32) of coefficients [m, terms], by Horner's rule in r and then in
    t^2.

    By hand: numpy's polyval2d takes one set of coefficients, and float64.
    """
    coefficients, powers = polynomial
    out: NDArray[np.float32] | None = None
    for b in range(powers[:, 1].max(), -1, -1):
        row: NDArray[np.float32] | None = None
        for n in np.flatnonzero(powers[:, 1] == b)[::-1]:
            c = coefficients[:, n, None, None].astype(np.float32)
            row = c if row is None else row * r + c
        assert row is not None
        out = row if out is None else out * t2 + row
    assert out is not None
    return np.broadcast_to(out, r.shape)


def _stop_mm(prescription: Prescription, f_number: float) -> float:
    """Radius of the stop at an f-number, mm as printed."""
    return float(np.interp(0.5 / f_number, *_axial_fan(prescription)))


def _directed(tangent: float, n: int) -> NDArray[np.float64]:
    """n unit vectors [n, 3] of one field angle."""
    return np.tile(np.array([tangent, 0.0, 1.0]) / np.hypot(1.0, tangent), (n, 1))


def _bundle(
    prescription: Prescription, tangent: float, wavelength_nm: float
) -> tuple[Rays, NDArray[np.float64]]:
    """Rays of one plane wave on a square grid that covers the front, and their path from the wave
    to the start."""
    front = _front_mm(prescription)
    # Oblique rays meet the front's plane beside its rim.
    axis = np.linspace(-0.75 * front, 0.75 * front, _RAYS)
    # One half is enough: the other is its mirror image.
    y, x = np.meshgrid(axis, axis[axis >= 0], indexing="ij")
    start = np.stack([y.ravel(), x.ravel(), np.zeros(y.size)], axis=-1)
    towards = _directed(tangent, y.size)
    return trace(prescription, start, towards, wavelength_nm), (start * towards).sum(1)


def _chief(prescription: Prescription, tangent: float, plane: float) -> tuple[float, float]:
    """Where the green ray through the middle of the stop meets the plane, and its direction cosine
    there."""
    front = _front_mm(prescription)
    start = np.zeros((801, 3))
    start[:, 0] = np.linspace(-0.75 * front, 0.75 * front, 801)
    # Twice, the second time between the neighbours of the nearest.
    for _ in range(2):
        rays = trace(prescription, start, _directed(tangent, len(start)), GREEN_NM)
        nearest = start[np.nanargmin(rays.squared[:, prescription.stop]), 0]
        width = 2 * (start[1, 0] - start[0, 0])
        start[:, 0] = np.linspace(nearest - width, nearest + width, 801)
    n = int(np.nanargmin(rays.squared[:, prescription.stop]))
    at, towards = rays.at[n], rays.towards[n]
    return float(at[0] + (plane - at[2]) / towards[2] * towards[0]), float(towards[0])


def _front_mm(prescription: Prescription) -> float:
    """Diameter of the front; a little over the entrance pupil's where none is printed."""
    return prescription.surfaces[0].diameter or 1.2 * prescription.focal_mm / prescription.f_number


def _axial_focus(prescription: Prescription) -> float:
    """Distance behind the last vertex with the smallest RMS spot of a green axial bundle at f/4."""
    # As a user focuses: where the axis is sharpest a little stopped down.
    rays, _ = _bundle(prescription, 0.0, GREEN_NM)
    inside = np.isfinite(rays.path) & (
        rays.squared[:, prescription.stop] < _stop_mm(prescription, _FOCUS_F_NUMBER) ** 2
    )
    # Where the straight lines' mean squared distance from the axis is least, in closed form.
    at, towards = rays.at[inside], rays.towards[inside]
    slope = towards[:, :2] / towards[:, 2:]
    foot = at[:, :2] - at[:, 2:] * slope
    return float(-(foot * slope).sum() / (slope**2).sum())
