"""What is inspected: kernel grids with their figures, and the units these are shown in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.optics.field import FieldFigures, field_figures
from lenscal.optics.psf_grid import PsfGrid
from lenscal.optics.units import line_pairs_per_mm, micrometres

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


@dataclass(frozen=True, slots=True)
class DisplayUnits:
    """Pixels as they are, or micrometres and line pairs per millimetre where the pitch is given."""

    pitch_um: float | None = None
    """Distance of the sensor's pixels; None: everything is shown in pixels."""

    @property
    def length(self) -> str:
        """The unit of lengths."""
        return "px" if self.pitch_um is None else "µm"

    @property
    def frequency(self) -> str:
        """The unit of frequencies."""
        return "cy/px" if self.pitch_um is None else "lp/mm"

    @property
    def height(self) -> str:
        """The unit of distances from the photo's middle."""
        return "px" if self.pitch_um is None else "mm"

    @property
    def frequency_pattern(self) -> str:
        """How a frequency is written: three digits that mean something."""
        return "{:.3f}" if self.pitch_um is None else "{:.1f}"

    def of_length(self, px: Floats) -> Floats:
        """Lengths of any shape in this unit."""
        return px if self.pitch_um is None else micrometres(1, self.pitch_um) * px

    def of_height(self, px: Floats) -> Floats:
        """Distances from the photo's middle, of any shape, in this unit."""
        return px if self.pitch_um is None else micrometres(1e-3, self.pitch_um) * px

    def of_frequency(self, cycles_per_px: Floats) -> Floats:
        """Frequencies of any shape in this unit."""
        if self.pitch_um is None:
            return cycles_per_px
        return line_pairs_per_mm(1, self.pitch_um) * cycles_per_px


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
