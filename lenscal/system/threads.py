"""The one owner of numerical threads: how many there are, and how work is spread over them.

Every call of a numerical library runs on the thread that makes it: torch, MKL and OpenBLAS are held
at one thread of their own. What can be done side by side goes through `in_order`, whose results
come in the order of the items, so that sums over them have the same bits for every number of
threads. Only a call that cannot be cut, as a network on one large image, is let loose on all cores,
by `several_cores`, in the thread that asks for it and nowhere else.

Numbers that hold for the whole process (`torch.set_num_threads`) are written once, in
`settle_torch`, and never put back: what they are changed to and fro would reach every thread that
begins in between.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")

_LIBRARIES_OWN = ("MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""Environment variables that hold libraries at one thread if they are set before these are loaded;
torch, too, takes MKL's. OMP_NUM_THREADS is left to the user: it says how many threads `in_order`
may use."""

_OPENMP = {"win32": "libiomp5md", "darwin": None, "linux": None}
"""Where torch's OpenMP is found by its functions' names: None for what is loaded already."""


class _State(threading.local):
    """Of a thread: whether it is one of `in_order`'s, which must not start more."""

    in_parallel = False


_state = _State()
_chosen: int | None = None


def thread_count() -> int:
    """How many threads numerical work may use: `use_threads`, else OMP_NUM_THREADS, else the
    cores."""
    if _chosen is not None:
        return _chosen
    # OpenMP takes a list too, one number for each level of nesting: the first is the outermost.
    wanted = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    if wanted.isdecimal() and int(wanted) > 0:
        return int(wanted)
    return usable_cores()


def threads_here() -> int:
    """As many as `in_order` would use in this thread."""
    return 1 if _state.in_parallel else thread_count()


def usable_cores() -> int:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return max(len(os.sched_getaffinity(0)), 1)
    return os.cpu_count() or 1


def use_threads(count: int | None) -> None:
    """So many from the next work on; None: as many as the environment says."""
    global _chosen
    _chosen = count


def prepare_libraries() -> None:
    """Hold the libraries that are loaded from now on at one thread a call, and let threads that
    wait for each other sleep instead of spinning. To be called before numpy and torch are loaded.

    Spinning threads starve whatever else wants the processor. Measured on 2 busy cores, small
    matrix products and convolutions with two threads: 107 s and 57 s of processor time spinning, 26
    s and 11 s asleep.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    for name in _LIBRARIES_OWN:
        os.environ[name] = "1"


def settle_torch() -> None:
    """Hold torch at one thread a call, in this thread and in all that begin later.

    Whatever computes with torch calls this first (`pick_device` does); again, it does nothing.
    """
    import torch

    if torch.get_num_threads() != 1:
        torch.set_num_threads(1)


def in_order(
    work: Callable[[T], U], items: Iterable[T], *, most: int | None = None, ahead: int = 1
) -> Generator[U, None, None]:
    """`work` of every item, in the items' order, worked out side by side a little ahead.

    As many threads as `thread_count` says, `most` at most; so many as `ahead` says more than that
    are worked out before they are asked for, which bounds the memory: more where items take long
    to make now and then, or the threads would wait for them. Within `work` of another `in_order` it
    goes one by one. Close the generator (or let it end) and no thread is left.
    """
    threads = 1 if _state.in_parallel else min(thread_count(), most or sys.maxsize)
    if threads <= 1:
        yield from map(work, items)
        return
    with Team(threads) as team:
        yield from team.in_order(work, items, ahead)


class Team:
    """Threads that are kept for several rounds of work, where starting them anew each time would
    cost too much: the steps of a fit.

    threads : None for `thread_count`; one where this is itself called from a thread of a team
    """

    def __init__(self, threads: int | None = None) -> None:
        count = 1 if _state.in_parallel else threads or thread_count()
        self.threads = count
        self._pool = (
            None if count <= 1 else ThreadPoolExecutor(count, "numerical", initializer=_enter)
        )

    def __enter__(self) -> Team:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the threads; what has not begun is dropped, what has is waited for."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def in_order(
        self, work: Callable[[T], U], items: Iterable[T], ahead: int = 1
    ) -> Generator[U, None, None]:
        """As the function."""
        if self._pool is None:
            yield from map(work, items)
            return
        begun: deque[Future[U]] = deque()
        try:
            for item in items:
                begun.append(self._pool.submit(work, item))
                if len(begun) >= self.threads + ahead:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
        finally:
            for future in begun:
                future.cancel()

    def all(self, work: Callable[[T], U], items: Iterable[T]) -> list[U]:
        """`work` of every item, side by side, as a list in their order."""
        with closing(self.in_order(work, items)) as results:
            return list(results)


def _enter() -> None:
    _state.in_parallel = True


@contextmanager
def several_cores() -> Iterator[None]:
    """Let single calls of torch in this thread use all threads, for calls that cannot be cut.

    OpenMP keeps this number for each thread, unlike `torch.set_num_threads`. Where its library is
    not found, calls go on with one thread: slower, not wrong.
    """
    library = None if _state.in_parallel else _openmp()
    if library is None:
        yield
        return
    before = library.omp_get_max_threads()
    library.omp_set_num_threads(thread_count())
    try:
        yield
    finally:
        library.omp_set_num_threads(before)


def _openmp() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(_OPENMP.get(sys.platform))
    except OSError:
        return None
    return library if hasattr(library, "omp_set_num_threads") else None
