"""Stages G and GT: kernels whose blur turns the sharp photos' statistics into the degraded ones'.

G compares spectra (second order), GT bispectra too (third order), which tell a lopsided kernel from
its mirror image.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lenscal.calibration.field.kernels import framed, reaches_border, stretched
from lenscal.calibration.proof.trial import Trial
from lenscal.calibration.stages.estimate import Estimate
from lenscal.calibration.stages.journal import Journal, Stopped
from lenscal.calibration.stages.photos import Photos
from lenscal.calibration.stages.scene_width import EdgeScale, with_scene_detail
from lenscal.calibration.stages.stage import Span, StageName
from lenscal.calibration.stages.statistics_sums import (
    Places,
    SecondOrderSums,
    Statistics,
    ThirdOrderSums,
    gathering,
    other_half_of_spectra,
    places_of,
    statistics_of,
    third_order_statistics_of,
)
from lenscal.calibration.statistics.kernel_field import KernelField, expecting, kernel_field
from lenscal.calibration.statistics.spectral_fit import fit_statistics, likeliest_mixture
from lenscal.errors import LenscalError
from lenscal.stepping import Job
from lenscal.translation import translatable

HALF_ROUNDS = 3
"""Of the fits on halves, which begin at the fit on all photos: more change them little."""
GATHERED, FITTED = 0.5, 0.8
"""Parts of a stage's time after which all photos are read, and the kernels found."""


@dataclass(frozen=True, slots=True, eq=False)
class Taps:
    """Kernels of which every tap is free (`kernel_field`)."""

    field: KernelField
    places: Places

    def fit(self, statistics: Statistics, rounds: int, start: Tensor | None) -> Iterator[Tensor]:
        """Yields theta, the numbers that kernels are made of, after each round."""
        size = self.field.kernel_size
        return fit_statistics(
            self.field,
            self.places.positions,
            statistics.second_order(size),
            statistics.third_order(size),
            self.places.lateral,
            rounds=rounds,
            start=start,
        )

    def at_nodes(self, theta: Tensor) -> Tensor:
        """Kernels [nodes, 3, n]."""
        kernels = self.field.kernels(theta, self.field.basis(self.places.nodes))
        return self.places.packing.spread(kernels)


@dataclass(frozen=True, slots=True, eq=False)
class Rounds:
    """Rounds of a fit, as reports show them.

    Attributes
    ----------
    stage : name that reports and the result are made under
    began : `time.monotonic()` when the stage did
    """

    stage: StageName
    count: int
    span: Span
    began: float


@dataclass(frozen=True, slots=True, eq=False)
class TapsFit:
    """Taps that were fitted: theta, their kernels [nodes, 3, n], how many times as wide as theta's
    these are, and the estimate with them."""

    taps: Taps
    theta: Tensor
    kernels: Tensor
    stretch: float
    estimate: Estimate


@dataclass(frozen=True, slots=True, eq=False)
class StatisticsFit:
    """What stage GT hands to stage R.

    Attributes
    ----------
    kernels : Tensor [nodes, 3, n]
        The estimate's.
    whole, half : sums over all photos, and over the first half of them
    can_be_halved : whether both halves hold something of each folder
    scale : EdgeScale or None
        What gives kernels the width that edges show; None where these are too few.
    second_order : TapsFit or None
        What second order found alone, where the photos that were kept out like it better: rays
        have to be better than this, or third order is not to be believed.
    """

    estimate: Estimate
    kernels: Tensor
    places: Places
    whole: ThirdOrderSums
    half: ThirdOrderSums
    can_be_halved: bool
    scale: EdgeScale | None = None
    second_order: TapsFit | None = None


@dataclass(frozen=True, slots=True)
class SecondOrderStage:
    """Stage G.

    Attributes
    ----------
    rounds : int
        More fit the scenes instead of the lens.
    halves : bool
        Whether to fit halves of the photos, too, to say how sure the kernels are.
    """

    span: Span
    rounds: int
    halves: bool

    @property
    def names(self) -> tuple[StageName, ...]:
        return (StageName.SECOND_ORDER,)

    def run(self, photos: Photos, estimate: Estimate, journal: Journal) -> Job[Estimate]:
        name, began = StageName.SECOND_ORDER, time.monotonic()
        places = places_of(photos, estimate)
        span = self.span.between(0, GATHERED)
        gather = gathering(photos, places, name, span, estimate, journal)
        sums, half, scale = yield from with_scene_detail(
            (yield from gather.second_order()), photos, places, (name, span.high), estimate, journal
        )
        device = estimate.layout.device
        statistics = statistics_of(sums, places, device)
        rounds = Rounds(name, self.rounds, self.span.between(GATHERED, FITTED), began)
        fit = yield from fit_taps(statistics, places, rounds, estimate, journal, scale)
        if not (self.halves and gather.can_be_halved):
            return fit.estimate
        tell = HalfReports(name, self.span.between(FITTED, 1), fit.estimate, journal)
        return (yield from with_halves_of_taps(fit, sums, half, tell))


