"""How much a correction gains with estimated kernels, of what it gains with the true ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from lenscal.measure.registration import registered_psnr
from lenscal.optics.psf_grid import PsfGrid
from lenscal.reports import Report
from lenscal.stepping import Job, follow
from lenscal.translation import translatable

if TYPE_CHECKING:
    from lenscal.raw.frame import Frame
    from lenscal.restore.settings import RestoreSettings

_OTF_SIZE = 64
_NO_PHASE = 1e-9
"""Magnitude of a transfer function below which its phase is noise."""


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
        """Of each grid; 1 is as good as the true kernels."""
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
    # The middle of a kernel becomes element 0, or its phase would be that of a shift.
    padded = np.pad(grid.kernels.astype(np.float64), ((0, 0),) * 3 + ((before, after),) * 2)
    otf = np.fft.fft2(np.fft.ifftshift(padded, axes=(-2, -1)))
    # Of the mean, and not of each channel: the phases between channels are lateral colour.
    mean = otf.mean(axis=2, keepdims=True)
    magnitude = np.abs(mean)
    phase = np.where(magnitude > _NO_PHASE, mean / np.maximum(magnitude, _NO_PHASE), 1)
    # The phase is turned back, the magnitude stays.
    even = np.fft.fftshift(np.fft.ifft2(otf * phase.conj()).real, axes=(-2, -1))
    # Back to the size it had; what lies outside is next to nothing.
    cut = even[..., before : before + size, before : before + size]
    return replace(
        grid,
        kernels=(cut / cut.sum(axis=(-1, -2), keepdims=True)).astype(np.float32),
        confidence=None,
    )


def padded_to(grid: PsfGrid, size: int) -> PsfGrid:
    """The same kernels with a margin of zeros, size x size px."""
    # Sides are odd, so that the margin is the same all around and the middle stays the middle.
    margin = (size - grid.kernel_size) // 2
    return replace(grid, kernels=np.pad(grid.kernels, ((0, 0),) * 3 + ((margin, margin),) * 2))


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
    from lenscal.restore.mask import reach_px
    from lenscal.restore.photo import restore

    # In double precision: squares of small errors are summed over millions of pixels.
    everything = (slice(None), slice(None))
    target = reference.rgb_tile(*everything).astype(np.float64)
    psnr = {"degraded": registered_psnr(degraded.rgb_tile(*everything), target)}
    grids = {"true": truth, **candidates}
    size, reach = max(grid.kernel_size for grid in grids.values()), reach_px(truth)
    for number, (name, grid) in enumerate(grids.items()):
        low, high = number / len(grids), (number + 1) / len(grids)
        message = translatable("Correcting the kept-out photo with: {name}", name=name)
        yield Report("compare", message, low, number)
        # Kernels of one size and one mask for all: only what was learnt may differ.
        work = restore(degraded, padded_to(grid, size), settings, reach=reach)
        corrected, _ = yield from follow(work, low, high, prefix=f"{name}: ")
        psnr[name] = registered_psnr(corrected, target)
    return Gain(psnr.pop("degraded"), psnr.pop("true"), psnr)
