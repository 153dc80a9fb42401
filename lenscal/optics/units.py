"""Pixels to micrometres, cycles per pixel to line pairs per millimetre."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


def micrometres(px: float, pitch_um: float) -> float:
    """A length on the sensor, of pixels that are `pitch_um` apart."""
    return px * pitch_um


def line_pairs_per_mm(cycles_per_px: float, pitch_um: float) -> float:
    """A spatial frequency on the sensor, of pixels that are `pitch_um` apart."""
    return cycles_per_px * 1000 / pitch_um


def cycles_per_px(line_pairs_per_mm: float, pitch_um: float) -> float:
    """A spatial frequency in pixels that are `pitch_um` apart."""
    return line_pairs_per_mm * pitch_um / 1000


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
