"""Stage P: weighted least squares on pairs of photos that show the same scene (docs/method.md,
section 6).

The degraded photo is taken as the sensor gave it: only sites that the colour filter array really
measured enter, so its noise is white and known and no demosaicing blurs it. The sharp photo,
demosaiced linearly (`linear_demosaic`) and moved onto the degraded one by a band-limited shift, is
the regressor; what that estimate lacks, and its noise, leave no bias.

For a site s of channel c in a cell of the field with kernel K:   y(s) = sum_u K_c(u) x_c(s + d - u)
+ noise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.field.geometry import tile_centre, tiles_of
from lenscal.calibration.packing import clipping_limit
from lenscal.calibration.pairs.registration import Pair, motion_basis
from lenscal.calibration.pairs.tile_equations import (
    Tile,
    TileEquations,
    TilePair,
    tile_equations,
)
from lenscal.raw.frame import Frame
from lenscal.system.threads import in_order

STEP_RIDGE = 1e-6
"""Of the motions' equations, relative to their trace: a pair of few tiles leaves some of the six
numbers open."""
LARGEST_STEP_PX = 1
"""Of a pair's motion in one pass: registration is good to a tenth, so more is a mistake."""


@dataclass(frozen=True, slots=True, eq=False)
class NormalEquations:
    """Sums over the sites of each cell: gram [2, cells, 3, n, n], cross [2, cells, 3, n], sites [2,
    cells, 3].

    The first axis holds two disjoint halves of the pairs (split-half confidence). n = k * k.
    """

    gram: Tensor
    cross: Tensor
    sites: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class ShiftEquations:
    """Gauss-Newton equations of what remains of a pair's displacement, by tile.

    positions [t, 2] in 0..1, matrix [t, 2, 2], vector [t, 2].
    """

    positions: NDArray[np.float64]
    matrix: NDArray[np.float64]
    vector: NDArray[np.float64]


def empty_equations(n_cells: int, kernel_size: int, device: torch.device) -> NormalEquations:
    # Single precision: these are the largest arrays of a calibration.
    n = kernel_size**2
    return NormalEquations(
        torch.zeros(2, n_cells, 3, n, n, device=device),
        torch.zeros(2, n_cells, 3, n, device=device),
        torch.zeros(2, n_cells, 3, device=device),
    )


def correlation_matrix(correlation: NDArray[np.float64], kernel_size: int) -> NDArray[np.float64]:
    """[n, n]: covariance of noise between two taps, from its autocorrelation [2m+1, 2m+1] (zero
    beyond m)."""
    k, m = kernel_size, correlation.shape[-1] // 2
    y, x = (v.ravel() for v in np.meshgrid(np.arange(k), np.arange(k), indexing="ij"))
    dy, dx = y[:, None] - y[None], x[:, None] - x[None]
    # Beyond the table noise is uncorrelated.
    near = (np.abs(dy) <= m) & (np.abs(dx) <= m)
    return np.where(near, correlation[np.clip(dy, -m, m) + m, np.clip(dx, -m, m) + m], 0.0)


