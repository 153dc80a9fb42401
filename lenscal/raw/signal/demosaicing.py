"""LibRaw's demosaicing of a mosaic that may lie below black: noise of dark areas does, by half."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.raw.levels import Levels

_LARGEST_SCALE = 16
"""RAW values are multiplied by up to so much, where black levels have different fractions."""
_LARGEST = 65535


def demosaiced(
    raw: Any, mosaic: NDArray[np.uint16], levels: Levels
) -> tuple[NDArray[np.uint16], float, NDArray[np.float32]]:
    """`rgb`, `rgb_scale` and `rgb_black` of a Frame.

    LibRaw takes the black level off and cuts what is then below 0, which would leave dark areas
    too bright: half of their noise is gone, and what is left has a mean above 0. So the mosaic is
    handed over on a pedestal, its own black levels taken off, and LibRaw is told that black is 0.
    Demosaicing is linear but for where it looks for edges: the pedestal comes out as it went in.

    Parameters
    ----------
    raw : rawpy.RawPy
        Open; its pixels are overwritten.
    mosaic : [height, width]
        Already mended.
    levels : Levels
    """
    range_ = levels.libraw_white - float(levels.black.min())
    pedestal, scale = _onto_pedestal(raw.raw_image_visible, mosaic, levels.black, range_)
    white = min(round(range_ * scale + pedestal), _LARGEST)
    rgb = _ahd(raw, levels.white_balance, white)
    # LibRaw stretches what lies below white over 65535, with the largest multiplier brought to 1
    # (highlight mode 1).
    balance = levels.white_balance
    step = float(balance.max()) * white / _LARGEST
    rgb_black = pedestal * balance / np.float32(step)
    return rgb, step / (scale * levels.full_scale), rgb_black.astype(np.float32)


def _onto_pedestal(
    target: NDArray[np.uint16],
    mosaic: NDArray[np.uint16],
    black: NDArray[np.float32],
    range_: float,
) -> tuple[float, int]:
    """Fill `target` with (mosaic - black) * scale + pedestal; returns pedestal and scale, with
    which white, `range_` above black, still has room."""
    p, q = black.shape
    places = [(y, x) for y in range(p) for x in range(q)]
    fractions = {float(black[at]) % 1 for at in places}
    lowest = min(float(mosaic[y::p, x::q].min()) - float(black[y, x]) for y, x in places)
    floor = max(math.ceil(-lowest), 0)
    if len(fractions) == 1:
        # One fraction for all is a part of the pedestal. Modulo 2^16: no sum leaves the range,
        # as no site lies deeper below its black level than that level is high.
        for y, x in places:
            shift = np.uint16((floor - math.floor(float(black[y, x]))) % (_LARGEST + 1))
            np.add(mosaic[y::p, x::q], shift, out=target[y::p, x::q])
        return floor + fractions.pop(), 1
    highest = max(float(mosaic[y::p, x::q].max()) - float(black[y, x]) for y, x in places)
    room = _LARGEST // max(max(highest, range_) + floor, 1)
    scale = int(np.clip(room, 1, _LARGEST_SCALE))
    for y, x in places:
        light = (mosaic[y::p, x::q] - black[y, x] + np.float32(floor)) * np.float32(scale)
        target[y::p, x::q] = np.clip(np.rint(light), 0, _LARGEST)
    return float(floor * scale), scale


def _ahd(raw: Any, white_balance: NDArray[np.float32], white: int) -> NDArray[np.uint16]:
    import rawpy

    # LibRaw has two greens; both are the same colour here.
    r, g, b = (float(v) for v in white_balance)
    rgb: NDArray[np.uint16] = raw.postprocess(
        **linear_camera_rgb(),
        user_wb=[r, g, b, g],
        user_black=0,
        user_cblack=[0, 0, 0, 0],
        user_sat=white,
        highlight_mode=rawpy.HighlightMode.Ignore,
    )
    return rgb


def linear_camera_rgb() -> dict[str, Any]:
    """What LibRaw is asked for: a photo demosaiced by AHD, and nothing else done to it."""
    import rawpy

    return {
        "demosaic_algorithm": rawpy.DemosaicAlgorithm.AHD,
        "gamma": (1, 1),
        "output_bps": 16,
        "output_color": rawpy.ColorSpace.raw,
        # Nothing may depend on the picture: the scale has to be known.
        "no_auto_bright": True,
        "adjust_maximum_thr": 0.0,
        "user_flip": 0,
    }
