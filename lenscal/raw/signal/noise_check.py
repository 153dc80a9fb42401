"""Does a file's NoiseProfile tell the noise that its photo has?"""

from __future__ import annotations

import numpy as np

from lenscal.raw.frame import Frame, NoiseModel
from lenscal.raw.noise import noise_of_smoothest
from lenscal.translation import Translatable, translatable

DISBELIEVED = 2.0
"""From this ratio of variances on, either way, the photo is believed. Estimates are good to 10 % on
lossless files; the profiles of denoised RAW and lossy files are off by 2 to 30 times."""
_BRIGHTNESSES = (0.1, 0.5, 0.9)
"""Quantiles of the photo's light at which the two are compared."""
_EVERY = 8
"""Of the pattern's rows and columns: plenty for quantiles."""
_LIGHT_RANGE = (0.002, 0.9)


def believed_noise(
    profile: NoiseModel | None, measured: NoiseModel, frame: Frame
) -> tuple[NoiseModel, tuple[Translatable, ...]]:
    """The noise to go by, and what the user should know of it.

    Parameters
    ----------
    profile : NoiseModel or None
        By the file.
    measured : NoiseModel
        By the photo.
    frame : Frame
    """
    if profile is None:
        return measured, ()
    ratio = _variance_ratio(profile, measured, frame)
    if ratio is None or 1 / DISBELIEVED <= ratio <= DISBELIEVED:
        return profile, ()
    # Estimates of small photos can be far off: the smoothest blocks have to say the same.
    if frame.noise_correlation is None:
        steady = _variance_ratio(profile, noise_of_smoothest(frame), frame)
        if steady is None or 1 / DISBELIEVED <= steady <= DISBELIEVED:
            return profile, ()
    if ratio > 1:
        note = translatable(
            "the file's NoiseProfile tells {ratio:.1f} times the noise variance that the photo "
            "has: the photo is believed",
            ratio=ratio,
        )
    else:
        note = translatable(
            "the photo has {ratio:.1f} times the noise variance that the file's NoiseProfile "
            "tells: the photo is believed",
            ratio=1 / ratio,
        )
    return measured, (note,)


def _variance_ratio(profile: NoiseModel, measured: NoiseModel, frame: Frame) -> float | None:
    """Variance by the profile over that by the photo, the geometric mean over colours and
    brightnesses; None where too little could be measured."""
    if any(_assumed(measured, colour, frame.full_scale) for colour in frame.plane_channels):
        return None
    logs = []
    for colour in frame.plane_channels:
        # White balance and black are known of `rgb` only once it is made.
        if frame.mosaic.size:
            y, x = np.argwhere(frame.cfa == colour)[0]
            p, q = frame.cfa.shape
            sites = frame.mosaic[y :: p * _EVERY, x :: q * _EVERY].astype(np.float32)
            light = (np.quantile(sites, _BRIGHTNESSES) - frame.black[y, x]) / frame.full_scale
        else:
            sites = frame.rgb[::_EVERY, ::_EVERY, colour] - frame.rgb_black[colour]
            unit = frame.rgb_scale / frame.white_balance[colour]
            light = np.quantile(sites, _BRIGHTNESSES) * unit
        light = np.clip(light, *_LIGHT_RANGE)
        told, seen = (m.variance(light, channels=colour) for m in (profile, measured))
        logs.append(np.log(np.maximum(told, 1e-15) / np.maximum(seen, 1e-15)))
    return float(np.exp(np.mean(logs)))


def _assumed(noise: NoiseModel, colour: int, full_scale: float) -> bool:
    """Whether the estimate is what stands where nothing could be measured: one RAW step."""
    return noise.a[colour] == 1 / full_scale
