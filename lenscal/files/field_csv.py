"""What plots show, as tables."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lenscal.files.psf.node_grid import pixel_positions
from lenscal.optics.psf_grid import PsfGrid
from lenscal.system.atomic import written_whole

Columns = Sequence[tuple[str, NDArray[np.generic]]]
Table = tuple[list[str], list[list[str]]]
"""Heads, and lines of as many cells."""


def write_table(path: Path, table: Table) -> Path:
    """As CSV, with commas and points whatever the system's language.

    Raises
    ------
    LenscalError
        It cannot be written.
    """
    return _write(path, *table)


def map_table(grid: PsfGrid, columns: Columns) -> Table:
    """One line a node: row, col, y_px, x_px (0-based sensor pixels) and named columns [rows,
    cols]."""
    # Sensor pixels, which other programs understand, rather than field positions.
    places = pixel_positions(grid)
    lines = [
        [
            str(row),
            str(col),
            *(f"{p:.2f}" for p in places[row, col]),
            # Five decimals tell apart what a calibration can tell apart, and stay readable.
            *(f"{values[row, col]:.5f}" for _, values in columns),
        ]
        for row, col in np.ndindex(*grid.shape)
    ]
    return ["row", "col", "y_px", "x_px", *(name for name, _ in columns)], lines


def column_table(columns: Columns) -> Table:
    """Named columns of equal length, e.g. a frequency and the curves over it."""
    lines = [
        [f"{value:.7g}" for value in line]
        for line in zip(*(values for _, values in columns), strict=True)
    ]
    return [name for name, _ in columns], lines


def write_points(path: Path, curves: Mapping[str, Sequence[tuple[float, float]]]) -> Path:
    """Curves that have their own steps, one line a point: curve, x, y; see `write_table`."""
    lines = [[name, f"{x:.7g}", f"{y:.7g}"] for name, points in curves.items() for x, y in points]
    return _write(path, ["curve", "x", "y"], lines)


def write_kernels(path: Path, kernels: NDArray[np.generic]) -> Path:
    """Kernels [rows, cols, 3, k, k], one line a pixel: row, col, dy_px, dx_px from its middle, R,
    G, B."""
    # Kernels are odd: their origin is the middle pixel.
    radius = kernels.shape[-1] // 2
    lines = [
        [
            row,
            col,
            y - radius,
            x - radius,
            *(f"{value:.7g}" for value in kernels[row, col, :, y, x]),
        ]
        for row, col in np.ndindex(*kernels.shape[:2])
        for y, x in np.ndindex(*kernels.shape[-2:])
    ]
    return _write(path, ["row", "col", "dy_px", "dx_px", "R", "G", "B"], lines)


def _write(path: Path, heads: Sequence[str], lines: Sequence[Sequence[object]]) -> Path:
    with (
        written_whole(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as stream,
    ):
        # Commas and points, whatever the system's language: scripts read these files.
        writer = csv.writer(stream)
        writer.writerow(heads)
        writer.writerows(lines)
    return path
