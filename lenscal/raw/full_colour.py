"""Photos without a mosaic: one or three values at every place of the picture."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.raw.demosaic_noise import X_TRANS_PERIOD, x_trans_noise_correlation
from lenscal.raw.frame import Frame, NoiseModel, PhotoInfo, Sampling
from lenscal.raw.levels import Levels
from lenscal.raw.noise import estimate_noise, noise_from_profile
from lenscal.raw.signal.smooth_blocks import measured_noise_correlation
from lenscal.translation import Translatable, translatable

_ROWS_AT_ONCE = 256
"""Of a photo, in single precision."""
_NO_NOISE = NoiseModel((0.0, 0.0, 0.0), (0.0, 0.0, 0.0))


def full_colour_frame(
    info: PhotoInfo,
    pixels: NDArray[np.uint16],
    scale: float,
    noise: NoiseModel | None = None,
    *,
    white_balance: NDArray[np.float32] | None = None,
    gain: NDArray[np.float32] | None = None,
    gain_source: str = "",
    colour_matrix: NDArray[np.float32] | None = None,
) -> Frame:
    """A photo that knows all its colours, or its brightness, everywhere.

    Parameters
    ----------
    info : PhotoInfo
    pixels : uint16 ndarray [height, width, 3] or [height, width]
        Linear and white-balanced; one plane makes a monochrome photo.
    scale : float
        What brings a pixel to 1.0 where the sensor clips with the multiplier 1.
    noise : NoiseModel or None
        Before white balance; None: estimated from the pixels.
    white_balance : float32 ndarray [3] or None
        What the pixels were multiplied by; None: by nothing.
    gain, gain_source, colour_matrix : as in Frame
    """
    colours = pixels.ndim == 3
    ones = np.ones((2, 2, 3), np.float32)
    frame = Frame(
        info,
        np.zeros((0, 0), np.uint16),
        np.ones((1, 1), np.uint8),
        np.zeros((1, 1), np.float32),
        1 / scale,
        # A view: three planes in the memory of one.
        pixels if colours else np.broadcast_to(pixels[..., None], (*pixels.shape, 3)),
        scale,
        np.ones(3, np.float32) if white_balance is None else white_balance,
        ones if gain is None else gain,
        gain_source,
        noise or _NO_NOISE,
        colour_matrix,
        Sampling.FULL_COLOUR if colours else Sampling.MONOCHROME,
    )
    frame = with_noise_correlation(frame)
    return frame if noise else replace(frame, noise=estimate_noise([frame]))


def has_one_value(raw: Any) -> bool:
    """Whether an open rawpy.RawPy holds one value at each place: a mosaic, or brightness alone."""
    from rawpy import RawType

    return bool(raw.raw_type == RawType.Flat)


def has_mosaic(raw: Any) -> bool:
    """Whether an open rawpy.RawPy holds a mosaic of colours."""
    return has_one_value(raw) and raw.num_colors > 1 and raw.raw_pattern is not None


def sampling_of(raw: Any, cfa: NDArray[np.uint8]) -> Sampling:
    """How a photo of an open rawpy.RawPy is to be read: mosaics but Bayer's after demosaicing."""
    if raw.num_colors == 1:
        return Sampling.MONOCHROME
    bayer = has_mosaic(raw) and cfa.shape == (2, 2) and sorted(cfa.ravel()) == [0, 1, 1, 2]
    return Sampling.BAYER if bayer else Sampling.FULL_COLOUR


def sampling_notes(sampling: Sampling, cfa: NDArray[np.uint8] | None) -> tuple[Translatable, ...]:
    """What the user should know of a file whose values are read like this; cfa : its pattern, or
    None where it has no mosaic."""
    if sampling is not Sampling.FULL_COLOUR:
        return ()
    if cfa is None:
        return (
            translatable(
                "all colours are read at every pixel: if a camera or a program demosaiced or "
                "sharpened the photo, that counts as the lens's, and kernels may be off by twice "
                "as much as those of a Bayer sensor's RAW files"
            ),
        )
    return (
        translatable(
            "the colour filter repeats each {period} pixels: what LibRaw's demosaicing makes of "
            "it is read; kernels are off by a little more than those of a Bayer sensor where both "
            "folders show the same scenes, by half as much again where they do not",
            period=len(cfa),
        ),
    )


def linear_planes(
    values: NDArray[np.uint16], levels: Levels
) -> tuple[NDArray[np.uint16], float, NDArray[np.float32]]:
    """`Frame.rgb` of RAW values [h, w, 3], or [h, w, 1] of [h, w], with its `rgb_scale` and
    `rgb_black`."""
    values = values if values.ndim == 3 else values[..., None]
    channels = values.shape[-1]
    balance, black = levels.white_balance[:channels], levels.black.ravel()[:channels]
    # On a pedestal: noise below black is kept.
    darkest = np.array([values[..., c].min() for c in range(channels)]) - black
    pedestal = max(-float(darkest.min()), 0.0)
    # RAW values in a step of rgb, for the range from black to white.
    range_ = levels.libraw_white - float(black.min()) + pedestal
    step = float(levels.white_balance.max()) * range_ / 65535
    rgb_black = pedestal * levels.white_balance / np.float32(step)
    out = np.empty(values.shape, np.uint16)
    for y in range(0, len(values), _ROWS_AT_ONCE):
        rows = slice(y, y + _ROWS_AT_ONCE)
        light = (values[rows] - black) * (balance / np.float32(step)) + rgb_black[:channels]
        out[rows] = np.clip(np.rint(light), 0, 65535)
    return out, step / levels.full_scale, rgb_black.astype(np.float32)


def with_noise_correlation(frame: Frame) -> Frame:
    """The frame with its noise's correlation, where something was made of its values before."""
    if frame.sampling is Sampling.BAYER:
        return frame
    if frame.mosaic.size and frame.cfa.shape == X_TRANS_PERIOD:
        return replace(frame, noise_correlation=x_trans_noise_correlation())
    is_known = any((*frame.noise.a, *frame.noise.b))
    known = frame.noise if is_known else noise_from_profile(frame.info.noise_profile)
    return replace(frame, noise_correlation=measured_noise_correlation(frame, known))
