"""The Wiener filter over a whole photo: a row of tiles at a time, finished rows handed on as they
come."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.optics.psf_grid import ONE_NODE, PsfGrid
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

MOST_ROWS = 4
"""How many rows of tiles are filtered side by side: each takes some 100 MB in large photos."""
LOCAL_COLOUR_PX = 8
"""Side of the squares over which a local colour is averaged: below it noise would count as one."""
LEAST_COLOURED = 1e-4
"""The least value that has a colour: darker ones are noise alone."""


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
    rgb: NDArray[np.float32]
    smooth: NDArray[np.float32] | None
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
    # Windows begin before the photo and end beyond it, on its mirror image.
    y_starts, x_starts = tiling.starts(height), tiling.starts(width)
    line, reach = tiling.line(), tiling.reach
    x0 = reach - x_starts[0]
    across = _window_lines(tiling, x_starts, width)
    # The last rows of a row of fields, to which the next row adds.
    unfinished = torch.zeros((), device=device)
    smooth: list[NDArray[np.float32]] = []
    filtered = in_parallel(
        lambda i: tiles.row(y_starts[i], x_starts), len(y_starts), device, most=MOST_ROWS
    )
    with closing(filtered):
        for number, (sums, tile_smooth) in enumerate(filtered):
            sums[:, : tiling.field_px - tiling.stride] += unfinished
            unfinished = sums[:, tiling.stride :].clone()
            smooth.append(tile_smooth @ across)
            top = y_starts[number] - reach
            rows = range(max(top, 0), min(top + tiling.stride, height))
            if not len(rows):
                continue
            done = sums[:, rows.start - top : rows.stop - top, x0 : x0 + width]
            rgb = done.cpu().numpy()
            weights = np.zeros((len(rows), width), np.float32)
            # Three rows of windows lie over one another at most.
            for back in range(min(3, number + 1)):
                place = np.array(rows) - y_starts[number - back]
                inside = (place >= 0) & (place < tiling.window_px)
                weights[inside] += line[place[inside], None] * smooth[number - back]
            yield Band(rows, cv2.merge(list(rgb)), weights, (number + 1) / len(y_starts))


def _window_lines(tiling: Tiling, starts: range, length: int) -> NDArray[np.float32]:
    """The windows [n, length] along an axis of `length` px, on the photo."""
    line = tiling.line()
    out = np.zeros((len(starts), length), np.float32)
    for number, start in enumerate(starts):
        first, last = max(start, 0), min(start + tiling.window_px, length)
        if last > first:
            out[number, first:last] = line[first - start : last - start]
    return out


@dataclass(frozen=True, slots=True, eq=False)
class Buffers:
    """Zeros around a window [3, F, F]; half planes: spectra of a row of tiles [n, 3, F, G], gains
    [12, F, G]."""

    field: Tensor
    spectra: Tensor
    gains: Tensor


class TileFilter:
    """What is the same for all tiles of a photo, and the filtering of a row of them.

    Rows may be filtered side by side on threads of their own. The tiles of a row go one by one, in
    buffers that stay in a processor's cache.
    """

    def __init__(
        self,
        photo: LinearPhoto,
        psf: PsfGrid,
        tiling: Tiling,
        noise_weight: float,
        device: torch.device,
    ) -> None:
        self.photo, self.psf, self.tiling = photo, psf, tiling
        self.device, self.noise_weight = device, noise_weight
        # Filters reach about as far as one and a half kernels; multiples of 8 px transform fast.
        support = max(wiener.SUPPORT_PX, 8 * -(-3 * psf.kernel_size // 16))
        if psf.shape == ONE_NODE:
            # The hand's blur, unlike a lens's, has lines of zeros: filters change quickly there,
            # and between few frequencies they would be far too strong.
            support = tiling.field_px
        self.line = torch.as_tensor(tiling.line(), device=device)
        self.window = torch.outer(self.line, self.line)
        self.power = float(self.window.square().sum()) ** 0.5
        self.rings = wiener.rings_for(tiling.field_px, tiling.window_px, device=device)
        self.grid = FilterGrid(
            tiling.field_px, min(support, tiling.field_px), psf.kernel_size, device
        )
        self.at_grid = self.rings.interpolation(self.grid.f)
        self.probe_colours = demosaic_spectra(self.rings.f, demosaiced=photo.demosaiced)
        self.grid_colours = demosaic_spectra(self.grid.f, demosaiced=photo.demosaiced)
        self._threads = threading.local()

    def row(self, y: int, x_starts: range) -> tuple[Tensor, NDArray[np.float32]]:
        """The row of windows that begins at `y`, filtered.

        Returns
        -------
        float32 [3, F, width]
            The sum of its tiles.
        float32 [n]
            How much of the correction to take in each tile's smooth parts.
        """
        # A tile's kernels are those of its centre.
        n, field = len(x_starts), self.tiling.field_px
        cols = np.array(x_starts) + self.tiling.window_px // 2
        rows = np.full_like(cols, y + self.tiling.window_px // 2)
        kernels = tile_kernels(self.psf, rows, cols, self.device)
        confidence = tile_confidence(self.psf, rows, cols, self.device)
        buffers = self._of_this_thread(n)
        strip, colour = self._read(y, x_starts)
        probe_shape = (2, n, 3, *self.rings.f.shape)
        probes, otf = torch.empty(probe_shape, dtype=torch.complex64, device=self.device)
        # Means stay as they are (kernels sum to 1): what is left has no steps at windows' rims.
        mean = self._means(strip, n)
        for i in range(n):
            self._analyse(i, strip, kernels, buffers, probes, otf, mean)
        misplaced = misplacement_px(kernels, confidence)
        variance = noise_variance(self.photo, mean, rows, cols)
        filters, smooth = self._filters(probes, otf, kernels, misplaced, variance)
        # What other channels lend is scaled by the local colour over the tile's: where a channel
        # is darker than usual, less of it.
        tile_colour = mean.clamp(min=LEAST_COLOURED)
        scale = tile_colour.amax(1, keepdim=True) / tile_colour
        sums = self._sum_of_means(mean, strip)
        for i in range(n):
            part = slice(i * self.tiling.stride, i * self.tiling.stride + field)
            sums[..., part] += self._apply(
                buffers.spectra[i], filters[i], colour[..., part], scale[i], buffers.gains
            )
        return sums, smooth.cpu().numpy()

    def _read(self, y: int, x_starts: range) -> tuple[Tensor, Tensor]:
        """The row of fields and the local colour in it, both [3, F, width]; colour 1 for the
        strongest channel."""
        tiling = self.tiling
        rows = range(y - tiling.reach, y + tiling.window_px + tiling.reach)
        cols = range(x_starts[0] - tiling.reach, x_starts[-1] + tiling.window_px + tiling.reach)
        strip = read_mirrored(self.photo, rows, cols)
        height, width = strip.shape[:2]
        squares = width // LOCAL_COLOUR_PX, height // LOCAL_COLOUR_PX
        small = cv2.resize(strip, squares, interpolation=cv2.INTER_AREA)
        small = np.maximum(small, LEAST_COLOURED)
        small = small / small.max(axis=-1, keepdims=True)
        whole, colour = np.empty((2, 3, height, width), np.float32)
        cv2.split(strip, list(whole))
        for channel, plane in enumerate(colour):
            values = np.ascontiguousarray(small[..., channel])
            cv2.resize(values, (width, height), plane, interpolation=cv2.INTER_LINEAR)
        return torch.from_numpy(whole).to(self.device), torch.from_numpy(colour).to(self.device)

    def _means(self, strip: Tensor, n: int) -> Tensor:
        """Mean values [n, 3] in the windows of a row."""
        tiling = self.tiling
        # Separable windows: a product along y, then one along x.
        columns = self.line @ strip[:, tiling.reach : tiling.reach + tiling.window_px]
        lines = columns[:, tiling.reach :].unfold(1, tiling.window_px, tiling.stride)[:, :n]
        return (lines @ self.line).T / self.line.sum().square()

    def _analyse(
        self,
        i: int,
        strip: Tensor,
        kernels: Tensor,
        buffers: Buffers,
        probes: Tensor,
        otf: Tensor,
        mean: Tensor,
    ) -> None:
        """Keep tile i's spectrum times conj(K), and at the probes its spectrum (unit power) and
        K."""
        tiling, field = self.tiling, buffers.field
        reach, x = tiling.reach, i * tiling.stride + tiling.reach
        # In place, in a field whose zeros around stay: new memory for every tile would leave the
        # cache.
        inner = field[:, reach:-reach, reach:-reach]
        window = strip[:, reach:-reach, x : x + tiling.window_px]
        torch.sub(window, mean[i, :, None, None], out=inner)
        inner.mul_(self.window)
        spectrum = torch.fft.rfft2(field)
        transfer = self.grid.conjugate_transfer(kernels[i])
        probes[i] = self._at_probes(spectrum) / self.power
        otf[i] = self._at_probes(transfer).conj()
        torch.mul(spectrum, transfer, out=buffers.spectra[i])

    def _at_probes(self, spectrum: Tensor) -> Tensor:
        """Values [3, R, P] of a half plane [3, F, G]."""
        values = spectrum.flatten(1).index_select(1, self.rings.index)
        return values.view(3, *self.rings.f.shape)

    def _sum_of_means(self, mean: Tensor, strip: Tensor) -> Tensor:
        """What the mean values [n, 3] of a row of windows add up to, like `strip`: they do not
        change."""
        tiling, sums = self.tiling, torch.empty_like(strip)
        # The windows' sum is 1 only over all rows; of one row it is the window's own line.
        lines = mean.new_zeros(3, sums.shape[-1])
        for i, value in enumerate(mean):
            x = i * tiling.stride + tiling.reach
            lines[:, x : x + tiling.window_px] += value[:, None] * self.line
        torch.mul(self.line[:, None], lines[:, None], out=sums[:, tiling.reach : -tiling.reach])
        sums[:, : tiling.reach] = sums[:, -tiling.reach :] = 0
        return sums

    def _of_this_thread(self, n: int) -> Buffers:
        """This thread's buffers for a row of n tiles."""
        # A thread filters rows one after the other: it needs its buffers once.
        if not hasattr(self._threads, "buffers"):
            field = self.tiling.field_px
            half = field, field // 2 + 1
            self._threads.buffers = Buffers(
                torch.zeros(3, field, field, device=self.device),
                torch.empty(n, 3, *half, dtype=torch.complex64, device=self.device),
                torch.empty(12, *half, dtype=torch.complex64, device=self.device),
            )
        buffers: Buffers = self._threads.buffers
        return buffers

    def _apply(
        self, phased: Tensor, filters: Tensor, colour: Tensor, scale: Tensor, gains: Tensor
    ) -> Tensor:
        """A tile filtered [3, F, F], but for its mean value.

        Parameters
        ----------
        phased : complex Tensor [3, F, G]
            conj(K) y.
        filters : Tensor [12, g]
            As `_filters` gives them.
        colour : Tensor [3, F, F]
            The local colour.
        scale : Tensor [3]
            What it is multiplied by.
        gains : Tensor [12, F, G]
            Overwritten.
        """
        size = self.tiling.field_px
        gains.copy_(self.grid.spread(filters))
        by_source = gains[3:].view(3, 3, *gains.shape[1:])
        from_others = by_source[:, 0] * phased[0]
        from_others.addcmul_(by_source[:, 1], phased[1]).addcmul_(by_source[:, 2], phased[2])
        alone = gains[:3].mul_(phased)
        # Other channels lend no more than the local colour allows.
        share = (colour * scale[:, None, None]).clamp_(max=1)
        return inverse(alone, size).addcmul_(inverse(from_others, size), share)

    def _filters(
        self, probes: Tensor, otf: Tensor, kernels: Tensor, misplaced: Tensor, variance: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Gains [n, 12, g] of conj(K) y at the grid's frequencies: of each channel alone, then what
        each gets more from all; least noise [n]."""
        # The sharp tile's spectrum and colours, by what the probes show.
        colour, alias = self.probe_colours
        sensor = variance[..., None, None] * colour
        doubt = alias_doubt(alias, otf) + error_power(misplaced, self.rings.f)
        signal = wiener.fitted_signal(probes, otf, sensor, doubt, self.rings)
        correlation = wiener.channel_correlation(
            probes, otf, signal.at_probes(), sensor, doubt, self.rings
        )
        # The filter, at the few frequencies between which it is smooth.
        colour, alias = self.grid_colours
        transfer, sensor = self.grid.transfer(kernels), variance[..., None] * colour
        doubt = alias_doubt(alias, transfer) + error_power(misplaced, self.grid.f)
        power = signal.at(self.grid.f, self.at_grid)
        together = (correlation.flatten(2).mT @ self.at_grid).view(len(kernels), 3, 3, -1)
        noise = self.noise_weight * sensor + doubt * power
        joint, alone = wiener.joint_filter(squared(transfer), power, noise, together)
        smooth = wiener.least_noise(joint, transfer, sensor, self.grid.weight)
        lone = torch.diag_embed(alone.movedim(1, -1)).movedim((-2, -1), (1, 2))
        return torch.cat([alone, (joint - lone).flatten(1, 2)], dim=1), smooth
