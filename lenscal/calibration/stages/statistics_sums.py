"""Sums over photos that stages G, GT and R read, and what their fits need of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from lenscal.calibration.field.geometry import (
    Positions,
    cell_positions,
    node_positions,
    values_at_cells,
)
from lenscal.calibration.packing import Packing, packing_of
from lenscal.calibration.stages.estimate import Estimate
from lenscal.calibration.stages.journal import Journal
from lenscal.calibration.stages.photos import Photos
from lenscal.calibration.stages.stage import Span, StageName
from lenscal.calibration.statistics.bispectra import Bispectra, bispectra, scatter, triads
from lenscal.calibration.statistics.lateral_colour import COLOUR_GRID
from lenscal.calibration.statistics.likelihood_terms import (
    SecondOrder,
    ThirdOrder,
    second_order_terms,
    third_order_terms,
)
from lenscal.calibration.statistics.noise_spectra import noise_correlation, noise_shape
from lenscal.calibration.statistics.scene_detail import SceneDetail
from lenscal.calibration.statistics.scene_spectra import likeliest_scene
from lenscal.calibration.statistics.spectra import (
    SPECTRUM_WINDOW_PX,
    MosaicSpectra,
    mean_matrices,
    mosaic_spectra,
    photo_textures,
    scaled,
)
from lenscal.calibration.statistics.windowed import data_cells
from lenscal.errors import LenscalError
from lenscal.optics.psf_grid import Reference
from lenscal.raw.frame import Frame
from lenscal.stepping import Job
from lenscal.translation import translatable

NOTHING_USABLE = translatable(
    "no patch could be used: the photos are clipped, dark or without texture all over"
)
CENTRE = 0.27
"""The reference of unrelated scenes: sharp photos within this distance of the middle, as a share of
the sides."""
USUAL_SCATTER = 2.2
"""Of dead leaves, which third order's weight was found on. Collages of photos have 3.7 to 4.1, one
or two photos of a chart 6 to 8 (docs/experiments/coma.md, 2026-11-30)."""

Sums = TypeVar("Sums", MosaicSpectra, Bispectra)

HalfFactors = tuple[NDArray[np.float64], NDArray[np.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class SecondOrderSums:
    """Spectra of the degraded and of the sharp photos.

    alike, others_alike : of half of the photos, whose textures were made as fine as is typical of
        all: factors [m, m] of both folders that make them as fine as is typical of this half, or
        of the other one
    """

    degraded: MosaicSpectra
    sharp: MosaicSpectra
    alike: HalfFactors | None = field(default=None, kw_only=True)
    others_alike: HalfFactors | None = field(default=None, kw_only=True)
    detail: SceneDetail | None = field(default=None, kw_only=True)

    @property
    def as_fine(self) -> tuple[MosaicSpectra, MosaicSpectra]:
        """Both, as fine as is typical of the photos that they are sums of."""
        if self.alike is None:
            return self.degraded, self.sharp
        return scaled(self.degraded, self.alike[0]), scaled(self.sharp, self.alike[1])


@dataclass(frozen=True, slots=True, eq=False)
class ThirdOrderSums(SecondOrderSums):
    """Bispectra of both, too."""

    degraded_third: Bispectra
    sharp_third: Bispectra


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Where statistics are compared.

    Attributes
    ----------
    cells : (rows, cols) that spectra are summed over
    positions : [cells, 2], their centres
    nodes : [nodes, 2]
        Of the grid, drawn in to the outermost centres: polynomials run away beyond them.
    lateral : [cells, 3, 2] px
        Where the channels' light is expected.
    reference : bool [cells] or None
        Which cells of the sharp photos are the reference; None: each is its own.
    sharp_colour : [cells, 3, 2] px or None
        Lateral colour of the reference; None where it is the middle, which has none.
    sharp_noise, degraded_noise : [p, p, m, m] or None
        How the noise is spread over frequencies (`noise_shape`).
    """

    cells: tuple[int, int]
    positions: Positions
    nodes: Positions
    lateral: NDArray[np.float64]
    reference: NDArray[np.bool_] | None
    sharp_colour: NDArray[np.float64] | None
    packing: Packing
    sharp_noise: NDArray[np.complex128] | None = None
    degraded_noise: NDArray[np.complex128] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """What a fit of second order reads.

    Attributes
    ----------
    spectra : of the degraded photos
    scene : complex ndarray [cells or 1, 3, 3, n, n]
        Spectral matrices of what the sharp photos show.
    """

    spectra: MosaicSpectra
    scene: NDArray[np.complex128]
    places: Places
    device: torch.device

    def second_order(self, kernel_size: int) -> SecondOrder:
        """The likelihood of the spectra, for kernels of a size."""
        places = self.places
        return second_order_terms(
            self.spectra,
            self.scene,
            places.packing,
            kernel_size,
            self.device,
            places.degraded_noise,
        )

    def third_order(self, kernel_size: int) -> ThirdOrder | None:
        """That of the bispectra, where they are read."""
        return None


