"""A part of a photo corrected as it would be within the whole: what the window shows before
anything is written."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray

from lenscal.optics.nodes import grid_positions
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import NoiseModel
from lenscal.reports import Report
from lenscal.restore import wiener
from lenscal.restore.data_step import DataStep
from lenscal.restore.mask import reach_px
from lenscal.restore.network.bands import LensNetwork
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
from lenscal.restore.plug_and_play import blocks, prior_denoiser, with_margin
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.restore.tiles import LinearPhoto, Tiling, tiling_of
from lenscal.restore.wiener_photo import Band
from lenscal.stepping import Job
from lenscal.system.device import pick_device
from lenscal.translation import translatable

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
        """(height, width) of the part in px."""
        return len(self.rows), len(self.cols)

    @property
    def noise(self) -> NoiseModel:
        """The photo's."""
        return self.photo.noise

    @property
    def white_balance(self) -> NDArray[np.float32]:
        """The photo's."""
        return self.photo.white_balance

    @property
    def clipping(self) -> NDArray[np.float32]:
        """The photo's."""
        return self.photo.clipping

    @property
    def demosaiced(self) -> bool:
        """The photo's."""
        return self.photo.demosaiced

    def rgb_tile(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        """Values [h, w, 3]; rows and columns count from the part's first."""
        return self.photo.rgb_tile(_slice(self.rows[rows]), _slice(self.cols[cols]))

    def gain_tile(self, rows: slice, cols: slice) -> NDArray[np.float32]:
        """Gains [h, w, 3]; rows and columns count from the part's first."""
        return self.photo.gain_tile(_slice(self.rows[rows]), _slice(self.cols[cols]))


def restore_region(
    photo: LinearPhoto,
    psf: PsfGrid,
    settings: RestoreSettings,
    rows: range,
    cols: range,
    *,
    network: LensNetwork | None = None,
) -> Job[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """`restore` and its mask for the pixels of `rows` and `cols` only, [h, w, 3] and [h, w].

    A margin is corrected too, and tiles lie where they lie in the whole photo, so that with the
    Wiener filter, and with a network, the result is that of the whole photo. A photo prior, which
    takes most of the time, works on little more than the part.

    network : as in `restore_rows`, for the whole photo

    Raises
    ------
    InputError
        As `restore`.
    """
    require_size(photo, psf)
    reach, tiling = reach_px(psf), tiling_of(psf)
    # All that a pixel's value depends on: its windows, their fields, and clipped pixels' reach.
    margin = tiling.window_px + tiling.reach + 3 * reach
    height, width = photo.size
    ys = _widened(rows, margin, tiling.stride, height)
    xs = _widened(cols, margin, tiling.stride, width)
    part, kernels = Part(photo, ys, xs), part_of_grid(psf, ys, xs)
    out = np.empty((*part.size, 3), np.float32)
    mask = np.empty(part.size, np.float32)
    if settings.method in PRIORS and not unchanged(settings):

        def put(band: range, rgb: NDArray[np.float32], weight: NDArray[np.float32]) -> None:
            out[band.start : band.stop] = rgb
            mask[band.start : band.stop] = weight

        prior = yield from _prior_estimate(photo, psf, settings, rows, cols, tiling)
        # The filter is cheap enough for the margin too, which the mask needs.
        linear = estimate(part, kernels, replace(settings, method=Method.WIENER), tiling)
        averaged = _averaged(linear, prior, rows.start - ys.start, cols.start - xs.start)
        yield from hand_on(part, averaged, settings, put, reach)
    else:
        # Windows begin at even pixels: the network sees the same pairs of pixels.
        own = None if network is None else network.part(ys.start, xs.start)
        out = yield from restore(
            part, kernels, settings, mask=mask, reach=reach, tiling=tiling, network=own
        )
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
) -> Job[NDArray[np.float32]]:
    """The prior's estimate [h, w, 3] of a part; where the device's memory does not suffice, on the
    processor."""
    device = pick_device(settings.device)
    # Smaller blocks would not help: a part is smaller than a block.
    devices = [device] if device.type == "cpu" else [device, torch.device("cpu")]
    bands = with_less_memory(
        [partial(prior_part, photo, psf, settings, rows, cols, on, tiling) for on in devices]
    )
    out = np.empty((len(rows), len(cols), 3), np.float32)
    for band in bands:
        if isinstance(band, float):
            message = translatable("Removing the blur with the photo prior")
            yield Report("correct", message, fraction=band)
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
    method, denoiser = PRIORS[settings.method], prior_denoiser(settings, device)
    noise_weight = wiener.noise_weight(settings.denoise)
    height, width = photo.size
    out = np.zeros((len(rows), len(cols), 3), np.float32)
    # A part may lie over up to four blocks.
    shares = _shares(rows, height, tiling.stride), _shares(cols, width, tiling.stride)
    pairs = list(product(*shares))
    for number, (y, x) in enumerate(pairs):
        step = DataStep(
            photo, psf, y.near, x.near, noise_weight, device, tiling, (y.phase, x.phase)
        )
        estimates = method.iteration(step, denoiser, y.near, x.near, settings)
        for done, estimated in enumerate(estimates, 1):  # noqa: B007
            yield (number + done / method.n_estimates) / len(pairs)
        inner = estimated[:, y.within(y.near), x.within(x.near)].permute(1, 2, 0).cpu().numpy()
        weight = np.outer(y.weight, x.weight).astype(np.float32)[..., None]
        out[y.within(rows), x.within(cols)] += weight * inner
    yield Band(range(len(rows)), out, None, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """What a block adds to a part along one axis.

    Attributes
    ----------
    pixels : range
        Of the part, those that the block reaches.
    weight : float64 [len(pixels)]
        How much of them is the block's.
    near : range
        Pixels that are worked out for it.
    phase : int
        How much earlier than usual the windows in them begin, px.
    """

    pixels: range
    weight: NDArray[np.float64]
    near: range
    phase: int

    def within(self, outer: range) -> slice:
        """The pixels' places in a range that holds them."""
        return slice(self.pixels.start - outer.start, self.pixels.stop - outer.start)


def _shares(part: range, length: int, stride: int) -> list[Share]:
    """What each block of an axis of `length` px adds to a part of it."""
    out = []
    for start, weight in blocks(length):
        pixels = range(max(part.start, start), min(part.stop, start + len(weight)))
        if not len(pixels):
            continue
        block = with_margin(start, len(weight), length)
        # Denoisers take pixels in squares, which count from the block's first one: of 2 px, or of
        # 8.
        skipped = max(pixels.start - PRIOR_MARGIN_PX - block.start, 0) // 8 * 8
        near = range(block.start + skipped, min(pixels.stop + PRIOR_MARGIN_PX, block.stop))
        inside = weight[pixels.start - start : pixels.stop - start]
        out.append(Share(pixels, inside, near, skipped % stride))
    return out


def _averaged(linear: Bands, prior: NDArray[np.float32], y: int, x: int) -> Bands:
    """The Wiener filter's bands, as `blended` with the prior's estimate that lies at (y, x) in
    them."""
    height, width = prior.shape[:2]
    for band in linear:
        if isinstance(band, Band):
            # Outside the part the filter's estimate alone stands: it is cut off in the end.
            top, bottom = max(band.rows.start, y), min(band.rows.stop, y + height)
            if top < bottom:
                here = band.rgb[top - band.rows.start : bottom - band.rows.start, x : x + width]
                here *= WIENER_SHARE
                here += (1 - WIENER_SHARE) * prior[top - y : bottom - y]
            # As the whole photo's blend: the filter's own weight for smooth parts is not asked.
            yield replace(band, smooth=None, fraction=1.0)


def part_of_grid(psf: PsfGrid, rows: range, cols: range) -> PsfGrid:
    """The grid over some rows and columns of the photo, with nodes every NODE_PX px or less."""
    axes = []
    # Between close nodes the part's own interpolation is the whole grid's.
    for part, length in zip((rows, cols), psf.image_size, strict=True):
        count = max(-(-(len(part) - 1) // NODE_PX) + 1, 2)
        axes.append(np.linspace(part.start, part.stop - 1, count) / max(length - 1, 1))
    positions = grid_positions(*axes)
    interpolated = psf.confidence_at(positions)
    confidence = None if interpolated is None else interpolated.astype(np.float32)
    kernels = psf.at(positions).astype(np.float32)
    return PsfGrid(kernels, (len(rows), len(cols)), psf.reference, confidence)


def _widened(part: range, margin: int, stride: int, length: int) -> range:
    """With a margin on both sides inside the photo, beginning at a multiple of the tiles'
    stride."""
    return range(max((part.start - margin) // stride * stride, 0), min(part.stop + margin, length))


def _slice(part: range) -> slice:
    """The same pixels as a slice."""
    return slice(part.start, part.stop, part.step)
