"""Small matrix/TRC ICC profiles (version 4.3), made from the numbers of a colour space.

By hand: imagecodecs' `cms_profile` knows neither a name (photo programs would show "RGB built-in")
nor parametric curves (6.7 KB instead of 0.5, values off by up to 21 of 65535), and puts the time
into the profile, so that the same photo would become another file.
"""

from __future__ import annotations

import hashlib
import struct

import numpy as np
from numpy.typing import NDArray

from lenscal.files.photos.colour import D50, RgbSpace, adaptation

HEADER_BYTES = 128
VERSION = 0x04300000


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
    table, data = struct.pack(">I", len(tags)), b""
    places: dict[bytes, int] = {}
    start = HEADER_BYTES + 4 + 12 * len(tags)
    for name, content in tags:
        # Tags of equal content share it: the three curves stand there once.
        if content not in places:
            places[content] = start + len(data)
            data += content + bytes(-len(content) % 4)
        table += name + struct.pack(">II", places[content], len(content))
    body = table + data
    header = _header(HEADER_BYTES + len(body), bytes(16))
    # The profile's ID is the digest with the ID itself zero, as the standard has it.
    identity = hashlib.md5(header + body, usedforsecurity=False).digest()
    return _header(HEADER_BYTES + len(body), identity) + body


def _header(size: int, identity: bytes) -> bytes:
    # Always the same, or equal photos would become different files.
    date = struct.pack(">6H", 2026, 1, 1, 0, 0, 0)
    kind = struct.pack(">I4sI4s4s4s", size, bytes(4), VERSION, b"mntr", b"RGB ", b"XYZ ")
    # Platform, flags, manufacturer, model, attributes and intent are left at zero.
    unused = bytes(4 + 4 + 4 + 4 + 8 + 4)
    creator, reserved = bytes(4), bytes(28)
    return kind + date + b"acsp" + unused + _fixed(D50) + creator + identity + reserved


def _fixed(values: NDArray[np.float64]) -> bytes:
    """s15Fixed16 numbers."""
    return struct.pack(f">{len(values)}i", *(round(float(v) * 65536) for v in values))


def _xyz(values: NDArray[np.float64]) -> bytes:
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
