"""Which of many photos hold the same bytes as another: in time that grows with their number."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.translation import translatable

LEAST_PHOTO_BYTES = 65536
"""Smaller files are no RAW photos; what is wrong with them is said one by one."""
_LOOKS = 50
"""Between two reports: some milliseconds."""
_SAMPLES, _SAMPLE_BYTES = 4, 4096
"""Looked at before a whole file is read: uncompressed photos all have one size, and differ here."""


def find_copies(
    paths: Sequence[Path], *, least_bytes: int = LEAST_PHOTO_BYTES
) -> Job[dict[Path, Path]]:
    """For each file of the same bytes as one before it, whatever their names, that first one.

    Files are told apart by their size, then by samples, and only those that agree in both are read
    whole, once each. What cannot be read, or is too small for a photo, is left to the decoder.
    """
    alike = yield from _alike(paths, least_bytes)
    copies: dict[Path, Path] = {}
    for group in alike:
        originals: dict[bytes, Path] = {}
        for path in group:
            message = translatable("Comparing {name} with photos of its size", name=path.name)
            yield Report("import", message, 0.0)
            digest = _digest(path)
            # Against originals alone, so that three equal files are two copies of the first.
            if digest and originals.setdefault(digest, path) is not path:
                copies[path] = originals[digest]
    return copies


def _alike(paths: Sequence[Path], least_bytes: int) -> Job[list[list[Path]]]:
    """Groups of two and more files that are equal as far as size and samples tell."""
    by_size: dict[int, list[Path]] = {}
    for n, path in enumerate(paths):
        yield from _told(n, len(paths))
        size = _size(path)
        if size >= least_bytes:
            by_size.setdefault(size, []).append(path)
    groups: list[list[Path]] = []
    for size, of_size in by_size.items():
        by_sample: dict[bytes, list[Path]] = {}
        for n, path in enumerate(of_size if len(of_size) > 1 else ()):
            yield from _told(n, len(of_size))
            by_sample.setdefault(_sample(path, size), []).append(path)
        groups += [group for sample, group in by_sample.items() if sample and len(group) > 1]
    return groups


def _told(n: int, count: int) -> Job[None]:
    """Report from time to time: a look takes far less time than a report of it."""
    if n % _LOOKS == _LOOKS - 1:
        message = translatable("Looking for copies ({n} of {count} photos)", n=n + 1, count=count)
        yield Report("import", message, 0.0, n)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _sample(path: Path, size: int) -> bytes:
    """A few pieces that are spread over a file; empty where it cannot be read."""
    room = max(size - _SAMPLE_BYTES, 0)
    try:
        with path.open("rb", buffering=0) as file:
            pieces = []
            for n in range(_SAMPLES):
                # Also the end: files that were cut off and filled up differ there.
                file.seek(room * n // (_SAMPLES - 1))
                pieces.append(file.read(_SAMPLE_BYTES))
    except OSError:
        return b""
    return hashlib.blake2b(b"".join(pieces), digest_size=16).digest()


def _digest(path: Path) -> bytes:
    """Of the whole file; empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "blake2b").digest()
    except OSError:
        return b""
