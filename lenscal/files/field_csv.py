"""What plots show, as tables."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lenscal.files.atomic import written_whole
from lenscal.files.psf_files import pixel_positions
from lenscal.optics.psf_grid import PsfGrid


def write_map(path: Path, grid: PsfGrid, columns: Sequence[tuple[str, np.ndarray]]) -> Path:
    """One line a node: row, col, y_px, x_px (0-based sensor pixels) and named columns [rows, cols].

    Raises
    ------
    LenscalError
        It cannot be written.
    """
    places = pixel_positions(grid)
    lines = [
        [row, col, *(f"{p:.2f}" for p in places[row, col]), *(f"{values[row, col]:.5f}" for _, values in columns)]
        for row, col in np.ndindex(*grid.shape)
    ]
    return _write(path, ["row", "col", "y_px", "x_px", *(name for name, _ in columns)], lines)


def write_columns(path: Path, columns: Sequence[tuple[str, np.ndarray]]) -> Path:
    """Named columns of equal length, e.g. a frequency and the curves over it; see `write_map`."""
    lines = [[f"{value:.7g}" for value in line] for line in zip(*(values for _, values in columns), strict=True)]
    return _write(path, [name for name, _ in columns], lines)


def _write(path: Path, heads: Sequence[str], lines: Sequence[Sequence[object]]) -> Path:
    with written_whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(heads)
        writer.writerows(lines)
    return path
