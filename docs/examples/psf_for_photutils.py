"""A lens's PSF as a model for photometry with photutils: the green kernels at their places.

python psf_for_photutils.py mylens.lenscal
"""

import sys

import numpy as np
from astropy.nddata import NDData
from photutils.psf import GriddedPSFModel

import lenscal


def gridded_model(psf: lenscal.PsfGrid, channel: int = 1) -> GriddedPSFModel:
    """photutils wants places as (x, y) in px, and one kernel for each."""
    height, width = psf.image_size
    places = psf.positions.reshape(-1, 2) * (height - 1, width - 1)
    kernels = psf.kernels[:, :, channel].reshape(-1, psf.kernel_size, psf.kernel_size)
    xy = [(float(x), float(y)) for y, x in places]
    meta = {"grid_xypos": xy, "oversampling": 1}
    return GriddedPSFModel(NDData(kernels.astype(float), meta=meta))


def main(path: str) -> None:
    psf = lenscal.read_psf(path)
    model = gridded_model(psf)
    # A star of 1000 counts, in the middle and near the bottom right corner.
    height, width = psf.image_size
    for x, y in ((width // 2, height // 2), (width - 40, height - 40)):
        rows, cols = np.mgrid[y - 15 : y + 16, x - 15 : x + 16]
        star = model.evaluate(cols, rows, 1000.0, x, y)
        print(f"star at ({x}, {y}): {star.sum():.1f} counts, {star.max():.1f} in its brightest px")


if __name__ == "__main__":
    main(sys.argv[1])
