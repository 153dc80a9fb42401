"""Reports of a batch as PDF, beside those that its calibrations have written as HTML.

They are drawn by Qt, in the process of the command: workers have no screen, and may have no Qt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lenscal.errors import LenscalError
from lenscal.translation import Translatable, message_of, translatable

if TYPE_CHECKING:
    from lenscal.laboratory.work import Outcome


class PdfReports:
    """Of all calibrations of a batch that have results.

    problems : why some could not be written
    """

    def __init__(self, out: Path) -> None:
        self._out = out
        self._seen: set[str] = set()
        self.written: list[Path] = []
        self.problems: list[Translatable] = []

    def write(self, outcomes: Iterable[Outcome]) -> None:
        """Those that are not there yet, or are of former results."""
        for folder in self._new(outcomes):
            path = folder / f"{folder.name}.pdf"
            try:
                if _is_older(path, folder):
                    _draw(folder / f"{folder.name}.lenscal", path)
            except (LenscalError, OSError) as error:
                problem = translatable(
                    "{path} was not written: {why}", path=path, why=message_of(error)
                )
                self.problems.append(problem)
                continue
            self.written.append(path)

    def _new(self, outcomes: Iterable[Outcome]) -> Iterator[Path]:
        for outcome in outcomes:
            name = outcome.entry.folder_name
            if outcome.figures and name not in self._seen:
                self._seen.add(name)
                yield self._out / name


def _is_older(path: Path, folder: Path) -> bool:
    """Whether a file is not of the results that lie in a folder now."""
    from lenscal.laboratory.results import RECORD_NAME

    if not path.exists():
        return True
    # The record is the last that is written of results.
    return path.stat().st_mtime_ns < (folder / RECORD_NAME).stat().st_mtime_ns


def _draw(profile_path: Path, path: Path) -> None:
    from lenscal.files.psf.profile import read_profile
    from lenscal.files.report.content import lens_report
    from lenscal.gui.drawing.pdf import write_pdf

    write_pdf(lens_report(read_profile(profile_path), profile_path.name), path)
