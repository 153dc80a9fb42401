"""What became of the photos that were to be written, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lenscal.jobs import PhotoResult
from lenscal.translation import join_translatable, translatable

MOST_NAMED = 3
"""Problems that a message names; all are beside their photos."""


@dataclass(frozen=True, slots=True)
class ExportSummary:
    """count: how many were written; problems, warnings: of single photos, each with its name."""

    count: str
    problems: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def message(self) -> str:
        """All of it, one below the other."""
        return join_translatable("\n", (self.count, *self.problems, *self.warnings))


def summary_of(results: Sequence[PhotoResult], n_photos: int, out: Path) -> ExportSummary:
    """Of photos that were all come to; `n_photos` counts those that were to be written."""
    successes = [result for result in results if result.output is not None]
    # A file that was there already was skipped on purpose: no problem.
    failed = [result for result in results if result.output is None and not result.skipped]
    problems = [_named(result.source, result.problem) for result in failed[:MOST_NAMED]]
    if len(failed) > MOST_NAMED:
        more = len(failed) - MOST_NAMED
        problems.append(translatable("and {n} more, see the list in step 6", n=more))
    # A photo that was not written has its problem; warnings on it would only distract.
    doubtful = [result for result in successes if result.warnings]
    warnings = [
        join_translatable(": ", (result.source.name, join_translatable("; ", result.warnings)))
        for result in doubtful[:MOST_NAMED]
    ]
    count = translatable(
        "{n} of {m} photos written to {out}", n=len(successes), m=n_photos, out=out
    )
    return ExportSummary(count, tuple(problems), tuple(warnings))


def partial_summary_of(results: Sequence[PhotoResult], n_photos: int, out: Path) -> str:
    """Of a job that did not come to its end."""
    return translatable(
        "{n} of {m} photos were written to {out}; the others were not.",
        n=sum(result.output is not None for result in results),
        m=n_photos,
        out=out,
    )


def _named(photo: Path, problem: str) -> str:
    """Some messages begin with the photo's name, or with its path."""
    if problem.startswith(f"{photo.name}: "):
        return problem
    return join_translatable(": ", (photo.name, problem))
