"""Tables of a benchmark inside a document that is otherwise written by hand."""

from __future__ import annotations

from pathlib import Path

from lenscal.errors import InputError
from lenscal.system.atomic import written_whole
from lenscal.translation import translatable

BEGIN = "<!-- tables of lenscal benchmark --markdown -->"
END = "<!-- end of the tables of lenscal benchmark --markdown -->"


def check_markers(path: Path) -> None:
    """Refuse a document of which it could not be said where its tables begin and end.

    Raises
    ------
    InputError
        One of the two lines is missing, or they stand more than once or in the wrong order.
    """
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    begins, ends = text.count(BEGIN), text.count(END)
    if begins != ends or begins > 1 or text.find(END) < text.find(BEGIN):
        raise InputError(
            translatable(
                "--markdown {path}: the tables go between the line {begin} and the line {end}: "
                "give each of them once, in this order",
                path=path,
                begin=BEGIN,
                end=END,
            )
        )


def write_tables(path: Path, tables: str) -> None:
    """Write the tables between the two markers; all that a document holds before and after stays.

    A document without markers gets them, and the tables, at its end.

    Raises
    ------
    InputError
        See `check_markers`.
    """
    check_markers(path)
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if before and not before.endswith("\n"):
        before += "\n"
    with written_whole(path) as temporary:
        whole = f"{before}{BEGIN}\n\n{tables}\n{END}{after or chr(10)}"
        temporary.write_text(whole, encoding="utf-8")
