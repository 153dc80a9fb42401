"""A batch on this computer: one calibration after the other, each on all cores."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from filelock import FileLock, Timeout

from lenscal.errors import InputError
from lenscal.files.output_paths import check_output_folder
from lenscal.files.write_claim import only_writer
from lenscal.laboratory.entries import Entry
from lenscal.laboratory.results import WORK_FOLDER, check_place
from lenscal.laboratory.table import check_table
from lenscal.laboratory.work import Ending, Outcome, calibrate_entry, remove_leftovers
from lenscal.stepping import Job, follow, relay
from lenscal.translation import Translatable, translatable

Outcomes = list[Outcome]
OnOutcome = Callable[[Sequence[Outcome]], None]
"""Is told of all outcomes, in the manifest's order, whenever one more is known."""


def run_batch(
    entries: Sequence[Entry], out: Path, on_outcome: OnOutcome, *, again: bool = False
) -> Job[Outcomes]:
    """Calibrate all; one that fails does not stop the rest."""
    outcomes = [Outcome(entry, Ending.WAITING) for entry in entries]
    for n, entry in enumerate(entries):
        prefix = translatable(
            "{title} ({number} of {count}): ",
            title=entry.title,
            number=n + 1,
            count=len(entries),
        )
        # How long one calibration still takes says nothing of the batch.
        work = relay(
            calibrate_entry(entry, out, again=again), lambda said: replace(said, seconds_left=None)
        )
        low, high = n / len(entries), (n + 1) / len(entries)
        outcomes[n], _ = yield from follow(work, low, high, prefix=prefix)
        on_outcome(outcomes)
    return outcomes


@contextmanager
def batch_folder(out: Path, entries: tuple[Entry, ...]) -> Iterator[None]:
    """The folder of a batch, made and checked; within, no other batch works in it, be it on this
    computer or on another one that shares the disk.

    Raises
    ------
    InputError
        It cannot be written, holds something else, or another batch works in it.
    """
    check_output_folder(out)
    check_table(out)
    for entry in entries:
        check_place(out, entry)
    out.mkdir(exist_ok=True)
    work = out / WORK_FOLDER
    work.mkdir(exist_ok=True)
    with only_writer(out / "summary.csv", _busy(out)), _disk_lock(work, out):
        remove_leftovers(out, entries)
        yield


def _busy(out: Path) -> Translatable:
    return translatable(
        "--out {out}: another lenscal batch works in it; wait for its end, or choose another "
        "folder",
        out=out,
    )


@contextmanager
def _disk_lock(work: Path, out: Path) -> Iterator[None]:
    """A lock in the folder itself, for other computers; disks that know no locks have none."""
    lock = FileLock(work / "lock", thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise InputError(_busy(out)) from None
    except (OSError, NotImplementedError):
        # The latter is filelock's way to say so.
        yield
        return
    try:
        yield
    finally:
        lock.release()