@dataclass(frozen=True, slots=True)
class ThirdOrderStage:
    """Stage GT.

    Attributes
    ----------
    rounds : int
        More fit the scenes instead of the lens.
    trial : Trial or None
        Where it doubts what third order found, second order is asked alone; None: no doubts.
    """

    span: Span
    rounds: int
    trial: Trial | None = None

    @property
    def names(self) -> tuple[StageName, ...]:
        return (StageName.THIRD_ORDER,)

    def run(self, photos: Photos, estimate: Estimate, journal: Journal) -> Job[Estimate]:
        fit = yield from self.hand_on(photos, estimate, journal)
        return fit.estimate

    def hand_on(self, photos: Photos, estimate: Estimate, journal: Journal) -> Job[StatisticsFit]:
        """The same, with the sums that it read."""
        name, began = StageName.THIRD_ORDER, time.monotonic()
        places = places_of(photos, estimate)
        span = self.span.between(0, GATHERED)
        gather = gathering(photos, places, name, span, estimate, journal)
        whole, half, scale = yield from with_scene_detail(
            (yield from gather.third_order()), photos, places, (name, span.high), estimate, journal
        )
        statistics = third_order_statistics_of(whole, places, estimate.layout.device)
        rounds = Rounds(name, self.rounds, self.span.between(GATHERED, 1), began)
        fit = yield from fit_taps(statistics, places, rounds, estimate, journal, scale)
        halved = gather.can_be_halved
        found = StatisticsFit(fit.estimate, fit.kernels, places, whole, half, halved, scale)
        if self.trial is None or not self.trial.doubts(fit.estimate, fit.kernels):
            return found
        return (yield from self._tried(found, self.trial, statistics, estimate, journal))

    def _tried(
        self,
        found: StatisticsFit,
        trial: Trial,
        statistics: Statistics,
        estimate: Estimate,
        journal: Journal,
    ) -> Job[StatisticsFit]:
        """What third order found, and what second order finds alone where photos that were kept
        out like that better."""
        plain = Statistics(
            statistics.spectra, statistics.scene, statistics.places, statistics.device
        )
        name, began = StageName.SECOND_ORDER, time.monotonic()
        rounds = Rounds(name, self.rounds, Span(self.span.at(FITTED), self.span.high), began)
        fit = yield from fit_taps(plain, found.places, rounds, estimate, journal, found.scale)
        if trial.prefers(found.estimate, fit.kernels, found.kernels):
            # The table of stages tells what was kept.
            journal.stages.pop()
            return found
        return replace(found, second_order=fit)


def fit_taps(
    statistics: Statistics,
    places: Places,
    rounds: Rounds,
    estimate: Estimate,
    journal: Journal,
    scale: EdgeScale | None,
) -> Job[TapsFit]:
    """Fit free taps to statistics."""
    message = translatable("Measuring how wide the kernels are")
    yield from journal.tell(rounds.stage, message, rounds.span.low, estimate)
    size, device = estimate.layout.kernel_size, estimate.layout.device
    # How wide kernels are comes first: how far taps may deviate is measured by it.
    plain = kernel_field(size, device)
    mixture = likeliest_mixture(plain, places.positions, statistics.second_order(size))
    taps = Taps(expecting(plain, mixture), places)
    iterates = taps.fit(statistics, rounds.count, None)
    fit = yield from fitted(iterates, taps.at_nodes, rounds, estimate, journal, scale)
    return TapsFit(taps, *fit)


