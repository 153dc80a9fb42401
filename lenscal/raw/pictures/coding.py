"""How a picture was stored, so that a corrected one can be stored alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lenscal.raw.pictures.curve import Curve
from lenscal.raw.pictures.kinds import PictureKind


@dataclass(frozen=True, slots=True, eq=False)
class PictureCoding:
    """How light becomes the values of a file.

    Attributes
    ----------
    kind : PictureKind
    is_grey : whether there is one value a pixel instead of three
    dtype : of the values
    full : the value that stands for 1.0
    curve : what light goes through before it; None: nothing
    icc : the ICC profile that says so; empty where there is none
    gamma, pixels_per_m, rounding : see `PictureHeader`
    """

    kind: PictureKind
    is_grey: bool
    dtype: np.dtype[Any]
    full: float
    curve: Curve | None
    icc: bytes
    gamma: float | None = None
    pixels_per_m: tuple[float, float] | None = None
    rounding: float = 0.0

    @property
    def bits(self) -> int:
        """Of a value."""
        return 8 * self.dtype.itemsize

    def encode(self, rgb: NDArray[np.floating]) -> NDArray[Any]:
        """Light [h, w, 3] as the file's values: [h, w, 3], of a grey picture [h, w].

        Whole numbers are clipped to what the file can hold, and rounded.
        """
        channels = (1,) if self.is_grey else (0, 1, 2)
        is_float = self.dtype.kind == "f"
        stored = np.empty((*rgb.shape[:2], len(channels)), self.dtype)
        for n, channel in enumerate(channels):
            light = rgb[..., channel]
            value = light if self.curve is None else self.curve.encode(light, channel)
            # Single precision holds all values of 16 bits.
            value = np.asarray(value, np.float32) * np.float32(self.full)
            stored[..., n] = value if is_float else self._rounded(value)
        return stored[..., 0] if self.is_grey else stored

    def _rounded(self, value: NDArray[np.float32]) -> NDArray[np.floating]:
        # Of 32 bits the largest is no number of single precision.
        wide = value if self.full < 2**24 else value.astype(np.float64)
        return np.asarray(np.clip(wide + wide.dtype.type(0.5), 0, self.full))
