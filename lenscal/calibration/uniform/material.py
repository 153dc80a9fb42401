"""What one blur is learnt from, and what it is checked on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from lenscal.blur.power_spectra import mean_power
from lenscal.calibration.stages.photos import HELD_OUT_ONE_IN, LEAST_TO_HOLD_OUT_OF, hold_out
from lenscal.calibration.uniform.spectrum_fit import SpectrumProblem, spectrum_problem
from lenscal.calibration.uniform.tiles import LEAST_TILE_PX, GreyTiles, tile_side
from lenscal.errors import InputError
from lenscal.raw.frame import Frame
from lenscal.raw.noise import PROFILE
from lenscal.translation import translatable

SMALL_WINDOW_PX, LARGE_WINDOW_PX = 64, 128
"""Of the spectra: the small one holds kernels of up to a third of it, and makes steadier means."""
WIDE_KERNEL_PX = 25
"""From this size on, windows are large ones where photos have room."""
KNOWN_SPREAD, ESTIMATED_SPREAD = 0.03, 0.3
"""By how much the logarithm of the noise may be off where the file says it, and where it was
estimated."""
LEAST_NOISE_SHARE = 0.02
"""Variance of noise over that of the tiles: photos that have less are given it. Where |K| is nearly
0, what scenes and windows leave there would otherwise count as much as all the rest
(docs/experiments/pictures.md)."""
FEWEST_TILES = 8
"""Of each set: fewer tell the scenes, not the blur."""


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """Tiles of both sets.

    Attributes
    ----------
    sharp, degraded : GreyTiles
        What is learnt from.
    held_out : GreyTiles or None
        Of degraded photos that were kept out; None where there were too few.
    noise_spread : float
        By how much the logarithm of the noise may be off.
    """

    sharp: GreyTiles
    degraded: GreyTiles
    held_out: GreyTiles | None
    noise_spread: float

    @property
    def noise_is_known(self) -> bool:
        """Whether files say it; otherwise it was estimated."""
        return self.noise_spread == KNOWN_SPREAD

    def window_px(self, kernel_size: int) -> int:
        """Side of the windows for kernels of a size."""
        room = self.degraded.values.shape[-1]
        wide = kernel_size > WIDE_KERNEL_PX and room >= LARGE_WINDOW_PX
        return LARGE_WINDOW_PX if wide else SMALL_WINDOW_PX

    def problem(
        self, kernel_size: int, degraded: GreyTiles | None = None, sharp: GreyTiles | None = None
    ) -> SpectrumProblem:
        """What kernels have to explain: of all that is learnt from, or of other tiles."""
        window_px = self.window_px(kernel_size)
        clean, blurred = (
            mean_power(tiles.values, tiles.variance, window_px)
            for tiles in (sharp or self.sharp, degraded or self.degraded)
        )
        return spectrum_problem(clean, blurred, self.noise_spread)

    def halves(self) -> tuple[tuple[GreyTiles, GreyTiles], ...]:
        """(sharp, degraded) twice: every second photo, and the others."""
        parts = []
        for number in (0, 1):
            sharp, degraded = (
                _every_second(tiles, number) for tiles in (self.sharp, self.degraded)
            )
            parts.append((sharp, degraded))
        return tuple(parts)


def _every_second(tiles: GreyTiles, number: int) -> GreyTiles:
    """Tiles of every second photo; of a single photo, every second tile."""
    photos = np.unique(tiles.photo)
    by = tiles.photo if len(photos) > 1 else np.arange(len(tiles))
    order = np.unique(by, return_inverse=True)[1]
    return tiles.where(order % 2 == number)


def checked_side(sharp: Sequence[Frame], degraded: Sequence[Frame]) -> int:
    """The side of the tiles that photos are cut to, px.

    Raises
    ------
    InputError
        There is none in a set, or one is too small.
    """
    if not sharp or not degraded:
        raise InputError(
            translatable("calibration needs at least one sharp and one degraded photo")
        )
    side = tile_side([*sharp, *degraded])
    if side < LEAST_TILE_PX:
        raise InputError(
            translatable(
                "photos are smaller than {least} px: too small to calibrate", least=LEAST_TILE_PX
            )
        )
    return side


def material(sharp: GreyTiles, degraded: GreyTiles, frames: Sequence[Frame]) -> Material:
    """Keep some of the degraded photos out; `frames` : these photos.

    Raises
    ------
    InputError
        Hardly anything in the photos can be used.
    """
    for tiles in (sharp, degraded):
        if len(tiles) < FEWEST_TILES:
            raise InputError(
                translatable(
                    "hardly anything in the photos can be used (they are flat, clipped or small): "
                    "choose photos with detail, or more of them"
                )
            )
    learnt, kept_out = _split(_with_least_noise(degraded))
    known = all(frame.noise.source == PROFILE for frame in frames)
    spread = KNOWN_SPREAD if known else ESTIMATED_SPREAD
    return Material(sharp, learnt, kept_out, spread)


def _with_least_noise(tiles: GreyTiles) -> GreyTiles:
    """The tiles with so much noise that it covers what no kernel explains."""
    contrast = float(tiles.values.var((1, 2)).median())
    missing = (LEAST_NOISE_SHARE * contrast - tiles.variance).clamp(min=0)
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(tiles.values.shape, generator=generator)
    values = tiles.values + missing.sqrt()[:, None, None] * noise
    return GreyTiles(values, tiles.variance + missing, tiles.photo)


def _split(tiles: GreyTiles) -> tuple[GreyTiles, GreyTiles | None]:
    photos = np.unique(tiles.photo)
    if len(photos) >= LEAST_TO_HOLD_OUT_OF:
        learnt, _ = hold_out(photos.tolist())
        is_learnt = np.isin(tiles.photo, learnt)
    elif len(tiles) >= HELD_OUT_ONE_IN * FEWEST_TILES:
        # Parts of the same photos say less, but more than nothing.
        is_learnt = np.arange(len(tiles)) % HELD_OUT_ONE_IN != 0
    else:
        return tiles, None
    kept_out = tiles.where(~is_learnt)
    return tiles.where(is_learnt), kept_out if len(kept_out) else None
