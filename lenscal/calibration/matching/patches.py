"""Patches for the learnt stages: packed degraded patches and the sharp patches that are re-blurred
to look alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.field.geometry import (
    shifted_window,
    span_with_room,
    tile_centre,
    tiles_of,
)
from lenscal.calibration.packing import clipping_limit, clips, packing_of, read_packed
from lenscal.calibration.pairs.normal_equations import pair_gains
from lenscal.calibration.pairs.registration import Pair
from lenscal.calibration.pairs.sinc_shift import SINC_HALF_WIDTH, sinc_shift
from lenscal.raw.frame import Frame

MATCHING_PATCH_PX = 32
"""Side of a degraded patch: several times the kernel, few enough pixels for a small network."""


@dataclass(frozen=True, slots=True, eq=False)
class PatchPool:
    """Patches in memory.

    Attributes
    ----------
    real : float32 [n, p, 16, 16], packed degraded patches: 4 planes of a Bayer photo, 12 of a
        full-colour one, 4 of a monochrome one
    noise : float32 [n, p], their noise variance
    sharp : float16 [m, 3, 32 + k - 1, 32 + k - 1], sharp patches, larger by the kernel
    sharp_noise : float32 [m, p], the noise variance of a RAW site of the sharp photo there
    positions : float32 [n, 2], (y, x) of the real patches in 0..1
    paired : bool
        Sharp patch i shows what real patch i shows (m = n).
    """

    real: NDArray[np.float32]
    noise: NDArray[np.float32]
    sharp: NDArray[np.float16]
    sharp_noise: NDArray[np.float32]
    positions: NDArray[np.float32]
    paired: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Patches:
    """A pool while it fills."""

    real: list[NDArray[np.float32]] = field(default_factory=list)
    noise: list[NDArray[np.float32]] = field(default_factory=list)
    sharp: list[NDArray[np.float16]] = field(default_factory=list)
    sharp_noise: list[NDArray[np.float32]] = field(default_factory=list)
    positions: list[NDArray[np.float32]] = field(default_factory=list)

    def add_real(self, frame: Frame, top: int, left: int, side: int = MATCHING_PATCH_PX) -> bool:
        """Add a degraded patch, unless light clips; whether it was added."""
        # As the sensor gave it: demosaicing would be learnt as a property of the lens.
        packing = packing_of(frame).finer()
        packed = read_packed(frame, packing, top, left, side)
        if packed is None:
            return False
        height, width = frame.size
        # The network is told where in the field a patch stands.
        centre = [(top + side / 2) / height, (left + side / 2) / width]
        # The three lists grow together: a patch has one number in all of them.
        self.real.append(packed[0])
        self.noise.append(packed[1])
        self.positions.append(np.array(centre, np.float32))
        return True

    def add_sharp(self, frame: Frame, patch: NDArray[np.float32]) -> None:
        """Add a sharp patch [3, h, w]."""
        # Half precision: its error is far below the noise, and pools fill the memory.
        self.sharp.append(patch.astype(np.float16))
        self.sharp_noise.append(_raw_variance(frame, patch))

    def pool(self, *, paired: bool) -> PatchPool | None:
        """None where a folder gave nothing."""
        if not (self.real and self.sharp):
            return None
        return PatchPool(
            np.stack(self.real),
            np.stack(self.noise),
            np.stack(self.sharp),
            np.stack(self.sharp_noise),
            np.stack(self.positions),
            paired,
        )


def paired_pool(
    shots: Sequence[tuple[Frame, Frame]],
    pairs: Sequence[Pair],
    common: NDArray[np.float64],
    lateral: NDArray[np.float64],
    *,
    cells: tuple[int, int],
    kernel_size: int,
    n_patches: int,
) -> Iterator[PatchPool | None]:
    """Registered patches of photos of the same scenes; yields None after each pair, at last the
    pool.

    shots, common [cells, 2] px and lateral [cells, 3, 2] px are those of
    `lenscal.calibration.pairs.normal_equations.accumulate`.
    """
    patches, per_pair = _Patches(), n_patches / len(pairs)
    for (sharp, degraded), pair in zip(shots, pairs, strict=True):
        # The apertures' exposures never match exactly: a kernel cannot say so.
        gains = torch.from_numpy(pair_gains(sharp, degraded)).float()[:, None, None]
        tiles = tiles_of(degraded.size, cells)
        # Every so many tiles, so that about as many patches as wanted come from all of the field.
        a_tile = (min(cols.stop - cols.start for _, _, cols in tiles) // MATCHING_PATCH_PX) ** 2
        stride = max(1, round(len(tiles) * a_tile / per_pair))
        for cell, rows, cols in tiles[::stride]:
            shift = pair.displacement(tile_centre(rows, cols, degraded.size)) + common[cell]
            tile = _registered(sharp, (rows, cols), shift, lateral[cell], kernel_size)
            if tile is not None:
                _add_tile(patches, sharp, degraded, tile, gains)
        yield None
    yield patches.pool(paired=True)


@dataclass(frozen=True, slots=True, eq=False)
class _Tile:
    """A part of the degraded photo that the sharp one can be moved onto.

    sharp : Tensor [3, h + 2 r, w + 2 r], the sharp photo moved there; r: half a kernel
    clipped : bool Tensor [h + 2 margin, w + 2 margin]
        Where it clips, before it was moved.
    """

    rows: slice
    cols: slice
    sharp: Tensor
    clipped: Tensor
    radius: int
    margin: int


def _registered(
    sharp: Frame,
    tile: tuple[slice, slice],
    shift: NDArray[np.float64],
    lateral: NDArray[np.float64],
    kernel_size: int,
) -> _Tile | None:
    """The sharp photo moved by shift [2] px and its lateral colour [3, 2] px; None where the tile
    lies too near the border."""
    # Whole pixels are moved by reading elsewhere, the rest by interpolation.
    radius, whole = kernel_size // 2, np.round(shift).astype(int)
    margin = radius + SINC_HALF_WIDTH
    height, width = sharp.size
    rows = span_with_room(tile[0], int(whole[0]), margin, height)
    cols = span_with_room(tile[1], int(whole[1]), margin, width)
    # At the border of the photo nothing may remain of a tile.
    if min(rows.stop - rows.start, cols.stop - cols.start) < MATCHING_PATCH_PX:
        return None
    window = shifted_window((rows, cols), whole, margin)
    x = torch.from_numpy(np.ascontiguousarray(sharp.rgb_tile(*window).transpose(2, 0, 1)))
    level = torch.from_numpy(sharp.limit_tile(*window)).permute(2, 0, 1)
    clipped = (x > clipping_limit(level)).any(0)
    x = sinc_shift(x, torch.from_numpy(shift - whole + lateral))
    return _Tile(rows, cols, x, clipped, radius, margin)


def _add_tile(patches: _Patches, sharp: Frame, degraded: Frame, tile: _Tile, gains: Tensor) -> None:
    """Add the patches of a tile in which neither photo clips; gains [3, 1, 1] give the sharp
    photo the degraded one's brightness."""
    x = tile.sharp * gains
    whole, inner = MATCHING_PATCH_PX + 2 * tile.margin, MATCHING_PATCH_PX + 2 * tile.radius
    for top in range(tile.rows.start, tile.rows.stop - MATCHING_PATCH_PX + 1, MATCHING_PATCH_PX):
        for left in range(
            tile.cols.start, tile.cols.stop - MATCHING_PATCH_PX + 1, MATCHING_PATCH_PX
        ):
            i, j = top - tile.rows.start, left - tile.cols.start
            # Also beside the patch: the shift draws on what stands there.
            if tile.clipped[i : i + whole, j : j + whole].any():
                continue
            if patches.add_real(degraded, top, left):
                patches.add_sharp(sharp, x[:, i : i + inner, j : j + inner].numpy())


