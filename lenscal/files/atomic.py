"""Files that are either whole or not there: written beside the target, then moved over it."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lenscal.errors import InputError, LenscalError

_LEAST_FREE_BYTES = 16 * 2**20
"""More than a profile or a kernel file takes."""


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
        raise LenscalError(f"{path} could not be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):  # a read-only disk says so of a file that is not there, too
            temporary.unlink(missing_ok=True)


def _put_fresh(temporary: Path, path: Path) -> None:
    """Give the file its name, unless that is taken."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise LenscalError(
            f"{path}: another program has written a file of that name meanwhile; try again"
        ) from None
    except (
        OSError
    ):  # a file system without hard links: what else is wrong, moving the file will tell
        if path.exists():
            raise LenscalError(f"{path}: there is a file of that name by now; try again") from None
        temporary.replace(path)


def temporary_stem(path: Path) -> str:
    """What a file's temporary names begin with: its own, but that every library can open it and
    file system hold it."""
    plain = path.stem.encode("ascii", "ignore").decode()[:60]
    return f"{plain}.{zlib.crc32(os.fsencode(path.name)):08x}"


def check_profile_path(path: Path) -> None:
    """Notice before long work that a profile cannot be written there.

    Raises
    ------
    InputError
        As `check_output_file`, or the path is another kind of file.
    """
    check_output_file(path, "lens.lenscal")
    if path.exists() and path.suffix.lower() != ".lenscal":
        raise InputError(
            f"--out {path} exists and is no lenscal profile: not overwritten, choose another name"
        )


def check_output_file(path: Path, example: str) -> None:
    """Notice before any work that a file cannot be written there; `example` is a name it might
    have.

    Raises
    ------
    InputError
        Its folder is missing, not writable or full, or the path is a folder or a protected file.
    """
    if path.is_dir():
        raise InputError(f"--out {path} is a folder: give a file name, e.g. {path / example}")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise InputError(f"--out {path}: there is no folder {folder}; create it first")
    _check_writable(folder, path)
    if path.exists() and not os.access(path, os.W_OK):
        raise InputError(f"--out {path}: not allowed to write there; choose another place")


def check_output_folder(path: Path) -> None:
    """Notice before long work that no files can be written to a folder. It may be missing, its
    parent may not.

    Raises
    ------
    InputError
        The path is a file, its parent is missing, or it is not writable.
    """
    if path.exists() and not path.is_dir():
        raise InputError(f"--out {path} is a file: give a folder")
    parent = path.absolute().parent
    if not path.exists() and not parent.is_dir():
        raise InputError(f"--out {path}: there is no folder {parent}; create it first")
    _check_writable(path if path.exists() else parent, path)


def _check_writable(folder: Path, path: Path) -> None:
    """Try to write to a folder on behalf of --out `path`: rights alone do not tell of /proc or a
    full disk."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        why = (
            "not allowed to write there"
            if isinstance(error, PermissionError)
            else error.strerror or str(error)
        )
        raise InputError(f"--out {path}: {why}; choose another place") from error
    if free < _LEAST_FREE_BYTES:
        raise InputError(
            f"--out {path}: the disk is full ({free / 2**20:.0f} MB free): make room, or choose another place"
        )
