"""Keeps the visible part of a photo corrected, in a thread of its own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from lenscal.gui.background.worker import Ending, MakeJob, Outcome, Progress, Worker
from lenscal.jobs.window.preview import (
    SLOW,
    Developed,
    Piece,
    Rect,
    around,
    blocks_of,
    correct_part,
    missing_pieces,
    open_photo,
    paint,
    take_back,
)
from lenscal.restore.settings import Method, RestoreSettings

WAIT_MS = 120
"""After the last change, before work begins."""
Blocks = set[tuple[int, int]]
"""(row, column) of parts that were corrected."""


class Previewer(QObject):
    """Told what is wanted as often as anything changes; works on the latest wish only."""

    opened = Signal(object)
    """Developed: the photo can be shown as it was."""
    painted = Signal()
    """`developed.after` has changed."""
    state = Signal(str)
    """working, finer (a slow method takes the place of the fast one), done, quick (too much is
    visible for the slow one), large (for any), off, or why it failed."""
    fraction = Signal(float)
    """How far the slow method is with what is visible."""

    def __init__(self, cache: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.developed: Developed | None = None
        self._cache = cache
        self._photo: Path | None = None
        self._psf: Any = None
        self._settings = RestoreSettings()
        self._visible: Rect | None = None
        self._done: Blocks = set()
        self._quick: Blocks = set()
        self._stale: Blocks = set()
        self._opens = 0
        self._failed: Path | None = None
        self._then: Callable[[Any], None] | None = None
        self._held = self._correcting = self._finer = False
        self._active = False
        self._working_on = 0
        self._worker = Worker(self)
        self._worker.finished.connect(self._finished)
        self._worker.progressed.connect(self._progressed)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self._begin)

    @property
    def working(self) -> bool:
        return self._worker.running or self._timer.isActive()

    def show_photo(self, photo: Path | None) -> None:
        """The photo to be shown; it is decoded when something of it is visible."""
        if photo == self._photo:
            return
        self._photo, self._visible, self._failed = photo, None, None
        self.developed = None
        for blocks in (self._done, self._quick, self._stale):
            blocks.clear()
        self._worker.cancel()
        self._wake()

    def correct_with(self, psf: Any, settings: RestoreSettings) -> None:
        """How it is corrected; what was corrected otherwise stays in sight until it is replaced."""
        if psf is self._psf and settings == self._settings:
            return
        self._psf, self._settings, self._failed = psf, settings, None
        if self._correcting:
            self._worker.cancel()
        self._stale |= self._quick | self._done
        self._quick.clear()
        self._done.clear()
        if self._held or not self._active:
            self._drop_stale()
        self._wake()

    def show_part(self, visible: Rect | None) -> None:
        """The part that is to be seen; None: not known yet."""
        if visible == self._visible:
            return
        self._visible = visible
        if (
            self._finer
            and visible is not None
            and not {*blocks_of(visible)} <= self._quick | self._done
        ):
            # Something quick comes first everywhere.
            self._worker.cancel()
        self._wake()

    def set_active(self, on: bool) -> None:
        """Whether anybody looks."""
        self._active = on
        self._wake()

    @property
    def idle(self) -> threading.Event:
        """Set while nothing is worked on; a job's thread waits for it after `hold`."""
        return self._worker.idle

    def hold(self, on: bool) -> None:
        """Leave the processor to a job. What is being worked on ends soon, not at once."""
        self._held = on
        if on:
            self._worker.cancel()
            self._timer.stop()
            self._drop_stale()
        else:
            self._wake()

    def close(self) -> None:
        self._timer.stop()
        self._held = True
        self._worker.wait()

    def _wake(self) -> None:
        if self._active and not self._held:
            self._timer.start()

    def _begin(self) -> None:
        if (
            self._worker.running
            or self._held
            or not self._active
            or self._photo in (None, self._failed)
        ):
            return
        photo, developed = self._photo, self.developed
        assert photo is not None
        if developed is None:
            self._opens += 1
            cache = self._cache / f"preview-{self._opens}"
            self.state.emit("working")
            self._start(lambda: open_photo(photo, cache), self._opened)
            return
        psf = self._psf
        state, settings, rect = self._next(developed)
        self.state.emit(state)
        if rect is None:
            self._drop_stale()
            return
        wanted = self._settings

        def corrected(piece: Piece) -> None:
            if self.developed is not developed or self._psf is not psf or self._settings != wanted:
                return
            paint(developed, piece)
            blocks = {*blocks_of(piece.rect)}
            self._stale -= blocks
            if settings == wanted:
                self._done |= blocks
            else:
                self._quick |= blocks
                self._done -= blocks
            self.painted.emit()

        # One piece at a time, so that what has become visible meanwhile comes next.
        self._finer = state == "finer"
        self._working_on = len(set(blocks_of(rect)))
        self._start(
            lambda: correct_part(psf, developed, settings, rect), corrected, correcting=True
        )

    def _next(self, developed: Developed) -> tuple[str, RestoreSettings, Rect | None]:
        """The state, and what is to be corrected next and how; None where nothing is left to do."""
        wanted, visible = self._settings, self._visible
        if (
            visible is None
            or self._psf is None
            or wanted.method is Method.NONE
            or wanted.amount == 0
        ):
            return "off", wanted, None
        quick = replace(wanted, method=Method.WIENER) if wanted.method in SLOW else wanted
        first = missing_pieces(visible, self._quick | self._done, developed.size, quick.method)
        if first is None:
            return "large", quick, None
        if first:
            return "working", quick, first[0]
        then = missing_pieces(visible, self._done, developed.size, wanted.method)
        if then is None:
            return "quick", wanted, None
        return ("finer", wanted, then[0]) if then else ("done", wanted, None)

    def _drop_stale(self) -> None:
        """Show what nobody corrects anew as it was."""
        if self._stale and self.developed is not None:
            for block in self._stale:
                take_back(self.developed, around([block], self.developed.size))
            self._stale.clear()
            self.painted.emit()

    def _start(
        self, job: MakeJob, then: Callable[[Any], None], *, correcting: bool = False
    ) -> None:
        self._then, self._correcting = then, correcting
        self._worker.start("preview", job)

    def _opened(self, developed: Developed) -> None:
        for old in self._cache.glob("preview-*"):
            if old.name != f"preview-{self._opens}":
                shutil.rmtree(old, ignore_errors=True)
        if developed.photo == self._photo:
            self.developed = developed
            self.opened.emit(developed)

    def _finished(self, _name: str, outcome: Outcome) -> None:
        then, self._then = self._then, None
        self._correcting = self._finer = False
        if outcome.ending is Ending.DONE and then is not None:
            then(outcome.value)
        elif outcome.ending is Ending.FAILED:
            self._failed = self._photo
            self._drop_stale()
            self.state.emit(outcome.message)
        self._begin()

    def _progressed(self, progress: Progress) -> None:
        if self._finer and progress.report.fraction is not None and self._visible is not None:
            blocks = set(blocks_of(self._visible))
            done = len(blocks & self._done) + progress.report.fraction * self._working_on
            self.fraction.emit(min(done / len(blocks), 1.0))
