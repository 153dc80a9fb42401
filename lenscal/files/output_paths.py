"""Whether a file or folder can be written where it shall be, noticed before long work."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from lenscal.errors import InputError
from lenscal.files.own_files import is_own_profile
from lenscal.translation import Translatable, translatable

# More than a profile or a kernel file takes.
_LEAST_FREE_BYTES = 16 * 2**20


_LONGEST_NAME = 255
"""Bytes, where the system does not tell; on nearly all file systems."""
_ROOM = 100
"""Bytes of names in a folder, and of those of its own folders."""
_SHOWN = 40
"""Characters of a name that is too long."""


def check_name(path: Path, advice: Translatable | None = None) -> None:
    """Notice before any work that a file, or folder, cannot have that name.

    advice : what to do about it; None: in words that fit `--out`

    Raises
    ------
    InputError
        The file system takes no name, or the system no path, of that length.
    """
    name, whole = len(os.fsencode(path.name)), len(os.fsencode(path))
    longest, longest_path = _limits(path)
    if name <= longest and whole < longest_path:
        return
    of_name = name > longest
    raise InputError(
        translatable(
            "{name}…: a name of {count} bytes, where {most} are the most: {advice}",
            name=(path.name if of_name else str(path))[:_SHOWN],
            count=name if of_name else whole,
            most=longest if of_name else longest_path - 1,
            advice=advice or translatable("choose a shorter --out"),
        )
    )


def _limits(path: Path) -> tuple[int, int]:
    """Bytes of a name, and of a whole path with the zero at its end."""
    longest_path = 4096
    if not hasattr(os, "pathconf"):
        return _LONGEST_NAME, longest_path
    # The folder may not be there yet; the nearest one that is lies on the same disk.
    for folder in path.absolute().parents:
        with suppress(OSError, ValueError):
            return os.pathconf(folder, "PC_NAME_MAX"), os.pathconf(folder, "PC_PATH_MAX")
    return _LONGEST_NAME, longest_path


def check_profile_path(path: Path) -> None:
    """Notice before long work that a profile cannot be written there.

    Raises
    ------
    InputError
        As `check_output_file`, or the path is another kind of file.
    """
    from lenscal.files.checkpoint import checkpoint_path

    # Hours of work end here: whatever can be wrong with the path is found now. A checkpoint has the
    # longest name of all that is written.
    check_name(checkpoint_path(path))
    check_output_file(path, "lens.lenscal")
    # By its content, too: a photo may have any name.
    is_profile = path.suffix.lower() == ".lenscal" and is_own_profile(path)
    empty = path.is_file() and not path.stat().st_size
    if path.exists() and not is_profile and not empty:
        raise InputError(
            translatable(
                "--out {path} exists and is no lenscal profile: not overwritten, "
                "choose another name",
                path=path,
            )
        )


def check_output_file(path: Path, example: str) -> None:
    """Notice before any work that a file cannot be written there; `example` is a name it might
    have.

    Raises
    ------
    InputError
        Its folder is missing, not writable or full, or the path is a folder or a protected file.
    """
    check_name(path)
    if path.is_dir():
        raise InputError(
            translatable(
                "--out {path} is a folder: give a file name, e.g. {example}",
                path=path,
                example=path / example,
            )
        )
    # Not made here: a mistyped path would grow folders.
    folder = path.absolute().parent
    if not folder.is_dir():
        raise InputError(
            translatable(
                "--out {path}: there is no folder {folder}; create it first",
                path=path,
                folder=folder,
            )
        )
    _check_writable(folder, path)
    # An administrator may write anywhere, but does not mean to.
    if path.exists() and not (os.access(path, os.W_OK) and path.stat().st_mode & 0o222):
        raise InputError(
            translatable(
                "--out {path}: not allowed to write there; choose another place", path=path
            )
        )


def check_output_folder(path: Path) -> None:
    """Notice before long work that no files can be written to a folder. It may be missing, its
    parent may not.

    Raises
    ------
    InputError
        The path is a file, its parent is missing, or it is not writable.
    """
    # With room for the names in it.
    check_name(path)
    check_name(path / ("x" * _ROOM))
    if path.exists() and not path.is_dir():
        raise InputError(translatable("--out {path} is a file: give a folder", path=path))
    parent = path.absolute().parent
    if not path.exists() and not parent.is_dir():
        raise InputError(
            translatable(
                "--out {path}: there is no folder {folder}; create it first",
                path=path,
                folder=parent,
            )
        )
    _check_writable(path if path.exists() else parent, path)


def _check_writable(folder: Path, path: Path) -> None:
    """Try to write to a folder on behalf of --out `path`: rights alone do not tell of /proc or a
    full disk."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
    except OSError as error:
        why = error.strerror or str(error)
        if isinstance(error, PermissionError):
            why = translatable("not allowed to write there")
        raise InputError(
            translatable("--out {path}: {why}; choose another place", path=path, why=why)
        ) from error
    # What a job needs depends on it; with less than this none gets far.
    if free < _LEAST_FREE_BYTES:
        raise InputError(
            translatable(
                "--out {path}: the disk is full ({free_mb:.0f} MB free): make room, or choose "
                "another place",
                path=path,
                free_mb=free / 2**20,
            )
        )
