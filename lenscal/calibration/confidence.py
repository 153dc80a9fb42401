"""How sure each kernel is: what two halves of the photos disagree on, and what every fit of this
kind gets wrong.

Two halves are one draw: what they disagree on at a node says little of that node. What all nodes
disagree on says more, spread over the field by how uncertain a smooth fit is from place to place
(its leverage, Hoaglin & Welsch 1978, doi:10.2307/2683469): towards the edge kernels have neighbours
on one side only, in a corner on a quarter.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lenscal.calibration.field.geometry import cell_positions, node_positions
from lenscal.calibration.field.polynomials import polynomials
from lenscal.calibration.statistics.kernel_field import TAP_FIELD_DEGREE
from lenscal.calibration.statistics.windowed import MOST_CELLS
from lenscal.optics.expected_error import confidence_of

Kernels = NDArray[np.floating]
"""[rows, cols, 3, k, k]."""

OWN_SHARE = 0.1
"""How much of a node's disagreement is taken from itself, the rest from all nodes."""
UNRELATED_SHARE = 0.5
"""Of what halves of unrelated photos disagree on: fits to half of few photos err by more than the
root of their number says. With all of it 0.404 were expected where 0.176 was true (one run,
docs/experiments/confidence.md, 2026-11-30)."""
FEW_PHOTOS_CONFIDENCE = 0.5
"""Times the confidence that halves give where they say less than they seem to; where there are
none, as much."""
LEAN_SHARE = 0.16
CHANGE_SHARE = 0.1
"""Errors that both halves share: the prior draws kernels towards symmetry and towards the field's
mean, by about these shares. Found on the benchmark's lenses (not the kept-out ones), see
docs/experiments/."""


def leverage(shape: tuple[int, int]) -> NDArray[np.float64]:
    """Variance [rows, cols] at a grid's nodes, relative to their mean, of polynomials fitted to
    cells that are equally uncertain all over the field."""
    middles = cell_positions((MOST_CELLS, MOST_CELLS))
    at_cells = polynomials(middles, TAP_FIELD_DEGREE)
    # Kernels are not followed beyond the outermost cells' middles.
    nodes = polynomials(
        node_positions(shape).clip(middles.min(0), middles.max(0)), TAP_FIELD_DEGREE
    )
    variance = (nodes @ np.linalg.inv(at_cells.T @ at_cells) * nodes).sum(1)
    return np.asarray(variance / variance.mean()).reshape(shape)


def expected_error(
    kernels: Kernels, halves: tuple[Kernels, Kernels], share: float = 1.0
) -> NDArray[np.floating]:
    """Expected relative L2 error [rows, cols, 3] of kernels [rows, cols, 3, k, k].

    halves : two fits on disjoint halves of the photos, of the same shape
    share : of what halves disagree on that counts
    """

    # Relative errors: a sharp kernel has more energy to be wrong about.
    norm = np.maximum(_size(kernels), 1e-9)
    # The mean of two halves errs by half of what they differ by.
    by_node = (share * _size(halves[0] - halves[1]) / 2 / norm) ** 2
    # One draw of two halves says little of one node, all nodes together much of the fit.
    disagreement = OWN_SHARE * by_node + (1 - OWN_SHARE) * by_node.mean(axis=(0, 1))
    # Halves share the prior, so they agree on what it does wrong.
    lean = _size(kernels - kernels[..., ::-1, ::-1]) / norm
    change = _size(kernels - kernels.mean(axis=(0, 1))) / norm
    expected = disagreement + (LEAN_SHARE * lean) ** 2 + (CHANGE_SHARE * change) ** 2
    rows, cols = kernels.shape[:2]
    return np.asarray(np.sqrt(leverage((rows, cols))[..., None] * expected))


def _size(kernels: Kernels) -> NDArray[np.floating]:
    """L2 norm of each kernel."""
    return np.asarray(np.linalg.norm(kernels, axis=(-2, -1)))


def confidence(
    kernels: Kernels, halves: tuple[Kernels, Kernels], share: float = 1.0
) -> NDArray[np.float32]:
    """[rows, cols, 3] float32 in 0..1; 1: no error expected. share : as of `expected_error`"""
    return confidence_of(expected_error(kernels, halves, share))


def confidence_of_few(
    measured: NDArray[np.float32] | None,
    grid: tuple[int, int],
    n_photos: int,
    *,
    weak: bool,
) -> NDArray[np.float32] | None:
    """Confidence [rows, cols, 3], 0..1, no higher than the photos allow.

    Parameters
    ----------
    measured : ndarray [rows, cols, 3] or None
        What halves of the photos give; None without halves.
    n_photos : int
        Of the folder that has fewer.
    weak : bool
        Whether that halves agree says little: they are parts of the same photos, which share their
        scenes' faults, or simpler kernels have taken the place of what they gave.
    """
    if measured is not None:
        return measured * np.float32(FEW_PHOTOS_CONFIDENCE) if weak else measured
    # A single photo has no halves: nothing told that it is right.
    if n_photos == 1:
        return np.full((*grid, 3), FEW_PHOTOS_CONFIDENCE, np.float32)
    return None
