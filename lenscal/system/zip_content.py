"""Zip files of strangers: what they promise is checked before anything is unpacked."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from lenscal.errors import InputError
from lenscal.translation import translatable

_END, _END_BYTES = b"PK\x05\x06", 22
"""The record at the end that says where the directory is."""
_END_64, _END_64_BYTES = b"PK\x06\x07", 20
"""What stands before it where there is a larger record before that, of `_RECORD_64_BYTES`."""
_RECORD_64_BYTES, _SIZE_IN_RECORD_64 = 56, 40
_LONGEST_COMMENT = 2**16
_MOST_DIRECTORY_BYTES = 2**20
"""Thousands of entries; each becomes an object ten times as large as it is in the file."""
_MAGIC = b"PK\x03\x04"


def is_zip(beginning: bytes) -> bool:
    """Whether a file that begins so is a zip."""
    return beginning.startswith(_MAGIC)


def zip_of(content: bytes, name: Any) -> zipfile.ZipFile:
    """The zip file that bytes hold; `name` is what messages call it.

    Raises
    ------
    InputError
        Its directory is larger than any of lenscal's.
    zipfile.BadZipFile
        It is no zip.
    """
    tail_at = max(0, len(content) - _LONGEST_COMMENT - _END_BYTES)
    at = content.find(_END, tail_at)
    while at >= 0:
        if _directory_bytes(content, at) > _MOST_DIRECTORY_BYTES:
            raise InputError(
                translatable("{name} holds more files than any of lenscal's: not opened", name=name)
            )
        at = content.find(_END, at + 1)
    return zipfile.ZipFile(io.BytesIO(content))


def _directory_bytes(content: bytes, at: int) -> int:
    """What the record at the end, which begins `at`, says of the directory; as zipfile reads it."""
    before = at - _END_64_BYTES
    if content[before : before + len(_END_64)] == _END_64:
        size_at = before - _RECORD_64_BYTES + _SIZE_IN_RECORD_64
        return int.from_bytes(content[size_at : size_at + 8], "little")
    return int.from_bytes(content[at + 12 : at + 16], "little")


def entry_of(archive: zipfile.ZipFile, entry: str, name: Any, most_bytes: int) -> bytes:
    """The content of an entry, never more than its directory promises.

    Raises
    ------
    InputError
        There is no such entry, it is larger than `most_bytes`, or not as large as it says.
    """
    if entry not in archive.namelist():
        raise InputError(
            translatable("{path} is damaged: it holds no {entry}", path=name, entry=entry)
        )
    promised = archive.getinfo(entry).file_size
    if promised > most_bytes:
        raise InputError(
            translatable(
                "{path}: {entry} would unpack to {size:.0f} MiB, more than such files hold: not "
                "opened",
                path=name,
                entry=entry,
                size=promised / 2**20,
            )
        )
    with archive.open(entry) as stream:
        # One byte more, to notice an entry that is longer than it says.
        content = stream.read(promised + 1)
    if len(content) != promised:
        raise InputError(
            translatable(
                "{path} is damaged: {entry} has another size than stated", path=name, entry=entry
            )
        )
    return content
