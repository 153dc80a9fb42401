"""Where decoded photos live while a job runs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def photo_cache() -> Iterator[Path]:
    """A folder for decoded photos, which are too many for memory; removed at the end."""
    import platformdirs

    base = platformdirs.user_cache_path("lenscal")
    try:
        base.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="photos-", dir=base))
    except OSError:
        folder = Path(tempfile.mkdtemp(prefix="lenscal-photos-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
