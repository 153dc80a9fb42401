"""The worker's side: a process that calls one function after the other, and ends when it is no
longer needed."""

from __future__ import annotations

import faulthandler
import importlib
import io
import os
import queue
import signal
import sys
import threading
import traceback
from contextlib import suppress
from typing import Any

from lenscal.errors import LenscalError
from lenscal.system.isolation.messages import Answer, Ready, Task, receive, send
from lenscal.system.memory import is_out_of_memory, keep_freed_memory
from lenscal.system.signals import ENDING
from lenscal.system.threads import prepare_libraries, use_threads

IDLE_S = 60.0
"""A worker that waits longer ends: it holds some 100 MB, and is started again in half a second."""
_PATIENCE = 3
"""Times that of whoever asked: where that one still lives, it has ended this process by then."""
_EARLY = ("lenscal.raw.decode", "lenscal.raw.metadata")
"""Loaded while the program itself is still starting."""


def main() -> None:
    """Serve whoever started this process, by its standard input and output, to their end."""
    asked, answers = _own_streams()
    _expect_faults()
    prepare_libraries()
    keep_freed_memory()
    try:
        send(answers, Ready())
        tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
        threading.Thread(target=_listen, args=(asked, tasks), daemon=True).start()
        for module in _EARLY:
            # What is wrong with it, its first task will tell.
            with suppress(Exception):
                importlib.import_module(module)
        while True:
            send(answers, _done(tasks.get(timeout=IDLE_S)))
    except (queue.Empty, OSError):
        pass
    # At once: there is nothing to be put in order, and a library may be in an odd state.
    os._exit(0)


def _own_streams() -> tuple[io.FileIO, io.FileIO]:
    """The two pipes, under numbers that no library writes to."""
    asked, answers = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nowhere, number)
    return io.FileIO(asked, "rb"), io.FileIO(answers, "wb")


def _expect_faults() -> None:
    """No core files, no windows of the system that tell of the crash, and no end by the signals
    that are for whoever started this process: that one ends it."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "win32":
        import ctypes

        # SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX
        ctypes.windll.kernel32.SetErrorMode(0x0001 | 0x0002)
        return
    import resource

    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _listen(asked: io.FileIO, tasks: queue.SimpleQueue[Task]) -> None:
    """Pass tasks on; end the process with whoever gives them, whatever it is doing."""
    try:
        while True:
            tasks.put(receive(asked))
    except (EOFError, OSError):
        os._exit(0)


def _done(task: Task) -> Answer:
    _limit_address_space(task.address_bytes)
    use_threads(task.threads)
    # A thread in C, which needs no lock of Python's: some libraries hold that while they work.
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        faulthandler.dump_traceback_later(_PATIENCE * task.patience_s, exit=True, file=nowhere)
        try:
            function = getattr(importlib.import_module(task.module), task.name)
            # Without what whoever asked does about errors.
            return Answer(value=function.__wrapped__(*task.args, **task.options))
        except LenscalError as error:
            return Answer(error=error)
        except Exception as error:
            if is_out_of_memory(error):
                return Answer(error=MemoryError(str(error)))
            kind, details = type(error).__name__, traceback.format_exc()
            return Answer(kind=kind, words=str(error), details=details)
        finally:
            faulthandler.cancel_dump_traceback_later()


def _limit_address_space(most_bytes: int) -> None:
    """More than this cannot be mapped; only where the system has such a limit."""
    try:
        import resource
    except ImportError:
        return
    limit: Any = resource.RLIMIT_AS
    _, hard = resource.getrlimit(limit)
    wanted = most_bytes if hard == resource.RLIM_INFINITY else min(most_bytes, hard)
    # macOS knows the limit, and refuses what lies below that which is mapped already.
    with suppress(OSError, ValueError):
        resource.setrlimit(limit, (wanted, hard))
