"""Where the system keeps a user's files; a user without a home folder has no such place."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

LIBRARY_VARIABLE = "LENSCAL_LIBRARY"
"""Of the environment: a folder for the library, on a disk that several computers share, say."""


def cache_folder() -> Path:
    """For what can be made again. Not made here."""
    import platformdirs

    try:
        return platformdirs.user_cache_path("lenscal")
    except RuntimeError:
        # A container's numeric user: no entry in passwd, no HOME.
        return _temporary()


def data_folder() -> Path:
    """For what the user wants to keep. Not made here."""
    import platformdirs

    try:
        return platformdirs.user_data_path("lenscal")
    except RuntimeError:
        return _temporary()


def library_folder() -> Path:
    """For the library of lenses: where LENSCAL_LIBRARY says, else with the user's data. Not made
    here."""
    chosen = os.environ.get(LIBRARY_VARIABLE, "")
    return Path(chosen).expanduser() if chosen else data_folder() / "library"


def config_folder() -> Path | None:
    """For settings; None where this user has no place for them."""
    import platformdirs

    try:
        return platformdirs.user_config_path("lenscal")
    except RuntimeError:
        # Settings of whoever made such a folder first would be taken for one's own.
        return None


def _temporary() -> Path:
    """Of this user alone: several share the system's folder for temporary files."""
    user = os.getuid() if hasattr(os, "getuid") else "user"
    return Path(tempfile.gettempdir()) / f"lenscal-{user}"
