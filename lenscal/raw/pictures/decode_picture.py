"""One picture to one Frame: linear light in the orientation in which it is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.errors import PhotoError
from lenscal.raw.frame import Frame, NoiseModel, PhotoInfo
from lenscal.raw.full_colour import full_colour_frame
from lenscal.raw.noise import estimate_noise
from lenscal.raw.pictures.coding import PictureCoding
from lenscal.raw.pictures.curve import Meaning, meaning
from lenscal.raw.pictures.header import PictureHeader
from lenscal.raw.pictures.kinds import Light
from lenscal.raw.pictures.reading import read_header, read_pixels
from lenscal.raw.pixel_cache import cache_stem, to_cache
from lenscal.translation import translatable

MIN_SIDE_PX = 32
_WHITES = (8.0, 255.0, 65535.0)
"""Of floating-point pictures: up to 8 times white is highlights of a picture with white at 1, more
is a picture in the units of 8 or 16 bits."""
_SHORT_BITS = 8
"""Up to here light fits into 16 bits without loss."""
_WIDE = 65535


def decode_picture(path: Path, *, info: PhotoInfo, cache: Path | None = None) -> Frame:
    """Decode a picture, by `info.light`; see `decode_photo`.

    Raises
    ------
    PhotoError
        It is damaged, too small, or no photo.
    CacheError
        The cache cannot be written.
    """
    try:
        header = read_header(path)
        if min(header.width, header.height) < MIN_SIDE_PX:
            reason = translatable(
                "{width} x {height} px: too small", width=header.width, height=header.height
            )
            raise PhotoError(path.name, reason)
        stored = read_pixels(path, header)
    except (OSError, MemoryError) as error:
        reason = translatable("cannot be read ({error})", error=str(error))
        raise PhotoError(path.name, reason) from error
    light = info.light or Light.LINEAR
    means = meaning(
        header.icc, header.gamma, light, colours=header.colours, is_float=header.is_float
    )
    full = _full(path.name, stored, header)
    pixels, scale = _as_light(stored, means, full)
    if cache is not None:
        pixels = to_cache(pixels, cache / f"{cache_stem(path)}-{light}.npy")
    coding = PictureCoding(
        header.kind,
        header.colours == 1,
        stored.dtype,
        full,
        means.curve,
        header.icc,
        header.gamma,
        header.pixels_per_m,
        header.rounding,
    )
    info = replace(
        info,
        width=header.width,
        height=header.height,
        light=light,
        orientation=info.orientation or 1,
        notes=(*header.notes, *([means.note] if means.note else [])),
    )
    frame = full_colour_frame(info, pixels, scale, colour_matrix=means.colour_matrix)
    return replace(frame, coding=coding, noise=_with_rounding(frame.noise, coding))


def _full(name: str, stored: NDArray[Any], header: PictureHeader) -> float:
    """The value that stands for 1.0."""
    if not header.is_float:
        return float(2**header.bits - 1)
    peak = float(stored.max())
    if not np.isfinite(peak) or not np.isfinite(stored.min()):
        raise PhotoError(name, translatable("holds values that are no numbers"))
    if peak <= _WHITES[0]:
        return 1.0
    return next((white for white in _WHITES if peak <= white), peak)


def _as_light(
    stored: NDArray[Any], means: Meaning, full: float
) -> tuple[NDArray[np.uint16], float]:
    """Light as numbers, and what brings them to 1.0 = white.

    16 bits where they hold all there is: 8-bit values through a curve, 16-bit values as they are.
    Otherwise floating-point numbers of their size, which frames take as well.
    """
    curve, whole = means.curve, stored.dtype.kind == "u" and stored.dtype.itemsize <= 2
    if curve is None and whole:
        return stored.astype(np.uint16), 1 / full
    channels = stored.reshape(*stored.shape[:2], -1)
    is_short = whole and full < 2**_SHORT_BITS
    light = np.empty(channels.shape, np.uint16 if is_short else np.float32)
    for c in range(channels.shape[2]):
        if curve is not None and whole:
            # A value each: looking it up is many times faster than to work it out.
            table = curve.decode(np.arange(full + 1) / full, c) * _WIDE
            table = (np.rint(table) if is_short else table).astype(light.dtype)
            light[..., c] = table[np.minimum(channels[..., c], int(full))]
            continue
        value = channels[..., c].astype(np.float32) / np.float32(full)
        light[..., c] = (value if curve is None else curve.decode(value, c)) * _WIDE
    return light.reshape(stored.shape), 1 / _WIDE


def picture_noise(frames: Sequence[Frame]) -> NoiseModel:
    """As `estimate_noise`, but never less than the rounding of the values that are stored."""
    return _with_rounding(estimate_noise(frames), frames[0].coding)


def _with_rounding(noise: NoiseModel, coding: PictureCoding | None) -> NoiseModel:
    (ar, ag, ab), (br, bg, bb) = noise.a, noise.b
    a, b = rounding_noise(coding)
    return replace(
        noise,
        a=(max(ar, a), max(ag, a), max(ab, a)),
        b=(max(br, b), max(bg, b), max(bb, b)),
    )


def rounding_noise(coding: PictureCoding | None) -> tuple[float, float]:
    """(a, b) of the variance a * light + b that rounding to the stored values makes, roughly."""
    if coding is None or coding.dtype.kind == "f":
        return 0.0, 0.0
    step = 1 / coding.full
    steps = 1 / 12 + coding.rounding
    if coding.curve is None:
        return 0.0, step**2 * steps
    stored = np.arange(step, 1, max(step, 1 / 256))
    light = coding.curve.decode(stored, 1)
    # A step of one stored value, as light; its rounding is spread evenly.
    width = coding.curve.decode(np.minimum(stored + step / 2, 1), 1) - coding.curve.decode(
        stored - step / 2, 1
    )
    variance = width**2 * steps
    b = float(variance[0])
    return float(np.median((variance - b) / light).clip(min=0)), b
