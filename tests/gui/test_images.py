"""Kernels and photos as pixels of the screen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lenscal.files.photos.screen import pyramid
from lenscal.gui.drawing.images import to_qimage
from lenscal.optics.kernel_pictures import kernel_pixels, mosaic_pixels


def kernels(rows: int = 2, cols: int = 3, k: int = 5) -> NDArray[np.float32]:
    values = np.zeros((rows, cols, 3, k, k), np.float32)
    values[..., 1, 2] = 0.75
    values[..., 3, 3] = 0.25
    values[0, 0] *= 0.5
    return values


def test_per_cell_each_peak_is_white_and_globally_only_the_highest() -> None:
    per_cell, overall = kernel_pixels(kernels()), kernel_pixels(kernels(), per_cell=False)
    assert (per_cell.reshape(6, -1).max(axis=1) == 255).all()
    assert overall[0, 0].max() < 255 == overall[1, 1].max()


def test_single_channels_are_grey_and_their_own() -> None:
    values = kernels()
    values[:, :, 2] = 0
    values[:, :, 2, 0, 4] = 1
    blue = kernel_pixels(values, channel="B")
    assert (blue[..., 0] == blue[..., 2]).all()
    assert (blue[:, :, 0, 4] == 255).all() and (blue[:, :, 1, 2] == 0).all()


def test_log_shows_faint_tails() -> None:
    values = kernels()
    values[..., 0, 0] = 0.005
    assert kernel_pixels(values, log=True)[1, 1, 0, 0, 0] > kernel_pixels(values)[1, 1, 0, 0, 0] > 0


def test_mosaic_puts_cells_where_they_lie() -> None:
    cells = kernel_pixels(kernels())
    picture = mosaic_pixels(cells, gap=1, background=9)
    assert picture.shape == (2 * 6 + 1, 3 * 6 + 1, 3)
    assert (picture[7:12, 13:18] == cells[1, 2]).all()
    assert (picture[6] == 9).all()


def test_pyramid_halves_and_keeps_brightness() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (900, 1301, 3), dtype=np.uint8)
    levels = pyramid(pixels, smallest_px=400)
    assert [level.shape[:2] for level in levels] == [(900, 1301), (450, 650), (225, 325)]
    assert abs(float(levels[2].mean()) - float(pixels.mean())) < 1


def test_qimage_owns_its_pixels() -> None:
    pixels = np.full((4, 7, 3), 10, np.uint8)
    image = to_qimage(pixels)
    pixels[:] = 200
    assert image.pixelColor(6, 3).red() == 10
