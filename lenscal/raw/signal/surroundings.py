"""What lies around a photosite, by its place in the colour filter: sites of its own colour, sites
beside it, and sites of their colours that a point of light at the site does not reach."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Offsets = NDArray[np.intp]

_N_SAME = 8
"""Sites of the same colour that one is compared with: one of them may be damaged too."""
_BESIDE = np.array([(-1, 0), (1, 0), (0, -1), (0, 1)])
_POINT_PX = 2
"""A sharp star's light ends before sites so far away, along one axis or both."""
_WINDOW_PX = 4
"""How far is looked: further away light is another one."""


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """Offsets (y, x) from a site.

    Attributes
    ----------
    same : [8, 2]
        The nearest sites of the same colour.
    nearest : [4, 2]
        The first of them, on opposite sides where the filter has such.
    beside : [4, 2]
    beyond : [m, 2]
        Of the colours of those beside, each as often in every run of m / 4.
    runs : sequence of slices
        Of `beyond`, one for each colour.
    """

    same: Offsets
    nearest: Offsets
    beside: Offsets
    beyond: Offsets
    runs: tuple[slice, ...]


def _by_distance(offsets: Offsets) -> Offsets:
    return offsets[np.argsort((offsets**2).sum(axis=1), kind="stable")]


def surroundings(pattern: NDArray[np.uint8]) -> list[list[Surroundings]]:
    """Of each place [p][q] of a colour filter that repeats, such as X-Trans's 6 x 6.

    Parameters
    ----------
    pattern : uint8 [p, q]
        Colours of the sites, 0 to 2.
    """
    p, q = pattern.shape
    return [[_at(pattern.tobytes(), (p, q), y, x) for x in range(q)] for y in range(p)]


@cache
def _at(pattern: bytes, shape: tuple[int, int], y: int, x: int) -> Surroundings:
    colours = np.frombuffer(pattern, np.uint8).reshape(shape)
    steps = np.arange(-_WINDOW_PX, _WINDOW_PX + 1)
    around = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    around = around[np.abs(around).max(axis=1) > 0]

    def colour(offsets: Offsets) -> NDArray[np.uint8]:
        ys, xs = (y + offsets[:, 0]) % shape[0], (x + offsets[:, 1]) % shape[1]
        return np.asarray(colours[ys, xs])

    same = _by_distance(around[colour(around) == colours[y, x]])[:_N_SAME]
    far = around[np.abs(around).max(axis=1) >= _POINT_PX]
    beyond: list[Offsets] = []
    runs: list[slice] = []
    beside = colour(_BESIDE)
    for own in np.unique(beside):
        # Twice as many as lie beside, so that both means have the colours in one proportion.
        n = 2 * int((beside == own).sum())
        chosen = _balanced(far[colour(far) == own], _BESIDE[beside == own], n)
        start = runs[-1].stop if runs else 0
        runs.append(slice(start, start + len(chosen)))
        beyond.append(chosen)
    return Surroundings(same, same[:4], _BESIDE, np.concatenate(beyond), tuple(runs))


def _balanced(offsets: Offsets, beside: Offsets, n: int) -> Offsets:
    """n of some offsets, near ones, whose middle is that of the sites beside: then a slope of light
    changes both alike."""
    # Each is taken so that the middle of those chosen so far comes closest.
    near = _by_distance(offsets)[: 3 * n]
    goal = beside.mean(axis=0)
    chosen: list[int] = []
    for count in range(1, n + 1):
        total = near[chosen].sum(axis=0) if chosen else np.zeros(2)
        left = [i for i in range(len(near)) if i not in chosen]
        middles = (total + near[left]) / count
        # Among those that balance alike, the nearest.
        cost = ((middles - goal) ** 2).sum(axis=1) + 0.02 * (near[left] ** 2).sum(axis=1)
        chosen.append(left[int(cost.argmin())])
    return near[chosen]
