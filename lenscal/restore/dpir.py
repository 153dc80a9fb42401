"""Plug-and-play restoration with a learnt denoiser (DPIR): half-quadratic splitting.

Repeat for sigma_k falling from 49/255 to the photo's own noise:

    x_k = argmin_x |K x - y|^2 / N + LAMBDA |x - z_{k-1}|^2 / s_k^2        (closed form per tile, in Fourier space)
    z_k = denoiser(x_k, sigma_k)

The blur is linear in linear light, so the data step is taken there. The denoiser knows photos as they are looked at,
and white noise: it gets u = sqrt(v + c), in which Poisson-Gaussian noise has nearly the same strength everywhere
(generalised Anscombe transform) and which is close to a photo's gamma. A noise level sigma_k of u is one of
s_k = 2 sqrt(v + c) sigma_k in linear light, which is what the data step of a tile uses.

Zhang, Li, Zuo, Zhang, Van Gool, Timofte 2021, DOI 10.1109/TPAMI.2021.3088914.
"""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lenscal.optics.psf_grid import PsfGrid
from lenscal.restore import wiener
from lenscal.restore.demosaic import alias_doubt, demosaic_spectra
from lenscal.restore.denoiser import Denoiser, load_denoiser
from lenscal.restore.kernel_error import error_power, misplacement_px
from lenscal.restore.settings import RestoreSettings
from lenscal.restore.tiles import (
    LinearPhoto,
    Tiling,
    mirrored,
    noise_variance,
    read_mirrored,
    tile_confidence,
    tile_kernels,
    tiling_for,
)

N_ITERATIONS = 8
SIGMA_FIRST = 49 / 255
LAMBDA = 0.23
MOSAIC_NOISE = 3.0
"""Demosaiced photos are worse than their noise says; with three times its power the result is best (by 0.3 dB)."""
BLOCK_PX, MARGIN_PX, SEAM_PX = 1024, 48, 32
DARKEST = 1e-3
"""Smallest c of u = sqrt(v + c): keeps the slope of the transform bounded in photos without read noise."""


def dpir_photo(
    photo: LinearPhoto,
    psf: PsfGrid,
    settings: RestoreSettings,
    device: torch.device,
    *,
    denoiser: Denoiser | None = None,
) -> Generator[tuple[float, str], None, np.ndarray]:
    """The plug-and-play estimate [H, W, 3], block by block (memory: the result and some hundred MB)."""
    if denoiser is None:
        denoiser = load_denoiser(Path(settings.prior) if settings.prior else None, device=device)
    height, width = photo.size
    out = np.zeros((height, width, 3), np.float32)
    rows, cols = blocks(height), blocks(width)
    done, total = 0, len(rows) * len(cols) * N_ITERATIONS
    for y, weight_y in rows:
        for x, weight_x in cols:
            block_rows = range(y - MARGIN_PX, y + len(weight_y) + MARGIN_PX)
            block_cols = range(x - MARGIN_PX, x + len(weight_x) + MARGIN_PX)
            weight_n = wiener.noise_weight(settings.denoise)
            for estimate in dpir_block(photo, psf, block_rows, block_cols, denoiser, weight_n, device):  # noqa: B007
                done += 1
                yield done / total, "Undoing the blur with the photo prior"
            inner = estimate[:, MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX].permute(1, 2, 0).cpu().numpy()
            weight = np.outer(weight_y, weight_x).astype(np.float32)[..., None]
            out[y : y + len(weight_y), x : x + len(weight_x)] += weight * inner
    return out


def dpir_block(
    photo: LinearPhoto,
    psf: PsfGrid,
    rows: range,
    cols: range,
    denoiser: Denoiser,
    noise_weight: float,
    device: torch.device,
) -> Generator[Tensor, None, None]:
    """The estimates z_1, z_2, ... [3, h, w] of a block that may leave the photo (which is mirrored there)."""
    y = torch.as_tensor(read_mirrored(photo, rows, cols), device=device).permute(2, 0, 1).contiguous()
    windows = Windows(tiling_for(psf.kernel_size), y.shape[-2], y.shape[-1], device)
    tile_rows, tile_cols = windows.centres(rows.start, cols.start)
    tiles = windows.split(y)
    mean = tiles.sum((-1, -2)) / windows.window.sum()
    noise_weight *= MOSAIC_NOISE if photo.demosaiced else 1.0
    variance = noise_variance(photo, mean, tile_rows, tile_cols).clamp(min=1e-10)
    c = offset(photo)
    slope = 2 * (mean.clamp(min=0) + c).sqrt()
    sigma_last = float((noise_weight * variance).sqrt().div(slope).mean())
    kernels = tile_kernels(psf, tile_rows, tile_cols, device)
    misplaced = misplacement_px(kernels, tile_confidence(psf, tile_rows, tile_cols, device))
    otf = wiener.transfer(kernels, windows.tiling.field_px)
    colour, alias = demosaic_spectra(windows.tiling.field_px, demosaiced=photo.demosaiced, device=device)
    sensor = variance[..., None, None] * colour
    centred = windows.pad(tiles - mean[..., None, None] * windows.window)
    bins = wiener.radial_bins(windows.tiling.field_px, windows.tiling.window_px, device=device)
    unit = torch.fft.rfft2(centred) / windows.window.square().sum().sqrt()
    doubt = alias_doubt(alias, otf) + error_power(misplaced, windows.tiling.field_px)
    signal = wiener.fitted_signal(unit, otf, sensor, doubt, bins)
    precision = 1 / (noise_weight * sensor + doubt * signal)
    data = (1 + wiener.LEAST_DOUBT) * otf.conj() * torch.fft.rfft2(windows.pad(tiles)) * precision
    curvature = (otf.abs().square() + wiener.LEAST_DOUBT) * precision
    z = y
    for sigma in schedule(sigma_last):
        anchor = (LAMBDA / (slope * sigma) ** 2)[..., None, None]
        spectrum = (data + anchor * torch.fft.rfft2(windows.pad(windows.split(z)))) / (curvature + anchor)
        x = windows.join(torch.fft.irfft2(spectrum, s=(windows.tiling.field_px,) * 2))
        u = (x + c).clamp(min=0).sqrt()
        z = denoiser(u[None], sigma)[0].clamp(min=0).square() - c
        yield z


