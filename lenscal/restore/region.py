"""A part of a photo corrected as it would be within the whole: what the window shows before
anything is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import torch

from lenscal.optics.psf_grid import PsfGrid, bilinear_nodes
from lenscal.prior.denoiser import load_denoiser
from lenscal.raw.frame import NoiseModel
from lenscal.reports import Report
from lenscal.restore import wiener
from lenscal.restore.data_step import DataStep
from lenscal.restore.mask import reach_px
from lenscal.restore.photo import (
    PRIORS,
    WIENER_SHARE,
    Bands,
    estimate,
    hand_on,
    require_size,
    restore,
    unchanged,
    with_less_memory,
)
from lenscal.restore.plug_and_play import MARGIN_PX, blocks
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.restore.tiles import LinearPhoto, Tiling, tiling_of
from lenscal.restore.wiener_photo import Band
from lenscal.stepping import Job
from lenscal.system.device import pick_device

NODE_PX = 64
"""Distance of the kernels that a part is given; between them they are interpolated as in the
whole."""
PRIOR_MARGIN_PX = 64
"""What a photo prior is given around a part. With 32 px single pixels are 0.02 off the whole
photo's, with 64 0.003."""


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
) -> Job[tuple[np.ndarray, np.ndarray]]:
    """`restore` and its mask for the pixels of `rows` and `cols` only, [h, w, 3] and [h, w].

    A margin is corrected too, and tiles lie where they lie in the whole photo, so that with the
    Wiener filter the result is that of the whole photo. A photo prior, which takes most of the
    time, works on little more than the part.

    Raises
    ------
    InputError
        As `restore`.
    """
    require_size(photo, psf)
    reach, tiling = reach_px(psf), tiling_of(psf)
    margin = tiling.window_px + tiling.reach + 3 * reach
    height, width = photo.size
    ys, xs = (
        _widened(rows, margin, tiling.stride, height),
        _widened(cols, margin, tiling.stride, width),
    )
    part, kernels = Part(photo, ys, xs), part_of_grid(psf, ys, xs)
    out, mask = np.empty((*part.size, 3), np.float32), np.empty(part.size, np.float32)
    if settings.method in PRIORS and not unchanged(settings):

        def keep(here: range, rgb: np.ndarray, weight: np.ndarray) -> None:
            out[here.start : here.stop], mask[here.start : here.stop] = rgb, weight

        prior = yield from _prior_estimate(photo, psf, settings, rows, cols, tiling)
        linear = estimate(part, kernels, replace(settings, method=Method.WIENER), tiling)
        averaged = _averaged(linear, prior, rows.start - ys.start, cols.start - xs.start)
        yield from hand_on(part, averaged, settings, keep, reach)
    else:
        out = yield from restore(part, kernels, settings, mask=mask, reach=reach, tiling=tiling)
    inner = (
        slice(rows.start - ys.start, rows.stop - ys.start),
        slice(cols.start - xs.start, cols.stop - xs.start),
    )
    return out[inner], mask[inner]


def _prior_estimate(
    photo: LinearPhoto,
    psf: PsfGrid,
    settings: RestoreSettings,
    rows: range,
    cols: range,
    tiling: Tiling,
) -> Job[np.ndarray]:
    """The prior's estimate [h, w, 3] of a part; where the device's memory does not suffice, on the
    processor."""
    device = pick_device(settings.device)
    devices = [device] if device.type == "cpu" else [device, torch.device("cpu")]
    bands = with_less_memory(
        [partial(prior_part, photo, psf, settings, rows, cols, on, tiling) for on in devices]
    )
    out = np.empty((len(rows), len(cols), 3), np.float32)
    for band in bands:
        if isinstance(band, float):
            yield Report("correct", "Undoing the blur with the photo prior", fraction=band)
        else:
            out[band.rows.start : band.rows.stop] = band.rgb
    return out


def prior_part(
    photo: LinearPhoto,
    psf: PsfGrid,
    settings: RestoreSettings,
    rows: range,
    cols: range,
    device: torch.device,
    tiling: Tiling,
) -> Bands:
    """What `plug_and_play` makes of a part, as one band whose rows count from the part's first.

    Blocks, their seams and the windows in them lie where they lie in the whole photo, but of each
    block no more is worked out than the part and PRIOR_MARGIN_PX around it.
    """
    iteration, n_steps = PRIORS[settings.method]
    denoiser = load_denoiser(Path(settings.prior) if settings.prior else None, device=device)
    height, width = photo.size
    out = np.zeros((len(rows), len(cols), 3), np.float32)
    pairs = list(product(_shares(rows, height, tiling.stride), _shares(cols, width, tiling.stride)))
    for number, (y, x) in enumerate(pairs):
        step = DataStep(
            photo,
            psf,
            y.near,
            x.near,
            wiener.noise_weight(settings.denoise),
            device,
            tiling,
            (y.phase, x.phase),
        )
        for done, estimated in enumerate(iteration(step, denoiser, y.near, x.near, settings), 1):  # noqa: B007
            yield (number + done / n_steps) / len(pairs)
        inner = estimated[:, y.within(y.near), x.within(x.near)].permute(1, 2, 0).cpu().numpy()
        out[y.within(rows), x.within(cols)] += (
            np.outer(y.weight, x.weight).astype(np.float32)[..., None] * inner
        )
    yield Band(range(len(rows)), out, None, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """What a block adds to a part along one axis: pixels and their weights, those that are worked
    out for it, and how much earlier the windows in them begin."""

    own: range
    weight: np.ndarray
    near: range
    phase: int

    def within(self, outer: range) -> slice:
        return slice(self.own.start - outer.start, self.own.stop - outer.start)


def _shares(part: range, length: int, stride: int) -> list[Share]:
    out = []
    for start, weight in blocks(length):
        own = range(max(part.start, start), min(part.stop, start + len(weight)))
        if not len(own):
            continue
        first, last = max(start - MARGIN_PX, 0), min(start + len(weight) + MARGIN_PX, length)
        # Denoisers take pixels in squares, which count from the block's first one: of 2 px, or of
        # 8.
        skipped = max(own.start - PRIOR_MARGIN_PX - first, 0) // 8 * 8
        near = range(first + skipped, min(own.stop + PRIOR_MARGIN_PX, last))
        out.append(Share(own, weight[own.start - start : own.stop - start], near, skipped % stride))
    return out


def _averaged(linear: Bands, prior: np.ndarray, y: int, x: int) -> Bands:
    """The Wiener filter's bands, as `blended` with the prior's estimate that lies at (y, x) in
    them."""
    height, width = prior.shape[:2]
    for band in linear:
        if isinstance(band, Band):
            top, bottom = max(band.rows.start, y), min(band.rows.stop, y + height)
            if top < bottom:
                here = band.rgb[top - band.rows.start : bottom - band.rows.start, x : x + width]
                here *= WIENER_SHARE
                here += (1 - WIENER_SHARE) * prior[top - y : bottom - y]
            yield replace(band, smooth=None, fraction=1.0)


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
        confidence = np.einsum(
            "...n,...nc->...c", weight, psf.confidence.reshape(-1, 3)[index]
        ).astype(np.float32)
    return PsfGrid(
        psf.at(positions).astype(np.float32), (len(rows), len(cols)), psf.reference, confidence
    )


def _widened(part: range, margin: int, stride: int, length: int) -> range:
    """With a margin on both sides inside the photo, beginning at a multiple of the tiles'
    stride."""
    return range(max((part.start - margin) // stride * stride, 0), min(part.stop + margin, length))


def _slice(part: range) -> slice:
    return slice(part.start, part.stop, part.step)
