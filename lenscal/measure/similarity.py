"""Structural similarity, for pictures that are looked at."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lenscal.measure.registration import Picture

SIGMA_PX = 1.5
"""Of the Gaussian window, as published."""
_RADIUS_PX = 5
"""Where the window ends: 3.5 standard deviations."""
_C1, _C2 = 0.01**2, 0.03**2
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def ssim(image: Picture, reference: Picture) -> float:
    """Mean structural similarity of pictures [H, W, C] or [H, W] in 0..1; of three channels, that
    of their luminance.

    Wang, Bovik, Sheikh, Simoncelli 2004, DOI 10.1109/TIP.2003.819861, with its Gaussian window;
    without the border where the window leaves the picture. scikit-image has it, and the tests
    compare with that; it is no runtime dependency.
    """
    x, y = (_luminance(picture) for picture in (image, reference))
    side = 2 * _RADIUS_PX + 1

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        blurred = np.asarray(cv2.GaussianBlur(values, (side, side), SIGMA_PX), np.float64)
        return blurred[_RADIUS_PX:-_RADIUS_PX, _RADIUS_PX:-_RADIUS_PX]

    mx, my = mean(x), mean(y)
    xx, yy, xy = mean(x * x) - mx * mx, mean(y * y) - my * my, mean(x * y) - mx * my
    similarity = (2 * mx * my + _C1) * (2 * xy + _C2)
    similarity /= (mx * mx + my * my + _C1) * (xx + yy + _C2)
    return float(similarity.mean())


def _luminance(picture: Picture) -> NDArray[np.float64]:
    values = np.asarray(picture, np.float64)
    return values if values.ndim == 2 else values @ LUMINANCE
