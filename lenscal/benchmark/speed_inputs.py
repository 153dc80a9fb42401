"""Photos and kernels to measure speed on: made up, since no figure depends on what they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lenscal.optics.psf_grid import PsfGrid
from lenscal.raw.frame import NoiseModel
from lenscal.restore.tiles import ArrayPhoto

_NOISE = NoiseModel((2e-4,) * 3, (1e-6,) * 3, "NoiseProfile")
_SIGMA_PX = 1.4
_CAMERA = {
    "make": "Canon",
    "model": "Canon EOS 6D",
    "lens": "EF50mm f/1.8 STM",
    "focal_mm": 50.0,
    "f_number": 1.8,
}
"""One whose vignetting lensfun knows: undoing it is part of an import."""


def pink_photo(size: tuple[int, int]) -> ArrayPhoto:
    """A grey photo of pink noise, (height, width) px: a scene's spectrum without a file."""
    from lenscal.virtual.scenes import pink_noise

    # Noise of the right size is cut out of a square one, the only shape there is.
    noise = pink_noise(max(size), np.random.default_rng(0))[: size[0], : size[1]]
    # Neither black nor clipped: masks would leave parts out, and so save time.
    rgb = np.clip(0.3 + 0.1 * noise, 0.01, 0.9)[..., None] * np.ones(3, np.float32)
    return ArrayPhoto(rgb.astype(np.float32), _NOISE, np.ones(3, np.float32), demosaiced=True)


def gaussian_psf(size: tuple[int, int]) -> PsfGrid:
    """8 x 8 nodes with one Gaussian, for photos of (height, width) px: speed does not ask
    which kernels they are."""
    u = np.arange(13) - 6
    blur = np.exp(-(u[:, None] ** 2 + u**2) / 2 / _SIGMA_PX**2)
    kernels = np.broadcast_to(blur / blur.sum(), (8, 8, 3, 13, 13))
    return PsfGrid(kernels.astype(np.float32), size)


def write_raw_photo(path: Path, size: tuple[int, int]) -> Path:
    """A RAW photo of a pattern with noise; repeated blocks, since what is on it costs nothing."""
    from lenscal.files.photos.dng import DngInfo, write_raw_dng
    from lenscal.virtual.camera import VirtualCamera, exposed

    camera = VirtualCamera()
    block = exposed(pink_photo((512, 512)).rgb[..., 1], camera, 200, np.random.default_rng(0))
    repeats = (-(-size[0] // 512), -(-size[1] // 512))
    info = DngInfo(
        cfa=camera.cfa,
        black=camera.black,
        white=camera.white,
        iso=200,
        exposure_s=1 / 500,
        date_time="2026:05:01 12:00:00",
        noise_profile=[camera.noise(200)] * 3,
        colour_matrix=camera.colour_matrix,
        as_shot_neutral=camera.as_shot_neutral,
        **_CAMERA,  # type: ignore[arg-type]
    )
    mosaic = np.ascontiguousarray(np.tile(block, repeats)[: size[0], : size[1]])
    write_raw_dng(path, mosaic, info)
    return path
