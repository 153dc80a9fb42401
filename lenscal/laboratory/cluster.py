"""A batch on a Dask cluster: each worker does one calibration at a time, with all its threads.

Photos and results lie on a disk that all computers share. What a worker is lost with, another one
does, from the last checkpoint; where the scheduler is lost, the batch ends and is run again.
"""

from __future__ import annotations

import queue
import secrets
import time
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lenscal import __version__
from lenscal.errors import InputError, LenscalError
from lenscal.laboratory.batch import OnOutcome, Outcomes
from lenscal.laboratory.entries import Entry
from lenscal.laboratory.work import Ending, Outcome, failed
from lenscal.laboratory.worker import (
    TOPIC,
    calibrate_on_worker,
    take_over,
    version_here,
)
from lenscal.reports import Report
from lenscal.stepping import Job
from lenscal.system.threads import usable_cores
from lenscal.translation import Translatable, message_of, translatable

_POLL_S = 0.2
_MOST_LOSSES = 3
"""Workers that may be lost with one calibration before it is that which ends them: most likely it
needs more memory than they have."""
_CONNECT_S = 20.0
MEMORY_RESOURCE = "MEMORY"
"""Name of the resource, in bytes, that workers may declare: `dask worker --resources "MEMORY=8e9"`.
Where they do, the scheduler counts with it."""


@contextmanager
def connected(scheduler: str) -> Iterator[Any]:
    """A client of the scheduler at an address, e.g. tcp://host:8786.

    Raises
    ------
    InputError
        Dask is not installed, or nothing answers there.
    """
    from distributed import Client

    try:
        client = Client(scheduler, timeout=_CONNECT_S, set_as_default=False, name="lenscal-batch")
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(
            translatable(
                "--scheduler {scheduler}: no Dask scheduler answers there ({error})",
                scheduler=scheduler,
                error=message_of(error),
            )
        ) from error
    try:
        yield client
    finally:
        # It may wait for what no longer answers.
        with suppress(Exception):
            client.close(timeout=2)


