"""Keeps the visible part of a photo corrected, in a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from lenscal.gui.preview import (
    Developed,
    Piece,
    Rect,
    blocks_of,
    correct_part,
    missing_pieces,
    open_photo,
    paint,
    take_back,
)
from lenscal.gui.worker import Ending, Job, Outcome, Worker
from lenscal.restore.settings import Method, RestoreSettings

WAIT_MS = 120
"""After the last change, before work begins."""


class Previewer(QObject):
    """Told what is wanted as often as anything changes; works on the latest wish only."""

    opened = Signal(object)
    """Developed: the photo can be shown as it was."""
    painted = Signal()
    """`developed.after` has changed."""
    state = Signal(str)
    """working, done, large (too much is visible), off, or why it failed."""

    def __init__(self, cache: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.developed: Developed | None = None
        self._cache = cache
        self._photo: Path | None = None
        self._psf: Any = None
        self._settings = RestoreSettings()
        self._visible: Rect | None = None
        self._done: dict[tuple[int, int], Rect] = {}
        self._opens = 0
        self._failed: Path | None = None
        self._then: Callable[[Any], None] | None = None
        self._held = self._correcting = False
        self._active = False
        self._worker = Worker(self)
        self._worker.finished.connect(self._finished)
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
        self._done.clear()
        self._worker.cancel()
        self._wake()

    def correct_with(self, psf: Any, settings: RestoreSettings) -> None:
        """How it is corrected; what was corrected otherwise is dropped."""
        if psf is self._psf and settings == self._settings:
            return
        self._psf, self._settings, self._failed = psf, settings, None
        if self.developed is not None:
            if self._correcting:
                self._worker.cancel()
            for rect in set(self._done.values()):
                take_back(self.developed, rect)
            self._done.clear()
            self.painted.emit()
        self._wake()

    def show_part(self, visible: Rect | None) -> None:
        """The part that is to be seen; None: not known yet."""
        if visible != self._visible:
            self._visible = visible
            self._wake()

    def set_active(self, on: bool) -> None:
        """Whether anybody looks."""
        self._active = on
        self._wake()

    def hold(self, on: bool) -> None:
        """Leave the processor to a job."""
        self._held = on
        if on:
            self._worker.cancel()
            self._timer.stop()
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
        if self._worker.running or self._held or not self._active or self._photo in (None, self._failed):
            return
        photo, developed = self._photo, self.developed
        assert photo is not None
        if developed is None:
            self._opens += 1
            cache = self._cache / f"preview-{self._opens}"
            self.state.emit("working")
            self._start(lambda: open_photo(photo, cache), self._opened)
            return
        psf, settings = self._psf, self._settings
        if self._visible is None or psf is None or settings.method is Method.NONE or settings.amount == 0:
            self.state.emit("off")
            return
        wanted = missing_pieces(self._visible, set(self._done), developed.size, settings.method)
        if not wanted:
            self.state.emit("large" if wanted is None else "done")
            return
        self.state.emit("working")
        # One piece at a time, so that what has become visible meanwhile comes next.
        rect = wanted[0]

        def corrected(piece: Piece) -> None:
            if self.developed is developed and self._psf is psf and self._settings == settings:
                paint(developed, piece)
                self._done.update(dict.fromkeys(blocks_of(piece.rect), piece.rect))
                self.painted.emit()

        self._start(lambda: correct_part(psf, developed, settings, rect), corrected, correcting=True)

    def _start(self, job: Job, then: Callable[[Any], None], *, correcting: bool = False) -> None:
        self._then, self._correcting = then, correcting
        self._worker.start("preview", job)

    def _opened(self, developed: Developed) -> None:
        if developed.photo == self._photo:
            self.developed = developed
            self.opened.emit(developed)

    def _finished(self, _name: str, outcome: Outcome) -> None:
        then, self._then = self._then, None
        if outcome.ending is Ending.DONE and then is not None:
            then(outcome.value)
        elif outcome.ending is Ending.FAILED:
            self._failed = self._photo
            self.state.emit(outcome.message)
        self._begin()
