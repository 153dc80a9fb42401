"""The stages of a calibration in a row: which are done, how long they took, what each brought."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QVBoxLayout, QWidget

from lenscal.files.psf.quality_words import STAGE_WORDS
from lenscal.gui.translate import in_this_language
from lenscal.gui.widgets.elements import Card, Label, mark, muted, tip_text, without_margins
from lenscal.reports import Report

DISTANCE = "re-blur distance"
"""Curve of the distance to photos that were kept out."""
TICK_MS = 1000
RATE_S = 5.0
"""Steps a second are counted over so long at least."""


@dataclass(slots=True)
class StageRecord:
    """One stage so far. Times are those of the clock; None: not yet."""

    name: str
    began: float | None = None
    ended: float | None = None
    before: float | None = None
    after: float | None = None

    def seconds(self, now: float) -> float | None:
        """Spent on it."""
        return None if self.began is None else (self.ended or now) - self.began


class StageRecords:
    """What reports tell of the stages."""

    def __init__(self) -> None:
        self.stages: list[StageRecord] = []
        self._distance: float | None = None
        self._first_step: tuple[str, int, float] | None = None
        self.steps_a_second: float | None = None

    @property
    def running(self) -> StageRecord | None:
        """The one that has begun last and not ended."""
        begun = [stage for stage in self.stages if stage.began is not None and stage.ended is None]
        return begun[-1] if begun else None

    def take(self, report: Report, distances: Sequence[float], now: float) -> None:
        """A report, and the distances since the last one."""
        if report.stages:
            self._plan(report.stages)
        if report.stage not in STAGE_WORDS:
            return
        self._begin(report.stage, now)
        self._count(report, now)
        stage = self.running
        for distance in distances:
            self._distance = distance
            if stage is not None:
                stage.after = distance

    def end(self, now: float) -> None:
        """The calibration has ended; stages that never began are gone."""
        if (stage := self.running) is not None:
            stage.ended = now
        self.stages = [stage for stage in self.stages if stage.began is not None]
        self.steps_a_second = None

    def _plan(self, names: Sequence[str]) -> None:
        """What comes after the stages that have begun."""
        begun = [stage for stage in self.stages if stage.began is not None]
        known = {stage.name for stage in begun}
        self.stages = begun + [StageRecord(name) for name in names if name not in known]

    def _begin(self, name: str, now: float) -> None:
        running = self.running
        if running is not None and running.name == name:
            return
        if running is not None:
            running.ended = now
        stage = next((s for s in self.stages if s.name == name and s.ended is None), None)
        if stage is None:
            # One that nobody has announced, or that runs again in another way.
            stage = StageRecord(name)
            at = sum(s.began is not None for s in self.stages)
            self.stages.insert(at, stage)
        stage.began, stage.before = now, self._distance

    def _count(self, report: Report, now: float) -> None:
        """Steps a second, of stages that count them quickly."""
        first = self._first_step
        if first is None or first[0] != report.stage or report.step < first[1]:
            self._first_step = (report.stage, report.step, now)
            self.steps_a_second = None
        elif now - first[2] >= RATE_S:
            self.steps_a_second = (report.step - first[1]) / (now - first[2])
            self._first_step = (report.stage, report.step, now)


class StageStrip(QWidget):
    """A box a stage, and a line with the time that has passed and that is left."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.records = StageRecords()
        self._began: float | None = None
        self._left_s: float | None = None
        self._boxes: list[StageBox] = []
        self.time = muted(wrapped=False)
        self.time.setAccessibleName(self.tr("Time spent and left"))
        self._grid = QGridLayout()
        self._grid.setSpacing(6)
        column = QVBoxLayout(self)
        without_margins(column, spacing_px=4)
        column.addLayout(self._grid)
        column.addWidget(self.time)
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._show)
        self.hide()

    def begin(self) -> None:
        """A calibration starts."""
        self.records, self._began, self._left_s = StageRecords(), time.monotonic(), None
        self._show()
        self.show()
        self._timer.start()

    def take(self, report: Report, points: Sequence[tuple[str, float, float]]) -> None:
        """A report with the points of curves since the last one."""
        distances = [value for name, _, value in points if name == DISTANCE]
        self.records.take(report, distances, time.monotonic())
        self._left_s = report.seconds_left
        self._show()

    def end(self) -> None:
        """The calibration has ended."""
        if self._began is None or not self._timer.isActive():
            return
        self._timer.stop()
        self.records.end(time.monotonic())
        self._left_s = None
        self._show()

    def _show(self) -> None:
        now, stages = time.monotonic(), self.records.stages
        while len(self._boxes) < len(stages):
            self._boxes.append(StageBox(self))
        for box, stage in zip(self._boxes, stages, strict=False):
            box.show_stage(stage, now)
        for number, box in enumerate(self._boxes):
            box.setVisible(number < len(stages))
        self._arrange()
        if self._began is not None:
            self.time.setText(self._time_words(now - self._began))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a narrow window stages stand in several rows, rather than cut."""
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        n = len(self.records.stages)
        boxes = self._boxes[:n]
        if not boxes:
            return
        widest = max(box.text_width() for box in boxes) + self._grid.spacing()
        most = max(min(self.width() // widest, n), 1)
        # As many in each row, or the last one would look like an afterthought.
        n_columns = math.ceil(n / math.ceil(n / most))
        for number, box in enumerate(boxes):
            self._grid.addWidget(box, *divmod(number, n_columns))
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, int(column < n_columns))

    def _time_words(self, elapsed_s: float) -> str:
        parts = [self.tr("{time} elapsed").format(time=self._clock(elapsed_s))]
        if self._left_s is not None:
            parts.append(self.tr("about {time} left").format(time=self._clock(self._left_s)))
        if self.records.steps_a_second:
            words = self.tr("{n:.1f} steps a second")
            parts.append(words.format(n=self.records.steps_a_second))
        return " · ".join(parts)

    def _clock(self, seconds: float) -> str:
        whole = max(round(seconds), 0)
        return f"{whole // 60}:{whole % 60:02d}"


class StageBox(Card):
    """One stage: a mark and its name, its time, what it brought."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent)
        self.content.setContentsMargins(8, 4, 8, 4)
        self.content.setSpacing(0)
        self.name, self.time = Label(), muted(wrapped=False)
        self.brought = muted(wrapped=False)
        grid = QGridLayout()
        without_margins(grid, spacing_px=0)
        for row, label in enumerate((self.name, self.time, self.brought)):
            # Long names must not make one box wider than the others.
            label.setMinimumWidth(1)
            grid.addWidget(label, row, 0)
        self.content.addLayout(grid)

    def text_width(self) -> int:
        """Width in px at which nothing is cut."""
        labels = (self.name, self.time, self.brought)
        margins = self.content.contentsMargins()
        return max(x.sizeHint().width() for x in labels) + margins.left() + margins.right() + 2

    def show_stage(self, stage: StageRecord, now: float) -> None:
        """How far it is."""
        running = stage.began is not None and stage.ended is None
        sign = "✓" if stage.ended is not None else "▶" if running else "○"
        self.name.setText(f"{sign} {self._short(stage.name)}")
        mark(self, "running", running)
        seconds = stage.seconds(now)
        self.time.setText("" if seconds is None else self._time(seconds))
        before = "" if stage.before is None else f"{stage.before:.2f} → "
        self.brought.setText("" if stage.after is None else f"{before}{stage.after:.2f}")
        self.setToolTip(tip_text(self._tip(stage, seconds)))
        self.setAccessibleName(self._tip(stage, seconds))

    def _tip(self, stage: StageRecord, seconds: float | None) -> str:
        words = in_this_language(STAGE_WORDS[stage.name])
        lines = [words[:1].upper() + words[1:]]
        if seconds is None:
            lines.append(self.tr("Still to come"))
        else:
            lines.append(self.tr("Time: {time}").format(time=self._time(seconds)))
        if stage.after is not None and stage.before is not None:
            text = self.tr("Distance to unseen photos: {before:.3f} before, {after:.3f} after")
            lines.append(text.format(before=stage.before, after=stage.after))
        elif stage.after is not None:
            text = self.tr("Distance to unseen photos: {after:.3f} after")
            lines.append(text.format(after=stage.after))
        return "\n".join(lines)

    def _time(self, seconds: float) -> str:
        if seconds < 60:
            return self.tr("{n:.0f} s").format(n=seconds)
        return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"

    def _short(self, name: str) -> str:
        return {
            "pairs": self.tr("Search"),
            "L": self.tr("Colour"),
            "G": self.tr("Statistics"),
            "GT": self.tr("Third order"),
            "R": self.tr("Rays"),
            "P": self.tr("Pairs"),
            "F": self.tr("Flow"),
            "M": self.tr("Matching"),
        }.get(name, name)
