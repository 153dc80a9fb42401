"""One blur: what edges tell, what spectra tell, and kernels that have lines of zeros."""

from __future__ import annotations

import cv2
import numpy as np
import torch

from lenscal.blur.power_spectra import mean_power
from lenscal.calibration.uniform.edges import edge_projections
from lenscal.calibration.uniform.search import subpixel_centred
from lenscal.calibration.uniform.spectrum_fit import (
    SpectrumFit,
    fitted,
    gaussians,
    spectrum_problem,
)
from lenscal.calibration.uniform.tiles import GreyTiles
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import NoiseModel
from lenscal.restore.photo import restore
from lenscal.restore.settings import RestoreSettings
from lenscal.restore.tiles import ArrayPhoto
from lenscal.stepping import finish


def scenes(n: int, side: int = 192, seed: int = 0) -> np.ndarray:
    """Large flat shapes with sharp edges in all directions, [n, side, side]."""
    rng = np.random.default_rng(seed)
    tiles = np.full((n, side, side), 0.4, np.float32)
    for tile in tiles:
        for _ in range(5):
            centre = tuple(map(float, rng.uniform(0, side, 2)))
            size = tuple(map(float, rng.uniform(60, 140, 2)))
            box = cv2.boxPoints((centre, size, float(rng.uniform(0, 180)))).astype(np.int32)
            cv2.fillPoly(tile, [box], float(rng.uniform(0, 1)), cv2.LINE_AA)
    return tiles


def grey(tiles: np.ndarray, variance: float) -> GreyTiles:
    return GreyTiles(
        torch.from_numpy(tiles), torch.full((len(tiles),), variance), np.arange(len(tiles))
    )


def blurred(tiles: np.ndarray, kernel: np.ndarray, sigma: float) -> np.ndarray:
    rng = np.random.default_rng(1)
    flipped = np.ascontiguousarray(kernel[::-1, ::-1])
    seen = np.stack([cv2.filter2D(t, -1, flipped, borderType=cv2.BORDER_REFLECT) for t in tiles])
    return (seen + sigma * rng.standard_normal(seen.shape)).astype(np.float32)


def test_edges_tell_a_kernel_from_its_mirror_image() -> None:
    kernel = np.zeros((13, 13), np.float32)
    kernel[3:10, 4] = 1
    kernel[9, 4:10] = 2
    kernel /= kernel.sum()
    found = edge_projections(grey(blurred(scenes(40), kernel, 0.01), 1e-4), 13)
    assert found is not None
    own = subpixel_centred(torch.from_numpy(kernel))[None]
    right, mirrored, other = (
        float(found.error(k)) for k in (own, own.flip(1, 2), own.transpose(1, 2))
    )
    assert right < 0.5 * mirrored
    assert right < 0.5 * other


def test_flat_tiles_have_no_edges() -> None:
    assert edge_projections(grey(np.full((4, 192, 192), 0.5, np.float32), 1e-4), 13) is None


def test_spectra_tell_a_gaussian() -> None:
    axis = np.arange(13) - 6
    kernel = np.exp(-(axis[:, None] ** 2 / 1.5**2 + axis**2 / 0.8**2) / 2).astype(np.float32)
    kernel /= kernel.sum()
    sharp, degraded = (
        mean_power(torch.from_numpy(tiles), torch.full((60,), variance), 64)
        for tiles, variance in (
            (scenes(60, seed=1), 0.0),
            (blurred(scenes(60, seed=2), kernel, 0.005), 2.5e-5),
        )
    )
    starts = torch.tensor([[0.0, 0.0, 0.4], [0.5, 0.0, 1.2]])
    fit = fitted(SpectrumFit(spectrum_problem(sharp, degraded, 0.1), gaussians(13), starts), 150)
    best = fit.kernels()[int(fit.losses().argmin())].detach().numpy()
    assert np.linalg.norm(best - kernel) < 0.12 * np.linalg.norm(kernel)


def test_a_kernel_with_lines_of_zeros_is_undone() -> None:
    """The Wiener filter of few frequencies was twenty times too strong beside them."""
    line = np.zeros((9, 9), np.float32)
    line[4, 2:7] = 1 / 5
    (sharp,) = scenes(1, seed=3)
    (seen,) = blurred(sharp[None], line, 0.01)
    photo = ArrayPhoto(
        np.repeat(seen[..., None], 3, axis=2),
        NoiseModel((0,) * 3, (1e-4,) * 3),
        np.ones(3, np.float32),
    )
    kernels = np.broadcast_to(line, (1, 1, 3, 9, 9)).copy()
    result = finish(restore(photo, PsfGrid(kernels, sharp.shape), RestoreSettings()))[..., 1]
    inner = (slice(16, -16), slice(16, -16))
    before, after = (np.square(x[inner] - sharp[inner]).mean() for x in (seen, result))
    assert after < 0.7 * before
