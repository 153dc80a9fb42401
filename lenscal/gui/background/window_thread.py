"""Calls that must happen in the window's thread, made from a worker."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as StillWaiting
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, QThread, Signal, Slot

T = TypeVar("T")

_POLL_S = 0.1


class WindowThread(QObject):
    """Calls functions in the thread that it was made in, while the caller's thread waits.

    Qt's objects must not be made in a worker: Qt holds a lock while it asks Python, in the window's
    thread, whether a method is overridden; a worker that holds Python's lock and waits for Qt's
    then stops both for ever (seen with QTextDocument and PySide 6.11).
    """

    _sent = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._thread_id = threading.get_ident()
        self._sent.connect(self._call, Qt.ConnectionType.QueuedConnection)

    def result_of(self, function: Callable[[], T]) -> T:
        """What the function returns; what it raises is raised here.

        Raises
        ------
        CancelledError
            The program ends before the window's thread came to it.
        """
        # It would wait for itself.
        if threading.get_ident() == self._thread_id:
            return function()
        future: Future[T] = Future()

        def call() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(function())
                except Exception as error:
                    # Else the traceback would take Qt's objects along, to be deleted in the worker.
                    traceback.clear_frames(error.__traceback__)
                    future.set_exception(error)

        # Queued: runs when the window's thread comes to its events.
        self._sent.emit(call)
        while True:
            try:
                return future.result(_POLL_S)
            except StillWaiting:
                # At the program's end no event loop is left that would make the call.
                ending = QThread.currentThread().isInterruptionRequested()
                if ending and future.cancel():
                    raise CancelledError from None

    @Slot(object)
    def _call(self, call: Callable[[], None]) -> None:
        call()
