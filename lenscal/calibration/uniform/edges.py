"""Projections of the blur, from straight edges: what turns a step into a ramp is, differentiated,
the kernel summed along the edge.

Spectra tell no phase; projections do, and those of many directions together tell the kernel. They
are rough (scenes' edges are not steps, nor straight), so that they only say where the fit of the
spectrum begins.

Cho, Paris, Horn, Freeman 2011, DOI 10.1109/CVPR.2011.5995479.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.calibration.uniform.tiles import GreyTiles

N_ANGLES = 24
"""Bins of half a turn."""
FEWEST_EDGES = 3
"""In a bin, for it to say something."""
BESIDE_PX = 8
"""How much flat ground an edge needs on both sides, beyond half a kernel."""
HALF_LENGTH_PX = 6
"""Along the edge, over which is averaged."""
SOFTNESS = (0.25, 0.5, 0.25)
"""What a step of a photo is, differentiated over two pixels."""
_SMOOTH_PX, _WINDOW_PX = 2.0, 5.0
_PLACES_A_TILE = 24
_COHERENCE = 0.8
_OVER_NOISE = 10.0
"""Contrast in standard deviations of the noise."""
_FLAT, _BACK, _CROOKED = 0.12, 0.15, 0.12
"""Of the contrast: how much the ends may rise, the whole may fall, and lines beside one another
differ."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Projections:
    """Sums of a kernel along lines.

    Attributes
    ----------
    angles : Tensor [m]
        Direction of each projection's axis, rad from x towards y.
    profiles : Tensor [m, 2 r + 1]
        At -r to r px from the centroid; each sums to 1.
    weights : Tensor [m]
        Number of edges, over the largest.
    """

    angles: Tensor
    profiles: Tensor
    weights: Tensor

    def of(self, kernels: Tensor) -> Tensor:
        """What kernels [b, k, k] give, [b, m, 2 r + 1]."""
        k, reach = kernels.shape[-1], self.profiles.shape[1] // 2
        axis = torch.arange(k) - k // 2
        along = axis * torch.cos(self.angles)[:, None, None]
        along = along + axis[:, None] * torch.sin(self.angles)[:, None, None]
        bins = torch.arange(-reach, reach + 1)
        # Each tap is shared by the two bins it lies between.
        share = (1 - (along[..., None] - bins).abs()).clamp(min=0)
        sums = torch.einsum("bij,mijr->bmr", kernels, share)
        # As profiles were differentiated, and edges of photos are a little soft.
        softness = torch.tensor(SOFTNESS).view(1, 1, -1)
        flat = sums.flatten(0, 1)[:, None]
        soft: Tensor = torch.nn.functional.conv1d(flat, softness, padding=len(SOFTNESS) // 2)
        return soft.view_as(sums)

    def error(self, kernels: Tensor) -> Tensor:
        """[b]: mean squared difference of kernels [b, k, k], in units of the profiles' own."""
        misses = (self.of(kernels) - self.profiles).square().sum(2) / self.profiles.square().sum(1)
        return (misses * self.weights).sum(1) / self.weights.sum()


def edge_projections(tiles: GreyTiles, kernel_size: int) -> Projections | None:
    """Of the straight edges in tiles; None where there are too few."""
    reach = kernel_size // 2 + 2
    length = reach + BESIDE_PX
    found: list[list[Floats]] = [[] for _ in range(N_ANGLES)]
    for values, variance in zip(tiles.values.numpy(), tiles.variance.tolist(), strict=True):
        for angle, profile in _edges(values, max(variance, 1e-6) ** 0.5, length):
            turn = angle % (2 * np.pi)
            # Seen from the other side, a projection is mirrored.
            if turn >= np.pi:
                turn, profile = turn - np.pi, profile[::-1]
            found[int(turn / np.pi * N_ANGLES) % N_ANGLES].append(
                profile[length - reach : length + reach + 1]
            )
    chosen = [n for n, profiles in enumerate(found) if len(profiles) >= FEWEST_EDGES]
    if len(chosen) < N_ANGLES // 3:
        return None
    means = [np.maximum(np.median(found[n], axis=0), 0) for n in chosen]
    counts = torch.tensor([float(len(found[n])) for n in chosen])
    profiles = torch.from_numpy(np.stack([mean / mean.sum() for mean in means])).float()
    angles = (torch.tensor(chosen, dtype=torch.float32) + 0.5) * (np.pi / N_ANGLES)
    return Projections(angles, profiles, (counts / counts.max()).sqrt())


def _edges(tile: Floats, noise: float, length: int) -> Iterator[tuple[float, Floats]]:
    """(angle of the normal, towards the light; derivative at -length..length px from its centroid,
    of sum 1) of the straight edges of a tile."""
    smooth = cv2.GaussianBlur(tile, (0, 0), _SMOOTH_PX)
    gx, gy = (cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3) / 8 for order in ((1, 0), (0, 1)))
    xx, yy, xy = (cv2.GaussianBlur(p, (0, 0), _WINDOW_PX) for p in (gx * gx, gy * gy, gx * gy))
    energy = xx + yy
    coherence = np.hypot(xx - yy, 2 * xy) / np.maximum(energy, 1e-12)
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    margin = length + HALF_LENGTH_PX + 2
    score = np.where(coherence > _COHERENCE, energy, 0)
    score[:margin], score[-margin:], score[:, :margin], score[:, -margin:] = 0, 0, 0, 0
    for _ in range(_PLACES_A_TILE):
        y, x = np.unravel_index(int(score.argmax()), score.shape)
        if score[y, x] <= 0:
            return
        # The next one elsewhere.
        near = length // 2
        profile = _profile(tile, (float(y), float(x)), float(angle[y, x]), length, noise)
        score[max(y - near, 0) : y + near, max(x - near, 0) : x + near] = 0
        if profile is not None:
            yield profile


