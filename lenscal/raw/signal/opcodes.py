"""Instructions that a DNG holds for its pixels (DNG specification 1.4, chapter 7, Opcode List)."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

FIX_BAD_PIXELS_CONSTANT = 4
FIX_BAD_PIXELS_LIST = 5
_MOST_BAD_SITES = 1_000_000
"""More is a damaged list."""


def opcodes(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and parameters of each opcode of a list; a damaged list ends early."""
    # Big-endian, whatever the file is.
    if len(content) < 4:
        return
    (count,) = struct.unpack_from(">I", content)
    at = 4
    for _ in range(count):
        if at + 16 > len(content):
            return
        number, _, _, size = struct.unpack_from(">4I", content, at)
        parameters = content[at + 16 : at + 16 + size]
        if len(parameters) < size:
            return
        yield number, parameters
        at += 16 + size


def listed_bad_sites(
    content: bytes, mosaic: NDArray[np.uint16], origin: tuple[int, int]
) -> NDArray[np.intp]:
    """Rows and columns [n, 2] of the sites of a mosaic that an OpcodeList1 calls bad.

    Parameters
    ----------
    content : bytes
        The tag's.
    mosaic : [height, width]
        The visible area.
    origin : (y, x)
        Of its first site in the whole RAW image, which lists count in.
    """
    bad = np.zeros(mosaic.shape, np.bool_)
    for number, parameters in opcodes(content):
        if number == FIX_BAD_PIXELS_CONSTANT and len(parameters) >= 4:
            (value,) = struct.unpack_from(">I", parameters)
            bad |= mosaic == value
        elif number == FIX_BAD_PIXELS_LIST and len(parameters) >= 12:
            _mark(bad, parameters, origin)
    sites = np.argwhere(bad)
    return sites if len(sites) <= _MOST_BAD_SITES else sites[:0]


def _mark(bad: NDArray[np.bool_], parameters: bytes, origin: tuple[int, int]) -> None:
    """Set the points and rectangles of a FixBadPixelsList."""
    _, points, rectangles = struct.unpack_from(">3I", parameters)
    numbers = np.frombuffer(parameters, ">u4", offset=12, count=(len(parameters) - 12) // 4)
    if numbers.size < 2 * points + 4 * rectangles:
        return
    numbers = numbers.astype(np.int64)
    y, x = (numbers[: 2 * points].reshape(-1, 2) - origin).T
    inside = (y >= 0) & (y < bad.shape[0]) & (x >= 0) & (x < bad.shape[1])
    bad[y[inside], x[inside]] = True
    corners = numbers[2 * points : 2 * points + 4 * rectangles].reshape(-1, 4)
    for top, left, bottom, right in corners - np.array(origin * 2):
        bad[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)] = True