@dataclass(frozen=True, slots=True, eq=False)
class ThirdOrderStatistics(Statistics):
    """What a fit of third order reads, too: bispectra of the degraded photos and of the reference,
    the latter with as many cells or one, and how much less they tell than as many patches of other
    scenes would."""

    third: tuple[Bispectra, Bispectra]
    excess: float = 1.0

    def third_order(self, kernel_size: int) -> ThirdOrder:
        return third_order_terms(*self.third, triads(), kernel_size, self.device, self.excess)


def places_of(photos: Photos, estimate: Estimate) -> Places:
    """Where the photos' statistics are compared."""
    cells = data_cells(photos.size)
    positions = cell_positions(cells)
    nodes = node_positions(estimate.layout.grid).clip(positions.min(0), positions.max(0))
    colour = values_at_cells(estimate.colour, cells, COLOUR_GRID)
    # What all channels share is a shift of the picture, which nothing measures.
    lateral = colour - colour.mean(1, keepdims=True)
    packing = packing_of(photos.degraded[0])
    m = SPECTRUM_WINDOW_PX // packing.period
    noise = [
        noise_shape(noise_correlation(frames), packing, m)
        for frames in (photos.sharp, photos.degraded)
    ]
    # The same scenes, or the same blur, stand at the same places.
    if estimate.same_scenes or photos.reference is Reference.SAME_POSITION:
        sharp_colour = values_at_cells(estimate.sharp_colour, cells, COLOUR_GRID)
        return Places(cells, positions, nodes, lateral, None, sharp_colour, packing, *noise)
    # Any part of a scene may stand in the middle, where the sharp aperture is at its best.
    middle = np.abs(positions - 0.5).max(axis=1) < CENTRE
    return Places(cells, positions, nodes, lateral, middle, None, packing, *noise)


@dataclass(frozen=True, slots=True, eq=False)
class Gathering:
    """Sums up photos as a part of a stage.

    Attributes
    ----------
    sharp, degraded : photos whose statistics are compared
    stage : name that reports are made under
    span : of the sums over four kinds of statistics
    """

    sharp: Sequence[Frame]
    degraded: Sequence[Frame]
    cells: tuple[int, int]
    stage: StageName
    span: Span
    estimate: Estimate
    journal: Journal

    @property
    def can_be_halved(self) -> bool:
        """Whether both halves hold something of each folder: a photo, or cells of the only one."""
        return min(len(self.degraded), len(self.sharp), self.cells[0] * self.cells[1] - 1) >= 1

    def second_order(self) -> Job[tuple[SecondOrderSums, SecondOrderSums]]:
        """Spectra of all photos, and of the first half of them."""
        degraded, sharp = self.degraded, self.sharp
        textures = []
        for shots in (degraded, sharp):
            message = translatable("How fine the photos' texture is")
            looks = photo_textures(shots, self.cells)
            found = yield from self.journal.tell_each(
                looks, self.stage, message, self.span.low, self.estimate
            )
            assert found is not None
            textures.append(found)
        message = translatable("Spectra of degraded photos")
        work = mosaic_spectra(degraded, self.cells, textures[0])
        first = yield from self._summed(message, 0, degraded, work)
        message = translatable("Spectra of sharp photos")
        work = mosaic_spectra(sharp, self.cells, textures[1])
        second = yield from self._summed(message, 1, sharp, work)
        halves = [half_of(len(t.coarse)) for t in textures]
        own, others = (
            [t.of_half(half[which]) for t, half in zip(textures, halves, strict=True)]
            for which in (0, 1)
        )
        return SecondOrderSums(first[0], second[0]), SecondOrderSums(
            first[1], second[1], alike=(own[0], own[1]), others_alike=(others[0], others[1])
        )

    def third_order(self) -> Job[tuple[ThirdOrderSums, ThirdOrderSums]]:
        """The same with bispectra."""
        # Second order first: where nothing can be used, that shows before the longer work.
        whole, half = yield from self.second_order()
        degraded, sharp = self.degraded, self.sharp
        message = translatable("Third order, degraded photos")
        work = bispectra(degraded, self.cells, triads())
        first = yield from self._summed(message, 2, degraded, work)
        message = translatable("Third order, sharp photos")
        work = bispectra(sharp, self.cells, triads())
        second = yield from self._summed(message, 3, sharp, work)
        return (
            ThirdOrderSums(whole.degraded, whole.sharp, first[0], second[0]),
            ThirdOrderSums(
                half.degraded,
                half.sharp,
                first[1],
                second[1],
                alike=half.alike,
                others_alike=half.others_alike,
            ),
        )

    def _summed(
        self, what: str, part: int, shots: Sequence[Frame], work: Iterator[Sums]
    ) -> Job[tuple[Sums, Sums]]:
        """The sums over all photos, and those over the first half; part: number of 4."""
        # The first half by order: the same photos in all sums.
        half_of_them = half_of(len(shots))[0].stop
        half: Sums | None = None
        whole: Sums | None = None
        for number, whole in enumerate(work):
            if number + 1 == half_of_them:
                # The sums go on growing in place.
                half = deepcopy(whole)
            message = translatable(
                "{what}, photo {number} of {shots}",
                what=what,
                number=number + 1,
                shots=len(shots),
            )
            fraction = self.span.at((part + (number + 1) / len(shots)) / 4)
            yield from self.journal.tell(self.stage, message, fraction, self.estimate, number)
        if whole is None or half is None:
            raise LenscalError(NOTHING_USABLE)
        if len(shots) == 1:
            half = _of_every_other_cell(whole, self.cells)
        return whole, half


