"""The mean power spectrum of sharp photos, as it ships."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lenscal.raw.pictures.kinds import Light
from lenscal.resource_files import resource


@dataclass(frozen=True, slots=True, eq=False)
class SharpSpectrum:
    """Log power [n, n // 2 + 1] on the frequencies of an rfft2."""

    log_power: NDArray[np.float32]

    def at(self, fy: Tensor, fx: Tensor) -> Tensor:
        """Power at frequencies in cycles/px, broadcast; bilinear in its logarithm."""
        n = self.log_power.shape[0]
        table = torch.from_numpy(self.log_power)
        fy, fx = torch.broadcast_tensors(fy, fx)
        # The other half is the mirror image.
        fy, fx = torch.where(fx < 0, -fy, fy), fx.abs()
        y, x = fy * n, fx * n
        y0, x0 = y.floor(), x.floor()
        dy, dx = y - y0, x - x0
        last = table.shape[1] - 1

        def value(row: Tensor, col: Tensor) -> Tensor:
            return table[row.long() % n, col.long().clamp(max=last)]

        above = value(y0, x0) * (1 - dx) + value(y0, x0 + 1) * dx
        below = value(y0 + 1, x0) * (1 - dx) + value(y0 + 1, x0 + 1) * dx
        power: Tensor = (above * (1 - dy) + below * dy).exp()
        return power


def sharp_spectrum(light: Light | None) -> SharpSpectrum:
    """The one that ships, of stored values or of light; None: of RAW photos."""
    name = "stored" if light is Light.STORED else "linear"
    path = resource("spectra", "sharp_photos.npz")
    with np.load(path, allow_pickle=False) as arrays:
        return SharpSpectrum(arrays[name].astype(np.float32))
