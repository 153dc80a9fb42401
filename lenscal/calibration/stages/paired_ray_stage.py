"""Stage R of pairs: rays fitted to the normal equations of stage P, and their mean with what P
found."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from torch import Tensor

from lenscal.calibration.field.geometry import cell_positions, node_positions
from lenscal.calibration.rays.ray_fit import fit_rays_to_pairs, rays_like
from lenscal.calibration.stages.estimate import Estimate
from lenscal.calibration.stages.journal import Journal
from lenscal.calibration.stages.paired_stage import PairedFit, at_cells
from lenscal.calibration.stages.photos import Photos
from lenscal.calibration.stages.ray_stage import photos_ray_field
from lenscal.calibration.stages.stage import Span, StageName
from lenscal.stepping import Job
from lenscal.translation import translatable

PAIRED_RAY_SHARE = 0.5
"""Of the rays' kernels in the mean with P's: those are too weak or too strong at high frequencies,
rays lack what their few numbers cannot do (docs/experiments/)."""
ROUNDS = 10


@dataclass(frozen=True, slots=True)
class PairedRayStage:
    """Stage R after P."""

    span: Span

    @property
    def names(self) -> tuple[StageName, ...]:
        return (StageName.RAYS,)

    def take(self, photos: Photos, handed: PairedFit, journal: Journal) -> Job[Estimate]:
        """Kernels become the mean of P's and the rays'."""
        began, estimate, taps = time.monotonic(), handed.estimate, handed.kernels
        layout = estimate.layout
        # In P's frame, which has been made as large as its kernels need.
        field = photos_ray_field(photos, layout.kernel_size, layout.device)
        cells = cell_positions(layout.cells)
        # Polynomials run away beyond the middles of the outermost cells: there they are not
        # followed.
        nodes = node_positions(layout.grid).clip(cells.min(0), cells.max(0))
        message = translatable("Looking for a lens model that explains the kernels")
        start: Tensor = yield from journal.tell_each(
            rays_like(field, nodes, taps), StageName.RAYS, message, self.span.low, estimate
        )
        fit = fit_rays_to_pairs(
            field,
            (cells, nodes),
            handed.equations.gram.sum(0),
            handed.equations.cross.sum(0),
            at_cells(handed.weights, taps),
            handed.prior.centroids,
            rounds=ROUNDS,
            start=start,
        )
        theta = start
        for number, iterate in enumerate(fit):
            theta = iterate
            message = translatable(
                "Solving for the kernels, pass {number} of {passes}",
                number=number + 1,
                passes=ROUNDS,
            )
            fraction = self.span.at(number / ROUNDS)
            yield from journal.tell(StageName.RAYS, message, fraction, estimate, number)
        rays = field.kernels(theta, field.basis(nodes))
        # The two err in different ways: their mean is better than either.
        kernels = PAIRED_RAY_SHARE * rays + (1 - PAIRED_RAY_SHARE) * taps
        estimate = replace(estimate, kernels=kernels)
        journal.note_stage(StageName.RAYS, began, estimate)
        return estimate
