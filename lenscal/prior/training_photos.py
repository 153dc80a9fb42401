"""What the denoiser prior is trained on: patches of photos, and levels of noise."""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.errors import InputError
from lenscal.prior.evaluate_prior import PHOTOS
from lenscal.prior.training_settings import TrainSettings
from lenscal.translation import translatable

log = logging.getLogger("lenscal.train_prior")


def load_photos(folder: Path) -> list[NDArray[np.uint8]]:
    """Every photo of a folder as uint8 [H, W, 3] RGB, in the order of their names.

    Raises
    ------
    InputError
        No photo can be read.
    """
    photos = []
    for file in sorted(p for p in folder.iterdir() if p.suffix.lower() in PHOTOS):
        # One bad file shall not end a training of hours.
        image = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if image is None:
            log.warning("%s: not readable, left out", file.name)
            continue
        # OpenCV reads BGR.
        photos.append(np.ascontiguousarray(image[..., ::-1], np.uint8))
    if not photos:
        raise InputError(
            translatable("{folder}: no photo (JPEG, PNG or TIFF) that can be read", folder=folder)
        )
    return photos


@dataclass(frozen=True, slots=True, eq=False)
class _Pool:
    """Photos of one size of detail, and how often patches are cut from them.

    Attributes
    ----------
    photos : list of uint8 ndarray [H, W, 3]
    odds : float64 [n]
        Of each photo: its share of the pool's area.
    share : float
        Of all patches.
    """

    photos: list[NDArray[np.uint8]]
    odds: NDArray[np.float64]
    share: float


class Patches:
    """Clean patches from photos, drawn by area, flipped and turned.

    Raises
    ------
    InputError
        No photo is large enough for a patch.
    """

    def __init__(self, photos: list[NDArray[np.uint8]], settings: TrainSettings) -> None:
        size = settings.patch_px
        self._size = size
        self._pools: list[_Pool] = []
        share = settings.full_size_share
        # Halves hide the camera's own demosaicing and sharpening, too.
        halves = [_half_size(photo) for photo in photos]
        for pool, pool_share in ((photos, share), (halves, 1 - share)):
            large = [p for p in pool if min(p.shape[:2]) >= size]
            if large and pool_share > 0:
                area = np.array([p.shape[0] * p.shape[1] for p in large], np.float64)
                self._pools.append(_Pool(large, area / area.sum(), pool_share))
        if not self._pools:
            raise InputError(
                translatable(
                    "no photo is at least {size} px wide and high: give larger photos", size=size
                )
            )

    def draw(self, n: int, rng: np.random.Generator) -> Tensor:
        """n patches [n, 3, s, s] float32 in 0..1."""
        size, shares = self._size, np.array([pool.share for pool in self._pools])
        out = np.empty((n, size, size, 3), np.uint8)
        for i in range(n):
            pool = self._pools[rng.choice(len(shares), p=shares / shares.sum())]
            photo = pool.photos[rng.choice(len(pool.photos), p=pool.odds)]
            y, x = (int(rng.integers(0, photo.shape[axis] - size + 1)) for axis in (0, 1))
            # Eight ways to look at a photo: turned and flipped.
            patch = np.rot90(photo[y : y + size, x : x + size], int(rng.integers(4)))
            out[i] = patch[:, ::-1] if rng.integers(2) else patch
        return torch.from_numpy(out).permute(0, 3, 1, 2).float() / 255


def _half_size(photo: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The photo at half its size: finer detail, free of JPEG's blocks."""
    size = photo.shape[1] // 2, photo.shape[0] // 2
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)


def draw_sigma(n: int, size: int, settings: TrainSettings, rng: np.random.Generator) -> Tensor:
    """Noise levels [n, 1, s, s] in 0..sigma_max, one for each patch, some changing smoothly over
    the patch."""
    # The inverse of the distribution whose density is 1 / (sigma + knee).
    knee, span = settings.sigma_knee, math.log1p(settings.sigma_max / settings.sigma_knee)

    def levels(*shape: int) -> NDArray[np.float32]:
        return (knee * np.expm1(span * rng.random(shape))).astype(np.float32)

    # Both are drawn for every patch: which one counts does not shift the random numbers.
    level, corners = levels(n, 1, 1, 1), levels(n, 1, 2, 2)
    varies = rng.random((n, 1, 1, 1)) < settings.map_share
    coarse = torch.from_numpy(np.where(varies, corners, np.broadcast_to(level, corners.shape)))
    return torch.nn.functional.interpolate(
        coarse, (size, size), mode="bilinear", align_corners=True
    )
