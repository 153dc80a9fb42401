"""Warm, hot, dead and stuck photosites: found in the mosaic, and mended before anything else.

A damaged site is wrong by itself. Light comes through a lens, whose point is never so narrow that
the sites beside it, of the other colours, see nothing of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lenscal.raw.frame import NoiseModel
from lenscal.raw.signal.surroundings import Surroundings, surroundings

Floats = NDArray[np.float32]
Values = NDArray[np.uint16]
Indices = NDArray[np.intp]

_SIGMAS = 12.0
"""How far a site has to stand out of those of its colour around it, in standard deviations of
noise."""
_OVER_TEXTURE = 1.8
"""And how far in spreads of the sites around: in texture nobody sees a single site. In real photos
of one camera, sites that come again have 1.8 and more, the sharpest texture less."""
_LENS_SHARE, _LENS_SHARE_FAINT = 0.05, 0.08
"""Of what stands out, the share that the four sites beside see of even the sharpest star (a
Gaussian of 0.5 px leaves 0.13); for faint ones up to the second, as far as noise asks for it."""
_NOISE_OF_SHARE = 2.0
"""Standard deviations of the sites beside."""
_COLOURED = 3.0
"""Standard deviations of noise from which on the light around has a colour."""
_CLIPPED_FROM = 0.94
"""Of the clipping level."""
_ALL_CLIP = 22.5 / 24
"""Share of the sites around: one of 24 may be damaged too."""
_STRIP_ROWS = 256
"""Rows looked at together: they stay in the processor's cache."""

_SAME = np.array([(-2, 0), (2, 0), (0, -2), (0, 2), (-2, -2), (-2, 2), (2, -2), (2, 2)])
_DIAGONAL = np.array([(-1, -1), (1, 1), (-1, 1), (1, -1)])
_BESIDE = np.array([(-1, 0), (1, 0), (0, -1), (0, 1)])
_BEYOND = np.array([(-2, -1), (-2, 1), (2, -1), (2, 1), (-1, -2), (-1, 2), (1, -2), (1, 2)])
"""Sites of the colours of those beside, in the same proportion, that see nothing of a point."""
_REGULAR = Surroundings(_SAME, _SAME[:4], _BESIDE, _BEYOND, (slice(0, 4), slice(4, 8)))
"""Of every site of a Bayer mosaic, and of a monochrome sensor."""


@dataclass(frozen=True, slots=True, eq=False)
class Sensor:
    """A mosaic with what its values mean; fields as in Frame."""

    mosaic: NDArray[np.uint16]
    cfa: NDArray[np.uint8]
    black: NDArray[np.float32]
    full_scale: float
    white_balance: NDArray[np.float32]
    noise: NoiseModel
    clipping: NDArray[np.float32]

    def light(self, y: Indices, x: Indices) -> Floats:
        """White-balanced values [...] of sites."""
        p, q = self.cfa.shape
        raw = self.mosaic[y, x].astype(np.float32) - self.black[y % p, x % q]
        return np.asarray(raw * self._balance(y, x) / np.float32(self.full_scale), np.float32)

    def variance(self, light: Floats, y: Indices, x: Indices) -> Floats:
        """Noise variance of such values."""
        p, q = self.cfa.shape
        a, b = (np.array(v, np.float32) for v in (self.noise.a, self.noise.b))
        colour, balance = self.cfa[y % p, x % q], self._balance(y, x)
        return np.asarray(balance * a[colour] * np.maximum(light, 0) + balance**2 * b[colour])

    def clips(self, y: Indices, x: Indices) -> NDArray[np.bool_]:
        """Whether light clips at sites."""
        p, q = self.cfa.shape
        level = (self.white_balance * self.clipping)[self.cfa[y % p, x % q]]
        return np.asarray(self.light(y, x) > _CLIPPED_FROM * level)

    def _balance(self, y: Indices, x: Indices) -> Floats:
        p, q = self.cfa.shape
        return np.asarray(self.white_balance[self.cfa[y % p, x % q]])


def damaged_sites(sensor: Sensor) -> Indices:
    """Rows and columns [n, 2] of the single sites of a mosaic, or a monochrome sensor, that no
    light has made."""
    if min(sensor.mosaic.shape) < 16:
        return np.empty((0, 2), np.intp)
    if sensor.cfa.shape in ((2, 2), (1, 1)):
        y, x = _candidates(sensor)
        found = _judged(sensor, y, x, _REGULAR)
        return np.stack([y[found], x[found]], axis=1)
    sites = [
        _damaged_of_place(sensor, (py, px), around)
        for py, row in enumerate(surroundings(sensor.cfa))
        for px, around in enumerate(row)
    ]
    return np.concatenate(sites)


