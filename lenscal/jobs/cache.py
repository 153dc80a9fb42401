"""Where decoded photos live while a job runs."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lenscal.system.user_folders import cache_folder

_STALE_S = {"photos-*": 24 * 3600, "window-*": 7 * 24 * 3600}
"""Folders by the age at which nobody works in them any more; a window may stay open for days."""


@contextmanager
def photo_cache() -> Iterator[Path]:
    """A folder for decoded photos, which are too many for memory; removed at the end.

    What programs that were killed have left is removed too: it is gigabytes.
    """
    base = cache_folder()
    try:
        base.mkdir(parents=True, exist_ok=True)
        remove_stale(base)
        folder = Path(tempfile.mkdtemp(prefix="photos-", dir=base))
    except OSError:
        # No cache folder for this user, or no room: the system has a place for temporary files.
        folder = Path(tempfile.mkdtemp(prefix="lenscal-photos-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def remove_stale(base: Path) -> None:
    """Remove what killed programs have left in lenscal's own folder for caches.

    Photos that are still mapped into a running program's memory stay readable there, so age is
    enough to know.
    """
    for pattern, age in _STALE_S.items():
        for folder in base.glob(pattern):
            with suppress(OSError):  # another program may have removed it
                if folder.stat().st_mtime < time.time() - age:
                    shutil.rmtree(folder, ignore_errors=True)
