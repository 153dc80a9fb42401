"""Lenses and photos that the restoration tests share."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from lenscal.blur.operator import A
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import NoiseModel
from lenscal.restore.photo import restore
from lenscal.restore.settings import RestoreSettings
from lenscal.restore.tiles import ArrayPhoto
from lenscal.stepping import finish


def dead_leaves(height: int, width: int, seed: int = 0) -> NDArray[np.float32]:
    """Overlapping coloured discs [H, W, 3] float32 in 0.03..0.8: edges of all sizes, as in
    photos."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: 2 * height, : 2 * width]
    image = np.full((2 * height, 2 * width, 3), 0.2, np.float32)
    for _ in range(height * width // 60):
        radius = 5.0 / rng.uniform(0.06, 1.0) ** 0.7
        cy, cx = rng.uniform(0, 2 * height), rng.uniform(0, 2 * width)
        image[(y - cy) ** 2 + (x - cx) ** 2 < radius**2] = rng.uniform(0.03, 0.8) * rng.uniform(
            0.7, 1, 3
        )
    return image.reshape(height, 2, width, 2, 3).mean(axis=(1, 3))


def photograph(
    scene: NDArray[np.float32], psf: PsfGrid, noise: NoiseModel, seed: int = 0
) -> NDArray[np.float32]:
    """The scene blurred by the grid, with its noise; float32 [H, W, 3]."""
    light = A(torch.from_numpy(scene).permute(2, 0, 1), psf).permute(1, 2, 0).numpy()
    sigma = np.sqrt(np.array(noise.a) * light + np.array(noise.b))
    return (light + sigma * np.random.default_rng(seed).standard_normal(light.shape)).astype(
        np.float32
    )


def restore_array(
    rgb: NDArray[np.float32],
    psf: PsfGrid,
    noise: NoiseModel,
    settings: RestoreSettings,
    *,
    white_balance: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """`restore` for an array [H, W, 3] with white noise (of `white_balance` times the model)."""
    balance = np.ones(3, np.float32) if white_balance is None else white_balance
    return finish(restore(ArrayPhoto(rgb, noise, balance), psf, settings))


def psnr(estimate: NDArray[np.float32], truth: NDArray[np.float32], border: int = 8) -> float:
    """dB against 1.0, without the border."""
    inner = slice(border, -border)
    return float(-10 * np.log10(np.mean((estimate[inner, inner] - truth[inner, inner]) ** 2)))


NOISE = NoiseModel((4e-4,) * 3, (2e-6,) * 3)
NO_NOISE = NoiseModel((0.0,) * 3, (0.0,) * 3)
