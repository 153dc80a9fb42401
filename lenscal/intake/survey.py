"""What a photo has to offer, place by place: light, clipping, texture above the noise, fine detail
by direction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lenscal.intake.sharpness import EdgeWidths, edge_widths
from lenscal.raw.frame import Frame, Sampling

N_DIRECTIONS = 8
"""Enough to tell motion, which spares one direction, from defocus, which spares none."""
_SIDE = 32
"""Of a tile, in sites of one green plane: 64 px of a Bayer sensor."""
_MOST_TILES = (24, 36)
"""Rows and columns: more would take longer on large sensors without saying more."""
_COARSE_BAND, _FINE_BAND = (0.055, 0.20), (0.22, 0.5)
"""In cycles a site of one plane, so half as much a pixel."""
_CLIPPED_FROM, _CLIPPED_SHARE = 0.97, 0.04
"""Of the range, and of the tile's sites: a few sparkles do not spoil a tile."""
_DARK_BELOW = 0.004
"""Of the range: eight stops below clipping."""
_CONTRAST, _OVER_NOISE = 0.008, 2.0
"""Texture has this contrast at least, and this many times the power of the noise."""
_REGIONS = (4, 6)
"""Detail is compared by regions: a photo is sharp where it has a subject in focus."""
_LEAST_TILES = 4
"""With texture, for a region to count: fewer are ruled by one odd tile."""
_SHARPEST = 0.75
"""Quantile over the regions: what is in focus counts, but not a single region."""


class TileKind(IntEnum):
    """What a tile of a photo is good for."""

    USABLE = 0
    PLAIN = 1
    DARK = 2
    CLIPPED = 3


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """A photo, measured on tiles that are spread evenly over it, in sensor orientation.

    Attributes
    ----------
    light : float32 ndarray [rows, cols]
        Mean of the green sites, RAW values 0..1.
    kinds : uint8 ndarray [rows, cols]
        `TileKind` of every tile.
    detail : float64 ndarray [N_DIRECTIONS]
        log of fine over coarse power by the direction of the waves (n / N_DIRECTIONS of half a turn
        from the x axis), where the photo is sharp: three quarters of its regions have less. Noise
        is taken off; what could hide in it is left in. NaN where there is too little texture.
    edges : EdgeWidths or None
        How wide its sharpest edges are; None where it shows too few.
    """

    light: NDArray[np.float32]
    kinds: NDArray[np.uint8]
    detail: NDArray[np.float64]
    edges: EdgeWidths | None = None

    def share(self, kind: TileKind) -> float:
        """Part of the picture's area, 0..1."""
        return float(np.mean(self.kinds == kind))


def survey(frame: Frame) -> Survey:
    """Measure a decoded photo. At most 864 tiles of 64 x 64 px are read, whatever its size.

    Tiles of one green plane lose their mean and slope, get a Hann window and a Fourier transform;
    the power of the noise model is taken off. A tile is usable where it is neither clipped nor dark
    and its coarse texture stands out of the noise. Both bands lie where the lens's own blur still
    lets waves through, so that even a fast lens's photo tells a good shot from a moved one.
    """
    ys, xs, side = _tile_places(frame)
    shape = len(ys), len(xs)
    tiles = _mosaic_tiles if frame.sampling is Sampling.BAYER else _plane_tiles
    green, clipped = tiles(frame, [(y, x) for y in ys for x in xs], side)
    light = green.mean(axis=(1, 2))
    variance = frame.noise.variance(light, channels=1, dtype=np.float32)
    coarse, fine = _powers(green, side)
    _, _, coarse_weight, fine_weight = _filters(side)
    coarse_noise = variance * coarse_weight.sum()
    texture = coarse - coarse_noise
    faint = (texture < _OVER_NOISE * coarse_noise) | (texture < (_CONTRAST * light * side) ** 2)
    # In this order: what is clipped is also plain, what is dark is plain.
    kinds = np.full(len(green), TileKind.USABLE, np.uint8)
    kinds[faint] = TileKind.PLAIN
    kinds[light < _DARK_BELOW] = TileKind.DARK
    kinds[clipped] = TileKind.CLIPPED
    usable = kinds.reshape(shape) == TileKind.USABLE
    detail = _detail(texture, fine, variance, fine_weight.sum(axis=1), usable)
    return Survey(light.reshape(shape), kinds.reshape(shape), detail, edge_widths(frame))


