"""What a program and its workers tell each other: pickles, with the pixels beside them as they
are."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import FileIO
from typing import Any

_HEAD = struct.Struct("<QQ")
"""Bytes of the pickle; how many arrays follow it."""
_SIZE = struct.Struct("<Q")
_MOST_AT_ONCE = 2**26
"""Bytes of one reading or writing: systems have limits, and do less than asked."""


@dataclass(frozen=True, slots=True)
class Task:
    """A function to call, by its name: where the worker finds it, and not what it is."""

    module: str
    name: str
    args: Sequence[Any]
    options: Mapping[str, Any]
    threads: int
    """That the function may use."""
    patience_s: float
    """After which whoever asked has given up, and most likely has ended."""
    address_bytes: int
    """That the worker may have mapped meanwhile."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a task: its value, an error of ours, or what else was raised."""

    value: Any = None
    error: Exception | None = None
    kind: str = ""
    """Type of an error that is not ours, which need not be one that can be sent."""
    words: str = ""
    details: str = ""
    """Its traceback."""

    @property
    def failed(self) -> bool:
        """Whether what was raised is none of our errors."""
        return bool(self.kind)


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker's first word."""


def send(stream: FileIO, value: Any) -> None:
    """Write a value.

    Raises
    ------
    OSError
        Nobody reads any more.
    """
    arrays: list[memoryview] = []

    def beside(buffer: pickle.PickleBuffer) -> None:
        arrays.append(buffer.raw())

    # Protocol 5 leaves arrays out: 200 MB of pixels are not copied into a pickle.
    content = pickle.dumps(value, protocol=5, buffer_callback=beside)
    head = _HEAD.pack(len(content), len(arrays))
    sizes = b"".join(_SIZE.pack(array.nbytes) for array in arrays)
    for part in (memoryview(head + sizes + content), *arrays):
        _in_pieces(part, stream.write)


def receive(stream: FileIO) -> Any:
    """Read a value.

    Raises
    ------
    EOFError, OSError
        Whoever wrote has ended.
    """
    length, count = _HEAD.unpack(_read(stream, _HEAD.size))
    sizes = [size for (size,) in _SIZE.iter_unpack(_read(stream, count * _SIZE.size))]
    content = _read(stream, length)
    return pickle.loads(content, buffers=[_read_array(stream, size) for size in sizes])


def _read(stream: FileIO, size: int) -> Any:
    content: Any = bytearray(size)
    _in_pieces(memoryview(content), stream.readinto)
    return content


def _read_array(stream: FileIO, size: int) -> Any:
    import numpy as np

    # Not filled with zeros first, as a bytearray is.
    content: Any = np.empty(size, np.uint8)
    _in_pieces(memoryview(content), stream.readinto)
    return content


def _in_pieces(part: memoryview, move: Callable[[memoryview], int | None]) -> None:
    at = 0
    while at < part.nbytes:
        moved = move(part[at : at + _MOST_AT_ONCE])
        if not moved:
            raise EOFError
        at += moved
