"""Decoded pixels on the disk, memory-mapped: folders of photos are larger than memory."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import LenscalError
from lenscal.translation import translatable

Pixel = TypeVar("Pixel", bound=np.generic)

_LONGEST_STEM = 40
"""Characters of a photo's name, each of up to four bytes."""


class CacheError(LenscalError):
    """Decoded photos cannot be kept on the disk: no fault of the photo."""


def cache_stem(path: Path) -> str:
    """How the files of a photo are called: another for each state of each file."""
    # A file that was changed under its name must not come back as it was.
    state = path.stat()
    key = f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}"
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    # A name may be as long as names can be already.
    return f"{path.stem[:_LONGEST_STEM]}-{digest}"


def to_cache(array: NDArray[Pixel], target: Path) -> NDArray[Pixel]:
    """Write an array as .npy and map it back; the file appears whole or not at all.

    Raises
    ------
    CacheError
        The disk is full or the folder cannot be written.
    """
    partial: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "wb", dir=target.parent, prefix=".", suffix=".part", delete=False
        ) as file:
            partial = Path(file.name)
            # The wrapped file: numpy writes a real file without a copy of the array in memory.
            np.save(file.file, array)
        partial.replace(target)
        # Read-only: a cached photo is shared by all that ask for it.
        mapped: NDArray[Any] = np.load(target, mmap_mode="r")
        return mapped
    except OSError as error:
        raise CacheError(
            translatable(
                "{folder}: {error}; {megabytes:.0f} MB are needed there: make room",
                folder=str(target.parent),
                error=error.strerror or str(error),
                megabytes=array.nbytes / 1e6,
            )
        ) from error
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
