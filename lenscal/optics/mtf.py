"""Figures of single kernels: width, encircled energy, MTF50 along and across the image's radius."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Kernels = NDArray[np.floating]
Floats = NDArray[np.float64]

_FFT = 128
"""Period px of the trigonometric interpolation: so far beyond kernels that they do not meet their
images."""
_STEP = 1 / 512
"""Cycles/px between samples of an MTF; where it crosses one half is interpolated linearly."""
_FINE = 8
_ENERGY = 0.8
_Figure = Callable[[Floats], float]


def centroid_px(kernels: Kernels) -> Floats:
    """Centroid [..., 2] (y, x) of kernels [..., k, k], px from the middle of the array."""
    axis = np.arange(kernels.shape[-1]) - (kernels.shape[-1] - 1) / 2
    total = kernels.sum(axis=(-2, -1))
    y = (kernels.sum(axis=-1) * axis).sum(axis=-1) / total
    x = (kernels.sum(axis=-2) * axis).sum(axis=-1) / total
    return np.stack([y, x], axis=-1)


def fwhm_px(kernels: Kernels) -> Floats:
    """Full width at half maximum [...] in px of kernels [..., k, k].

    The diameter of the disc whose area is that where the kernel, interpolated 8 x by Fourier,
    exceeds half its peak. A kernel of a single pixel has that of the sinc-interpolated pixel, about
    1.2 px.
    """
    return _per_kernel(kernels, _fwhm)


def ee80_radius_px(kernels: Kernels) -> Floats:
    """Radius [...] in px about the centroid that encircles 80 % of the energy of kernels [..., k,
    k] (0 for a delta).

    Energies of pixels whose centres lie within the radius, linear in between.
    """
    return _per_kernel(kernels, _ee80)


def half_crossing(curve: Floats) -> float:
    """Index (with fraction) at which a curve that starts at 1 first falls below 0.5; its length if
    never."""
    below = np.flatnonzero(curve < 0.5)
    if not len(below):
        return float(len(curve))
    i = int(below[0])
    return float(i - 1 + (curve[i - 1] - 0.5) / (curve[i - 1] - curve[i]))


def mtf50_cy_per_px(kernels: Kernels, direction: Floats) -> Floats:
    """Frequency [...] in cycles/px at which the MTF along a direction falls to one half; 0.5 if it
    does not.

    Parameters
    ----------
    kernels : ndarray [..., k, k]
    direction : ndarray [..., 2]
        (y, x) of the wave vector; need not be normalised.
    """
    frequencies = np.arange(0, 0.5, _STEP)
    modulus = mtf_cy_per_px(kernels, direction, frequencies)
    out = np.array(
        [half_crossing(curve) * _STEP for curve in modulus.reshape(-1, len(frequencies))]
    )
    return out.reshape(kernels.shape[:-2])


def mtf_cy_per_px(kernels: Kernels, direction: Floats, frequencies: Floats) -> Floats:
    """Modulation transfer [..., f], 1 at frequency 0, along a direction.

    Parameters
    ----------
    kernels : ndarray [..., k, k]
    direction : ndarray [..., 2]
        (y, x) of the wave vector; need not be normalised.
    frequencies : ndarray [f]
        Cycles/px.
    """
    lead = kernels.shape[:-2]
    flat = kernels.reshape(-1, *kernels.shape[-2:]).astype(np.float64)
    towards = np.broadcast_to(direction, (*lead, 2)).reshape(-1, 2)
    unit = towards / np.linalg.norm(towards, axis=-1, keepdims=True)
    axis = np.arange(kernels.shape[-1]) - (kernels.shape[-1] - 1) / 2
    out = np.empty((len(flat), len(frequencies)))
    for i, (kernel, (uy, ux)) in enumerate(zip(flat, unit, strict=True)):
        wave_y = np.exp(-2j * np.pi * frequencies[:, None] * uy * axis)
        wave_x = np.exp(-2j * np.pi * frequencies[:, None] * ux * axis)
        out[i] = np.abs(((wave_y @ kernel) * wave_x).sum(axis=-1)) / abs(kernel.sum())
    return out.reshape(*lead, len(frequencies))


def radial_directions(positions: Floats, aspect: float) -> tuple[Floats, Floats]:
    """Wave vectors (y, x) of sagittal and tangential detail at field positions.

    Parameters
    ----------
    positions : ndarray [..., 2]
        (y, x) in 0..1.
    aspect : float
        Width / height of the photo.

    Returns
    -------
    sagittal, tangential : ndarray [..., 2]
        Across and along the image's radius, which at the centre is taken to point right.
    """
    radius = (np.asarray(positions, np.float64) - 0.5) * np.array([1.0, aspect])
    radius[np.hypot(radius[..., 0], radius[..., 1]) < 1e-9] = (0.0, 1.0)
    return np.stack([-radius[..., 1], radius[..., 0]], axis=-1), radius


def mtf50_sagittal_tangential(
    kernels: Kernels, positions: Floats, aspect: float
) -> tuple[Floats, Floats]:
    """MTF50 in cycles/px for structures seen across and along the image's radius.

    Sagittal: detail that varies around the image centre (wave vector perpendicular to the radius);
    tangential: detail that varies along the radius. At the centre itself the radius is taken to
    point right.

    Parameters
    ----------
    kernels : ndarray [n, 3, k, k]
    positions : ndarray [n, 2]
        (y, x) in 0..1.
    aspect : float
        Width / height of the photo.

    Returns
    -------
    sagittal, tangential : ndarray [n, 3]
    """
    sagittal, tangential = radial_directions(positions, aspect)
    return mtf50_cy_per_px(kernels, sagittal[:, None]), mtf50_cy_per_px(
        kernels, tangential[:, None]
    )


def _per_kernel(kernels: Kernels, figure: _Figure) -> Floats:
    flat = kernels.reshape(-1, *kernels.shape[-2:]).astype(np.float64)
    return np.array([figure(kernel) for kernel in flat]).reshape(kernels.shape[:-2])


def _fwhm(kernel: Floats) -> float:
    between = _interpolation(len(kernel))
    fine = between @ kernel @ between.T
    return float(np.sqrt((fine >= fine.max() / 2).sum() / _FINE**2 * 4 / np.pi))


@lru_cache(maxsize=8)
def _interpolation(size: int) -> Floats:
    """Matrix [_FINE * (size - 1) + 1, size] of trigonometric interpolation with a period of _FFT
    px."""
    # The Dirichlet kernel of an even number of samples.
    at = np.arange(_FINE * (size - 1) + 1)[:, None] / _FINE - np.arange(size)
    angle = np.pi * at / _FFT
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = np.sin((_FFT - 1) * angle) / (_FFT * np.sin(angle))
    # Its limit where both sines vanish.
    weight[at == 0] = (_FFT - 1) / _FFT
    return np.asarray(weight)


def _ee80(kernel: Floats) -> float:
    at = centroid_px(kernel)
    axis = np.arange(kernel.shape[-1]) - (kernel.shape[-1] - 1) / 2
    radius = np.hypot(axis[:, None] - at[0], axis - at[1]).ravel()
    order = np.argsort(radius, kind="stable")
    energy = np.cumsum(kernel.ravel()[order]) / kernel.sum()
    i = int(np.argmax(energy >= _ENERGY))
    if i == 0:
        return float(radius[order[0]])
    low, high = energy[i - 1], energy[i]
    r0, r1 = radius[order[i - 1]], radius[order[i]]
    return float(r0 + (_ENERGY - low) / (high - low) * (r1 - r0))
