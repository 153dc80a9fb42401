"""Kernels that sum to 1 need not be a lens's."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lenscal.optics.plausibility import impossibilities, irregularities
from lenscal.optics.psf_grid import PsfGrid, delta_grid

SIZE = (400, 600)


def comatic(shape: tuple[int, int] = (8, 8), size: int = 13) -> PsfGrid:
    """A lens whose coma and lateral colour grow towards the corners."""
    tap = np.arange(size) - size // 2
    y, x = np.meshgrid(tap, tap, indexing="ij")
    kernels = np.zeros((*shape, 3, size, size), np.float32)
    for row, col in np.ndindex(shape):
        v, u = (2 * i / (n - 1) - 1 for i, n in zip((row, col), shape, strict=True))
        sigma = 0.7 + 0.9 * np.hypot(v, u)
        for c, colour in enumerate((0.8, 0.0, -0.8)):
            kernel = np.exp(-((y - colour * v) ** 2 + (x - colour * u) ** 2) / (2 * sigma**2))
            kernels[row, col, c] = kernel / kernel.sum()
    return PsfGrid(kernels, SIZE)


def test_a_lens_is_believed() -> None:
    for grid in (comatic(), comatic((2, 2)), delta_grid((8, 8), 13, SIZE)):
        assert not list(impossibilities(grid))
        assert not list(irregularities(grid))


def test_huge_values_of_both_signs_are_no_lens() -> None:
    grid = comatic()
    kernels = grid.kernels.copy()
    kernels[3, 4, 1] = 0
    kernels[3, 4, 1, 6, 6:8] = 1000, -999
    (reason,) = impossibilities(replace(grid, kernels=kernels))
    assert "far above and below zero" in reason


def test_light_far_from_the_middle_is_no_lens() -> None:
    grid = comatic()
    corner = np.zeros_like(grid.kernels)
    corner[..., 0, 0] = 1
    (reason,) = impossibilities(replace(grid, kernels=corner))
    assert "8.5 px from their middle" in reason


@pytest.mark.parametrize("node", [(0, 0), (3, 4), (7, 7)])
def test_a_node_that_jumps_is_named(node: tuple[int, int]) -> None:
    grid = comatic()
    kernels = grid.kernels.copy()
    # All the light at another place than the neighbours have it.
    kernels[node] = 0
    kernels[(*node, slice(None), 6, 2)] = 1
    (doubt,) = irregularities(replace(grid, kernels=kernels))
    assert f"row {node[0] + 1}, column {node[1] + 1})" in doubt
