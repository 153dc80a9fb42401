"""Files that are either whole or not there: written beside the target, then moved over it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lenscal.errors import InputError, LenscalError


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path` (same suffix) that replaces it when the block ends without an error."""
    temporary = path.with_name(f".{path.stem[:80]}.{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise LenscalError(f"{path} could not be written: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def check_profile_path(path: Path) -> None:
    """Notice before long work that a profile cannot be written there.

    Raises
    ------
    InputError
        Its folder is missing or not writable, or the path is a folder or another kind of file.
    """
    if path.is_dir():
        raise InputError(f"--out {path} is a folder: give a file name, e.g. {path / 'lens.lenscal'}")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise InputError(f"--out {path}: there is no folder {folder}; create it first")
    if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise InputError(f"--out {path}: not allowed to write there; choose another place")
    if path.exists() and path.suffix.lower() != ".lenscal":
        raise InputError(f"--out {path} exists and is no lenscal profile: not overwritten, choose another name")


def check_output_folder(path: Path) -> None:
    """Notice before long work that no files can be written to a folder. It may be missing, its parent may not.

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
    if not os.access(path if path.exists() else parent, os.W_OK):
        raise InputError(f"--out {path}: not allowed to write there; choose another place")
