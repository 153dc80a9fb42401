"""What is inspected: kernel grids with their figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.optics.field import FieldFigures, field_figures
from lenscal.optics.psf_grid import PsfGrid

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class NamedGrid:
    """A grid to look at, its name and its figures."""

    psf: PsfGrid
    name: str
    figures: FieldFigures

    @classmethod
    def of(cls, psf: PsfGrid, name: str) -> NamedGrid:
        """Compute the figures, which takes a moment."""
        return cls(psf, name, field_figures(psf))

    def height_px(self, row: int, col: int) -> float:
        """Distance of a node from the photo's middle, px."""
        y, x = (self.psf.positions[row, col] - 0.5) * (np.array(self.psf.image_size) - 1)
        return float(np.hypot(y, x))

    def nearest(self, y: float, x: float) -> tuple[int, int]:
        """The node (row, col) nearest to a field position 0..1."""
        rows, cols = self.psf.shape
        # Nodes lie on a regular grid from border to border.
        return round(y * (rows - 1)), round(x * (cols - 1))


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One node of a grid."""

    grid: NamedGrid
    row: int
    col: int

    @property
    def kernel(self) -> NDArray[np.float32]:
        """[3, k, k]."""
        kernel: NDArray[np.float32] = self.grid.psf.kernels[self.row, self.col]
        return kernel
