"""Whether a zip can be a profile: checked before anything is unpacked."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from lenscal.errors import InputError
from lenscal.translation import translatable

PROFILE_ENTRY = "profile.json"
MOST_MEMBERS = 63
"""Calibrations of one lens in one file, beside the first: nine apertures at seven focal lengths."""
MAX_ENTRIES, MAX_MEMBER_ENTRIES = 64, 6 * MOST_MEMBERS
"""Of one calibration and of the others."""
MEMBERS = "members/"
# More than the largest grid and network take.
MAX_UNPACKED_BYTES = 2**30
# Profiles shrink at most tenfold; deflate can do 1000, which is what zip bombs live on.
MAX_RATIO = 400
# Below, headers weigh more than content, and the ratio says nothing.
SMALL_BYTES = 4096


def check_archive(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse a zip that cannot be a profile, before anything of it is unpacked.

    Raises
    ------
    InputError
        Too many files, a zip bomb, paths that climb out, or no profile.json.
    """
    entries = archive.infolist()
    of_members = sum(entry.filename.startswith(MEMBERS) for entry in entries)
    if of_members > MAX_MEMBER_ENTRIES or len(entries) - of_members > MAX_ENTRIES:
        raise InputError(
            translatable(
                "{path} holds {count} files, a profile has at most {most}: not opened",
                path=path,
                count=len(entries),
                most=MAX_ENTRIES,
            )
        )
    # What the directory states; `entry_of` checks that it is true.
    total = sum(entry.file_size for entry in entries)
    packed = sum(entry.compress_size for entry in entries)
    if total > MAX_UNPACKED_BYTES or total > MAX_RATIO * max(packed, SMALL_BYTES):
        raise InputError(
            translatable(
                "{path} would unpack from {packed} to {total} bytes (a zip bomb?): not opened",
                path=path,
                packed=packed,
                total=total,
            )
        )
    for entry in entries:
        # Windows takes both slashes for separators.
        parts = PurePosixPath(entry.filename.replace("\\", "/"))
        if parts.is_absolute() or ".." in parts.parts or ":" in entry.filename:
            raise InputError(
                translatable(
                    ("{path} contains the path {entry!r}, which points outside it: not opened"),
                    path=path,
                    entry=entry.filename,
                )
            )
    if PROFILE_ENTRY not in archive.namelist():
        raise InputError(
            translatable(
                "{path} is a zip file but not a lenscal profile: it holds no profile.json",
                path=path,
            )
        )
