"""Small matrix/TRC ICC profiles (version 4.3), made from the numbers of a colour space."""

from __future__ import annotations

import hashlib
import struct

import numpy as np

from lenscal.files.photos.colour import D50, RgbSpace, adaptation

_HEADER_BYTES = 128


def icc_profile(space: RgbSpace) -> bytes:
    """An ICC display profile of an RGB space, as ICC.1:2010 (v4.3) lays it out."""
    matrix = space.to_xyz_d50
    curve = _parametric(space)
    tags = [
        (b"desc", _text(space.name)),
        (b"cprt", _text("No copyright, use freely")),
        (b"wtpt", _xyz(D50)),
        (b"chad", b"sf32" + bytes(4) + _fixed(adaptation(np.array(space.white), D50).ravel())),
        *((name, _xyz(matrix[:, i])) for i, name in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))),
        *((name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")),
    ]
    table, data, places = struct.pack(">I", len(tags)), b"", {}
    start = _HEADER_BYTES + 4 + 12 * len(tags)
    for name, content in tags:
        if content not in places:
            places[content] = start + len(data)
            data += content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", places[content], len(content))
    body = table + data
    header = _header(_HEADER_BYTES + len(body), bytes(16))
    identity = hashlib.md5(header + body, usedforsecurity=False).digest()
    return _header(_HEADER_BYTES + len(body), identity) + body


def _header(size: int, identity: bytes) -> bytes:
    date = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    return (
        struct.pack(">I4sI4s4s4s", size, bytes(4), 0x04300000, b"mntr", b"RGB ", b"XYZ ")
        + date
        + b"acsp"
        + bytes(4 + 4 + 4 + 4 + 8 + 4)
        + _fixed(D50)
        + bytes(4)
        + identity
        + bytes(28)
    )


def _fixed(values: np.ndarray) -> bytes:
    """s15Fixed16 numbers."""
    return struct.pack(f">{len(values)}i", *(round(float(v) * 65536) for v in values))


def _xyz(values: np.ndarray) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(values)


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return (
        b"mluc"
        + bytes(4)
        + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28)
        + encoded
    )


def _parametric(space: RgbSpace) -> bytes:
    """Type 3: Y = (a X + b) ** g for X >= d, else c X."""
    a, b = 1 / (1 + space.offset), space.offset / (1 + space.offset)
    numbers = np.array([space.gamma, a, b, 1 / space.slope, space.toe])
    return b"para" + bytes(4) + struct.pack(">HH", 3, 0) + _fixed(numbers)
