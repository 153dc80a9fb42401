"""Generated scenes: linear-light RGB radiance with a photograph's statistics (occlusion, scale
invariance, skew)."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lenscal.resource_files import resource
from lenscal.virtual.photo_pools import read_pixels

TEXTURE = 576
"""Side of one texture tile, px: the size of the shipped photos."""
_N_SYNTHETIC = 8
"""Textures that are drawn, beside the photos."""
_SMALLEST, _LARGEST = 7.0, 420.0
"""Radii of the leaves in samples."""
_COVER = 0.6
"""Area of the leaves of one octave of sizes, in areas of the scene."""


class SceneKind(StrEnum):
    """What a scene is made of."""

    LEAVES = "dead leaves"
    COLLAGE = "collage of photos"


def make_scene(
    kind: SceneKind,
    size: tuple[int, int],
    rng: np.random.Generator,
    photos: tuple[Path, ...] | None = None,
) -> NDArray[np.float32]:
    """Draw a scene.

    Parameters
    ----------
    kind : SceneKind
    size : (height, width) in samples; meant to be twice the sensor's
    rng : numpy Generator
    photos : files that it is painted from; None: the shipped ones, all scenes alike

    Returns
    -------
    float32 ndarray [height, width, 3]
        Radiance in linear light, above 0, median near 0.2. 1 is about a white surface; highlights
        go further.
    """
    atlas = _atlas(rng, photos)
    if kind is SceneKind.LEAVES:
        labels, n = _leaf_labels(size, rng)
        offset = rng.integers(0, TEXTURE, (2, n))
        texture = rng.choice(len(atlas), n, p=_texture_odds(len(atlas)))
        scene = _painted(
            labels, atlas, texture, offset, rng, contrast=(0.6, 1.15), light=0.65, tint=0.12
        )
    else:
        labels, offset = _piece_labels(size, rng)
        n, n_photos = offset.shape[1], len(atlas) - _N_SYNTHETIC
        texture = np.concatenate([rng.permutation(n_photos) for _ in range(n // n_photos + 1)])[:n]
        scene = _painted(
            labels, atlas, texture, offset, rng, contrast=(0.95, 1.05), light=0.3, tint=0.04
        )
    # Edges of leaves lie on the samples' grid: a little blur takes the stairs off them.
    return np.asarray(cv2.GaussianBlur(scene, (0, 0), 0.5), np.float32)


def pink_noise(
    size: int, rng: np.random.Generator, *, exponent: float = 1.0
) -> NDArray[np.float32]:
    """Noise [size, size] with amplitude 1 / f^exponent, mean 0 and variance 1; periodic."""
    f = np.hypot(np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None, :])
    # No mean: 1 / 0 would be one.
    f[0, 0] = np.inf
    white = np.fft.rfft2(rng.standard_normal((size, size)))
    noise = np.fft.irfft2(white / f**exponent, s=(size, size))
    return np.asarray(noise / noise.std(), np.float32)


# Those of the scenes that are painted side by side; the shipped ones are asked for most.
@lru_cache(maxsize=6)
def photo_textures(files: tuple[Path, ...] | None = None) -> NDArray[np.float16]:
    """Photos [n, 576, 576, 3] float16, linear light, each with mean luminance 1: the shipped ones,
    or the middles of others."""
    if files is None:
        # In the order of names: file systems have none.
        files = tuple(sorted(resource("scenes").glob("*.jpg")))
    photos = []
    for file in files:
        bgr = _middle(read_pixels(file, cv2.IMREAD_COLOR))
        # sRGB's curve undone; a little light keeps black from being nothing at any contrast.
        code = bgr[..., ::-1].astype(np.float32) / 255
        linear = np.where(code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4)
        photos.append(((linear + 0.004) / (linear.mean() + 0.004)).astype(np.float16))
    return np.stack(photos)


def _middle(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The middle [576, 576, 3] of a photo; what it lacks is mirrored."""
    top, left = (max(0, (n - TEXTURE) // 2) for n in photo.shape[:2])
    photo = photo[top : top + TEXTURE, left : left + TEXTURE]
    rows, cols = (_mirrored(np.arange(TEXTURE), n) for n in photo.shape[:2])
    return photo[rows][:, cols]


def _atlas(rng: np.random.Generator, photos: tuple[Path, ...] | None) -> NDArray[np.float16]:
    """Photos, then freshly drawn synthetic textures: [n, T, T, 3] float16, mean luminance near
    1."""
    y, x = np.mgrid[:TEXTURE, :TEXTURE].astype(np.float32)
    textures = []
    for index in range(_N_SYNTHETIC):
        tint = np.exp(rng.normal(0, 0.3, 3)).astype(np.float32)
        if index < 4:
            # Clouds, as bark or rock.
            value = np.exp(0.45 * pink_noise(TEXTURE, rng, exponent=rng.uniform(0.8, 1.3)))
        elif index < 7:
            # Stripes that wander, as cloth or grass.
            angle, period = rng.uniform(0, np.pi), np.exp(rng.uniform(np.log(5), np.log(40)))
            along = y * np.sin(angle) + x * np.cos(angle) + 4 * pink_noise(TEXTURE, rng)
            wave = np.sin(2 * np.pi / period * along)
            value = np.exp(0.5 * np.tanh(3 * wave) + 0.12 * pink_noise(TEXTURE, rng))
        else:
            # Hardly anything, as sky or walls.
            value = np.exp(0.25 * pink_noise(TEXTURE, rng, exponent=2.0))
        textures.append((value / value.mean())[..., None] * (tint / tint.mean()))
    return np.concatenate([photo_textures(photos), np.stack(textures).astype(np.float16)])


def _texture_odds(n: int) -> NDArray[np.float64]:
    """How often each of n textures is taken: all synthetic ones together a quarter as often as the
    photos."""
    odds = np.ones(n)
    odds[-_N_SYNTHETIC:] = 0.25 * (n - _N_SYNTHETIC) / _N_SYNTHETIC
    return np.asarray(odds / odds.sum())


def _leaf_labels(size: tuple[int, int], rng: np.random.Generator) -> tuple[NDArray[np.int32], int]:
    """Leaf number at every sample, and how many leaves there are.

    Radii follow r^-3, so that every octave of sizes covers the same area; the smallest are thinned
    out.
    """
    height, width = size
    # Octave by octave: the area of the sum is the sum of areas.
    octaves = int(np.log2(_LARGEST / _SMALLEST))
    area = _COVER * height * width
    # Drawn by the inverse of r^-2's distribution, octave by octave.
    radii = []
    for octave in range(octaves):
        low = _SMALLEST * 2**octave
        n = int(min(1.0, 0.35 + 0.2 * octave) * area / (2.2 * np.pi * low**2)) + 1
        radii.append((rng.uniform((2 * low) ** -2, low**-2, n)) ** -0.5)
    # The largest first: none of the scene is left bare, and small leaves lie on top.
    backdrop = np.full(int(12 * area / _LARGEST**2 / 4) + 4, 2 * _LARGEST)
    radius = np.concatenate([backdrop, rng.permutation(np.concatenate(radii))])
    n = len(radius)
    centre = rng.uniform((-0.1 * width, -0.1 * height), (1.1 * width, 1.1 * height), (n, 2))
    labels = np.zeros(size, np.int32)
    shape = rng.integers(0, 3, n)
    stretch, turn = np.exp(rng.normal(0, 0.45, n)), rng.uniform(0, 360, n)
    for i in range(n):
        # OpenCV draws at sixteenths of a sample (shift 4).
        if shape[i] == 0:
            axes = (
                int(16 * radius[i] * stretch[i] ** 0.5),
                int(16 * radius[i] / stretch[i] ** 0.5),
            )
            at = int(16 * centre[i, 0]), int(16 * centre[i, 1])
            cv2.ellipse(labels, at, axes, turn[i], 0, 360, i, -1, cv2.LINE_8, 4)
        else:
            corners = 4 if shape[i] == 1 else int(rng.integers(5, 12))
            outline = _polygon(radius[i], corners, stretch[i], np.deg2rad(turn[i]), rng) + centre[i]
            cv2.fillPoly(labels, [np.round(16 * outline).astype(np.int32)], i, cv2.LINE_8, 4)
    return labels, n


def _polygon(
    radius: float, corners: int, stretch: float, turn: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Corners [n, 2] (x, y) around the origin: a rectangle where there are four, else a leaf of
    random outline."""
    phase = 0.5 if corners == 4 else rng.uniform(0, 0.8, corners)
    phi = (np.arange(corners) + phase) * 2 * np.pi / corners
    reach = radius * (1.2 if corners == 4 else rng.uniform(0.7, 1.25, corners))
    points = np.stack([np.cos(phi) * stretch**0.5, np.sin(phi) / stretch**0.5]) * reach
    c, s = np.cos(turn), np.sin(turn)
    return np.asarray((np.array([[c, -s], [s, c]]) @ points).T)


def _piece_labels(
    size: tuple[int, int], rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.int_]]:
    """Photos over one another, slightly turned, that fill the scene: numbers, and offsets [2, n]
    into textures."""
    height, width = size
    # Two thirds of a photo from one to the next: they overlap and leave no gap.
    side = 0.66 * TEXTURE
    rows, cols = int(np.ceil(height / side)) + 1, int(np.ceil(width / side)) + 1
    labels, n = np.zeros(size, np.int32), rows * cols
    grid = np.stack([np.arange(n) % cols, np.arange(n) // cols], axis=-1)
    centre = (grid + rng.uniform(-0.1, 0.1, (n, 2))) * side
    edge = 0.95 * TEXTURE
    for i in rng.permutation(n):
        box = (float(centre[i, 0]), float(centre[i, 1])), (edge, edge), rng.normal(0, 4.0)
        corners = np.round(16 * cv2.boxPoints(box)).astype(np.int32)
        cv2.fillPoly(labels, [corners], int(i), cv2.LINE_8, 4)
    return labels, TEXTURE // 2 - np.rint(centre.T[::-1]).astype(int)


def _painted(
    labels: NDArray[np.int32],
    atlas: NDArray[np.float16],
    texture: NDArray[np.int_],
    offset: NDArray[np.int_],
    rng: np.random.Generator,
    *,
    contrast: tuple[float, float],
    light: float,
    tint: float,
) -> NDArray[np.float32]:
    """Every label painted with its own texture, offset, contrast, light and colour."""
    n, (height, width) = len(texture), labels.shape
    # In the logarithm: contrast is a power of the radiance.
    power = rng.uniform(*contrast, n).astype(np.float32)
    brightness = rng.normal(0, light, n)[:, None] + rng.normal(0, tint, (n, 3))
    gain = 0.2 * np.exp(brightness).astype(np.float32)
    flat = atlas.reshape(-1, 3)
    out = np.empty((height, width, 3), np.float32)
    x = np.arange(width)
    # In strips: the numbers of all samples at once would take some GB.
    for top in range(0, height, 256):
        label = labels[top : top + 256]
        y = np.arange(top, top + len(label))[:, None]
        row, col = _mirrored(y + offset[0][label]), _mirrored(x + offset[1][label])
        index = (texture[label] * TEXTURE + row) * TEXTURE + col
        value = np.log(flat[index].astype(np.float32))
        out[top : top + 256] = np.exp(value * power[label][..., None]) * gain[label]
    return out


def _mirrored(index: NDArray[np.int_], n: int = TEXTURE) -> NDArray[np.int_]:
    """Mirrored repetition of 0..n-1, so that a texture has no seam."""
    index = index % (2 * n)
    return np.asarray(np.minimum(index, 2 * n - 1 - index))
