"""How good is an estimated PSF grid, where the truth is known: kernel figures and the share of the
possible gain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lenscal.optics.psf_grid import PsfGrid
from lenscal.reports import Report
from lenscal.stepping import Job, follow

if TYPE_CHECKING:
    from lenscal.raw.frame import Frame
    from lenscal.restore.settings import RestoreSettings

BORDER_PX = 16
MAX_SHIFT_PX = 8
_OTF_SIZE = 64


@dataclass(frozen=True, slots=True)
class Gain:
    """PSNR (dB, peak 1.0) of a photo before and after correction with several PSF grids, and the
    shares of the gain.

    share = (PSNR with the grid - PSNR degraded) / (PSNR with the true grid - PSNR degraded)
    """

    psnr_degraded: float
    psnr_true: float
    psnr: Mapping[str, float]

    @property
    def share(self) -> dict[str, float]:
        possible = self.psnr_true - self.psnr_degraded
        return {name: (value - self.psnr_degraded) / possible for name, value in self.psnr.items()}


def average_grid(grid: PsfGrid) -> PsfGrid:
    """The mean kernel of each channel, everywhere: what a correction that ignores the field can
    do."""
    mean = grid.kernels.mean(axis=(0, 1), keepdims=True)
    return replace(grid, kernels=np.broadcast_to(mean, grid.kernels.shape).copy(), confidence=None)


def without_common_odd_part(grid: PsfGrid) -> PsfGrid:
    """The grid with the phase that the channels share taken out: what second-order statistics can
    know at best.

    Each channel's OTF is turned back by the phase of the channels' mean OTF; magnitudes and the
    phases between the channels (lateral colour) stay. Kernels may get negative values.
    """
    size = grid.kernel_size
    if size > _OTF_SIZE:
        raise ValueError(f"kernels of {size} px, want at most {_OTF_SIZE}")
    before = _OTF_SIZE // 2 - size // 2
    after = _OTF_SIZE - size - before
    padded = np.pad(grid.kernels.astype(np.float64), ((0, 0),) * 3 + ((before, after),) * 2)
    otf = np.fft.fft2(np.fft.ifftshift(padded, axes=(-2, -1)))
    mean = otf.mean(axis=2, keepdims=True)
    magnitude = np.abs(mean)
    phase = np.where(magnitude > 1e-9, mean / np.maximum(magnitude, 1e-9), 1)
    even = np.fft.fftshift(np.fft.ifft2(otf * phase.conj()).real, axes=(-2, -1))
    cut = even[..., before : before + size, before : before + size]
    return replace(
        grid,
        kernels=(cut / cut.sum(axis=(-1, -2), keepdims=True)).astype(np.float32),
        confidence=None,
    )


def padded_to(grid: PsfGrid, size: int) -> PsfGrid:
    """The same kernels with a margin of zeros, size x size px."""
    margin = (size - grid.kernel_size) // 2
    return replace(grid, kernels=np.pad(grid.kernels, ((0, 0),) * 3 + ((margin, margin),) * 2))


def common_shift(image: np.ndarray, reference: np.ndarray) -> tuple[float, float]:
    """The shift (dy, dx) in px, at most 8, that moves `image` [H, W, C] best onto `reference`, to
    0.005 px.

    Maximises the cross-correlation over all channels: on whole pixels first, then on finer and
    finer grids of the cross-spectrum's Fourier sum.
    """
    cross = sum(
        np.fft.rfft2(reference[..., c] - reference[..., c].mean())
        * np.fft.rfft2(image[..., c] - image[..., c].mean()).conj()
        for c in range(image.shape[-1])
    )
    height, width = image.shape[:2]
    correlation = np.fft.irfft2(cross, s=(height, width))
    near = np.arange(-MAX_SHIFT_PX, MAX_SHIFT_PX + 1)
    window = correlation[np.ix_(near % height, near % width)]
    iy, ix = np.unravel_index(int(window.argmax()), window.shape)
    dy, dx = float(near[iy]), float(near[ix])
    fy, fx = np.fft.fftfreq(height), np.fft.rfftfreq(width)
    twice = np.where((fx == 0) | (fx == 0.5), 1.0, 2.0)
    for step in (0.25, 0.05, 0.01, 0.005):
        offsets = np.arange(-5, 6) * step
        rows = np.exp(2j * np.pi * np.outer(dy + offsets, fy))
        cols = np.exp(2j * np.pi * np.outer(fx, dx + offsets)) * twice[:, None]
        values = (rows @ cross @ cols).real
        iy, ix = np.unravel_index(int(values.argmax()), values.shape)
        dy, dx = dy + float(offsets[iy]), dx + float(offsets[ix])
    return dy, dx


def shifted(image: np.ndarray, shift: tuple[float, float]) -> np.ndarray:
    """`image` [H, W, C] moved by (dy, dx) px with Fourier interpolation (the borders wrap
    around)."""
    height, width = image.shape[:2]
    fy, fx = np.fft.fftfreq(height)[:, None, None], np.fft.rfftfreq(width)[:, None]
    ramp = np.exp(-2j * np.pi * (fy * shift[0] + fx * shift[1]))
    return np.fft.irfft2(np.fft.rfft2(image, axes=(0, 1)) * ramp, s=(height, width), axes=(0, 1))


def registered_psnr(image: np.ndarray, reference: np.ndarray) -> float:
    """PSNR in dB (peak 1.0) of linear images [H, W, 3] after removing their common shift, without a
    16 px border."""
    inner = (slice(BORDER_PX, -BORDER_PX),) * 2
    moved = shifted(image.astype(np.float64), common_shift(image, reference))
    error = float(np.mean((moved[inner] - reference[inner]) ** 2))
    return float(-10 * np.log10(max(error, 1e-20)))


def measure_gain(
    degraded: Frame,
    reference: Frame,
    truth: PsfGrid,
    candidates: Mapping[str, PsfGrid],
    settings: RestoreSettings,
) -> Job[Gain]:
    """Correct `degraded` with the true grid and with every candidate, all with the same settings,
    and compare.

    Parameters
    ----------
    degraded, reference : Frame
        The same scene as the degraded aperture took it, and free of noise with the sharp PSF,
        decoded alike.
    truth : PsfGrid
    candidates : mapping of name to PsfGrid
    settings : RestoreSettings

    What stays as it is near clipped highlights is the same with all of them: what the true kernels
    ask for.
    """
    from lenscal.restore.photo import reach_px, restore

    everything = (slice(None), slice(None))
    target = reference.rgb_tile(*everything).astype(np.float64)
    psnr = {"degraded": registered_psnr(degraded.rgb_tile(*everything), target)}
    grids = {"true": truth, **candidates}
    size, reach = max(grid.kernel_size for grid in grids.values()), reach_px(truth)
    for number, (name, grid) in enumerate(grids.items()):
        low, high = number / len(grids), (number + 1) / len(grids)
        yield Report("compare", f"Correcting the kept-out photo with: {name}", low, number)
        work = restore(degraded, padded_to(grid, size), settings, reach=reach)
        corrected, _ = yield from follow(work, low, high, prefix=f"{name}: ")
        psnr[name] = registered_psnr(corrected, target)
    return Gain(psnr.pop("degraded"), psnr.pop("true"), psnr)
