"""A walk through every step on a small virtual lens, with one PNG a step."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from lenscal.gui import theme
from lenscal.gui.background.worker import Ending, Outcome, Progress
from lenscal.gui.main_window import MainWindow
from lenscal.gui.widgets.compare.compare_view import View
from lenscal.session import Step

logger = logging.getLogger(__name__)

SIZE = (720, 1080)
N_PHOTOS = 4
MAX_MINUTES = 2.0
LIVE_POINTS = 8
"""Of one curve, before the running calibration is grabbed: fewer make no curve."""
LATE = 0.9
"""Part of the job after which it is grabbed whatever there is."""
POLL_MS = 60
SETTLE_S = 0.4
"""Layouts and the preview's delay take less."""


class Tour(QObject):
    """Drives the window as a user would: demo, calibration with a picture in the middle,
    correction.

    Ends the application's event loop with exit code 0, or 1 where a job failed (its message is
    logged).
    """

    def __init__(
        self,
        window: MainWindow,
        folder: Path,
        *,
        psf: Path | None = None,
        looks: Sequence[tuple[str, tuple[int, int]]] = (),
    ) -> None:
        """looks: (theme, (width, height)) in which each step is grabbed; none: as the window is."""
        super().__init__(window)
        self._looks = looks
        self._window, self._controller = window, window.controller
        self._folder, self._psf = folder, psf
        self._grabbed_live = self._grabbing = False
        self._timer = QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._poll)
        self._controller.worker.progressed.connect(self._live)
        self._controller.job_ended.connect(self._ended)
        self._to_do: list[tuple[Callable[[], bool], Callable[[], None]]] = []

    def start(self) -> None:
        """Begin, once the event loop turns."""
        c = self._controller
        self._window.go_to(Step.IMPORT)
        if self._psf is not None:
            c.open_psf(self._psf)
            self._to_do = [
                (lambda: c.session.psf is not None and not c.busy, self._inspect),
                (lambda: True, self._export),
            ]
        else:
            # Smaller than the demo, as nobody judges its results.
            c.demo_size, c.demo_photos = SIZE, N_PHOTOS
            c.set_settings(replace(c.session.settings, max_minutes=MAX_MINUTES))
            c.demo()
            self._to_do = [
                (lambda: bool(c.session.sharp.paths), self._import),
                (lambda: c.session.inputs is not None, self._check),
                (lambda: c.session.calibration is not None and not c.busy, self._calibrated),
                (lambda: True, self._inspect),
                (lambda: True, self._correct),
                (lambda: c.previewer.developed is not None, self._corrected),
                (lambda: True, self._export),
            ]
        self._to_do.append((lambda: not c.busy, self._close))
        self._timer.start()

    def _poll(self) -> None:
        if not self._grabbing and self._to_do and self._to_do[0][0]():
            self._to_do.pop(0)[1]()

    def _live(self, progress: Progress) -> None:
        curves = self._window.calibrate_page.curves
        has_curve = any(len(curves.points(name)) >= LIVE_POINTS for name in curves.names)
        late = (progress.report.fraction or 0) > LATE
        grabbed = self._grabbed_live or self._grabbing
        if self._controller.calibrating and (has_curve or late) and not grabbed:
            # Before grabbing, which turns the event loop and so may come here again.
            self._grabbed_live = True
            self._window.go_to(Step.CALIBRATE)
            self._grab("3-calibrate-live")

    def _ended(self, outcome: Outcome) -> None:
        if outcome.ending is Ending.FAILED:
            logger.error("%s\n%s", outcome.message, outcome.details)
            self._leave(1)

    def _import(self) -> None:
        self._window.go_to(Step.IMPORT)
        self._grab("1-import")

    def _check(self) -> None:
        self._window.go_to(Step.CHECK)
        self._grab("2-check")
        self._window.go_to(Step.CALIBRATE)

    def _calibrated(self) -> None:
        self._window.go_to(Step.CALIBRATE)
        self._grab("3-calibrate")

    def _inspect(self) -> None:
        self._window.go_to(Step.INSPECT)
        self._window.inspect_page.mosaic.choose(1, 6)
        self._grab("4-inspect")

    def _correct(self) -> None:
        self._window.go_to(Step.CORRECT)

    def _corrected(self) -> None:
        compare = self._window.correct_page.compare
        self._settle()
        compare.zoom(2.0)
        self._settle()
        self._grab("5-correct")
        self._window.correct_page.view.choose(View.MASK)
        self._grab("5-correct-mask")
        self._window.correct_page.view.choose(View.SPLIT)

    def _export(self) -> None:
        self._window.go_to(Step.EXPORT)
        self._grab("6-export")

    def _grab(self, name: str) -> None:
        # Grabs let events in, which must not begin another.
        step, self._grabbing = self._window.step, True
        if not self._looks:
            # What has just been filled in has changed the layout, too.
            self._settle()
            self._window.go_to(step)
            self._save(self._folder / f"{name}.png")
        application = QApplication.instance()
        for look, (width, height) in self._looks:
            if isinstance(application, QApplication):
                theme.apply(application, look)
            self._window.resize(width, height)
            self._settle()
            # The job goes on meanwhile, and may have led elsewhere.
            self._window.go_to(step)
            QApplication.sendPostedEvents()
            self._save(self._folder / f"{look}-{width}x{height}" / f"{name}.png")
        self._grabbing = False

    def _settle(self) -> None:
        """Let layouts and the preview come to rest. Only for pictures: the loop turns inside of an
        event."""
        until = time.monotonic() + SETTLE_S
        while time.monotonic() < until or self._controller.previewer.working:
            QApplication.processEvents()

    def _save(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not self._window.grab().save(str(path)):
            logger.error("cannot write %s", path)
            self._leave(1)

    def _close(self) -> None:
        self._leave(0)

    def _leave(self, code: int) -> None:
        self._timer.stop()
        QApplication.exit(code)
