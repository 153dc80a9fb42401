"""One calibration of a batch, from its photos to its folder of results."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal import __version__
from lenscal.errors import InputError, LenscalError
from lenscal.laboratory.entries import Entry
from lenscal.laboratory.figures import Figures
from lenscal.laboratory.results import FORMER, WORK_FOLDER, check_place, content_key, keep, kept
from lenscal.stepping import Job, follow
from lenscal.system.memory import NOT_ENOUGH_MEMORY, is_out_of_memory
from lenscal.translation import Translatable, message_of, translatable

if TYPE_CHECKING:
    from lenscal.calibration.result import Calibration
    from lenscal.files.checkpoint import CheckpointFile
    from lenscal.intake.inputs import Inputs

logger = logging.getLogger(__name__)

_LOOKING, _READING = 0.02, 0.15
"""Of the whole, until photos are compared, and until they are read."""


class Ending(StrEnum):
    """How a calibration of a batch ended."""

    DONE = "done"
    UNCHANGED = "unchanged"
    """It was done before, from the same photos with the same settings."""
    FAILED = "failed"
    WAITING = "waiting"
    """It was not come to."""


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """How a calibration ended.

    problem : why it failed, or why not all of it was written
    seconds : that it took now, with reading and writing; of one that is unchanged, to see that
    worker : on a cluster, which one did it
    """

    entry: Entry
    ending: Ending
    figures: Figures = field(default_factory=dict)
    problem: str = ""
    seconds: float = 0.0
    worker: str = ""


def failed(entry: Entry, problem: str, seconds: float = 0.0) -> Outcome:
    """An outcome that is a failure."""
    return Outcome(entry, Ending.FAILED, problem=problem, seconds=seconds)


def calibrate_entry(entry: Entry, out: Path, *, again: bool = False) -> Job[Outcome]:
    """Calibrate, write, and say how it ended; nothing is raised but what ends the batch. Torn off,
    it goes on from its checkpoint the next time.

    again : also where it is done
    """
    began = time.monotonic()
    try:
        ending, figures = yield from _done(entry, out, again=again)
    except LenscalError as error:
        return failed(entry, message_of(error), time.monotonic() - began)
    except Exception as error:
        return failed(entry, unexpected(error), time.monotonic() - began)
    return Outcome(entry, ending, figures, seconds=time.monotonic() - began)


def unexpected(error: Exception) -> Translatable:
    """What ended a part of a batch that shall not end all of it, in words."""
    if is_out_of_memory(error):
        return NOT_ENOUGH_MEMORY
    if isinstance(error, OSError):
        return message_of(error)
    # A bug: the log has where, and the batch goes on.
    logger.error("unexpected", exc_info=error)
    return translatable("unexpected: {kind}: {error}", kind=type(error).__name__, error=str(error))


def _done(entry: Entry, out: Path, *, again: bool) -> Job[tuple[Ending, Figures]]:
    from lenscal.files.checkpoint import CheckpointFile
    from lenscal.files.psf.sharing import without_identity
    from lenscal.jobs.cache import photo_cache
    from lenscal.jobs.calibrating import build_profile
    from lenscal.system.device import check_device

    key, _ = yield from follow(content_key(entry), 0, _LOOKING)
    if not again and (record := kept(out, entry, key)):
        return Ending.UNCHANGED, record.figures
    check_place(out, entry)
    check_device(entry.settings.device)
    work = out / WORK_FOLDER
    work.mkdir(exist_ok=True)
    checkpoint = CheckpointFile(work / f"{entry.folder_name}.{key[:12]}.checkpoint", resume=True)
    with photo_cache() as cache:
        inputs, _ = yield from follow(_read(entry, cache), _LOOKING, _READING)
        calibration, _ = yield from follow(_learnt(inputs, entry, checkpoint), _READING, 1)
        profile = build_profile(inputs, calibration, entry.settings)
    record = keep(out, entry, key, without_identity(profile) if entry.private else profile)
    # Only now: until the results are in place, the checkpoint is all there is.
    checkpoint.remove()
    return Ending.DONE, record.figures


def _read(entry: Entry, cache: Path) -> Job[Inputs]:
    from lenscal.intake.grouping import Overrides
    from lenscal.jobs.calibrating import import_photos

    sharp, degraded = (
        Overrides(aperture, entry.lens, entry.focal_mm, entry.light)
        for aperture in (entry.aperture_sharp, entry.aperture_degraded)
    )
    return import_photos(
        [entry.sharp],
        [entry.degraded],
        sharp_overrides=sharp,
        degraded_overrides=degraded,
        cache=cache,
        keep_all=entry.keep_all,
    )


def _learnt(inputs: Inputs, entry: Entry, checkpoint: CheckpointFile) -> Job[Calibration]:
    from lenscal.jobs.calibrating import calibrate

    if checkpoint.path.exists():
        try:
            return (yield from calibrate(inputs, entry.settings, checkpoint=checkpoint))
        except InputError as error:
            # Damaged, or of another version: what it saved is lost, the calibration is not.
            logger.info("%s: %s", __version__, error)
            checkpoint.remove()
    return (yield from calibrate(inputs, entry.settings, checkpoint=checkpoint))


def remove_leftovers(out: Path, entries: Sequence[Entry]) -> None:
    """Take away what a batch that was killed has left half-written, and checkpoints of what is no
    longer in the manifest. Only where no other batch works in the folder."""
    names = {entry.folder_name for entry in entries}
    for path in (out / WORK_FOLDER).glob("*.*"):
        name = path.name.removesuffix(FORMER).rsplit(".", 2)[0]
        if path.name.endswith(FORMER) and not (out / name).exists():
            # It was torn off between two steps: what was there before goes back.
            path.rename(out / name)
        elif path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.suffix == ".checkpoint" and name not in names:
            path.unlink(missing_ok=True)
