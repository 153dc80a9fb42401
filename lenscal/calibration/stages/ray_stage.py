"""Stage R of unrelated scenes: bundles of rays that explain the photos' statistics, averaged with
the taps of stage GT that they begin at."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from lenscal.calibration.field.kernels import framed, stretched
from lenscal.calibration.proof.trial import Trial
from lenscal.calibration.rays.ray_field import RayField, ray_field
from lenscal.calibration.rays.ray_fit import HeldOut, cross_validate, fit_rays, rays_like
from lenscal.calibration.settings import LARGE_KERNEL_PX
from lenscal.calibration.stages.estimate import Estimate
from lenscal.calibration.stages.journal import Journal, Stopped
from lenscal.calibration.stages.photos import Photos
from lenscal.calibration.stages.stage import Span, StageName
from lenscal.calibration.stages.statistics_stage import (
    HALF_ROUNDS,
    HalfReports,
    Rounds,
    StatisticsFit,
    fitted,
    sized,
    with_halves_of_taps,
    with_kernels,
    without_halves,
)
from lenscal.calibration.stages.statistics_sums import (
    Places,
    ThirdOrderStatistics,
    other_half,
    third_order_statistics_of,
)
from lenscal.errors import LenscalError
from lenscal.raw.sensor import pixel_pitch_um
from lenscal.stepping import Job
from lenscal.translation import translatable

RAY_SHARE = 0.7
"""Of the rays' kernels in the mean with the taps': where a lens does what rays of few numbers
cannot, taps have seen it, and the two are wrong in different ways (stacking, Wolpert 1992,
doi:10.1016/S0893-6080(05)80023-1)."""
TELLING_GAIN = 2.0
"""`HeldOut.gain` from which on taps have their whole share. Where next to nothing blurs, they add
what scenes did."""
FAINT_GAIN = 0.5
"""Below, rays are believed in proportion: where both folders were taken at one aperture, scenes
alone make 0.08."""
FITTED = 0.5
"""Part of the stage's time after which the rays are found, and their halves are left to do."""

ThirdOrderHalves = tuple[ThirdOrderStatistics, ThirdOrderStatistics]