def _tile_places(frame: Frame) -> tuple[NDArray[np.intp], NDArray[np.intp], int]:
    """Where rows and columns of tiles start, px, and their side in sites of a plane."""
    height, width = frame.size
    side = min(_SIDE, height // 2, width // 2)
    ys = _tile_starts(height, side, _MOST_TILES[0])
    return ys, _tile_starts(width, side, _MOST_TILES[1]), side


def _mosaic_tiles(
    frame: Frame, places: Sequence[tuple[int, int]], side: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Green tiles [n, side, side], RAW values 0..1, and whether light clips in them [n]."""
    raw = np.stack([frame.mosaic[y : y + 2 * side, x : x + 2 * side] for y, x in places])
    black = float(frame.black.mean())
    scale = frame.full_scale
    # One of the two greens: the plane with the most light and, by itself, no demosaicing.
    y, x = np.argwhere(frame.cfa == 1)[0] % 2
    green = (raw[:, y::2, x::2].astype(np.float32) - np.float32(black)) / np.float32(scale)
    # Each site by where its own colour clips, which may be below white.
    limit = frame.black + np.float32(_CLIPPED_FROM * scale) * frame.clipping[frame.cfa]
    clips = raw >= np.tile(limit, (side, side))
    clipped = clips.mean(axis=(1, 2)) > _CLIPPED_SHARE
    return green, np.asarray(clipped)


def _plane_tiles(
    frame: Frame, places: Sequence[tuple[int, int]], side: int
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The same of a photo that is no Bayer mosaic: every second pixel, so that its figures mean
    what those of others do."""
    green, clipped = [], []
    middle = frame.plane_channels.index(1)
    for y, x in places:
        value, multiplier = frame.planes_tile(slice(y, y + 2 * side), slice(x, x + 2 * side))
        raw = value / multiplier
        green.append(raw[middle, ::2, ::2])
        level = frame.clipping[list(frame.plane_channels), None, None]
        clipped.append((raw >= _CLIPPED_FROM * level).mean() > _CLIPPED_SHARE)
    return np.stack(green), np.array(clipped)


def _tile_starts(extent_px: int, side: int, most: int) -> NDArray[np.intp]:
    """Where tiles start along one side of the photo, px: half overlapping, or fewer where those are
    too many; even, so that all begin on the same site of the pattern."""
    room = extent_px // 2 - side
    # Half overlapping, since the window hides what lies at a tile's border.
    n = int(np.clip(room // (side // 2) + 1, 1, most))
    return 2 * np.linspace(0, room, n).round().astype(np.intp)


def _powers(
    green: NDArray[np.float32], side: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Power of tiles [n, side, side] in the coarse band [n], and in the fine band by direction
    [N_DIRECTIONS, n]."""
    import scipy.fft

    window, ramp, coarse, fine = _filters(side)
    # Without the tile's own plane: a slope of light would leak into all bands.
    flat = green - green.mean(axis=(1, 2), keepdims=True)
    down = flat.mean(axis=2) @ ramp / (ramp @ ramp)
    across = flat.mean(axis=1) @ ramp / (ramp @ ramp)
    flat -= down[:, None, None] * ramp[:, None] + across[:, None, None] * ramp
    spectrum = scipy.fft.rfft2(flat * window)
    power = (spectrum.real**2 + spectrum.imag**2).reshape(len(green), -1)
    return power @ coarse, fine @ power.T


@lru_cache(maxsize=4)
def _filters(
    side: int,
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Window with squares that sum to 1, ramp, and the weights of the spectrum in the bands [m],
    [N_DIRECTIONS, m]."""
    # Without its zeros: they would waste the border rows of every tile.
    hann = np.hanning(side + 2)[1:-1]
    window = np.outer(hann, hann) / (hann**2).sum()
    ramp = np.arange(side) - (side - 1) / 2
    fy, fx = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)[None, :]
    f = np.hypot(fy, fx)
    sector = np.rint(np.arctan2(fy, fx) / np.pi * N_DIRECTIONS).astype(int) % N_DIRECTIONS
    # rfft leaves out the mirrored half of all waves but those at its edges.
    twice = np.where((fx > 0) & (fx < 0.5), 2.0, 1.0)
    coarse = twice * ((f >= _COARSE_BAND[0]) & (f < _COARSE_BAND[1]))
    in_fine = twice * ((f >= _FINE_BAND[0]) & (f < _FINE_BAND[1]))
    fine = np.stack([(in_fine * (sector == d)).ravel() for d in range(N_DIRECTIONS)])
    window, ramp, coarse, fine = (
        a.astype(np.float32) for a in (window, ramp, coarse.ravel(), fine)
    )
    return window, ramp, coarse, fine


def _detail(
    texture: NDArray[np.float32],
    fine: NDArray[np.float32],
    variance: NDArray[np.floating],
    n_waves: NDArray[np.float32],
    usable: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """See `Survey.detail`: of coarse power [n], fine power [d, n], noise [n] and waves a direction
    [d]."""
    rows, cols = (np.arange(n) * most // n for n, most in zip(usable.shape, _REGIONS, strict=True))
    region = (rows[:, None] * _REGIONS[1] + cols).ravel()
    n_regions = _REGIONS[0] * _REGIONS[1]
    count = np.bincount(region, usable.ravel(), n_regions)
    good = count >= min(_LEAST_TILES, usable.sum())
    if not usable.any() or not good.any():
        return np.full(N_DIRECTIONS, np.nan)

    def by_region(of_tiles: NDArray[np.floating]) -> NDArray[np.float64]:
        """Sums over the tiles of the regions with enough texture."""
        return np.asarray(np.bincount(region, of_tiles, n_regions)[good])

    # Fine over coarse power: how much detail is left of the texture that is there.
    weight = usable.ravel() / np.maximum(texture, 1e-12)
    detail = np.empty(N_DIRECTIONS)
    for d, n in enumerate(n_waves):
        signal = by_region(weight * (fine[d] / n - variance)) / count[good]
        # A power's standard error: its mean over the root of its n / 2 independent waves.
        spread = by_region((weight * variance) ** 2 / (n / 2)) / count[good] ** 2
        hidden = np.sqrt(2 * spread.mean() / len(spread))
        # Noise that was taken off may leave less than nothing.
        sharpest = max(float(np.quantile(signal, _SHARPEST)), 0.0)
        detail[d] = np.log(sharpest + hidden + 1e-12)
    return detail
