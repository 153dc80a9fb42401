"""The kernels that were found for a photo, as a picture."""

from __future__ import annotations

import numpy as np

from lenscal.deblur.blind import FoundKernels
from lenscal.optics.psf_grid import PsfGrid
from lenscal.plots.kernel_png import preview_png

SHEET_PX = 1024


def sheet_png(found: FoundKernels) -> bytes:
    """The kernel that a photo was restored with, at the left, and those that it is the mean of,
    each to its own peak; the best one first."""
    return preview_png(sheet_grid(found), SHEET_PX)


def sheet_grid(found: FoundKernels) -> PsfGrid:
    """All of them in a row, for pictures of kernels."""
    kernels = np.concatenate([found.kernel[None], found.kernels])
    missing = 1 - kernels.shape[-1] % 2
    kernels = np.pad(kernels, ((0, 0), (0, 0), (0, missing), (0, missing)))
    shape = (len(kernels), 3, *kernels.shape[2:])
    row = np.broadcast_to(kernels, shape).astype(np.float32)[None]
    return PsfGrid(row, (1, 1))
