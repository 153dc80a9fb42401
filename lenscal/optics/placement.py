"""Kernels for a part of the field, and for larger pixels: photos that show a crop of the sensor, or
sums of its pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lenscal.optics.nodes import grid_positions
from lenscal.optics.psf_grid import PsfGrid, axis_positions

Floats = NDArray[np.float64]

_LOBES = 3
"""Of the windowed sinc that resamples kernels."""
_LEAST_KERNEL_PX = 3


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a photo lies in the area that a grid is for.

    Attributes
    ----------
    origin : (y, x)
        The centre of the photo's first pixel, in px of the grid's area.
    pitch : float
        Distance of the photo's pixels in those of the grid: 2 where 2 x 2 were summed.
    """

    origin: tuple[float, float]
    pitch: float = 1.0


def centred(size: tuple[int, int], area: tuple[int, int], pitch: float = 1.0) -> Placement:
    """A photo of (height, width) px whose middle is the middle of the area."""
    y, x = (
        (whole - 1) / 2 - pitch * (part - 1) / 2 for part, whole in zip(size, area, strict=True)
    )
    return Placement((y, x), pitch)


def placed(psf: PsfGrid, size: tuple[int, int], placement: Placement) -> PsfGrid:
    """The grid of a photo of (height, width) px that lies somewhere in the grid's area.

    As many nodes as before, so that they lie closer together; beyond the area, the nearest kernels
    are taken. Kernels keep their size in the image plane.
    """
    rows, cols = psf.shape
    y, x = (
        (origin + placement.pitch * axis_positions(n) * (length - 1)) / max(whole - 1, 1)
        for origin, n, length, whole in zip(
            placement.origin, (rows, cols), size, psf.image_size, strict=True
        )
    )
    positions = grid_positions(y, x)
    kernels = psf.at(positions)
    if placement.pitch != 1:
        kernels = with_pixels_of(kernels, placement.pitch)
    confidence = psf.confidence_at(positions)
    return replace(
        psf,
        kernels=kernels,
        image_size=size,
        confidence=None if confidence is None else confidence.astype(np.float32),
    )


def with_pixels_of(kernels: NDArray[np.float32], pitch: float) -> NDArray[np.float32]:
    """Kernels [..., k, k] in pixels that are `pitch` times as large.

    Both photos of a relative kernel have gone through the same pixels: the kernel's spectrum stays
    what it was, and loses only what the larger pixels cannot show. So it is resampled by a sinc
    (with Lanczos's window), not averaged over the pixels, which would blur a second time
    (docs/experiments/other-sizes.md).
    """
    k = kernels.shape[-1]
    # Odd, and no smaller than what held the kernel.
    reach = int(np.ceil((k // 2) / pitch))
    size = max(2 * reach + 1, _LEAST_KERNEL_PX)
    at = (np.arange(size) - size // 2) * pitch
    distance = (at[:, None] - (np.arange(k) - k // 2)) / max(pitch, 1.0)
    weight = np.where(
        np.abs(distance) < _LOBES, np.sinc(distance) * np.sinc(distance / _LOBES), 0.0
    )
    resampled = np.einsum("ai,...ij,bj->...ab", weight, kernels, weight, optimize=True)
    # Lobes below 0 stay: without them a narrow kernel would be a tenth too wide.
    return np.asarray(resampled / resampled.sum(axis=(-2, -1), keepdims=True), np.float32)
