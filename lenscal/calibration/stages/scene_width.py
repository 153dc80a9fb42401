"""Where scenes differ, edges say how wide kernels are, and spectra what shape they have."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from lenscal.calibration.proof.edge_width import EdgeWidth, folder_edges
from lenscal.calibration.stages.estimate import Estimate
from lenscal.calibration.stages.journal import Journal
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


def with_scene_detail(
    sums: tuple[S, S],
    photos: Photos,
    places: Places,
    where: tuple[StageName, float],
    estimate: Estimate,
    journal: Journal,
) -> Job[tuple[S, S]]:
    """Sums over all photos and over half of them, and by how much the scenes of one folder are
    finer than those of the other, so that both fits come to the width that edges show.

    where : the stage that reports are made under, and its fraction
    """
    # The same scenes are as fine; without a reference in the middle edges are no common measure.
    if estimate.same_scenes or photos.reference is not Reference.AXIS:
        return sums
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
    if width is None or abs(width.believed - 1) < LEAST_CHANGE:
        return sums
    detail = detail_for_width(psf.kernels, width.believed)
    yield from journal.tell(name, _in_words(width), fraction, estimate)
    whole, half = (replace(part, detail=detail) for part in sums)
    return whole, half


def _in_words(width: EdgeWidth) -> Translatable:
    return translatable(
        "Edges are {factor:.0%} as wide as spectra say (± {error:.0%})",
        factor=width.factor,
        error=width.error,
    )
