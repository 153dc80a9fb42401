"""Files that are either whole or not there: written beside the target, then moved over it."""

from __future__ import annotations

import os
import secrets
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lenscal.errors import LenscalError
from lenscal.translation import translatable


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
        The system does not let it be written, or it is `fresh` and the name is taken.
    """
    path = Path(os.path.realpath(path)) if path.is_symlink() else path
    temporary = path.with_name(f".{temporary_stem(path)}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        if fresh:
            _put_fresh(temporary, path)
        else:
            temporary.replace(path)
    except OSError as error:
        raise LenscalError(
            translatable(
                "{path} could not be written: {why}", path=path, why=error.strerror or str(error)
            )
        ) from error
    finally:
        # A read-only disk says so of a file that is not there, too.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


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


def temporary_stem(path: Path) -> str:
    """What a file's temporary names begin with: its own, but that every library can open it and
    file system hold it."""
    plain = path.stem.encode("ascii", "ignore").decode()[:60]
    return f"{plain}.{zlib.crc32(os.fsencode(path.name)):08x}"
