"""XMP sidecars: which files they are, and how they turn a photo."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from lenscal.raw.exif import read_xmp_orientation


def xmp_sidecars(photo: Path) -> list[Path]:
    """XMP files that belong to a photo; the last one counts most.

    NAME.xmp (Adobe's, Capture One's, Photo Mechanic's) may be a JPEG's of that name as well;
    NAME.EXT.xmp (darktable's, digiKam's) is the photo's alone.
    """
    return list(chain(files_beside(photo, ".xmp", whole_name=False), files_beside(photo, ".xmp")))


def files_beside(photo: Path, suffix: str, *, whole_name: bool = True) -> Iterator[Path]:
    """NAME.EXT.suffix or NAME.suffix, where there is one.

    Looked for by name: listing a folder of ten thousand photos for each of them would take long.
    """
    stem = photo.name if whole_name else photo.stem
    for written in (suffix, suffix.upper()):
        path = photo.with_name(f"{stem}{written}")
        # Not Path.is_file, which raises where the photo's name is nearly too long already.
        if path != photo and os.path.isfile(path):  # noqa: PTH113
            yield path
            return


def orientation_by_sidecars(photo: Path) -> int | None:
    """How a program turned a photo, as EXIF's Orientation; None where none did.

    Adobe's programs leave the RAW file alone and write tiff:Orientation beside it.
    """
    told = (read_xmp_orientation(sidecar) for sidecar in reversed(xmp_sidecars(photo)))
    return next((orientation for orientation in told if orientation), None)
