"""What a calibration is made of: stages, each of which turns an estimate into a better one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from lenscal.calibration.stages.estimate import Estimate
from lenscal.calibration.stages.journal import Journal
from lenscal.calibration.stages.photos import Photos
from lenscal.stepping import Job

Handover = TypeVar("Handover")
Given = TypeVar("Given", contravariant=True)
Result = TypeVar("Result", covariant=True)


class StageName(StrEnum):
    """Stages as reports, checkpoints and the profile's table call them."""

    PAIRS = "pairs"
    LATERAL_COLOUR = "L"
    SECOND_ORDER = "G"
    THIRD_ORDER = "GT"
    RAYS = "R"
    PAIRED = "P"
    FLOW = "F"
    MATCHING = "M"


@dataclass(frozen=True, slots=True)
class Span:
    """The part of the whole job that a stage takes, from `low` to `high` in 0..1."""

    low: float
    high: float

    def at(self, part: float) -> float:
        """The fraction of the whole job at a part (0..1) of this one."""
        return self.low + part * (self.high - self.low)

    def between(self, start: float, end: float) -> Span:
        """A part of this part."""
        return Span(self.at(start), self.at(end))


class Stage(Protocol):
    """A part of a calibration. Where one ends a checkpoint is kept, and photos that were kept out
    are looked at."""

    @property
    def names(self) -> tuple[StageName, ...]:
        """What runs, in order: F and M are learnt by one network, P and GT hand R more than a
        checkpoint could hold."""

    @property
    def span(self) -> Span: ...

    def run(self, photos: Photos, estimate: Estimate, journal: Journal) -> Job[Estimate]:
        """Yields reports and heeds the replies.

        Raises
        ------
        Stopped
            The user or the clock ended it; the exception holds the estimate that was reached.
        """


class HandingStage(Protocol[Result]):
    """A stage with more to hand on than an estimate."""

    @property
    def names(self) -> tuple[StageName, ...]: ...

    @property
    def span(self) -> Span: ...

    def hand_on(self, photos: Photos, estimate: Estimate, journal: Journal) -> Job[Result]: ...


class TakingStage(Protocol[Given]):
    """A stage that goes on from what another one hands it."""

    @property
    def names(self) -> tuple[StageName, ...]: ...

    @property
    def span(self) -> Span: ...

    def take(self, photos: Photos, handed: Given, journal: Journal) -> Job[Estimate]: ...


@dataclass(frozen=True, slots=True)
class Chain(Generic[Handover]):
    """Two stages of which the first hands the second, in memory, what it measured: it would take
    hundreds of MB in a checkpoint, so there is none in between."""

    first: HandingStage[Handover]
    second: TakingStage[Handover]

    @property
    def names(self) -> tuple[StageName, ...]:
        return *self.first.names, *self.second.names

    @property
    def span(self) -> Span:
        return Span(self.first.span.low, self.second.span.high)

    def run(self, photos: Photos, estimate: Estimate, journal: Journal) -> Job[Estimate]:
        handed = yield from self.first.hand_on(photos, estimate, journal)
        return (yield from self.second.take(photos, handed, journal))