def _profile(
    tile: Floats, place: tuple[float, float], angle: float, length: int, noise: float
) -> tuple[float, Floats] | None:
    """The edge at a place, where it is one."""
    shift = 0.0
    for _ in range(3):
        # Once the centroid is known, the ends are looked at as far from it as the other.
        lines = _lines(tile, place, angle, length + 1, shift)
        mean = lines.mean(0)
        derivative = (mean[2:] - mean[:-2]) / 2
        contrast = float(derivative.sum())
        if abs(contrast) < _OVER_NOISE * noise:
            return None
        at = np.arange(-length, length + 1)
        step = float((derivative * at).sum() / contrast)
        if abs(step) > length / 2:
            return None
        shift += step
        if abs(step) < 0.1:
            break
    profile = derivative / contrast
    ends = max(abs(profile[:BESIDE_PX].sum()), abs(profile[-BESIDE_PX:].sum()))
    back = -float(np.minimum(profile, 0).sum())
    crooked = float(np.sqrt(max((lines - mean).var() - noise**2, 0))) / abs(contrast)
    allowed = _BACK + 2 * noise / abs(contrast)
    if ends > _FLAT or back > allowed or crooked > _CROOKED:
        return None
    # The derivative's sign says on which side the light is.
    if contrast < 0:
        return angle + np.pi, np.ascontiguousarray(profile[::-1])
    return angle, profile


def _lines(
    tile: Floats, place: tuple[float, float], angle: float, length: int, shift: float
) -> Floats:
    """Values along lines across the edge, [2 HALF_LENGTH_PX + 1, 2 length + 1]."""
    t = np.arange(-length, length + 1, dtype=np.float32) + np.float32(shift)
    s = np.arange(-HALF_LENGTH_PX, HALF_LENGTH_PX + 1, dtype=np.float32)[:, None]
    cos, sin = np.float32(np.cos(angle)), np.float32(np.sin(angle))
    x = np.float32(place[1]) + t * cos - s * sin
    y = np.float32(place[0]) + t * sin + s * cos
    return np.asarray(
        cv2.remap(tile, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT), np.float32
    )