def schedule(sigma_last: float) -> list[float]:
    """Noise levels of the denoiser, falling log-uniformly from 49/255 to the photo's own."""
    return [float(s) for s in np.geomspace(SIGMA_FIRST, min(max(sigma_last, 1e-4), SIGMA_FIRST), N_ITERATIONS)]


def offset(photo: LinearPhoto) -> float:
    """c of u = sqrt(v + c): the read noise in units of the photon noise, averaged over the channels."""
    a, b = np.array(photo.noise.a), np.array(photo.noise.b)
    return float(max((photo.white_balance * b / np.maximum(a, 1e-9)).mean(), DARKEST)) if a.max() > 0 else DARKEST


def blocks(length: int) -> list[tuple[int, np.ndarray]]:
    """First pixel and weights of each block along an axis; neighbours overlap by SEAM_PX, the weights sum to 1."""
    count = max(1, round(length / BLOCK_PX))
    edges = np.linspace(0, length, count + 1).astype(int)
    half = SEAM_PX // 2
    ramp = np.sin(0.5 * np.pi * (np.arange(SEAM_PX) + 0.5) / SEAM_PX) ** 2
    out = []
    for number in range(count):
        first, last = (int(e) for e in edges[number : number + 2])
        left, right = half * (number > 0), half * (number < count - 1)
        weight = np.ones(last - first + left + right)
        if left:
            weight[:SEAM_PX] = ramp
        if right:
            weight[-SEAM_PX:] = ramp[::-1]
        out.append((first - left, weight))
    return out


class Windows:
    """The windows of a `Tiling` over one block [3, h, w], which is mirrored at its border."""

    def __init__(self, tiling: Tiling, height: int, width: int, device: torch.device) -> None:
        self.tiling = tiling
        self.window = torch.as_tensor(tiling.window(), device=device)
        self._size = height, width
        self._starts = tiling.starts(height), tiling.starts(width)
        self._index = [
            torch.as_tensor(mirrored(np.arange(s[0], s[-1] + tiling.window_px), n), device=device)
            for s, n in zip(self._starts, self._size, strict=True)
        ]

    def centres(self, y: int, x: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns [n] of the windows' centres on the photo, for a block whose first pixel is (y, x)."""
        rows, cols = (np.array(s) + self.tiling.window_px // 2 + o for s, o in zip(self._starts, (y, x), strict=True))
        grid = np.meshgrid(rows, cols, indexing="ij")
        return grid[0].ravel(), grid[1].ravel()

    def split(self, image: Tensor) -> Tensor:
        """[3, h, w] -> windowed tiles [n, 3, window_px, window_px], row-major."""
        padded = image.index_select(-2, self._index[0]).index_select(-1, self._index[1])
        size, stride = self.tiling.window_px, self.tiling.stride
        tiles = padded.unfold(1, size, stride).unfold(2, size, stride)
        return tiles.permute(1, 2, 0, 3, 4).flatten(0, 1) * self.window

    def pad(self, tiles: Tensor) -> Tensor:
        """Tiles in their field: `reach` zeros on every side."""
        return functional.pad(tiles, (self.tiling.reach,) * 4)

    def join(self, fields: Tensor) -> Tensor:
        """The sum [3, h, w] of fields [n, 3, field_px, field_px]."""
        (y_starts, x_starts), field, stride = self._starts, self.tiling.field_px, self.tiling.stride
        shape = tuple((len(s) - 1) * stride + field for s in (y_starts, x_starts))
        columns = fields.flatten(1).T[None]
        whole = functional.fold(columns, shape, (field, field), stride=stride)[0]
        y, x = (self.tiling.reach - s[0] for s in (y_starts, x_starts))
        return whole[:, y : y + self._size[0], x : x + self._size[1]]
