"""Sharp pictures that blurred ones are compared with: how photos' spectra and edges look without
blur."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from lenscal.calibration.uniform.tiles import LUMINANCE, GreyTiles
from lenscal.raw.decode import decode_photo
from lenscal.raw.pictures.kinds import Light
from lenscal.resource_files import resource

PIECE_PX = 128
"""Side of a piece."""
EACH = 4
"""Pieces of a scene, at most."""
_LEAST_CONTRAST = 0.03
"""Standard deviation of a piece's values: sky shows no edges."""
_NOISE = 1e-5
"""Variance of what noise JPEG and halving have left."""


@cache
def sharp_pieces(light: Light) -> GreyTiles:
    """Of the scenes that ship, at half their size, which is sharp; values as `light` says."""
    rng = np.random.default_rng(0)
    pieces, photo = [], []
    for number, path in enumerate(sorted(resource("scenes").glob("*.jpg"))):
        frame = decode_photo(path, light=light)
        rgb = frame.rgb_tile(slice(None), slice(None))
        rows, cols = (n // 2 for n in rgb.shape[:2])
        halves = rgb[: 2 * rows, : 2 * cols].reshape(rows, 2, cols, 2, 3).mean((1, 3))
        grey = halves @ LUMINANCE
        if min(grey.shape) < PIECE_PX:
            continue
        for _ in range(EACH):
            y, x = (int(rng.integers(0, n - PIECE_PX + 1)) for n in grey.shape)
            piece = grey[y : y + PIECE_PX, x : x + PIECE_PX]
            if piece.std() > _LEAST_CONTRAST:
                pieces.append(piece)
                photo.append(number)
    values = torch.from_numpy(np.stack(pieces).astype(np.float32))
    return GreyTiles(values, torch.full((len(values),), _NOISE), np.array(photo))
