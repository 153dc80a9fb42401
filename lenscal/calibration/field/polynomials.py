"""Smooth functions over the field: Legendre polynomials, and differences that measure roughness."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lenscal.calibration.field.geometry import Positions, node_positions


def degrees(most: int) -> list[tuple[int, int]]:
    """Degrees (y, x) of polynomials up to a total degree, in the order of `polynomials`."""
    return [(i, j) for i in range(most + 1) for j in range(most + 1 - i)]


def polynomials(positions: Positions, degree: int) -> NDArray[np.float64]:
    """[n, terms]: products of Legendre polynomials in y and x at field positions [n, 2], of total
    degree at most `degree`."""
    # Legendre's: nearly independent over the field, so each coefficient has its own size.
    py, px = (np.polynomial.legendre.legvander(2 * axis - 1, degree) for axis in positions.T)
    return np.stack([py[:, i] * px[:, j] for i, j in degrees(degree)], axis=-1)


def field_polynomials(shape: tuple[int, int], degree: int) -> NDArray[np.float64]:
    """[rows * cols, terms]: `polynomials` at the nodes of a grid."""
    return polynomials(node_positions(shape), degree)


def second_differences(shape: tuple[int, int]) -> NDArray[np.float64]:
    """[m, rows * cols]: second differences along rows and columns of nodes; a field that is linear
    has none."""
    rows, cols = shape
    number = np.arange(rows * cols).reshape(shape)
    # Along rows and columns only: a twisted field is as smooth as a flat one.
    triples = (
        [number[:-2], number[1:-1], number[2:]],
        [number[:, :-2], number[:, 1:-1], number[:, 2:]],
    )
    lines = []
    for a, b, c in triples:
        for i, j, k in zip(a.ravel(), b.ravel(), c.ravel(), strict=True):
            line = np.zeros(rows * cols)
            line[[i, j, k]] = 1, -2, 1
            lines.append(line)
    return np.array(lines).reshape(-1, rows * cols)
