"""Kernels of a hand that shakes while the shutter is open: random walks."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_POINTS = 2000
_LENGTH_SHARES = (0.6, 1.05)
"""Of the path, in sides of the kernel."""
_INERTIA, _UNREST, _TURN = 0.995, 0.012, 0.12
"""How long a turn goes on, how much it changes from point to point, and how far it turns."""
_JERKS, _JERK_ANGLES = 1.2, (0.5, 2.4)
"""A path, with intensity 1, and how far they turn the hand (rad)."""
_SPEEDS, _SPEED_CHANGES = (0.5, 1.5), 6
_SOFTNESS_PX = 0.5
_MARGIN_PX = 4


def motion_kernel(
    size: int, rng: np.random.Generator, intensity: float = 0.5
) -> NDArray[np.float32]:
    """A kernel [size, size] of sum 1; intensity 0: nearly a straight line, 1: a scribble."""
    path, time = motion_track(size, rng, intensity)
    kernel = np.zeros((size, size))
    at = path + size // 2
    corner = np.floor(at).astype(int)
    part = at - corner
    # Each point's light is shared by the four pixels around it.
    for dy in (0, 1):
        for dx in (0, 1):
            share = np.abs(1 - dy - part[:, 0]) * np.abs(1 - dx - part[:, 1])
            np.add.at(kernel, (corner[:, 0] + dy, corner[:, 1] + dx), share * time)
    soft = cv2.GaussianBlur(kernel, (0, 0), _SOFTNESS_PX)
    return np.asarray(soft / soft.sum(), np.float32)


def motion_track(
    size: int, rng: np.random.Generator, intensity: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points [n, 2] of a path that a kernel has room for, px from its middle, and the time [n] that
    each of them stands for."""
    path = _path(size * rng.uniform(*_LENGTH_SHARES), intensity, rng)
    room = size - _MARGIN_PX
    # Longer ones are drawn smaller.
    path *= min(1.0, room / max(float(np.ptp(path, axis=0).max()), 1e-6))
    path -= (path.max(0) + path.min(0)) / 2
    changes = rng.uniform(*_SPEEDS, _SPEED_CHANGES)
    time = np.interp(np.linspace(0, 1, _POINTS), np.linspace(0, 1, _SPEED_CHANGES), changes)
    return path, time


def _path(length: float, intensity: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Points [n, 2] of a hand's path, px: it goes on as it went, turns, and at times jerks."""
    from scipy.signal import lfilter

    unrest = intensity * rng.uniform(0.3, 1.0) * _UNREST * rng.normal(size=_POINTS)
    # It begins straight on.
    unrest[0] = 0
    turn = lfilter([1.0], [1.0, -_INERTIA], unrest)
    jerks = rng.random(_POINTS) < _JERKS * intensity / _POINTS
    jerk = jerks * rng.choice([-1, 1], _POINTS) * rng.uniform(*_JERK_ANGLES, _POINTS)
    drift = 2 * rng.normal() * intensity / _POINTS
    angle = rng.uniform(0, 2 * np.pi) + np.cumsum(_TURN * turn + jerk + drift)
    return np.cumsum(np.stack([np.sin(angle), np.cos(angle)], -1), axis=0) * length / _POINTS
