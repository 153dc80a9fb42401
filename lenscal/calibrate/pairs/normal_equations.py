"""Stage P: weighted least squares on pairs of photos that show the same scene (method: closed-form
stages).

The degraded photo is taken as the sensor gave it: only sites that the colour filter array really
measured enter, so its noise is white and known and no demosaicing blurs it. The sharp photo,
demosaiced linearly (`linear_demosaic`) and moved onto the degraded one by a band-limited shift, is
the regressor; what that estimate lacks, and its noise, leave no bias.

For a site s of channel c in a cell of the field with kernel K:   y(s) = sum_u K_c(u) x_c(s + d - u)
+ noise.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lenscal.calibrate.field.geometry import (
    shifted_window,
    span_with_room,
    tile_centre,
    tiles_of,
)
from lenscal.calibrate.packing import CLIPPED
from lenscal.calibrate.pairs.linear_demosaic import MARGIN_PX, linear_tile
from lenscal.calibrate.pairs.registration import Pair, motion_basis
from lenscal.raw.frame import Frame

SINC_HALF_WIDTH = 8
DARKEST = 1e-4
"""Mean value below which a tile tells nothing of the apertures' brightness."""
LARGEST_GAIN_LOG = math.log(8)
"""Of a tile's brightness against its photo's: more is not vignetting."""


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

    positions: np.ndarray
    matrix: np.ndarray
    vector: np.ndarray


def empty_equations(n_cells: int, kernel_size: int, device: torch.device) -> NormalEquations:
    n = kernel_size**2
    return NormalEquations(
        torch.zeros(2, n_cells, 3, n, n, device=device),
        torch.zeros(2, n_cells, 3, n, device=device),
        torch.zeros(2, n_cells, 3, device=device),
    )


def sinc_shift(image: Tensor, shift: Tensor) -> Tensor:
    """image [c, h, w] at s + shift [c, 2] px, cropped by `SINC_HALF_WIDTH` on every side
    (Kaiser-windowed sinc).

    Meant for shifts of up to 2 px: the window does not move along.
    """
    m = SINC_HALF_WIDTH
    j = torch.arange(-m, m + 1, device=image.device, dtype=image.dtype)
    window = torch.kaiser_window(
        2 * m + 1, periodic=False, beta=5.0, device=image.device, dtype=image.dtype
    )
    for axis in range(2):
        taps = torch.sinc(j - shift[:, axis, None].to(image.dtype)) * window
        taps = taps / taps.sum(-1, keepdim=True)
        shape = (-1, 1, 2 * m + 1, 1) if axis == 0 else (-1, 1, 1, 2 * m + 1)
        image = F.conv2d(image[None], taps.view(shape), groups=len(image))[0]
    return image


def correlation_matrix(correlation: np.ndarray, kernel_size: int) -> np.ndarray:
    """[n, n]: covariance of noise between two taps, from its autocorrelation [2m+1, 2m+1] (zero
    beyond m)."""
    k, m = kernel_size, correlation.shape[-1] // 2
    y, x = (v.ravel() for v in np.meshgrid(np.arange(k), np.arange(k), indexing="ij"))
    dy, dx = y[:, None] - y[None], x[:, None] - x[None]
    near = (np.abs(dy) <= m) & (np.abs(dx) <= m)
    return np.where(near, correlation[np.clip(dy, -m, m) + m, np.clip(dx, -m, m) + m], 0.0)


def accumulate(
    shots: Sequence[tuple[Frame, Frame]],
    pairs: Sequence[Pair],
    common: np.ndarray,
    lateral: np.ndarray,
    scene: np.ndarray,
    *,
    cells: tuple[int, int],
    kernel_size: int,
    kernels: Tensor | None,
    budget_sites: float,
    device: torch.device,
) -> Iterator[tuple[NormalEquations, list[ShiftEquations | None]]]:
    """One pass over all pairs; yields the sums after each pair (the same objects, growing).

    With kernels of the pass before there are equations of what is left of each pair's displacement,
    too, or None for a pair none of whose tiles could be used.

    Parameters
    ----------
    shots : (sharp, degraded) of each pair
    common : ndarray [cells, 2]
        Displacement (dy, dx) px added to every pair's motion, per cell.
    lateral : ndarray [cells, 3, 2]
        Lateral colour (dy, dx) px of the sharp photos: what they show at s + lateral stands at s on
        the axis.
    scene : ndarray [3, 3, s, s]
        Their mean spectral matrices (`scene_spectrum`).
    kernels : Tensor [cells, 3, n] or None
        Kernels of the pass before: they weigh the sites and measure what is left of the
        displacements.
    budget_sites : float
        At most about this many sites are read in all; the tiles richest in texture are taken.
    """
    n_cells = cells[0] * cells[1]
    sums = empty_equations(n_cells, kernel_size, device)
    shifts: list[ShiftEquations | None] = []
    for number, ((sharp, degraded), pair) in enumerate(zip(shots, pairs, strict=True)):
        size = degraded.size
        tiles = tiles_of(size, cells)
        share = min(1.0, budget_sites / len(pairs) / (size[0] * size[1]))
        if share < 1:
            tiles = _richest(tiles, sharp, share)
        gains = pair_gains(sharp, degraded)
        rows: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        for cell, ys, xs in tiles:
            centre = tile_centre(ys, xs, size)
            d = pair.displacement(centre) + common[cell]
            previous = None if kernels is None else kernels[cell]
            row = _add_tile(
                sums,
                number % 2,
                cell,
                sharp,
                degraded,
                ys,
                xs,
                d,
                lateral[cell],
                gains,
                scene,
                kernel_size,
                previous,
                device,
            )
            if row is not None:
                rows.append((centre, *row))
        if kernels is not None:
            shifts.append(
                ShiftEquations(*(np.stack(part) for part in zip(*rows, strict=True)))
                if rows
                else None
            )
        yield sums, shifts


