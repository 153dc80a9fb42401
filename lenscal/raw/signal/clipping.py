"""Where a sensor clips: at the white level its file declares, or below it, colour by colour."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lenscal.raw.frame import NoiseModel

Counts = NDArray[np.intp]

_LEAST_LEVEL = 0.15
"""Of the range: no sensor clips below, whatever is declared."""
_ODD_SITES = 8
"""So many sites may lie above where a colour clips: hot ones."""
_LEAST_PILE = 12
"""Sites with one value that can be a small lamp."""
_OVER_BELOW = 4.0
"""A pile has this many times the sites of the values below it. Light that does not clip has fewer
and fewer sites towards its brightest value."""
_CODES_BELOW = 32
"""Values below a pile that it is compared with."""
_REACH, _NARROW = 3.0, 0.6
"""How far below the highest values a pile is looked for, and how narrow it has to be, in standard
deviations of noise: a part of the scene that is evenly bright has all of it."""
_STEP_PILE, _OVER_NEIGHBOURS, _NOISE_CODES = 50, 12.0, 3.0
"""A pile below the highest value (the other half of a sensor, say): its sites, how many times those
of the values around it, and the least noise in RAW values for which light itself makes no pile."""


def clipping_levels(
    values: NDArray[np.uint16],
    cfa: NDArray[np.uint8],
    black: NDArray[np.float32],
    full_scale: float,
    noise: NoiseModel,
) -> NDArray[np.float32]:
    """The RAW value 0..1 at which R, G, B clip, float32 [3]; 1 where nothing shows that it is less.

    Light that clips piles up at one value, with no photon noise left; the sites of one place in the
    colour filter share it. A colour clips at the lowest of its places' levels.

    Parameters
    ----------
    values : uint16 [height, width] or [height, width, 3]
    cfa, black : [p, q]
        As in Frame: colours and black levels of the sites, or [1, 3] of the planes.
    full_scale : float
        RAW values from black to white.
    noise : NoiseModel
    """
    levels = np.ones(3, np.float32)
    p, q = cfa.shape
    for y in range(p):
        for x in range(q):
            colour, zero = int(cfa[y, x]), float(black[y, x])
            plane = values[y::p, x::q] if values.ndim == 2 else values[..., x]
            a, b = noise.a[colour], noise.b[colour]
            pile = _lowest_pile(plane, zero, full_scale, (a, b))
            if pile is not None:
                levels[colour] = min(levels[colour], (pile - zero) / full_scale)
    return levels if (cfa != cfa[0, 0]).any() else np.full(3, levels.min(), np.float32)


def _lowest_pile(
    plane: NDArray[np.uint16], black: float, full_scale: float, noise: tuple[float, float]
) -> float | None:
    """The lowest RAW value of a plane at which light has piled up; None where none has."""
    floor = int(black + _LEAST_LEVEL * full_scale)
    # Several times faster than numpy's: most photos have tens of millions of sites.
    histogram = cv2.calcHist([np.ascontiguousarray(plane)], [0], None, [65536], [0, 65536])
    counts: Counts = np.trim_zeros(histogram.ravel()[floor + 1 :].astype(np.intp), "b")
    if not counts.size:
        return None
    above = counts[::-1].cumsum()[::-1]
    # The brightest value but for a few hot sites.
    many = np.flatnonzero(above >= min(_ODD_SITES, above[0]))
    top = int(many[-1])
    sigma = full_scale * _sigma((floor + 1 + top - black) / full_scale, noise)
    level = _top_pile(counts, top, sigma)
    if level is None:
        return None
    if sigma > _NOISE_CODES:
        level = min(level, _lower_step(counts, top))
    return float(floor + 1 + level)


def _sigma(signal: float, noise: tuple[float, float]) -> float:
    a, b = noise
    return float(np.sqrt(a * max(signal, 0.0) + b))


def _top_pile(counts: Counts, top: int, sigma: float) -> int | None:
    """Index of the lower end of the pile that ends at `top`; None where the values only thin
    out."""
    # All at one value: hard clipping, even where much light lies just below it.
    below = counts[max(top - _CODES_BELOW, 0) : top]
    below = below[below > 0]
    if counts[top] >= max(_LEAST_PILE, _OVER_BELOW * (below.mean() if below.size else 0.0)):
        return top
    return _soft_pile(counts, top, sigma)


def _soft_pile(counts: Counts, top: int, sigma: float) -> int | None:
    """The same where noise that came after the clipping spreads a pile, less than photons would."""
    first = top - round(_REACH * sigma)
    if first < 0 or sigma < 1:
        return None
    box = max(round(sigma / 2), 1)
    smooth = np.convolve(counts[first : top + 1], np.ones(box), "same")
    mode = first + int(smooth.argmax())
    upper = counts[mode : top + 1]
    spread = float(np.sqrt((upper * np.arange(len(upper)) ** 2).sum() / max(upper.sum(), 1)))
    low = mode - round(sigma)
    pile, before = counts[max(low, 0) : top + 1].sum(), counts[max(2 * low - top, 0) : low].sum()
    narrow = upper.sum() >= _STEP_PILE and spread < _NARROW * sigma
    return round(mode - 2 * spread) if narrow and pile >= _OVER_BELOW * before else None


def _lower_step(counts: Counts, top: int) -> int:
    """Index of the lowest single value up to `top` that far more sites have than have those around
    it."""
    crowded = np.flatnonzero(counts[:top] >= _STEP_PILE)
    for index in crowded:
        around = counts[max(index - _CODES_BELOW, 0) : index + _CODES_BELOW + 1]
        others = around.sum() - counts[index]
        # Values that no site has count as well, unless scaling has left them all out.
        occupied = max(int((around > 0).sum()) - 1, 1)
        if counts[index] >= _OVER_NEIGHBOURS * max(others / occupied, 1.0):
            return int(index)
    return top
