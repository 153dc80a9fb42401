"""Photos without a mosaic: one or three values at every place of the picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from lenscal.raw.frame import Frame, NoiseModel, PhotoInfo, Sampling
from lenscal.raw.noise import estimate_noise

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
    return frame if noise else replace(frame, noise=estimate_noise([frame]))
