"""What a worker of a cluster does: one calibration, told of as it goes."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from lenscal import __version__
from lenscal.laboratory.entries import Entry
from lenscal.laboratory.results import WORK_FOLDER
from lenscal.laboratory.work import Outcome, calibrate_entry, failed
from lenscal.reports import Report
from lenscal.stepping import finish
from lenscal.translation import translatable

TOPIC = "lenscal-batch"
"""Of the events that tell how far calibrations are."""
_TELL_S = 1.0
"""Between two events, and between two looks whether the batch still runs."""
_OWNER = "owner"


class BatchEnded(BaseException):
    """The batch that asked for a calibration is over, or another one has taken its place."""


def take_over(out: Path, batch: str) -> None:
    """Make a batch the one whose calibrations go on; those of earlier ones end, wherever they run;
    an empty name ends all."""
    (out / WORK_FOLDER / _OWNER).write_text(batch, encoding="ascii")


def is_owner(out: Path, batch: str) -> bool:
    """Whether the calibrations of a batch shall go on."""
    try:
        return (out / WORK_FOLDER / _OWNER).read_text(encoding="ascii") == batch
    except OSError:
        # The disk is away for a moment, perhaps: writing will tell.
        return True


def version_here() -> str:
    """lenscal's version on a worker."""
    return __version__


def calibrate_on_worker(
    entry: Entry, out: Path, batch: str, again: bool, threads: int | None = None
) -> Outcome:
    """`calibrate_entry` with that many threads; it goes on from the checkpoint of a worker that was
    lost. An end of the batch is told as a failure, which nobody reads."""
    from distributed import get_worker

    from lenscal.system.isolation.calls import in_workers
    from lenscal.system.memory import keep_freed_memory
    from lenscal.system.threads import prepare_libraries, use_threads

    worker = get_worker()
    # As the program does at its start. Dask's nanny has memory given back at once, and the system
    # then clears it for every array: that took as long as the calibration itself.
    keep_freed_memory()
    prepare_libraries()
    use_threads(threads)
    job = calibrate_entry(entry, out, again=again)
    told = [0.0]

    def on_report(report: Report) -> None:
        now = time.monotonic()
        if now - told[0] < _TELL_S:
            return
        told[0] = now
        if not is_owner(out, batch):
            raise BatchEnded
        said: dict[str, Any] = {
            "batch": batch,
            "entry": entry.folder_name,
            "fraction": report.fraction,
            "message": str(report.message),
        }
        worker.log_event(TOPIC, said)

    with in_workers():
        try:
            outcome = finish(job, on_report)
        except BatchEnded:
            return failed(entry, translatable("the batch has ended"))
        finally:
            job.close()
    return outcome
