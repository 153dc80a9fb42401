"""Patches for the learnt stages: packed degraded patches and the sharp patches that are re-blurred
to look alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lenscal.calibrate.field.geometry import shifted_window, span_with_room, tile_centre, tiles_of
from lenscal.calibrate.packing import CLIPPED, read_packed
from lenscal.calibrate.pairs.normal_equations import SINC_HALF_WIDTH, pair_gains, sinc_shift
from lenscal.calibrate.pairs.registration import Pair
from lenscal.raw.frame import Frame

PATCH_PX = 32


@dataclass(frozen=True, slots=True, eq=False)
class PatchPool:
    """Patches in memory.

    Attributes
    ----------
    real : float32 [n, 4, 16, 16], packed degraded patches
    noise : float32 [n, 4], their noise variance
    sharp : float16 [m, 3, 32 + k - 1, 32 + k - 1], sharp patches, larger by the kernel
    sharp_noise : float32 [m, 4], the noise variance of a RAW site of the sharp photo there
    positions : float32 [n, 2], (y, x) of the real patches in 0..1
    paired : bool
        Sharp patch i shows what real patch i shows (m = n).
    """

    real: np.ndarray
    noise: np.ndarray
    sharp: np.ndarray
    sharp_noise: np.ndarray
    positions: np.ndarray
    paired: bool


def paired_pool(
    shots: Sequence[tuple[Frame, Frame]],
    pairs: Sequence[Pair],
    common: np.ndarray,
    lateral: np.ndarray,
    *,
    cells: tuple[int, int],
    kernel_size: int,
    n_patches: int,
) -> Iterator[PatchPool | None]:
    """Registered patches of photos of the same scenes; yields None after each pair, at last the
    pool.

    shots, common [cells, 2] px and lateral [cells, 3, 2] px are those of
    `lenscal.calibrate.pairs.normal_equations.accumulate`.
    """
    r, n = kernel_size // 2, PATCH_PX
    margin = r + SINC_HALF_WIDTH
    parts: list[list[np.ndarray]] = [[] for _ in range(5)]
    wanted = n_patches / len(pairs)
    for (sharp, degraded), pair in zip(shots, pairs, strict=True):
        gains = torch.from_numpy(pair_gains(sharp, degraded)).float()[:, None, None]
        size = degraded.size
        tiles = tiles_of(size, cells)
        stride = max(
            1, round(len(tiles) * (min(s.stop - s.start for _, s, _ in tiles) // n) ** 2 / wanted)
        )
        for cell, ys, xs in tiles[::stride]:
            centre = tile_centre(ys, xs, size)
            d = pair.displacement(centre) + common[cell]
            whole = np.round(d).astype(int)
            ys, xs = (
                span_with_room(ys, int(whole[0]), margin, size[0]),
                span_with_room(xs, int(whole[1]), margin, size[1]),
            )
            if min(ys.stop - ys.start, xs.stop - xs.start) < n:
                continue
            window = shifted_window((ys, xs), whole, margin)
            x = torch.from_numpy(np.ascontiguousarray(sharp.rgb_tile(*window).transpose(2, 0, 1)))
            clipped = (x > CLIPPED * torch.from_numpy(sharp.white_balance)[:, None, None]).any(0)
            x = sinc_shift(x, torch.from_numpy(d - whole + lateral[cell])) * gains
            for top in range(ys.start, ys.stop - n + 1, n):
                for left in range(xs.start, xs.stop - n + 1, n):
                    read = read_packed(degraded, degraded.noise, top, left, n)
                    i, j = top - ys.start, left - xs.start
                    if (
                        read is None
                        or clipped[i : i + n + 2 * margin, j : j + n + 2 * margin].any()
                    ):
                        continue
                    place = np.array(
                        [(top + n / 2) / size[0], (left + n / 2) / size[1]], np.float32
                    )
                    patch = x[:, i : i + n + 2 * r, j : j + n + 2 * r].numpy()
                    planes, variance = read
                    rows: tuple[np.ndarray, ...] = (
                        planes,
                        variance,
                        patch.astype(np.float16),
                        _raw_variance(sharp, patch),
                        place,
                    )
                    for part, row in zip(parts, rows, strict=True):
                        part.append(row)
        yield None
    yield _stacked(parts, paired=True)


def unpaired_pool(
    sharp: Sequence[Frame],
    degraded: Sequence[Frame],
    *,
    kernel_size: int,
    n_patches: int,
    rng: np.random.Generator,
) -> Iterator[PatchPool | None]:
    """Degraded patches from everywhere, sharp patches from the centre (a quarter of the area); None
    after a photo."""
    r, n = kernel_size // 2, PATCH_PX
    parts: list[list[np.ndarray]] = [[] for _ in range(5)]
    for frame in degraded:
        height, width = frame.size
        for _ in range(n_patches // len(degraded)):
            top, left = (int(rng.integers(0, (s - n) // 2 + 1)) * 2 for s in (height, width))
            read = read_packed(frame, frame.noise, top, left, n)
            if read is not None:
                parts[0].append(read[0])
                parts[1].append(read[1])
                parts[4].append(
                    np.array([(top + n / 2) / height, (left + n / 2) / width], np.float32)
                )
        yield None
    for frame in sharp:
        height, width = frame.size
        for _ in range(n_patches // len(sharp)):
            top, left = (int(rng.integers(s // 4, s * 3 // 4 - n)) for s in (height, width))
            patch = frame.rgb_tile(
                slice(top - r, top + n + r), slice(left - r, left + n + r)
            ).transpose(2, 0, 1)
            if (patch > CLIPPED * frame.white_balance[:, None, None]).any():
                continue
            parts[2].append(patch.astype(np.float16))
            parts[3].append(_raw_variance(frame, patch))
        yield None
    yield _stacked(parts, paired=False)


def _stacked(parts: list[list[np.ndarray]], *, paired: bool) -> PatchPool | None:
    if not (parts[0] and parts[2]):
        return None
    real, noise, sharp, sharp_noise, positions = (np.stack(part) for part in parts)
    return PatchPool(real, noise, sharp, sharp_noise, positions, paired)


def _raw_variance(frame: Frame, patch: np.ndarray) -> np.ndarray:
    """[4]: noise variance of a RAW site of the patch's mean brightness, for the sites of a packed
    patch."""
    channels = frame.cfa.ravel()
    wb = frame.white_balance[channels]
    a, b = (np.array(v)[channels] for v in (frame.noise.a, frame.noise.b))
    level = np.maximum(patch.mean((1, 2)), 0)[channels]
    return np.asarray(wb * a * level + wb**2 * b, np.float32)
