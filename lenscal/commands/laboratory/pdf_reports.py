"""Reports of a batch as PDF, beside those that its calibrations have written as HTML.

They are drawn by Qt, in the process of the command: workers have no screen, and may have no Qt.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.errors import LenscalError
from lenscal.files.own_files import check_replaceable, is_own_report
from lenscal.laboratory.results import RECORD_NAME, pdf_path
from lenscal.system.display import require_drawing
from lenscal.translation import Translatable, message_of, translatable

if TYPE_CHECKING:
    from lenscal.laboratory.entries import Entry
    from lenscal.laboratory.work import Outcome


class PdfReports:
    """Of all calibrations of a batch that have results.

    written : the files that are there
    problems : why others could not be written, by the file

    Raises
    ------
    InputError
        Qt cannot draw here, or something that is not lenscal's own has the name of one.
    """

    def __init__(self, out: Path, entries: Sequence[Entry]) -> None:
        self._out = out
        self.written: list[Path] = []
        self.problems: dict[Path, Translatable] = {}
        require_drawing()
        for entry in entries:
            _check_place(pdf_path(out, entry))

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Those that are not there yet, or are of former results; one that fails does not stop the
        rest."""
        from lenscal.laboratory.work import unexpected

        for outcome in outcomes:
            path = pdf_path(self._out, outcome.entry)
            if not outcome.figures or path in self.written or path in self.problems:
                continue
            try:
                # Again: the calibration took its time.
                _check_place(path)
                if _is_older(path):
                    _draw(path)
                self.written.append(path)
            except Exception as error:
                known = isinstance(error, LenscalError)
                why = message_of(error) if known else unexpected(error)
                self.problems[path] = translatable(
                    "{path} was not written: {why}", path=path, why=why
                )

    def noted(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """The outcomes with what became of their reports."""
        problems = self.problems
        return [
            replace(o, problem=problems[path])
            if (path := pdf_path(self._out, o.entry)) in problems
            else o
            for o in outcomes
        ]


def _check_place(path: Path) -> None:
    check_replaceable(path, own=is_own_report(path))


def _is_older(path: Path) -> bool:
    """Whether a file is not there, or not of the results that lie beside it now."""
    if not path.exists():
        return True
    # The record is the last that is written of results.
    return path.stat().st_mtime_ns < path.with_name(RECORD_NAME).stat().st_mtime_ns


def _draw(path: Path) -> None:
    from lenscal.files.psf.profile import read_profile
    from lenscal.files.report.content import lens_report
    from lenscal.gui.drawing.pdf import write_pdf

    profile_path = path.with_suffix(".lenscal")
    write_pdf(lens_report(read_profile(profile_path), profile_path.name), path)