@dataclass(frozen=True, slots=True, eq=False)
class Rays:
    """What rays can make (`ray_field`), averaged with the kernels of taps.

    Attributes
    ----------
    taps : Tensor [nodes, 3, n]
    share : float
        Of the rays in the mean.
    belief : float
        0..1: below 1, the photos tell so little that what rays found is drawn to a point in
        proportion.
    """

    field: RayField
    places: Places
    taps: Tensor
    share: float = RAY_SHARE
    belief: float = 1.0

    def fit(self, statistics: ThirdOrderStatistics, rounds: int, start: Tensor) -> Iterator[Tensor]:
        """Yields theta, the numbers that rays are made of, after each round."""
        size = self.field.kernel_size
        return fit_rays(
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
        rays = self.field.kernels(theta, self.field.basis(self.places.nodes))
        return self.places.packing.spread(self.share * rays + (1 - self.share) * self.taps)

    def cross_validated(
        self, halves: ThirdOrderHalves, thetas: tuple[Tensor, Tensor], whole: Tensor
    ) -> Iterator[tuple[Rays, Tensor]]:
        """These with less of the taps where rays tell little, and factors of theta
        (`cross_validate`); yields after each part of the work, at last the result."""
        size = self.field.kernel_size
        first, second = ((half.second_order(size), half.third_order(size)) for half in halves)
        tests = cross_validate(self.field, self.places.positions, (first, second), thetas, whole)
        return (self.weighed(test) for test in tests)

    def weighed(self, test: HeldOut) -> tuple[Rays, Tensor]:
        """These as far as a test bears them out, and factors of theta."""
        belief = _part_of(test.gain, FAINT_GAIN)
        share = 1 - (1 - RAY_SHARE) * _part_of(test.gain, TELLING_GAIN)
        return replace(self, share=share, belief=belief), test.scales * belief


@dataclass(frozen=True, slots=True)
class RayStage:
    """Stage R after GT.

    Attributes
    ----------
    rounds : int
    kernel_size : int or None
        px, as the user wants it; None: rays may show that kernels need to be larger.
    trial : Trial or None
        Has to like rays' kernels no less than the taps', and larger kernels better; None: they are
        taken.
    """

    span: Span
    rounds: int
    kernel_size: int | None
    trial: Trial | None = None

    @property
    def names(self) -> tuple[StageName, ...]:
        return (StageName.RAYS,)

    def take(self, photos: Photos, handed: StatisticsFit, journal: Journal) -> Job[Estimate]:
        """Go on from the kernels of stage GT; back to those of second order alone where these stay
        better."""
        before = len(journal.warnings)
        try:
            estimate = yield from self._rays(photos, handed, journal)
        except Stopped as stop:
            # What was reached so far has to be better, too.
            raise Stopped(self._after_second_order(stop.estimate, handed)[0]) from stop
        estimate, share = self._after_second_order(estimate, handed)
        plain = handed.second_order
        if plain is None or share > 0:
            return estimate
        # What was said of rays is of no interest any more.
        del journal.warnings[before:]
        journal.not_enlarged()
        journal.warnings.append(
            translatable(
                "held-out photos show that third-order statistics made the kernels "
                "worse: only second order was used, which cannot tell how asymmetric "
                "the blur is"
            )
        )
        if not handed.can_be_halved:
            return estimate
        span = self.span.between(FITTED, 1)
        tell = HalfReports(StageName.SECOND_ORDER, span, estimate, journal)
        return (yield from with_halves_of_taps(plain, handed.whole, handed.half, tell))

    def _after_second_order(
        self, estimate: Estimate, handed: StatisticsFit
    ) -> tuple[Estimate, float]:
        """The estimate as far as photos that were kept out like it no less than what second order
        found alone, and its share (0..1) in that."""
        plain, kernels = handed.second_order, estimate.kernels
        if plain is None or self.trial is None or kernels is None:
            return estimate, 1.0
        # In the frame of the rays, which may be larger.
        own = sized(plain.kernels, estimate.layout.kernel_size)
        share = self.trial.share(estimate, own, kernels)
        if share == 0:
            return plain.estimate, share
        return replace(estimate, kernels=share * kernels + (1 - share) * own), share

    def _rays(self, photos: Photos, handed: StatisticsFit, journal: Journal) -> Job[Estimate]:
        """Rays begun at the kernels of stage GT, as far as photos bear them out."""
        name, began = StageName.RAYS, time.monotonic()
        estimate, places, device = handed.estimate, handed.places, handed.estimate.layout.device
        # In the larger frame at once: rays have few numbers, so its border costs little.
        field = photos_ray_field(photos, self.kernel_size or LARGE_KERNEL_PX, device)
        rays = Rays(field, places, framed(handed.kernels, field.kernel_size))
        # The likelihood has many valleys: rays that make the taps' kernels begin in the right one.
        message = translatable("Looking for a lens model that explains the kernels")
        iterates = rays_like(field, places.nodes, rays.taps)
        start = yield from journal.tell_each(iterates, name, message, self.span.low, estimate)
        # All photos first; halves begin at what these give.
        statistics = third_order_statistics_of(handed.whole, places, device)
        rounds = Rounds(name, self.rounds, self.span.between(0, FITTED), began)
        iterates = rays.fit(statistics, self.rounds, start)
        scale = handed.scale
        theta, _, stretch, estimate = yield from fitted(
            iterates, rays.at_nodes, rounds, estimate, journal, scale
        )
        if not handed.can_be_halved:
            return self._tried(handed, estimate, journal)
        try:
            parts = handed.half, other_half(handed.whole, handed.half)
            first, second = (third_order_statistics_of(p, places, device) for p in parts)
        except LenscalError:
            return without_halves(self._tried(handed, estimate, journal), journal)
        tell = HalfReports(name, self.span.between(FITTED, 1), estimate, journal)
        fits = yield from tell.fits(
            rays.fit(first, HALF_ROUNDS, theta), rays.fit(second, HALF_ROUNDS, theta)
        )
        rays, scales = yield from self._weighed(
            rays.cross_validated((first, second), fits, theta), estimate, journal
        )
        # Only now: how far rays are believed is known after both halves were tried on each other.
        kernels = rays.at_nodes(theta * scales)
        if scale is not None:
            kernels, stretch = scale.applied(estimate.layout, kernels)
        _, estimate = with_kernels(estimate, kernels, journal)
        journal.note_stage(name, began, estimate)
        estimate = self._tried(handed, estimate, journal)
        size = estimate.layout.kernel_size
        # Weighed like the whole, or what was drawn to a point would seem unsure.
        halves = [sized(stretched(rays.at_nodes(fit * scales), stretch), size) for fit in fits]
        return replace(estimate, halves=(halves[0], halves[1]))

    def _tried(self, handed: StatisticsFit, estimate: Estimate, journal: Journal) -> Estimate:
        """The estimate with kernels no larger than photos that were kept out gain by, or that of
        the taps, where these like it better."""
        trial, kernels, before = self.trial, estimate.kernels, handed.estimate
        if trial is None or kernels is None:
            return estimate
        size = before.layout.kernel_size
        if estimate.layout.kernel_size > size:
            smaller = sized(kernels, size)
            if trial.prefers(estimate, kernels, smaller):
                journal.not_enlarged()
                estimate = replace(before, kernels=smaller)
                kernels = smaller
        taps = sized(handed.kernels, estimate.layout.kernel_size)
        share = trial.share(estimate, taps, kernels)
        if share == 1:
            return estimate
        if share > 0:
            journal.warnings.append(
                translatable(
                    "rays were believed by {share:.0%} only, as photos or parts of them that were "
                    "kept out show",
                    share=share,
                )
            )
            return replace(estimate, kernels=share * kernels + (1 - share) * taps)
        journal.warnings.append(
            translatable(
                "held-out photos show that the lens model made the kernels worse: it was left out"
            )
        )
        return before

    def _weighed(
        self, tests: Iterator[tuple[Rays, Tensor]], estimate: Estimate, journal: Journal
    ) -> Job[tuple[Rays, Tensor]]:
        """The last of the tests, and a warning where the photos tell next to nothing."""
        message = translatable("Comparing two halves of the photos")
        fraction = self.span.at(0.85)
        result = yield from journal.tell_each(tests, StageName.RAYS, message, fraction, estimate)
        if result[0].belief < 1:
            journal.warnings.append(
                translatable(
                    "the blur of the degraded photos hardly stands out from their "
                    "scenes: kernels were pulled towards a point; if the lens is "
                    "softer than that, take more photos, of scenes with more detail"
                )
            )
        return result


def photos_ray_field(photos: Photos, size: int, device: torch.device) -> RayField:
    """For the photos' apertures and pixels, as far as they are known; kernels of `size` px."""
    sharp, degraded = photos.sharp[0], photos.degraded[0]
    # Good to 2 %, which diffraction forgives; where lensfun does not know the camera, the file may.
    pitch = pixel_pitch_um(degraded.info.camera, degraded.size)
    pitch = pitch or degraded.info.pixel_pitch_um
    f_numbers = degraded.info.aperture, sharp.info.aperture
    height, width = degraded.size
    return ray_field(size, device, f_numbers=f_numbers, pitch_um=pitch, aspect=width / height)


def _part_of(gain: float, enough: float) -> float:
    """0..1: how near what one half told of the other comes to enough (`HeldOut.gain`, log per
    patch)."""
    return min(1.0, max(0.0, gain) / enough)
