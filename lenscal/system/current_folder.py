"""The current folder, where that no longer exists: a share that was unmounted, a folder that was
cleared away."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from lenscal.errors import InputError
from lenscal.translation import translatable


def leave_missing_folder(paths: Iterable[Path]) -> None:
    """Go to another folder where the current one is gone: libraries that are loaded from there on
    (MKL) end the program otherwise.

    Parameters
    ----------
    paths : those that the user gave

    Raises
    ------
    InputError
        One of them begins at the folder that is gone.
    """
    try:
        Path.cwd()
        return
    except FileNotFoundError:
        pass
    for path in paths:
        if not path.is_absolute():
            raise InputError(
                translatable(
                    "{path}: the current folder no longer exists; "
                    "go to another one, or give the whole path",
                    path=path,
                )
            )
    os.chdir(Path(os.sep).resolve())
