from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from desktop import wait_until_still
from pytestqt.qtbot import QtBot

from lenscal.errors import LenscalError
from lenscal.gui.background.window_thread import WindowThread
from lenscal.gui.background.worker import Ending, Outcome, Progress, Worker
from lenscal.reports import Report
from lenscal.stepping import STOP, Job, Paused


@pytest.fixture
def worker(qtbot: QtBot) -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.wait()


def run(
    qtbot: QtBot,
    worker: Worker,
    job: Callable[[], Job[object]],
    *,
    meanwhile: Callable[[], None] | None = None,
) -> tuple[Outcome, list[Progress]]:
    reports: list[Progress] = []
    outcomes: list[Outcome] = []
    worker.progressed.connect(reports.append)
    worker.finished.connect(lambda name, outcome: outcomes.append(outcome))
    worker.start("job", job)
    if meanwhile:
        qtbot.waitUntil(lambda: bool(reports), timeout=5000)
        meanwhile()
    qtbot.waitUntil(lambda: bool(outcomes), timeout=5000)
    assert not worker.running
    return outcomes[0], reports


def endless() -> Job[str]:
    step = 0
    while (yield Report("F", "training", step=step)) != STOP:
        time.sleep(0.002)
        step += 1
    return "kept"


def test_a_job_runs_in_another_thread_and_returns_its_value(qtbot: QtBot, worker: Worker) -> None:
    def job() -> Job[int]:
        yield Report("a", "hello")
        return threading.get_ident()

    outcome, reports = run(qtbot, worker, job)
    assert outcome.ending is Ending.DONE
    assert outcome.value != threading.get_ident()
    assert reports[-1].report.message == "hello"


def test_cancel_closes_the_generator(qtbot: QtBot, worker: Worker) -> None:
    closed = []

    def job() -> Job[None]:
        try:
            yield from endless()
        finally:
            closed.append(threading.get_ident())

    outcome, _ = run(qtbot, worker, job, meanwhile=worker.cancel)
    assert outcome.ending is Ending.CANCELLED
    assert len(closed) == 1 and closed[0] != threading.get_ident()


def test_stop_and_keep_returns_what_there_is(qtbot: QtBot, worker: Worker) -> None:
    outcome, _ = run(qtbot, worker, endless, meanwhile=worker.stop_and_keep)
    assert (outcome.ending, outcome.value) == (Ending.STOPPED, "kept")


def test_a_pause_holds_the_job_and_its_time_is_told(qtbot: QtBot, worker: Worker) -> None:
    answers, steps = [], []

    def job() -> Job[None]:
        while (answer := (yield Report("F", "training"))) != STOP:
            steps.append(time.monotonic())
            answers.append(answer)
            time.sleep(0.002)

    outcomes = []
    worker.finished.connect(lambda name, outcome: outcomes.append(outcome))
    worker.start("job", job)
    qtbot.waitUntil(lambda: len(steps) > 3, timeout=5000)
    worker.pause()
    assert worker.paused
    count = wait_until_still(qtbot, lambda: len(steps))
    worker.go_on()
    qtbot.waitUntil(lambda: len(steps) > count, timeout=5000)
    pauses = [answer.seconds for answer in answers if isinstance(answer, Paused)]
    # What is told is time in which no step was done.
    assert len(pauses) == 1
    assert 0 < pauses[0] <= max(after - before for before, after in pairwise(steps))
    worker.stop_and_keep()
    qtbot.waitUntil(lambda: bool(outcomes), timeout=5000)
    assert outcomes[0].ending is Ending.STOPPED


@pytest.mark.parametrize("end", ["cancel", "stop_and_keep"])
def test_a_paused_job_can_be_ended(qtbot: QtBot, worker: Worker, end: str) -> None:
    def pause_and_end() -> None:
        worker.pause()
        qtbot.wait(20)
        getattr(worker, end)()

    outcome, _ = run(qtbot, worker, endless, meanwhile=pause_and_end)
    assert outcome.ending is (Ending.CANCELLED if end == "cancel" else Ending.STOPPED)


@pytest.mark.parametrize(
    ("error", "message", "has_details"),
    [
        (
            LenscalError("no RAW photos in x: choose another folder"),
            "no RAW photos in x: choose another folder",
            False,
        ),
        (RuntimeError("CUDA error: no kernel\nmore"), "Unexpected: CUDA error: no kernel", True),
        (
            RuntimeError("CUDA out of memory\nmore"),
            "Not enough memory: close other programs or use fewer photos",
            True,
        ),
        (ZeroDivisionError(), "Unexpected: ZeroDivisionError", True),
    ],
)
def test_every_error_ends_the_job_in_words(
    qtbot: QtBot,
    worker: Worker,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    message: str,
    has_details: bool,
) -> None:
    def job() -> Job[None]:
        yield Report("a", "hello")
        raise error

    outcome, _ = run(qtbot, worker, job)
    assert outcome.ending is Ending.FAILED
    assert outcome.message == message
    assert (type(error).__name__ in outcome.details) == has_details


def test_a_job_that_cannot_be_made_fails_in_words(qtbot: QtBot, worker: Worker) -> None:
    def job() -> Job[None]:
        raise LenscalError("no")

    assert run(qtbot, worker, job)[0].message == "no"


def test_reports_are_thinned_but_no_curve_point_is_lost(qtbot: QtBot, worker: Worker) -> None:
    def job() -> Job[None]:
        for step in range(3000):
            yield Report("F", "training", step=step, curves={"loss": float(step)}, kernels=None)

    outcome, reports = run(qtbot, worker, job)
    points = [point for progress in reports for point in progress.points]
    assert outcome.ending is Ending.DONE
    assert points == [("loss", step, float(step)) for step in range(3000)]
    assert len(reports) < 300


def test_no_stage_is_lost_however_short(qtbot: QtBot, worker: Worker) -> None:
    def job() -> Job[None]:
        for stage in ("start", "device", "G", "P"):
            yield Report(stage, f"in {stage}")

    assert [progress.report.stage for progress in run(qtbot, worker, job)[1]] == [
        "start",
        "device",
        "G",
        "P",
    ]


class Probe:
    """Says in which thread it is deleted."""

    def __init__(self, threads: list[int]) -> None:
        self.threads = threads

    def __del__(self) -> None:
        self.threads.append(threading.get_ident())


def test_a_failure_in_the_windows_thread_leaves_its_objects_there(
    qtbot: QtBot, worker: Worker
) -> None:
    window_thread, threads = WindowThread(), []

    def fail() -> None:
        probe = Probe(threads)
        raise LenscalError(f"no: {type(probe).__name__}")

    def job() -> Job[None]:
        yield Report("a", "hello")
        window_thread.result_of(fail)

    assert run(qtbot, worker, job)[0].message == "no: Probe"
    assert threads == [threading.get_ident()]


def test_one_job_at_a_time(qtbot: QtBot, worker: Worker) -> None:
    worker.start("first", endless)
    with pytest.raises(LenscalError, match="first is still running"):
        worker.start("second", endless)
    with qtbot.waitSignal(worker.finished, timeout=5000):
        worker.cancel()


@pytest.mark.parametrize("ends", ["cancel", "stop_and_keep"])
def test_a_pause_does_not_hold_up_the_end(qtbot: QtBot, worker: Worker, ends: str) -> None:
    def meanwhile() -> None:
        getattr(worker, ends)()
        worker.pause()
        assert not worker.paused

    outcome, _ = run(qtbot, worker, endless, meanwhile=meanwhile)
    assert outcome.ending in (Ending.CANCELLED, Ending.STOPPED)
