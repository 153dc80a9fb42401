"""Straight edges of a photo: how blurred they are, and by how much they overshoot.

A step of light tells a lens's transfer whatever the scene is (slanted edges, ISO 12233:2023). Short
pieces of edges are found by themselves, and only those are kept that a step of light makes:
straight, with an even surface on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REACH_PX = 12.0
"""Half of the length of a piece, and how far to both sides of it light is looked at."""
_HALF = 17
"""Half of the square that is cut out: the piece fits in it in every direction."""
_STEP_PX = 6
"""Places that are tried lie so far apart."""
BIN_PX = 0.5
"""Of an edge's profile: finer ones hold too few pixels."""
_BINS = round(2 * REACH_PX / BIN_PX) + 1
_LEAST_COHERENCE = 0.7
"""Of the gradients' directions, 0..1: below, more than one edge is there."""
_FLAT_PX = 8.0
"""Of a profile's slope, the part that is taken as it is; towards the ends it fades out."""
_PLATEAU_BINS = 8
"""At both ends of a profile: the even surface beside an edge."""
_CLEAR = 12.0
"""An edge's step over what pixels differ from its profile by, noise and texture."""
_UNEVEN, _FALLING = 0.06, 0.08
"""Of the step: what light may differ by on an even surface, and fall back by on its way up."""
_LARGEST_BEND_PX, _LARGEST_TILT = 1.5, 0.3
"""By which an edge may leave its middle's tangent at the ends; of its direction against that of the
gradients."""
_SECTORS = 4
"""Directions that edges are taken from in turn."""
_LEAST_STEP = 0.15
"""Of the brighter side's light: smaller steps are shades, which are wide by themselves."""


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """Pieces of edges.

    Attributes
    ----------
    place : int ndarray [n, 2]
        (y, x) px of the pixel next to the middle.
    normal : float64 ndarray [n, 2]
        (y, x), of length 1, towards the brighter side.
    bend : float64 ndarray [n, 3]
        Distance from the place along the normal, px: polynomial of the way along the edge.
    """

    place: NDArray[np.int64]
    normal: Floats
    bend: Floats

    def __len__(self) -> int:
        return len(self.place)

    def part(self, which: NDArray[np.bool_] | NDArray[np.int64]) -> Edges:
        """Some of them."""
        return Edges(self.place[which], self.normal[which], self.bend[which])


def find_edges(plane: NDArray[np.float32], most: int) -> tuple[Edges, Floats]:
    """The clearest straight edges of a picture [h, w] in linear light, at most so many, and their
    profiles [n, bins] (`profiles_and_scatter`)."""
    at, normal = _candidates(plane, 4 * most)
    flat = np.zeros((len(at), 3))
    edges = _settled(plane, _settled(plane, Edges(at, normal, flat)))
    curves, scatter = profiles_and_scatter(plane, edges)
    good = _is_clean(curves, scatter) & (np.abs(edges.bend[:, 0]) < 1)
    # The clearest first, of all directions alike: a shaken photo shows in one of them only.
    step = np.abs(_step(curves)) / np.maximum(scatter, 1e-9)
    order = np.argsort(-np.where(good, step, -1), kind="stable")[: good.sum()]
    order = order[_in_turn(edges.normal[order])]
    order = order[_apart(edges.place[order])][:most]
    found = edges.part(order)
    curves = curves[order]
    # Profiles rise: normals point to the light.
    sign = np.where(_step(curves) < 0, -1.0, 1.0)
    turned = np.where(sign[:, None] < 0, curves[:, ::-1], curves)
    # The way along an edge turns with the normal: its even powers change sign.
    bend = found.bend * np.stack([sign, np.ones_like(sign), sign], -1)
    return Edges(found.place, found.normal * sign[:, None], bend), turned


def overshoot(curves: Floats) -> Floats:
    """By how much profiles leave the range between their two ends, over their step [n]."""
    low, high = _ends(curves)
    beyond = np.maximum(curves.max(1) - high, low - curves.min(1))
    return np.asarray(beyond / np.maximum(high - low, 1e-12))


def edge_mtf(curves: Floats, frequencies: Floats) -> Floats:
    """Transfer [n, f] of profiles at frequencies [f] cycles/px, across the edge; 1 at 0."""
    at = (np.arange(_BINS - 1) - (_BINS - 2) / 2) * BIN_PX
    # Flat where the edge is, or wide edges would seem sharper.
    window = np.cos(np.pi / 2 * ((np.abs(at) - _FLAT_PX) / (REACH_PX - _FLAT_PX)).clip(0, 1)) ** 2
    line = np.diff(curves, axis=1) * window
    spectrum = np.abs(line @ np.exp(-2j * np.pi * at[:, None] * frequencies))
    # Differences of means over bins: two boxes of a bin each.
    boxes = np.sinc(BIN_PX * frequencies) ** 2
    return np.asarray(spectrum / np.maximum(np.abs(line.sum(1)), 1e-12)[:, None] / boxes)