def _add_tile(
    sums: NormalEquations,
    half: int,
    cell: int,
    sharp: Frame,
    degraded: Frame,
    ys: slice,
    xs: slice,
    d: np.ndarray,
    lateral: np.ndarray,
    gains: np.ndarray,
    scene: np.ndarray,
    k: int,
    kernel: Tensor | None,
    device: torch.device,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Add one tile's sites; returns the Gauss-Newton equations of its displacement (from the pass
    before's kernels)."""
    r, whole = k // 2, np.round(d).astype(int)
    margin = r + SINC_HALF_WIDTH
    ys = span_with_room(ys, int(whole[0]), margin + MARGIN_PX, sharp.size[0])
    xs = span_with_room(xs, int(whole[1]), margin + MARGIN_PX, sharp.size[1])
    if ys.stop - ys.start < 8 or xs.stop - xs.start < 8:
        return None
    window = shifted_window((ys, xs), whole, margin)
    x = linear_tile(sharp, sharp.noise, window, scene, lateral, device)
    gain = sharp.gain_tile(*window).mean((0, 1))
    limit = CLIPPED * torch.from_numpy(sharp.white_balance * gain).to(device)
    clipped = F.max_pool2d((x > limit[:, None, None]).amax(0).float()[None], k, 1)[0] > 0
    clipped = clipped[SINC_HALF_WIDTH:-SINC_HALF_WIDTH, SINC_HALF_WIDTH:-SINC_HALF_WIDTH]
    x = sinc_shift(x, torch.from_numpy(d - whole + lateral).to(device))
    x = x * torch.from_numpy(gains).to(device, torch.float32)[:, None, None]
    value, channel, multiplier = degraded.mosaic_tile(ys, xs)
    y = torch.from_numpy(value).to(device)
    mult = torch.from_numpy(multiplier).to(device)
    usable = (y < CLIPPED * mult) & ~clipped
    if usable.float().mean() < 0.3:
        return None
    smooth = (
        F.avg_pool2d(x, 5, 1)[:, r - 2 : -(r - 2), r - 2 : -(r - 2)]
        if r > 2
        else F.avg_pool2d(x, 2 * r + 1, 1)
    )
    detail = (x[:, r:-r, r:-r] - smooth).square().mean((1, 2))
    p, q = degraded.cfa.shape
    matrix, vector = np.zeros((2, 2)), np.zeros(2)
    for c in range(3):
        a_parts, y_parts, n_parts, u_parts = [], [], [], []
        a, b = degraded.noise.a[c], degraded.noise.b[c]
        for i in range(p):
            for j in range(q):
                if channel[i, j] != c:
                    continue
                patch = x[c, i:, j:].unfold(0, k, p).unfold(1, k, q)
                site = (slice(i, None, p), slice(j, None, q))
                rows, cols = y[site].shape
                a_parts.append(patch[:rows, :cols].reshape(-1, k * k))
                y_parts.append(y[site].reshape(-1))
                m, s = mult[site].reshape(-1), smooth[c][site].reshape(-1)
                n_parts.append(torch.stack([m * a * s.clamp(min=0), m * m * b]))
                u_parts.append(usable[site].reshape(-1))
        design, target = torch.cat(a_parts), torch.cat(y_parts)
        use = torch.cat(u_parts).float()
        blurred = design.mean(1) if kernel is None else design @ kernel[c].flip(-1)
        local = _local_gain(target, blurred, use)
        if local is None:
            continue
        light, squared = torch.cat(n_parts, 1)
        noise, textured = local * light + squared, local**2 * float(detail[c])
        if kernel is None:
            excess = 0.02 * textured
        else:
            residual = target - local * blurred
            residual = residual - (residual * use).sum() / use.sum().clamp(min=1)
            spread = float((residual.square() * use).sum() / use.sum().clamp(min=1))
            known = float((noise * use).sum() / use.sum().clamp(min=1))
            if spread > 8 * known + 0.3 * textured:
                continue
            excess = max(spread - known, 0.002 * textured)
        w = use / (noise + excess)
        total = w.sum().clamp(min=1e-12)
        root = w.sqrt()
        weighted = design * (local * root)[:, None]
        mean, level_y = (root @ weighted) / total, (w @ target) / total
        sums.gram[half, cell, c] += (weighted.T @ weighted - total * torch.outer(mean, mean)).flip(
            -1, -2
        )
        sums.cross[half, cell, c] += (weighted.T @ (root * target) - total * level_y * mean).flip(
            -1
        )
        sums.sites[half, cell, c] += use.sum()
        if kernel is not None:
            grid = kernel[c].view(k, k)
            slopes = [_slope(grid, 0).reshape(-1), _slope(grid, 1).reshape(-1), grid.reshape(-1)]
            slope = torch.stack(slopes, -1).flip(0)
            seen = local * (design @ slope)
            seen = seen - (w @ seen)[None] / total
            g, left = seen[:, :2], target - level_y - seen[:, 2]
            matrix += (g.T @ (g * w[:, None])).cpu().numpy()
            vector += (g.T @ (w * left)).cpu().numpy()
    return matrix, vector


def _local_gain(degraded: Tensor, blurred: Tensor, use: Tensor) -> float | None:
    """How much brighter the degraded photo is in a tile than the sharp one, blurred; None where
    that is not known.

    Kernels sum to 1: what differs between the apertures' vignetting would otherwise pass for blur
    or for sharpness.
    """
    light = float((blurred * use).sum())
    if light <= DARKEST * float(use.sum()):
        return None
    gain = float((degraded * use).sum()) / light
    return gain if gain > 0 and abs(math.log(gain)) < LARGEST_GAIN_LOG else None


def _slope(kernel: Tensor, axis: int) -> Tensor:
    """(K(u + 1) - K(u - 1)) / 2 along an axis: the derivative of K * x with the displacement."""
    padded = F.pad(kernel, (1, 1, 1, 1))
    k = kernel.shape[-1]
    if axis == 0:
        return (padded[2:, 1 : k + 1] - padded[:k, 1 : k + 1]) / 2
    return (padded[1 : k + 1, 2:] - padded[1 : k + 1, :k]) / 2


def pair_gains(sharp: Frame, degraded: Frame) -> np.ndarray:
    """[3]: factors that give the sharp photo's channels the degraded one's brightness (medians of
    coarse ratios)."""
    step = max(min(sharp.size) // 150, 1)
    s, d = (
        sharp.rgb[::step, ::step].astype(np.float64),
        degraded.rgb[::step, ::step].astype(np.float64),
    )
    s, d = s * sharp.rgb_scale, d * degraded.rgb_scale
    gain_s = sharp.gain_tile(slice(0, None, step), slice(0, None, step))
    gain_d = degraded.gain_tile(slice(0, None, step), slice(0, None, step))
    s, d = s * gain_s, d * gain_d
    ok = (s < CLIPPED * sharp.white_balance) & (d < CLIPPED * degraded.white_balance)
    return np.array(
        [d[..., c][ok[..., c]].sum() / max(s[..., c][ok[..., c]].sum(), 1e-9) for c in range(3)]
    )


def _richest(
    tiles: list[tuple[int, slice, slice]], frame: Frame, share: float
) -> list[tuple[int, slice, slice]]:
    """The share of the tiles of every cell that has most texture."""
    texture = []
    for _, ys, xs in tiles:
        green = frame.rgb[ys, xs, 1][::2, ::2].astype(np.float32)
        texture.append(float(np.abs(np.diff(green, axis=0)).mean() / np.sqrt(green.mean() + 1)))
    kept: list[tuple[int, slice, slice]] = []
    for cell in sorted({t[0] for t in tiles}):
        mine = sorted((i for i, t in enumerate(tiles) if t[0] == cell), key=lambda i: -texture[i])
        kept += [tiles[i] for i in sorted(mine[: max(1, round(share * len(mine)))])]
    return kept


def refine_pairs(pairs: Sequence[Pair], shifts: Sequence[ShiftEquations | None]) -> list[Pair]:
    """Pairs with their motion corrected by the weighted Gauss-Newton step over all tiles.

    What the steps have in common is left out: it cannot be told from the kernels' centroids, which
    are held elsewhere. Pairs whose tiles told nothing stay as they are.
    """
    told = [number for number, s in enumerate(shifts) if s is not None and s.matrix.any()]
    if not told:
        return list(pairs)
    steps = []
    for number in told:
        s = shifts[number]
        assert s is not None
        basis = motion_basis(s.positions)
        normal = np.einsum("ti,tab,tj->iajb", basis, s.matrix, basis).reshape(6, 6)
        right = np.einsum("ti,ta->ia", basis, s.vector).reshape(6)
        steps.append(
            np.linalg.solve(normal + 1e-6 * np.trace(normal) * np.eye(6), right).reshape(3, 2)
        )
    mean = np.mean(steps, axis=0)
    moved = list(pairs)
    for number, step in zip(told, steps, strict=True):
        moved[number] = replace(
            moved[number], motion=moved[number].motion + np.clip(step - mean, -1, 1)
        )
    return moved
