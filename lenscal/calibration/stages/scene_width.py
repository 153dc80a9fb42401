"""Where scenes differ, edges say how wide kernels are, and spectra what shape they have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

from torch import Tensor

from lenscal.calibration.field.kernels import stretched
from lenscal.calibration.proof.edge_width import EdgeWidth, FolderEdges, folder_edges
from lenscal.calibration.stages.estimate import Estimate
from lenscal.calibration.stages.journal import Journal
from lenscal.calibration.stages.layout import Layout
from lenscal.calibration.stages.photos import Photos
from lenscal.calibration.stages.stage import StageName
from lenscal.calibration.stages.statistics_sums import Places, SecondOrderSums, statistics_of
from lenscal.calibration.statistics.kernel_field import expecting, kernel_field
from lenscal.calibration.statistics.scene_detail import detail_for_width
from lenscal.calibration.statistics.spectral_fit import likeliest_mixture
from lenscal.optics.psf_grid import PsfGrid, Reference
from lenscal.stepping import Job
from lenscal.translation import Translatable, translatable

S = TypeVar("S", bound=SecondOrderSums)

LEAST_CHANGE = 0.01
"""Of the width: below, nothing is done."""


@dataclass(frozen=True, slots=True, eq=False)
class EdgeScale:
    """Gives the kernels that a stage found the width that edges show: a fit's prior draws them
    together or apart, by 5 to 20 % (docs/experiments/scene-statistics.md, 2026-11-30).

    size, reference : of the photos
    """

    edges: FolderEdges
    size: tuple[int, int]
    reference: Reference

    def applied(self, layout: Layout, kernels: Tensor) -> tuple[Tensor, float]:
        """Kernels [nodes, 3, n] of any size, and what their width was multiplied by."""
        size = round(kernels.shape[-1] ** 0.5)
        shape = *layout.grid, kernels.shape[1], size, size
        grid = kernels.reshape(shape).cpu().numpy()
        width = self.edges.width(PsfGrid(grid, self.size, self.reference))
        if width is None or abs(width.after_fit - 1) < LEAST_CHANGE:
            return kernels, 1.0
        return stretched(kernels, width.after_fit), width.after_fit


def with_scene_detail(
    sums: tuple[S, S],
    photos: Photos,
    places: Places,
    where: tuple[StageName, float],
    estimate: Estimate,
    journal: Journal,
) -> Job[tuple[S, S, EdgeScale | None]]:
    """Sums over all photos and over half of them, and by how much the scenes of one folder are
    finer than those of the other, so that both fits come to the width that edges show; and what
    measures this width, for what they find.

    where : the stage that reports are made under, and its fraction
    """
    # The same scenes are as fine; without a reference in the middle edges are no common measure.
    if estimate.same_scenes or photos.reference is not Reference.AXIS:
        return *sums, None
    name, fraction = where
    edges = yield from journal.tell_each(
        folder_edges(photos.sharp, photos.degraded),
        name,
        translatable("Measuring edges"),
        fraction,
        estimate,
    )
    assert edges is not None
    plain = kernel_field(estimate.layout.kernel_size, estimate.layout.device)
    second = statistics_of(sums[0], places, estimate.layout.device)
    mixture = likeliest_mixture(
        plain, places.positions, second.second_order(estimate.layout.kernel_size)
    )
    expected = expecting(plain, mixture)
    kernels = places.packing.spread(expected.expected(expected.basis(places.nodes)))
    psf = PsfGrid(estimate.layout.on_grid(kernels), photos.size, photos.reference)
    width = edges.width(psf)
    if width is None:
        return *sums, None
    scale = EdgeScale(edges, photos.size, photos.reference)
    if abs(width.believed - 1) < LEAST_CHANGE:
        return *sums, scale
    detail = detail_for_width(psf.kernels, width.believed)
    yield from journal.tell(name, _in_words(width), fraction, estimate)
    whole, half = (replace(part, detail=detail) for part in sums)
    return whole, half, scale


def _in_words(width: EdgeWidth) -> Translatable:
    return translatable(
        "Edges are {factor:.0%} as wide as spectra say (± {error:.0%})",
        factor=width.factor,
        error=width.error,
    )
