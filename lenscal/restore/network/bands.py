"""A restoration network over a whole photo: strip by strip, finished rows handed on as they
come."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from lenscal.optics.psf_grid import PsfGrid
from lenscal.restore import wiener
from lenscal.restore.data_step import offset
from lenscal.restore.network.planes import Place, network_planes
from lenscal.restore.network.weights import Network
from lenscal.restore.settings import DENOISE_USUAL, RestoreSettings
from lenscal.restore.tiles import LinearPhoto, Tiling
from lenscal.restore.wiener_photo import Band, wiener_bands
from lenscal.system.threads import several_cores

BLOCK_PX = 512
"""Side of a block: memory against the margins that are worked out twice; even."""
SURROUNDINGS_PX = 4
"""Beyond what the network sees: pixels in pairs, and the light that noise levels go by. Even."""
WIENER_TIME = 0.1
"""Part of the time that the Wiener filter takes."""


@dataclass(frozen=True, slots=True, eq=False)
class LensNetwork:
    """A network that was trained for the lens of a photo.

    Attributes
    ----------
    net : Network
    share : float
        How much of its change to the Wiener estimate is kept, 0..1.
    place : Place
        Of the photo in the field that the network was trained for.
    """

    net: Network
    share: float
    place: Place

    def part(self, y: int, x: int) -> LensNetwork:
        """For a part of the photo whose first pixel is (y, x), both even."""
        return replace(self, place=self.place.part(y, x))


def network_bands(
    photo: LinearPhoto,
    psf: PsfGrid,
    settings: RestoreSettings,
    device: torch.device,
    network: LensNetwork,
    *,
    tiling: Tiling | None = None,
    block_px: int = BLOCK_PX,
) -> Generator[Band | float, None, None]:
    """The network's estimate in bands of rows, from the top; in between, how much of the photo is
    done.

    Blocks are given as much around them as the network sees, so that the result has no seams.
    Memory: a strip of blocks and some hundred MB.
    """
    height, width = photo.size
    net = network.net.to(device).eval().requires_grad_(False)
    if device.type == "cpu":
        # As for denoisers: a sixth faster there.
        net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    c, margin = offset(photo), net.reach_px + SURROUNDINGS_PX
    # The network knows Wiener estimates of least error; how smooth the user wants it, it is told.
    usual = replace(settings, denoise=DENOISE_USUAL)
    noise_share = wiener.noise_weight(settings.denoise) ** 0.5
    rows_of_wiener = _Rows(width)
    with closing(wiener_bands(photo, psf, usual, device, tiling=tiling)) as filtered:
        bands = iter(filtered)
        for y in range(0, height, block_px):
            rows = range(y, min(y + block_px, height))
            near_rows = _with_margin(rows, margin, height)
            while rows_of_wiener.stop < near_rows.stop:
                rows_of_wiener.append(next(bands))
                yield WIENER_TIME * rows_of_wiener.stop / height + (1 - WIENER_TIME) * y / height
            strip = rows_of_wiener.read(near_rows)
            rgb = np.empty((len(rows), width, 3), np.float32)
            for x in range(0, width, block_px):
                cols = range(x, min(x + block_px, width))
                near = near_rows, _with_margin(cols, margin, width)
                estimate = strip[:, near[1].start : near[1].stop]
                block = _block(photo, estimate, near, network, (c, noise_share), device)
                top, left = y - near[0].start, x - near[1].start
                rgb[:, x : cols.stop] = block[top : top + len(rows), left : left + len(cols)]
                yield _fraction(rows, cols, photo.size)
            yield Band(rows, rgb, None, rows.stop / height)


def _block(
    photo: LinearPhoto,
    estimate: NDArray[np.float32],
    near: tuple[range, range],
    network: LensNetwork,
    levels: tuple[float, float],
    device: torch.device,
) -> NDArray[np.float32]:
    """The restored block [h, w, 3] of rows and columns `near`; levels : c, and what noise levels
    are multiplied by."""
    part = slice(near[0].start, near[0].stop), slice(near[1].start, near[1].stop)
    (c, noise_share), place = levels, network.place.part(near[0].start, near[1].start)
    multiplier = photo.gain_tile(*part) * photo.white_balance
    planes = network_planes(photo.rgb_tile(*part), estimate, multiplier, photo.noise, c, place)
    planes[:, 6:9] *= noise_share
    height, width = planes.shape[-2:]
    # Half-size phases need pairs of rows and columns.
    even = torch.nn.functional.pad(planes, (0, width % 2, 0, height % 2), mode="replicate")
    with torch.inference_mode(), several_cores():
        u = network.net(even.to(device))[0, :, :height, :width].cpu()
    # As a change of the filter's estimate: without one it is exactly that.
    change = u.clamp(min=0).square() - planes[0, :3].square()
    return np.asarray(estimate + np.float32(network.share) * change.permute(1, 2, 0).numpy())


def _with_margin(pixels: range, margin: int, length: int) -> range:
    return range(max(pixels.start - margin, 0), min(pixels.stop + margin, length))


def _fraction(rows: range, cols: range, size: tuple[int, int]) -> float:
    """How much of the photo is done with a block."""
    before = rows.start * size[1] + len(rows) * cols.stop
    filtered = min(rows.stop / size[0], 1.0)
    return WIENER_TIME * filtered + (1 - WIENER_TIME) * before / (size[0] * size[1])


class _Rows:
    """The last rows of an estimate that comes in bands."""

    def __init__(self, width: int) -> None:
        self._bands: list[Band] = []
        self._width = width

    @property
    def stop(self) -> int:
        """The row after the last."""
        return self._bands[-1].rows.stop if self._bands else 0

    def append(self, band: Band) -> None:
        """The next rows."""
        self._bands.append(band)

    def read(self, rows: range) -> NDArray[np.float32]:
        """Some rows [h, W, 3]; those above them are forgotten."""
        self._bands = [band for band in self._bands if band.rows.stop > rows.start]
        out = np.empty((len(rows), self._width, 3), np.float32)
        for band, part in self._overlaps(rows):
            out[part.start - rows.start : part.stop - rows.start] = band.rgb[
                part.start - band.rows.start : part.stop - band.rows.start
            ]
        return out

    def _overlaps(self, rows: range) -> Iterator[tuple[Band, range]]:
        for band in self._bands:
            part = range(max(band.rows.start, rows.start), min(band.rows.stop, rows.stop))
            if len(part):
                yield band, part
