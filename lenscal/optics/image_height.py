"""Contrast against image height: the chart that lens makers print."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.optics.mtf import radial_directions
from lenscal.optics.psf_grid import PsfGrid
from lenscal.optics.units import cycles_per_px

Floats = NDArray[np.float64]

COARSE_LP_MM, FINE_LP_MM = 10.0, 30.0
"""Line pairs per mm: contrast and fine detail, as lens makers print them."""
COARSE_CY_PX, FINE_CY_PX = 0.05, 0.15
"""Cycles/px where nobody knows the pixels' size: about the same for pixels of 5 um."""
N_HEIGHTS = 33
"""From the middle to the corner."""
MOST_DIRECTIONS = 24
"""On a circle around the middle: more change the mean by less than a line's width."""
_FINE_ANGLES = 240
_AT_ONCE = 64
"""Kernels that are transformed together: memory stays small for the largest grids."""


@dataclass(frozen=True, slots=True, eq=False)
class HeightCurves:
    """Contrast along the image's radius.

    Attributes
    ----------
    height_px : float64 ndarray [h]
        Distance from the photo's middle, px, up to its corner.
    frequencies : float64 ndarray [f]
        Cycles/px.
    sagittal, tangential : float64 ndarray [3, f, h]
        Modulation transfer of R, G and B, the mean over all directions from the middle.
    """

    height_px: Floats
    frequencies: Floats
    sagittal: Floats
    tangential: Floats


def chart_frequencies(pitch_um: float | None) -> Floats:
    """The coarse and the fine frequency [2] of the chart in cycles/px."""
    if pitch_um is None:
        return np.array([COARSE_CY_PX, FINE_CY_PX])
    wanted = [cycles_per_px(lp, pitch_um) for lp in (COARSE_LP_MM, FINE_LP_MM)]
    return np.array(wanted)


def mtf_over_height(psf: PsfGrid, frequencies: Floats) -> HeightCurves:
    """Contrast of a grid at frequencies [f] in cycles/px, from the middle to the corner.

    Kernels between nodes are interpolated as corrections take them. Of a decentred lens the mean
    over the directions is what a maker's chart would show; which side is softer it cannot tell.
    """
    height, width = psf.image_size
    half = np.array([height - 1, width - 1]) / 2
    heights = np.linspace(0, float(np.hypot(*half)), N_HEIGHTS)
    sagittal = np.empty((3, len(frequencies), N_HEIGHTS))
    tangential = np.empty_like(sagittal)
    for n, radius in enumerate(heights):
        directions = _directions_inside(radius, half)
        at = 0.5 + radius * directions / np.maximum(2 * half, 1)
        across, along = _directions(at, directions, width / height)
        kernels = psf.at(at)
        sagittal[..., n] = _mtf(kernels, across, frequencies).mean(axis=0)
        tangential[..., n] = _mtf(kernels, along, frequencies).mean(axis=0)
    return HeightCurves(heights, frequencies, sagittal, tangential)


def _directions(at: Floats, directions: Floats, aspect: float) -> tuple[Floats, Floats]:
    """Wave vectors [n, 2] across and along the radius."""
    # In the very middle there is no radius: the mean over all directions belongs there.
    if np.allclose(at, 0.5):
        return np.stack([-directions[:, 1], directions[:, 0]], axis=-1), directions
    return radial_directions(at, aspect)


def _directions_inside(radius: float, half: Floats) -> Floats:
    """Unit vectors [n, 2] (y, x) whose points at a radius lie within the photo."""
    fine = np.arange(_FINE_ANGLES) * 2 * np.pi / _FINE_ANGLES
    vectors = np.stack([np.sin(fine), np.cos(fine)], axis=-1)
    inside = vectors[(radius * np.abs(vectors) <= half).all(axis=-1)]
    if len(inside):
        return np.asarray(inside[:: max(1, len(inside) // MOST_DIRECTIONS)])
    # The corners themselves, which none of the others reaches.
    signs = np.array([(1, 1), (1, -1), (-1, 1), (-1, -1)])
    return np.asarray(signs * half / np.hypot(*half))


def _mtf(kernels: NDArray[np.float32], directions: Floats, frequencies: Floats) -> Floats:
    """Modulation transfer [n, 3, f] of kernels [n, 3, k, k], each along its own direction."""
    axis = np.arange(kernels.shape[-1]) - (kernels.shape[-1] - 1) / 2
    unit = directions / np.linalg.norm(directions, axis=-1, keepdims=True)
    parts = []
    for first in range(0, len(kernels), _AT_ONCE):
        some = kernels[first : first + _AT_ONCE].astype(np.float64)
        phase = -2j * np.pi * frequencies[:, None] * axis
        towards = unit[first : first + _AT_ONCE, :, None, None]
        wave_y, wave_x = np.exp(phase * towards[:, 0]), np.exp(phase * towards[:, 1])
        rows = wave_y[:, None] @ some
        transfer = np.abs((rows * wave_x[:, None]).sum(axis=-1))
        parts.append(transfer / np.abs(some.sum(axis=(-1, -2)))[..., None])
    return np.concatenate(parts)
