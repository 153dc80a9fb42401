"""Text of strangers (names of files, EXIF, profiles) made safe to print, and to name files by."""

from __future__ import annotations

import unicodedata

_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They turn the order of what is shown: a name ends in .dng and is an .exe."""
_LONGEST_STEM = 60
"""Characters: at most 240 bytes, which leaves room for a suffix."""
_SEPARATORS = frozenset("\u2028\u2029")


def printable(text: str, *, lines: bool = False) -> str:
    """The text with control characters as escapes (`\\x1b`), which a terminal would obey.

    lines : whether tabs and ends of lines stay; a name that holds one must not begin a line of its
    own
    """
    # Nearly all text is; looking at it in one go costs next to nothing.
    if text.isascii() and text.isprintable():
        return text
    allowed = "\n\t" if lines else ""
    return "".join(_escaped(c) if _is_control(c) and c not in allowed else c for c in text)


def without_controls(text: str) -> str:
    """The text without control characters."""
    return "".join(c for c in text if not _is_control(c))


def file_stem(text: str) -> str:
    """The text as a name for a file: without what a file system refuses or takes for a folder."""
    plain = "".join(c if c.isalnum() or c in "-._ ()" else "-" for c in text).strip(". ")
    return plain[:_LONGEST_STEM].strip(". ")


def _is_control(c: str) -> bool:
    # Cc: C0, DEL and C1; lone surrogates stand for bytes that are no text, and are printed so.
    return unicodedata.category(c) == "Cc" or c in _DIRECTIONS or c in _SEPARATORS


def _escaped(c: str) -> str:
    return c.encode("unicode_escape").decode("ascii")
