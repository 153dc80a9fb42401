"""Files that are either whole or not there: written beside the target, then moved over it."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
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
    replaced.

    Where the power fails in between, files are missing: an old and a new one never lie side by
    side.
    """
    targets = [Path(os.path.realpath(path)) if path.is_symlink() else path for path in paths]
    temporaries = [
        path.with_name(f".{temporary_stem(path)}.{secrets.token_hex(4)}{_short_suffix(path)}")
        for path in targets
    ]
    with noted(temporaries):
        yield from _written(targets, temporaries, fresh)


def _written(targets: Sequence[Path], temporaries: list[Path], fresh: bool) -> Iterator[list[Path]]:
    current = targets[0]
    try:
        yield temporaries
        for current, temporary in zip(targets, temporaries, strict=True):
            _check_writable(current)
            _to_disk(temporary)
        if not fresh:
            for current in targets[1:]:
                current.unlink(missing_ok=True)
        for current, temporary in zip(targets, temporaries, strict=True):
            if fresh:
                _put_fresh(temporary, current)
            else:
                temporary.replace(current)
    except OSError as error:
        raise LenscalError(
            translatable(
                "{path} could not be written: {why}", path=current, why=error.strerror or str(error)
            )
        ) from error
    finally:
        for temporary in temporaries:
            # A read-only disk says so of a file that is not there, too.
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


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
