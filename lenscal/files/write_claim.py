"""Which files this program is about to write: another one that runs shall not write them meanwhile.

A claim is a lock in the user's folder for caches. The system takes it away from a program that was
killed, so a claim that nobody holds counts for nothing.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from lenscal.errors import InputError
from lenscal.system.user_folders import cache_folder
from lenscal.translation import Translatable, translatable

_FORGOTTEN_S = 60 * 24 * 3600
"""Age from which on the empty files of former claims are removed."""


@dataclass(frozen=True, slots=True, eq=False)
class Claim:
    """That this program, and no other one, writes a file, until it is released."""

    path: Path
    lock: BaseFileLock | None
    """None where the system has no place for locks: nothing is known of others then."""

    def release(self) -> None:
        """Let others write it; once more does no harm."""
        if self.lock is not None:
            self.lock.release(force=True)


def claimed(path: Path) -> Claim | None:
    """A claim on a file or folder, which need not be there; None where another program has one, or
    this one already."""
    for folder in (cache_folder(), Path(tempfile.gettempdir()) / "lenscal-cache"):
        try:
            return Claim(path, _acquired(folder / "locks", path))
        except Timeout:
            return None
        except OSError:
            # A read-only or full disk: the other place may do.
            continue
    return Claim(path, None)


def is_claimed(path: Path) -> bool:
    """Whether another program, or this one, has a claim on a file."""
    claim = claimed(path)
    if claim is None:
        return True
    claim.release()
    return False


@contextmanager
def only_writer(path: Path, refusal: Translatable | None = None) -> Iterator[None]:
    """Within, no other program that asks writes the file.

    refusal : what is said where one does; None: in words that fit `--out`

    Raises
    ------
    InputError
        Another one writes it now.
    """
    claim = claimed(path)
    if claim is None:
        raise InputError(
            refusal
            or translatable(
                "--out {path}: another lenscal that is running writes it; "
                "wait for its end, or choose another name",
                path=path,
            )
        )
    try:
        yield
    finally:
        claim.release()


def _acquired(folder: Path, path: Path) -> BaseFileLock:
    folder.mkdir(parents=True, exist_ok=True)
    # The file, not the name: links and capitals lead to the same one.
    name = os.path.normcase(os.path.realpath(path))
    file = folder / f"{hashlib.sha256(os.fsencode(name)).hexdigest()[:32]}.lock"
    _remove_forgotten(folder)
    # One lock for all threads: jobs of the window are not its first thread.
    lock = FileLock(file, thread_local=False)
    lock.acquire(timeout=0)
    with suppress(OSError):
        os.utime(file)
    return lock


def _remove_forgotten(folder: Path) -> None:
    for file in folder.glob("*.lock"):
        # Not those of yesterday: a program may be about to take one that it has just opened.
        with suppress(OSError, Timeout):
            if file.stat().st_mtime < time.time() - _FORGOTTEN_S:
                with FileLock(file, timeout=0, thread_local=False):
                    file.unlink()
