"""The kernels of a grid as one PNG, for reports and for the preview in a profile."""

from __future__ import annotations

import numpy as np

from lenscal.optics.kernel_pictures import kernel_pixels, mosaic_pixels
from lenscal.optics.psf_grid import PsfGrid

# Of the longer side, at most: kernels are enlarged by whole numbers, so that pixels stay square.
PREVIEW_PX = 1024


def preview_png(psf: PsfGrid, most_px: int = PREVIEW_PX) -> bytes:
    """The kernels as the window shows them, each scaled to its own peak; at most so large, where
    they are smaller than that by themselves."""
    import cv2

    mosaic = mosaic_pixels(kernel_pixels(psf.kernels))
    zoom = max(1, most_px // max(mosaic.shape[:2]))
    # OpenCV wants blue first.
    mosaic = np.ascontiguousarray(mosaic.repeat(zoom, axis=0).repeat(zoom, axis=1)[..., ::-1])
    encoded, data = cv2.imencode(".png", mosaic)
    if not encoded:
        raise RuntimeError("OpenCV could not encode the preview")
    return data.tobytes()