def _damaged_of_place(sensor: Sensor, place: tuple[int, int], around: Surroundings) -> Indices:
    """The same of the sites at one place of a larger pattern, [n, 2]."""
    (p, q), margin = sensor.cfa.shape, int(np.abs(around.nearest).max())
    height, width = sensor.mosaic.shape
    least, slope = _threshold(sensor)
    # Whole repeats of the pattern within a margin that has all neighbours.
    ys = np.arange(margin + (place[0] - margin) % p, height - margin, p)
    xs = np.arange(margin + (place[1] - margin) % q, width - margin, q)
    centre = sensor.mosaic[np.ix_(ys, xs)]
    beside = [sensor.mosaic[np.ix_(ys + dy, xs + dx)] for dy, dx in around.nearest]
    highest, lowest = np.maximum.reduce(beside), np.minimum.reduce(beside)
    out = centre > highest * np.float32(1 + slope) + np.float32(least)
    out |= lowest > centre + lowest * np.float32(slope) + np.float32(least)
    row, col = np.nonzero(out)
    y, x = ys[row], xs[col]
    found = _judged(sensor, y, x, around)
    return np.stack([y[found], x[found]], axis=1)


def _candidates(sensor: Sensor) -> tuple[Indices, Indices]:
    """Sites that stand out of their four nearest of the same colour: more than are damaged."""
    least, slope = _threshold(sensor)
    shift = min(max(math.ceil(-math.log2(max(slope, 1e-5))), 1), 16)
    height = sensor.mosaic.shape[0]
    rows, cols = [], []
    for top in range(2, height - 2, _STRIP_ROWS):
        strip = sensor.mosaic[top - 2 : min(top + _STRIP_ROWS, height - 2) + 2]
        above, below, left = strip[:-4, 2:-2], strip[4:, 2:-2], strip[2:-2, :-4]
        centre, right = strip[2:-2, 2:-2], strip[2:-2, 4:]
        highest: Values = np.asarray(
            cv2.max(cv2.max(above, below), cv2.max(left, right)), np.uint16
        )
        lowest: Values = np.asarray(cv2.min(cv2.min(above, below), cv2.min(left, right)), np.uint16)
        # Saturated differences: 0 where a site does not stand out.
        out = cv2.subtract(centre, highest) > (highest >> shift) + np.uint16(least)
        out |= cv2.subtract(lowest, centre) > (lowest >> shift) + np.uint16(least)
        y, x = np.nonzero(out)
        rows.append(y + top)
        cols.append(x + 2)
    return np.concatenate(rows), np.concatenate(cols)


def _threshold(sensor: Sensor) -> tuple[int, float]:
    """RAW values, and share of the value, that are never more than `_SIGMAS` of noise at it."""
    a, b = min(sensor.noise.a), min(sensor.noise.b)
    # A chord under the root of a s + b.
    at_black, at_white = _SIGMAS * math.sqrt(b), _SIGMAS * math.sqrt(a + b)
    slope = at_white - at_black
    least = at_black * sensor.full_scale - slope * float(sensor.black.max())
    return max(int(least), 1), slope


def _judged(sensor: Sensor, y: Indices, x: Indices, around: Surroundings) -> NDArray[np.bool_]:
    """Which of some sites are brighter or darker than anything that a lens makes."""
    centre = sensor.light(y, x)
    same, beside, beyond = (
        sensor.light(*_around(sensor, y, x, offsets))
        for offsets in (around.same, around.beside, around.beyond)
    )
    # The second of eight: one of them may be damaged too.
    ordered = np.sort(same, axis=1)
    low, high = ordered[:, 1], ordered[:, -2]
    middle = ordered[:, 3:5].mean(axis=1)
    # Of each colour by itself: colours differ by more than texture does.
    across = np.maximum.reduce([np.ptp(beyond[:, run], 1) for run in around.runs])
    hot = _stands_out(sensor, (y, x), centre - high, high, np.maximum(high - ordered[:, 0], across))
    low_spread = np.maximum(ordered[:, -1] - low, across)
    dead = _stands_out(sensor, (y, x), low - centre, low, low_spread)
    ys, xs = _around(sensor, y, x, around.beside)
    noise = np.sqrt(sensor.variance(beyond.mean(axis=1)[:, None], ys, xs).mean(axis=1) * 3 / 8)
    # Light of the colour that is there already: red glitter shows little to green sites.
    coloured = middle > _COLOURED * np.sqrt(sensor.variance(middle, y, x))
    shown = np.where(coloured, beyond.mean(axis=1) / np.maximum(middle, 1e-9), 1).clip(0, 1)
    size = np.abs(centre - middle)
    share = np.maximum(
        _LENS_SHARE * size, np.minimum(_NOISE_OF_SHARE * noise, _LENS_SHARE_FAINT * size)
    )
    # What a slope of light adds to both is the same.
    through_lens = beside.mean(axis=1) - beyond.mean(axis=1)
    alone = np.abs(through_lens) < share * shown
    # Where the sites beside clip they have nothing to tell, unless all around clips.
    clipped = [sensor.clips(*_around(sensor, y, x, o)) for o in (around.beside, around.beyond)]
    told = ~np.concatenate(clipped, axis=1).any(axis=1)
    all_around = np.concatenate([around.same, _DIAGONAL, around.beside, around.beyond])
    blown = sensor.clips(*_around(sensor, y, x, all_around)).mean(axis=1) > _ALL_CLIP
    return np.asarray(((hot | dead) & alone & told) | (dead & blown))


