"""A lens as rays, as profiles hold it: what kernels at other apertures are predicted from."""

from __future__ import annotations

import math
from dataclasses import dataclass

LAYOUT = 1
"""Which polynomials the coefficients are of: others are fitted anew."""
_MOST_COEFFICIENTS = 4096


@dataclass(frozen=True, slots=True)
class LensModel:
    """Ray errors over pupil and field (`lenscal.calibration.rays`), light through the pupil, and
    how well they explain the kernels that they were fitted to.

    Attributes
    ----------
    layout : int
        `LAYOUT` of the program that fitted them.
    coefficients : tuple of float
    f_number : float
        Whose pupil they are of: the widest aperture that was photographed.
    kernel_size : int
        px
    pitch_um : float or None
        Distance of the pixels, by which diffraction was known; None: it was left out.
    fitted_to : tuple of float
        f-numbers of the kernels.
    misfit : float
        Relative L2 distance of the model's kernels from these, mean over all of them, seen through
        a good lens.
    """

    layout: int
    coefficients: tuple[float, ...]
    f_number: float
    kernel_size: int
    pitch_um: float | None
    fitted_to: tuple[float, ...]
    misfit: float

    def __post_init__(self) -> None:
        numbers = (*self.coefficients, self.f_number, *self.fitted_to, self.misfit)
        if not all(math.isfinite(n) for n in numbers):
            raise ValueError("a number of the lens model is not finite")
        if len(self.coefficients) > _MOST_COEFFICIENTS or self.f_number <= 0 or self.misfit < 0:
            raise ValueError("the lens model is none of lenscal's")
        if not 1 <= self.kernel_size <= 255 or self.kernel_size % 2 == 0:
            raise ValueError(f"the lens model has kernels of {self.kernel_size} px")
        if self.pitch_um is not None and not 0 < self.pitch_um < math.inf:
            raise ValueError(f"the lens model has pixels of {self.pitch_um} um")
