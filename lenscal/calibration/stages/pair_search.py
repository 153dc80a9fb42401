"""The first stage: which photos of the two folders show the same scene."""

from __future__ import annotations

from dataclasses import dataclass, replace

from lenscal.calibration.pairs.registration import find_pairs
from lenscal.calibration.stages.estimate import Estimate
from lenscal.calibration.stages.journal import Journal
from lenscal.calibration.stages.photos import Photos, hold_out
from lenscal.calibration.stages.stage import Span, StageName
from lenscal.errors import InputError
from lenscal.stepping import Job
from lenscal.translation import translatable

LEAST_SHARE_OF_PAIRS = 0.5
"""From this share of the smaller folder on, the folders count as showing the same scenes."""


@dataclass(frozen=True, slots=True)
class PairSearch:
    """Compares every photo of one folder with every one of the other.

    required : pairs are asked for; without any there is nothing to do
    """

    span: Span
    required: bool

    @property
    def names(self) -> tuple[StageName, ...]:
        return (StageName.PAIRS,)

    def run(self, photos: Photos, estimate: Estimate, journal: Journal) -> Job[Estimate]:
        """Raises InputError where pairs are required and none are found."""
        message = translatable("Looking for photos of the same scenes")
        yield from journal.tell(StageName.PAIRS, message, self.span.low, estimate)
        matches = find_pairs(photos.sharp, photos.degraded)
        smaller = min(len(photos.sharp), len(photos.degraded))
        if len(matches) >= max(1, LEAST_SHARE_OF_PAIRS * smaller):
            # Whole pairs: a photo whose partner was learnt from would not be new.
            pairs, held_out = hold_out(matches)
            registration = replace(estimate.registration, pairs=pairs, held_out=held_out)
            estimate = replace(estimate, registration=registration)
            message = translatable(
                "{pairs} scenes stand in both folders: they are compared directly",
                pairs=len(matches),
            )
        elif self.required:
            raise InputError(
                translatable(
                    "--stages P needs the same scenes in both folders; none were found. "
                    "Use --stages auto"
                )
            )
        else:
            message = translatable(
                "The folders show different scenes: their statistics are compared"
            )
        yield from journal.tell(StageName.PAIRS, message, self.span.high, estimate)
        return estimate
