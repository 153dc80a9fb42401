"""The shading maps of DNG files (DNG specification 1.4, chapter 7, "Opcode List Processing"): gains
over the field that phones and action cameras measure instead of a lens profile."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FIX_VIGNETTE_RADIAL, _GAIN_MAP = 3, 9
_HEADER = struct.Struct(">IIII")
"""Opcode, version, flags, bytes of parameters."""
_AREA = struct.Struct(">IIIIIIII")
"""Top, left, bottom, right, plane, planes, row pitch, column pitch."""
_MAP = struct.Struct(">IIddddI")
"""Points and spacing and origin, each vertical and horizontal; planes."""
_MOST_OPCODES, _MOST_POINTS = 64, 1_000_000
_GAIN_RANGE = (0.05, 64.0)
"""Beyond, a map is damaged: the noise model would be wrong with it."""
_LEAST_NODES = (33, 49)
"""Of the grid that gains are sampled on: those of lensfun's profiles."""
_MOST_NODES = 1024


@dataclass(frozen=True, slots=True)
class Sites:
    """What an opcode is for: sites of rows top, top + row_pitch, ... and colour planes."""

    top: int = 0
    left: int = 0
    plane: int = 0
    planes: int = 3
    row_pitch: int = 1
    col_pitch: int = 1

    def holds(self, row: int, col: int, pattern: tuple[int, int]) -> bool:
        """Whether it is for a site of a colour pattern that repeats."""
        steps = gcd(self.row_pitch, pattern[0]), gcd(self.col_pitch, pattern[1])
        return (row - self.top) % steps[0] == 0 and (col - self.left) % steps[1] == 0


@dataclass(frozen=True, slots=True, eq=False)
class Shading:
    """One opcode that multiplies by a gain.

    Attributes
    ----------
    sites : Sites
    after_demosaicing : bool
        Of OpcodeList3, whose planes are colours; those of OpcodeList2 are the file's own.
    points : float64 ndarray [v, h, planes] or None
        Of a GainMap.
    spacing, origin : (vertical, horizontal)
        Of the points, in heights and widths of the photo.
    polynomial : tuple of float
        Of FixVignetteRadial: gain 1 + k0 r^2 + k1 r^4 + ..., r = 1 in the farthest corner.
    centre : (y, x)
        Of that, in heights and widths.
    """

    sites: Sites
    after_demosaicing: bool
    points: Floats | None = None
    spacing: tuple[float, float] = (1.0, 1.0)
    origin: tuple[float, float] = (0.0, 0.0)
    polynomial: tuple[float, ...] = ()
    centre: tuple[float, float] = (0.5, 0.5)

    def over(self, y: Floats, x: Floats, size: tuple[int, int], plane: int) -> Floats:
        """Gain [n, m] at rows y [n] and columns x [m] px of a photo of (height, width)."""
        height, width = size
        # A pixel's position is its middle's.
        v, u = (y + 0.5) / height, (x + 0.5) / width
        if self.points is None:
            return self._radial(v, u, size)
        plane = min(plane, self.points.shape[2] - 1)
        down = _weights((v - self.origin[0]) / self.spacing[0], self.points.shape[0])
        across = _weights((u - self.origin[1]) / self.spacing[1], self.points.shape[1])
        return np.asarray(down @ self.points[..., plane] @ across.T)

    def _radial(self, v: Floats, u: Floats, size: tuple[int, int]) -> Floats:
        (height, width), (cy, cx) = size, self.centre
        corner = np.hypot(max(cy, 1 - cy) * height, max(cx, 1 - cx) * width)
        r2 = (((v - cy) * height) ** 2)[:, None] + (((u - cx) * width) ** 2)[None]
        r2 /= corner**2
        powers = np.stack([r2 ** (n + 1) for n in range(len(self.polynomial))], axis=-1)
        return np.asarray(1 + powers @ np.array(self.polynomial))


def read_shadings(content: bytes, *, after_demosaicing: bool) -> tuple[Shading, ...]:
    """The gains of an opcode list; what is damaged, or does something else, is left out."""
    return tuple(_shadings(content, after_demosaicing))


