"""Functions that read files of strangers through libraries in C: called in a worker process where
the program has asked for that, and in the present one otherwise."""

from __future__ import annotations

import atexit
import functools
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from lenscal.errors import LenscalError
from lenscal.system.memory import NOT_ENOUGH_MEMORY, is_out_of_memory
from lenscal.system.threads import threads_here
from lenscal.translation import Translatable, translatable

if TYPE_CHECKING:
    from lenscal.system.isolation.messages import Answer, Task
    from lenscal.system.isolation.processes import Died, Worker

T = TypeVar("T")
P = ParamSpec("P")

WORKER_FLAG = "--lenscal-worker"
"""What a bundle, whose program is its only executable, is started with to be a worker."""
PATIENCE_S, PATIENCE_S_PER_MB = 60.0, 1.0
"""A photo of 24 megapixels (30 MB) takes some 4 s, one of 100 (100 to 200 MB) some 20: a machine
that is ten times as slow, or as busy, is still waited for."""
_ADDRESS_BYTES, _ADDRESS_PER_BYTE = 6 * 2**30, 32
"""Of address space: the libraries alone map 2 GB, and decoding takes up to 30 bytes a pixel."""
_TRIES = 2
"""A worker may also end for reasons that lie not in the photo."""

logger = logging.getLogger(__name__)


class _State:
    """Of this process.

    users : how often `in_workers` is entered; none: everything is called in this process
    impossible : whether workers cannot be started here
    faults : what files did to workers, by name, size and time: they are not tried again
    """

    def __init__(self) -> None:
        self.users = 0
        self.impossible = False
        self.idle: list[Worker] = []
        self.lock = threading.Lock()
        self.faults: dict[tuple[str, int, int], Translatable] = {}


_state = _State()


@contextmanager
def in_workers() -> Iterator[None]:
    """Within, what is `isolated` is called in worker processes. They are kept for the next time,
    and end after a minute without work, or with this process."""
    with _state.lock:
        _state.users += 1
    try:
        yield
    finally:
        with _state.lock:
            _state.users -= 1


def isolated(
    failed: Callable[[Path, Translatable], T],
) -> Callable[[Callable[Concatenate[Path, P], T]], Callable[Concatenate[Path, P], T]]:
    """Make a function of a file, and of what can be pickled, one whose crash or hang is its file's
    fault alone.

    failed : gives, or raises, what the function shall where it crashes, takes too long or raises
        what none of our errors is; with the file and why, in words
    """

    def made(function: Callable[Concatenate[Path, P], T]) -> Callable[Concatenate[Path, P], T]:
        @functools.wraps(function)
        def call(path: Path, /, *args: P.args, **options: P.kwargs) -> T:
            try:
                if not _state.users or _state.impossible:
                    return function(path, *args, **options)
                outcome = _in_worker(function, path, args, options)
            except LenscalError:
                raise
            except Exception as error:
                if is_out_of_memory(error):
                    return failed(path, NOT_ENOUGH_MEMORY)
                # A bug, of ours or of a library: the file has what, the log where.
                logger.info("unexpected", exc_info=error)
                return failed(path, _unexpected(type(error).__name__, str(error)))
            if isinstance(outcome, Translatable):
                return failed(path, outcome)
            value: T = outcome.value
            return value

        return call

    return made


def warm_up() -> None:
    """Start a worker now, where one will be needed soon: it loads its libraries meanwhile."""
    with _state.lock:
        wanted = _state.users and not _state.impossible and not _state.idle
    if wanted and (worker := _started()) is not None:
        _keep(worker)


def end_workers() -> None:
    """Kill those that have nothing to do."""
    with _state.lock:
        idle, _state.idle = _state.idle, []
    for worker in idle:
        worker.end()


atexit.register(end_workers)


def _in_worker(
    function: Callable[..., T], path: Path, args: Any, options: Any
) -> Answer | Translatable:
    """What a worker answered, or why there is no answer."""
    from lenscal.system.isolation.messages import Answer, Task

    state = _state_of(path)
    if state in _state.faults:
        return _state.faults[state]
    megabytes = state[1] / 1e6
    task = Task(
        function.__module__,
        function.__qualname__,
        (path, *args),
        options,
        threads_here(),
        PATIENCE_S + PATIENCE_S_PER_MB * megabytes,
        _ADDRESS_BYTES + _ADDRESS_PER_BYTE * state[1],
    )
    outcome = _asked(task)
    if outcome is None:
        # No process can be started: as if there had never been one.
        return Answer(value=function(path, *args, **options))
    if isinstance(outcome, Answer):
        if outcome.error is not None:
            raise outcome.error
        if outcome.failed:
            logger.info("unexpected\n%s", outcome.details)
            return _unexpected(outcome.kind, outcome.words)
        return outcome
    reason = _in_words(outcome, task.patience_s)
    logger.info("%s: %s", path.name, reason)
    # One that the system killed may have been none of the file's doing.
    if not outcome.killed:
        _state.faults[state] = reason
    return reason


def _asked(task: Task) -> Answer | Died | None:
    """Ask an idle worker, or a new one; None where there can be none."""
    from lenscal.system.isolation.processes import Died, NoWorkerError

    outcome: Answer | Died | None = None
    for _ in range(_TRIES):
        worker = _taken()
        if worker is None:
            return None
        try:
            outcome = worker.ask(task)
        except NoWorkerError:
            _go_without()
            return None
        if not isinstance(outcome, Died):
            _keep(worker)
            return outcome
        if outcome.too_long:
            return outcome
    return outcome


def _taken() -> Worker | None:
    while True:
        with _state.lock:
            worker = _state.idle.pop() if _state.idle else None
        if worker is None:
            return _started()
        if worker.alive:
            return worker
        worker.end()


def _started() -> Worker | None:
    from lenscal.system.isolation.processes import NoWorkerError, Worker

    try:
        return Worker(WORKER_FLAG)
    except NoWorkerError:
        _go_without()
        return None


def _go_without() -> None:
    logger.info("no worker process can be started: photos are read in this one")
    _state.impossible = True


def _keep(worker: Worker) -> None:
    with _state.lock:
        _state.idle.append(worker)


def _state_of(path: Path) -> tuple[str, int, int]:
    try:
        status = path.stat()
    except OSError:
        # Whoever reads it says what is wrong.
        return str(path), 0, 0
    return str(path), status.st_size, status.st_mtime_ns


def _unexpected(kind: str, words: str) -> Translatable:
    return translatable(
        "reading it failed in a way that was not expected ({kind}: {words}): the file is most "
        "likely damaged",
        kind=kind,
        words=ValueError(words),
    )


def _in_words(died: Died, patience_s: float) -> Translatable:
    if died.too_long:
        return translatable(
            "reading it was given up after {seconds:.0f} s: the file is most likely damaged",
            seconds=patience_s,
        )
    if died.killed:
        return translatable(
            "the system ended the process that was reading it, most likely for lack of memory: "
            "close other programs"
        )
    return translatable(
        "the library that reads it crashed ({how}): the file is most likely damaged", how=died.how
    )
