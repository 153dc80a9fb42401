"""How RAW values become linear light: colour filter, black and white level, white balance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.raw.signal.black_levels import (
    BlackTags,
    RawArea,
    black_of_sites,
    uneven_black,
    without_uneven_black,
)

_WHITE_BALANCE_RANGE = (0.1, 10.0)
"""Multipliers beyond are no camera's: damaged metadata."""
_OVER_WHITE, _OVER_WHITE_SHARE = 0.005, 1e-5
"""A photo goes beyond a white level where more than this share of its sites is more than this part
of the range above it; hot pixels alone are fewer."""
_GREEN_2 = 3
"""LibRaw's number of the second green."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """See `Frame` for cfa, black, white and white_balance; `libraw_white` is what LibRaw takes for
    white, in the same RAW values."""

    cfa: NDArray[np.uint8]
    black: NDArray[np.float32]
    white: float
    white_balance: NDArray[np.float32]
    libraw_white: float

    @property
    def full_scale(self) -> float:
        """RAW values from the mean black level to the white level."""
        return self.white - float(self.black.mean())


def read_levels(
    raw: Any, pattern: NDArray[np.uint8], values: NDArray[np.uint16], tags: BlackTags | None
) -> tuple[NDArray[np.uint16], Levels]:
    """The levels of an open rawpy.RawPy, and its RAW values as they hold for them: with one black
    level for each place in the pattern.

    Parameters
    ----------
    raw : rawpy.RawPy
    pattern : [p, q]
        LibRaw's colours of the sites, 0..3, or of the planes.
    values : [height, width], or [height, width, 3]
    tags : BlackTags or None
        What a DNG says of its black.
    """
    per_colour = np.array(raw.black_level_per_channel, np.float64)
    origin = (int(raw.sizes.top_margin), int(raw.sizes.left_margin))
    area = RawArea(raw.raw_image, origin, (values.shape[0], values.shape[1]))
    libraw_white = float(raw.white_level)
    black = black_of_sites(per_colour[pattern], tags, area, libraw_white)
    white = plausible_white(
        libraw_white, raw.camera_white_level_per_channel, values, float(black.mean())
    )
    period = (pattern.shape[0], pattern.shape[1])
    uneven = uneven_black(tags, area.size, period) if values.ndim == 2 else None
    if uneven is not None:
        values, scale = without_uneven_black(values, uneven, libraw_white)
        black, white, libraw_white = black * scale, white * scale, libraw_white * scale
    balance = normalised_white_balance(raw.camera_whitebalance, raw.daylight_whitebalance)
    if raw.num_colors == 1:
        balance = np.ones(3, np.float32)
    cfa = np.where(pattern == _GREEN_2, 1, pattern).astype(np.uint8)
    return values, Levels(cfa, black.astype(np.float32), white, balance, libraw_white)


def plausible_white(
    libraw: float, per_channel: Iterable[float] | None, mosaic: NDArray[np.uint16], black: float
) -> float:
    """The RAW value at which the sensor clips.

    The camera's own level per channel is taken where it lies in the upper half of the range and the
    photo does not go beyond it; otherwise LibRaw's.
    """
    levels = [float(v) for v in (per_channel or ())][:3]
    if not levels or min(levels) <= black + 0.5 * (libraw - black) or min(levels) >= libraw:
        return libraw
    margin = _OVER_WHITE * (libraw - black)
    # Every other row tells a share well enough, and a Bayer row holds green either way.
    beyond = np.mean(mosaic[::2] > min(levels) + margin)
    return libraw if beyond > _OVER_WHITE_SHARE else min(levels)


def normalised_white_balance(*candidates: Iterable[float] | None) -> NDArray[np.float32]:
    """First sound balance, as multipliers for R, G, B with green 1, float32 [3]; ones where none is
    sound."""
    for candidate in candidates:
        if (rgb := sound_white_balance(candidate)) is not None:
            return rgb
    return np.ones(3, np.float32)


def sound_white_balance(candidate: Iterable[float] | None) -> NDArray[np.float32] | None:
    """A balance as multipliers for R, G, B with green 1, float32 [3]; None where it is no
    camera's."""
    low, high = _WHITE_BALANCE_RANGE
    rgb = np.array([float(v) for v in (candidate or ())][:3], np.float64)
    if rgb.size != 3 or not np.isfinite(rgb).all() or not (rgb > 0).all():
        return None
    # Green stays as it is: it has the most light, and sets the exposure.
    rgb = rgb / rgb[1]
    return np.asarray(rgb, np.float32) if low <= rgb.min() and rgb.max() <= high else None
