"""Where the window keeps things."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from lenscal.jobs.cache import remove_stale
from lenscal.system.user_folders import cache_folder, data_folder


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the window keeps things."""

    cache: Path
    """Decoded photos and the virtual lens's files; emptied at the end."""
    kept: Path
    """Every calibration is kept here at once."""

    @property
    def projects(self) -> Path:
        """Projects that have no name yet."""
        return self.kept.parent / "projects"


def user_folders(cache: str = "") -> Folders:
    """The usual folders; decoded photos go to `cache` where that is given and can be written."""
    base = Path(cache) if cache else cache_folder()
    try:
        base.mkdir(parents=True, exist_ok=True)
        # A folder of the user's own choice may hold anything: nothing is removed from it.
        if not cache:
            remove_stale(base)
        folder = Path(tempfile.mkdtemp(prefix="window-", dir=base))
    except OSError:
        # A disk that is gone, or full, must not keep the window from opening.
        folder = Path(tempfile.mkdtemp(prefix="lenscal-window-"))
    return Folders(folder, data_folder() / "calibrations")
