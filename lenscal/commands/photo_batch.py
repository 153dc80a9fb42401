"""What `correct` and `enlarge` have in common: batches of photos, of which each ends in its own
way."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from lenscal.commands.progress import CANCELLED, Speaker, run_job
from lenscal.errors import InputError
from lenscal.stepping import Job
from lenscal.system.device import device_notes
from lenscal.system.file_content import ANY_SIZE, check_plain_file
from lenscal.system.signals import Ended
from lenscal.translation import translatable


class PhotoOutcome(Protocol):
    """How one photo ended; fields as in `PhotoResult`."""

    @property
    def source(self) -> Path: ...

    @property
    def output(self) -> Path | None: ...

    @property
    def skipped(self) -> bool: ...

    @property
    def wrong_input(self) -> bool: ...

    @property
    def warnings(self) -> tuple[str, ...]: ...


def check_prior(path: str | None) -> None:
    """Refuse weights that are not there, or no plain file, before any photo is read.

    Raises
    ------
    InputError
    """
    if path is None:
        return
    if not Path(path).exists():
        raise InputError(translatable("--prior {path}: there is no such file", path=path))
    check_plain_file(Path(path), ANY_SIZE)


def run_batch(job: Job[Any], speaker: Speaker) -> int:
    """Step a batch to its end, or to where it was told to end: what was written before stays, and
    is told. The exit code that its ending has, 0 where it came to its end."""
    try:
        run_job(job, speaker)
    except KeyboardInterrupt as end:
        return end.exit_code if isinstance(end, Ended) else CANCELLED
    return 0


def tell_notes(
    speaker: Speaker, device: str, notes: Sequence[str], results: Sequence[PhotoOutcome]
) -> None:
    """What is to be known of the device, the photos' folders and each photo; after the progress,
    or the live line would run into them."""
    for text in (*device_notes(device), *notes):
        speaker.note(f"note: {text}")
    for result in results:
        for warning in result.warnings:
            speaker.note(f"note: {result.source.name}: {warning}")


def batch_exit_code(results: Sequence[PhotoOutcome], n_photos: int, ending: int) -> int:
    """Of a command, where its batch ended as `run_batch` says."""
    # Stopped before all were come to: that, and not what failed before, ended the command.
    if len(results) < n_photos:
        return ending or CANCELLED
    failures = [result for result in results if failed(result)]
    if not failures:
        return 0
    # Nothing was begun, for reasons that the user can mend: wrong input, as for other commands.
    nothing_begun = len(failures) == len(results) and all(r.wrong_input for r in failures)
    return 2 if nothing_begun else 1


def failed(result: PhotoOutcome) -> bool:
    """Whether a photo should have been written, and was not."""
    return result.output is None and not result.skipped
