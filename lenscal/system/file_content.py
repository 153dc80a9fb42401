"""The one way to open files that others may have made: only plain files, only so many bytes, read
once."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from lenscal.errors import InputError
from lenscal.translation import translatable

ANY_SIZE = 2**63
"""For files that are not read here, or not to their ends."""
_FLAGS = (
    os.O_RDONLY
    # A named pipe without a writer would be waited for, for ever.
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


def open_plain_file(path: Path, most_bytes: int) -> BinaryIO:
    """Open a file to read it from its beginning.

    Raises
    ------
    InputError
        It cannot be opened, is no plain file (a folder, pipe, device or socket), or is larger than
        `most_bytes`.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    # ValueError: a name with a zero character.
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from error
    try:
        # Of what is open, not of the name: between two looks it could become another file.
        _check_plain(path, os.fstat(descriptor), most_bytes)
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def read_plain_file(path: Path, most_bytes: int) -> bytes:
    """All of a file; raises InputError as `open_plain_file`."""
    with open_plain_file(path, most_bytes) as stream:
        try:
            # One byte more: it may have grown meanwhile.
            content = stream.read(min(os.fstat(stream.fileno()).st_size, most_bytes) + 1)
        except OSError as error:
            raise _unreadable(path, error) from error
    if len(content) > most_bytes:
        raise _too_large(path, most_bytes)
    return content


def check_plain_file(path: Path, most_bytes: int) -> None:
    """Refuse what `open_plain_file` refuses, for libraries that open files themselves."""
    open_plain_file(path, most_bytes).close()


def first_bytes(path: Path, count: int) -> bytes:
    """What a file begins with; nothing where it cannot be read or is no plain file."""
    try:
        with open_plain_file(path, ANY_SIZE) as stream:
            return stream.read(count)
    except (InputError, OSError):
        return b""


def _check_plain(path: Path, status: os.stat_result, most_bytes: int) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise InputError(translatable("{path} is a folder: give a file", path=path))
    if not stat.S_ISREG(status.st_mode):
        raise InputError(
            translatable("{path} is a pipe, a device or a socket: give a plain file", path=path)
        )
    if status.st_size > most_bytes:
        raise _too_large(path, most_bytes)


def _too_large(path: Path, most_bytes: int) -> InputError:
    return InputError(
        translatable(
            "{path} is larger than such files are ({most:.0f} MB): choose another file",
            path=path,
            most=most_bytes / 2**20,
        )
    )


def _unreadable(path: Path, error: Exception) -> InputError:
    if isinstance(error, FileNotFoundError):
        return InputError(translatable("{path}: there is no such file", path=path))
    reason = getattr(error, "strerror", None) or error
    return InputError(translatable("{path} cannot be read: {reason}", path=path, reason=reason))
