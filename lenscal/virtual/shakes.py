"""Kernels of blur that differs from photo to photo, drawn from families whose truth is known.

A hand that shakes moves the picture along a path while the shutter is open. Paths are drawn as
random walks and rasterised exactly: each of the kernel's taps is the time that the path spends
there, shared by linear interpolation.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lenscal.virtual.motion import motion_track

KERNEL_SIZES_PX = range(9, 65)
"""Sides that kernels of a population may have."""
_MARGIN_PX = 1.0
"""Of a kernel, that no path reaches."""
_STEPS = 96
"""Of a path: tremor of 12 Hz is a smooth curve even at an exposure of half a second."""
_PERSISTENCE = 0.97
"""Of a hand's speed from step to step: it turns about twice while the shutter is open."""
_SPREAD = 0.45
"""Of the logarithm of a path's length: some photos are three times as shaken as others."""
_MOTION_INTENSITY, _MOTION_SHARES = 0.15, (0.4, 1.0)
"""Of the papers' walks, and how long they are in those that fill a kernel: so they are as elongated
as published ones, whose mean is 0.85, and as different in length."""
_NARROWEST_PX = 0.5
_WIDEST_SHARE = 0.2
"""Standard deviation of Gaussians, in px and in sides of the kernel."""
# Of a quadratic function the mean over a stretch is the mean of its values at these two places.
_GAUSS = np.array([0.5 - 0.5 / np.sqrt(3), 0.5 + 0.5 / np.sqrt(3)])


class ShakeFamily(StrEnum):
    """Where kernels are drawn from."""

    HAND = "hand"
    """Random walks that prefer a direction, as a hand does that presses the button."""
    MOTION = "motion"
    """The random walks of the papers' protocols, in all directions alike."""
    GAUSSIAN = "gaussian"
    """Round Gaussians of many widths: focus that scatters."""


@dataclass(frozen=True, slots=True)
class HandShake:
    """How a hand shakes.

    Attributes
    ----------
    length_px : float
        Median of the paths' rms length, at the exposure of the photos.
    angle_deg : float
        Of the preferred direction, from the x axis towards the bottom of the picture: 90 is up and
        down.
    preference : float
        How much further it moves that way than across; 1: no direction is preferred.
    """

    length_px: float = 2.0
    angle_deg: float = 90.0
    preference: float = 2.5


def drawn_kernels(
    n: int,
    size: int,
    seed: int,
    family: ShakeFamily = ShakeFamily.HAND,
    hand: HandShake | None = None,
) -> NDArray[np.float32]:
    """Kernels [n, size, size] of sum 1, with their centre of mass at size // 2.

    Kernel i is the same for every n. Paths that are longer than a kernel are drawn smaller.
    """
    if size not in KERNEL_SIZES_PX:
        raise ValueError(f"kernels of {size} px")
    hand = hand or HandShake()
    kernels = np.empty((n, size, size), np.float32)
    for i in range(n):
        rng = np.random.default_rng([seed, list(ShakeFamily).index(family), i])
        if family is ShakeFamily.GAUSSIAN:
            kernels[i] = _gaussian(size, rng)
        elif family is ShakeFamily.MOTION:
            path, time = motion_track(size, rng, _MOTION_INTENSITY)
            path = _fitting(path, time, size) * rng.uniform(*_MOTION_SHARES)
            kernels[i] = rasterised(path, time[1:], size)
        else:
            path = hand_path(hand, rng)
            time = np.ones(len(path))
            kernels[i] = rasterised(_fitting(path, time, size), time[1:], size)
    return kernels


