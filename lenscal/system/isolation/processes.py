"""The program's side: workers that are started, asked, and killed where they no longer answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from typing import cast

from lenscal.system.isolation.messages import Answer, Ready, Task, receive, send

_PIPE_BYTES = 2**20
"""What unprivileged programs get on Linux: pixels go through 64 KiB at half the speed."""
_LONGEST_TICK_S = 2.0
"""A longer one means that the machine was asleep, or the program stopped (Ctrl+Z)."""
_TICK_S = 1.0


class NoWorkerError(Exception):
    """A worker process cannot be started here."""


@dataclass(frozen=True, slots=True)
class Died:
    """A worker ended in the middle of a task: by itself, or because it took too long."""

    too_long: bool
    code: int | None
    """As `subprocess`: below 0 the number of a signal."""

    @property
    def killed(self) -> bool:
        """Whether somebody else has killed it: the system, where memory ran out."""
        return not self.too_long and self.code == -getattr(signal, "SIGKILL", 9)

    @property
    def how(self) -> str:
        """What ended it, in the system's words."""
        if self.code is not None and self.code < 0:
            try:
                return signal.Signals(-self.code).name
            except ValueError:
                return f"signal {-self.code}"
        return f"exit code {self.code}"


class Worker:
    """A process that does one task after the other."""

    def __init__(self, flag: str) -> None:
        """Start it; it loads what it needs while the program goes on.

        flag : what a bundle, whose program is its only executable, is started with to be a worker

        Raises
        ------
        NoWorkerError
        """
        if not sys.executable:
            raise NoWorkerError
        try:
            self._process = subprocess.Popen(
                _command(flag),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                # Ctrl+C is the program's to hear, also while a worker is starting, and no console
                # window opens for one.
                process_group=0 if os.name == "posix" else None,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0)
                | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        except OSError as error:
            raise NoWorkerError from error
        self._tasks = cast(FileIO, self._process.stdin)
        self._answers = cast(FileIO, self._process.stdout)
        _widen(self._answers)
        self._greeted = False

    @property
    def alive(self) -> bool:
        """Whether it still runs: one that was idle for long ends by itself."""
        return self._process.poll() is None

    def ask(self, task: Task) -> Answer | Died:
        """Let it do a task; not to be used again where it died.

        Raises
        ------
        NoWorkerError
            It does not even start.
        """
        try:
            self._greet()
            return self._answered(task)
        except BaseException:
            # Ctrl+C: what it would still answer would be taken for the next answer.
            self.end()
            raise

    def end(self) -> None:
        """Kill it: it has nothing to lose."""
        self._process.kill()
        self._process.wait()
        for stream in (self._tasks, self._answers):
            stream.close()

    def _greet(self) -> None:
        if self._greeted:
            return
        try:
            self._greeted = receive(self._answers) == Ready()
        # Whatever else was started has its own way to talk.
        except Exception as error:
            raise NoWorkerError from error
        if not self._greeted:
            raise NoWorkerError

    def _answered(self, task: Task) -> Answer | Died:
        deadline = _Deadline(self._process, task.patience_s)
        try:
            send(self._tasks, task)
            answer: Answer = receive(self._answers)
            return answer
        except (EOFError, OSError):
            deadline.over()
            self._process.kill()
            code = self._process.wait()
            self.end()
            return Died(deadline.passed, code)
        finally:
            deadline.over()


class _Deadline:
    """Kills a process that takes too long, so that whoever waits for its answer learns of it."""

    def __init__(self, process: subprocess.Popen[bytes], seconds: float) -> None:
        self.passed = False
        self._process, self._seconds = process, seconds
        self._over = threading.Event()
        threading.Thread(target=self._watch, name="deadline", daemon=True).start()

    def over(self) -> None:
        """The process has answered, or ended."""
        self._over.set()

    def _watch(self) -> None:
        waited, before = 0.0, time.monotonic()
        while not self._over.wait(min(_TICK_S, self._seconds)):
            now = time.monotonic()
            # Time in which nothing could be done does not count.
            waited += min(now - before, _LONGEST_TICK_S)
            before = now
            if waited >= self._seconds:
                self.passed = True
                self._process.kill()
                return


def _widen(pipe: FileIO) -> None:
    if sys.platform == "linux":
        import fcntl

        # A user has so much for all pipes together.
        with suppress(OSError):
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)


def _command(flag: str) -> list[str]:
    if getattr(sys, "frozen", False):
        return [sys.executable, flag]
    # Where this program has found its modules, and nowhere else.
    start = (
        f"import sys; sys.path[:] = {sys.path!a}; "
        "from lenscal.system.isolation.worker import main; main()"
    )
    # -P: or a file sys.py in a folder of photos, where the program was started, would be run.
    return [sys.executable, "-P", "-c", start]
