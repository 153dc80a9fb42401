"""Which files are being written, noted where the next start finds it: what a program leaves that is
killed, or whose power fails, is removed then."""

from __future__ import annotations

import atexit
import os
import re
import secrets
import stat
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.system.user_folders import cache_folder

if TYPE_CHECKING:
    from filelock import BaseFileLock

_TEMPORARY = re.compile(r"\..+\.[0-9a-f]{8}\.[0-9a-f]{8}(\.[^.]*)?", re.DOTALL)
"""Names that `lenscal.system.atomic` gives, and nobody else."""
_MOST_BYTES = 2**20
"""Of such notes; they hold a few names."""


@dataclass(slots=True)
class _Notes:
    """Of this process."""

    file: Path | None = None
    """None: nothing was noted yet, or nothing can be."""
    owner: int = 0
    """The process: one that was forked from it has notes of its own."""
    own_lock: BaseFileLock | None = None
    """Says that the program runs: the system takes it away from one that was killed."""
    open_names: list[bytes] = field(default_factory=list)
    guard: threading.Lock = field(default_factory=threading.Lock)


_notes = _Notes()


@contextmanager
def noted(paths: Sequence[Path]) -> Iterator[None]:
    """While it lasts, these files are unfinished; where that cannot be noted, it is not."""
    names = [os.fsencode(path.absolute()) for path in paths]
    with _notes.guard:
        _begin()
        _notes.open_names += names
        _write()
    try:
        yield
    finally:
        with _notes.guard:
            for name in names:
                # What could not be removed is removed later.
                if not os.path.lexists(name):
                    _notes.open_names.remove(name)
            _write()


def remove_unfinished() -> None:
    """Remove what programs that no longer run have left unfinished."""
    with suppress(OSError):
        for file in _folder().glob("*.txt"):
            with suppress(OSError):  # another program may have removed it
                _remove_stale(file)


def _folder() -> Path:
    return cache_folder() / "unfinished"


def _begin() -> None:
    if _notes.owner == os.getpid():
        return
    _notes.owner, _notes.file, _notes.open_names = os.getpid(), None, []
    from filelock import FileLock

    try:
        remove_unfinished()
        _folder().mkdir(parents=True, exist_ok=True)
        file = _folder() / f"{secrets.token_hex(4)}.txt"
        # Locked before it is there: another program that starts now would take it for a stale one.
        lock = FileLock(file.with_suffix(".lock"), thread_local=False)
        lock.acquire(timeout=0)
    except OSError:
        # A cache that cannot be written.
        return
    _notes.file, _notes.own_lock = file, lock
    atexit.register(_end)


def _write() -> None:
    if _notes.file is not None:
        with suppress(OSError):
            _notes.file.write_bytes(b"\0".join(_notes.open_names))


def _end() -> None:
    if _notes.file is None or _notes.own_lock is None or _notes.owner != os.getpid():
        return
    file, lock = _notes.file, _notes.own_lock
    _notes.file, _notes.own_lock, _notes.owner = None, None, 0
    _remove_named(_notes.open_names)
    if any(map(os.path.lexists, _notes.open_names)):
        lock.release()
    else:
        _remove(file, lock)


def _remove_stale(file: Path) -> None:
    from filelock import FileLock, Timeout

    if file == _notes.file:
        return
    lock = FileLock(file.with_suffix(".lock"), thread_local=False)
    # Held: the program runs.
    with suppress(Timeout):
        lock.acquire(timeout=0)
        with file.open("rb") as stream:
            names = stream.read(_MOST_BYTES).split(b"\0")
        _remove_named(names)
        _remove(file, lock)


def _remove_named(names: Iterable[bytes]) -> None:
    for name in names:
        path = Path(os.fsdecode(name))
        # Whatever the notes say, nothing but what we named so.
        if _TEMPORARY.fullmatch(path.name):
            with suppress(OSError):
                if stat.S_ISREG(path.lstat().st_mode):
                    path.unlink()


def _remove(file: Path, lock: BaseFileLock) -> None:
    with suppress(OSError):
        file.unlink(missing_ok=True)
    # Removed while it is held where the system allows that: nobody can take it in between.
    with suppress(OSError):
        Path(lock.lock_file).unlink(missing_ok=True)
    lock.release()
    with suppress(OSError):
        Path(lock.lock_file).unlink(missing_ok=True)
