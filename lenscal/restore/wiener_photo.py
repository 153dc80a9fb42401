"""The Wiener filter over a whole photo: a row of tiles at a time, finished rows handed on as they come."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from lenscal.optics.psf_grid import PsfGrid
from lenscal.restore import wiener
from lenscal.restore.demosaic import alias_doubt, demosaic_spectra, squared
from lenscal.restore.filter_grid import FilterGrid, inverse
from lenscal.restore.kernel_error import error_power, misplacement_px
from lenscal.restore.settings import RestoreSettings
from lenscal.restore.tiles import (
    LinearPhoto,
    Tiling,
    in_parallel,
    noise_variance,
    read_mirrored,
    tile_confidence,
    tile_kernels,
    tiling_of,
)

LENDING_PX, DARKEST = 8, 1e-4
"""Size of the squares over which a local colour is averaged, and the least value that has a colour."""


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """Finished rows of a photo.

    Attributes
    ----------
    rows : range
    rgb : float32 [h, W, 3]
        The estimate.
    smooth : float32 [h, W] or None
        How much of it to take where the photo shows nothing but noise; None: all of it.
    fraction : float
        How much of the photo is done.
    """

    rows: range
    rgb: np.ndarray
    smooth: np.ndarray | None
    fraction: float


def wiener_bands(
    photo: LinearPhoto,
    psf: PsfGrid,
    settings: RestoreSettings,
    device: torch.device,
    *,
    tiling: Tiling | None = None,
) -> Generator[Band, None, None]:
    """The Wiener estimate in bands of rows, from the top (memory: a few rows of tiles)."""
    tiling = tiling or tiling_of(psf)
    tiles = TileFilter(photo, psf, tiling, wiener.noise_weight(settings.denoise), device)
    height, width = photo.size
    y_starts, x_starts = tiling.starts(height), tiling.starts(width)
    line, reach = tiling.line(), tiling.reach
    left = x_starts[0] - reach
    sums = torch.zeros(3, tiling.field_px, len(x_starts) * tiling.stride + tiling.field_px, device=device)
    across = np.zeros((len(x_starts), width), np.float32)
    for number, x in enumerate(x_starts):
        x0, x1 = max(x, 0), min(x + tiling.window_px, width)
        across[number, x0:x1] = line[x0 - x : x1 - x] if x1 > x0 else 0
    smooth: list[np.ndarray] = []
    for number, y in enumerate(y_starts):
        part = tiles.row(y, x_starts, sums)
        smooth.append(part @ across)
        top = y - reach
        rows = range(max(top, 0), min(top + tiling.stride, height))
        if len(rows):
            rgb = sums[:, rows.start - top : rows.stop - top, -left : width - left].cpu().numpy()
            weights = np.zeros((len(rows), width), np.float32)
            for back in range(min(3, number + 1)):
                inside = np.array(rows) - y_starts[number - back]
                known = (inside >= 0) & (inside < tiling.window_px)
                weights[known] += line[inside[known], None] * smooth[number - back]
            yield Band(rows, cv2.merge(list(rgb)), weights, (number + 1) / len(y_starts))
        rest = tiling.field_px - tiling.stride
        sums[:, :rest] = sums[:, tiling.stride :].clone()
        sums[:, rest:] = 0


class TileFilter:
    """What is the same for all tiles of a photo, and the filtering of a row of them.

    On a processor the tiles go one by one, in buffers that stay in its cache, on as many threads as torch has; on
    other devices many at a time.
    """

    def __init__(
        self, photo: LinearPhoto, psf: PsfGrid, tiling: Tiling, noise_weight: float, device: torch.device
    ) -> None:
        self.photo, self.psf, self.tiling, self.device, self.noise_weight = photo, psf, tiling, device, noise_weight
        support = max(wiener.SUPPORT_PX, 8 * -(-3 * psf.kernel_size // 16))
        self.line = torch.as_tensor(tiling.line(), device=device)
        self.window = torch.outer(self.line, self.line)
        self.power = float(self.window.square().sum()) ** 0.5
        self.rings = wiener.rings_for(tiling.field_px, tiling.window_px, device=device)
        self.grid = FilterGrid(tiling.field_px, min(support, tiling.field_px), psf.kernel_size, device)
        self.at_grid = self.rings.interpolation(self.grid.f)
        self.probe_colours = demosaic_spectra(self.rings.f, demosaiced=photo.demosaiced)
        self.grid_colours = demosaic_spectra(self.grid.f, demosaiced=photo.demosaiced)
        self._spectra: Tensor | None = None
        self._buffers = threading.local()

    def row(self, y: int, x_starts: range, sums: Tensor) -> np.ndarray:
        """Add the filtered tiles of the row of windows that begins at `y` to `sums` [3, F, width].

        Returns
        -------
        float32 [n], how much of the correction to take in smooth parts of each tile.
        """
        n, field = len(x_starts), self.tiling.field_px
        cols = np.array(x_starts) + self.tiling.window_px // 2
        rows = np.full_like(cols, y + self.tiling.window_px // 2)
        kernels = tile_kernels(self.psf, rows, cols, self.device)
        strip, colour = self._read(y, x_starts)
        if self._spectra is None:
            self._spectra = torch.empty(n, 3, field, field // 2 + 1, dtype=torch.complex64, device=self.device)
        probes, otf = torch.empty(2, n, 3, *self.rings.f.shape, dtype=torch.complex64, device=self.device)
        mean = self._means(strip, n)
        for _ in in_parallel(lambda i: self._analyse(i, strip, kernels, probes, otf, mean), n, self.device):
            pass
        misplaced = misplacement_px(kernels, tile_confidence(self.psf, rows, cols, self.device))
        variance = noise_variance(self.photo, mean, rows, cols)
        filters, smooth = self._filters(probes, otf, kernels, misplaced, variance)
        self._add_means(mean, sums)
        usual = mean.clamp(min=DARKEST)
        most = usual.amax(1, keepdim=True) / usual

        def part(i: int) -> slice:
            return slice(i * self.tiling.stride, i * self.tiling.stride + field)

        def apply(i: int) -> Tensor:
            return self._apply(i, filters[i], colour[..., part(i)], most[i])

        for i, tile in enumerate(in_parallel(apply, n, self.device)):
            sums[..., part(i)] += tile
        return smooth.cpu().numpy()

    def _read(self, y: int, x_starts: range) -> tuple[Tensor, Tensor]:
        """The row of fields and the local colour in it, both [3, F, width]; colour 1 for the strongest channel."""
        tiling = self.tiling
        rows = range(y - tiling.reach, y + tiling.window_px + tiling.reach)
        cols = range(x_starts[0] - tiling.reach, x_starts[-1] + tiling.window_px + tiling.reach)
        strip = read_mirrored(self.photo, rows, cols)
        height, width = strip.shape[:2]
        small = cv2.resize(strip, (width // LENDING_PX, height // LENDING_PX), interpolation=cv2.INTER_AREA)
        small = np.maximum(small, DARKEST)
        small = small / small.max(axis=-1, keepdims=True)
        whole, colour = np.empty((2, 3, height, width), np.float32)
        cv2.split(strip, list(whole))
        for channel, plane in enumerate(colour):
            cv2.resize(
                np.ascontiguousarray(small[..., channel]), (width, height), plane, interpolation=cv2.INTER_LINEAR
            )
        return torch.from_numpy(whole).to(self.device), torch.from_numpy(colour).to(self.device)

    def _means(self, strip: Tensor, n: int) -> Tensor:
        """Mean values [n, 3] in the windows of a row."""
        tiling = self.tiling
        columns = self.line @ strip[:, tiling.reach : tiling.reach + tiling.window_px]
        lines = columns[:, tiling.reach :].unfold(1, tiling.window_px, tiling.stride)[:, :n]
        return (lines @ self.line).T / self.line.sum().square()

    def _analyse(self, i: int, strip: Tensor, kernels: Tensor, probes: Tensor, otf: Tensor, mean: Tensor) -> None:
        """Keep tile i's spectrum times conj(K), and at the probes its spectrum (unit power) and K."""
        assert self._spectra is not None
        tiling = self.tiling
        reach, x = tiling.reach, i * tiling.stride + tiling.reach
        field = self._field()
        inner = field[:, reach:-reach, reach:-reach]
        torch.sub(strip[:, reach:-reach, x : x + tiling.window_px], mean[i, :, None, None], out=inner)
        inner.mul_(self.window)
        spectrum = torch.fft.rfft2(field)
        transfer = self.grid.conjugate_transfer(kernels[i])
        shape = self.rings.f.shape
        probes[i] = spectrum.flatten(1).index_select(1, self.rings.index).unflatten(1, shape) / self.power
        otf[i] = transfer.flatten(1).index_select(1, self.rings.index).unflatten(1, shape).conj()
        torch.mul(spectrum, transfer, out=self._spectra[i])

    def _add_means(self, mean: Tensor, sums: Tensor) -> None:
        """Add the mean values [n, 3] of a row of windows, which do not change, to `sums`."""
        tiling = self.tiling
        lines = mean.new_zeros(3, sums.shape[-1])
        for i, value in enumerate(mean):
            x = i * tiling.stride + tiling.reach
            lines[:, x : x + tiling.window_px] += value[:, None] * self.line
        sums[:, tiling.reach : -tiling.reach] += self.line[:, None] * lines[:, None]

    def _field(self) -> Tensor:
        """This thread's field of zeros around a window."""
        if not hasattr(self._buffers, "field"):
            size = self.tiling.field_px
            self._buffers.field = torch.zeros(3, size, size, device=self.device)
            self._buffers.gains = torch.empty(12, size, size // 2 + 1, dtype=torch.complex64, device=self.device)
        field: Tensor = self._buffers.field
        return field

    def _apply(self, i: int, filters: Tensor, colour: Tensor, most: Tensor) -> Tensor:
        """Tile i filtered [3, F, F], but for its mean value. Parameters: [12, G], [3, F, F], [3]."""
        assert self._spectra is not None
        self._field()
        size = self.tiling.field_px
        turned, gains = self._spectra[i], self._buffers.gains
        gains.copy_(self.grid.spread(filters))
        by_source = gains[3:].unflatten(0, (3, 3))
        lent = by_source[:, 0] * turned[0]
        lent.addcmul_(by_source[:, 1], turned[1]).addcmul_(by_source[:, 2], turned[2])
        own = gains[:3].mul_(turned)
        share = (colour * most[:, None, None]).clamp_(max=1)
        return inverse(own, size).addcmul_(inverse(lent, size), share)

    def _filters(
        self, probes: Tensor, otf: Tensor, kernels: Tensor, misplaced: Tensor, variance: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Gains [n, 12, G] of conj(K) y: of each channel alone, then what each gets more from all; least noise [n]."""
        colour, alias = self.probe_colours
        sensor = variance[..., None, None] * colour
        doubt = alias_doubt(alias, otf) + error_power(misplaced, self.rings.f)
        signal = wiener.fitted_signal(probes, otf, sensor, doubt, self.rings)
        correlation = wiener.channel_correlation(probes, otf, signal.at_probes(), sensor, doubt, self.rings)
        colour, alias = self.grid_colours
        transfer, sensor = self.grid.transfer(kernels), variance[..., None] * colour
        doubt = alias_doubt(alias, transfer) + error_power(misplaced, self.grid.f)
        power = signal.at(self.grid.f, self.at_grid)
        together = (correlation.flatten(2).mT @ self.at_grid).unflatten(1, (3, 3))
        noise = self.noise_weight * sensor + doubt * power
        joint, own = wiener.joint_filter(squared(transfer), power, noise, together)
        smooth = wiener.least_noise(joint, transfer, sensor, self.grid.weight)
        lent = joint - torch.diag_embed(own.movedim(1, -1)).movedim((-2, -1), (1, 2))
        return torch.cat([own, lent.flatten(1, 2)], dim=1), smooth
