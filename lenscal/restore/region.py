"""A part of a photo corrected as it would be within the whole: what the window shows before anything is written."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np

from lenscal.optics.psf_grid import PsfGrid, bilinear_nodes
from lenscal.raw.frame import NoiseModel
from lenscal.reports import Report
from lenscal.restore.mask import reach_px
from lenscal.restore.photo import require_size, restore
from lenscal.restore.settings import RestoreSettings
from lenscal.restore.tiles import LinearPhoto, tiling_of

NODE_PX = 64
"""Distance of the kernels that a part is given; between them they are interpolated as in the whole."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Some rows and columns of a photo, as a photo."""

    photo: LinearPhoto
    rows: range
    cols: range

    @property
    def size(self) -> tuple[int, int]:
        return len(self.rows), len(self.cols)

    @property
    def noise(self) -> NoiseModel:
        return self.photo.noise

    @property
    def white_balance(self) -> np.ndarray:
        return self.photo.white_balance

    @property
    def demosaiced(self) -> bool:
        return self.photo.demosaiced

    def rgb_tile(self, rows: slice, cols: slice) -> np.ndarray:
        return self.photo.rgb_tile(_slice(self.rows[rows]), _slice(self.cols[cols]))

    def gain_tile(self, rows: slice, cols: slice) -> np.ndarray:
        return self.photo.gain_tile(_slice(self.rows[rows]), _slice(self.cols[cols]))


def restore_region(
    photo: LinearPhoto, psf: PsfGrid, settings: RestoreSettings, rows: range, cols: range
) -> Generator[Report, str | None, tuple[np.ndarray, np.ndarray]]:
    """`restore` and its mask for the pixels of `rows` and `cols` only, [h, w, 3] and [h, w].

    A margin is corrected too, and tiles lie where they lie in the whole photo, so that with the Wiener filter the
    result is that of the whole photo.

    Raises
    ------
    InputError
        As `restore`.
    """
    require_size(photo, psf)
    reach = reach_px(psf)
    tiling = tiling_of(psf)
    margin = tiling.window_px + tiling.reach + 3 * reach
    height, width = photo.size
    ys, xs = _widened(rows, margin, tiling.stride, height), _widened(cols, margin, tiling.stride, width)
    part, kernels = Part(photo, ys, xs), part_of_grid(psf, ys, xs)
    mask = np.empty(part.size, np.float32)
    out = yield from restore(part, kernels, settings, mask=mask, reach=reach, tiling=tiling)
    inner = slice(rows.start - ys.start, rows.stop - ys.start), slice(cols.start - xs.start, cols.stop - xs.start)
    return out[inner], mask[inner]


def part_of_grid(psf: PsfGrid, rows: range, cols: range) -> PsfGrid:
    """The grid over some rows and columns of the photo, with nodes every NODE_PX px or less."""
    axes = []
    for part, length in zip((rows, cols), psf.image_size, strict=True):
        count = max(-(-(len(part) - 1) // NODE_PX) + 1, 2)
        axes.append(np.linspace(part.start, part.stop - 1, count) / max(length - 1, 1))
    positions = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    confidence = None
    if psf.confidence is not None:
        index, weight = bilinear_nodes(positions, psf.shape)
        confidence = np.einsum("...n,...nc->...c", weight, psf.confidence.reshape(-1, 3)[index]).astype(np.float32)
    return PsfGrid(psf.at(positions).astype(np.float32), (len(rows), len(cols)), psf.reference, confidence)


def _widened(part: range, margin: int, stride: int, length: int) -> range:
    """With a margin on both sides inside the photo, beginning at a multiple of the tiles' stride."""
    return range(max((part.start - margin) // stride * stride, 0), min(part.stop + margin, length))


def _slice(part: range) -> slice:
    return slice(part.start, part.stop, part.step)