def half_of(count: int) -> tuple[slice, slice]:
    """The photos of the first half, and of the second; of a single one both are this one."""
    if count == 1:
        return slice(0, 1), slice(0, 1)
    return slice(0, count // 2), slice(count // 2, count)


def _of_every_other_cell(sums: Sums, cells: tuple[int, int]) -> Sums:
    """The sums of a photo that cannot be halved by photos: of cells as a chessboard has its white
    squares."""
    row, col = np.indices(cells)
    white = ((row + col) % 2 == 0).ravel()
    parts = {f.name: getattr(sums, f.name) for f in fields(sums)}
    return replace(
        sums, **{n: v * white.reshape(-1, *(1,) * (v.ndim - 1)) for n, v in parts.items()}
    )


def gathering(
    photos: Photos,
    places: Places,
    stage: StageName,
    span: Span,
    estimate: Estimate,
    journal: Journal,
) -> Gathering:
    """Of the photos that both folders have, where they show the same scenes, else of all."""
    pairs = estimate.registration.pairs
    sharp = [photos.sharp[p.sharp] for p in pairs] if pairs else photos.sharp
    degraded = [photos.degraded[p.degraded] for p in pairs] if pairs else photos.degraded
    return Gathering(sharp, degraded, places.cells, stage, span, estimate, journal)


def statistics_of(sums: SecondOrderSums, places: Places, device: torch.device) -> Statistics:
    """What a fit of second order reads of sums.

    Raises
    ------
    LenscalError
        They hold nothing to compare.
    """
    (degraded, sharp), middle = sums.as_fine, places.reference
    # Patches that clip, and those without texture, were left out one by one.
    if not degraded.count.sum() or not sharp.count.sum():
        raise LenscalError(NOTHING_USABLE)
    if middle is not None and not sharp.count[middle].sum():
        raise LenscalError(
            translatable(
                "the centre of the sharp photos shows nothing to compare with: "
                "it is clipped, dark or plain"
            )
        )
    matrices = mean_matrices(sharp, middle)
    scene = likeliest_scene(*matrices, places.packing, places.sharp_colour, places.sharp_noise)
    if sums.detail is not None:
        scene = sums.detail.of_scene(scene)
    return Statistics(degraded, scene, places, device)


def third_order_statistics_of(
    sums: ThirdOrderSums, places: Places, device: torch.device
) -> ThirdOrderStatistics:
    """What a fit of third order reads of sums; raises as `statistics_of` does."""
    second = statistics_of(sums, places, device)
    reference, middle = sums.sharp_third, places.reference
    # The sharp aperture is much the same everywhere: what differs are its scenes.
    excess = max(1.0, scatter(reference, triads()) / USUAL_SCATTER)
    if middle is not None:
        parts = reference.values, reference.power, reference.count
        # Summed over the middle's cells: the reference is one for the whole field.
        reference = Bispectra(*(part[middle].sum(0, keepdims=True) for part in parts))
    if sums.detail is not None:
        reference = sums.detail.of_bispectra(reference, triads())
    third = sums.degraded_third, reference
    return ThirdOrderStatistics(second.spectra, second.scene, places, device, third, excess)


def other_half(whole: ThirdOrderSums, half: ThirdOrderSums) -> ThirdOrderSums:
    """Sums over the photos that are in `whole` and not in `half`."""
    second = other_half_of_spectra(whole, half)
    return ThirdOrderSums(
        second.degraded,
        second.sharp,
        _difference(whole.degraded_third, half.degraded_third),
        _difference(whole.sharp_third, half.sharp_third),
        alike=second.alike,
        detail=second.detail,
    )


def other_half_of_spectra(whole: SecondOrderSums, half: SecondOrderSums) -> SecondOrderSums:
    """The same of spectra only."""
    return SecondOrderSums(
        _difference(whole.degraded, half.degraded),
        _difference(whole.sharp, half.sharp),
        alike=half.others_alike,
        detail=whole.detail,
    )


def _difference(whole: Sums, part: Sums) -> Sums:
    names = [f.name for f in fields(whole)]
    return replace(whole, **{n: getattr(whole, n) - getattr(part, n) for n in names})
