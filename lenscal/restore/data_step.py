"""The step of plug-and-play restoration that knows the photo: the image nearest to a guess that explains what was seen.

    x = argmin |K x - y|^2 / N + a |x - z|^2        (closed form per tile, in Fourier space)

The blur is linear in linear light, so the step is taken there. A denoiser knows photos as they are looked at, and white
noise: it gets u = sqrt(v + c), in which Poisson-Gaussian noise has nearly the same strength everywhere (generalised
Anscombe transform) and which is close to a photo's gamma. A noise level sigma of u is one of s = 2 sqrt(v + c) sigma in
linear light, which is what the step takes for a tile.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from lenscal.optics.psf_grid import PsfGrid
from lenscal.restore import wiener
from lenscal.restore.demosaic import alias_doubt, demosaic_spectra, squared
from lenscal.restore.filter_grid import FilterGrid, inverse
from lenscal.restore.kernel_error import error_power, misplacement_px
from lenscal.restore.tiles import (
    LinearPhoto,
    Tiling,
    in_parallel,
    mirrored,
    noise_variance,
    read_mirrored,
    tile_confidence,
    tile_kernels,
)

LAMBDA = 0.23
MOSAIC_NOISE = 3.0
"""Demosaiced photos are worse than their noise says; with three times its power the result is best (by 0.3 dB)."""
DARKEST = 1e-3
"""Smallest c of u = sqrt(v + c): keeps the slope of the transform bounded in photos without read noise."""


def offset(photo: LinearPhoto) -> float:
    """c of u = sqrt(v + c): the read noise in units of the photon noise, averaged over the channels."""
    a, b = np.array(photo.noise.a), np.array(photo.noise.b)
    return float(max((photo.white_balance * b / np.maximum(a, 1e-9)).mean(), DARKEST)) if a.max() > 0 else DARKEST


class DataStep:
    """The step for one block of a photo, [3, h, w]; `seen` is the block as it was photographed.

    Beyond the block images are taken as mirrored.
    """

    def __init__(
        self,
        photo: LinearPhoto,
        psf: PsfGrid,
        rows: range,
        cols: range,
        noise_weight: float,
        device: torch.device,
        tiling: Tiling,
    ) -> None:
        self.device = device
        self.seen = torch.as_tensor(read_mirrored(photo, rows, cols), device=device).permute(2, 0, 1).contiguous()
        self.c = offset(photo)
        self.windows = Windows(tiling, len(rows), len(cols), device)
        n = len(self.windows)
        tile_rows, tile_cols = self.windows.centres(rows.start, cols.start)
        rings = wiener.rings_for(tiling.field_px, tiling.window_px, device=device)
        grid = FilterGrid(tiling.field_px, tiling.field_px, psf.kernel_size, device)
        shape = (3, tiling.field_px, tiling.field_px // 2 + 1)
        f = grid.f.view(shape[1:])
        colour, alias = demosaic_spectra(f, demosaiced=photo.demosaiced)
        at_rings, between = demosaic_spectra(rings.f, demosaiced=photo.demosaiced), rings.interpolation(f)
        noise_weight *= MOSAIC_NOISE if photo.demosaiced else 1.0
        kernels = tile_kernels(psf, tile_rows, tile_cols, device)
        confidence = tile_confidence(psf, tile_rows, tile_cols, device)
        misplaced = misplacement_px(kernels, confidence)
        self.data = torch.empty(n, *shape, dtype=torch.complex64, device=device)
        self.curvature = torch.empty(n, *shape, device=device)
        self.slope = torch.empty(n, 3, device=device)
        levels = torch.empty(n, device=device)
        unit = float(self.windows.window.square().sum().sqrt())

        def prepare(i: int) -> None:
            tile = self.windows.cut(self.windows.padded(self.seen), i)
            mean = tile.sum((-1, -2)) / self.windows.window.sum()
            centred = tile - mean[:, None, None] * self.windows.window
            variance = noise_variance(photo, mean[None], tile_rows[i : i + 1], tile_cols[i : i + 1]).clamp(min=1e-10)
            self.slope[i] = 2 * (mean.clamp(min=0) + self.c).sqrt()
            levels[i] = (noise_weight * variance[0]).sqrt().div(self.slope[i]).mean()
            conjugate = grid.conjugate_transfer(kernels[i])
            sensor = variance[..., None, None] * colour
            spectrum = torch.fft.rfft2(self.windows.in_field(centred))
            probes, otf = (t.flatten(1)[:, rings.index].view(1, 3, *rings.f.shape) for t in (spectrum, conjugate))
            doubt = alias_doubt(at_rings[1], otf) + error_power(misplaced[i][None], rings.f)
            known = variance[..., None, None] * at_rings[0]
            signal = wiener.fitted_signal(probes / unit, otf, known, doubt, rings)
            doubt = alias_doubt(alias, conjugate) + error_power(misplaced[i], f)
            precision = 1 / (noise_weight * sensor[0] + doubt * signal.at(f, between)[0])
            whole = torch.fft.rfft2(self.windows.in_field(tile))
            self.data[i] = (1 + wiener.LEAST_DOUBT) * conjugate * whole * precision
            self.curvature[i] = (squared(conjugate) + wiener.LEAST_DOUBT) * precision

        for _ in in_parallel(prepare, n, device):
            pass
        self.level = float(levels.mean())
        """Noise of the photo in u, which is nearly the same everywhere."""

    def __call__(self, z: Tensor, sigma: float) -> Tensor:
        """x [3, h, w] near z [3, h, w], whose noise has the standard deviation `sigma` in u."""
        padded, out = self.windows.padded(z), self.windows.sums()
        size = self.windows.tiling.field_px

        def step(i: int) -> Tensor:
            anchor = (LAMBDA / (self.slope[i] * sigma).square())[:, None, None]
            spectrum = torch.fft.rfft2(self.windows.in_field(self.windows.cut(padded, i)))
            spectrum.mul_(anchor).add_(self.data[i]).mul_(1 / (self.curvature[i] + anchor))
            return inverse(spectrum, size)

        for i, tile in enumerate(in_parallel(step, len(self.windows), self.device)):
            self.windows.add(out, tile, i)
        return self.windows.inside(out)

    def seen_in(self, v: Tensor) -> Tensor:
        """u of linear light."""
        return (v + self.c).clamp(min=0).sqrt()

    def linear(self, u: Tensor) -> Tensor:
        """Linear light of u."""
        return u.clamp(min=0).square() - self.c


class Windows:
    """The windows of a `Tiling` over one block [3, h, w], which is mirrored at its border; numbered row by row."""

    def __init__(self, tiling: Tiling, height: int, width: int, device: torch.device) -> None:
        self.tiling = tiling
        self.window = torch.as_tensor(tiling.window(), device=device)
        self._size = height, width
        self._starts = tiling.starts(height), tiling.starts(width)
        self._index = [
            torch.as_tensor(mirrored(np.arange(s[0], s[-1] + tiling.window_px), n), device=device)
            for s, n in zip(self._starts, self._size, strict=True)
        ]

    def __len__(self) -> int:
        return len(self._starts[0]) * len(self._starts[1])

    def centres(self, y: int, x: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows and columns [n] of the windows' centres on the photo, for a block whose first pixel is (y, x)."""
        rows, cols = (np.array(s) + self.tiling.window_px // 2 + o for s, o in zip(self._starts, (y, x), strict=True))
        grid = np.meshgrid(rows, cols, indexing="ij")
        return grid[0].ravel(), grid[1].ravel()

    def padded(self, image: Tensor) -> Tensor:
        """The block with what its outer windows see beyond it."""
        return image.index_select(-2, self._index[0]).index_select(-1, self._index[1])

    def cut(self, padded: Tensor, i: int) -> Tensor:
        """Window i of a padded block, [3, window_px, window_px]."""
        y, x = self._corner(i)
        size = self.tiling.window_px
        return padded[:, y : y + size, x : x + size] * self.window

    def in_field(self, tile: Tensor) -> Tensor:
        """A tile in its field: `reach` zeros on every side."""
        return torch.nn.functional.pad(tile, (self.tiling.reach,) * 4)

    def sums(self) -> Tensor:
        """Zeros to which fields are added."""
        height, width = ((len(s) - 1) * self.tiling.stride + self.tiling.field_px for s in self._starts)
        return torch.zeros(3, height, width, device=self.window.device)

    def add(self, sums: Tensor, field: Tensor, i: int) -> None:
        """Add the filtered field [3, field_px, field_px] of window i."""
        y, x = self._corner(i)
        size = self.tiling.field_px
        sums[:, y : y + size, x : x + size] += field

    def inside(self, sums: Tensor) -> Tensor:
        """The block [3, h, w] of the sums."""
        y, x = (self.tiling.reach - s[0] for s in self._starts)
        return sums[:, y : y + self._size[0], x : x + self._size[1]].contiguous()

    def _corner(self, i: int) -> tuple[int, int]:
        row, col = divmod(i, len(self._starts[1]))
        return row * self.tiling.stride, col * self.tiling.stride
