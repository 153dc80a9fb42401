"""Lenses and photos that the restoration tests share."""

from __future__ import annotations

import numpy as np
import torch

from lenscal.optics.psf_grid import PsfGrid, axis_positions
from lenscal.raw.frame import NoiseModel
from lenscal.restore.operator import A


def lopsided_grid(image_size: tuple[int, int], *, nodes: tuple[int, int] = (3, 4), k: int = 9) -> PsfGrid:
    """Kernels whose lean and width change over the field and with the colour."""
    radius = k // 2
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    kernels = np.zeros((*nodes, 3, k, k))
    for row, py in enumerate(axis_positions(nodes[0])):
        for col, px in enumerate(axis_positions(nodes[1])):
            for channel in range(3):
                for t in np.linspace(0, 1, 4):
                    cy, cx = t * 3 * (py - 0.4), t * 3 * (px - 0.6) + 0.3 * (channel - 1)
                    kernels[row, col, channel] += np.exp(-((y - cy) ** 2 + (x - cx) ** 2) / (1.2 + t)) / (1 + t)
    kernels /= kernels.sum((-1, -2), keepdims=True)
    return PsfGrid(kernels.astype(np.float32), image_size)


def dead_leaves(height: int, width: int, seed: int = 0) -> np.ndarray:
    """Overlapping coloured discs [H, W, 3] float32 in 0.03..0.8: edges of all sizes, as in photos."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: 2 * height, : 2 * width]
    image = np.full((2 * height, 2 * width, 3), 0.2, np.float32)
    for _ in range(height * width // 60):
        radius = 5.0 / rng.uniform(0.06, 1.0) ** 0.7
        cy, cx = rng.uniform(0, 2 * height), rng.uniform(0, 2 * width)
        image[(y - cy) ** 2 + (x - cx) ** 2 < radius**2] = rng.uniform(0.03, 0.8) * rng.uniform(0.7, 1, 3)
    return image.reshape(height, 2, width, 2, 3).mean(axis=(1, 3))


def photograph(scene: np.ndarray, psf: PsfGrid, noise: NoiseModel, seed: int = 0) -> np.ndarray:
    """The scene blurred by the grid, with its noise; float32 [H, W, 3]."""
    light = A(torch.from_numpy(scene).permute(2, 0, 1), psf).permute(1, 2, 0).numpy()
    spread = np.sqrt(np.array(noise.a) * light + np.array(noise.b))
    return (light + spread * np.random.default_rng(seed).standard_normal(light.shape)).astype(np.float32)


def psnr(estimate: np.ndarray, truth: np.ndarray, border: int = 8) -> float:
    """dB against 1.0, without the border."""
    inner = slice(border, -border)
    return float(-10 * np.log10(np.mean((estimate[inner, inner] - truth[inner, inner]) ** 2)))


NOISE = NoiseModel((4e-4,) * 3, (2e-6,) * 3)
NO_NOISE = NoiseModel((0.0,) * 3, (0.0,) * 3)
