"""EXIF data of a file through exiv2: texts and numbers by key. What cannot be read is absent."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lenscal.printable import without_controls
from lenscal.system.streams.native_stderr import without_library_noise

EXIV2_LOCK = threading.Lock()
"""exiv2's XMP parser and its log settings are global: one thread at a time reads or writes
metadata."""

_MOST_NUMBERS = 64
"""More than any tag holds that is read as floats: damaged files claim millions of values."""

_MOST_BYTES = 64 * 2**20
"""Of a tag that is read as it is."""


def open_image(path: Path) -> Any:
    """The file for exiv2, which takes no name that is not UTF-8: such a file is handed over by its
    contents.

    Raises
    ------
    exiv2.Exiv2Error, OSError
        It cannot be read, or is no picture.
    """
    import exiv2

    try:
        return exiv2.ImageFactory.open(str(path))
    except TypeError:
        # A name with bytes that are no UTF-8.
        return exiv2.ImageFactory.open(path.read_bytes())


@contextmanager
def changed_metadata(path: Path) -> Iterator[Any]:
    """A picture for exiv2, to change its metadata: they are written at the end.

    exiv2 gets and returns it in memory: left to write a file itself, it says nothing of a full disk
    and leaves half of the picture.

    Raises
    ------
    exiv2.Exiv2Error, OSError
        It cannot be read, is no picture, or cannot be written.
    """
    import exiv2

    image = exiv2.ImageFactory.open(path.read_bytes())
    image.readMetadata()
    yield image
    image.writeMetadata()
    content = image.io()
    content.open()
    with memoryview(content.mmap()) as whole:
        path.write_bytes(whole)
    content.close()


def read_exif(path: Path) -> Exif | None:
    """A file's EXIF data; None where it has none or cannot be read."""
    import exiv2

    with EXIV2_LOCK, without_library_noise():
        # Odd tags are common, and exiv2 would write of each to standard error.
        exiv2.LogMsg.setLevel(exiv2.LogMsg.Level.mute)
        try:
            image = open_image(path)
            image.readMetadata()
            return Exif(image)
        except (exiv2.Exiv2Error, OSError, UnicodeError, ValueError):
            return None


def read_xmp_orientation(path: Path) -> int | None:
    """tiff:Orientation, 1 to 8, of an XMP file; None where it has none or cannot be read."""
    said = read_xmp_text(path, "Xmp.tiff.Orientation")
    return int(said) if said in {"1", "2", "3", "4", "5", "6", "7", "8"} else None


def read_xmp_text(path: Path, key: str) -> str:
    """What the XMP in a file says by a key; empty where it says nothing or cannot be read."""
    import exiv2

    with EXIV2_LOCK, without_library_noise():
        exiv2.LogMsg.setLevel(exiv2.LogMsg.Level.mute)
        try:
            image = open_image(path)
            image.readMetadata()
            said = (datum.toString() for datum in image.xmpData() if datum.key() == key)
            return clean_text(next(said, ""))
        except (exiv2.Exiv2Error, OSError, UnicodeError, ValueError):
            return ""


class Exif:
    """EXIF data by key, e.g. "Exif.Photo.FNumber"."""

    def __init__(self, image: Any) -> None:
        # exiv2's data lives no longer than its image.
        self._image = image
        self._data = image.exifData()

    def text(self, *keys: str) -> str:
        """The first text by key that says something; empty where none does."""
        for key in keys:
            datum = self._find(key)
            if datum is not None and (text := self._print(datum)):
                return text
        return ""

    def easy_text(self, name: str) -> str:
        """What exiv2 itself looks up in standard tags and maker notes, e.g. "lensName"."""
        import exiv2

        datum = getattr(exiv2, name)(self._data)
        if datum is None or datum == self._data.end():
            return ""
        return self._print(datum)

    def floats(self, key: str, most: int = _MOST_NUMBERS) -> list[float]:
        """All numbers of a tag, `most` of them at most; empty where it is absent or odd."""
        datum = self._find(key)
        if datum is None:
            return []
        # Fractions over 0 are how cameras say "unknown".
        try:
            value = datum.getValue()
            return [_exact(value, i) for i in range(min(value.count(), most))]
        except (ZeroDivisionError, ValueError, IndexError):
            return []

    def first_floats(self, keys: Iterable[str]) -> list[float]:
        """The numbers of the first of these tags that has any."""
        return next((values for key in keys if (values := self.floats(key))), [])

    def integers(self, key: str) -> list[int]:
        """All whole numbers of a tag, however many; empty where it is absent or odd."""
        datum = self._find(key)
        if datum is None:
            return []
        try:
            value = datum.getValue()
            return [int(value.toInt64(i)) for i in range(value.count())]
        except (ValueError, IndexError):
            return []

    def content(self, key: str) -> bytes:
        """The bytes of a tag that is no number; empty where it is absent or odd."""
        datum = self._find(key)
        if datum is None or not 0 < datum.size() <= _MOST_BYTES:
            return b""
        try:
            return bytes(datum.getValue().data())
        except (AttributeError, TypeError, ValueError):
            return b""

    def _find(self, key: str) -> Any:
        import exiv2

        try:
            datum = self._data.findKey(exiv2.ExifKey(key))
        except exiv2.Exiv2Error:
            return None
        return None if datum == self._data.end() else datum

    def _print(self, datum: Any) -> str:
        import exiv2

        try:
            return clean_text(datum.print(self._data))
        except (exiv2.Exiv2Error, UnicodeError):
            return ""


def _exact(value: Any, index: int) -> float:
    """One number; fractions in double precision, where exiv2's own floats are single."""
    import exiv2

    if value.typeId() in (exiv2.TypeId.unsignedRational, exiv2.TypeId.signedRational):
        numerator, denominator = value.toRational(index)
        return float(numerator / denominator)
    return float(value.toFloat(index))


def clean_text(text: str) -> str:
    """Printable characters of an EXIF string, blanks collapsed; empty where the bytes were not
    text."""
    # Cameras fill fields up with what was in their memory, behind a zero.
    text = text.split("\0", 1)[0]
    if any("\udc80" <= ch <= "\udcff" or (ord(ch) < 32 and ch not in "\t\r\n") for ch in text):
        return ""
    return without_controls(" ".join(text.split()))