def edge_mtf50(curves: Floats) -> Floats:
    """Frequency [n] in cycles/px at which the transfer falls to one half; 0.5 if it does not."""
    f = np.linspace(0, 0.5, 101)
    below = edge_mtf(curves, f) < 0.5
    return np.asarray(f[np.where(below.any(1), below.argmax(1), -1)])


def _candidates(plane: NDArray[np.float32], most: int) -> tuple[NDArray[np.int64], Floats]:
    """Places [n, 2] with gradients along one direction [n, 2] mostly, the strongest first."""
    import cv2

    height, width = plane.shape
    if min(height, width) <= 2 * _HALF + 2:
        return np.zeros((0, 2), np.int64), np.zeros((0, 2))
    gy, gx = (cv2.Sobel(plane, cv2.CV_32F, dx, dy) for dx, dy in ((0, 1), (1, 0)))
    box = (2 * round(REACH_PX) + 1,) * 2
    ys = np.arange(_HALF + 1, height - _HALF - 1, _STEP_PX)
    xs = np.arange(_HALF + 1, width - _HALF - 1, _STEP_PX)
    yy, xx, xy = (
        cv2.blur(product, box)[np.ix_(ys, xs)].astype(np.float64)
        for product in (gy * gy, gx * gx, gx * gy)
    )
    size, difference = yy + xx, np.hypot(xx - yy, 2 * xy)
    coherent = difference > _LEAST_COHERENCE * np.maximum(size, 1e-20)
    # One place of each edge and its surroundings: where gradients are strongest.
    size = np.where(coherent, size, 0)
    top = (size > 0) & (size >= cv2.dilate(size, np.ones((3, 3))))
    # Ranked by their steps over the light around: by their gradients, sharp edges would hide those
    # that are soft along one direction.
    calm = cv2.blur(plane, (3, 3))
    kernel = np.ones(box, np.uint8)
    step = (cv2.dilate(calm, kernel) - cv2.erode(calm, kernel))[np.ix_(ys, xs)]
    light = cv2.blur(plane, box)[np.ix_(ys, xs)]
    strength = np.where(top, step / np.maximum(light, 1e-4), 0).ravel()
    best = np.argsort(-strength, kind="stable")[:most]
    best = best[strength[best] > 0]
    angle = 0.5 * np.arctan2(2 * xy, xx - yy).ravel()[best]
    row, col = np.unravel_index(best, yy.shape)
    return (
        np.stack([ys[row], xs[col]], -1).astype(np.int64),
        np.stack([np.sin(angle), np.cos(angle)], -1),
    )


def _cut_out(plane: NDArray[np.float32], place: NDArray[np.int64]) -> Floats:
    """Squares [n, m, m] around places, which lie within the picture."""
    side = np.arange(-_HALF, _HALF + 1)
    y, x = place[:, 0, None, None] + side[:, None], place[:, 1, None, None] + side
    return np.asarray(plane[y, x], np.float64)


def _across_and_along(edges: Edges) -> tuple[Floats, Floats]:
    """Distance along the normal and along the edge [n, m, m] of a square's pixels, px."""
    side = np.arange(-_HALF, _HALF + 1, dtype=np.float64)
    ny, nx = edges.normal[:, 0, None, None], edges.normal[:, 1, None, None]
    return ny * side[:, None] + nx * side, nx * side[:, None] - ny * side


def _settled(plane: NDArray[np.float32], edges: Edges) -> Edges:
    """The edges with place, normal and bend from the light itself; those that leave the picture or
    bend too much are gone."""
    if not len(edges):
        return edges
    squares = _cut_out(plane, edges.place)
    gy, gx = np.gradient(squares, axis=(1, 2))
    across, along = _across_and_along(edges)
    ny, nx = edges.normal[:, 0, None, None], edges.normal[:, 1, None, None]
    near = (np.abs(across) <= REACH_PX) & (np.abs(along) <= REACH_PX)
    weight = (ny * gy + nx * gx) ** 2 * near
    powers = np.stack([along**0, along / REACH_PX, (along / REACH_PX) ** 2], -1)
    bend = np.zeros((len(edges), 3))
    for trimmed_px in (REACH_PX, 5.0, 4.0):
        off = across - np.einsum("nyxp,np->nyx", powers, bend)
        held = weight * (np.abs(off) <= trimmed_px)
        gram = np.einsum("nyx,nyxp,nyxq->npq", held, powers, powers, optimize=True)
        pull = np.einsum("nyx,nyxp->np", held * across, powers, optimize=True)
        ridge = 1e-9 * np.trace(gram, axis1=1, axis2=2)[:, None, None] * np.eye(3) + 1e-30 * np.eye(
            3
        )
        bend = np.linalg.solve(gram + ridge, pull[..., None])[..., 0]
    tilt = bend[:, 1] / REACH_PX
    good = (np.abs(tilt) < _LARGEST_TILT) & (np.abs(bend[:, 2]) < _LARGEST_BEND_PX)
    # Turned by the tilt and moved onto the edge.
    n = edges.normal
    turned = np.stack([n[:, 0] - tilt * n[:, 1], n[:, 1] + tilt * n[:, 0]], -1)
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    moved = np.rint(edges.place + bend[:, :1] * n).astype(np.int64)
    rest = bend[:, 0] - ((moved - edges.place) * n).sum(1)
    good &= ((moved > _HALF) & (moved < np.array(plane.shape) - _HALF - 1)).all(1)
    settled = np.stack([rest, np.zeros_like(rest), bend[:, 2]], -1)
    return Edges(moved, turned, settled).part(good)


