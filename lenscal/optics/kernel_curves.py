"""Curves of one kernel: cuts through its peak, its energy within a radius, lines of equal light."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lenscal.optics.mtf import centroid_px

Floats = NDArray[np.float64]
Kernel = NDArray[np.floating]

CONTOUR_LEVELS = (0.5, 0.2, 0.05)
"""Shares of the peak."""
_FINE = 8
"""Between pixels, for contours: steps are finer than a screen's pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Profiles:
    """Cuts through a kernel's brightest pixel.

    Attributes
    ----------
    distance_px : float64 ndarray [k]
        From the kernel's middle, to the right or down.
    right, down : float64 ndarray [k]
        Light along the row and the column of the brightest pixel, 1 there.
    """

    distance_px: Floats
    right: Floats
    down: Floats


def profiles(kernel: Kernel) -> Profiles:
    """Cuts through a kernel [k, k] along its row and its column."""
    values = kernel.astype(np.float64)
    row, col = np.unravel_index(int(values.argmax()), values.shape)
    peak = max(float(values[row, col]), 1e-12)
    distance = np.arange(len(values), dtype=np.float64) - (len(values) - 1) / 2
    return Profiles(distance, values[row] / peak, values[:, col] / peak)


def encircled_energy(kernel: Kernel, radii_px: Floats) -> Floats:
    """Share of a kernel's light [r] within radii [r] in px about its centroid.

    Of pixels whose centres lie within, linear in between: as `ee80_radius_px` has it.
    """
    values = kernel.astype(np.float64)
    at = centroid_px(values)
    axis = np.arange(values.shape[-1]) - (values.shape[-1] - 1) / 2
    radius = np.hypot(axis[:, None] - at[0], axis - at[1]).ravel()
    order = np.argsort(radius, kind="stable")
    energy = np.cumsum(values.ravel()[order]) / values.sum()
    return np.asarray(np.interp(radii_px, radius[order], energy, left=0.0))


def contours(kernel: Kernel, level: float) -> list[Floats]:
    """Lines [n, 2] as (x, y) in px of the picture (a pixel's middle lies at a half) along which a
    kernel [k, k] has a share of its peak's light."""
    import cv2

    size = kernel.shape[-1] * _FINE
    fine = cv2.resize(
        np.ascontiguousarray(kernel, np.float32), (size, size), interpolation=cv2.INTER_CUBIC
    )
    above = (fine >= level * float(fine.max())).astype(np.uint8)
    found, _ = cv2.findContours(above, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    return [(line[:, 0].astype(np.float64) + 0.5) / _FINE for line in found if len(line) > 2]
