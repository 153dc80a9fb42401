"""A PSF's name for itself: which files and reports are of the same one."""

from __future__ import annotations

import hashlib

import numpy as np

from lenscal.optics.psf_grid import PsfGrid

_LENGTH = 16
"""Hexadecimal digits: enough for all PSFs there will be, and short enough to compare by eye."""


def fingerprint(grid: PsfGrid) -> str:
    """The same for equal kernels, confidence, photo size and reference."""
    digest = hashlib.sha256(repr((grid.image_size, grid.reference.value)).encode())
    for array in (grid.kernels, grid.confidence):
        if array is not None:
            digest.update(np.ascontiguousarray(array, "<f4").tobytes())
    return digest.hexdigest()[:_LENGTH]