def hand_path(hand: HandShake, rng: np.random.Generator) -> NDArray[np.float64]:
    """Points [n, 2] (y, x) of a path, px: a speed that changes slowly, and a length of its own."""
    from scipy.signal import lfilter

    noise = rng.standard_normal((_STEPS, 2))
    # As if it had moved for long: the first speed is no smaller than the others.
    noise[0] /= np.sqrt(1 - _PERSISTENCE**2)
    speed = lfilter([1.0], [1.0, -_PERSISTENCE], noise, axis=0)
    along, across = speed[:, 0] * hand.preference, speed[:, 1]
    angle = np.radians(hand.angle_deg)
    steps = np.stack(
        [
            np.sin(angle) * along + np.cos(angle) * across,
            np.cos(angle) * along - np.sin(angle) * across,
        ],
        -1,
    )
    path = np.cumsum(steps, axis=0)
    path -= path.mean(0)
    length = hand.length_px * np.exp(_SPREAD * rng.standard_normal())
    return np.asarray(path * length / np.sqrt(np.square(path).sum(-1).mean()))


def _fitting(
    path: NDArray[np.float64], time: NDArray[np.float64], size: int
) -> NDArray[np.float64]:
    """The path around its centre of mass, made smaller where the kernel has no room."""
    weights = time[1:] / time[1:].sum()
    middle = (path[1:] + path[:-1]) / 2
    path = path - weights @ middle
    room = (size - 1) // 2 - _MARGIN_PX
    return np.asarray(path * min(1.0, room / max(float(np.abs(path).max()), 1e-9)))


def rasterised(
    path: NDArray[np.float64], time: NDArray[np.float64], size: int
) -> NDArray[np.float32]:
    """The kernel [size, size] of a path.

    Parameters
    ----------
    path : ndarray [n, 2]
        (y, x), px from the kernel's middle at size // 2; straight from point to point.
    time : ndarray [n - 1]
        That each piece takes.

    Returns
    -------
    ndarray
        Of sum 1: the integral over time of the four taps' shares around the path, exact, so that
        its centre of mass is the path's.
    """
    begin, end, time = _cut_at_pixels(path + size // 2, time)
    kernel = np.zeros((size, size))
    for part in _GAUSS:
        at = begin + part * (end - begin)
        # By the middle of the piece: its ends lie on lines between two pixels.
        corner = np.floor((begin + end) / 2).astype(int)
        share = at - corner
        for dy in (0, 1):
            for dx in (0, 1):
                weight = np.abs(1 - dy - share[:, 0]) * np.abs(1 - dx - share[:, 1])
                np.add.at(kernel, (corner[:, 0] + dy, corner[:, 1] + dx), weight * time / 2)
    return np.asarray(kernel / kernel.sum(), np.float32)


def _cut_at_pixels(
    path: NDArray[np.float64], time: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Begins and ends [m, 2] and times [m] of pieces none of which crosses a line between
    pixels."""
    n = len(time)
    number, place = [np.arange(n)], [np.zeros(n)]
    for axis in (0, 1):
        a, b = path[:-1, axis], path[1:, axis]
        low, high = np.floor(np.minimum(a, b)), np.ceil(np.maximum(a, b))
        for k in range(1, int((high - low).max(initial=0.0))):
            line = low + k
            crosses = line < high
            number.append(np.flatnonzero(crosses))
            place.append(((line - a) / np.where(b == a, 1.0, b - a))[crosses])
    which, where = np.concatenate(number), np.concatenate(place).clip(0, 1)
    order = np.lexsort((where, which))
    which, where = which[order], where[order]
    until = np.append(where[1:], 1.0)
    # The last piece of a stretch goes to the stretch's end.
    until[np.append(which[1:] != which[:-1], True)] = 1.0
    step = path[1:] - path[:-1]
    begin = path[which] + where[:, None] * step[which]
    end = path[which] + until[:, None] * step[which]
    return begin, end, (until - where) * time[which]


def _gaussian(size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    widest = max(_WIDEST_SHARE * size, 2 * _NARROWEST_PX)
    sigma = _NARROWEST_PX * (widest / _NARROWEST_PX) ** rng.random()
    axis = np.arange(size) - size // 2
    profile = np.exp(-(axis**2) / 2 / sigma**2)
    if size % 2 == 0:
        # The first tap has no partner, and would pull the centre of mass.
        profile[0] = 0
    kernel = np.outer(profile, profile)
    return np.asarray(kernel / kernel.sum(), np.float32)
