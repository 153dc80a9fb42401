"""What PNG and JPEG files say of their pixels."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from lenscal.errors import PhotoError
from lenscal.raw.pictures.header import (
    LEAST_BITS,
    MOST_ICC_BYTES,
    PictureHeader,
    cmyk,
    cut_off,
    first_of_several,
    palette,
    refuse_few_bits,
    transparency,
)
from lenscal.raw.pictures.kinds import PictureKind
from lenscal.translation import translatable

MOST_SCANS = 200
"""Of a progressive JPEG: ten are usual, and each takes as long as the picture."""
_ROUNDED_SHARE = 0.5
"""Of the coefficients' rounding: those below half a step vanish, with a smaller error than their
step's. Without this noise the kernels of a set of quality 92 come out 1.3 times too wide, with all
of it photos seem to be flat (docs/experiments/image-sets.md)."""
_JPEG_FRAMES = frozenset((*range(0xC0, 0xD0),)) - {0xC4, 0xC8, 0xCC}
"""Markers that begin a picture: all codings but those of tables."""
_STANDALONE = frozenset((0x01, *range(0xD0, 0xD9)))
"""JPEG markers that have no length."""
_GREY, _RGB, _PALETTE, _GREY_ALPHA, _RGBA = 0, 2, 3, 4, 6
"""PNG's colour types."""


def png_header(name: str, content: bytes) -> PictureHeader:
    """Of a PNG; see `read_header`."""
    chunks = dict(_png_chunks(content))
    head = chunks.get(b"IHDR", b"")
    if len(head) != 13 or b"IDAT" not in chunks:
        raise cut_off(name)
    width, height = int.from_bytes(head[:4], "big"), int.from_bytes(head[4:8], "big")
    bits, colour = head[8], head[9]
    if colour == _PALETTE:
        raise palette(name)
    refuse_few_bits(name, bits)
    if colour not in (_GREY, _RGB, _GREY_ALPHA, _RGBA):
        raise cut_off(name)
    has_alpha = colour in (_GREY_ALPHA, _RGBA) or b"tRNS" in chunks
    notes = [transparency()] if has_alpha else []
    if frames := int.from_bytes(chunks.get(b"acTL", b"")[:4], "big"):
        notes.append(first_of_several(frames))
    gamma = int.from_bytes(chunks.get(b"gAMA", b"")[:4], "big") / 100_000
    return PictureHeader(
        PictureKind.PNG,
        width,
        height,
        colours=3 if colour in (_RGB, _RGBA) else 1,
        bits=bits,
        icc=_png_icc(chunks.get(b"iCCP", b"")),
        has_alpha=has_alpha,
        # sRGB counts more than gAMA, which only comes near it.
        gamma=gamma if gamma > 0 and b"sRGB" not in chunks else None,
        pixels_per_m=_png_resolution(chunks.get(b"pHYs", b"")),
        notes=tuple(notes),
    )


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of the chunks up to the first of pixels, which comes without content."""
    at = 8
    while at + 8 <= len(content):
        size, name = int.from_bytes(content[at : at + 4], "big"), content[at + 4 : at + 8]
        if name == b"IDAT":
            yield name, b""
            return
        yield name, content[at + 8 : at + 8 + size]
        at += 12 + size


def _png_resolution(chunk: bytes) -> tuple[float, float] | None:
    # The unit: 1 is a metre, 0 says nothing but the pixels' aspect.
    if len(chunk) != 9 or chunk[8] != 1:
        return None
    x, y = int.from_bytes(chunk[:4], "big"), int.from_bytes(chunk[4:8], "big")
    return (float(x), float(y)) if x and y else None


def _png_icc(chunk: bytes) -> bytes:
    _, _, packed = chunk.partition(b"\0")
    try:
        # The first byte is the method, of which there is one; no more is unpacked than is allowed.
        return zlib.decompressobj().decompress(packed[1:], MOST_ICC_BYTES) if packed else b""
    except zlib.error:
        return b""


# JPEG


def jpeg_header(name: str, content: bytes) -> PictureHeader:
    """Of a JPEG; see `read_header`."""
    frame, profile, jfif, scan_at, rounding = b"", {}, b"", 0, 0.0
    for marker, body, at in _jpeg_segments(content):
        if marker in _JPEG_FRAMES:
            frame = body
        elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\0"):
            profile[body[12]] = body[14:]
        elif marker == 0xDB:
            # The first one is that of brightness.
            rounding = rounding or _coefficient_rounding(body)
        elif marker == 0xE0 and body.startswith(b"JFIF\0"):
            jfif = body
        elif marker == 0xDA:
            scan_at = at
    # Within coded pixels these two bytes never stand side by side but at the end.
    if len(frame) < 6 or not scan_at or content.rfind(b"\xff\xd9") < scan_at:
        raise cut_off(name)
    if content.count(b"\xff\xda", scan_at) > MOST_SCANS:
        raise PhotoError(name, translatable("too many scans to be a photo: not opened"))
    bits, n_colours = frame[0], frame[5]
    if n_colours == 4:
        raise cmyk(name)
    if n_colours not in (1, 3) or bits != LEAST_BITS:
        reason = translatable(
            "a JPEG of {n} colours of {bits} bit: not supported", n=n_colours, bits=bits
        )
        raise PhotoError(name, reason)
    return PictureHeader(
        PictureKind.JPEG,
        int.from_bytes(frame[3:5], "big"),
        int.from_bytes(frame[1:3], "big"),
        colours=n_colours,
        bits=bits,
        icc=b"".join(profile[n] for n in sorted(profile))[:MOST_ICC_BYTES],
        rounding=rounding,
        pixels_per_m=_jfif_resolution(jfif),
    )


def _coefficient_rounding(body: bytes) -> float:
    """Variance that the steps of 64 coefficients make of a pixel, where none of them is small
    against its step."""
    size = 2 if body and body[0] >> 4 else 1
    steps = [int.from_bytes(body[n : n + size], "big") for n in range(1, 1 + 64 * size, size)]
    # JPEG's cosines are orthonormal: pixels have the coefficients' mean variance.
    return _ROUNDED_SHARE * sum(step**2 for step in steps) / len(steps) / 12


def _jfif_resolution(body: bytes) -> tuple[float, float] | None:
    # 1: dots an inch, 2: a centimetre.
    per_m = {1: 1 / 0.0254, 2: 100.0}.get(body[7]) if len(body) >= 12 else None
    x, y = int.from_bytes(body[8:10], "big"), int.from_bytes(body[10:12], "big")
    return (x * per_m, y * per_m) if per_m and x and y else None


def _jpeg_segments(content: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Marker, content and place of the segments up to the first that holds pixels."""
    at = 2
    while at + 4 <= len(content):
        # Any number of these may stand before a marker.
        if content[at] != 0xFF or content[at + 1] == 0xFF:
            at += 1
            continue
        marker = content[at + 1]
        if marker in _STANDALONE:
            at += 2
            continue
        size = int.from_bytes(content[at + 2 : at + 4], "big")
        yield marker, content[at + 4 : at + 2 + size], at
        if marker == 0xDA:
            return
        at += 2 + size
