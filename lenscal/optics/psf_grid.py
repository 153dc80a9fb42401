"""The grid of point spread functions: the product of a calibration and the input of every
correction."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lenscal.errors import InputError
from lenscal.optics.nodes import AxisNodes, convolved, grid_positions
from lenscal.translation import translatable

_SUM_TOLERANCE = 1e-3
"""Covers half-precision files; a photo's brightness changes by no more."""


ONE_NODE = (1, 1)
"""Shape of a grid that is the same everywhere, in photos of any size."""


class Reference(StrEnum):
    """What the PSF is relative to: the degraded photo is the reference convolved with it."""

    AXIS = "sharp aperture, on axis"
    SAME_POSITION = "sharp aperture, same position"
    ABSOLUTE = "point source"


@dataclass(frozen=True, slots=True, eq=False)
class PsfGrid:
    """RGB kernels on a rectangular grid of field positions, bilinearly interpolated in between.

    Attributes
    ----------
    kernels : ndarray [rows, cols, 3, k, k], float32
        Each kernel sums to 1; k is odd; the kernel's origin is its central pixel. Row 0 is the top
        of the photo in sensor orientation. A kernel is applied by convolution (not correlation).
    image_size : (height, width)
        Size in px of the sensor's visible area. Node (r, c) lies at
        y = r / (rows - 1) * (height - 1), x = c / (cols - 1) * (width - 1), 0-based.
    reference : Reference
    confidence : ndarray [rows, cols, 3] float32 or None
        0 (a guess) to 1 (sure).
    """

    kernels: NDArray[np.float32]
    image_size: tuple[int, int]
    reference: Reference = Reference.AXIS
    confidence: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        k = self.kernels
        if k.ndim != 5 or k.shape[2] != 3 or k.shape[3] != k.shape[4] or k.shape[3] % 2 == 0:
            raise InputError(
                translatable(
                    "kernels must be [rows, cols, 3, k, k] with k odd, got {shape}", shape=k.shape
                )
            )
        if not np.isfinite(k).all():
            raise InputError(translatable("kernels hold values that are not finite"))
        if not np.allclose(k.sum(axis=(-1, -2)), 1, atol=_SUM_TOLERANCE):
            raise InputError(translatable("every kernel must sum to 1"))
        if self.confidence is not None and self.confidence.shape != k.shape[:3]:
            raise InputError(
                translatable(
                    "confidence must be {expected}, got {shape}",
                    expected=k.shape[:3],
                    shape=self.confidence.shape,
                )
            )

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, cols)."""
        return self.kernels.shape[0], self.kernels.shape[1]

    @property
    def kernel_size(self) -> int:
        """Side of the kernels, px."""
        return int(self.kernels.shape[-1])

    @property
    def positions(self) -> NDArray[np.float64]:
        """[rows, cols, 2]: field positions (y, x) in 0..1."""
        rows, cols = self.shape
        return grid_positions(axis_positions(rows), axis_positions(cols))

    def at(self, positions: ArrayLike) -> NDArray[np.float32]:
        """Kernels [..., 3, k, k] at field positions [..., 2] given as (y, x) in 0..1 (clamped)."""
        index, weight = bilinear_nodes(positions, self.shape)
        flat = self.kernels.reshape(-1, *self.kernels.shape[2:])
        weight_of_kind = weight.astype(flat.dtype)
        return np.asarray(np.einsum("...n,...nckl->...ckl", weight_of_kind, flat[index]))

    def mtf(
        self, frequencies: ArrayLike, positions: ArrayLike | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Modulation transfer across and along the image's radius.

        Parameters
        ----------
        frequencies : array [f]
            Cycles/px; 0.5 is the most that pixels hold.
        positions : array [..., 2] or None
            Field positions (y, x) in 0..1; None: the nodes, [rows, cols, 2].

        Returns
        -------
        sagittal, tangential : float64 ndarray [..., 3, f]
        """
        from lenscal.optics.mtf import mtf_cy_per_px, radial_directions

        at, kernels = self._at_or_nodes(positions)
        height, width = self.image_size
        wanted = np.atleast_1d(np.asarray(frequencies, np.float64))
        sagittal, tangential = (
            mtf_cy_per_px(kernels, towards[..., None, :], wanted)
            for towards in radial_directions(at, width / height)
        )
        return sagittal, tangential

    def mtf50(self, positions: ArrayLike | None = None) -> NDArray[np.float64]:
        """Frequency [..., 3] in cycles/px at which contrast falls to one half: the geometric mean
        of sagittal and tangential, as in reports; 0.5 where it does not. Positions as in `mtf`."""
        from lenscal.optics.mtf import mtf50_cy_per_px, radial_directions

        at, kernels = self._at_or_nodes(positions)
        height, width = self.image_size
        sagittal, tangential = (
            mtf50_cy_per_px(kernels, towards[..., None, :])
            for towards in radial_directions(at, width / height)
        )
        return np.asarray(np.sqrt(sagittal * tangential))

    def fwhm(self, positions: ArrayLike | None = None) -> NDArray[np.float64]:
        """Full width at half maximum [..., 3] in px, as `lenscal.optics.mtf.fwhm_px` defines it.
        Positions as in `mtf`."""
        from lenscal.optics.mtf import fwhm_px

        return fwhm_px(self._at_or_nodes(positions)[1])

    def apply(
        self, image: ArrayLike, *, origin: tuple[int, int] | None = None
    ) -> NDArray[np.float32]:
        """Blur a sharp photo as the lens does: the forward model.

        Parameters
        ----------
        image : array [H, W, 3]
            Linear light. Beyond its borders it goes on in its mirror image.
        origin : (y, x) or None
            Where the image's first pixel lies on the sensor, px; None: the image has the sensor's
            size (`image_size`).

        Returns
        -------
        float32 ndarray [H, W, 3]

        Raises
        ------
        InputError
            No image of three colours, or it does not lie within the sensor.
        """
        rgb = np.asarray(image, np.float32)
        if rgb.ndim != 3 or rgb.shape[2] != 3 or not rgb.size:
            raise InputError(
                translatable("an image must be [height, width, 3], got {shape}", shape=rgb.shape)
            )
        size, corner = rgb.shape[:2], origin or (0, 0)
        lies_within = all(
            first >= 0 and first + own <= whole
            for first, own, whole in zip(corner, size, self.image_size, strict=True)
        )
        if not lies_within or (origin is None and size != tuple(self.image_size)):
            raise InputError(
                translatable(
                    "an image of {size} px (height, width) at {origin} is not the grid's, which is "
                    "for {whole}: give the origin of a part, or a grid of the image's size",
                    size=size,
                    origin=corner,
                    whole=tuple(self.image_size),
                )
            )
        axes = []
        for first, own, whole, count in zip(corner, size, self.image_size, self.shape, strict=True):
            at = np.arange(first, first + own) / max(whole - 1, 1)
            before, share = axis_nodes(at, count)
            axes.append(AxisNodes(before, np.minimum(before + 1, count - 1), share))
        return convolved(rgb, self.kernels, *axes)

    def _at_or_nodes(
        self, positions: ArrayLike | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Positions [..., 2], and the kernels [..., 3, k, k] there."""
        if positions is None:
            return self.positions, self.kernels
        at = np.asarray(positions, np.float64)
        return at, self.at(at)

    def confidence_at(self, positions: NDArray[np.float64]) -> NDArray[np.float64] | None:
        """Confidence [..., 3] at field positions [..., 2], as `at`; None where the grid has
        none."""
        if self.confidence is None:
            return None
        index, weight = bilinear_nodes(positions, self.shape)
        confidence = self.confidence.reshape(-1, 3)[index]
        return np.asarray(np.einsum("...n,...nc->...c", weight, confidence))


def axis_positions(n: int) -> NDArray[np.float64]:
    """Node positions 0..1 along one axis of n nodes (a single node sits in the middle)."""
    return np.linspace(0.0, 1.0, n) if n > 1 else np.array([0.5])


def axis_nodes(
    position: NDArray[np.float64], n: int
) -> tuple[NDArray[np.int_], NDArray[np.float64]]:
    """The node before each position 0..1 along an axis of n nodes (of the last two at most), and
    how far the position is on its way to the next, 0..1."""
    at = position * (n - 1)
    first = np.clip(np.floor(at).astype(int), 0, max(n - 2, 0))
    return first, at - first


def bilinear_nodes(
    positions: ArrayLike, shape: tuple[int, int]
) -> tuple[NDArray[np.int_], NDArray[np.float64]]:
    """The four nodes around each position and their bilinear weights.

    Parameters
    ----------
    positions : ndarray [..., 2]
        (y, x) in 0..1; clamped to that range.
    shape : (rows, cols)

    Returns
    -------
    index : int ndarray [..., 4], row-major node numbers
    weight : float64 ndarray [..., 4], summing to 1
    """
    p = np.clip(np.asarray(positions, dtype=np.float64), 0, 1)
    rows, cols = shape
    (r0, fy), (c0, fx) = axis_nodes(p[..., 0], rows), axis_nodes(p[..., 1], cols)
    r1, c1 = np.minimum(r0 + 1, rows - 1), np.minimum(c0 + 1, cols - 1)
    index = np.stack([r0 * cols + c0, r0 * cols + c1, r1 * cols + c0, r1 * cols + c1], axis=-1)
    weight = np.stack([(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx], axis=-1)
    return index, weight


def delta_grid(shape: tuple[int, int], kernel_size: int, image_size: tuple[int, int]) -> PsfGrid:
    """A grid that leaves every photo as it is."""
    kernels = np.zeros((*shape, 3, kernel_size, kernel_size), np.float32)
    kernels[..., kernel_size // 2, kernel_size // 2] = 1
    return PsfGrid(kernels, image_size)