MOST_TILES_AHEAD, AHEAD_BYTES = 8, 64e6
"""A pair's tiles are chosen by their texture before its first one is read: meanwhile threads go on
with those of the pair before. What they find waits in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class PassInput:
    """What a pass over all pairs starts from.

    Attributes
    ----------
    common : ndarray [cells, 2]
        Displacement (dy, dx) px added to every pair's motion, per cell.
    lateral : ndarray [cells, 3, 2]
        Lateral colour (dy, dx) px of the sharp photos: what they show at s + lateral stands at s on
        the axis.
    scene : ndarray [3, 3, s, s]
        Their mean spectral matrices (`scene_spectrum`).
    cells : (rows, columns)
    kernels : Tensor [cells, 3, n] or None
        Kernels of the pass before: they weigh the sites and measure what remains of the
        displacements.
    budget_sites : float
        At most about this many sites are read in all; the tiles richest in texture are read.
    """

    common: NDArray[np.float64]
    lateral: NDArray[np.float64]
    scene: NDArray[np.complex128]
    cells: tuple[int, int]
    kernel_size: int
    kernels: Tensor | None
    budget_sites: float
    device: torch.device


def accumulate(
    shots: Sequence[tuple[Frame, Frame]], pairs: Sequence[Pair], inputs: PassInput
) -> Iterator[tuple[NormalEquations, list[ShiftEquations | None]]]:
    """One pass over all pairs; yields the sums after each pair (the same objects, growing).

    With kernels of the pass before there are equations of what remains of each pair's displacement,
    too, or None for a pair none of whose tiles could be used.

    shots : (sharp, degraded) of each pair
    """
    n_cells = inputs.cells[0] * inputs.cells[1]
    sums = empty_equations(n_cells, inputs.kernel_size, inputs.device)
    shifts: list[ShiftEquations | None] = []
    # One stream of tiles: whoever has finished a pair's last one goes on with the next pair.
    tasks = (
        (number, shared, tile)
        for number, (shot, pair) in enumerate(zip(shots, pairs, strict=True))
        for shared, tile in _pair_tiles(shot, pair, len(pairs), inputs)
    )
    threads = None if inputs.device.type == "cpu" else 1
    bytes_each = 3 * inputs.kernel_size**4 * 4
    ahead = max(1, min(MOST_TILES_AHEAD, int(AHEAD_BYTES / bytes_each)))
    work = in_order(_measured, tasks, most=threads, ahead=ahead)
    with closing(work) as results:
        for number, of_pair in groupby(results, key=lambda measured: measured[0]):
            # Halves by turns: both see the whole folder, whatever its order.
            size = shots[number][1].size
            remaining = _add_tiles(sums, number % 2, size, of_pair)
            if inputs.kernels is not None:
                shifts.append(remaining)
            yield sums, shifts


def _pair_tiles(
    shot: tuple[Frame, Frame], pair: Pair, n_pairs: int, inputs: PassInput
) -> Iterator[tuple[TilePair, Tile]]:
    """The tiles of a pair that are read, at least one in each cell."""
    sharp, degraded = shot
    size = degraded.size
    places = tiles_of(size, inputs.cells)
    # Every pair gets its part: few sites of all scenes tell more than many of one.
    measured = size[0] * size[1] * sites_per_pixel(degraded)
    share = min(1.0, inputs.budget_sites / n_pairs / measured)
    if share < 1:
        places = _richest(places, sharp, share)
    gains = pair_gains(sharp, degraded)
    shared = TilePair(sharp, degraded, gains, inputs.scene, inputs.kernel_size, inputs.device)
    for cell, rows, cols in places:
        displacement = pair.displacement(tile_centre(rows, cols, size)) + inputs.common[cell]
        kernel = None if inputs.kernels is None else inputs.kernels[cell]
        yield shared, Tile(cell, rows, cols, displacement, inputs.lateral[cell], kernel)


_Measured = tuple[int, Tile, TileEquations | None]
"""Number of the pair, a tile of it, and what this tells."""


def _measured(task: tuple[int, TilePair, Tile]) -> _Measured:
    number, pair, tile = task
    return number, tile, tile_equations(pair, tile)


def sites_per_pixel(frame: Frame) -> int:
    """How many values a photo has at every pixel: a mosaic one, whatever its colours."""
    return 1 if frame.mosaic.size > 0 else len(frame.plane_channels)


def _add_tiles(
    sums: NormalEquations, half: int, size: tuple[int, int], tiles: Iterable[_Measured]
) -> ShiftEquations | None:
    """Add the tiles' sites to one half of the sums; what the tiles say of the pair's displacement,
    None where none could be used."""
    positions, matrices, vectors = [], [], []
    # Added up here, in the tiles' order: threads share the work, not the sums.
    for _, tile, equations in tiles:
        if equations is None:
            continue
        for c, channel in enumerate(equations.channels):
            if channel is not None:
                sums.gram[half, tile.cell, c] += channel.gram
                sums.cross[half, tile.cell, c] += channel.cross
                sums.sites[half, tile.cell, c] += channel.sites
        # Where the tile's displacement was measured.
        positions.append(tile_centre(tile.rows, tile.cols, size))
        matrices.append(equations.matrix)
        vectors.append(equations.vector)
    if not positions:
        return None
    return ShiftEquations(np.stack(positions), np.stack(matrices), np.stack(vectors))


def pair_gains(sharp: Frame, degraded: Frame) -> NDArray[np.float64]:
    """[3]: factors that give the sharp photo's channels the degraded one's brightness, from every
    so many pixels."""
    # 150 samples along the shorter side are plenty for a mean.
    step = max(min(sharp.size) // 150, 1)
    s, d = (frame.linear(frame.rgb[::step, ::step]) for frame in (sharp, degraded))
    gain_s = sharp.gain_tile(slice(0, None, step), slice(0, None, step))
    gain_d = degraded.gain_tile(slice(0, None, step), slice(0, None, step))
    s, d = s * gain_s, d * gain_d
    # Clipped sites say less light than there was, each aperture in its own places.
    usable = s < clipping_limit(gain_s * (sharp.white_balance * sharp.clipping))
    usable &= d < clipping_limit(gain_d * (degraded.white_balance * degraded.clipping))
    return np.array(
        [
            d[..., c][usable[..., c]].sum() / max(s[..., c][usable[..., c]].sum(), 1e-9)
            for c in range(3)
        ]
    )


def _richest(
    tiles: list[tuple[int, slice, slice]], frame: Frame, share: float
) -> list[tuple[int, slice, slice]]:
    """The share of the tiles of every cell that has most texture."""
    texture = []
    for _, ys, xs in tiles:
        green = frame.rgb[ys, xs, 1][::2, ::2].astype(np.float32) - frame.rgb_black[1]
        # Photon noise is as strong as the root of the light: brightness alone is no texture.
        texture.append(
            float(np.abs(np.diff(green, axis=0)).mean() / np.sqrt(max(green.mean(), 0) + 1))
        )
    richest: list[tuple[int, slice, slice]] = []
    # Within each cell: the richest tiles of a photo may all lie in one part of it.
    for cell in sorted({t[0] for t in tiles}):
        in_cell = sorted(
            (i for i, t in enumerate(tiles) if t[0] == cell), key=lambda i: -texture[i]
        )
        richest += [tiles[i] for i in sorted(in_cell[: max(1, round(share * len(in_cell)))])]
    return richest


def refine_pairs(pairs: Sequence[Pair], shifts: Sequence[ShiftEquations | None]) -> list[Pair]:
    """Pairs with their motion corrected by the weighted Gauss-Newton step over all tiles.

    What the steps have in common is left out: it cannot be told from the kernels' centroids, which
    are held elsewhere; with it the share of the gain was 31 % instead of 92 % (docs/experiments/
    pairs.md, 2026-11-22). Pairs whose tiles say nothing stay as they are.
    """
    usable = [number for number, s in enumerate(shifts) if s is not None and s.matrix.any()]
    if not usable:
        return list(pairs)
    steps = []
    for number in usable:
        s = shifts[number]
        assert s is not None
        basis = motion_basis(s.positions)
        # The tiles' two unknowns each become six of one affine motion.
        normal = np.einsum("ti,tab,tj->iajb", basis, s.matrix, basis).reshape(6, 6)
        vector = np.einsum("ti,ta->ia", basis, s.vector).reshape(6)
        ridge = STEP_RIDGE * np.trace(normal) * np.eye(6)
        steps.append(np.linalg.solve(normal + ridge, vector).reshape(3, 2))
    # Common to all: the kernels' centroids, not the camera's motion.
    mean = np.mean(steps, axis=0)
    refined = list(pairs)
    for number, step in zip(usable, steps, strict=True):
        motion = refined[number].motion + np.clip(step - mean, -LARGEST_STEP_PX, LARGEST_STEP_PX)
        refined[number] = replace(refined[number], motion=motion)
    return refined
