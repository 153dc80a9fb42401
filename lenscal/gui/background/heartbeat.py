"""How long the main thread leaves its events unanswered."""

from __future__ import annotations

import time

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer

# Shorter than anybody notices, and long enough to cost nothing itself.
INTERVAL_MS = 10


class Heartbeat(QObject):
    """A 10 ms timer on the main thread that records how late it was answered, in ms."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        # A coarse timer beats early or late by itself.
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(INTERVAL_MS)
        self._timer.timeout.connect(self._beat)
        self._last_s = 0.0
        self.intervals_ms: list[float] = []

    def start(self) -> None:
        """Begin anew."""
        self.intervals_ms.clear()
        self._last_s = time.perf_counter()
        self._timer.start()

    def stop(self) -> None:
        """Keep what was measured."""
        self._timer.stop()

    @property
    def running(self) -> bool:
        """Whether it beats."""
        return self._timer.isActive()

    def percentile(self, percent: float) -> float:
        """Percentile of the intervals between two beats, ms (10 ms where nothing is late)."""
        return float(np.percentile(self.intervals_ms, percent)) if self.intervals_ms else 0.0

    @property
    def worst_ms(self) -> float:
        """The longest interval between two beats."""
        return max(self.intervals_ms, default=0.0)

    def _beat(self) -> None:
        now = time.perf_counter()
        # From beat to beat: a timer that is late once is not late for ever.
        self.intervals_ms.append((now - self._last_s) * 1000)
        self._last_s = now
