"""Looks at photos in the background, so that they are seen as soon as they are chosen."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QThread, Signal, Slot

from lenscal.errors import LenscalError
from lenscal.files.photos.photo_preview import Glance, glance
from lenscal.gui.translate import error_in_words

MOST_KEPT = 2000
"""Small pictures of 50 kB; beyond that the oldest are looked at again when they are needed."""


class _Looker(QThread):
    listed = Signal(object)
    seen = Signal(object)
    problem = Signal(str)

    def __init__(self, paths: Sequence[Path], known: dict[Path, Glance], parent: QObject) -> None:
        super().__init__(parent)
        self._paths, self._known = tuple(paths), known
        self.stop = threading.Event()

    def run(self) -> None:
        from lenscal.intake.folder import find_raw_files

        try:
            files = find_raw_files(self._paths)
        except LenscalError as error:
            self.problem.emit(error_in_words(error))
            return
        except OSError as error:
            self.problem.emit(f"{error.filename}: {error.strerror or error}")
            return
        self.listed.emit(tuple(files))
        for path in files:
            if self.stop.is_set():
                return
            known = self._known.get(path)
            self.seen.emit(known if known is not None else glance(path))


class Glances(QObject):
    """Looks at one set of photos at a time, one after the other; a new set ends the former
    one's."""

    listed = Signal(object)
    """The RAW files (tuple of Path) that folders and files stand for."""
    seen = Signal(object)
    """A `Glance`, in the order of the files."""
    problem = Signal(str)
    finished = Signal()

    def __init__(
        self, known: dict[Path, Glance] | None = None, parent: QObject | None = None
    ) -> None:
        """known: what was seen before, shared with others."""
        super().__init__(parent)
        self._now: _Looker | None = None
        self._ending: list[_Looker] = []
        self._known = {} if known is None else known

    @property
    def busy(self) -> bool:
        return self._now is not None

    def look(self, paths: Sequence[Path]) -> None:
        self._end_now()
        if not paths:
            return
        looker = _Looker(paths, dict(self._known), self)
        looker.listed.connect(self._listed)
        looker.seen.connect(self._seen)
        looker.problem.connect(self._problem)
        looker.finished.connect(self._finished)
        self._now = looker
        looker.start(QThread.Priority.LowPriority)

    def close(self) -> None:
        """Ends the work; waits for the photo that is being looked at."""
        self._end_now()
        for looker in self._ending:
            looker.wait()

    def _end_now(self) -> None:
        if self._now is not None:
            self._now.stop.set()
            self._ending.append(self._now)
            self._now = None

    @Slot(object)
    def _listed(self, files: tuple[Path, ...]) -> None:
        if self.sender() is self._now:
            self.listed.emit(files)

    @Slot(object)
    def _seen(self, seen: Glance) -> None:
        if not seen.problem:
            self._known[seen.info.path] = seen
            while len(self._known) > MOST_KEPT:
                del self._known[next(iter(self._known))]
        if self.sender() is self._now:
            self.seen.emit(seen)

    @Slot(str)
    def _problem(self, text: str) -> None:
        if self.sender() is self._now:
            self.problem.emit(text)

    @Slot()
    def _finished(self) -> None:
        looker = self.sender()
        if looker is self._now:
            self._now = None
            self.finished.emit()
        elif looker in self._ending:
            self._ending.remove(looker)
        looker.deleteLater()