@contextmanager
def local_cluster(workers: int) -> Iterator[Any]:
    """A client of as many worker processes on this computer, which share its cores and memory."""
    from distributed import Client, LocalCluster

    threads = max(usable_cores() // workers, 1)
    with (
        LocalCluster(
            n_workers=workers,
            threads_per_worker=threads,
            processes=True,
            host="127.0.0.1",
            dashboard_address=None,
        ) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def require_dask() -> None:
    """Raises InputError where the extra `cluster` is not installed."""
    import importlib.util

    if importlib.util.find_spec("distributed") is None:
        raise InputError(
            translatable(
                "Dask is not installed: pip install 'lenscal[cluster]' (on the workers, too)"
            )
        )


@dataclass(slots=True)
class _Running:
    """A calibration on its way."""

    index: int
    future: Any
    worker: str
    fraction: float = 0.0


@dataclass(slots=True)
class _State:
    """What is left to do, and what runs."""

    entries: Sequence[Entry]
    outcomes: Outcomes
    pending: deque[int]
    running: list[_Running] = field(default_factory=list)
    losses: Counter[int] = field(default_factory=Counter)
    """Workers that were lost, by the calibration that they were at."""

    def known(self) -> int:
        """How many have ended."""
        return len(self.entries) - len(self.pending) - len(self.running)

    def fraction(self) -> float:
        """Part of the batch that is done."""
        return (self.known() + sum(one.fraction for one in self.running)) / len(self.entries)


def run_on_cluster(
    entries: Sequence[Entry],
    out: Path,
    on_outcome: OnOutcome,
    client: Any,
    *,
    again: bool = False,
) -> Job[Outcomes]:
    """Calibrate all on the workers of a client; one that fails does not stop the rest.

    Raises
    ------
    LenscalError
        The scheduler is lost. What was done is done.
    """
    batch = secrets.token_hex(8)
    out = out.resolve()
    _check_versions(client)
    events: queue.SimpleQueue[Mapping[str, Any]] = queue.SimpleQueue()
    state = _State(
        entries, [Outcome(e, Ending.WAITING) for e in entries], deque(range(len(entries)))
    )
    message: Translatable | None = None
    client.subscribe_topic(TOPIC, lambda event: events.put(event[1]))
    take_over(out, batch)
    try:
        while state.pending or state.running:
            workers = _workers(client)
            known = state.known()
            _take_back(state, workers)
            _submit(state, workers, client, (out, batch, again))
            message = _told(state, events, batch) or message
            if not workers:
                message = translatable("Waiting for workers")
            yield Report("batch", message or _in_words(state), state.fraction())
            _collect(state, client)
            if state.known() > known:
                message = None
                on_outcome(state.outcomes)
            time.sleep(_POLL_S)
    finally:
        # Whatever still runs ends at its next step, and keeps its checkpoint.
        with suppress(OSError):
            take_over(out, "")
    return state.outcomes


def _check_versions(client: Any) -> None:
    """Refuse a cluster of another version: results would depend on the worker.

    Raises
    ------
    InputError
    """
    try:
        versions = client.run(version_here)
    # Whatever a worker without lenscal answers.
    except Exception as error:
        raise InputError(
            translatable(
                "the cluster's workers have no lenscal {version} ({error}): install it there",
                version=__version__,
                error=message_of(error),
            )
        ) from error
    others = {worker: version for worker, version in versions.items() if version != __version__}
    for worker, version in others.items():
        raise InputError(
            translatable(
                "worker {worker} has lenscal {other}, here is {own}: install one version",
                worker=worker,
                other=str(version),
                own=__version__,
            )
        )


def _workers(client: Any) -> dict[str, Mapping[str, Any]]:
    # Also where it tries to connect again: Dask has forgotten by then what a client wanted.
    if client.status != "running":
        raise _lost()
    try:
        known: dict[str, Mapping[str, Any]] = client.scheduler_info(n_workers=-1)["workers"]
    # Errors of many kinds, as the connection breaks here or there.
    except Exception as error:
        raise _lost() from error
    return dict(known)


def _take_back(state: _State, workers: Mapping[str, Mapping[str, Any]]) -> None:
    """Put what workers were lost with at the head of what is to be done."""
    for running in [r for r in state.running if r.worker not in workers]:
        if running.future.status != "pending":
            continue
        state.running.remove(running)
        running.future.cancel()
        state.losses[running.index] += 1
        if state.losses[running.index] < _MOST_LOSSES:
            state.pending.appendleft(running.index)
        else:
            state.outcomes[running.index] = failed(
                state.entries[running.index],
                translatable(
                    "{n} workers were lost with it, most likely for lack of memory: give them more",
                    n=_MOST_LOSSES,
                ),
            )


def _lost() -> LenscalError:
    return LenscalError(
        translatable(
            "the cluster's scheduler is lost: what was done is kept; run the same command again "
            "once it is there"
        )
    )


def _submit(
    state: _State,
    workers: Mapping[str, Mapping[str, Any]],
    client: Any,
    what: tuple[Path, str, bool],
) -> None:
    """Give every idle worker a calibration that it has the memory for."""
    busy = {running.worker for running in state.running}
    largest = max((w.get("memory_limit") or 0 for w in workers.values()), default=0)
    for index in list(state.pending):
        entry = state.entries[index]
        need = entry.memory_bytes or 0
        fitting = [
            address
            for address, worker in workers.items()
            if need <= (worker.get("memory_limit") or need)
        ]
        if workers and not fitting:
            state.pending.remove(index)
            state.outcomes[index] = failed(entry, _too_small(need, largest))
            continue
        idle = next((address for address in fitting if address not in busy), None)
        if idle is None:
            continue
        state.pending.remove(index)
        busy.add(idle)
        resources = _resources(entry, [workers[address] for address in fitting])
        attempt = state.losses[index]
        future = client.submit(
            calibrate_on_worker,
            entry,
            *what,
            threads=workers[idle].get("nthreads"),
            key=f"lenscal-{entry.folder_name}-{what[1]}-{attempt}",
            # That one alone: where it is lost, the next one is chosen here, as it must be idle.
            workers=[idle],
            resources=resources,
            pure=False,
        )
        state.running.append(_Running(index, future, idle))


def _resources(entry: Entry, fitting: Sequence[Mapping[str, Any]]) -> dict[str, int] | None:
    """What the scheduler is told of the calibration's needs, where the workers say what they
    have."""
    declared = all(MEMORY_RESOURCE in worker.get("resources", {}) for worker in fitting)
    return {MEMORY_RESOURCE: entry.memory_bytes} if entry.memory_bytes and declared else None


def _too_small(need: int, largest: int) -> str:
    return translatable(
        "no worker has the {need:.1f} GB of memory that memory_gb asks for; the largest has "
        "{largest:.1f} GB",
        need=need / 2**30,
        largest=largest / 2**30,
    )


def _told(
    state: _State, events: queue.SimpleQueue[Mapping[str, Any]], batch: str
) -> Translatable | None:
    """What workers have told since, as fractions; the last sentence."""
    message = None
    by_name = {state.entries[running.index].folder_name: running for running in state.running}
    while True:
        try:
            event = events.get_nowait()
        except queue.Empty:
            return message
        running = by_name.get(str(event.get("entry")))
        if running is None or event.get("batch") != batch:
            continue
        running.fraction = max(float(event.get("fraction") or 0.0), running.fraction)
        message = translatable(
            "{title} (of {n} running): {message}",
            title=state.entries[running.index].title,
            n=len(state.running),
            message=str(event.get("message", "")),
        )


def _in_words(state: _State) -> Translatable:
    return translatable(
        "{done} of {count} calibrations done, {n} running",
        done=state.known(),
        count=len(state.entries),
        n=len(state.running),
    )


def _collect(state: _State, client: Any) -> None:
    """Take the outcomes of what has ended."""
    for running in [r for r in state.running if r.future.status != "pending"]:
        # Nobody but a lost scheduler cancels them.
        if running.future.status in ("cancelled", "lost") or client.status != "running":
            raise _lost()
        state.running.remove(running)
        state.outcomes[running.index] = _outcome(state.entries[running.index], running)


def _outcome(entry: Entry, running: _Running) -> Outcome:
    try:
        outcome: Outcome = running.future.result(timeout=_CONNECT_S)
    # Whatever kept a worker from even sending an outcome.
    except Exception as error:
        return failed(entry, message_of(error))
    return replace(outcome, entry=entry, worker=running.worker)
