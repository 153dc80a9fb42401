"""Standard output and standard error where these are closed, full or no longer read."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from lenscal.errors import LenscalError
from lenscal.printable import printable
from lenscal.translation import translatable

CLEAR_LINE = "\r\x1b[2K"
"""For terminals: back to the start of the line, and nothing on it."""


def prepare_streams() -> None:
    """Make both streams ones that can be written to, whatever started the program.

    Services start programs with closed streams, which Python has as None; names of files need not
    be text.
    """
    _occupy_descriptors()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _occupy_descriptors() -> None:
    """Let no file that is opened later have the number of a stream that is closed: what libraries
    print would end up in it."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # It gets the lowest free number, which is this one.
            os.open(os.devnull, os.O_RDWR)


def write_out(text: str) -> None:
    """Write a result to standard output, at once. Control characters become escapes.

    Raises
    ------
    LenscalError
        It cannot be written: a log on a full disk.
    BrokenPipeError
        Whoever read it has ended.
    """
    try:
        sys.stdout.write(printable(text, lines=True))
        sys.stdout.flush()
    except OSError as error:
        _silence(sys.stdout)
        if isinstance(error, BrokenPipeError):
            raise
        reason = error.strerror or str(error)
        raise LenscalError(
            translatable("standard output cannot be written: {reason}", reason=reason)
        ) from error


def write_err(text: str, *, clear_line: bool = False) -> None:
    """Say something on standard error. Where that cannot be done the work goes on without.

    clear_line : whether a terminal's present line is wiped before
    """
    try:
        if clear_line:
            sys.stderr.write(CLEAR_LINE)
        sys.stderr.write(printable(text, lines=True))
        sys.stderr.flush()
    except OSError:
        _silence(sys.stderr)


def _silence(stream: TextIO) -> None:
    """Lead what is still in the stream's buffer, and whatever is written later, to nowhere."""
    # Or the interpreter would fail on it at the end, with a traceback.
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
