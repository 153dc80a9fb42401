"""Tables of a benchmark inside a document that is otherwise written by hand."""

from __future__ import annotations

from pathlib import Path

import lenscal
from lenscal.errors import InputError
from lenscal.system.atomic import written_whole
from lenscal.system.file_content import read_plain_file
from lenscal.translation import translatable

BEGIN = "<!-- tables: lenscal benchmark -->"
END = "<!-- /tables -->"
_MOST_BYTES = 16 * 2**20


def check_markers(path: Path) -> None:
    """Refuse a document that does not say where its tables begin and end; one that is not there
    yet may be made.

    Raises
    ------
    InputError
        The two markers do not stand in it once each, in their order.
    """
    if path.is_file():
        _around_tables(path)


def _around_tables(path: Path) -> tuple[str, str]:
    """What stands before and after the markers."""
    # A marker that stands twice would leave open which tables are the old ones.
    try:
        text = read_plain_file(path, _MOST_BYTES).decode()
    except UnicodeError:
        # No document: it has no markers either.
        text = ""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    once = text.count(BEGIN) == text.count(END) == 1
    if not (begin and end and once):
        raise InputError(
            translatable(
                "--markdown {path}: the tables go between the lines {begin} and {end}: put each of "
                "them into the document once, in this order",
                path=path,
                begin=BEGIN,
                end=END,
            )
        )
    return before, after


def write_tables(path: Path, tables: str, program: str) -> None:
    """Write tables between the two markers; all that a document holds before and after stays. All
    old tables go, so that those that stand there were made by one program.

    Parameters
    ----------
    path : Path
        Made, with the markers alone, where it is not there.
    tables : str
    program : str
        The digest of the source that made them, which is written above them.

    Raises
    ------
    InputError
        See `check_markers`.
    """
    before, after = _around_tables(path) if path.is_file() else ("", "\n")
    origin = f"Made by `lenscal benchmark`, version {lenscal.__version__}, program `{program}`."
    text = f"{before}{BEGIN}\n\n{origin}\n\n{tables.strip()}\n\n{END}{after}"
    # A document that is half written would lose what was written by hand.
    with written_whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
