"""No rings around lamps, stars and clipped edges."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from restore_cases import dead_leaves, photograph, psnr

from lenscal.optics.psf_grid import PsfGrid, Reference
from lenscal.raw.frame import NoiseModel
from lenscal.restore.photo import restore
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.restore.tiles import ArrayPhoto
from lenscal.stepping import finish

SIZE = (200, 240)
NOISE = NoiseModel((2e-4,) * 3, (1e-7,) * 3)
ONES = np.ones(3, np.float32)


def gaussian_grid(sigma: float = 1.4) -> PsfGrid:
    y, x = np.mgrid[-6:7, -6:7]
    kernel = np.exp(-(x**2 + y**2) / (2 * sigma**2))
    kernels = np.broadcast_to(kernel / kernel.sum(), (2, 2, 3, 13, 13)).astype(np.float32)
    return PsfGrid(kernels, SIZE, Reference.AXIS)


def photographed(scene: NDArray[np.float32]) -> ArrayPhoto:
    rgb = np.minimum(photograph(scene, gaussian_grid(), NOISE), 1.0)
    return ArrayPhoto(rgb, NOISE, ONES)


@pytest.mark.parametrize("method", [Method.WIENER, Method.DPIR])
@pytest.mark.parametrize(("ground", "lamp"), [(0.3, 40.0), (0.3, 4.0), (0.02, 2.0)])
def test_no_ring_around_points_of_light(method: Method, ground: float, lamp: float) -> None:
    scene = np.full((*SIZE, 3), ground, np.float32)
    points = [(y, x) for y in range(40, 170, 40) for x in range(40, 210, 40)]
    for y, x in points:
        scene[y : y + 2, x : x + 2] = lamp
    photo = photographed(scene)
    out = finish(restore(photo, gaussian_grid(), RestoreSettings(method, device="cpu")))
    yy, xx = np.mgrid[-13:15, -13:15]
    radius = np.hypot(yy - 0.5, xx - 0.5)
    mean = np.mean([out[y - 13 : y + 15, x - 13 : x + 15] for y, x in points], axis=(0, 3))
    for r in range(6, 13):
        level = mean[(radius >= r) & (radius < r + 1)].mean() / ground
        # Of faint ground, noise alone is a tenth.
        tolerance = 0.07 if ground > 0.1 else 0.13
        assert abs(level - 1) < tolerance, (r, level)


@pytest.mark.parametrize("sky", [1.05, 2.0, 8.0])
def test_no_ring_along_a_clipped_edge(sky: float) -> None:
    scene = np.full((*SIZE, 3), 0.1, np.float32)
    scene[:, 120:] = sky
    photo = photographed(scene)
    out = finish(restore(photo, gaussian_grid(), RestoreSettings(device="cpu")))
    before, after = (a[30:170].mean(axis=(0, 2)) for a in (photo.rgb, out))
    assert after[80:120].min() > 0.08
    # What rises before the edge is the blur that was there, never more.
    assert (after[80:116] < before[80:116] + 0.03).all()
    clipped = photo.rgb[30:170, 130:].min(axis=-1) >= 1
    np.testing.assert_array_equal(out[30:170, 130:][clipped], photo.rgb[30:170, 130:][clipped])


def test_detail_comes_back_near_highlights() -> None:
    scene = dead_leaves(*SIZE)
    scene /= np.quantile(scene, 0.99)
    photo = photographed(scene)
    out = finish(restore(photo, gaussian_grid(), RestoreSettings(device="cpu")))
    truth = np.clip(scene, 0, 1)
    assert psnr(np.clip(out, 0, 1), truth) > psnr(photo.rgb, truth) + 2.5
