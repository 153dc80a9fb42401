"""Lateral colour of both folders (L): of the sharp photos, since paired kernels cannot see it, and
of the degraded ones, since kernels get it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lenscal.calibration.field.geometry import values_at_cells
from lenscal.calibration.stages.estimate import Estimate
from lenscal.calibration.stages.journal import Journal
from lenscal.calibration.stages.photos import Photos
from lenscal.calibration.stages.stage import Span, StageName
from lenscal.calibration.statistics.lateral_colour import (
    COLOUR_GRID,
    colour_band,
    cross_spectra,
    lateral_shifts,
)
from lenscal.optics.psf_grid import Reference
from lenscal.raw.frame import Frame
from lenscal.stepping import Job
from lenscal.translation import translatable

LOW_FREQUENCY = 0.12
"""cycles/px: below, the phase between channels grows in line with the frequency, coma or not: it is
that of their centroids."""


@dataclass(frozen=True, slots=True)
class LateralColourStage:
    """Measures where red and blue stand against green."""

    span: Span

    @property
    def names(self) -> tuple[StageName, ...]:
        return (StageName.LATERAL_COLOUR,)

    def run(self, photos: Photos, estimate: Estimate, journal: Journal) -> Job[Estimate]:
        cells = estimate.layout.cells
        sharp_sums = yield from self._sums(photos.sharp, "sharp", estimate, journal)
        degraded_sums = yield from self._sums(photos.degraded, "degraded", estimate, journal)
        shots = photos.sharp[0], photos.degraded[0]
        # The same band for both: what the sharp photos show there is not the aperture's.
        band = min(colour_band(shot, LOW_FREQUENCY) for shot in shots)
        colour, low = (
            lateral_shifts(sums, cells, COLOUR_GRID, highest=band)
            for sums in (degraded_sums, sharp_sums)
        )
        if photos.reference is not Reference.AXIS:
            return replace(estimate, colour=colour - low)
        # The reference is the axis: what the sharp photos have there is no fault of theirs.
        band = colour_band(photos.sharp[0])
        sharp = lateral_shifts(sharp_sums, cells, COLOUR_GRID, highest=band)
        sharp_colour = _against_the_centre(sharp)
        # P compares by cells, and sees what the sharp photos show only after this is taken out.
        lateral = values_at_cells(sharp_colour, cells, COLOUR_GRID)
        return replace(
            estimate,
            registration=replace(estimate.registration, lateral=lateral),
            colour=colour - (low - _against_the_centre(low)),
            sharp_colour=sharp_colour,
        )

    def _sums(
        self, shots: Sequence[Frame], what: str, estimate: Estimate, journal: Journal
    ) -> Job[NDArray[np.complex128]]:
        """`cross_spectra` of all photos."""
        sums = np.zeros(0, np.complex128)
        for number, growing in enumerate(cross_spectra(shots, estimate.layout.cells)):
            sums = growing
            message = translatable(
                "Lateral colour of the {what} photos, {number} of {shots}",
                what=what,
                number=number + 1,
                shots=len(shots),
            )
            stage = StageName.LATERAL_COLOUR
            yield from journal.tell(stage, message, self.span.low, estimate, number)
        return sums


def _against_the_centre(shifts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lateral colour on `COLOUR_GRID` relative to that of the middle of the field."""
    centre: NDArray[np.float64] = shifts[len(shifts) // 2]
    return np.asarray(shifts - centre)
