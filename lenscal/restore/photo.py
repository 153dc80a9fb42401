"""Correct one photo: tile by tile, in linear camera RGB and sensor orientation."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, pad

from lenscal.device import pick_device
from lenscal.errors import InputError
from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import NoiseModel
from lenscal.reports import Report
from lenscal.restore import wiener
from lenscal.restore.demosaic import alias_doubt, demosaic_spectra
from lenscal.restore.kernel_error import error_power, misplacement_px
from lenscal.restore.mask import mask_rows, reach_px
from lenscal.restore.settings import Method, RestoreSettings
from lenscal.restore.tiles import (
    ArrayPhoto,
    LinearPhoto,
    Tiling,
    noise_variance,
    read_mirrored,
    tile_confidence,
    tile_kernels,
    tiling_for,
)

BAND_PX = 256
"""Rows that are finished at a time."""
LENDING_PX, DARKEST = 9, 1e-4
"""Size of the squares over which a local colour is averaged, and the least value that has a colour."""


def restore(
    photo: LinearPhoto, psf: PsfGrid, settings: RestoreSettings, *, reach: int | None = None
) -> Generator[Report, str | None, np.ndarray]:
    """Undo the blur of `psf` in a photo; reports after each row of tiles, the returned value is the result.

    Parameters
    ----------
    photo : LinearPhoto
        E.g. a `Frame`.
    psf : PsfGrid
        For photos of this size.
    settings : RestoreSettings
    reach : int or None
        How far from clipped pixels the photo stays as it is, px; None: as far as the kernels reach (`reach_px`).

    Returns
    -------
    float32 ndarray [H, W, 3]
        Linear, white-balanced, vignetting-free camera RGB; 1.0 = RAW white with green multiplier 1. Values above
        1 and slightly below 0 are kept. Pixels at and around clipped highlights are left as they were.

    Raises
    ------
    InputError
        The photo does not have the size the PSF grid is for.
    """
    require_size(photo, psf)
    height, width = photo.size
    if settings.method is Method.NONE or settings.amount == 0:
        return photo.rgb_tile(slice(0, height), slice(0, width))
    device = pick_device(settings.device)
    steps: Generator[tuple[float, str], None, np.ndarray]
    if settings.method is Method.DPIR:
        from lenscal.restore.dpir import dpir_photo

        steps = dpir_photo(photo, psf, settings, device)
    else:
        steps = wiener_photo(photo, psf, settings, device)
    while True:
        try:
            fraction, message = next(steps)
        except StopIteration as end:
            out: np.ndarray = end.value
            break
        yield Report("correct", message, fraction=fraction)
    finish(photo, out, reach_px(psf) if reach is None else reach, settings.amount)
    return out


def restore_array(
    rgb: np.ndarray,
    psf: PsfGrid,
    noise: NoiseModel,
    settings: RestoreSettings,
    *,
    white_balance: np.ndarray | None = None,
) -> np.ndarray:
    """`restore` for an array [H, W, 3] float32 with white noise (of `white_balance` times the model; default ones)."""
    balance = np.ones(3, np.float32) if white_balance is None else np.asarray(white_balance, np.float32)
    steps = restore(ArrayPhoto(rgb, noise, balance), psf, settings)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            out: np.ndarray = end.value
            return out


def wiener_photo(
    photo: LinearPhoto, psf: PsfGrid, settings: RestoreSettings, device: torch.device, *, tiling: Tiling | None = None
) -> Generator[tuple[float, str], None, np.ndarray]:
    """The Wiener estimate [H, W, 3], a row of windows at a time (memory: the result and one such row)."""
    tiling = tiling or tiling_for(psf.kernel_size)
    height, width = photo.size
    window = torch.as_tensor(tiling.window(), device=device)
    bins = wiener.radial_bins(tiling.field_px, tiling.window_px, device=device)
    margin = (tiling.reach,) * 4
    colour, alias = demosaic_spectra(tiling.field_px, demosaiced=photo.demosaiced, device=device)
    weight = wiener.noise_weight(settings.denoise)
    out = np.zeros((height, width, 3), np.float32)
    y_starts, x_starts = tiling.starts(height), tiling.starts(width)
    cols = np.array(x_starts) + tiling.window_px // 2
    for number, y in enumerate(y_starts):
        rows = np.full_like(cols, y + tiling.window_px // 2)
        strip = read_mirrored(
            photo, range(y, y + tiling.window_px), range(x_starts[0], x_starts[-1] + tiling.window_px)
        )
        tiles = torch.as_tensor(strip, device=device).unfold(1, tiling.window_px, tiling.stride)
        tiles = tiles.permute(1, 2, 0, 3)
        mean = (tiles * window).sum((-1, -2)) / window.sum()
        level = mean[..., None, None]
        spectrum = torch.fft.rfft2(pad((tiles - level) * window, margin))
        kernels = tile_kernels(psf, rows, cols, device)
        otf = wiener.transfer(kernels, tiling.field_px)
        error = error_power(misplacement_px(kernels, tile_confidence(psf, rows, cols, device)), tiling.field_px)
        doubt = alias_doubt(alias, otf) + error
        variance = noise_variance(photo, mean, rows, cols)
        sensor = variance[..., None, None] * colour
        unit = spectrum / window.square().sum().sqrt()
        signal = wiener.fitted_signal(unit, otf, sensor, doubt, bins)
        correlation = wiener.channel_correlation(unit, otf, signal, sensor, doubt, bins)
        noise = weight * sensor + doubt * signal
        own = wiener.own_estimate(spectrum, otf, signal, noise)
        together = wiener.wiener_estimate(spectrum, otf, signal, noise, correlation, bins)
        size = (tiling.field_px, tiling.field_px)
        lent = torch.fft.irfft2(together - own, s=size) * lending_share(pad(tiles * window, margin), mean)
        restored = torch.fft.irfft2(own, s=size) + lent + level * pad(window, margin)
        add_tiles(out, restored, y - tiling.reach, x_starts[0] - tiling.reach, tiling.stride)
        yield (number + 1) / len(y_starts), "Undoing the blur"
    return out


def lending_share(tiles: Tensor, mean: Tensor) -> Tensor:
    """How much of the detail that a channel gets from the others it may keep, 0..1 [n, 3, F, F].

    One correlation holds for a whole tile: in a red thing among grey ones, red's noise and aliases would be written
    into dark green and blue at the size that suits grey (a grid of pixels). Detail of a surface is in proportion to
    its colour, so a channel keeps as much as it is strong there, against the strongest channel, beside its strength
    in the tile. Parameters: windowed tiles [n, 3, F, F] and their mean values [n, 3].
    """
    reach = LENDING_PX // 2
    local = avg_pool2d(tiles, LENDING_PX, stride=1, padding=reach).clamp(min=DARKEST)
    usual = mean.clamp(min=DARKEST)
    share = local / local.amax(1, keepdim=True)
    return (share / (usual / usual.amax(1, keepdim=True))[..., None, None]).clamp(max=1)


def add_tiles(out: np.ndarray, tiles: Tensor, y: int, x: int, stride: int) -> None:
    """Add a row of tiles [n, 3, F, F], the first at (y, x) and the others `stride` px further each, to [H, W, 3]."""
    n, _, field, _ = tiles.shape
    strip = tiles.new_zeros(3, field, (n - 1) * stride + field)
    for number in range(n):
        strip[..., number * stride : number * stride + field] += tiles[number]
    height, width = out.shape[:2]
    y0, y1, x0, x1 = max(y, 0), min(y + field, height), max(x, 0), min(x + strip.shape[-1], width)
    if y0 < y1 and x0 < x1:
        out[y0:y1, x0:x1] += strip[:, y0 - y : y1 - y, x0 - x : x1 - x].permute(1, 2, 0).cpu().numpy()


def correction_mask(photo: LinearPhoto, psf: PsfGrid, settings: RestoreSettings) -> np.ndarray:
    """How much of the correction each pixel of the photo gets, float32 [H, W], 0 (stays as it is) to 1.

    Raises
    ------
    InputError
        As `restore`.
    """
    require_size(photo, psf)
    height, width = photo.size
    mask = np.zeros((height, width), np.float32)
    if settings.method is Method.NONE or settings.amount == 0:
        return mask
    reach = reach_px(psf)
    for y in range(0, height, BAND_PX):
        rows = range(y, min(y + BAND_PX, height))
        mask[y : rows.stop] = settings.amount * mask_rows(photo, rows, reach, None)[1]
    return mask


def require_size(photo: LinearPhoto, psf: PsfGrid) -> None:
    """Refuse a photo of another size than the grid's."""
    if tuple(psf.image_size) != tuple(photo.size):
        (ph, pw), (h, w) = psf.image_size, photo.size
        raise InputError(f"the PSF grid is for photos of {pw} x {ph} px, this one has {w} x {h}: use its own profile")


def finish(photo: LinearPhoto, out: np.ndarray, reach: int, amount: float) -> None:
    """Blend the correction into the photo, in place: by `amount`, and not at all within `reach` px of clipped ones."""
    height = photo.size[0]
    for y in range(0, height, BAND_PX):
        rows = range(y, min(y + BAND_PX, height))
        original, weight = mask_rows(photo, rows, reach, None)
        block = out[y : rows.stop]
        block += (1 - amount * weight)[..., None] * (original - block)
