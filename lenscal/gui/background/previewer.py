"""Keeps the visible part of a photo corrected, in a thread of its own."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from PySide6.QtCore import QObject, QTimer, Signal

from lenscal.files.psf.profile import Profile
from lenscal.gui.background.worker import Ending, Outcome, Progress, Worker
from lenscal.jobs.window.preview import (
    SLOW,
    Developed,
    Piece,
    Rect,
    around,
    blocks_of,
    correct_part,
    doubts_of,
    missing_pieces,
    open_photo,
    paint,
    take_back,
)
from lenscal.raw.pictures.kinds import Light
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.stepping import Job

WAIT_MS = 120
"""After the last change, before work begins: a slider that is being moved begins nothing."""
Blocks = set[tuple[int, int]]
"""(row, column) of parts that were corrected."""
T = TypeVar("T")


class PreviewState(StrEnum):
    """What is to be said about the visible part."""

    OFF = "off"
    """Nothing is to be corrected."""
    WORKING = "working"
    FINER = "finer"
    """A slow method takes the place of the fast one."""
    DONE = "done"
    QUICK = "quick"
    """Too much is visible for the slow method: the fast one has to do."""
    LARGE = "large"
    """Too much is visible for any."""
    UNFIT = "unfit"
    """The photo does not suit the profile: it is left as it is until the user wants it."""


@dataclass(frozen=True, slots=True)
class _Step:
    """What is to be done next; no part where nothing is."""

    state: PreviewState
    settings: RestoreSettings
    part: Rect | None = None


class Previewer(QObject):
    """Hears of every change, and works on the latest only."""

    opened = Signal(object)
    """Developed: the photo can be shown as it was."""
    painted = Signal()
    """`developed.after` has changed."""
    state = Signal(str)
    """A PreviewState, or why it failed."""
    fraction = Signal(float)
    """How far the slow method is with what is visible."""
    doubts = Signal(object)
    """Sequence of str: why the photo does not suit the profile."""

    def __init__(self, cache: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.developed: Developed | None = None
        self._cache = cache
        self._photo: Path | None = None
        self._profile: Profile | None = None
        self._settings = RestoreSettings()
        self._visible: Rect | None = None
        self._done: Blocks = set()
        self._quick: Blocks = set()
        self._stale: Blocks = set()
        self._opens = 0
        self._failed: Path | None = None
        self._compared: tuple[Profile, Developed] | None = None
        """Which photo was compared with which profile."""
        self._doubts: tuple[str, ...] = ()
        self._anyway = False
        self._then: Callable[[Any], None] | None = None
        self._on_hold = self._correcting = self._finer = False
        # Nobody looks until the fifth step is opened.
        self._active = False
        self._working_on = 0
        self._worker = Worker(self)
        self._worker.finished.connect(self._finished)
        self._worker.progressed.connect(self._progressed)
        self._timer = QTimer(self)
        # Each change starts it anew: work begins when they have ended.
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self._begin)

    @property
    def working(self) -> bool:
        """Whether something is being worked on, or soon will be."""
        return self._worker.running or self._timer.isActive()

    def developed_of(self, photo: Path) -> Developed | None:
        """The photo as it was read for the preview, where that is the one."""
        developed = self.developed
        return developed if developed is not None and developed.photo == photo else None

    def show_photo(self, photo: Path | None) -> None:
        """The photo to be shown; it is decoded when something of it is visible."""
        if photo == self._photo:
            return
        self._photo, self._visible, self._failed = photo, None, None
        self.developed = None
        self._forget_doubts()
        for blocks in (self._done, self._quick, self._stale):
            blocks.clear()
        self._worker.cancel()
        self._wake()

    def correct_with(self, profile: Profile | None, settings: RestoreSettings) -> None:
        """How it is corrected; what was corrected otherwise stays in sight until it is replaced."""
        if profile is self._profile and settings == self._settings:
            return
        if profile is not self._profile:
            self._forget_doubts()
        self._profile, self._settings, self._failed = profile, settings, None
        # Decoding is of use whatever the settings are.
        if self._correcting:
            self._worker.cancel()
        self._stale |= self._quick | self._done
        self._quick.clear()
        self._done.clear()
        if self._on_hold or not self._active:
            self._drop_stale()
        self._wake()

    def correct_anyway(self) -> None:
        """The user wants to see what becomes of a photo that does not suit the profile."""
        self._anyway = True
        self._wake()

    def _forget_doubts(self) -> None:
        self._compared, self._doubts, self._anyway = None, (), False
        self.doubts.emit(())

    def _show_doubts(self, profile: Profile, developed: Developed, doubts: tuple[str, ...]) -> None:
        # Something else may be wanted by now.
        if self._profile is profile and self.developed is developed:
            self._compared, self._doubts = (profile, developed), doubts
            self.doubts.emit(doubts)

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
        self._on_hold = on
        if on:
            self._worker.cancel()
            self._timer.stop()
            self._drop_stale()
        else:
            self._wake()

    def close(self) -> None:
        """The end of the window."""
        self._timer.stop()
        self._on_hold = True
        # The thread reads files of the cache, which is removed next.
        self._worker.wait()

    def _wake(self) -> None:
        if self._active and not self._on_hold:
            self._timer.start()

    def _begin(self) -> None:
        """Do the next thing, if anything is to be done."""
        photo, developed = self._photo, self.developed
        if self._worker.running or self._on_hold or not self._active:
            return
        if photo is None or photo == self._failed:
            return
        if developed is None:
            self._opens += 1
            # A folder of its own: the one of the photo before may still be in use.
            cache = self._cache / f"preview-{self._opens}"
            self.state.emit(PreviewState.WORKING)
            light = (self._profile and self._profile.light) or Light.LINEAR
            self._start(lambda: open_photo(photo, cache, light), self._opened)
            return
        profile = self._profile
        if profile is not None and self._compared != (profile, developed):
            self._start(
                partial(doubts_of, profile, developed.frame),
                partial(self._show_doubts, profile, developed),
            )
            return
        step = self._next(developed)
        self.state.emit(step.state)
        if step.part is None or profile is None:
            self._drop_stale()
        else:
            self._correct(profile, developed, step.settings, step.part)
            self._finer = step.state is PreviewState.FINER

    def _correct(
        self, profile: Profile, developed: Developed, settings: RestoreSettings, part: Rect
    ) -> None:
        """One piece at a time, so that what has become visible meanwhile comes next."""
        settings_at_start = self._settings

        def show(piece: Piece) -> None:
            # Something else may be wanted by now.
            if self.developed is not developed or self._profile is not profile:
                return
            if self._settings != settings_at_start:
                return
            paint(developed, piece)
            blocks = {*blocks_of(piece.rect)}
            self._stale -= blocks
            if settings == settings_at_start:
                self._done |= blocks
            else:
                self._quick |= blocks
                self._done -= blocks
            self.painted.emit()

        self._working_on = len(set(blocks_of(part)))
        work = partial(correct_part, profile, developed, settings, part)
        self._start(work, show, correcting=True)

    def _next(self, developed: Developed) -> _Step:
        """What is to be corrected next, and how."""
        final, visible = self._settings, self._visible
        does_nothing = final.method is Method.NONE or final.amount == 0
        if visible is None or self._profile is None or does_nothing:
            return _Step(PreviewState.OFF, final)
        if self._doubts and not self._anyway:
            return _Step(PreviewState.UNFIT, final)
        quick = replace(final, method=Method.WIENER) if final.method in SLOW else final
        corrected_blocks = self._quick | self._done
        pieces = missing_pieces(visible, corrected_blocks, developed.size, quick.method)
        if pieces is None:
            return _Step(PreviewState.LARGE, quick)
        if pieces:
            return _Step(PreviewState.WORKING, quick, pieces[0])
        # Something is to be seen everywhere: now for the method that was asked for.
        pieces = missing_pieces(visible, self._done, developed.size, final.method)
        if pieces is None:
            return _Step(PreviewState.QUICK, final)
        if pieces:
            return _Step(PreviewState.FINER, final, pieces[0])
        return _Step(PreviewState.DONE, final)

    def _drop_stale(self) -> None:
        """Show what nobody corrects anew as it was."""
        if self._stale and self.developed is not None:
            for block in self._stale:
                take_back(self.developed, around([block], self.developed.size))
            self._stale.clear()
            self.painted.emit()

    def _start(
        self, job: Callable[[], Job[T]], then: Callable[[T], None], *, correcting: bool = False
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
            # Not tried again and again: only another photo or setting may help.
            self._failed = self._photo
            self._drop_stale()
            self.state.emit(outcome.message)
        # What has become visible meanwhile comes next.
        self._begin()

    def _progressed(self, progress: Progress) -> None:
        if self._finer and progress.report.fraction is not None and self._visible is not None:
            blocks = set(blocks_of(self._visible))
            finished_blocks = len(blocks & self._done) + progress.report.fraction * self._working_on
            self.fraction.emit(min(finished_blocks / len(blocks), 1.0))
