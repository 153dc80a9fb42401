"""Ctrl+C, a closed terminal and the end of a session close the window, in order."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from PySide6.QtCore import QSocketNotifier, QTimer

from lenscal.system.signals import handled

_WAKING_BYTES = 64


@contextmanager
def closed_by_signals(close: Callable[[], None]) -> Iterator[None]:
    """Within, `close` is called in the window's thread when the program is told to end."""
    reader, writer = socket.socketpair()
    writer.setblocking(False)
    # Qt's event loop runs no Python by itself, and so would never hear of a signal.
    notifier = QSocketNotifier(reader.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda: reader.recv(_WAKING_BYTES))
    former = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)

    def told(_number: int, _frame: FrameType | None) -> None:
        # Not here: whatever the window was doing is interrupted by this.
        QTimer.singleShot(0, close)

    try:
        with handled(told):
            yield
    finally:
        signal.set_wakeup_fd(former)
        notifier.setEnabled(False)
        reader.close()
        writer.close()