def _shadings(content: bytes, after_demosaicing: bool) -> Iterator[Shading]:
    if len(content) < 4:
        return
    at = 4
    for _ in range(min(int.from_bytes(content[:4], "big"), _MOST_OPCODES)):
        if at + _HEADER.size > len(content):
            return
        opcode, _, _, size = _HEADER.unpack_from(content, at)
        at += _HEADER.size
        parameters = content[at : at + size]
        at += size
        if opcode == _GAIN_MAP and (shading := _gain_map(parameters, after_demosaicing)):
            yield shading
        elif opcode == _FIX_VIGNETTE_RADIAL and len(parameters) >= 56:
            *polynomial, cx, cy = struct.unpack_from(">7d", parameters)
            if np.isfinite([*polynomial, cx, cy]).all() and 0 <= cx <= 1 and 0 <= cy <= 1:
                yield Shading(
                    Sites(), after_demosaicing, polynomial=tuple(polynomial), centre=(cy, cx)
                )


def _gain_map(parameters: bytes, after_demosaicing: bool) -> Shading | None:
    if len(parameters) < _AREA.size + _MAP.size:
        return None
    top, left, _, _, plane, planes, row_pitch, col_pitch = _AREA.unpack_from(parameters)
    v, h, spacing_v, spacing_h, origin_v, origin_h, map_planes = _MAP.unpack_from(
        parameters, _AREA.size
    )
    n_points = v * h * map_planes
    values = parameters[_AREA.size + _MAP.size :]
    if not 0 < n_points <= _MOST_POINTS or len(values) < 4 * n_points:
        return None
    points = np.frombuffer(values, ">f4", n_points).astype(np.float64).reshape(v, h, map_planes)
    numbers = (spacing_v, spacing_h, origin_v, origin_h)
    low, high = _GAIN_RANGE
    # A map of one point has no spacing.
    sound = np.isfinite(numbers).all() and (spacing_v > 0 or v == 1) and (spacing_h > 0 or h == 1)
    if not sound or not ((points >= low) & (points <= high)).all():
        return None
    sites = Sites(top, left, plane, planes, max(row_pitch, 1), max(col_pitch, 1))
    spacing = (spacing_v or 1.0, spacing_h or 1.0)
    return Shading(sites, after_demosaicing, points, spacing, (origin_v, origin_h))


def _weights(at: Floats, n: int) -> Floats:
    """Linear interpolation [len(at), n] between n points; constant beyond them."""
    at = np.clip(at, 0, n - 1)
    return np.asarray(np.maximum(1 - np.abs(at[:, None] - np.arange(n)), 0))


def shading_gain(
    shadings: Sequence[Shading], cfa: NDArray[np.uint8] | None, size: tuple[int, int]
) -> NDArray[np.float32] | None:
    """The product of all gains on a grid whose corners lie on the photo's, float32 [gh, gw, 3];
    None where it makes no sense.

    Parameters
    ----------
    shadings : sequence of Shading
    cfa : uint8 ndarray [p, q] or None
        Colours of the sites, 0 R, 1 G, 2 B; None: the file has all colours at each pixel. Sites of
        one colour with maps of their own (both greens) get their mean.
    size : (height, width) px
    """
    shape = [_nodes(shadings, axis) for axis in (0, 1)]
    y, x = (np.linspace(0, length - 1, n) for length, n in zip(size, shape, strict=True))
    pattern = np.arange(3, dtype=np.uint8)[None] if cfa is None else cfa
    period = pattern.shape[0], pattern.shape[1]
    total, count = np.zeros((*shape, 3)), np.zeros(3)
    for (row, col), colour in np.ndenumerate(pattern):
        gain = np.ones(shape)
        for shading in shadings:
            of_colours = shading.after_demosaicing or cfa is None
            plane = int(colour) if of_colours else 0
            inside = 0 <= plane - shading.sites.plane < shading.sites.planes
            here = of_colours or shading.sites.holds(row, col, period)
            if inside and here:
                gain = gain * shading.over(y, x, size, plane - shading.sites.plane)
        total[..., colour] += gain
        count[colour] += 1
    grid = total / np.maximum(count, 1)
    low, high = _GAIN_RANGE
    if not ((grid >= low) & (grid <= high)).all():
        return None
    return grid.astype(np.float32)


def _nodes(shadings: Sequence[Shading], axis: int) -> int:
    """Nodes along an axis: the maps' own points, and some between them."""
    steps = max((s.points.shape[axis] - 1 for s in shadings if s.points is not None), default=1)
    least = _LEAST_NODES[axis] - 1
    return int(min(max(steps, 1) * -(-least // max(steps, 1)), _MOST_NODES)) + 1
