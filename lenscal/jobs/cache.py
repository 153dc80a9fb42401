"""Where decoded photos live while a program runs."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from filelock import BaseFileLock, FileLock, Timeout

from lenscal.system.unfinished import remove_unfinished
from lenscal.system.user_folders import cache_folder

_LOCK_SUFFIX = ".lock"
_UNLOCKED_STALE_S = 7 * 24 * 3600
"""Folders without a lock are those of versions that had none; a window may stay open for days."""


class ScratchKind(StrEnum):
    """Whose photos they are: a command's, or a window's."""

    COMMAND = "photos"
    WINDOW = "window"


@dataclass(frozen=True, slots=True, eq=False)
class ScratchFolder:
    """A folder of this program's own. Its lock, beside it, says that the program runs: the system
    takes the lock away from one that was killed."""

    path: Path
    lock: BaseFileLock

    def remove(self) -> None:
        """Remove it with all that is in it; what cannot be removed is left to the next start."""
        _remove(self.path, self.lock)


@contextmanager
def photo_cache() -> Iterator[Path]:
    """A folder for decoded photos, which are too many for memory; removed at the end."""
    folder = scratch_folder(ScratchKind.COMMAND)
    try:
        yield folder.path
    finally:
        folder.remove()


def scratch_folder(kind: ScratchKind, base: Path | None = None) -> ScratchFolder:
    """A new folder in `base`, lenscal's own folder for caches where that is not given.

    What programs that were killed have left there is removed: it is gigabytes.
    """
    remove_unfinished()
    try:
        return _new_folder(kind, cache_folder() if base is None else base)
    except OSError:
        # No folder for this user, no room, or a disk that is gone: the system has a place for
        # temporary files.
        return _new_folder(kind, Path(tempfile.gettempdir()) / "lenscal-cache")


def _new_folder(kind: ScratchKind, base: Path) -> ScratchFolder:
    base.mkdir(parents=True, exist_ok=True)
    remove_stale(base)
    path = base / f"{kind.value}-{secrets.token_hex(4)}"
    # Locked before it is there: another program that starts now would take it for a stale one.
    lock = _lock_of(path)
    lock.acquire(timeout=0)
    try:
        path.mkdir(mode=0o700)
    except OSError:
        _remove(path, lock)
        raise
    return ScratchFolder(path, lock)


def remove_stale(base: Path) -> None:
    """Remove what killed programs have left in a folder for caches, and nothing of a running
    one's."""
    for kind in ScratchKind:
        for path in base.glob(f"{kind.value}-*"):
            with suppress(OSError):  # another program may have removed it
                if path.suffix != _LOCK_SUFFIX:
                    _remove_if_stale(path)


def _remove_if_stale(path: Path) -> None:
    lock = _lock_of(path)
    if not Path(lock.lock_file).exists():
        if path.stat().st_mtime < time.time() - _UNLOCKED_STALE_S:
            shutil.rmtree(path, ignore_errors=True)
        return
    # Held: the program runs.
    with suppress(Timeout):
        lock.acquire(timeout=0)
        _remove(path, lock)


def _lock_of(path: Path) -> BaseFileLock:
    # One lock for all threads: the window's jobs are not its first thread.
    return FileLock(path.with_name(path.name + _LOCK_SUFFIX), thread_local=False)


def _remove(path: Path, lock: BaseFileLock) -> None:
    shutil.rmtree(path, ignore_errors=True)
    # Removed while it is held where the system allows that: nobody can take it in between.
    with suppress(OSError):
        Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()
    with suppress(OSError):
        Path(lock.lock_file).unlink(missing_ok=True)
