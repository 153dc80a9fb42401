"""Where decoded photos live while a job runs."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_STALE_S = 24 * 3600


@contextmanager
def photo_cache() -> Iterator[Path]:
    """A folder for decoded photos, which are too many for memory; removed at the end.

    What programs that were killed have left for a day is removed too: it is gigabytes.
    """
    import platformdirs

    base = platformdirs.user_cache_path("lenscal")
    try:
        base.mkdir(parents=True, exist_ok=True)
        _remove_stale(base)
        folder = Path(tempfile.mkdtemp(prefix="photos-", dir=base))
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="lenscal-photos-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_stale(base: Path) -> None:
    """Photos that are still mapped into a running program's memory stay readable there, so age is enough to know."""
    for folder in base.glob("photos-*"):
        if folder.stat().st_mtime < time.time() - _STALE_S:
            shutil.rmtree(folder, ignore_errors=True)
