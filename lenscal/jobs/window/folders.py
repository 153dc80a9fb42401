"""Where the window keeps things."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from lenscal.jobs.cache import ScratchFolder, ScratchKind, scratch_folder
from lenscal.system.user_folders import data_folder


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the window keeps things."""

    cache: Path
    """Decoded photos and the virtual lens's files; emptied at the end."""
    kept: Path
    """Every calibration is kept here at once."""
    scratch: ScratchFolder | None = None
    """The same as `cache`, where it is locked against other windows that start."""

    @property
    def projects(self) -> Path:
        """Projects that have no name yet."""
        return self.kept.parent / "projects"

    def remove_cache(self) -> None:
        """At the end of the window. What cannot be removed keeps no window open."""
        if self.scratch is not None:
            self.scratch.remove()
        else:
            shutil.rmtree(self.cache, ignore_errors=True)


def user_folders(cache: str = "") -> Folders:
    """The usual folders; decoded photos go to `cache` where that is given and can be written."""
    scratch = scratch_folder(ScratchKind.WINDOW, Path(cache) if cache else None)
    return Folders(scratch.path, data_folder() / "calibrations", scratch)