def profiles_and_scatter(plane: NDArray[np.float32], edges: Edges) -> tuple[Floats, Floats]:
    """Light [n, bins] across edges, from their dark side to their bright one, BIN_PX apart, and the
    root mean square [n] of what pixels beside an edge differ from it by.

    The picture [h, w] need not be the one that the edges were found in.
    """
    n = len(edges)
    if not n:
        return np.zeros((0, _BINS)), np.zeros(0)
    squares = _cut_out(plane, edges.place)
    across, along = _across_and_along(edges)
    part = along / REACH_PX
    bend = edges.bend[..., None, None]
    distance = across - (bend[:, 0] + bend[:, 1] * part + bend[:, 2] * part**2)
    held = (np.abs(distance) <= REACH_PX) & (np.abs(along) <= REACH_PX)
    number = np.rint((distance + REACH_PX) / BIN_PX).astype(np.int64).clip(0, _BINS - 1)
    flat = (number + _BINS * np.arange(n)[:, None, None])[held]
    count = np.bincount(flat, minlength=n * _BINS).reshape(n, _BINS)
    total = np.bincount(flat, squares[held], n * _BINS).reshape(n, _BINS)
    curves = total / np.maximum(count, 1)
    at = np.arange(_BINS)
    for i in np.flatnonzero((count == 0).any(1)):
        # An edge along the pixels' rows has its light at whole distances only.
        there = count[i] > 0
        curves[i] = np.interp(at, at[there], curves[i, there])
    off = np.where(
        held,
        squares - np.take_along_axis(curves, number.reshape(n, -1), 1).reshape(number.shape),
        0,
    )
    # Where light changes fast, half a bin is a difference: only the even surfaces count.
    even = held & (np.abs(distance) > REACH_PX - _PLATEAU_BINS * BIN_PX)
    scatter = np.sqrt((off**2 * even).sum((1, 2)) / np.maximum(even.sum((1, 2)), 1))
    return curves, scatter


def _ends(curves: Floats) -> tuple[Floats, Floats]:
    return curves[:, :_PLATEAU_BINS].mean(1), curves[:, -_PLATEAU_BINS:].mean(1)


def _step(curves: Floats) -> Floats:
    low, high = _ends(curves)
    return np.asarray(high - low)


def _is_clean(curves: Floats, scatter: Floats) -> NDArray[np.bool_]:
    """Which profiles a step of light made."""
    if not len(curves):
        return np.zeros(0, bool)
    low, high = _ends(curves)
    step = np.maximum(np.abs(high - low), 1e-12)
    rising = np.where((high < low)[:, None], curves[:, ::-1], curves)
    fall = (np.maximum.accumulate(rising, axis=1) - rising).max(1)
    uneven = np.maximum(
        np.ptp(curves[:, :_PLATEAU_BINS], axis=1), np.ptp(curves[:, -_PLATEAU_BINS:], axis=1)
    )
    return np.asarray(
        (step > _CLEAR * scatter)
        & (uneven < 2 * _UNEVEN * step)
        & (fall < _FALLING * step)
        & (step > _LEAST_STEP * np.maximum(low, high))
    )


def _in_turn(normal: Floats) -> NDArray[np.int64]:
    """Numbers of normals [n, 2], one of each direction after the other, each in its order."""
    angle = np.arctan2(normal[:, 0], normal[:, 1])
    sector = np.rint(angle / np.pi * _SECTORS).astype(int) % _SECTORS
    rank = np.zeros(len(normal), np.int64)
    for number in range(_SECTORS):
        rank[sector == number] = np.arange((sector == number).sum())
    return np.argsort(rank, kind="stable")


def _apart(place: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which places, the first ones first, do not lie on one that was taken already."""
    taken: set[tuple[int, int]] = set()
    keep = np.zeros(len(place), bool)
    for i, (y, x) in enumerate(place // _STEP_PX):
        around = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)}
        if not taken & around:
            taken.add((y, x))
            keep[i] = True
    return keep