def _stands_out(
    sensor: Sensor, at: tuple[Indices, Indices], by: Floats, level: Floats, spread: Floats
) -> NDArray[np.bool_]:
    """Whether sites differ by more than noise and the texture around explain."""
    noise = np.sqrt(sensor.variance(level, *at))
    return np.asarray(by > np.maximum(_SIGMAS * noise, _OVER_TEXTURE * spread))


def _around(sensor: Sensor, y: Indices, x: Indices, offsets: Indices) -> tuple[Indices, Indices]:
    """Sites [n, k] at `offsets` [k, 2] from some, mirrored at the border."""
    height, width = sensor.mosaic.shape
    ys, xs = y[:, None] + offsets[:, 0], x[:, None] + offsets[:, 1]
    return _mirrored(ys, height), _mirrored(xs, width)


def _mirrored(index: Indices, length: int) -> Indices:
    index = np.abs(index)
    return np.asarray(np.where(index >= length, 2 * (length - 1) - index, index))


def mend(mosaic: NDArray[np.uint16], cfa: NDArray[np.uint8], sites: Indices) -> None:
    """Replace sites [n, 2] in place by the mean of the two opposite neighbours of their colour that
    agree best; those that are damaged themselves are not asked."""
    if not len(sites):
        return
    if max(cfa.shape) > 2:
        _mend_pattern(mosaic, cfa, sites)
        return
    (p, q), (height, width) = cfa.shape, mosaic.shape
    damaged = np.zeros(mosaic.shape, np.bool_)
    y, x = sites.T
    damaged[y, x] = True
    green = cfa[y % p, x % q] == 1 if cfa.shape == (2, 2) else np.zeros(len(y), np.bool_)
    everywhere = np.ones(len(y), np.bool_)
    # Where nothing can be asked, the site stays as it is.
    best, chosen = np.full(len(y), np.inf), mosaic[y, x].astype(np.float64)
    for (dy, dx), allowed in (
        ((p, 0), everywhere),
        ((0, q), everywhere),
        ((1, 1), green),
        ((1, -1), green),
        ((p, q), ~green),
        ((p, -q), ~green),
    ):
        ys, xs = y[:, None] + np.array([-dy, dy]), x[:, None] + np.array([-dx, dx])
        inside = (ys >= 0) & (ys < height) & (xs >= 0) & (xs < width)
        ys, xs = np.clip(ys, 0, height - 1), np.clip(xs, 0, width - 1)
        sound = inside & ~damaged[ys, xs] & allowed[:, None]
        values = mosaic[ys, xs].astype(np.float64)
        count = sound.sum(axis=1)
        mean = (values * sound).sum(axis=1) / np.maximum(count, 1)
        # One neighbour alone agrees with nobody: the last choice.
        difference = np.where(count == 2, np.abs(values[:, 0] - values[:, 1]), 1e9)
        better = (count > 0) & (difference < best)
        best, chosen = np.where(better, difference, best), np.where(better, mean, chosen)
    mosaic[y, x] = np.rint(chosen).astype(np.uint16)


def _mend_pattern(mosaic: NDArray[np.uint16], cfa: NDArray[np.uint8], sites: Indices) -> None:
    """The same for larger patterns, by the sites of the same colour around, the near ones most:
    few have an opposite."""
    (p, q), damaged = cfa.shape, np.zeros(mosaic.shape, np.bool_)
    damaged[sites[:, 0], sites[:, 1]] = True
    places = surroundings(cfa)
    # All are computed before any is replaced.
    mended = mosaic[sites[:, 0], sites[:, 1]]
    for number, (y, x) in enumerate(sites):
        offsets = places[y % p][x % q].same
        ys, xs = y + offsets[:, 0], x + offsets[:, 1]
        inside = (ys >= 0) & (ys < mosaic.shape[0]) & (xs >= 0) & (xs < mosaic.shape[1])
        ys, xs, offsets = ys[inside], xs[inside], offsets[inside]
        weight = ~damaged[ys, xs] / (offsets**2).sum(axis=1)
        # Where nothing can be asked, the site stays as it is.
        if weight.any():
            mended[number] = np.rint((mosaic[ys, xs] * weight).sum() / weight.sum())
    mosaic[sites[:, 0], sites[:, 1]] = mended
