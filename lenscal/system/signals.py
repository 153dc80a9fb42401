"""How a program ends when it is told to: once, in order, and whatever is pressed meanwhile."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SHELL_OFFSET = 128
"""Shells add it to the number of the signal that ended a program."""
_PATIENCE_S = 3.0
"""So long a program may take to clean up before another Ctrl+C ends it at once."""
_IMPORT_TICK_S, _LONGEST_IMPORT = 0.05, 600
"""A signal that comes in the middle of an import is heard when it is over, looked for so often; at
most half a minute later."""
ENDING = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""Ctrl+C; a service that is stopped, a session that ends; a terminal that is closed."""


class Ended(KeyboardInterrupt):
    """The program was told to end. What is half-written is removed on the way out."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.exit_code = SHELL_OFFSET + number


class _Ending:
    """Raises at the first signal, and leaves the cleaning up alone after that."""

    def __init__(self) -> None:
        self._since = 0.0
        self._waited = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if not self._since:
            if _imports(frame) and self._waited < _LONGEST_IMPORT:
                self._waited += 1
                _again_later(number)
                return
            self._since = time.monotonic()
            raise Ended(number)
        # Whoever presses again and again is heard in the end.
        if time.monotonic() - self._since > _PATIENCE_S:
            os._exit(SHELL_OFFSET + number)


def _imports(frame: FrameType | None) -> bool:
    """Whether a module is being imported there. One in C that is torn off is broken for good:
    torch, imported again on the way out, ends the program with a traceback or a crash."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def _again_later(number: int) -> None:
    timer = threading.Timer(_IMPORT_TICK_S, signal.raise_signal, (number,))
    timer.daemon = True
    timer.start()


@contextmanager
def ended_in_order(*, for_good: bool = False) -> Iterator[None]:
    """Within, the signals of `ENDING` raise `Ended` once. Those that were ignored before stay so
    (nohup).

    for_good : signals are not heard afterwards either: the interpreter, too, takes its time
    """
    with handled(_Ending(), for_good=for_good):
        yield


@contextmanager
def handled(
    handler: Callable[[int, FrameType | None], Any], *, for_good: bool = False
) -> Iterator[None]:
    """Within, `handler` gets the signals of `ENDING` that are not ignored."""
    # Python lets only its first thread do so.
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {
        number: signal.signal(number, handler)
        for number in ENDING
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, former in before.items():
            # Ignored by the system: Python gives its own handlers up before it has ended.
            signal.signal(number, signal.SIG_IGN if for_good else former)
