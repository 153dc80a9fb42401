"""What a restoration network reads of a photo."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.raw.frame import NoiseModel

LEVEL_BOX_PX = 5
"""Side of the squares over which the light is averaged that noise levels are worked out for."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where pixel (0, 0) of a photo, or of a part of one, lies in the field of a profile.

    origin : (y, x) in the profile's pixels
    size : (height, width) of the profile's field, px
    """

    origin: tuple[int, int]
    size: tuple[int, int]

    def part(self, y: int, x: int) -> Place:
        """The place of a part whose first pixel is (y, x)."""
        return replace(self, origin=(self.origin[0] + y, self.origin[1] + x))


def root(v: NDArray[np.float32], c: float) -> NDArray[np.float32]:
    """u = sqrt(v + c)."""
    return np.asarray(np.sqrt(np.maximum(v + np.float32(c), 0)))


def network_planes(
    photo: NDArray[np.float32],
    wiener: NDArray[np.float32],
    multiplier: NDArray[np.float32],
    noise: NoiseModel,
    c: float,
    place: Place,
) -> Tensor:
    """Wiener estimate, photo, noise level and position as float32 [1, 11, h, w].

    Parameters
    ----------
    photo, wiener : [h, w, 3], linear
    multiplier : [h, w, 3] or [3]
        White balance times gain.
    noise : NoiseModel
        Of RAW values, before the multiplier.
    c : float
        Offset of u (`lenscal.restore.data_step.offset`).
    """
    light = cv2.blur(photo, (LEVEL_BOX_PX,) * 2, borderType=cv2.BORDER_REFLECT)
    light = np.maximum(light, 0)
    variance = noise.variance(light, multiplier, dtype=np.float32)
    # du/dv = 1 / (2 sqrt(v + c)).
    level = np.sqrt(variance) / (2 * np.sqrt(light + np.float32(c)))
    planes = np.empty((11, *photo.shape[:2]), np.float32)
    for first, values in ((0, root(wiener, c)), (3, root(photo, c)), (6, level)):
        planes[first : first + 3] = np.moveaxis(values, -1, 0)
    rows, cols = (
        # From -1 at one border of the field to 1 at the other.
        2 * (start + np.arange(n, dtype=np.float32)) / max(full - 1, 1) - 1
        for start, n, full in zip(place.origin, photo.shape[:2], place.size, strict=True)
    )
    planes[9], planes[10] = rows[:, None], cols[None, :]
    return torch.from_numpy(planes)[None]
