"""Files that are either whole or not there: written beside the target, then moved over it."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from lenscal.errors import LenscalError
from lenscal.system.unfinished import noted
from lenscal.translation import translatable

_LONGEST_SUFFIX = 16
"""Bytes: `.lenscal.checkpoint` is one of eleven."""


@contextmanager
def written_whole(path: Path, *, fresh: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `path` (same suffix) that replaces it when the block ends
    without an error.

    Where `path` is a symbolic link, the file that it names is replaced.

    Parameters
    ----------
    fresh : replace nothing, not even what another program has written there since the name was
    chosen

    Raises
    ------
    LenscalError
        The system does not let it be written, it is `fresh` and the name is taken, or what is there
        is protected against writing.
    """
    with written_together([path], fresh=fresh) as (temporary,):
        yield temporary


@contextmanager
def written_together(paths: Sequence[Path], *, fresh: bool = False) -> Iterator[list[Path]]:
    """As `written_whole`, for files that belong together: all are written before the first is
    replaced, and where one cannot be replaced the others stay as they were.

    Where the power fails in between, files are missing: an old and a new one never lie side by
    side.
    """
    targets = [Path(os.path.realpath(path)) if path.is_symlink() else path for path in paths]
    temporaries, asides = ([_temporary(path) for path in targets] for _ in range(2))
    current = [targets[0]]
    done = False
    with noted([*temporaries, *asides]):
        try:
            yield temporaries
            for current[0], temporary in zip(targets, temporaries, strict=True):
                _check_writable(current[0])
                _to_disk(temporary)
            _put_in_place(targets, temporaries, None if fresh else asides, current)
            done = True
        except OSError as error:
            why = error.strerror or str(error)
            raise LenscalError(
                translatable("{path} could not be written: {why}", path=current[0], why=why)
            ) from error
        finally:
            # What could not be put back is still there.
            for path in (*temporaries, *(asides if done else [])):
                # A read-only disk says so of a file that is not there, too.
                with suppress(OSError):
                    path.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{temporary_stem(path)}.{secrets.token_hex(4)}{_short_suffix(path)}")


def _put_in_place(
    targets: Sequence[Path],
    temporaries: Sequence[Path],
    asides: Sequence[Path] | None,
    current: list[Path],
) -> None:
    """Give all files their names, or none.

    asides : where what has these names waits meanwhile; None: nothing is replaced
    current : [that which is done at the moment], for messages
    """
    with ExitStack() as undo:
        # One alone is replaced in a single step of the system's.
        if asides is not None and len(targets) > 1:
            for current[0], aside in zip(targets, asides, strict=True):
                undo.callback(_put_back, aside, current[0])
                with suppress(FileNotFoundError):
                    current[0].replace(aside)
        for current[0], temporary in zip(targets, temporaries, strict=True):
            if len(targets) > 1:
                undo.callback(_take_back, current[0], temporary)
            if asides is None:
                _put_fresh(temporary, current[0])
            else:
                temporary.replace(current[0])
        undo.pop_all()


def _put_back(aside: Path, target: Path) -> None:
    with suppress(OSError):
        aside.replace(target)


def _take_back(target: Path, temporary: Path) -> None:
    """Remove a file that was put in place, and not what another program has put there."""
    with suppress(OSError):
        if not temporary.exists() or temporary.samefile(target):
            target.unlink()


def _check_writable(path: Path) -> None:
    """Raises OSError where the user, or another one, has protected what is there, or it is no
    file."""
    with suppress(FileNotFoundError):
        mode = path.stat().st_mode
        # Replacing a file asks the folder's rights only, and an administrator has them all.
        if not mode & 0o222:
            raise PermissionError(errno.EACCES, translatable("it is protected against writing"))
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, translatable("there is something that is no plain file"))


def _to_disk(path: Path) -> None:
    """Wait until the system has written a file: it may note the new name first, and the power
    fail."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _put_fresh(temporary: Path, path: Path) -> None:
    """Give the file its name, unless that is taken."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise LenscalError(
            translatable(
                "{path}: another program has written a file of that name meanwhile; try again",
                path=path,
            )
        ) from None
    except OSError:
        # A file system without hard links: what else is wrong, moving the file will tell.
        if path.exists():
            raise LenscalError(
                translatable("{path}: there is a file of that name by now; try again", path=path)
            ) from None
        temporary.replace(path)


def _short_suffix(path: Path) -> str:
    # What follows the last dot of a long name is no suffix.
    return path.suffix if len(os.fsencode(path.suffix)) <= _LONGEST_SUFFIX else ""


def temporary_stem(path: Path) -> str:
    """What a file's temporary names begin with: its own, but that every library can open it and
    file system hold it."""
    plain = path.stem.encode("ascii", "ignore").decode()[:60]
    return f"{plain}.{zlib.crc32(os.fsencode(path.name)):08x}"
