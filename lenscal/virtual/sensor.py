"""Kinds of sensors behind the virtual lens: what their places see, and what their files hold."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lenscal.files.photos.dng import cfa_array
from lenscal.virtual.limits import Sensor

X_TRANS = "GBGGRGRGRBGBGBGGRGGRGGBGBGBRGRGRGGBG"
"""Fuji's 6 x 6 sites in reading order."""


def pattern_in_file(sensor: Sensor, bayer: str) -> str:
    """The colour pattern that a file of the sensor tells of; empty without one."""
    patterns = {Sensor.BAYER: bayer, Sensor.X_TRANS: X_TRANS}
    return patterns.get(sensor, "")


def seen(
    rgb: NDArray[np.float32], white_balance: tuple[float, float, float], sensor: Sensor, bayer: str
) -> NDArray[np.float32]:
    """RAW values 0..1 (may exceed 1), [height, width] or [height, width, 3], of white-balanced
    camera RGB [height, width, 3].

    Parameters
    ----------
    bayer : str
        The pattern of sensors that have 2 x 2, e.g. "RGGB".
    """
    balance: NDArray[np.float32] = np.array(white_balance, np.float32)
    raw = np.asarray(rgb / balance, np.float32)
    if sensor in (Sensor.THREE_LAYER, Sensor.PNG):
        return raw
    if sensor is Sensor.MONOCHROME:
        return np.ascontiguousarray(raw[..., 1])
    pattern = cfa_array(X_TRANS if sensor is Sensor.X_TRANS else bayer)
    period = len(pattern)
    out = np.empty(raw.shape[:2], np.float32)
    for y in range(period):
        for x in range(period):
            out[y::period, x::period] = raw[y::period, x::period, pattern[y, x]]
    return out


def demosaiced(
    raw: NDArray[np.uint16],
    white_balance: tuple[float, float, float],
    black: int,
    white: int,
    bayer: str,
) -> NDArray[np.uint16]:
    """RAW numbers [height, width, 3] as a camera would make them of its mosaic: along edges, not
    across them, and with equal colours, as grey edges have no colour."""
    sites = np.array(white_balance)[cfa_array(bayer)]
    height, width = raw.shape
    balance = np.tile(sites, (height // 2, width // 2))
    # As large as 16 bits allow, with room for noise below black.
    gain = (65535 - black) / ((white - black) * max(white_balance))
    light = (raw.astype(np.float64) - black) * balance * gain + black
    code = getattr(cv2, f"COLOR_Bayer{bayer}2RGB_EA")
    rgb = cv2.demosaicing(np.clip(np.rint(light), 0, 65535).astype(np.uint16), code)
    values = (rgb.astype(np.float64) - black) / (np.array(white_balance) * gain) + black
    return np.asarray(np.clip(np.rint(values), 0, white), np.uint16)


def developed(
    raw: NDArray[np.uint16], white_balance: tuple[float, float, float], black: int, white: int
) -> NDArray[np.uint16]:
    """A picture in 16-bit sRGB (IEC 61966-2-1) of RAW numbers [height, width, 3]: the camera's
    colours are those of sRGB before white balance."""
    light = np.clip((raw.astype(np.float64) - black) / (white - black) * white_balance, 0, 1)
    curved = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(curved * 65535), np.uint16)


def suffix_of(sensor: Sensor) -> str:
    """Of the files that its camera writes."""
    return ".png" if sensor is Sensor.PNG else ".dng"
