"""What libraries in C write to standard error is kept from the terminal, where nobody could tell
whose words they are."""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_STDERR = 2
_lock = threading.Lock()
_users = 0
_saved: int | None = None


def keep_own_stderr() -> None:
    """Give Python's standard error a descriptor of its own, so that `without_library_noise` leaves
    it alone. Called once, by programs."""
    # Written in Python, it logs what it finds odd in a file; errors are raised all the same.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)
    stream = sys.stderr
    try:
        if stream is None or stream.fileno() != _STDERR:
            return
        stream.flush()
        own = os.dup(_STDERR)
    except (OSError, ValueError, AttributeError):
        # Services may have none, or have closed it.
        return
    sys.stderr = io.TextIOWrapper(
        os.fdopen(own, "wb"),
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=True,
        write_through=True,
    )


@contextmanager
def without_library_noise() -> Iterator[None]:
    """While it lasts, what libraries print of the files they read (LibRaw, libjpeg, libtiff, exiv2,
    OpenCV) goes nowhere: they also say it by errors, which become messages of our own.

    Several threads may be in it. Without `keep_own_stderr` nothing is done where Python writes to
    the same descriptor: its own words would be lost.
    """
    began = _begin()
    try:
        yield
    finally:
        if began:
            _end()


def _begin() -> bool:
    global _users, _saved
    with suppress(OSError, ValueError, AttributeError):
        if sys.stderr is not None and sys.stderr.fileno() == _STDERR:
            return False
    with _lock:
        if _users == 0:
            try:
                _saved = os.dup(_STDERR)
                nowhere = os.open(os.devnull, os.O_WRONLY)
            except OSError:
                return False
            os.dup2(nowhere, _STDERR)
            os.close(nowhere)
        _users += 1
    return True


def _end() -> None:
    global _users, _saved
    with _lock:
        _users -= 1
        if _users == 0 and _saved is not None:
            os.dup2(_saved, _STDERR)
            os.close(_saved)
            _saved = None