def unpaired_pool(
    sharp: Sequence[Frame],
    degraded: Sequence[Frame],
    *,
    kernel_size: int,
    n_patches: int,
    rng: np.random.Generator,
    tries: int = 1,
    patch_px: int = MATCHING_PATCH_PX,
) -> Iterator[PatchPool | None]:
    """Degraded patches from everywhere, sharp patches from the centre (a quarter of the area);
    yields None after each photo, at last the pool.

    tries : how often a degraded patch is looked for, where most of a photo is hidden
    """
    radius, patches = kernel_size // 2, _Patches()
    for frame in degraded:
        for _ in range(tries * n_patches // len(degraded)):
            # Even corners: patches begin on a period of the colour filter array.
            top, left = (int(rng.integers(0, (s - patch_px) // 2 + 1)) * 2 for s in frame.size)
            patches.add_real(frame, top, left, patch_px)
        yield None
    for frame in sharp:
        for _ in range(n_patches // len(sharp)):
            # The sharp aperture's best: what it blurs itself is missing from the estimate.
            top, left = (int(rng.integers(s // 4, s * 3 // 4 - patch_px)) for s in frame.size)
            rows = slice(top - radius, top + patch_px + radius)
            cols = slice(left - radius, left + patch_px + radius)
            patch, level = frame.rgb_tile(rows, cols), frame.limit_tile(rows, cols)
            if not clips(patch, level).any():
                patches.add_sharp(frame, patch.transpose(2, 0, 1))
        yield None
    yield patches.pool(paired=False)


def _raw_variance(frame: Frame, patch: NDArray[np.float32]) -> NDArray[np.float32]:
    """[p]: noise variance of a RAW site of the patch's mean brightness, for the planes of a packed
    patch."""
    channels = np.array(packing_of(frame).finer().channels)
    # White balance is what a RAW value was multiplied with: noise is known before it.
    level, balance = patch.mean((1, 2))[channels], frame.white_balance[channels]
    return np.asarray(frame.noise.variance(level, balance, channels), np.float32)
