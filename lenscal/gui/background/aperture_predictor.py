"""Stops a profile's lens down in a thread of its own, while a slider is being moved."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from lenscal.files.psf.profile import Profile
from lenscal.gui.background.worker import Ending, Outcome, Worker
from lenscal.jobs.window.apertures import kernels_at

WAIT_MS = 40
"""After the last change, before work begins."""


class AperturePredictor(QObject):
    """Hears of every aperture, and works on the latest only."""

    predicted = Signal(object)
    """`ApertureKernels` of the aperture that was asked for last."""
    working = Signal(bool)
    problem = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._profile: Profile | None = None
        self._wanted: float | None = None
        self._begun: tuple[Profile, float] | None = None
        self._worker = Worker(self)
        self._worker.finished.connect(self._finished)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT_MS)
        self._timer.timeout.connect(self._begin)

    def forget(self) -> None:
        """Nothing is wanted any more."""
        self._wanted = None
        self._timer.stop()
        self._worker.cancel()
        self.working.emit(False)

    def predict(self, profile: Profile, f_number: float) -> None:
        """Find the kernels of an aperture; what was asked for before is given up."""
        self._profile, self._wanted = profile, f_number
        self.working.emit(True)
        self._timer.start()

    def close(self) -> None:
        """The end of the window."""
        self._wanted = None
        self._timer.stop()
        self._worker.wait()

    def _begin(self) -> None:
        # The one that runs is not wanted any more, but what it fits may be: it goes on.
        if self._worker.running or self._profile is None or self._wanted is None:
            return
        self._begun = self._profile, self._wanted
        self._worker.start(self.tr("Stopping down"), partial(kernels_at, *self._begun))

    @Slot(str, object)
    def _finished(self, _: str, outcome: Outcome) -> None:
        if self._wanted is None:
            return
        another = self._begun != (self._profile, self._wanted)
        if another or outcome.ending is Ending.CANCELLED:
            self._begin()
            return
        self._wanted = None
        self.working.emit(False)
        if outcome.ending is Ending.DONE:
            self.predicted.emit(outcome.value)
        elif outcome.ending is Ending.FAILED:
            self.problem.emit(outcome.message)