def fitted(
    iterates: Iterator[Tensor],
    at_nodes: Callable[[Tensor], Tensor],
    rounds: Rounds,
    estimate: Estimate,
    journal: Journal,
    scale: EdgeScale | None,
) -> Job[tuple[Tensor, Tensor, float, Estimate]]:
    """Step a fit, show its kernels after each round, and note them, as wide as edges show, as a
    stage's result; theta, the kernels, how many times as wide as theta's they are, and the
    estimate with them."""
    theta = kernels = torch.zeros(0)
    for number, theta in enumerate(iterates):
        kernels = at_nodes(theta)
        shown = sized(kernels, estimate.layout.kernel_size)
        # What is shown is what a stop keeps.
        estimate = replace(estimate, kernels=shown)
        message = translatable(
            "Matching statistics, round {number} of {rounds}",
            number=number + 1,
            rounds=rounds.count,
        )
        fraction = rounds.span.at(number / rounds.count)
        try:
            yield from journal.tell(rounds.stage, message, fraction, estimate, number)
        except Stopped:
            # Rounds improve steadily: the last one is as good as it gets in this time.
            journal.note_stage(rounds.stage, rounds.began, estimate)
            raise
    kernels, stretch = (kernels, 1.0) if scale is None else scale.applied(estimate.layout, kernels)
    kernels, estimate = with_kernels(estimate, kernels, journal)
    journal.note_stage(rounds.stage, rounds.began, estimate)
    return theta, kernels, stretch, estimate


@dataclass(frozen=True, slots=True, eq=False)
class HalfReports:
    """Fits on halves of the photos, which tell how sure the kernels are, and their reports."""

    stage: StageName
    span: Span
    estimate: Estimate
    journal: Journal

    def fits(self, first: Iterator[Tensor], second: Iterator[Tensor]) -> Job[tuple[Tensor, Tensor]]:
        """The last iterate of both."""
        thetas: list[Tensor] = []
        for half, iterates in enumerate((first, second)):
            theta = torch.zeros(0)
            for iterate in iterates:
                theta = iterate
                message = translatable(
                    "Estimating confidence from half {half} of the photos", half=half + 1
                )
                fraction = self.span.at(0.35 * half)
                yield from self.journal.tell(self.stage, message, fraction, self.estimate, half)
            thetas.append(theta)
        return thetas[0], thetas[1]


def with_halves_of_taps(
    fit: TapsFit, whole: SecondOrderSums, half: SecondOrderSums, tell: HalfReports
) -> Job[Estimate]:
    """The estimate of a fit of second order, with fits on two halves of the photos."""
    estimate, taps, theta = fit.estimate, fit.taps, fit.theta
    device, size = estimate.layout.device, estimate.layout.kernel_size
    try:
        parts = half, other_half_of_spectra(whole, half)
        first, second = (statistics_of(part, taps.places, device) for part in parts)
    except LenscalError:
        return without_halves(estimate, tell.journal)
    fits = yield from tell.fits(
        taps.fit(first, HALF_ROUNDS, theta), taps.fit(second, HALF_ROUNDS, theta)
    )
    # As the whole was, or they would seem to disagree with it.
    kernels = (
        sized(stretched(taps.at_nodes(fits[0]), fit.stretch), size),
        sized(stretched(taps.at_nodes(fits[1]), fit.stretch), size),
    )
    if not all(bool(torch.isfinite(half).all()) for half in kernels):
        return without_halves(estimate, tell.journal)
    return replace(estimate, halves=kernels)


def without_halves(estimate: Estimate, journal: Journal) -> Estimate:
    """The estimate as it is, with a warning that nothing tells how sure it is."""
    journal.warnings.append(
        translatable(
            "half of the photos alone show too little: the confidence of the kernels "
            "is unknown; take more photos"
        )
    )
    return estimate


def with_kernels(estimate: Estimate, kernels: Tensor, journal: Journal) -> tuple[Tensor, Estimate]:
    """Kernels [nodes, 3, n] in the estimate's frame, or in their own where a narrower one would cut
    them off; the estimate with them."""
    size = round(kernels.shape[-1] ** 0.5)
    framed_kernels = sized(kernels, estimate.layout.kernel_size)
    if size == estimate.layout.kernel_size or not reaches_border(framed_kernels):
        return framed_kernels, replace(estimate, kernels=framed_kernels)
    return kernels, replace(journal.enlarged(estimate, size), kernels=kernels)


def sized(kernels: Tensor, size: int) -> Tensor:
    """Kernels [..., n] in another frame, of sum 1."""
    cut = framed(kernels, size)
    # Light that a narrower frame cuts off would darken the photo.
    return cut / cut.sum(-1, keepdim=True)
