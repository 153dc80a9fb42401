"""lenscal batch."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lenscal.commands.laboratory.pdf_reports import PdfReports
from lenscal.commands.progress import Speaker, run_job
from lenscal.errors import InputError
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.laboratory.copies import CopyFields
    from lenscal.laboratory.entries import Entry
    from lenscal.laboratory.work import Outcome
    from lenscal.stepping import Job

_MOST_WORKERS = 256


def run_batch(args: argparse.Namespace) -> int:
    """Calibrate all that a manifest names; 1 where one failed."""
    from lenscal.laboratory.batch import batch_folder
    from lenscal.laboratory.manifest import read_manifest

    speaker = Speaker(as_json=args.json, quiet=args.quiet, verbose=args.verbose)
    if not 1 <= args.workers <= _MOST_WORKERS:
        raise InputError(
            translatable(
                "--workers {workers}: choose 1 to {most}", workers=args.workers, most=_MOST_WORKERS
            )
        )
    entries = read_manifest(args.manifest)
    pdf = PdfReports(args.out, entries) if args.pdf else None
    with batch_folder(args.out, entries):
        return _batch(args, entries, speaker, pdf)


def _batch(
    args: argparse.Namespace, entries: tuple[Entry, ...], speaker: Speaker, pdf: PdfReports | None
) -> int:
    from lenscal.laboratory.copies import CopyFields
    from lenscal.laboratory.table import write_table
    from lenscal.laboratory.work import Ending, Outcome

    fields = CopyFields(args.out)
    known: list[Outcome] = [Outcome(entry, Ending.WAITING) for entry in entries]
    told: set[int] = set()

    def on_outcome(outcomes: Sequence[Outcome]) -> None:
        known[:] = outcomes
        # After each: whatever ends the batch, the table holds what there is.
        write_table(args.out, known, fields)
        if pdf is not None:
            pdf.write(known)
            known[:] = pdf.noted(known)
        for n, outcome in enumerate(outcomes):
            if outcome.ending is Ending.FAILED and n not in told and not args.quiet:
                told.add(n)
                speaker.note(f"failed: {outcome.entry.title}: {outcome.problem}")

    try:
        with _work(args, entries, on_outcome) as work:
            on_outcome(run_job(work, speaker))
    finally:
        write_table(args.out, known, fields)
        if any(outcome.ending is Ending.WAITING for outcome in known):
            speaker.note("What is done is kept; the same command goes on where it was.")
    values = _values(args.out, known, fields)
    if pdf is not None:
        values["pdf"] = [str(path) for path in pdf.written]
    speaker.result(_in_words(known, args.out), values)
    failures = [outcome for outcome in known if outcome.ending is Ending.FAILED]
    for outcome in failures:
        # Again, together, at the end: progress has scrolled the first notes away.
        speaker.note(f"failed: {outcome.entry.where}: {outcome.entry.title}: {outcome.problem}")
    problems = {} if pdf is None else pdf.problems
    for problem in problems.values():
        speaker.note(f"note: {problem}")
    return 1 if failures or problems else 0


@contextmanager
def _work(
    args: argparse.Namespace, entries: tuple[Entry, ...], on_outcome: Any
) -> Iterator[Job[list[Outcome]]]:
    """The batch here, or on a cluster."""
    from lenscal.laboratory import batch

    if args.scheduler is None and args.workers == 1:
        yield batch.run_batch(entries, args.out, on_outcome, again=args.again)
        return
    from lenscal.laboratory import cluster

    cluster.require_dask()
    where = (
        cluster.local_cluster(args.workers)
        if args.scheduler is None
        else cluster.connected(args.scheduler)
    )
    with where as client:
        yield cluster.run_on_cluster(entries, args.out, on_outcome, client, again=args.again)


def _values(out: Path, outcomes: Sequence[Outcome], fields: CopyFields) -> dict[str, Any]:
    from lenscal.laboratory.spread_table import SPREAD_NAME, spread_values
    from lenscal.laboratory.table import CSV_NAME, HTML_NAME, row_of, spread_rows

    spreads = fields.spreads(outcomes)
    names = (CSV_NAME, HTML_NAME, *([SPREAD_NAME] if spreads else []))
    return {
        "summary": [str(out / name) for name in names],
        "calibrations": [
            {**row_of(outcome), "batch_seconds": outcome.seconds, "worker": outcome.worker}
            for outcome in outcomes
        ],
        "copies": spread_rows(outcomes),
        "over_field": [spread_values(spread) for spread in spreads],
    }


def _in_words(outcomes: Sequence[Outcome], out: Path) -> str:
    from lenscal.laboratory.table import HTML_NAME
    from lenscal.laboratory.work import Ending

    counts = {ending: sum(o.ending is ending for o in outcomes) for ending in Ending}
    said = ", ".join(f"{count} {ending.value}" for ending, count in counts.items() if count)
    return f"{said}; see {out / HTML_NAME}"
