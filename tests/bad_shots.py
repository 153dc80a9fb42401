"""Photos of the virtual lens that went wrong on purpose: what triage has to find."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lenscal.virtual.camera import (
    OVERSAMPLING,
    VirtualCamera,
    blur_field,
    blurred,
    exposed,
    exposure,
    mosaic,
    scene_size,
)
from lenscal.virtual.dataset import VirtualSettings, draw_scene, write_shot

OVEREXPOSED, UNDEREXPOSED = 2.0**3, 2.0**-6
SHAKE_PX = (10.0, 20.0)
DEFOCUS_PX = (3.0, 7.0)
"""Radius of the disc on top of the lens's own blur."""
_WRONG_F_NUMBER = 2.0
"""The wrong aperture over the right one: two stops."""


class BadShot(StrEnum):
    """What went wrong."""

    FLAT = "flat"
    CLIPPED = "clipped"
    DARK = "dark"
    MOVED = "moved"
    OUT_OF_FOCUS = "out of focus"
    WRONG_APERTURE = "wrong aperture"


def write_bad_shot(
    path: Path, kind: BadShot, settings: VirtualSettings, number: int, *, aperture: float
) -> Path:
    """Take scene `number` of a virtual dataset at an aperture of its own, with one thing gone
    wrong.

    Equal arguments give equal files.

    Parameters
    ----------
    path : Path
        The DNG file to write; its folder is made.
    kind : BadShot
    settings : VirtualSettings
        Lens, size, ISO, seed and colour pattern.
    number : int
        Of the scene, and of the random numbers: 0 and up.
    aperture : float
        f-number of the lens; a `WRONG_APERTURE` says another one in its EXIF and is taken with that
        one.
    """
    camera = VirtualCamera(cfa=settings.cfa)
    rng = np.random.default_rng([settings.seed, 4, number])
    if kind is BadShot.WRONG_APERTURE:
        aperture *= _WRONG_F_NUMBER
    scene = (
        _plain(scene_size(settings.size), rng)
        if kind is BadShot.FLAT
        else draw_scene(settings, number)
    )
    level = exposure(scene, camera)
    match kind:
        case BadShot.FLAT:
            level *= 0.6
        case BadShot.CLIPPED:
            level *= OVEREXPOSED
        case BadShot.DARK:
            level *= UNDEREXPOSED
        case BadShot.MOVED:
            scene = _filtered(
                scene, line_kernel(rng.uniform(*SHAKE_PX) * OVERSAMPLING, rng.uniform(0, np.pi))
            )
        case BadShot.OUT_OF_FOCUS:
            scene = _filtered(scene, disc_kernel(rng.uniform(*DEFOCUS_PX) * OVERSAMPLING))
    light = blurred(scene, blur_field(settings.lens, aperture, settings.size))
    raw = exposed(mosaic(light, camera) * np.float32(level), camera, settings.iso, rng)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_shot(path, raw, settings, camera, aperture, number)
    return path


def line_kernel(length: float, angle: float) -> NDArray[np.float32]:
    """A straight streak, float32 [k, k] summing to 1: `length` samples at `angle` rad from the x
    axis."""
    half = int(np.ceil(length / 2)) + 1
    along = np.linspace(-length / 2, length / 2, 8 * half + 1)
    return _spread(along * np.sin(angle), along * np.cos(angle), half)


def disc_kernel(radius: float) -> NDArray[np.float32]:
    """An evenly lit disc, float32 [k, k] summing to 1, `radius` in samples."""
    half = int(np.ceil(radius)) + 1
    fine = np.arange(-4 * half, 4 * half + 1) / 4
    y, x = np.meshgrid(fine, fine, indexing="ij")
    inside = np.hypot(y, x) <= radius
    return _spread(y[inside], x[inside], half)


def _spread(y: NDArray[np.float64], x: NDArray[np.float64], half: int) -> NDArray[np.float32]:
    """Points gathered on the pixels of a kernel with half-width `half`, bilinearly."""
    kernel = np.zeros((2 * half + 2, 2 * half + 2))
    y0, x0 = np.floor(y).astype(int), np.floor(x).astype(int)
    fy, fx = y - y0, x - x0
    for dy, dx, weight in (
        (0, 0, (1 - fy) * (1 - fx)),
        (0, 1, (1 - fy) * fx),
        (1, 0, fy * (1 - fx)),
        (1, 1, fy * fx),
    ):
        np.add.at(kernel, (y0 + dy + half, x0 + dx + half), weight)
    kernel = kernel[:-1, :-1]
    return (kernel / kernel.sum()).astype(np.float32)


def _filtered(scene: NDArray[np.float32], kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    return cv2.filter2D(scene, -1, kernel, borderType=cv2.BORDER_REFLECT)


def _plain(size: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """A sky or an evenly lit wall: one colour that slowly grows lighter to one side."""
    y, x = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]), indexing="ij")
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 + 0.25 * (y * np.sin(angle) + x * np.cos(angle)) - 0.1 * (y**2 + x**2)
    colour = np.exp(rng.normal(0, 0.2, 3))
    return (0.4 * light[..., None] * colour).astype(np.float32)
