"""The step of plug-and-play restoration that knows the photo: the image nearest to a guess that
explains what was seen.

    x = argmin |K x - y|^2 / N + a |x - z|^2        (closed form per tile, in Fourier space)

The blur is linear in linear light, so the step is taken there. A denoiser knows photos as they are
looked at, and white noise: it gets u = sqrt(v + c), in which Poisson-Gaussian noise has nearly the
same strength everywhere (generalised Anscombe transform) and which is close to a photo's gamma. A
noise level sigma of u is one of s = 2 sqrt(v + c) sigma in linear light, which is what the step
takes for a tile.

Zhang, Li, Zuo, Zhang, Van Gool, Timofte 2021, DOI 10.1109/TPAMI.2021.3088914, for the step;
Makitalo, Foi 2013, DOI 10.1109/TIP.2012.2202675, for the transform.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.blur.border import mirrored_index
from lenscal.optics.psf_grid import PsfGrid
from lenscal.restore import wiener
from lenscal.restore.demosaic import alias_doubt, demosaic_spectra, squared
from lenscal.restore.filter_grid import FilterGrid, inverse
from lenscal.restore.kernel_error import error_power, misplacement_px
from lenscal.restore.tiles import (
    LinearPhoto,
    Tiling,
    in_parallel,
    noise_variance,
    read_mirrored,
    tile_confidence,
    tile_kernels,
)

LAMBDA = 0.23
"""How much the guess counts against the photo: the value that DPIR was published with."""
MOSAIC_NOISE = 3.0
"""Demosaiced photos are worse than their noise says; with three times its power the result is best
(by 0.3 dB)."""
LEAST_OFFSET = 1e-3
"""Smallest c of u = sqrt(v + c): keeps the slope of the transform bounded in photos without read
noise."""
LARGEST_OFFSET, OFFSET_OF_READ_NOISE = 0.1, 10.0
"""Largest c, and largest c over the read noise where that is more: beyond, u has little contrast,
which only a photo full of read noise is worth. An estimate may have missed the photon noise; at ISO
25600 c is 0.5, read noise 0.08."""


def offset(photo: LinearPhoto) -> float:
    """c of u = sqrt(v + c): the read noise in units of the photon noise, of all channels
    together."""
    a, b = np.array(photo.noise.a), np.array(photo.noise.b)
    largest = max(LARGEST_OFFSET, OFFSET_OF_READ_NOISE * float(np.sqrt(b.mean())))
    # u has the noise variance (a v + b) / (4 (v + c)): the same for all v where c = b / a.
    ratio = (photo.white_balance * b).sum() / max(a.sum(), 1e-12)
    return float(np.clip(ratio, LEAST_OFFSET, largest))


class DataStep:
    """The step for one block of a photo, [3, h, w].

    Beyond the block images are taken as mirrored.

    Attributes
    ----------
    photo_block : Tensor [3, h, w]
        The block as it was photographed, linear.
    c : float
        Offset of u = sqrt(v + c).
    level : float
        Standard deviation of the photo's noise in u, where it is nearly the same everywhere.
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
        phase: tuple[int, int] = (0, 0),
    ) -> None:
        self.device = device
        block = torch.as_tensor(read_mirrored(photo, rows, cols), device=device)
        self.photo_block = block.permute(2, 0, 1).contiguous()
        self.c = offset(photo)
        self.windows = Windows(tiling, len(rows), len(cols), device, phase)
        shape = (len(self.windows), 3, tiling.field_px, tiling.field_px // 2 + 1)
        self.data = torch.empty(shape, dtype=torch.complex64, device=device)
        self.curvature = torch.empty(shape, device=device)
        self.slope = torch.empty(shape[:2], device=device)
        levels = torch.empty(shape[0], device=device)
        # Only what was a mosaic has a mosaic's errors.
        weight = noise_weight * (MOSAIC_NOISE if photo.demosaiced else 1.0)
        evidence = Evidence(photo, psf, self.windows, weight)
        # Windows at the border see the block's mirror image.
        padded = self.windows.padded(self.photo_block)
        y, x = self.windows.centres(rows.start, cols.start)
        tiles = self.windows.rows()

        def weigh(number: int) -> None:
            row = slice(tiles[number].start, tiles[number].stop)
            mean, variance = evidence.weigh(
                padded, y[row], x[row], tiles[number], self.data[row], self.curvature[row]
            )
            # du/dv = 1 / (2 sqrt(v + c)): what takes noise from linear light to u.
            self.slope[row] = 2 * (mean.clamp(min=0) + self.c).sqrt()
            levels[row] = (variance.sqrt() / self.slope[row]).mean(-1)

        for _ in in_parallel(weigh, len(tiles), device):
            pass
        self.level = float(levels.mean())

    def __call__(self, z: Tensor, sigma: float) -> Tensor:
        """x [3, h, w] near z [3, h, w], whose noise has the standard deviation `sigma` in u."""
        windows, size = self.windows, self.windows.tiling.field_px
        padded, out, tiles = windows.padded(z), windows.sums(), windows.rows()

        def step(number: int) -> Tensor:
            strip = torch.zeros_like(out[:, :size])
            for i in tiles[number]:
                # X = (conj(K) Y / N + anchor Z) / (|K|^2 / N + anchor), in place: it is most of
                # what a step costs.
                anchor = (LAMBDA / (self.slope[i] * sigma).square())[:, None, None]
                spectrum = torch.fft.rfft2(windows.in_field(windows.cut(padded, i)))
                spectrum.mul_(anchor).add_(self.data[i]).mul_(1 / (self.curvature[i] + anchor))
                windows.add(strip, inverse(spectrum, size), i)
            return strip

        for number, strip in enumerate(in_parallel(step, len(tiles), self.device)):
            windows.add_row(out, strip, number)
        return windows.inside(out)

    def stabilised(self, v: Tensor) -> Tensor:
        """u of linear light: what the denoiser gets."""
        return (v + self.c).clamp(min=0).sqrt()

    def linear(self, u: Tensor) -> Tensor:
        """Linear light of u."""
        return u.clamp(min=0).square() - self.c


class Evidence:
    """What the tiles of a block say of the sharp image and how sure it is, frequency by
    frequency."""

    def __init__(
        self, photo: LinearPhoto, psf: PsfGrid, windows: Windows, noise_weight: float
    ) -> None:
        self.photo, self.psf, self.windows, self.noise_weight = photo, psf, windows, noise_weight
        self.device, size = windows.window.device, windows.tiling.field_px
        self.rings = wiener.rings_for(size, windows.tiling.window_px, device=self.device)
        self.grid = FilterGrid(size, size, psf.kernel_size, self.device)
        # Most of what is worked out depends on |f| alone, which has few different values on a
        # grid.
        self.radius, index = torch.unique(self.grid.f, return_inverse=True)
        self.index = index.view(size, -1)
        self.at_radius = self.rings.interpolation(self.radius)
        self.radius_colours = demosaic_spectra(self.radius, demosaiced=photo.demosaiced)
        self.probe_colours = demosaic_spectra(self.rings.f, demosaiced=photo.demosaiced)
        self.window_spectrum = torch.fft.rfft2(windows.in_field(windows.window))

    def weigh(
        self,
        padded: Tensor,
        y: NDArray[np.int_],
        x: NDArray[np.int_],
        tiles: range,
        data: Tensor,
        curvature: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Fill `data` (conj(K) Y / N) and `curvature` (|K|^2 / N) of some tiles [n] with centres
        (y, x) on the photo.

        Returns
        -------
        mean, variance : Tensor [n, 3]
            Of the tiles' values, and of their (weighted) noise.
        """
        n, rings, probe = len(tiles), self.rings, self.rings.f.shape
        # One kernel a tile, that of its centre.
        kernels = tile_kernels(self.psf, y, x, self.device)
        misplaced = misplacement_px(kernels, tile_confidence(self.psf, y, x, self.device))
        mean = torch.empty(n, 3, device=self.device)
        changed = torch.empty(n, *curvature.shape[1:], device=self.device)
        probes, otf = torch.empty(2, n, 3, *probe, dtype=torch.complex64, device=self.device)
        one, area = torch.ones((), device=self.device), self.windows.window.sum()
        unit = self.windows.window.square().sum().sqrt()

        for j, i in enumerate(tiles):
            tile = self.windows.cut(padded, i)
            mean[j] = tile.sum((-1, -2)) / area
            spectrum = torch.fft.rfft2(self.windows.in_field(tile))
            conjugate = self.grid.conjugate_transfer(kernels[j])
            torch.mul(spectrum, conjugate, out=data[j])
            curvature[j] = squared(conjugate)
            changed[j] = alias_doubt(one, conjugate)
            # The spectrum's model knows nothing of DC: without the mean it would leak into the
            # lowest rings through the window.
            spectrum -= mean[j, :, None, None] * self.window_spectrum
            probes[j], otf[j] = (
                t.flatten(1)[:, rings.index].reshape(3, *probe)
                for t in (spectrum / unit, conjugate)
            )
        # No photo is free of noise; 0 would make the spectrum's fit divide by it.
        variance = noise_variance(self.photo, mean, y, x).clamp(min=1e-10)
        colour, alias = self.probe_colours
        doubt = alias_doubt(alias, otf) + error_power(misplaced, rings.f)
        # Unweighted noise here: how much the user wants to be smoothed changes no spectrum.
        signal = wiener.fitted_signal(probes, otf, variance[..., None, None] * colour, doubt, rings)
        power, (colour, alias) = signal.at(self.radius, self.at_radius), self.radius_colours
        # From here on as the user weighs it.
        variance = self.noise_weight * variance
        noise = variance[..., None] * colour + error_power(misplaced, self.radius) * power
        aliased = alias * power

        # Spread from the few radii to all frequencies only here, tile by tile: memory.
        for j in range(n):
            total = aliased[j][:, self.index].mul_(changed[j]).add_(noise[j][:, self.index])
            # A sure kernel without noise would divide by 0: the signal itself counts a little.
            data[j] *= (1 + wiener.LEAST_DOUBT) / total
            curvature[j] += wiener.LEAST_DOUBT
            curvature[j] /= total
        return mean, variance


class Windows:
    """The windows of a `Tiling` over one block [3, h, w], which is mirrored at its border; numbered
    row by row.

    phase : how many rows and columns earlier they begin than usual
    """

    def __init__(
        self,
        tiling: Tiling,
        height: int,
        width: int,
        device: torch.device,
        phase: tuple[int, int] = (0, 0),
    ) -> None:
        self.tiling = tiling
        self.window = torch.as_tensor(tiling.window(), device=device)
        self._size = height, width
        self._starts = tiling.starts(height, phase[0]), tiling.starts(width, phase[1])
        self._index = [
            torch.as_tensor(
                mirrored_index(np.arange(s[0], s[-1] + tiling.window_px), n), device=device
            )
            for s, n in zip(self._starts, self._size, strict=True)
        ]

    def __len__(self) -> int:
        return len(self._starts[0]) * len(self._starts[1])

    def rows(self) -> list[range]:
        """The numbers of the windows of each row."""
        n = len(self._starts[1])
        return [range(first, first + n) for first in range(0, len(self), n)]

    def centres(self, y: int, x: int) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
        """Rows and columns [n] of the windows' centres on the photo, for a block whose first pixel
        is (y, x)."""
        rows, cols = (
            np.array(s) + self.tiling.window_px // 2 + o
            for s, o in zip(self._starts, (y, x), strict=True)
        )
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
        height, width = (
            (len(s) - 1) * self.tiling.stride + self.tiling.field_px for s in self._starts
        )
        return torch.zeros(3, height, width, device=self.window.device)

    def add(self, strip: Tensor, field: Tensor, i: int) -> None:
        """Add the filtered field [3, field_px, field_px] of window i to those of its row [3,
        field_px, width]."""
        _, x = self._corner(i)
        strip[..., x : x + self.tiling.field_px] += field

    def add_row(self, sums: Tensor, strip: Tensor, number: int) -> None:
        """Add a row of fields."""
        y = number * self.tiling.stride
        sums[:, y : y + self.tiling.field_px] += strip

    def inside(self, sums: Tensor) -> Tensor:
        """The block [3, h, w] of the sums."""
        y, x = (self.tiling.reach - s[0] for s in self._starts)
        return sums[:, y : y + self._size[0], x : x + self._size[1]].contiguous()

    def _corner(self, i: int) -> tuple[int, int]:
        row, col = divmod(i, len(self._starts[1]))
        return row * self.tiling.stride, col * self.tiling.stride
